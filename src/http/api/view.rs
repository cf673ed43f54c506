//! The status in the form in which it goes out. Everything is borrowed and serialized as it comes:
//! no copy of the plan is made.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::deadline::DeadlineView;
use super::filter::Filter;
use super::notices::{Notices, RetirementView};
use super::preflight::PreflightView;
use super::stamp::{Stamp, ending};
use crate::clock::{Time, elapsed};
use crate::metrics::Label;
use crate::plan::PolicyPlan;
use crate::plan::diagnosis::Finding;
use crate::plan::fleet::Problem;
use crate::plan::key::ServiceKey;
use crate::plan::policy::{Policies, Policy};
use crate::plan::preflight::Preflight;
use crate::plan::verdict::{Verdict, VerdictKind};
use crate::reconciler::status::{ClusterStatus, LeaseStatus, Status, VERSION};

/// Raised when a field is renamed or removed, or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// The whole answer.
#[derive(Serialize)]
pub struct StatusView<'a> {
    schema_version: u32,
    version: &'static str,
    now: Stamp,
    planned_at: Stamp,
    dry_run: bool,
    ready: bool,
    config_valid: bool,
    leader: bool,
    lease: Option<LeaseView<'a>>,
    last_look_at: Option<Stamp>,
    problems: &'a [String],
    clusters: Clusters<'a>,
    policies: PolicyPlans<'a>,
    services: Services<'a>,
    notices: Notices<'a>,
}

impl<'a> StatusView<'a> {
    /// What of `status` the filter lets through, with ages as of `now`.
    pub fn new(status: &'a Status, filter: &'a Filter<'a>, now: Time) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            version: VERSION,
            now: Stamp(now),
            planned_at: Stamp(status.plan.now),
            dry_run: status.policies.dry_run,
            ready: status.readiness.is_ready(),
            config_valid: status.config_valid,
            leader: status.leader,
            lease: status.lease.as_ref().map(LeaseView::new),
            last_look_at: status.last_look_at.map(Stamp),
            problems: &status.problems,
            clusters: Clusters(&status.clusters),
            policies: PolicyPlans(&status.plan.policies),
            services: Services { status, filter, now },
            notices: Notices { plan: &status.plan, filter },
        }
    }
}

#[derive(Serialize)]
struct LeaseView<'a> {
    holder: Option<&'a str>,
    since: Option<Stamp>,
    problem: Option<&'a str>,
}

impl<'a> LeaseView<'a> {
    fn new(lease: &'a LeaseStatus) -> Self {
        Self {
            holder: lease.holder.as_deref(),
            since: lease.since.map(Stamp),
            problem: lease.problem.as_deref(),
        }
    }
}

struct Clusters<'a>(&'a [ClusterStatus]);

impl Serialize for Clusters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|seen| ClusterView {
            region: seen.cluster.region(),
            account: seen.cluster.account(),
            cluster: seen.cluster.name(),
            complete_at: seen.complete_at.map(Stamp),
            problem: seen.problem.as_ref().map(ProblemView::new),
        }))
    }
}

#[derive(Serialize)]
struct ClusterView<'a> {
    region: &'a str,
    account: &'a str,
    cluster: &'a str,
    complete_at: Option<Stamp>,
    problem: Option<ProblemView<'a>>,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    operation: &'a str,
    class: &'static str,
    message: &'a str,
    at: Stamp,
}

impl<'a> ProblemView<'a> {
    fn new(problem: &'a Problem) -> Self {
        let Problem { operation, class, message, at } = problem;
        Self { operation, class: class.label(), message, at: Stamp(*at) }
    }
}

struct PolicyPlans<'a>(&'a [PolicyPlan]);

impl Serialize for PolicyPlans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|policy| PolicyView {
            name: &policy.name,
            enabled: policy.enabled,
            open: policy.open_until.is_some(),
            open_until: policy.open_until.and_then(ending),
            next_window: policy.next_window.and_then(ending),
            services: Counts(&policy.services),
            due: policy.due,
            in_flight: policy.in_flight,
            pace_seconds: policy.pace.map(|pace| pace.as_secs()),
            fits: policy.fits,
        }))
    }
}

