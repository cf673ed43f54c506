//! What the commands take.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

use super::exit::Exit;
use crate::settings::{Overrides, Sources};
use crate::telemetry::Format as LogFormat;

/// Names the configuration where no flag does.
const CONFIG_VARIABLE: &str = "ECS_REFRESH_CONFIG";

/// A simulated fleet is held in memory, about 2 KB for each task.
const CLUSTERS_MAX: i64 = 1_000;
const SERVICES_MAX: i64 = 20_000;
/// Amazon ECS service quotas, "Tasks per service".
const TASKS_PER_SERVICE_MAX: i64 = 5_000;

/// Keeps the tasks of Amazon ECS services on Fargate fresh, and proves that it did.
#[derive(Debug, Parser)]
#[command(name = "ecs-refresh", version, max_term_width = 100)]
pub struct Args {
    /// How to log: text on a terminal and JSON lines elsewhere, unless said otherwise.
    #[arg(long, global = true, default_value = "auto", value_name = "auto|json|text")]
    pub log_format: LogFormat,

    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon: refresh what the policies say, for ever.
    Run(RunArgs),
    /// Look once and print what would be done about every service, and why not. Changes nothing.
    Plan(ViewArgs),
    /// Look once and print every retirement notice that is known, how it stands for each service, and
    /// what shows that. Changes nothing.
    Retirements(ViewArgs),
    /// Validate the configuration without any network, and print each policy's next windows.
    Check(ConfigArgs),
    /// Refresh one service now, and say whether it is proven. Exits 0 only when it is.
    Refresh(RefreshArgs),
    /// Watch the daemon at work on a simulated fleet: no AWS account, no network, no configuration.
    Demo(DemoArgs),
    /// Run the simulated AWS alone, for the AWS CLI or any SDK.
    Simulator(SimulatorArgs),
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// A TOML file or a directory of them; ECS_REFRESH_CONFIG names it too.
    #[arg(long, short, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Do everything but the mutating calls, and write no ledger.
    #[arg(long)]
    pub dry_run: bool,
    /// Where to serve /metrics and /healthz, instead of what the configuration says.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}

/// What is printed, and about what.
#[derive(Debug, clap::Args)]
pub struct ViewArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

#[derive(Debug, clap::Args)]
pub struct RefreshArgs {
    /// The service, as CLUSTER/SERVICE.
    #[arg(value_name = "CLUSTER/SERVICE")]
    pub service: String,
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Refresh even while a freeze of its policy is in force.
    #[arg(long)]
    pub despite_freeze: bool,
}

#[derive(Debug, clap::Args)]
pub struct DemoArgs {
    /// Where to serve /metrics and /healthz, instead of 127.0.0.1:8080 or, if taken, a free port.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// End by itself after this time, such as 3m; otherwise with Ctrl-C.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Print the demo's configuration, and do nothing else.
    #[arg(long)]
    pub print_config: bool,
}

#[derive(Debug, clap::Args)]
pub struct SimulatorArgs {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// How long every answer takes.
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub latency: humantime::Duration,
    /// Apply the limits that Amazon ECS sets on API calls.
    #[arg(long)]
    pub throttling: bool,
}

/// What is there from the beginning.
#[derive(Debug, clap::Args)]
pub struct FleetArgs {
    /// Clusters: prd-1, prd-2 and so on. One where there are services, unless said otherwise.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=CLUSTERS_MAX))]
    pub clusters: Option<u32>,
    /// Settled Fargate services, evenly spread over the clusters: svc-0001, svc-0002 and so on.
    #[arg(long, value_name = "N", default_value_t = 0,
          value_parser = clap::value_parser!(u32).range(..=SERVICES_MAX))]
    pub services: u32,
    /// Running tasks of each service.
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u32).range(..=TASKS_PER_SERVICE_MAX))]
    pub tasks_per_service: u32,
    /// How old the tasks are.
    #[arg(long, value_name = "DURATION", default_value = "1d")]
    pub task_age: humantime::Duration,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: stable.
    Json,
}

impl ConfigArgs {
    /// The configuration's path by flag or environment.
    fn path(&self) -> Option<PathBuf> {
        let named = || std::env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty());
        self.config.clone().or_else(|| named().map(PathBuf::from))
    }

    /// The sources of a command that needs a configuration.
    ///
    /// # Errors
    /// When none is named.
    pub fn sources(&self) -> Result<Sources, Exit> {
        let sources = self.optional_sources();
        if sources.path.is_none() {
            return Err(Exit::cannot(format!(
                "no configuration: say --config PATH or set {CONFIG_VARIABLE}; \
                 config/default.toml shows every key"
            )));
        }
        Ok(Sources { policies_optional: false, ..sources })
    }

    /// The sources of a command that can do without.
    pub fn optional_sources(&self) -> Sources {
        let path = self.path();
        // Names that are not Unicode cannot be ours.
        let environment = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let policies_optional = path.is_none();
        Sources { path, environment, flags: Overrides::default(), policies_optional }
    }
}

impl RunArgs {
    /// The sources of the daemon: its flags win over everything.
    ///
    /// # Errors
    /// When no configuration is named.
    pub fn sources(&self) -> Result<Sources, Exit> {
        let mut sources = self.config.sources()?;
        sources.flags.dry_run = self.dry_run.then_some(true);
        sources.flags.listen = self.listen;
        Ok(sources)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retirements_is_asked_for_as_a_plan_is() {
        let parse = |line: &str| Args::try_parse_from(line.split(' ')).map(|args| args.command);
        for command in ["plan", "retirements"] {
            for (rest, format) in [
                ("--config a.toml", Format::Text),
                ("-c a.toml --format text", Format::Text),
                ("--format json --config a.toml", Format::Json),
            ] {
                let parsed = parse(&format!("ecs-refresh {command} {rest}")).unwrap();
                let (Command::Plan(args) | Command::Retirements(args)) = parsed else {
                    panic!("{command} is something else");
                };
                assert_eq!(args.format, format, "{command} {rest}");
                assert_eq!(args.config.config, Some(PathBuf::from("a.toml")));
            }
            assert!(parse(&format!("ecs-refresh {command} --format yaml")).is_err());
        }
    }
}
