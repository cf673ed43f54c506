//! The reasons as sentences for people.

use std::fmt;

use super::{Busy, Limit, Reason, VerdictKind};
use crate::metrics::Label;
use crate::plan::ledger::Cause;
use crate::plan::words::{Span, ZonedTime, count};

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whether it waits or holds, a check speaks for itself.
        if let Self::Preflight(check) = self {
            return write!(f, "{check}");
        }
        match self.kind() {
            VerdictKind::Fresh | VerdictKind::Refresh => self.fmt_fresh_or_refresh(f),
            VerdictKind::Rolling => self.fmt_rolling(f),
            VerdictKind::Wait => self.fmt_wait(f),
            VerdictKind::Hold => self.fmt_hold(f),
        }
    }
}

impl Reason {
    fn fmt_fresh_or_refresh(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDue { age, limit: Some(limit) } => {
                write!(f, "oldest task is {} old, limit {}", Span(*age), Span(*limit))
            }
            Self::NotDue { age, limit: None } => {
                write!(f, "oldest task is {} old, and the policy sets no max_task_age", Span(*age))
            }
            Self::NothingToReplace => f.write_str("desired count is 0: nothing to replace"),
            Self::DeployedThisWindow { age } => {
                write!(f, "deployed since the window opened; oldest task is {} old", Span(*age))
            }
            Self::Due { cause, age, dry_run } => {
                match cause {
                    Cause::Manual => f.write_str("asked for by hand")?,
                    Cause::Age => f.write_str("due now")?,
                    Cause::Retirement => f.write_str("due now by a retirement notice")?,
                }
                if let Some(age) = age {
                    write!(f, ": oldest task is {} old", Span(*age))?;
                }
                f.write_str(if *dry_run { " (dry run: not started)" } else { "" })
            }
            _ => f.write_str(self.label()),
        }
    }

    fn fmt_rolling(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OurRollout { new_running, desired, old_running, deadline, note, .. } => {
                write!(
                    f,
                    "refresh under way: {new_running} of {desired} new tasks running, \
                     {old_running} old; "
                )?;
                note.as_ref().map_or(Ok(()), |note| write!(f, "{note}; "))?;
                // A deadline of another day is of little use without it.
                write!(f, "given up at {}", deadline.format("%H:%M:%S UTC"))
            }
            Self::OurRollback { .. } => f.write_str("the refresh failed and ECS is rolling back"),
            Self::OurRescue { state, .. } => write!(f, "{state}"),
            Self::CallUnknown { operation, .. } => {
                write!(f, "{operation} was sent or about to be, and its outcome is not known yet")
            }
            Self::OurRolloutUnseen { problem: None, .. } => {
                f.write_str("refresh under way, waiting for a look at it")
            }
            Self::OurRolloutUnseen { problem: Some(problem), .. } => {
                write!(f, "refresh under way, but it cannot be seen: {problem}")
            }
            Self::Judged { outcome, dry_run, .. } => {
                match outcome {
                    Some(outcome) => write!(f, "the refresh has ended: {}", outcome.label())?,
                    None => f.write_str("the refresh was not accepted")?,
                }
                f.write_str(if *dry_run { " (dry run: not recorded)" } else { "" })
            }
            Self::SomebodysRollout { deployment } => {
                write!(f, "{deployment} is rolling out, outside of any refresh")
            }
            Self::LeftRolling { deployment, outcome } => write!(
                f,
                "{deployment} of our last refresh ({}) is still rolling out",
                outcome.label()
            ),
            _ => f.write_str(self.label()),
        }
    }

    fn fmt_wait(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowClosed { opens: Some(opens) } => write!(f, "the window opens {opens}"),
            Self::WindowClosed { opens: None } => {
                f.write_str("no window opens within the next two years")
            }
            Self::Frozen { until, why } => {
                write!(f, "frozen until {until}")?;
                why.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
            }
            Self::Turn { limit } => match limit {
                Limit::Concurrency(limit) => {
                    write!(f, "waiting for its turn: the policy's concurrency is {limit}")
                }
                Limit::MaxInFlight(limit) => {
                    write!(f, "waiting for its turn: max_in_flight is {limit}")
                }
                Limit::OwnService => {
                    f.write_str("waiting for its turn: ecs-refresh itself goes last, and alone")
                }
                Limit::MaxTasksInFlight(limit) => {
                    write!(f, "waiting for its turn: max_tasks_in_flight is {limit}")
                }
            },
            Self::Settling { until } => write!(f, "settling after the last outcome until {until}"),
            Self::NotSteady { running, desired, pending } => write!(
                f,
                "not steady: {running} of {} running, {pending} pending",
                count(*desired, "task")
            ),
            Self::OldTasksLinger { deployments } => write!(
                f,
                "the last deployment is done, but tasks of {} before it linger",
                count(*deployments, "deployment")
            ),
            Self::FailedInThisSpan { outcome, again } => {
                write!(f, "the last refresh ended as {}", outcome.label())?;
                write_again(f, again)
            }
            Self::CodeDeployUnread { problem } => {
                write!(f, "its deployment group of CodeDeploy could not be read: {problem}")
            }
            Self::CodeDeployBusy { group, by: Busy::Deployment(deployment) } => write!(
                f,
                "CodeDeploy makes one deployment of {group} at a time, and {deployment} is under way"
            ),
            Self::CodeDeployBusy { group, by: Busy::Refresh(service) } => write!(
                f,
                "CodeDeploy makes one deployment of {group} at a time, and that of {service} is under \
                 way"
            ),
            Self::NotObservedYet => f.write_str("its tasks have not been listed yet"),
            _ => f.write_str(self.label()),
        }
    }

    fn fmt_hold(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PolicyDisabled => f.write_str("policy disabled"),
            Self::HoldTag { value } if value.is_empty() => {
                f.write_str("held by its tag ecs-refresh:hold")
            }
            Self::HoldTag { value } => write!(f, "held by its tag ecs-refresh:hold: {value}"),
            Self::OwnService => f.write_str(
                "this is ecs-refresh itself, and no other copy could take over: \
                 store.kind = \"dynamodb\" lets one",
            ),
            Self::AgeUnknown { tasks } => {
                write!(f, "age unknown: {} without createdAt", count(*tasks, "running task"))
            }
            Self::PartialView => {
                f.write_str("its tasks could not all be read, so its age is unknown")
            }
            Self::Unreadable { problem } => write!(f, "cannot be read: {problem}"),
            Self::FailedPrimary { deployment } => {
                write!(f, "its PRIMARY deployment {deployment} has FAILED: deploy it anew first")
            }
            Self::StateNotUnderstood { what, value } => {
                write!(f, "{what} {value:?} is not known to this version")
            }
            Self::PauseHook { stage } => write!(
                f,
                "needs a person: pause hook at {stage}; allow_pause = true in the policy lets it start"
            ),
            Self::ExternalController => f.write_str(
                "its controller is EXTERNAL: its task sets are made by its owner's own tool, which \
                 has to replace them",
            ),
            Self::CodeDeployOptIn => f.write_str(
                "deployed by CodeDeploy: code_deploy = true in the policy lets it be refreshed by a \
                 CodeDeploy deployment",
            ),
            Self::CodeDeployUnfit { why } => write!(f, "CodeDeploy cannot deploy it anew: {why}"),
            Self::KeepsFailing { times, last } => write!(
                f,
                "{times} refreshes in a row failed (the last: {}): held until it is deployed anew or \
                 refreshed by hand",
                last.label()
            ),
            Self::PolicyStopped { failures, again } => {
                write!(f, "policy stopped: {failures} failed since its span began")?;
                write_again(f, again)
            }
            Self::CallRefused { problem, retry_at } => {
                write!(f, "{problem}; tried again {retry_at}")
            }
            _ => f.write_str(self.label()),
        }
    }
}

fn write_again(f: &mut fmt::Formatter<'_>, again: &Option<ZonedTime>) -> fmt::Result {
    match again {
        Some(again) => write!(f, "; tried again from {again}"),
        None => f.write_str("; no window opens within the next two years"),
    }
}
