//! How the commands come to AWS.

use aws_config::SdkConfig;

use crate::aws::{AwsMetrics, ConnectOptions, Ecs, EventBus, Table, load_sdk_config};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::settings::{Settings, StoreKind};

use super::exit::Exit;

/// What every AWS client of the process is made of.
pub struct Connection {
    pub sdk: SdkConfig,
    pub metrics: AwsMetrics,
    clock: Clock,
}

impl Connection {
    /// Connects as the settings say. Nothing is sent yet.
    ///
    /// # Errors
    /// When no region is known.
    pub async fn new(settings: &Settings, clock: &Clock, metrics: &Metrics) -> Result<Self, Exit> {
        let options = ConnectOptions {
            region: settings.aws.region.clone(),
            endpoint_url: settings.aws.endpoint_url.clone(),
            ..ConnectOptions::default()
        };
        let metrics = AwsMetrics::register(metrics);
        let sdk = load_sdk_config(options, clock).await;
        let sdk = sdk.map_err(|problem| Exit::cannot(problem.message))?;
        Ok(Self { sdk, metrics, clock: clock.clone() })
    }

    /// Amazon ECS.
    pub fn ecs(&self, settings: &Settings) -> Ecs {
        let share = settings.daemon.api_share;
        Ecs::new(&self.sdk, self.clock.clone(), share, self.metrics.clone())
    }

    /// The event bus that outcomes are announced on, if they are to be.
    pub fn event_bus(&self, settings: &Settings) -> Option<EventBus> {
        let name = settings.announce.event_bus.as_ref()?;
        Some(EventBus::new(&self.sdk, name, self.clock.clone(), self.metrics.clone()))
    }

    /// The DynamoDB table of the ledger, if it is in one.
    pub fn table(&self, settings: &Settings) -> Option<Table> {
        let name = settings.store.table.as_deref();
        let name = name.filter(|_| settings.store.kind == StoreKind::DynamoDb)?;
        Some(Table::new(&self.sdk, name, self.clock.clone(), self.metrics.clone()))
    }
}
