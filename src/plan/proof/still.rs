//! Rollouts that stand still: when to look closer, and what is said then.

use chrono::TimeDelta;

use super::{Case, stages};
use crate::plan::due::shift;
use crate::plan::fleet::Movement;
use crate::plan::ledger::Call;
use crate::plan::step::Depth;
use crate::plan::verdict::Note;

/// Without progress for so long, a rollout stands still. Pulling an image and becoming healthy takes
/// a few minutes, and so does draining the connections of old tasks: 300 s where nothing else is set.
const STANDS_STILL: TimeDelta = TimeDelta::minutes(10);

/// The longest time between two close looks at a rollout that stands still.
const LOOK_AGAIN_MAX: TimeDelta = TimeDelta::hours(1);

/// The depth of the next look: a close one when it has stood still for ten minutes, and again when
/// that time has doubled, for what is read costs several calls for each service.
pub fn depth(case: &Case<'_>, usual: Depth) -> Depth {
    let Some(movement) = standing(case) else { return usual };
    let looked_at = looked_at(case, movement);
    let again = looked_at.map_or(STANDS_STILL, |at| (at - movement.since()).min(LOOK_AGAIN_MAX));
    let from = looked_at.unwrap_or_else(|| movement.since());
    if case.description.described_at < shift(from, again.max(STANDS_STILL)) {
        return usual;
    }
    usual.max(case.post_mortem_depth())
}

/// That it stands still, and why, once that was looked at.
pub fn note(case: &Case<'_>) -> Option<Note> {
    let movement = standing(case)?;
    looked_at(case, movement)?;
    let since = (case.description.described_at - movement.since()).to_std().ok()?;
    let finding = Box::new(case.clues().find_of_standing());
    Some(Note::StandsStill { since, finding })
}

/// When its evidence was gathered last since it stands still.
fn looked_at(case: &Case<'_>, movement: &Movement) -> Option<crate::clock::Time> {
    let asked_at = case.service.post_mortem.as_ref()?.asked_at;
    (asked_at >= shift(movement.since(), STANDS_STILL)).then_some(asked_at)
}

/// How far our deployment got, if it has stood still since for ten minutes and is not to.
fn standing<'a>(case: &Case<'a>) -> Option<&'a Movement> {
    let movement = case.service.movement.as_deref()?;
    let Call::Accepted { deployment, .. } = &case.attempt.call else { return None };
    let is_ours = movement.deployment() == deployment;
    let long = case.description.described_at - movement.since() >= STANDS_STILL;
    (is_ours && long && !waits(case)).then_some(movement)
}

/// Whether it does nothing that should be over: it waits in a stage that takes its time, or all new
/// tasks run and the old ones only drain, or alarms are watched.
fn waits(case: &Case<'_>) -> bool {
    let description = case.description;
    let running = |primary: bool| {
        let counts = description.deployments.iter().filter(move |one| one.primary == primary);
        counts.map(|one| one.running_count).fold(0, u32::saturating_add)
    };
    let all_there = running(true) >= description.desired_count;
    let only_drains = running(false) == 0 && description.pending_count == 0;
    stages::waits(case) || (all_there && (only_drains || stages::are_unseen(case)))
}
