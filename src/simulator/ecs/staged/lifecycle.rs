//! Where a traffic-shifting deployment stands: its stage, its share of the traffic, its hooks.
//!
//! It knows no tasks: whether the work of a stage is done, it is told.

use std::time::Duration;

use super::hook::{Hook, HookRun, HookStatus};
use super::stage::Stage;
use crate::simulator::ecs::failure::Failure;
use crate::simulator::ecs::spec::ServiceSpec;
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// A stage may last at most 24 hours.
const STAGE_LIMIT: Duration = Duration::from_secs(86_400);
/// A deployment may last at most 30 days.
const DEPLOYMENT_LIMIT: Duration = Duration::from_secs(30 * 86_400);

/// `stepPercent` is at least this.
const STEP_PERCENT_MIN: f64 = 3.0;

/// A step of the production traffic, and how long it bakes.
#[derive(Debug, Clone, Copy)]
struct Shift {
    percent: f64,
    bake: Duration,
}

/// What the next moment brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Wait,
    Next,
    Fail(Failure),
    Done,
}

/// The course of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Lifecycle {
    pub(crate) stage: Stage,
    /// The percentage of production traffic that the target is asked to take.
    pub(crate) production: f64,
    /// The percentage of test traffic that the target is asked to take.
    pub(crate) test: f64,
    /// The hooks of all stages so far.
    pub(crate) hooks: Vec<HookRun>,
    /// On the way back to the source.
    pub(crate) returning: bool,
    started_at: Moment,
    entered_at: Moment,
    until: Moment,
    shifts: Vec<Shift>,
    shifted: usize,
    bake: Duration,
    planned_hooks: Vec<Hook>,
    rollback_fails: bool,
    /// How long a stage takes at least in which nothing is waited for.
    stage_time: Duration,
}

impl Lifecycle {
    /// A deployment takes the configuration that is set when it starts, and keeps it.
    pub(crate) fn begin(spec: &ServiceSpec, several: bool, now: Moment, ids: &mut Ids) -> Self {
        let mut lifecycle = Lifecycle {
            stage: Stage::PreScaleUp,
            production: 0.0,
            test: 0.0,
            hooks: Vec::new(),
            returning: false,
            started_at: now,
            entered_at: now,
            until: now,
            shifts: shifts(spec),
            shifted: 0,
            bake: minutes(spec.bake_minutes.unwrap_or(0)),
            planned_hooks: spec.hooks.clone(),
            rollback_fails: spec.rollback_fails,
            stage_time: spec.stage_time,
        };
        let first = if several { Stage::ReconcileService } else { Stage::PreScaleUp };
        lifecycle.enter(first, now, ids);
        lifecycle.until = lifecycle.until + spec.pending_for;
        lifecycle
    }

    /// What is to be done at `now`; `done` says whether the tasks are as the stage wants them.
    pub(crate) fn step(&mut self, done: bool, now: Moment) -> Step {
        self.hooks.iter_mut().for_each(|hook| hook.step(now));
        if !self.returning && self.hooks.iter().any(HookRun::failed) {
            return Step::Fail(Failure::Hook);
        }
        let overdue = self.limit().is_some_and(|limit| limit <= now);
        if overdue {
            return Step::Fail(Failure::TimedOut);
        }
        if !done || now < self.until || self.hooks.iter().any(HookRun::open) {
            return Step::Wait;
        }
        match (self.stage, self.returning && self.rollback_fails) {
            (_, true) => Step::Fail(Failure::TimedOut),
            (Stage::CleanUp, false) => Step::Done,
            _ => Step::Next,
        }
    }

    /// Goes to the next stage. The two of the production traffic recur for every shift.
    pub(crate) fn proceed(&mut self, now: Moment, ids: &mut Ids) {
        let more_shifts = self.shifted < self.shifts.len();
        let next = match self.stage {
            Stage::ProductionTrafficShift if self.returning => Stage::CleanUp,
            Stage::ProductionTrafficShift if more_shifts => Stage::PreProductionTrafficShift,
            stage => stage.next(),
        };
        self.enter(next, now, ids);
    }

    /// Gives all traffic back to the source.
    pub(crate) fn turn_back(&mut self, now: Moment) {
        self.abandon_hooks();
        self.returning = true;
        (self.production, self.test) = (0.0, 0.0);
        self.stage = Stage::ProductionTrafficShift;
        (self.entered_at, self.until) = (now, now + self.stage_time);
    }

    /// Nobody waits for what is not resolved yet.
    pub(crate) fn abandon_hooks(&mut self) {
        for hook in self.hooks.iter_mut().filter(|hook| hook.open()) {
            hook.status = HookStatus::Failed;
        }
    }

    /// When something is due next that no task causes.
    pub(crate) fn due(&self) -> impl Iterator<Item = Moment> + '_ {
        let hooks = self.hooks.iter().filter_map(HookRun::due);
        hooks.chain(self.limit()).chain([self.until])
    }

    /// When the deployment fails if nothing moves. What is cleaned up late fails nothing.
    fn limit(&self) -> Option<Moment> {
        let of_stage = match self.stage {
            Stage::ScaleUp | Stage::ReconcileService => Some(self.entered_at + STAGE_LIMIT),
            Stage::CleanUp => return None,
            _ => None,
        };
        let of_deployment = self.started_at + DEPLOYMENT_LIMIT;
        let limit = of_stage.map_or(of_deployment, |stage| stage.min(of_deployment));
        (!self.returning).then_some(limit)
    }

    fn enter(&mut self, stage: Stage, now: Moment, ids: &mut Ids) {
        self.stage = stage;
        self.entered_at = now;
        let mut lasts = self.stage_time;
        match stage {
            Stage::TestTrafficShift => self.test = 100.0,
            Stage::ProductionTrafficShift => {
                if let Some(shift) = self.shifts.get(self.shifted) {
                    self.production = shift.percent;
                    lasts += shift.bake;
                }
                self.shifted += 1;
            }
            Stage::BakeTime => lasts = self.bake,
            _ => {}
        }
        self.until = now + lasts;
        let mine = self.planned_hooks.iter().filter(|hook| hook.stages.contains(&stage));
        self.hooks.extend(mine.map(|hook| HookRun::start(hook, now, ids)));
    }
}

/// The steps in which production traffic moves, the last of which is everything.
fn shifts(spec: &ServiceSpec) -> Vec<Shift> {
    let whole = Shift { percent: 100.0, bake: Duration::ZERO };
    let mut shifts = Vec::new();
    match spec.strategy.as_deref() {
        Some("LINEAR") => {
            let linear = spec.linear.unwrap_or_default();
            let bake = minutes(linear.bake_minutes);
            // Percentages are multiples of a tenth, which sums of fractions are not.
            let step = linear.percent.max(STEP_PERCENT_MIN);
            let nth = |number: u32| (f64::from(number) * step * 10.0).round() / 10.0;
            let steps = (1..).map(nth).take_while(|percent| *percent < 100.0);
            shifts.extend(steps.map(|percent| Shift { percent, bake }));
        }
        Some("CANARY") => {
            let canary = spec.canary.unwrap_or_default();
            if canary.percent < 100.0 {
                let bake = minutes(canary.bake_minutes);
                shifts.push(Shift { percent: canary.percent, bake });
            }
        }
        _ => {}
    }
    shifts.push(whole);
    shifts
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(60 * u64::from(count))
}
