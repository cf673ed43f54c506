//! DynamoDB as others implement it, and tables in it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_refresh::aws::{AwsMetrics, ConnectOptions, Table, load_sdk_config};
use ecs_refresh::clock::Clock;
use ecs_refresh::metrics::Metrics;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::aws::{CREDENTIALS, REGION, dynamodb};
use super::node::Node;
use super::process::Process;

/// A server, and how many tables were made in it by this process.
pub struct DynamoDb {
    pub address: SocketAddr,
    tables: AtomicUsize,
}

impl DynamoDb {
    pub fn at(address: SocketAddr) -> Self {
        Self { address, tables: AtomicUsize::new(0) }
    }

    /// The name of a table that nobody else uses.
    pub fn name(&self, case: &str) -> String {
        format!("{case}-{}", self.tables.fetch_add(1, Ordering::Relaxed))
    }

    /// A new table with the keys that are needed.
    #[track_caller]
    pub fn create(&self, case: &str) -> String {
        self.create_with(case, &[("pk", "S", "HASH"), ("sk", "S", "RANGE")])
    }

    /// A new table with these keys: names, types and roles.
    #[track_caller]
    pub fn create_with(&self, case: &str, keys: &[(&str, &str, &str)]) -> String {
        let name = self.name(case);
        let types = keys
            .iter()
            .map(|(name, kind, _)| json!({ "AttributeName": name, "AttributeType": kind }));
        let schema =
            keys.iter().map(|(name, _, role)| json!({ "AttributeName": name, "KeyType": role }));
        self.call(
            "CreateTable",
            &json!({
                "TableName": name, "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": types.collect::<Vec<_>>(),
                "KeySchema": schema.collect::<Vec<_>>(),
            }),
        );
        super::wait::eventually(10, "the table is active", || {
            let seen = self.call("DescribeTable", &json!({ "TableName": name }));
            (seen["Table"]["TableStatus"] == "ACTIVE").then_some(())
        });
        name
    }

    /// Calls an operation.
    #[track_caller]
    pub fn call(&self, operation: &str, input: &Value) -> Value {
        dynamodb(self.address, operation, input)
    }
}

/// A table as the daemon has it, at `address`.
pub async fn table(address: SocketAddr, name: &str) -> Table {
    let [(_, id), (_, secret)] = CREDENTIALS;
    let credentials = Credentials::new(id, secret, None, None, "test");
    let options = ConnectOptions {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(format!("http://{address}")),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..ConnectOptions::default()
    };
    let clock = Clock::system();
    let sdk = load_sdk_config(options, &clock).await.expect("a Region is named");
    Table::new(&sdk, name, clock, AwsMetrics::register(&Metrics::new()))
}

/// Runs what is asynchronous.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built").block_on(work)
}

/// A dynalite server.
pub struct Dynalite {
    pub dynamodb: DynamoDb,
    _process: Process,
    _logs: TempDir,
}

impl Dynalite {
    /// Starts it on a free port.
    pub fn start(node: &Node) -> Self {
        let logs = tempfile::tempdir().expect("a temporary directory");
        let mut command = node.code(include_str!("dynalite.js"));
        let mut process = Process::start("dynalite", logs.path(), &mut command);
        let address = process.until(60, "dynalite says where it listens", |dynalite| {
            super::binary::address(&dynalite.stdout())
        });
        Self { dynamodb: DynamoDb::at(address), _process: process, _logs: logs }
    }
}
