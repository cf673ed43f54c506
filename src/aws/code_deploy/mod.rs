//! AWS CodeDeploy: where it deploys services, what it deployed last, and deployments of ours.
//!
//! Each function is one call, or the few that answer one question, and turns the answer into our own
//! types. Nothing here decides.

mod create;
mod deployments;
mod groups;
mod progress;
mod revisions;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::attempt::Attempts;
use super::calls::Calls;
use super::client::{Ecs, Sent};
use super::operation::Operation;
use crate::clock::Time;
pub use create::Created;
pub(super) use groups::Group;
pub(super) use revisions::Location;

/// The most pages that are read of one listing.
const PAGES_MAX: usize = 100;

/// CodeDeploy in the account and Region of an [`Ecs`]; cheap to clone.
#[derive(Clone)]
pub struct CodeDeploy {
    client: aws_sdk_codedeploy::Client,
    calls: Calls,
}

impl fmt::Debug for CodeDeploy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeDeploy").finish_non_exhaustive()
    }
}

impl CodeDeploy {
    /// CodeDeploy beside that ECS.
    pub fn beside(ecs: &Ecs) -> Self {
        Self { client: ecs.code_deploy(), calls: ecs.uncharged_calls() }
    }

    /// Makes one call.
    async fn send<T, E, F>(
        &self,
        operation: Operation,
        send: impl FnOnce(&aws_sdk_codedeploy::Client, Attempts<E>) -> F,
    ) -> Sent<T>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let at = self.calls.now();
        let result = self.calls.send(operation, |attempts| send(&self.client, attempts)).await;
        Sent { at, result: result.map_err(|error| self.calls.problem(operation, &error)) }
    }
}

/// A timestamp; absent when it is beyond what a calendar can hold.
fn time(wire: &DateTime) -> Option<Time> {
    Time::from_timestamp(wire.secs(), wire.subsec_nanos())
}
