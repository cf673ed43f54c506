//! Held against implementations that are not ours: moto as Amazon ECS, ECR, SQS, EventBridge and
//! DynamoDB, dynalite as DynamoDB, the AWS CLI and botocore as clients of moto and of the simulated AWS,
//! promtool as a reader of the metrics, and an operating system that sends signals.
//!
//! Everything runs as processes over TCP and in real time. moto and the AWS CLI come from the
//! index of Python packages, once for each text of `requirements.txt`; dynalite comes from npm's
//! registry, once for each text of `package-lock.json`. Without `python3`, node and npm, or promtool,
//! the cases that need it are shown as ignored; with `CI=true` they fail.

mod aws_cli;
mod commands;
#[path = "../contract/mod.rs"]
mod contract;
mod daemon;
mod dynamodb;
mod harness;
mod ledger;
mod moto;
mod preflight;
mod replicas;
mod retirements;

use std::process::ExitCode;
use std::sync::Arc;

use harness::World;
use harness::node::Node;
use harness::promtool;
use harness::python::Python;
use libtest_mimic::{Arguments, Trial};

/// Most cases wait most of the time.
const THREADS: usize = 6;

/// One case; its name is a sentence.
pub struct Case {
    name: &'static str,
    needs: Needs,
    run: fn(&World),
}

/// What a machine must have for a case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    Python,
    Node,
    Promtool,
}

/// The cases of a module, by what they need.
#[macro_export]
macro_rules! cases {
    ($($needs:ident: [$($case:ident),* $(,)?]),* $(,)?) => {
        pub const CASES: &[$crate::Case] = &[$($($crate::Case {
            name: concat!(module_path!(), "::", stringify!($case)),
            needs: $crate::Needs::$needs,
            run: $case,
        },)*)*];
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let world = Arc::new(World::default());
    let must_run = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    let lacking = [
        (Needs::Python, !Python::is_there()),
        (Needs::Node, !Node::is_there()),
        (Needs::Promtool, promtool::path().is_none()),
    ];
    let trial = |case: &Case| {
        let (world, run) = (Arc::clone(&world), case.run);
        let name = case.name.trim_start_matches("independent::");
        let ignored = lacking.contains(&(case.needs, true)) && !must_run;
        Trial::test(name, move || {
            run(&world);
            Ok(())
        })
        .with_ignored_flag(ignored)
    };
    // Those that wait longest begin first.
    let modules = [
        replicas::CASES,
        moto::CASES,
        dynamodb::CASES,
        retirements::CASES,
        ledger::CASES,
        daemon::CASES,
        commands::CASES,
        preflight::CASES,
        aws_cli::CASES,
    ];
    let trials = modules.into_iter().flatten().map(trial).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Ends moto.
    drop(world);
    conclusion.exit_code()
}
