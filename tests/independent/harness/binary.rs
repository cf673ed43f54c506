//! The built `ecs-refresh`: its commands, its configuration and its daemon.

use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use ecs_refresh::plan::notice::NoticePage;
use ecs_refresh::store::{FileStore, Store};
use serde_json::Value;
use tempfile::TempDir;

use super::aws::{CREDENTIALS, REGION};
use super::http::{self, Answer};
use super::process::{Ended, Process};
use super::wait::eventually;

/// A command that looks once at a fleet on this machine ends within this.
const COMMAND_SECONDS: u64 = 60;

/// One place with its configuration and ledger, and the AWS that it is about.
pub struct Place {
    directory: TempDir,
    endpoint: Option<SocketAddr>,
}

impl Place {
    /// A place whose AWS is at `endpoint`.
    pub fn at(endpoint: SocketAddr) -> Self {
        Self { endpoint: Some(endpoint), ..Self::without_aws() }
    }

    /// A place with no AWS to be reached, and no credentials.
    pub fn without_aws() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory, endpoint: None }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the configuration file: a daemon on any free port, with its ledger here. `daemon` are
    /// more lines of its section, and whole sections after them.
    pub fn configure(&self, daemon: &str) -> PathBuf {
        let ledger = self.path("ledger.redb").display().to_string();
        self.configure_store(&format!("path = {ledger:?}"), daemon)
    }

    /// The same with its ledger where the keys in `store` say.
    pub fn configure_store(&self, store: &str, daemon: &str) -> PathBuf {
        let text = format!("[store]\n{store}\n[daemon]\nlisten = \"127.0.0.1:0\"\n{daemon}\n");
        self.write("ecs-refresh.toml", &text)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        // As a deployment tool swaps it: nobody reads half of it.
        let new = self.path("unfinished");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &path)).expect("it can be written");
        path
    }

    /// Puts a notice into the ledger, as a daemon that has ended would have.
    pub fn remember(&self, page: &NoticePage) {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime can be built").block_on(async {
            let store = FileStore::open(&self.path("ledger.redb")).await.expect("a new ledger");
            store.save_page(page).await.expect("it can be written");
        });
    }

    /// A command with nothing in its environment but what is said here.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecs-refresh"));
        command.args(arguments).current_dir(self.directory.path());
        command.env_clear().env("HOME", self.directory.path());
        command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", REGION);
        if let Some(endpoint) = self.endpoint {
            command.envs(CREDENTIALS).env("AWS_ENDPOINT_URL", format!("http://{endpoint}"));
        }
        command
    }

    /// Runs a command to its end.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Ended {
        self.start(arguments).wait(COMMAND_SECONDS)
    }

    /// Starts a command.
    pub fn start<A: AsRef<OsStr>>(&self, arguments: &[A]) -> Process {
        self.spawn(&mut self.command(arguments))
    }

    /// Starts a command that was changed.
    pub fn spawn(&self, command: &mut Command) -> Process {
        Process::start("ecs-refresh", self.directory.path(), command)
    }

    /// Starts the daemon with the configuration that was written, and waits until it listens.
    #[track_caller]
    pub fn daemon(&self) -> Daemon {
        Daemon::listening(self.start(&run(&self.path("ecs-refresh.toml"))))
    }
}

/// The arguments that start the daemon.
pub fn run(config: &Path) -> [&OsStr; 3] {
    ["run".as_ref(), "--config".as_ref(), config.as_os_str()]
}

/// A policy in TOML, with windows always open; `more` are further keys.
pub fn policy(name: &str, cluster: &str, more: &str) -> String {
    format!(
        "[[policy]]\nname = {name:?}\nservices = {{ clusters = [{cluster:?}] }}\n\
         windows = \"always\"\n{more}\n"
    )
}

/// The address in what a process says of itself, after `http://`.
pub fn address(text: &str) -> Option<SocketAddr> {
    let (_, rest) = text.split_once("http://")?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')?;
    rest[..end].trim_end_matches(':').parse().ok()
}

/// A running daemon.
pub struct Daemon {
    pub process: Process,
    pub address: SocketAddr,
}

impl Daemon {
    /// Waits until a daemon says where it listens.
    #[track_caller]
    pub fn listening(mut process: Process) -> Self {
        let why = "the daemon says where it listens";
        let address = process.until(30, why, |daemon| {
            let stderr = daemon.stderr();
            let line = stderr.lines().find(|line| line.contains("listening on"))?;
            address(line)
        });
        Self { process, address }
    }

    /// Asks for a path, once.
    #[track_caller]
    pub fn get(&mut self, path: &str) -> Answer {
        let address = self.address;
        self.process.until(10, "the daemon answers", |_| http::get(address, path).ok())
    }

    /// Waits until it is ready.
    #[track_caller]
    pub fn ready(&mut self) {
        let address = self.address;
        let why = "the daemon is ready";
        self.process.until(30, why, |_| {
            http::get(address, "/readyz").ok().filter(|answer| answer.status == 200)
        });
    }

    /// The whole status.
    #[track_caller]
    pub fn status(&mut self) -> Value {
        let answer = self.get("/api/v1/status");
        assert_eq!(answer.status, 200, "{answer:?}");
        serde_json::from_str(&answer.body).expect("the status is JSON")
    }

    /// Waits until there is something in the status, and returns it.
    #[track_caller]
    pub fn told<T>(&mut self, seconds: u64, why: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        let address = self.address;
        self.process.until(seconds, why, |_| {
            let answer = http::get(address, "/api/v1/status").ok()?;
            wanted(&serde_json::from_str(&answer.body).expect("the status is JSON"))
        })
    }

    /// Waits until what the status says of a service is as wanted, and returns it.
    #[track_caller]
    pub fn service(
        &mut self,
        seconds: u64,
        name: &str,
        why: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> Value {
        let mut seen = Value::Null;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            eventually(seconds, why, || {
                assert!(self.process.is_alive(), "it ended: {}", self.process);
                seen = service(&self.status(), name).unwrap_or_default();
                wanted(&seen).then_some(())
            });
        }));
        match outcome {
            Ok(()) => seen,
            Err(_) => panic!("{why}: not within {seconds} s, but {seen:#}\n{}", self.process),
        }
    }

    /// The value of one series in the metrics, by its name and labels as they are written.
    #[track_caller]
    pub fn metric(&mut self, series: &str) -> Option<f64> {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut lines = answer.body.lines();
        lines.find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
    }

    /// Tells it to end, and waits for that.
    #[track_caller]
    pub fn stop(self) -> Ended {
        self.process.signal("TERM");
        self.process.wait(30)
    }
}

/// What a status says of a service.
pub fn service(status: &Value, name: &str) -> Option<Value> {
    let services = status["services"].as_array()?;
    services.iter().find(|service| service["service"] == name).cloned()
}
