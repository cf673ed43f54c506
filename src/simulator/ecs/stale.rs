//! Eventual consistency: what reads still show of a service after it was updated.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Ecs;
use super::service_shape;
use crate::simulator::moment::Moment;

/// The state of a service before an update, shown until an instant.
#[derive(Debug)]
pub(crate) struct StaleView {
    pub(crate) until: Moment,
    /// The answer of DescribeServices, tags apart.
    pub(crate) description: serde_json::Value,
    /// The tasks whose `desiredStatus` was RUNNING.
    pub(crate) running: BTreeSet<u128>,
    /// How many service deployments there were.
    pub(crate) history: usize,
}

impl Ecs {
    /// Freezes what reads show of a service for `span`, unless they show an older state already.
    pub(crate) fn freeze_reads(&mut self, index: usize, span: Duration, now: Moment) {
        let service = &self.services[index];
        if span.is_zero() || service.stale.as_ref().is_some_and(|view| now < view.until) {
            return;
        }
        let view = StaleView {
            until: now + span,
            description: service_shape::describe(self, service, now),
            running: service.tasks.values().filter(|t| t.active()).map(|t| t.id).collect(),
            history: service.history.len(),
        };
        self.services[index].stale = Some(view);
    }

    /// The frozen state of a service, while it is shown.
    pub(crate) fn stale_view(&self, index: usize, now: Moment) -> Option<&StaleView> {
        self.services[index].stale.as_ref().filter(|view| now < view.until)
    }
}
