//! What the loop says: logs, counters, announcements and the published status.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::Reconciler;
use super::clusters::statuses;
use super::execute::{StepEnd, Stepped};
use super::status::Status;
use crate::metrics::Label;
use crate::plan::Plan;
use crate::plan::diagnosis::Finding;
use crate::plan::fleet::{ClusterLook, Problem};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Call, Finished, Outcome};
use crate::plan::notice::{EndedBy, Retirement};
use crate::plan::rescue::RescueAnswer;
use crate::plan::verdict::{Reason, Verdict, VerdictKind};
use crate::plan::words::Span;

impl Reconciler {
    /// Shows the newest plan to whoever watches.
    pub(super) fn publish(&self) {
        self.status.send_replace(Status {
            plan: Arc::clone(&self.plan),
            policies: Arc::clone(&self.policies),
            clusters: Arc::new(statuses(&self.fleet)),
            readiness: self.readiness(),
            problems: Arc::new(self.problems()),
            last_look_at: self.last_look_at,
            config_valid: self.config_valid,
            leader: self.role.acts(),
            lease: self.lease_status(),
            preflight: Arc::clone(&self.preflight),
        });
    }

    /// What is wrong with the observation as a whole, in sentences.
    fn problems(&self) -> Vec<String> {
        let empty = self.empty_policies.iter().map(|name| selects_nothing(name));
        let events =
            self.queue_problem.iter().map(|problem| format!("events are not received: {problem}"));
        self.clusters.problems().into_iter().chain(events).chain(empty).collect()
    }

    /// Logs which policies turned out to own no service: a slip in a pattern would go unnoticed.
    pub(super) fn report_empty_policies(&mut self) {
        if !self.clusters.all_looked_at(&self.fleet) {
            return;
        }
        let policies = self.plan.policies.iter();
        let empty: BTreeSet<_> = policies
            .filter(|policy| policy.services.values().all(|number| *number == 0))
            .map(|policy| policy.name.clone())
            .collect();
        for name in empty.difference(&self.empty_policies) {
            tracing::warn!(policy = %name, "{}", selects_nothing(name));
        }
        self.empty_policies = empty;
    }

    /// Logs the verdicts that changed for a reader: a service that is held now, or no longer is.
    pub(super) fn report(&self, plan: &Plan) {
        let mut before = self.plan.verdicts.iter().peekable();
        for (service, verdict) in &plan.verdicts {
            while before.next_if(|(key, _)| key < service).is_some() {}
            let known = before.next_if(|(key, _)| key == service).map(|(_, verdict)| verdict);
            report_standing(service, known, verdict);
            let (was, is) = (known.map(held), held(verdict));
            match (was, is) {
                (Some(Some(was)), Some(is)) if was == is => {}
                (_, Some(_)) => tracing::warn!(
                    %service,
                    policy = %verdict.policy,
                    reason = verdict.reason.label(),
                    "{service} is held: {verdict}"
                ),
                (Some(Some(_)), None) => tracing::info!(
                    %service,
                    policy = %verdict.policy,
                    reason = verdict.reason.label(),
                    "{service} is no longer held: {verdict}"
                ),
                (_, None) => {}
            }
        }
    }

    /// Logs which services will hardly be refreshed before AWS retires their tasks, once for each.
    /// Whoever asks for a refresh by hand asked about one service only.
    pub(super) fn report_risks(&mut self, plan: &Plan) {
        if self.policies.by_hand.is_some() {
            return;
        }
        let news = self.risks.news(plan);
        for (service, verdict, ahead) in news.begun {
            let sentence = match ahead.missed {
                true => "was not refreshed in time",
                false => "will hardly be refreshed in time",
            };
            tracing::warn!(
                %service, policy = %verdict.policy, notice = %ahead.event.arn,
                "{service} {sentence}: {ahead}"
            );
        }
        if news.begun_unnamed > 0 {
            tracing::warn!(
                services = news.begun_unnamed,
                "{} more services will not be refreshed in time either, before AWS retires their \
                 tasks; /api/v1/status has all of them",
                news.begun_unnamed
            );
        }
        for (service, verdict) in news.over {
            tracing::info!(
                %service, policy = %verdict.policy,
                "{service} will be refreshed in time after all, before AWS retires its tasks"
            );
        }
    }