#[derive(Serialize)]
struct PolicyView<'a> {
    name: &'a str,
    enabled: bool,
    open: bool,
    open_until: Option<Stamp>,
    next_window: Option<Stamp>,
    services: Counts<'a>,
    due: u32,
    in_flight: u32,
    pace_seconds: Option<u64>,
    fits: Option<u32>,
}

/// Every kind of verdict, also those that no service has.
struct Counts<'a>(&'a BTreeMap<VerdictKind, u32>);

impl Serialize for Counts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = |kind| self.0.get(kind).copied().unwrap_or(0);
        serializer.collect_map(VerdictKind::ALL.iter().map(|kind| (kind.label(), number(kind))))
    }
}

struct Services<'a> {
    status: &'a Status,
    filter: &'a Filter<'a>,
    now: Time,
}

impl Serialize for Services<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let limits = age_limits(&self.status.policies);
        serializer.collect_seq(
            self.status
                .plan
                .verdicts
                .iter()
                .filter(|(key, verdict)| self.filter.matches(key, Some(verdict)))
                .map(|(key, verdict)| {
                    let preflight = self.status.preflight.of(key);
                    ServiceView::new(key, verdict, &limits, preflight, self.now)
                }),
        )
    }
}

fn age_limits(policies: &Policies) -> BTreeMap<&str, u64> {
    let limit = |policy: &Policy| policy.max_task_age.map(|age| age.as_secs());
    policies
        .policies
        .iter()
        .filter_map(|policy| Some((policy.name.as_ref(), limit(policy)?)))
        .collect()
}

#[derive(Serialize)]
struct ServiceView<'a> {
    region: &'a str,
    account: &'a str,
    cluster: &'a str,
    service: &'a str,
    policy: &'a str,
    also_selected_by: &'a [Arc<str>],
    verdict: &'static str,
    reason: &'static str,
    #[serde(serialize_with = "as_text")]
    message: &'a Verdict,
    oldest_created_at: Option<Stamp>,
    age_seconds: Option<u64>,
    age_limit_seconds: Option<u64>,
    cause: Option<&'static str>,
    due_since: Option<Stamp>,
    /// How long a refresh may take, while the service is due.
    rollout_timeout: Option<DeadlineView<'a>>,
    next_window: Option<Stamp>,
    attempt: Option<&'a str>,
    finding: Option<FindingView<'a>>,
    preflight: Option<PreflightView<'a>>,
    retirement: Option<RetirementView<'a>>,
}

impl<'a> ServiceView<'a> {
    fn new(
        key: &'a ServiceKey,
        verdict: &'a Verdict,
        limits: &BTreeMap<&str, u64>,
        preflight: Option<&'a Preflight>,
        now: Time,
    ) -> Self {
        let (cluster, reason) = (key.cluster(), &verdict.reason);
        Self {
            region: cluster.region(),
            account: cluster.account(),
            cluster: cluster.name(),
            service: key.name(),
            policy: &verdict.policy,
            also_selected_by: &verdict.also_selected_by,
            verdict: reason.kind().label(),
            reason: reason.label(),
            message: verdict,
            oldest_created_at: verdict.oldest_created_at.map(Stamp),
            age_seconds: verdict.oldest_created_at.map(|at| elapsed(at, now).as_secs()),
            age_limit_seconds: limits.get(verdict.policy.as_ref()).copied(),
            cause: verdict.due.map(|due| due.cause.label()),
            due_since: verdict.due.map(|due| Stamp(due.since)),
            rollout_timeout: verdict.deadline.as_deref().map(DeadlineView::new),
            next_window: verdict.next_window.and_then(ending),
            attempt: reason.attempt().map(|attempt| attempt.0.as_ref()),
            finding: verdict.finding.as_deref().map(FindingView::new),
            preflight: preflight.map(PreflightView::new),
            retirement: verdict.retirement.as_deref().map(RetirementView::new),
        }
    }
}

/// What holds a rollout up, or made it fail.
#[derive(Debug, Serialize)]
pub struct FindingView<'a> {
    kind: &'static str,
    #[serde(serialize_with = "as_text")]
    message: &'a Finding,
    hint: &'static str,
}

impl<'a> FindingView<'a> {
    pub fn new(finding: &'a Finding) -> Self {
        Self { kind: finding.label(), message: finding, hint: finding.hint() }
    }
}

pub(super) fn as_text<T: Display, S: Serializer>(
    value: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
