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
use crate::plan::fleet::ClusterLook;
use crate::plan::ledger::{Call, Finished, Outcome};
use crate::plan::verdict::{Verdict, VerdictKind};
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
            leader: true,
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

    /// Logs what is wrong with finding the clusters, or that nothing is any more.
    pub(super) fn report_clusters(&self) {
        let problems = self.clusters.problems();
        for problem in &problems {
            tracing::warn!("{problem}");
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
                tracing::debug!(%service, "the start came too late and was not sent")
            }
            StepEnd::NotStored(error) => {
                tracing::error!(%service, %error, "the ledger could not be written: {error}");
            }
            StepEnd::Saved => self.report_saved(stepped),
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

fn selects_nothing(policy: &str) -> String {
    format!("policy {policy} selects no Fargate service: look at its clusters, names and tags")
}

fn held(verdict: &Verdict) -> Option<&'static str> {
    (verdict.reason.kind() == VerdictKind::Hold).then(|| verdict.reason.label())
}

fn log_finished(finished: &Finished) {
    let Finished { attempt, outcome, diagnosis, .. } = finished;
    let (service, took) = (&attempt.service, finished.duration());
    match outcome {
        Outcome::Succeeded | Outcome::Superseded => tracing::info!(
            %service, policy = %attempt.policy, attempt = %attempt.id, outcome = outcome.label(),
            took_seconds = took.as_secs(), %diagnosis,
            "refresh of {service} {} after {}: {diagnosis}", outcome.label(), Span(took)
        ),
        Outcome::RolledBack | Outcome::Failed | Outcome::TimedOut => tracing::error!(
            %service, policy = %attempt.policy, attempt = %attempt.id, outcome = outcome.label(),
            took_seconds = took.as_secs(), %diagnosis,
            "refresh of {service} {} after {}: {diagnosis}", outcome.label(), Span(took)
        ),
    }
}
