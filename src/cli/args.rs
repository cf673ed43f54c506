//! What the commands take.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::{Parser, Subcommand, ValueEnum};

use super::exit::Exit;
use super::iam_policy;
use crate::clock::Time;
use crate::iam::Tag;
use crate::metrics::Label;
use crate::plan::key::ServiceKey;
use crate::plan::preflight::Name;
use crate::settings::{Overrides, RawFiles, Sources};
use crate::telemetry::Format as LogFormat;

/// Names the configuration where no flag does.
const CONFIG_VARIABLE: &str = "ECS_REFRESH_CONFIG";

/// Holds the whole configuration as text, for a container without files.
const CONFIG_TEXT_VARIABLE: &str = "ECS_REFRESH_CONFIG_TOML";

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
    /// Look once and print what would break if the services that are due within 7 days were refreshed.
    /// Changes nothing; exits 1 when one would be held.
    Preflight(PreflightArgs),
    /// Look once and print every retirement notice that is known, how it stands for each service, and
    /// what shows that. Changes nothing.
    Retirements(ViewArgs),
    /// Print the refreshes that have ended, the newest first, and what shows what became of them. Asks
    /// the ledger alone, and changes nothing.
    History(HistoryArgs),
    /// Validate the configuration without any network, and print each policy's next windows.
    Check(ConfigArgs),
    /// Refresh one service now, and say whether it is proven. Exits 0 only when it is.
    Refresh(RefreshArgs),
    /// Move a ledger from one kind of store to another.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Watch the daemon at work on a simulated fleet: no AWS account, no network, no configuration.
    Demo(DemoArgs),
    /// Run the simulated AWS alone, for the AWS CLI or any SDK.
    Simulator(SimulatorArgs),
    /// Print the IAM policy that the configuration needs. Touches no network.
    IamPolicy(IamPolicyArgs),
    /// Ask a daemon on this host whether it is alive. Exits 0 when it is, else 1.
    Healthcheck(HealthcheckArgs),
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
}

/// Where the configuration is.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// A TOML file or a directory of them; ECS_REFRESH_CONFIG names it too, and
    /// ECS_REFRESH_CONFIG_TOML holds the text itself.
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
pub struct PreflightArgs {
    /// This service only, as CLUSTER/SERVICE, whether it is due or not.
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = ServiceName::parse)]
    pub service: Option<ServiceName>,
    #[command(flatten)]
    pub view: ViewArgs,
}

#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// Of this service only, as CLUSTER/SERVICE, and with more of each refresh.
    #[arg(value_name = "CLUSTER/SERVICE", value_parser = ServiceName::parse)]
    pub service: Option<ServiceName>,
    #[command(flatten)]
    pub view: ViewArgs,
    /// What ended in this time, such as 7d, or since a moment, such as 2026-11-22T00:00:00Z.
    #[arg(long, value_name = "DURATION|TIME", value_parser = Since::parse)]
    pub since: Option<Since>,
}

/// A service as people name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceName {
    pub cluster: String,
    pub service: String,
}

impl ServiceName {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            Some((cluster, service))
                if !cluster.is_empty() && !service.is_empty() && !service.contains('/') =>
            {
                Ok(Self { cluster: cluster.to_owned(), service: service.to_owned() })
            }
            _ => Err("say CLUSTER/SERVICE, such as prd/api".to_owned()),
        }
    }

    /// Whether `key` is a service of that name, in whatever Region and account.
    pub fn is(&self, key: &ServiceKey) -> bool {
        key.cluster().name() == self.cluster && key.name() == self.service
    }
}

#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Print everything that the store keeps, as JSON lines. Changes nothing.
    Export(ConfigArgs),
    /// Put an export into a store that is empty: all of it, or nothing if anything is wrong with it.
    Import(ImportArgs),
}

#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// What `store export` printed.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub config: ConfigArgs,
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    Ago(Duration),
    At(Time),
}

impl Since {
    fn parse(text: &str) -> Result<Self, String> {
        if let Ok(ago) = humantime::parse_duration(text) {
            return Ok(Self::Ago(ago));
        }
        let at = chrono::DateTime::parse_from_rfc3339(text).map_err(
            |_| "say a duration, such as 7d, or a time with its zone, such as 2026-11-22T00:00:00Z",
        )?;
        Ok(Self::At(at.to_utc()))
    }

    /// The moment, seen from `now`.
    pub fn time(self, now: Time) -> Time {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => TimeDelta::from_std(ago)
                .ok()
                .and_then(|ago| now.checked_sub_signed(ago))
                .unwrap_or(Time::MIN_UTC),
        }
    }
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
    /// Refresh even if this check would hold it, such as `image-drift`; may be repeated.
    #[arg(long, value_name = "CHECK", value_parser = check_name)]
    pub despite_preflight: Vec<Name>,
}

