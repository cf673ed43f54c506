//! What the checks before a refresh say of a service, in the form in which it goes out.

use serde::{Serialize, Serializer};

use super::stamp::Stamp;
use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::key::ServiceKey;
use crate::plan::preflight::{Check, Preflight};

/// Raised when a field is renamed or removed, or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// What the command prints.
#[derive(Serialize)]
pub struct Document<'a> {
    schema_version: u32,
    now: Stamp,
    services: Vec<CheckedView<'a>>,
}

impl<'a> Document<'a> {
    pub fn new(checked: &[&'a (ServiceKey, Preflight)], now: Time) -> Self {
        let services = checked.iter().map(|(key, preflight)| CheckedView {
            region: key.cluster().region(),
            account: key.cluster().account(),
            cluster: key.cluster().name(),
            service: key.name(),
            policy: &preflight.policy,
            preflight: PreflightView::new(preflight),
        });
        Self { schema_version: SCHEMA_VERSION, now: Stamp(now), services: services.collect() }
    }
}

#[derive(Serialize)]
struct CheckedView<'a> {
    region: &'a str,
    account: &'a str,
    cluster: &'a str,
    service: &'a str,
    policy: &'a str,
    preflight: PreflightView<'a>,
}

/// The checks of a service that is due within days.
#[derive(Serialize)]
pub struct PreflightView<'a> {
    due_at: Stamp,
    /// The worst of the results.
    result: &'static str,
    checks: Checks<'a>,
}

impl<'a> PreflightView<'a> {
    pub fn new(preflight: &'a Preflight) -> Self {
        Self {
            due_at: Stamp(preflight.due_at),
            result: preflight.outcome().label(),
            checks: Checks(&preflight.checks),
        }
    }
}

struct Checks<'a>(&'a [Check]);

impl Serialize for Checks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|check| CheckView {
            check: check.name.name(),
            result: check.outcome.label(),
            message: &check.sentence,
            hint: check.hint.as_deref(),
            again_at: check.until.map(|until| Stamp(until.time())),
        }))
    }
}

#[derive(Serialize)]
struct CheckView<'a> {
    check: &'static str,
    result: &'static str,
    message: &'a str,
    hint: Option<&'a str>,
    again_at: Option<Stamp>,
}
