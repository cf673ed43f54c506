//! The AWS CLI.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::aws::{CREDENTIALS, REGION};
use super::process::{Ended, Process};
use super::python::Python;

/// The AWS CLI in front of one AWS.
pub struct Cli<'a> {
    python: &'a Python,
    address: SocketAddr,
    directory: TempDir,
}

impl<'a> Cli<'a> {
    pub fn new(python: &'a Python, address: SocketAddr) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        // Otherwise version 1 prints the number as it came, and need not have understood it.
        let config = "[default]\ncli_timestamp_format = iso8601\n";
        fs::write(directory.path().join("config"), config).expect("it can be written");
        Self { python, address, directory }
    }

    /// Runs `aws ecs`, whose arguments are separated by blanks, to its end.
    #[track_caller]
    pub fn run(&self, arguments: &str) -> Ended {
        self.aws(&["ecs"], arguments)
    }

    /// Runs `aws SERVICE`, whose arguments are separated by blanks, to its end.
    #[track_caller]
    pub fn run_of(&self, service: &str, arguments: &str) -> Ended {
        // Version 1 does not look at the environment for services with an older host name.
        let endpoint = format!("http://{}", self.address);
        self.aws(&["--endpoint-url", &endpoint, service], arguments)
    }

    #[track_caller]
    fn aws(&self, before: &[&str], arguments: &str) -> Ended {
        let mut command = self.python.module("awscli");
        command.args(["--output", "json"]).args(before).args(arguments.split_whitespace());
        self.process("aws", &mut command)
    }

    /// An argument that stands for a text with blanks in it.
    pub fn text(&self, name: &str, text: &str) -> String {
        let path = self.directory.path().join(name);
        fs::write(&path, text).expect("it can be written");
        format!("file://{}", path.display())
    }

    /// Where the AWS is that it asks.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a successful `aws ecs` prints, as JSON.
    #[track_caller]
    pub fn json(&self, arguments: &str) -> Value {
        self.run(arguments).code(0).json()
    }

    /// Runs Python code against the same AWS to its end.
    #[track_caller]
    pub fn python(&self, code: &str, arguments: &[&str]) -> Ended {
        self.process("python", self.python.code(code).args(arguments))
    }

    fn process(&self, name: &str, command: &mut Command) -> Ended {
        command.envs(CREDENTIALS).env("AWS_DEFAULT_REGION", REGION);
        command.env("AWS_ENDPOINT_URL", format!("http://{}", self.address));
        command.env("AWS_CONFIG_FILE", self.directory.path().join("config"));
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        // One answer is enough: nothing here is throttled, and a broken server should be seen.
        command.env("AWS_MAX_ATTEMPTS", "1");
        Process::start(name, self.directory.path(), command).wait(60)
    }
}
