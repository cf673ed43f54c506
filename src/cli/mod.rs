//! The commands: one file for each. Here is only the wiring.

mod announcing;
mod args;
pub mod check;
mod columns;
mod connection;
mod demo;
mod exit;
mod healthcheck;
mod history;
mod iam_policy;
mod look;
mod own;
mod plain_http;
mod plan;
mod preflight;
mod refresh;
mod retirements;
mod run;
mod simulator;
mod store;
mod survey;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use self::args::{Args, Command, StoreCommand};
use self::exit::Exit;
use crate::clock::Clock;
use crate::telemetry;

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    // clap prints its own message; it exits with 2 for a wrong usage and 0 for help.
    let args = Args::parse();
    let clock = Clock::system();
    let exit = match init_logging(&args, &clock) {
        Ok(()) => runtime(dispatch(args.command, clock)),
        Err(error) => Exit::cannot(error),
    };
    exit.report()
}

/// What the commands for people log: they say themselves, once, what the reconciler found.
const QUIET: &str = "warn,ecs_refresh::reconciler=off";

/// The demo is for reading, unless told otherwise.
fn init_logging(args: &Args, clock: &Clock) -> Result<(), telemetry::TelemetryError> {
    let quiet = matches!(
        args.command,
        Command::Plan(_)
            | Command::Preflight(_)
            | Command::Retirements(_)
            | Command::History(_)
            | Command::Refresh(_)
            | Command::Store(_)
    );
    let filter = std::env::var(telemetry::FILTER_VARIABLE).ok();
    let filter = filter.or_else(|| quiet.then(|| QUIET.to_owned()));
    match (&args.command, args.log_format) {
        (Command::Demo(_), telemetry::Format::Auto) => {
            let terminal = std::io::stdout().is_terminal();
            telemetry::init_brief(filter.as_deref(), clock, terminal, || demo::Page)
        }
        _ => telemetry::init(args.log_format, filter.as_deref(), clock),
    }
}

/// One thread runs everything, as in the tests.
fn runtime(command: impl Future<Output = Exit>) -> Exit {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let exit = runtime.block_on(command);
            // Whatever still runs is not waited for.
            runtime.shutdown_background();
            exit
        }
        Err(error) => Exit::cannot(format!("the runtime could not be started: {error}")),
    }
}

async fn dispatch(command: Command, clock: Clock) -> Exit {
    match command {
        Command::Run(args) => run::run(args, clock).await,
        Command::Plan(args) => plan::plan(args, clock).await,
        Command::Preflight(args) => preflight::preflight(args, clock).await,
        Command::Retirements(args) => retirements::retirements(args, clock).await,
        Command::History(args) => history::history(args, clock).await,
        Command::Check(args) => check_command(&args, &clock),
        Command::Refresh(args) => refresh::refresh(args, clock).await,
        Command::Store(StoreCommand::Export(args)) => store::export(args, clock).await,
        Command::Store(StoreCommand::Import(args)) => store::import(args, clock).await,
        Command::Demo(args) => demo::demo(args, clock).await,
        Command::Simulator(args) => simulator::simulator(args, clock).await,
        Command::IamPolicy(args) => iam_policy::iam_policy(&args),
        Command::Healthcheck(args) => healthcheck::healthcheck(args).await,
        Command::Completions { shell } => {
            let mut command = Args::command();
            clap_complete::generate(shell, &mut command, "ecs-refresh", &mut std::io::stdout());
            Exit::Fine
        }
    }
}

fn check_command(args: &args::ConfigArgs, clock: &Clock) -> Exit {
    let sources = match args.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    match check::check(&sources, clock.now(), &mut std::io::stdout()) {
        Ok(true) => Exit::Fine,
        Ok(false) => Exit::No(None),
        Err(error) => Exit::cannot(format!("standard output could not be written: {error}")),
    }
}
