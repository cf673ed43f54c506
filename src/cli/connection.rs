//! How the commands come to AWS.

use aws_config::SdkConfig;

use super::exit::Exit;
use crate::aws::{AwsMetrics, ConnectOptions, Ecs, load_sdk_config};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::settings::Settings;

/// What the clients of all AWS services share.
pub struct Connection {
    pub sdk: SdkConfig,
    pub metrics: AwsMetrics,
}

impl Connection {
    /// Loads the SDK's configuration as the settings say.
    ///
    /// # Errors
    /// When no region is known.
    pub async fn load(settings: &Settings, clock: &Clock, metrics: &Metrics) -> Result<Self, Exit> {
        let options = ConnectOptions {
            region: settings.aws.region.clone(),
            endpoint_url: settings.aws.endpoint_url.clone(),
            ..ConnectOptions::default()
        };
        let sdk = load_sdk_config(options, clock).await;
        let sdk = sdk.map_err(|problem| Exit::cannot(problem.message))?;
        Ok(Self { sdk, metrics: AwsMetrics::register(metrics) })
    }

    /// Amazon ECS.
    pub fn ecs(&self, settings: &Settings, clock: &Clock) -> Ecs {
        Ecs::new(&self.sdk, clock.clone(), settings.daemon.api_share, self.metrics.clone())
    }
}

/// Connects to Amazon ECS as the settings say.
///
/// # Errors
/// When no region is known.
pub async fn to_ecs(settings: &Settings, clock: &Clock, metrics: &Metrics) -> Result<Ecs, Exit> {
    Ok(Connection::load(settings, clock, metrics).await?.ecs(settings, clock))
}
