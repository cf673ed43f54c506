//! The handle to Amazon ECS in one account and region, and the one way in which a call is made.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::attempt::Attempts;
use super::budget::{Budget, Priority};
use super::calls::Calls;
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::{Clock, Time};
use crate::plan::fleet::Problem;
use crate::progress::Progress;

/// Amazon ECS in one account and region; cheap to clone, and all clones share one budget.
#[derive(Clone)]
pub struct Ecs {
    client: aws_sdk_ecs::Client,
    /// What the clients of other APIs are made from: same account, Region and connections.
    sdk: SdkConfig,
    /// Made when it is asked for first: most fleets have nothing that CodeDeploy deploys.
    code_deploy: Arc<OnceLock<aws_sdk_codedeploy::Client>>,
    pub(super) budget: Arc<Budget>,
    calls: Calls,
    progress: Option<Progress>,
}

/// What came of a call, and when it was sent: never later than what the answer tells of.
pub(super) struct Sent<T> {
    pub(super) at: Time,
    pub(super) result: Result<T, Problem>,
}

impl<T> Sent<T> {
    /// Reads the answer, if there is one. `read` is told when the call was sent.
    pub(super) fn and_then<U>(self, read: impl FnOnce(Time, T) -> Result<U, Problem>) -> Sent<U> {
        Sent { at: self.at, result: self.result.and_then(|output| read(self.at, output)) }
    }
}

/// One page of a listing.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// What to ask for the next page with; absent on the last one.
    pub(super) next: Option<String>,
}

impl<T> Page<T> {
    /// Some servers write an empty token where there is none.
    pub(super) fn new(items: Vec<T>, next: Option<String>) -> Self {
        Self { items, next: next.filter(|token| !token.is_empty()) }
    }
}

impl fmt::Debug for Ecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ecs").finish_non_exhaustive()
    }
}

impl Ecs {
    /// A client with the SDK's configuration `sdk`, using at most `api_share` of what AWS allows.
    pub fn new(sdk: &SdkConfig, clock: Clock, api_share: f64, metrics: AwsMetrics) -> Self {
        let budget = Arc::new(Budget::new(api_share));
        Self {
            client: aws_sdk_ecs::Client::new(sdk),
            sdk: sdk.clone(),
            code_deploy: Arc::default(),
            calls: Calls::new(metrics, clock).charged_to(Arc::clone(&budget)),
            budget,
            progress: None,
        }
    }

    /// The same client, whose every answer counts as progress, an error too: a look that takes long
    /// because the budget is small is no standstill.
    #[must_use]
    pub fn reporting_to(self, progress: Progress) -> Self {
        Self { progress: Some(progress), ..self }
    }

    /// Changes the share of AWS's token buckets that may be used, from now on.
    pub fn set_api_share(&self, share: f64) {
        self.budget.set_share(share);
    }

    /// The share of AWS's token buckets that may be used.
    pub fn api_share(&self) -> f64 {
        self.budget.share()
    }

    /// What the clients of other APIs are made from.
    pub(super) fn sdk(&self) -> &SdkConfig {
        &self.sdk
    }

    /// How calls of other APIs are made that have a token bucket: measured, and charged to it.
    pub(super) fn charged_calls(&self) -> Calls {
        self.calls.clone()
    }

    /// The client of CodeDeploy in the same account and Region.
    pub(super) fn code_deploy(&self) -> aws_sdk_codedeploy::Client {
        self.code_deploy.get_or_init(|| aws_sdk_codedeploy::Client::new(self.sdk())).clone()
    }

    /// How calls of other APIs are made: measured, and charged to no budget.
    pub(super) fn uncharged_calls(&self) -> Calls {
        self.calls.clone().uncharged()
    }

    /// The clock that requests are signed and readings are dated with.
    pub(super) fn clock(&self) -> &Clock {
        self.calls.clock()
    }

    /// Waits for the right to make one call.
    pub(super) async fn acquire(&self, operation: Operation, priority: Priority) {
        if let Some(category) = operation.category() {
            self.budget.acquire(category, priority).await;
        }
    }

    /// Waits for a token and makes one reading call.
    pub(super) async fn read<T, E, F>(
        &self,
        operation: Operation,
        priority: Priority,
        send: impl FnOnce(&aws_sdk_ecs::Client, Attempts<E>) -> F,
    ) -> Sent<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        self.acquire(operation, priority).await;
        self.send(operation, send).await
    }

    /// Makes one call whose token was taken before.
    pub(super) async fn send<T, E, F>(
        &self,
        operation: Operation,
        send: impl FnOnce(&aws_sdk_ecs::Client, Attempts<E>) -> F,
    ) -> Sent<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let at = self.calls.now();
        let result = self.calls.send(operation, |attempts| send(&self.client, attempts)).await;
        if let Some(progress) = &self.progress {
            progress.made(self.calls.now());
        }
        Sent { at, result: result.map_err(|error| self.calls.problem(operation, &error)) }
    }
}