    /// Logs what is wrong with finding the clusters, or that nothing is any more.
    pub(super) fn report_clusters(&self) {
        let problems = self.clusters.problems();
        for problem in &problems {
            let resync = Span(self.resync);
            tracing::warn!("{problem}; asked again every {resync}");
        }
        if problems.is_empty() {
            tracing::info!("all clusters that the policies name were found");
        }
    }

    /// Logs a look that was not complete or took longer than it should.
    pub(super) fn report_look(&self, look: &ClusterLook, took: Duration) {
        let cluster = &look.cluster;
        let known = self.fleet.cluster(cluster).and_then(|view| view.problem.as_ref());
        match &look.problem {
            Some(problem) if known.is_none_or(|known| known.message != problem.message) => {
                tracing::warn!(
                    %cluster,
                    class = problem.class.label(),
                    "cluster {cluster} could not be read completely: {problem}"
                );
            }
            Some(_) => {}
            None if known.is_some() => {
                tracing::info!(%cluster, "cluster {cluster} can be read again")
            }
            None => {}
        }
        if took > self.resync {
            tracing::warn!(
                %cluster,
                took_seconds = took.as_secs(),
                "a look at cluster {cluster} took {}, longer than resync = {}: changes go unseen for \
                 that long; raise api_share or resync",
                Span(took),
                Span(self.resync)
            );
        }
    }

    /// Logs and counts what became of a step.
    pub(super) fn report_step(&self, stepped: &Stepped) {
        let service = &stepped.service;
        match &stepped.end {
            StepEnd::Accepted => {
                if let Some(attempt) = &stepped.record.open
                    && let Call::Accepted { deployment, .. } = &attempt.call
                {
                    tracing::info!(
                        %service, policy = %attempt.policy, attempt = %attempt.id, %deployment,
                        cause = attempt.cause.label(), before = %attempt.before.primary,
                        "started refreshing {service}: deployment {deployment}"
                    );
                    self.announce_started(attempt);
                }
            }
            StepEnd::Refused(problem) => tracing::warn!(
                %service, class = problem.class.label(),
                "refresh of {service} was refused, nothing was started: {problem}"
            ),
            StepEnd::Unknown(problem) => tracing::warn!(
                %service, class = problem.class.label(),
                "it is not known whether the refresh of {service} was accepted ({problem}); \
                 watching its deployments"
            ),
            StepEnd::TooLate => {
                tracing::debug!(%service, "what was to be asked for came too late and was not sent")
            }
            StepEnd::AskedToRollBack(problem) => report_rollback(stepped, problem.as_ref()),
            StepEnd::NotStored(error) => {
                tracing::error!(%service, %error, "the ledger could not be written: {error}");
            }
            StepEnd::Saved => self.report_saved(stepped),
            StepEnd::Followed => self.report_followed(stepped),
        }
    }

    /// Logs which notices about the service are satisfied now, and by whom, or open again.
    fn report_followed(&self, stepped: &Stepped) {
        let service = &stepped.service;
        let record = self.ledger.records.get(service);
        let before = record.map_or(&[][..], |record| &record.retirements);
        for retirement in &stepped.record.retirements {
            // Those that no notice named are told apart by when they were first seen.
            let which = |one: &Retirement| {
                (one.event.clone(), one.event.is_none().then_some(one.noticed_at))
            };
            let known = before.iter().find(|known| which(known) == which(retirement));
            if let Some(news) = retirement_news(known, retirement) {
                let notice =
                    retirement.event.as_ref().map(|event| tracing::field::display(&event.arn));
                tracing::info!(%service, notice, "retirement of tasks of {service}: {news}");
            }
        }
    }

