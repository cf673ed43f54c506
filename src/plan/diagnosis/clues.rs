//! Everything that is known of a rollout, and the most telling of it.

use chrono::TimeDelta;

use super::finding::Finding;
use super::signs::{self, Sign};
use super::texts;
use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::fleet::{
    Deployment, DeploymentId, Description, Percents, PostMortem, Progress, Service,
    ServiceDeployment, StoppedTask, Strategy,
};
use crate::plan::ledger::{Attempt, Call};

/// An event that is so much younger than the last task that stopped tells more than the task.
const OVERTAKES: TimeDelta = TimeDelta::minutes(5);

/// What was seen so long before the last progress still belongs to what came after: readings are
/// that far apart.
const SLACK: TimeDelta = TimeDelta::minutes(1);

/// So many different texts are quoted where nothing is understood.
const QUOTED: usize = 3;

/// One attempt and what was seen of its service.
#[derive(Clone, Copy, Debug)]
pub struct Clues<'a> {
    pub attempt: &'a Attempt,
    pub service: &'a Service,
    pub now: Time,
}

impl<'a> Clues<'a> {
    /// What the rollout suffers from or suffered from. Total: where nothing is known, it is that.
    ///
    /// What the API says in figures comes before what it says in texts, and what goes wrong with a
    /// task before what goes wrong with all of them.
    pub fn find(&self) -> Finding {
        self.find_since(self.stands_since())
            .or_else(|| self.newest_sign(None))
            .unwrap_or_else(|| self.not_understood())
    }

    /// What keeps a rollout from going on that stands still: what went wrong before its last
    /// progress is over.
    pub fn find_of_standing(&self) -> Finding {
        self.find_since(self.stands_since()).unwrap_or_else(|| self.not_understood())
    }

    fn find_since(&self, since: Option<Time>) -> Option<Finding> {
        self.waits_for_person()
            .or_else(|| self.cannot_move())
            .or_else(|| self.protected(true))
            .or_else(|| self.newest_sign(since))
            .or_else(|| self.hindered())
            .or_else(|| self.protected(false))
    }

