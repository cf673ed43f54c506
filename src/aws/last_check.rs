//! The last look before a mutating call leaves, and how such a call is made: once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::plan::fleet::Problem;

/// Why nothing is known to have been changed.
#[derive(Clone, Debug, PartialEq)]
pub enum ChangeError {
    /// The call could not leave while it still might: it was not sent.
    NotSent,
    /// AWS refused, or no usable answer came.
    Answer(Problem),
}

/// Lets a request leave only while it may: it is asked as the signed request is handed to the
/// connector, because credentials may take long to be had.
pub(super) struct LastCheck<F> {
    may_send: F,
    stopped: Stopped,
}

/// Whether a request was kept from leaving.
#[derive(Clone, Debug, Default)]
pub(super) struct Stopped(Arc<AtomicBool>);

impl<F> LastCheck<F> {
    pub(super) fn new(may_send: F) -> (Self, Stopped) {
        let stopped = Stopped::default();
        (Self { may_send, stopped: stopped.clone() }, stopped)
    }
}

impl Stopped {
    /// What became of the call. Whatever the SDK makes of the interceptor's error, what was stopped was
    /// not sent.
    pub(super) fn judge<T>(&self, answer: Result<T, Problem>) -> Result<T, ChangeError> {
        if self.0.load(Ordering::Relaxed) {
            return Err(ChangeError::NotSent);
        }
        answer.map_err(ChangeError::Answer)
    }
}

/// An answer is waited for once, and no longer than `timeout`. After it nobody knows whether the call was
/// accepted.
pub(super) fn waiting(timeout: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(timeout).operation_timeout(timeout).build()
}

impl<F> fmt::Debug for LastCheck<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastCheck").finish_non_exhaustive()
    }
}

impl<F: Fn() -> bool + Send + Sync> Intercept for LastCheck<F> {
    fn name(&self) -> &'static str {
        "LastCheck"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if (self.may_send)() {
            return Ok(());
        }
        self.stopped.0.store(true, Ordering::Relaxed);
        Err("the call may no longer be sent".into())
    }
}
