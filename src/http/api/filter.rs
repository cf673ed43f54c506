//! Which services a reader of the status asks for.

use thiserror::Error;

use crate::metrics::Label;
use crate::plan::key::ServiceKey;
use crate::plan::verdict::{Verdict, VerdictKind};
use crate::reconciler::status::Status;

/// The services to show; nothing given means all.
#[derive(Debug, Default)]
pub struct Filter<'a> {
    policy: Option<&'a str>,
    verdict: Option<VerdictKind>,
    cluster: Option<&'a str>,
}

/// Why a query is refused.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    #[error("there is no parameter {0:?}; there are policy, verdict and cluster")]
    Parameter(String),
    #[error("the parameter {0:?} is given twice")]
    Twice(&'static str),
    #[error("no policy is named {given:?}; there are: {known}")]
    Policy { given: String, known: String },
    #[error("no verdict is named {given:?}; there are: {known}")]
    Verdict { given: String, known: String },
    #[error("no cluster named {0:?} is known")]
    Cluster(String),
}

impl<'a> Filter<'a> {
    /// Reads the parameters of a query, of which `status` knows the possible values.
    ///
    /// # Errors
    /// When a parameter or its value is unknown, or a parameter is given twice.
    pub fn parse(parameters: &'a [(String, String)], status: &Status) -> Result<Self, FilterError> {
        let mut filter = Self::default();
        for (name, value) in parameters {
            match name.as_str() {
                "policy" => once(&mut filter.policy, "policy", known_policy(value, status)?)?,
                "verdict" => once(&mut filter.verdict, "verdict", verdict(value)?)?,
                "cluster" => once(&mut filter.cluster, "cluster", known_cluster(value, status)?)?,
                other => return Err(FilterError::Parameter(other.to_owned())),
            }
        }
        Ok(filter)
    }

    /// Whether a service is asked for. One that no policy selects has no verdict.
    pub fn matches(&self, service: &ServiceKey, verdict: Option<&Verdict>) -> bool {
        let policy = verdict.map(|verdict| &*verdict.policy);
        let kind = verdict.map(|verdict| verdict.reason.kind());
        self.policy.is_none_or(|wanted| policy == Some(wanted))
            && self.verdict.is_none_or(|wanted| kind == Some(wanted))
            && self.cluster.is_none_or(|wanted| service.cluster().name() == wanted)
    }

    /// Whether a task that is no service's is asked for: it has neither policy nor verdict.
    pub fn matches_task(&self, cluster: Option<&str>) -> bool {
        self.policy.is_none()
            && self.verdict.is_none()
            && self.cluster.is_none_or(|wanted| cluster == Some(wanted))
    }
}

fn once<T>(slot: &mut Option<T>, name: &'static str, value: T) -> Result<(), FilterError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(FilterError::Twice(name)),
    }
}

/// A removed policy is known for as long as an attempt of it goes on.
fn known_policy<'a>(given: &'a str, status: &Status) -> Result<&'a str, FilterError> {
    let configured = status.policies.policies.iter().map(|policy| policy.name.as_ref());
    let mut owning = status.plan.verdicts.iter().map(|(_, verdict)| verdict.policy.as_ref());
    if configured.clone().any(|name| name == given) || owning.any(|name| name == given) {
        return Ok(given);
    }
    let known = configured.collect::<Vec<_>>().join(", ");
    Err(FilterError::Policy { given: given.to_owned(), known })
}

fn verdict(given: &str) -> Result<VerdictKind, FilterError> {
    let found = VerdictKind::ALL.iter().find(|kind| kind.label() == given);
    found.copied().ok_or_else(|| {
        let known: Vec<_> = VerdictKind::ALL.iter().map(|kind| kind.label()).collect();
        FilterError::Verdict { given: given.to_owned(), known: known.join(", ") }
    })
}

fn known_cluster<'a>(given: &'a str, status: &Status) -> Result<&'a str, FilterError> {
    let mut looked_at = status.clusters.iter().map(|seen| seen.cluster.name());
    let mut planned = status.plan.verdicts.iter().map(|(key, _)| key.cluster().name());
    let mut noticed = status.plan.notices.iter().flat_map(|notice| {
        let services = notice.services.iter().map(|one| one.service.cluster().name());
        services.chain(notice.tasks.iter().filter_map(|(_, task)| task.cluster.as_deref()))
    });
    if looked_at.any(|name| name == given)
        || planned.any(|name| name == given)
        || noticed.any(|name| name == given)
    {
        return Ok(given);
    }
    Err(FilterError::Cluster(given.to_owned()))
}
