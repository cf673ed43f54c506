//! The checks of every service that is due within days, for people, and what has to be read for them.

use std::collections::{BTreeSet, HashMap};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use chrono::TimeDelta;

use super::in_plan::subject;
use super::{Check, Outcome, Subject};
use crate::clock::Time;
use crate::plan::Plan;
use crate::plan::due::{add, shift};
use crate::plan::fleet::Fleet;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Cause, Ledger};
use crate::plan::policy::Policies;
use crate::plan::schedule::Span;
use crate::plan::standing::Standing;
use crate::plan::surroundings::{Repository, Surroundings, Tier, Want};
use crate::plan::verdict::{Reason, Verdict, VerdictKind};

/// Services that are due within so long are looked at.
pub const AHEAD: TimeDelta = TimeDelta::days(7);

/// So many calls for each kind of thing are asked for at a time, so that a pass takes seconds at a quarter
/// of AWS's rates. The others are asked for when these are known.
const CALLS_MAX: usize = 40;

/// Looks at clusters whose services have an image in common follow one another as they come: it is read
/// again after this.
const LOOKS_APART: TimeDelta = TimeDelta::seconds(20);

/// What the checks of one service say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preflight {
    pub policy: Arc<str>,
    /// When it is due, or has been since.
    pub due_at: Time,
    /// In the order in which they matter.
    pub checks: Vec<Check>,
}

impl Preflight {
    /// The worst of its results.
    pub fn outcome(&self) -> Outcome {
        self.checks.iter().map(|check| check.outcome).max().unwrap_or(Outcome::Pass)
    }
}

/// What the checks say of all services that are due within [`AHEAD`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// In the order of the keys.
    pub services: Vec<(ServiceKey, Preflight)>,
    /// What has to be read before they say more. Empty when all of it is known.
    pub wants: BTreeSet<Want>,
}

impl Report {
    /// What the checks of one service say, if it is due within days.
    pub fn of(&self, service: &ServiceKey) -> Option<&Preflight> {
        let found = self.services.binary_search_by(|(key, _)| key.cmp(service)).ok()?;
        Some(&self.services[found].1)
    }
}

/// Checks every service that is due within [`AHEAD`] by `plan`, which was made of the same; or those
/// only that are `asked` about, whether they are due or not.
pub fn report(
    policies: &Policies,
    fleet: &Fleet,
    ledger: &Ledger,
    plan: &Plan,
    asked: Option<&dyn Fn(&ServiceKey) -> bool>,
) -> Report {
    let now = plan.now;
    let standings = Standing::of_all(policies, ledger, now);
    let coming: Vec<_> = standings.iter().map(|standing| Coming::of(standing, now)).collect();
    let known = fleet.surroundings();
    let mut services = Vec::new();
    let mut wants = Wants::new(known, now);
    let mut texts = Texts::default();
    for (key, verdict) in &plan.verdicts {
        let position = standings.iter().position(|one| one.policy.name == verdict.policy);
        let (Some(position), Some(service)) = (position, fleet.service(key)) else { continue };
        let standing = &standings[position];
        let due_at = match asked {
            None => due_at(standing, &coming[position], verdict, now),
            Some(asked) => {
                asked(key).then(|| too_old_at(standing, verdict).unwrap_or(now).max(now))
            }
        };
        let Some(due_at) = due_at.filter(|_| can_be_refreshed(verdict)) else { continue };
        let record = ledger.records.get(key);
        let Some(subject) = subject(policies, service, standing, record, known, now) else {
            continue;
        };
        let looked_at = fleet.cluster(key.cluster()).and_then(|cluster| cluster.complete_at);
        wants.add(subject.wants(), Tier::Ahead, looked_at);
        let checks = subject.checks();
        if could_start(standing, verdict) {
            // What it is held by is read as often as before a start, or it would be held long after.
            let subject = Subject { tier: Tier::Start, ..subject };
            for check in checks.iter().filter(|check| check.outcome == Outcome::Hold) {
                wants.add(subject.wants_of(check.name), Tier::Start, None);
            }
        }
        let checks = checks.into_iter().map(|check| texts.share(check)).collect();
        services.push((key.clone(), Preflight { policy: verdict.policy.clone(), due_at, checks }));
    }
    Report { services, wants: wants.first() }
}

/// The windows of one policy within [`AHEAD`], and when the one after each opens.
struct Coming(Vec<(Span, Time)>);

impl Coming {
    fn of(standing: &Standing<'_>, now: Time) -> Self {
        let until = shift(now, AHEAD);
        let mut spans = standing.policy.schedule.spans_from(now).peekable();
        let mut coming = Vec::new();
        while let Some(span) = spans.next_if(|span| span.opens <= until) {
            let next = spans.peek().map_or(Time::MAX_UTC, |next| next.opens);
            coming.push((span, next));
        }
        Self(coming)
    }

