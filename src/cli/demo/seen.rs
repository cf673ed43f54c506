//! What there was to see so far: the verdicts that were shown and the outcomes that were recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::plan::key::ServiceKey;
use crate::plan::ledger::{AttemptId, Ledger, Outcome};
use crate::plan::notice::EndedBy;
use crate::plan::verdict::{Note, Reason, Verdict, VerdictKind};
use crate::plan::{RetirementState, TaskState};
use crate::reconciler::status::Status;

/// One thing to look out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    Outcome(Outcome),
    /// A reason, by its label.
    Reason(&'static str),
    /// A refresh that passes through stages.
    Stage,
    /// A refresh that waits for a person.
    Person,
    /// How a notice stands for a service.
    Retirement(RetirementState),
    /// A task under a notice.
    Task(TaskState),
}

/// What the demo promises to show within three minutes, in words.
pub const PROMISED: &[(Sight, &str)] = &[
    (Sight::Outcome(Outcome::Succeeded), "refreshed"),
    (Sight::Outcome(Outcome::Superseded), "superseded by somebody"),
    (Sight::Outcome(Outcome::RolledBack), "rolled back"),
    (Sight::Outcome(Outcome::Failed), "failed"),
    (Sight::Outcome(Outcome::TimedOut), "timed out"),
    (Sight::Stage, "shifted its traffic"),
    (Sight::Person, "waited for a person"),
    (Sight::Reason("window_closed"), "waited for its window"),
    (Sight::Reason("turn"), "waited for its turn"),
    (Sight::Reason("not_steady"), "waited to be steady"),
    (Sight::Reason("frozen"), "waited for a freeze to end"),
    (Sight::Reason("hold_tag"), "held by its owner's tag"),
    (Sight::Reason("policy_disabled"), "held, policy disabled"),
    (Sight::Reason("policy_stopped"), "held, policy stopped"),
    (Sight::Reason("failed_primary"), "held, PRIMARY has failed"),
    (Sight::Reason("age_unknown"), "held, age unknown"),
    (Sight::Reason("code_deploy_opt_in"), "held, CodeDeploy's"),
    (Sight::Reason("preflight_image_exists"), "held, its image is gone"),
    (Sight::Reason("somebodys_rollout"), "left to roll by itself"),
    (Sight::Reason("nothing_to_replace"), "nothing to replace"),
    (
        Sight::Retirement(RetirementState::Satisfied(EndedBy::Refresh)),
        "refreshed before retirement",
    ),
    (Sight::Retirement(RetirementState::Unmanaged), "left to AWS, no policy"),
    (Sight::Task(TaskState::Standalone), "stopped by AWS, no service"),
];

/// What was seen, and of which services.
#[derive(Debug, Default)]
pub struct Seen {
    sights: BTreeMap<Sight, BTreeSet<String>>,
    kinds: BTreeSet<VerdictKind>,
    /// The reason that each service had last, by its label, and the stage of its refresh.
    last: BTreeMap<ServiceKey, (&'static str, Option<Arc<str>>)>,
    stages: BTreeSet<Arc<str>>,
    attempts: BTreeMap<AttemptId, Outcome>,
}

impl Seen {
    /// Takes in the newest state. Returns the verdicts that changed since the one before.
    pub fn take<'a>(
        &mut self,
        status: &'a Status,
        ledger: &Ledger,
    ) -> Vec<&'a (ServiceKey, Verdict)> {
        for last in ledger.records.values().filter_map(|record| record.last.as_ref()) {
            self.note(Sight::Outcome(last.outcome), &last.attempt.service);
            self.attempts.insert(last.attempt.id.clone(), last.outcome);
        }
        for notice in &status.plan.notices {
            for affected in &notice.services {
                self.note(Sight::Retirement(affected.state), &affected.service);
            }
            for (_, task) in &notice.tasks {
                let cluster = task.cluster.as_deref().unwrap_or("?");
                self.note(Sight::Task(task.state()), format_args!("a task of {cluster}"));
            }
        }
        let mut changed = Vec::new();
        for entry in &status.plan.verdicts {
            let (service, verdict) = entry;
            let label = verdict.reason.label();
            self.note(Sight::Reason(label), service);
            self.kinds.insert(verdict.reason.kind());
            let note = note(verdict);
            let sight = note.map(|note| match note {
                Note::Person { .. } => Sight::Person,
                _ => Sight::Stage,
            });
            sight.into_iter().for_each(|sight| self.note(sight, service));
            let stage = note.and_then(stage);
            self.stages.extend(stage.cloned());
            let newest = (label, stage.cloned());
            let last = self.last.insert(service.clone(), newest.clone());
            if last.is_some_and(|last| last != newest) {
                changed.push(entry);
            }
        }
        changed
    }

    fn note(&mut self, sight: Sight, what: impl ToString) {
        self.sights.entry(sight).or_default().insert(what.to_string());
    }

    /// Of which services or tasks it was seen.
    pub fn services(&self, sight: Sight) -> impl Iterator<Item = &String> {
        self.sights.get(&sight).into_iter().flatten()
    }

    /// The kinds of verdict that were seen.
    pub fn kinds(&self) -> &BTreeSet<VerdictKind> {
        &self.kinds
    }

    /// The stages that were seen, as ECS writes them.
    pub fn stages(&self) -> &BTreeSet<Arc<str>> {
        &self.stages
    }

    /// How many refreshes ended.
    pub fn refreshes(&self) -> usize {
        self.attempts.len()
    }
}

/// What a refresh under way waits for.
fn note(verdict: &Verdict) -> Option<&Note> {
    match &verdict.reason {
        Reason::OurRollout { note, .. } => note.as_ref(),
        _ => None,
    }
}

fn stage(note: &Note) -> Option<&Arc<str>> {
    match note {
        Note::Stage { stage, .. } => Some(stage),
        Note::Person { stage, .. } => stage.as_ref(),
        Note::Protected { .. }
        | Note::StandsStill { .. }
        | Note::OldTasksLinger { .. }
        | Note::CodeDeploy { .. }
        | Note::Ready { .. } => None,
    }
}

/// Whether a refresh passes through stages.
pub fn is_staged(verdict: &Verdict) -> bool {
    note(verdict).and_then(stage).is_some()
}