fn check_name(text: &str) -> Result<Name, String> {
    Name::ALL.iter().copied().find(|name| name.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Name::ALL.iter().map(|name| name.name()).collect();
        format!("no such check; known: {}", names.join(", "))
    })
}

#[derive(Debug, clap::Args)]
pub struct IamPolicyArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The policy itself, or a table of what is allowed and why.
    #[arg(long, value_enum, default_value_t = Format::Json)]
    pub format: Format,
    /// Allow to refresh services with this tag only.
    #[arg(long, value_name = "KEY=VALUE", value_parser = iam_policy::tag)]
    pub tag: Option<Tag>,
    /// The account of the services; without it, any.
    #[arg(long, value_name = "ID", value_parser = iam_policy::account)]
    pub account: Option<String>,
    /// Their Region, instead of what the configuration says; without both, any.
    #[arg(long, value_name = "REGION", value_parser = iam_policy::part_of_arn)]
    pub region: Option<String>,
    /// Their partition, such as aws-cn, instead of the Region's.
    #[arg(long, value_name = "PARTITION", value_parser = iam_policy::part_of_arn)]
    pub partition: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct HealthcheckArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    /// What to ask; otherwise /healthz where the configuration says that the daemon listens.
    #[arg(long, value_name = "URL")]
    pub url: Option<http::Uri>,
    /// How long to wait for the answer.
    #[arg(long, value_name = "DURATION", default_value = "3s")]
    pub timeout: humantime::Duration,
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
    /// One more service, svc-blue-green in prd-1, that AWS CodeDeploy deploys: application shop,
    /// deployment group svc-blue-green.
    #[arg(long)]
    pub code_deploy: bool,
    /// One more service, svc-no-image in prd-1, whose image was deleted from its repository.
    #[arg(long)]
    pub image_gone: bool,
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
    /// When none is named, or more than one.
    pub fn sources(&self) -> Result<Sources, Exit> {
        let sources = self.optional_sources()?;
        if sources.path.is_none() && sources.inline.is_none() {
            return Err(Exit::cannot(format!(
                "no configuration: say --config PATH, or set {CONFIG_VARIABLE} to a path or \
                 {CONFIG_TEXT_VARIABLE} to the text; config/default.toml shows every key"
            )));
        }
        Ok(Sources { policies_optional: false, ..sources })
    }

    /// The sources of a command that can do without.
    ///
    /// # Errors
    /// When more than one configuration is named.
    pub fn optional_sources(&self) -> Result<Sources, Exit> {
        let path = self.path();
        let text = std::env::var_os(CONFIG_TEXT_VARIABLE).filter(|text| !text.is_empty());
        if let (Some(path), Some(_)) = (&path, &text) {
            return Err(Exit::cannot(format!(
                "two configurations: {} is named and {CONFIG_TEXT_VARIABLE} is set; leave out one of \
                 them",
                path.display()
            )));
        }
        let inline = text.map(|text| {
            let text = text.into_string();
            let text = text.map_err(|_| Exit::no(format!("{CONFIG_TEXT_VARIABLE}: not UTF-8")))?;
            RawFiles::text(CONFIG_TEXT_VARIABLE, text).map_err(Exit::no)
        });
        // Names that are not Unicode cannot be ours.
        let environment = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let (policies_optional, inline) = (path.is_none(), inline.transpose()?);
        Ok(Sources { path, inline, environment, flags: Overrides::default(), policies_optional })
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
    use crate::plan::key::ClusterKey;

    #[test]
    fn history_is_asked_for_by_service_and_time() {
        let parse = |rest: &str| {
            let parsed = Args::try_parse_from(format!("ecs-refresh history {rest}").split(' '));
            parsed.map(|args| match args.command {
                Command::History(args) => (args.service, args.since),
                _ => panic!("it is something else"),
            })
        };
        let (service, since) = parse("prd/api --since 7d -c a.toml").unwrap();
        let cluster = ClusterKey::new("eu-west-1", "123456789012", "prd");
        let service = service.unwrap();
        assert!(service.is(&ServiceKey::new(&cluster, "api")));
        assert!(!service.is(&ServiceKey::new(&cluster, "ap")));
        let now: Time = "2026-11-22T08:00:00Z".parse().unwrap();
        assert_eq!(since.unwrap().time(now), "2026-11-15T08:00:00Z".parse::<Time>().unwrap());
        let (_, since) = parse("--since 2026-11-22T09:30:00+09:00 -c a.toml").unwrap();
        assert_eq!(since.unwrap().time(now), "2026-11-22T00:30:00Z".parse::<Time>().unwrap());
        assert_eq!(Since::Ago(Duration::MAX).time(now), Time::MIN_UTC);
        assert_eq!(parse("-c a.toml").unwrap(), (None, None));
        for wrong in
            ["api", "prd/", "/api", "a/prd/api", "--since yesterday", "--since 2026-11-22T00:00:00"]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

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
