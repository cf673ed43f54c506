//! How the commands come to AWS.

use crate::aws::{AwsMetrics, ConnectOptions, Ecs, connect};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::settings::Settings;

use super::exit::Exit;

/// Connects as the settings say.
///
/// # Errors
/// When no region is known.
pub async fn to_aws(settings: &Settings, clock: &Clock, metrics: &Metrics) -> Result<Ecs, Exit> {
    let options = ConnectOptions {
        region: settings.aws.region.clone(),
        endpoint_url: settings.aws.endpoint_url.clone(),
        ..ConnectOptions::default()
    };
    let aws = AwsMetrics::register(metrics);
    connect(options, clock.clone(), settings.daemon.api_share, aws)
        .await
        .map_err(|problem| Exit::cannot(problem.message))
}
