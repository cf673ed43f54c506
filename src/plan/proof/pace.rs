//! How often a rollout is looked at.
//!
//! An end is to be seen at most fifteen seconds after it has come, and a look is not to cost what it
//! cannot bring. So what matters is what can have ended by the next look:
//!
//! - A rolling deployment is done, or has failed, without anything that announces it. It is looked
//!   at every ten seconds. When it says that it is done, its tasks are read two seconds later: ten,
//!   two and the time of the calls stay below fifteen.
//! - A deployment that shifts traffic does not end out of the blue. It succeeds by way of CLEAN_UP
//!   and fails by way of a rollback, and in both ECS has tasks to stop or traffic to move, which
//!   takes it longer than fifteen seconds. A look every thirty seconds is in time to see that, and
//!   from then on it is looked at every ten. Stages that have just begun are looked at so often
//!   too: most pass quickly, and somebody may wait for the slot that is free once traffic has moved.
//! - While a task is protected nothing can end before the protection does, and what its owner lifts
//!   early ECS still has to stop: thirty seconds.
//! - Old tasks that linger after an early success are mostly gone within minutes. Those that are not
//!   hold up nobody, whether for hours or for two weeks.
//! - A deadline that has passed without an outcome waits for something to become readable.
//!
//! What others bring about without notice, such as a deploy on top of ours, is seen with the next
//! look: an event from the queue brings that forward.
//!
//! Looks are taken at multiples of their pace on the clock, and never later than their pace asks
//! for. So rollouts that were begun at any time are looked at in the same instants, and share their
//! calls for as long as they last.

use chrono::{DurationRound, TimeDelta};

use super::{Case, stages};
use crate::clock::{Time, elapsed};
use crate::plan::due::shift;
use crate::plan::fleet::{Progress, Strategy};

/// How often anything is looked at that may end with the next breath.
pub const USUAL: TimeDelta = TimeDelta::seconds(10);

/// How often it is looked at what does not end without notice.
const FAR: TimeDelta = TimeDelta::seconds(30);

/// How often it is looked whether old tasks are gone that nobody waits for.
const LINGERING: TimeDelta = TimeDelta::minutes(5);

/// So near its time a change is awaited at the usual pace. The beginning of a stage is known no
/// better than by the look that saw it first.
const NEAR: TimeDelta = TimeDelta::seconds(60);

/// A stage that has lasted so long is no brief one.
const BRIEF: TimeDelta = TimeDelta::minutes(2);

/// After an early success, old tasks are stopped within this unless something keeps them.
const SOON_GONE: TimeDelta = TimeDelta::minutes(10);

/// When to look at it again.
pub fn next_look(case: &Case<'_>) -> Time {
    next_on_the_clock(case.description.described_at, pace(case))
}

/// When to look again at what does not end by anything that is known.
pub fn next_slow_look(case: &Case<'_>) -> Time {
    next_on_the_clock(case.description.described_at, FAR)
}

/// When to try again to read what could not be read.
pub fn next_try(failed_at: Time) -> Time {
    next_on_the_clock(failed_at, USUAL)
}

/// The last multiple of `pace` that is no more than `pace` later.
pub fn next_on_the_clock(last: Time, pace: TimeDelta) -> Time {
    let latest = shift(last, pace);
    latest.duration_trunc(pace).unwrap_or(latest)
}

fn pace(case: &Case<'_>) -> TimeDelta {
    if let Some(moved_at) = case.attempt.moved_at.filter(|_| stages::may_linger(case)) {
        return if case.now < shift(moved_at, SOON_GONE) { USUAL } else { LINGERING };
    }
    let protected = stages::protected(case).is_some_and(|(_, until)| until > shift(case.now, NEAR));
    if protected || case.overdue() || stages::progress(case).is_some_and(|p| is_far(case, p)) {
        return FAR;
    }
    USUAL
}

/// Whether the stage is one that is followed by others before the end, and lasts.
fn is_far(case: &Case<'_>, progress: &Progress) -> bool {
    let shifts = case.description.strategy != Strategy::Rolling;
    if !shifts || !is_followed(progress) {
        return false;
    }
    let soon = shift(case.now, NEAR);
    if progress.hooks.iter().any(|hook| hook.expires_at.is_some_and(|at| at <= soon)) {
        return false;
    }
    let since = elapsed(progress.stage_since, case.now);
    if progress.stage.as_deref() == Some("BAKE_TIME") {
        let bake = case.description.staging.as_ref().map(|staging| staging.bake);
        let left = bake.unwrap_or_default().saturating_sub(since);
        return TimeDelta::from_std(left).is_ok_and(|left| left > NEAR);
    }
    let between_steps = progress.traffic_percent.is_some_and(|percent| (1..100).contains(&percent));
    let brief = TimeDelta::from_std(since).is_ok_and(|since| since < BRIEF);
    between_steps || progress.waits_for().is_some() || !brief
}

/// Whether it is known that more stages follow. Of a rollback, of CLEAN_UP and of a stage that this
/// version does not know the end may be near.
fn is_followed(progress: &Progress) -> bool {
    let known = match progress.stage.as_deref() {
        None => true,
        Some(stage) => matches!(
            stage,
            "RECONCILE_SERVICE"
                | "PRE_SCALE_UP"
                | "SCALE_UP"
                | "POST_SCALE_UP"
                | "TEST_TRAFFIC_SHIFT"
                | "POST_TEST_TRAFFIC_SHIFT"
                | "PRE_PRODUCTION_TRAFFIC_SHIFT"
                | "PRODUCTION_TRAFFIC_SHIFT"
                | "POST_PRODUCTION_TRAFFIC_SHIFT"
                | "BAKE_TIME"
        ),
    };
    known && progress.status.goes_on()
}