    /// A record that was saved without a call tells of an attempt, or of what became of a notice
    /// only: that changes nothing about any attempt.
    fn report_saved(&self, stepped: &Stepped) {
        let Stepped { service, record, .. } = stepped;
        let before = self.ledger.records.get(service).and_then(|record| record.open.as_ref());
        let Some(before) = before else { return };
        match (&record.open, &record.last) {
            (Some(attempt), _) if attempt.call != before.call => {
                tracing::info!(
                    %service, attempt = %attempt.id,
                    "adopted the rollout of {service}: the call had been accepted"
                );
                self.announce_started(attempt);
            }
            (Some(attempt), _) if attempt.moved_at.is_some() && before.moved_at.is_none() => {
                tracing::info!(
                    %service, attempt = %attempt.id,
                    "production traffic of {service} has moved to the new tasks"
                );
            }
            (Some(_), _) => {}
            (None, Some(last)) if before.id == last.attempt.id => {
                self.outcomes.refresh_ended(last);
                log_finished(last);
                self.announce_finished(last);
            }
            (None, _) => tracing::info!(
                %service, "the call for {service} was not accepted: nothing was started"
            ),
        }
    }
}

/// Logs what became of the one request to roll a rollout back.
fn report_rollback(stepped: &Stepped, problem: Option<&Problem>) {
    let service = &stepped.service;
    let Some(attempt) = &stepped.record.open else { return };
    let Some(rescue) = &attempt.rescue else { return };
    let (policy, why) = (&attempt.policy, &rescue.why);
    match (&rescue.answer, problem) {
        (RescueAnswer::Accepted, _) => tracing::warn!(
            %service, %policy, attempt = %attempt.id, deployment = %rescue.service_deployment,
            "refresh of {service} timed out, and ECS rolls it back as on_failure says: {why}"
        ),
        (RescueAnswer::Refused { problem }, _) => tracing::warn!(
            %service, %policy, attempt = %attempt.id, class = problem.class.label(),
            "refresh of {service} timed out, and its rollback was refused: {problem}"
        ),
        (RescueAnswer::Unknown, problem) => tracing::warn!(
            %service, %policy, attempt = %attempt.id,
            "refresh of {service} timed out, and it is not known whether its rollback was accepted \
             ({}); watching its deployments",
            problem.map_or_else(String::new, ToString::to_string)
        ),
    }
}

/// What there is to log about a notice of a service, now that `after` is remembered and not `before`.
fn retirement_news(before: Option<&Retirement>, after: &Retirement) -> Option<String> {
    let ended = before.and_then(|before| before.ended.as_ref()).map(|ended| ended.by);
    if let Some(now) = &after.ended
        && ended.is_none()
    {
        return Some(match (now.by, &after.event) {
            (EndedBy::Refresh, _) => "our refresh replaced its tasks".to_owned(),
            (EndedBy::Deploy, _) => "a deploy replaced its tasks".to_owned(),
            (EndedBy::Aws, Some(_)) => "AWS replaced its tasks".to_owned(),
            (EndedBy::Aws, None) => "AWS replaced tasks that no notice had named".to_owned(),
            (EndedBy::ScaledToZero, _) => "it was scaled to zero".to_owned(),
        });
    }
    let raised = before.and_then(|before| before.raised.as_ref());
    let task = after.raised.as_ref().filter(|raised_now| raised != Some(raised_now))?.task;
    Some(format!("not over: AWS stopped task {task}, which is newer than the notice"))
}

fn selects_nothing(policy: &str) -> String {
    format!("policy {policy} selects no Fargate service: look at its clusters, names and tags")
}

fn held(verdict: &Verdict) -> Option<&'static str> {
    (verdict.reason.kind() == VerdictKind::Hold).then(|| verdict.reason.label())
}