    /// The evidence that was gathered about this attempt.
    pub(super) fn found(&self) -> Option<&'a PostMortem> {
        self.service.post_mortem.as_ref().filter(|found| found.asked_at >= self.attempt.intent_at)
    }

    /// The tasks that stopped and that our deployment had launched, as far as that is known; the
    /// newest first.
    pub(super) fn stopped(&self) -> impl Iterator<Item = &'a StoppedTask> {
        // Tasks that CodeDeploy has made are started by their task set, whose id is another.
        let ours = self.ours().filter(|_| self.attempt.code_deploy.is_none());
        let intent_at = self.attempt.intent_at;
        let stopped = self.found().into_iter().flat_map(|found| &found.stopped);
        stopped.filter(move |task| match (&task.started_by, ours) {
            (Some(started_by), Some(ours)) => started_by == ours,
            _ => task.created_at.is_none_or(|created_at| created_at >= intent_at),
        })
    }

    /// The events that are not only routine, the newest first.
    pub(super) fn events(&self) -> impl Iterator<Item = &'a str> {
        let events = self.found().into_iter().flat_map(|found| &found.events);
        events.map(|event| event.message.as_str()).filter(|text| !texts::is_routine(text))
    }

    /// What ECS says of our service deployment as a whole.
    pub(super) fn deployment_reason(&self) -> Option<&'a str> {
        let listed = self.found()?.deployments.as_ref().ok()?;
        let named = match &self.attempt.call {
            Call::Accepted { service_deployment: Some(arn), .. } => {
                listed.iter().find(|one| one.arn == *arn)
            }
            _ => None,
        };
        let since = shift(self.attempt.intent_at, -SLACK);
        let made_since = |one: &&ServiceDeployment| one.created_at.is_some_and(|at| at >= since);
        let first = || listed.iter().filter(made_since).min_by_key(|one| one.created_at);
        named.or_else(first)?.reason.as_deref()
    }

    fn ours(&self) -> Option<&'a DeploymentId> {
        match &self.attempt.call {
            Call::Accepted { deployment, .. } => Some(deployment),
            Call::Unknown => None,
        }
    }

    fn description(&self) -> Option<&'a Description> {
        self.service.description.as_ref()
    }

    /// Our deployment, while it is PRIMARY.
    fn primary(&self) -> Option<&'a Deployment> {
        let ours = self.ours()?;
        self.description()?.primary().filter(|primary| primary.id == *ours)
    }

    /// Since when our deployment has made no progress.
    fn stands_since(&self) -> Option<Time> {
        let movement = self.service.movement.as_deref()?;
        (Some(movement.deployment()) == self.ours()).then(|| movement.since())
    }

    fn waits_for_person(&self) -> Option<Finding> {
        let is_newest = |progress: &&Progress| {
            let current =
                self.description().and_then(|seen| seen.current_service_deployment.as_ref());
            progress.asked_at >= self.attempt.intent_at && current == Some(&progress.arn)
        };
        let progress = self.service.progress.as_ref().filter(is_newest)?;
        let hook = progress.waits_for()?;
        Some(Finding::PauseHook { stage: progress.stage.clone(), expires_at: hook.expires_at })
    }

    /// Whether the percentages kept our deployment from launching anything at all.
    fn cannot_move(&self) -> Option<Finding> {
        let (description, primary) = (self.description()?, self.primary()?);
        let launched = primary.running_count + primary.pending_count + primary.failed_tasks > 0;
        let applies =
            description.strategy == Strategy::Rolling && description.deployments.len() > 1;
        (applies && !launched && !percents(description).can_move(description.desired_count))
            .then(|| percentages(description))
    }

    /// Old tasks that are protected. It is `certain` that they hold the rollout up only when all new
    /// tasks are there.
    fn protected(&self, certain: bool) -> Option<Finding> {
        let all_there = self.primary().is_some_and(|primary| {
            let desired = self.description().map_or(0, |description| description.desired_count);
            primary.running_count >= desired
        });
        if certain && !all_there {
            return None;
        }
        let before = &self.attempt.before.tasks;
        let old = self.found()?.protected.iter();
        let old = old.filter(|one| before.contains(&one.task) && one.until > self.now);
        let until = old.clone().map(|one| one.until).max()?;
        let tasks = u32::try_from(old.count()).ok();
        Some(Finding::ProtectedTasks { tasks, until: Some(until) })
    }

    /// The newest that tells of a cause, of what was seen since then. A task tells more than an
    /// event, and where both tell of the load balancer, the event knows why.
    fn newest_sign(&self, since: Option<Time>) -> Option<Finding> {
        let is_new = |at: Option<Time>| match (at, since) {
            (Some(at), Some(since)) => at >= shift(since, -SLACK),
            _ => true,
        };
        let new = |sign: &Sign| is_new(sign.at);
        let task = self.stopped().filter_map(signs::of_task).find(new);
        let events = self.found().into_iter().flat_map(|found| &found.events);
        let mut events = events
            .filter_map(|event| Some(Sign { at: event.at, finding: texts::read(&event.message)? }))
            .filter(|sign| new(sign) && !is_weak(&sign.finding));
        let event = events.next();
        match (task, event) {
            (Some(task), Some(event)) => Some(match event.at.zip(task.at) {
                Some((event_at, task_at)) if event_at - task_at > OVERTAKES => event.finding,
                _ => with_reason(task.finding, std::iter::once(event).chain(events)),
            }),
            (task, event) => Some(self.complete(task.or(event)?.finding)),
        }
    }

    /// What ECS says that holds up every task: it tells little of why ours do not come.
    fn hindered(&self) -> Option<Finding> {
        let events = self.found().into_iter().flat_map(|found| &found.events);
        let mut texts = events.map(|event| event.message.as_str()).chain(self.deployment_reason());
        let can_move =
            self.description().is_none_or(|seen| percents(seen).can_move(seen.desired_count));
        let finding = texts.find_map(|text| {
            texts::read(text).filter(|finding| !can_move || !is_about_percentages(finding))
        });
        finding.map(|finding| self.complete(finding))
    }

    /// Adds what the text of a finding does not say.
    fn complete(&self, finding: Finding) -> Finding {
        match (finding, self.description()) {
            (Finding::Percentages { .. }, Some(description)) => percentages(description),
            (Finding::NoCapacity { said, .. }, Some(Description { spot: true, .. })) => {
                Finding::NoCapacity { spot: true, said }
            }
            (finding, _) => finding,
        }
    }

    fn not_understood(&self) -> Finding {
        let stopped = self.stopped().filter(|task| !signs::is_told_to(task));
        let reasons = stopped.filter_map(|task| task.reason.as_deref().or(task.code.as_deref()));
        let mut said = Vec::new();
        for text in reasons.chain(self.events()).chain(self.deployment_reason()).map(texts::quote) {
            if !text.is_empty() && !said.contains(&text) {
                said.push(text);
            }
        }
        said.truncate(QUOTED);
        Finding::Unknown { said }
    }
}

/// Percentages that were changed since are no cause any more.
fn is_about_percentages(finding: &Finding) -> bool {
    matches!(finding, Finding::Percentages { .. })
}

/// Whether it says little about why a certain task did not come.
fn is_weak(finding: &Finding) -> bool {
    matches!(
        finding,
        Finding::Throttled { .. } | Finding::Percentages { .. } | Finding::ProtectedTasks { .. }
    )
}

fn percentages(description: &Description) -> Finding {
    let percents = percents(description);
    Finding::Percentages {
        minimum_healthy: percents.minimum_healthy,
        maximum: percents.maximum,
        desired: description.desired_count,
    }
}

/// The load balancer's own reason, which only events hold.
fn with_reason(finding: Finding, events: impl Iterator<Item = Sign>) -> Finding {
    let Finding::LoadBalancerHealthCheck { why: None, said } = finding else { return finding };
    let why = events.into_iter().find_map(|sign| match sign.finding {
        Finding::LoadBalancerHealthCheck { why, .. } => why,
        _ => None,
    });
    Finding::LoadBalancerHealthCheck { why, said }
}

/// What the service states, or what ECS takes for it.
fn percents(description: &Description) -> Percents {
    description.percents.unwrap_or(Percents::DEFAULT)
}
