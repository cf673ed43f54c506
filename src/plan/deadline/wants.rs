//! What has to be read before a deadline can be computed, and who waits for it.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::plan::fleet::{Description, Fleet, Service};
use crate::plan::planner::Planner;
use crate::plan::policy::{Policies, RolloutTimeout};
use crate::plan::preflight::{Subject, subject};
use crate::plan::standing::Standing;
use crate::plan::surroundings::{Tier, Want};

/// So many things are asked for at a time. Those who may start first are asked about first, and the
/// others when these are known.
const WANTS_MAX: usize = 40;

/// What the deadline of a service rests on beside its description.
fn wants(timeout: RolloutTimeout, description: &Description) -> impl Iterator<Item = Want> {
    let computed = timeout == RolloutTimeout::Auto;
    let primary = description.primary().map(|primary| &primary.task_definition);
    let definition = primary.filter(|arn| !arn.is_empty()).cloned().map(Want::TaskDefinition);
    let groups = description.target_groups.iter().cloned().map(Want::TargetGroup);
    definition.into_iter().chain(groups).filter(move |_| computed)
}

/// What is not known of the deadlines of services that are due, for a look that wants to show them; of
/// so many services at most.
pub fn wants_of(
    plan: &Plan,
    policies: &Policies,
    fleet: &Fleet,
    services_max: usize,
) -> BTreeSet<Want> {
    let due = plan.verdicts.iter().filter(|(_, verdict)| verdict.deadline.is_some());
    let described = due.filter_map(|(key, verdict)| {
        let policy = policies.policies.iter().find(|policy| policy.name == verdict.policy)?;
        Some((policy.rollout_timeout, fleet.service(key)?.description.as_ref()?))
    });
    let wanted = described
        .take(services_max)
        .flat_map(|(timeout, description)| wants(timeout, description))
        .collect();
    fleet.surroundings().unknown(&wanted, Tier::Start, plan.now)
}

impl Planner<'_> {
    /// Whether a service that may start has to wait until what its deadline and its checks rest on was read. It is
    /// asked for, and waited for once: what could not be read is as good as read.
    pub(in crate::plan) fn awaits_survey(
        &mut self,
        service: &Service,
        standing: &Standing<'_>,
    ) -> bool {
        let Some(description) = &service.description else { return false };
        let timeout = standing.policy.rollout_timeout;
        let known = self.fleet.surroundings();
        let subject = subject(self.policies, service, standing, None, known, self.now);
        let checked = subject.map(|subject| Subject { tier: Tier::Start, ..subject }.wants());
        let unknown: BTreeSet<Want> = wants(timeout, description)
            .chain(checked.into_iter().flatten())
            .filter(|want| !known.knows(want, Tier::Start, self.now))
            .collect();
        let waits = !unknown.is_empty();
        if self.wants.len() < WANTS_MAX {
            self.wants.extend(unknown);
        }
        waits
    }
}