fn log_finished(finished: &Finished) {
    let Finished { attempt, outcome, diagnosis, finding, .. } = finished;
    let hint = finding.as_ref().map(Finding::hint);
    let finding = finding.as_ref().map(Finding::label);
    let (service, took) = (&attempt.service, finished.duration());
    match outcome {
        Outcome::Succeeded | Outcome::Superseded => tracing::info!(
            %service, policy = %attempt.policy, attempt = %attempt.id, outcome = outcome.label(),
            took_seconds = took.as_secs(), %diagnosis,
            "refresh of {service} {} after {}: {diagnosis}", outcome.label(), Span(took)
        ),
        Outcome::RolledBack | Outcome::Failed | Outcome::TimedOut => tracing::error!(
            %service, policy = %attempt.policy, attempt = %attempt.id, outcome = outcome.label(),
            took_seconds = took.as_secs(), %diagnosis, finding, hint,
            "refresh of {service} {} after {}: {diagnosis}", outcome.label(), Span(took)
        ),
    }
}

/// What kept a rollout of ours from going on when it was looked at closely, in one word.
fn standing(verdict: &Verdict) -> Option<&'static str> {
    let finding = verdict.finding.as_deref().map(Finding::label);
    finding.filter(|_| matches!(verdict.reason, Reason::OurRollout { .. }))
}

/// Logs that a rollout of ours is held up, once for each finding, and that it no longer is.
fn report_standing(service: &ServiceKey, known: Option<&Verdict>, verdict: &Verdict) {
    let (was, is) = (known.and_then(standing), standing(verdict));
    match &verdict.finding {
        Some(finding) if is.is_some() && was != is => tracing::warn!(
            %service, policy = %verdict.policy, finding = finding.label(), hint = finding.hint(),
            "the rollout of {service} is held up: {finding}; to do: {}", finding.hint()
        ),
        _ if was.is_some() && is.is_none() && verdict.reason.kind() == VerdictKind::Rolling => {
            tracing::info!(
                %service, policy = %verdict.policy,
                "the rollout of {service} is no longer held up: {}", verdict.reason
            );
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::plan::fleet::TaskId;
    use crate::plan::notice::{Ended, EventKey, Raised, TaskSample};

    fn at(second: i64) -> Time {
        Time::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn open() -> Retirement {
        Retirement {
            event: Some(EventKey { account: "123456789012".into(), arn: "one".into() }),
            noticed_at: at(0),
            before: TaskSample::default(),
            raised: None,
            ended: None,
        }
    }

    fn ended(by: EndedBy) -> Retirement {
        let ended = Ended { by, at: at(60), after: TaskSample::default() };
        Retirement { ended: Some(ended), ..open() }
    }

    fn raised() -> Retirement {
        let raised = Raised { cutoff: at(10), task: TaskId::plain(1), stopped_at: at(90) };
        Retirement { raised: Some(raised), ..open() }
    }

    #[test]
    fn the_end_of_a_notice_is_news_once_and_so_is_that_it_was_none() {
        let unnamed = Retirement { event: None, ..ended(EndedBy::Aws) };
        let raised_and_ended = Retirement { raised: raised().raised, ..ended(EndedBy::Aws) };
        for (before, after, expected) in [
            (None, open(), None),
            (Some(open()), open(), None),
            (None, ended(EndedBy::Deploy), Some("a deploy")),
            (Some(open()), ended(EndedBy::Refresh), Some("our refresh")),
            (Some(open()), ended(EndedBy::Deploy), Some("a deploy")),
            (Some(open()), ended(EndedBy::Aws), Some("AWS replaced its tasks")),
            (Some(open()), ended(EndedBy::ScaledToZero), Some("scaled to zero")),
            (Some(ended(EndedBy::Aws)), ended(EndedBy::Aws), None),
            (Some(ended(EndedBy::Aws)), raised(), Some("not over")),
            (Some(raised()), raised(), None),
            (Some(raised()), raised_and_ended.clone(), Some("AWS replaced its tasks")),
            (Some(raised_and_ended.clone()), raised_and_ended, None),
            (None, unnamed.clone(), Some("no notice had named")),
            (Some(unnamed.clone()), unnamed, None),
        ] {
            let news = retirement_news(before.as_ref(), &after);
            let as_expected = match (&news, expected) {
                (Some(news), Some(expected)) => news.contains(expected),
                (news, expected) => news.is_none() == expected.is_none(),
            };
            assert!(as_expected, "{before:?} to {after:?}: {news:?}");
        }
    }
}
