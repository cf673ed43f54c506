//! Since when a rollout has made no progress.

use std::sync::Arc;

use super::{DeploymentId, Description, Progress, RolloutState};
use crate::clock::Time;

/// How far a rollout got at its best, and since when.
///
/// Tasks that come and go are no progress, or a rollout whose every task dies would seem to move for
/// ever. It is kept in memory only: after a restart it begins anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    since: Time,
    deployment: DeploymentId,
    desired: u32,
    /// The most tasks that it had, running or pending.
    launched: u32,
    /// The most of its tasks that were running.
    running: u32,
    /// The fewest running tasks of other deployments.
    older: u32,
    /// The stage of its service deployment, and the traffic on it.
    stage: Option<(Arc<str>, Option<u8>)>,
}

impl Movement {
    /// The PRIMARY deployment that it is about.
    pub fn deployment(&self) -> &DeploymentId {
        &self.deployment
    }

    /// When it made progress last.
    pub fn since(&self) -> Time {
        self.since
    }

    /// What is to be remembered after another reading; nothing while there is no rollout.
    pub(in crate::plan) fn follow(
        known: Option<Box<Self>>,
        seen: &Description,
    ) -> Option<Box<Self>> {
        let primary = seen.primary()?;
        if seen.deployments.len() == 1 && primary.rollout == RolloutState::Completed {
            return None;
        }
        let others = seen.deployments.iter().filter(|other| !other.primary);
        let new = Self {
            since: seen.described_at,
            deployment: primary.id.clone(),
            desired: seen.desired_count,
            launched: primary.running_count.saturating_add(primary.pending_count),
            running: primary.running_count,
            older: others.map(|other| other.running_count).fold(0, u32::saturating_add),
            stage: None,
        };
        let Some(mut known) = known else { return Some(Box::new(new)) };
        if known.deployment != new.deployment || known.desired != new.desired {
            return Some(Box::new(new));
        }
        let better =
            new.launched > known.launched || new.running > known.running || new.older < known.older;
        known.launched = known.launched.max(new.launched);
        known.running = known.running.max(new.running);
        known.older = known.older.min(new.older);
        if better {
            known.since = new.since;
        }
        Some(known)
    }

    /// Another stage, or more traffic, is progress.
    pub(super) fn note_stage(&mut self, progress: &Progress) {
        let stage = progress.stage.clone().map(|stage| (stage, progress.traffic_percent));
        if self.stage != stage {
            self.stage = stage;
            self.since = self.since.max(progress.asked_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::fleet::{Deployment, Reading};
    use crate::plan::tests::fixture::{NOW, a_service, at, delta};

    /// A rollout as it is seen after so many minutes: id, desired count, then the tasks of the new
    /// deployment that run and are pending, and the old ones that run.
    fn seen(
        minute: u32,
        id: &str,
        desired: u32,
        [running, pending, older]: [u32; 3],
    ) -> Description {
        let look = a_service("api").desired(desired).looks(at(NOW)).remove(0);
        let Reading::Described(mut description) = look.reading else { panic!("{look:?}") };
        description.described_at = at(NOW) + delta(&format!("{minute}m"));
        let old = Deployment {
            primary: false,
            running_count: older,
            ..description.deployments.remove(0)
        };
        let new = Deployment {
            id: DeploymentId::new(id),
            primary: true,
            rollout: RolloutState::InProgress,
            running_count: running,
            pending_count: pending,
            ..old.clone()
        };
        // AWS does not promise the order.
        description.deployments =
            if minute.is_multiple_of(2) { vec![old, new] } else { vec![new, old] };
        description
    }

    #[test]
    fn progress_is_what_was_never_reached_before() {
        let mut known = None;
        for (minute, id, desired, counts, since, what) in [
            (0, "ecs-svc/2", 2, [0, 0, 2], 0, "its first reading"),
            (1, "ecs-svc/2", 2, [0, 2, 2], 1, "tasks were launched"),
            (2, "ecs-svc/2", 2, [1, 1, 2], 2, "one runs"),
            (3, "ecs-svc/2", 2, [0, 1, 2], 2, "it died"),
            (4, "ecs-svc/2", 2, [1, 1, 2], 2, "it came back, and no further"),
            (5, "ecs-svc/2", 2, [1, 1, 1], 5, "an old one went"),
            (6, "ecs-svc/2", 2, [1, 1, 2], 5, "and was replaced"),
            (7, "ecs-svc/2", 3, [1, 1, 2], 7, "it was scaled"),
            (8, "ecs-svc/3", 3, [1, 1, 2], 8, "somebody deployed"),
            (9, "ecs-svc/3", 3, [1, 1, 2], 8, "nothing"),
        ] {
            known = Movement::follow(known, &seen(minute, id, desired, counts));
            let expected = at(NOW) + delta(&format!("{since}m"));
            assert_eq!(known.as_ref().map(|known| known.since()), Some(expected), "{what}");
        }
        let mut done = seen(10, "ecs-svc/3", 3, [3, 0, 0]);
        done.deployments.retain(|deployment| deployment.primary);
        done.deployments[0].rollout = RolloutState::Completed;
        assert_eq!(Movement::follow(known, &done), None);
    }
}
