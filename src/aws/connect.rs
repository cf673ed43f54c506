//! How the SDK is set up: the standard chain decides on region and credentials, unless told.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::client::Ecs;
use super::metrics::AwsMetrics;
use crate::clock::Clock;
use crate::plan::fleet::{Problem, ProblemClass};

/// How often a read is tried in all.
const READ_ATTEMPTS: u32 = 3;

/// The SDK has no attempt timeout of its own: a lost reply would hang for ever.
const READ_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a read may take with all its attempts.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections that are kept for later. Each holds a read buffer as large as the answers it has
/// carried, up to 400 KiB, while a burst of calls needs dozens of them for seconds only. At the
/// rates that AWS allows so few are busy at a time.
const IDLE_CONNECTIONS_MAX: usize = 8;

/// What the user may say about the connection. Whatever is absent is decided by the SDK's standard
/// chain: environment, profile, container and instance metadata.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    pub region: Option<String>,
    /// Another endpoint than AWS's own, for emulators.
    pub endpoint_url: Option<String>,
    /// What carries the requests; absent: HTTPS by rustls.
    pub http_client: Option<SharedHttpClient>,
    pub credentials: Option<SharedCredentialsProvider>,
}

/// Connects to Amazon ECS. Nothing is sent to ECS yet: credentials are checked by the first call.
///
/// # Errors
/// When no region is known.
pub async fn connect(
    options: ConnectOptions,
    clock: Clock,
    api_share: f64,
    metrics: AwsMetrics,
) -> Result<Ecs, Problem> {
    let sdk = load_sdk_config(options, &clock).await?;
    Ok(Ecs::new(&sdk, clock, api_share, metrics))
}

/// The SDK configuration for an AWS that is in this process. Neither the environment nor any file is
/// asked, as they are about another AWS.
pub fn sdk_config_in_process(
    region: &str,
    http_client: SharedHttpClient,
    clock: &Clock,
) -> SdkConfig {
    let credentials = Credentials::new("in-process", "in-process", None, None, "in-process");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(clock.time_source())
        .retry_config(read_retries())
        .timeout_config(read_timeouts())
        .build()
}

/// The SDK configuration that all AWS clients of the process share, one HTTP client among it.
///
/// # Errors
/// When no region is known.
pub async fn load_sdk_config(options: ConnectOptions, clock: &Clock) -> Result<SdkConfig, Problem> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(options.http_client.unwrap_or_else(https_client))
        .sleep_impl(TokioSleep::new())
        .time_source(clock.time_source())
        .retry_config(read_retries())
        .timeout_config(read_timeouts())
        .app_name(AppName::new("ecs-refresh").expect("a plain name is a valid app name"));
    if let Some(region) = options.region {
        loader = loader.region(Region::new(region));
    }
    if let Some(url) = options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(credentials) = options.credentials {
        loader = loader.credentials_provider(credentials);
    }
    with_region(loader.load().await, clock)
}

fn read_retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(READ_ATTEMPTS)
}

fn read_timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(READ_ATTEMPT_TIMEOUT)
        .operation_timeout(READ_TIMEOUT)
        .build()
}

fn with_region(sdk: SdkConfig, clock: &Clock) -> Result<SdkConfig, Problem> {
    if sdk.region().is_some_and(|region| !region.as_ref().is_empty()) {
        return Ok(sdk);
    }
    Err(Problem {
        operation: "Connect".to_owned(),
        class: ProblemClass::Invalid,
        message: "no AWS region: set AWS_REGION or [aws] region".to_owned(),
        at: clock.now(),
    })
}

fn https_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .build_https()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_region_says_what_to_set() {
        let clock = Clock::system();
        for region in [None, Some(Region::new(""))] {
            let sdk = SdkConfig::builder().region(region).build();
            let problem = with_region(sdk, &clock).unwrap_err();
            assert_eq!(problem.class, ProblemClass::Invalid);
            assert_eq!(problem.message, "no AWS region: set AWS_REGION or [aws] region");
        }
        let sdk = SdkConfig::builder().region(Region::new("eu-west-1")).build();
        assert!(with_region(sdk, &clock).is_ok());
    }
}