    /// In which of them, or from when on, a task that is created then makes its service due: no task is to
    /// grow too old before the window after. Without windows age alone does.
    fn due_at(&self, standing: &Standing<'_>, too_old_at: Time, now: Time) -> Option<Time> {
        if standing.view.always {
            return (too_old_at <= shift(now, AHEAD)).then_some(too_old_at);
        }
        let due = self.0.iter().find(|(_, next)| too_old_at < *next);
        due.map(|(span, _)| span.opens.max(now))
    }
}

/// When the service is due, if it is within [`AHEAD`].
fn due_at(standing: &Standing<'_>, coming: &Coming, verdict: &Verdict, now: Time) -> Option<Time> {
    let soon = || coming.due_at(standing, too_old_at(standing, verdict)?, now);
    let by_retirement = || verdict.retirement.as_ref().map(|_| now);
    let since = verdict.due.map(|due| due.since);
    since.or_else(soon).or_else(by_retirement)
}

fn too_old_at(standing: &Standing<'_>, verdict: &Verdict) -> Option<Time> {
    Some(add(verdict.oldest_created_at?, standing.policy.max_task_age?))
}

/// A rollout under way is not looked at: it is too late for that.
fn can_be_refreshed(verdict: &Verdict) -> bool {
    let never = matches!(
        verdict.reason,
        Reason::NothingToReplace | Reason::ExternalController | Reason::PolicyDisabled
    );
    verdict.reason.kind() != VerdictKind::Rolling && !never
}

/// Whether nothing but a check keeps the service from its start.
fn could_start(standing: &Standing<'_>, verdict: &Verdict) -> bool {
    let by_retirement = verdict.due.is_some_and(|due| due.cause == Cause::Retirement);
    let held = matches!(verdict.reason, Reason::Preflight(_));
    held && (standing.view.allowed_until.is_some() || by_retirement)
}

/// The sentences and hints of a report. Of thousands of services much the same is said, and the report is
/// kept.
#[derive(Default)]
struct Texts(BTreeSet<Arc<str>>);

impl Texts {
    fn share(&mut self, check: Check) -> Check {
        let sentence = self.shared(check.sentence);
        let hint = check.hint.map(|hint| self.shared(hint));
        Check { sentence, hint, ..check }
    }

    fn shared(&mut self, text: Arc<str>) -> Arc<str> {
        match self.0.get(&text) {
            Some(known) => known.clone(),
            None => {
                self.0.insert(text.clone());
                text
            }
        }
    }
}

/// What is not known, the longest unread first.
struct Wants<'a> {
    known: &'a Surroundings,
    now: Time,
    unknown: BTreeSet<(Option<Time>, Want)>,
}

impl<'a> Wants<'a> {
    fn new(known: &'a Surroundings, now: Time) -> Self {
        Self { known, now, unknown: BTreeSet::new() }
    }

    /// Takes in what is not known for that purpose. Images are read anew after each look at their
    /// service, so that what became of them is told by then.
    fn add(&mut self, wants: BTreeSet<Want>, tier: Tier, looked_at: Option<Time>) {
        let is_old = |want: &Want| {
            let image = matches!(want, Want::Image(_)) && tier == Tier::Ahead;
            image
                && self.known.asked_at(want).is_some_and(|asked_at| {
                    Some(asked_at) < looked_at && self.now - asked_at >= LOOKS_APART
                })
        };
        let unknown =
            wants.into_iter().filter(|w| is_old(w) || !self.known.knows(w, tier, self.now));
        self.unknown.extend(unknown.map(|want| (self.known.read_at(&want), want)));
    }

    /// As many of them as a pass should read.
    fn first(self) -> BTreeSet<Want> {
        let mut first = BTreeSet::new();
        let mut calls: HashMap<Discriminant<Call>, BTreeSet<Call>> = HashMap::new();
        for (_, want) in self.unknown {
            let call = Call::of(&want);
            let made = calls.entry(discriminant(&call)).or_default();
            if made.len() < CALLS_MAX || made.contains(&call) {
                made.insert(call);
                first.insert(want);
            }
        }
        first
    }
}

/// The call that a want costs, as far as it is not shared by all wants of its kind.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    TaskDefinition(Arc<str>),
    TargetGroup(Arc<str>),
    TargetHealth(Arc<str>),
    Group(ServiceKey),
    Images(Repository),
    Lifecycle(Repository),
    Protection(ServiceKey),
    /// Everything of the kind costs a few calls together.
    Together,
}

impl Call {
    fn of(want: &Want) -> Self {
        match want {
            Want::TaskDefinition(arn) => Self::TaskDefinition(arn.clone()),
            Want::TargetGroup(arn) => Self::TargetGroup(arn.clone()),
            Want::TargetHealth(arn) => Self::TargetHealth(arn.clone()),
            Want::CodeDeployGroup(service, _) => Self::Group(service.clone()),
            Want::Image(id) => Self::Images(id.repository.clone()),
            Want::Lifecycle(repository) => Self::Lifecycle(repository.clone()),
            Want::Protection(service, _) => Self::Protection(service.clone()),
            Want::PullThrough | Want::Alarm(_) | Want::FargateQuota(_) | Want::Subnet(_) => {
                Self::Together
            }
        }
    }
}
