//! How deployments end before they are done, and what brings the old task set back.
//!
//! A rollback is a deployment of its own. Source: AWS CodeDeploy User Guide, "Redeploy and roll
//! back a deployment with CodeDeploy". What AWS does not say, and is decided here: there is none
//! before there is a new task set, and none once the old one is being deleted; without a rollback
//! traffic and both task sets stay as they are.

use super::CodeDeploy;
use super::course::{Course, EventStatus, Stage};
use super::deployment::{Creator, Deployment, Problem, Rollback, Status};
use super::spec::AutoRollback;
use crate::simulator::moment::Moment;

impl CodeDeploy {
    /// Ends a deployment that is not done, and goes back where that is wanted and possible.
    pub(crate) fn end(
        &mut self,
        index: usize,
        status: Status,
        problem: Problem,
        back: bool,
        now: Moment,
    ) {
        let ended = &mut self.deployments[index];
        let possible = ended.course.green.is_some()
            && ended.course.stage != Stage::Terminating
            && ended.creator != Creator::Rollback;
        ended.course.end_event(EventStatus::Failed, now);
        ended.course.finish(now);
        ended.status = status;
        ended.problem = Some(problem);
        ended.completed_at = Some(now);
        if back && possible {
            self.roll_back(index, now);
        }
    }

    fn roll_back(&mut self, index: usize, now: Moment) {
        let id = self.ids.code_deployment();
        let ended = &mut self.deployments[index];
        ended.rollback = Some(Rollback::By(id.clone()));
        let mut terms = ended.terms.clone();
        // Nothing that could go wrong again is watched.
        (terms.alarms, terms.auto_rollback) = (Vec::new(), AutoRollback::default());
        let rollback = Deployment {
            id,
            application: ended.application.clone(),
            group: ended.group.clone(),
            revision: ended.previous.clone(),
            previous: ended.previous.clone(),
            description: None,
            creator: Creator::Rollback,
            created_at: now,
            started_at: None,
            completed_at: None,
            status: Status::Created,
            problem: None,
            flaw: None,
            rollback: Some(Rollback::Of(ended.id.clone())),
            terms,
            course: Course::back(&ended.course, now),
        };
        self.begin(rollback);
    }
}
