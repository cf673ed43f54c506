//! What deployments do as time goes by: they make task sets, shift traffic, and delete task sets.
//!
//! What AWS does not say, and is decided here: the wait for somebody comes after the test traffic
//! and before `BeforeAllowTraffic`; the new task set becomes the PRIMARY when it takes all traffic;
//! a deployment has succeeded as soon as the old task set is being deleted, while its tasks stop;
//! there are but two target groups, so that a deployment first deletes what one before it left.

use super::CodeDeploy;
use super::course::{EVENT_TIME, EventStatus, ROLLBACK_TIME, Stage};
use super::deployment::{Creator, Deployment, Problem, Status};
use crate::simulator::ecs::{Ecs, Maker};
use crate::simulator::moment::Moment;

impl CodeDeploy {
    /// Lets every deployment do what is due at `now`. The caller lets nothing that is due earlier
    /// pass by.
    pub(crate) fn advance(&mut self, ecs: &mut Ecs, now: Moment) {
        let mut at = 0;
        while let Some(index) = self.open.get(at).copied() {
            while self.step(index, ecs, now) {}
            if self.deployments[index].status.open() {
                at += 1;
            } else {
                self.open.remove(at);
            }
        }
    }

    /// When something is due next that no task causes.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        self.open.iter().map(|index| self.deployments[*index].course.until).min()
    }

    /// Whether anything can happen at all.
    pub(crate) fn idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Does one thing that is due. Returns whether there was any.
    fn step(&mut self, index: usize, ecs: &mut Ecs, now: Moment) -> bool {
        let deployment = &self.deployments[index];
        if !deployment.status.open() {
            return false;
        }
        let service = ecs.service_at(deployment.course.service);
        if !service.deployable_by_code_deploy() {
            let name = &service.spec.name;
            let message = format!("The Amazon ECS service {name} cannot be deployed any more");
            self.fail(index, Problem { code: "INVALID_ECS_SERVICE", message }, now);
            return true;
        }
        if let Some(problem) = ringing(deployment, ecs) {
            let back = deployment.terms.rolls_back("DEPLOYMENT_STOP_ON_ALARM");
            self.end(index, Status::Stopped, problem, back, now);
            return true;
        }
        let installed =
            deployment.course.green.is_some_and(|green| service.task_set_is_stable(green));
        let event = deployment.course.event().map(|event| event.name);
        if event == Some("Install") && installed {
            self.next_event(index, ecs, now);
            return true;
        }
        if deployment.course.until > now || deployment.course.stage == Stage::Over {
            return false;
        }
        self.proceed(index, ecs, now);
        true
    }

    /// The time of a stage is over.
    fn proceed(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let deployment = &mut self.deployments[index];
        match deployment.course.stage {
            Stage::Created => {
                deployment.status = Status::InProgress;
                deployment.started_at = Some(now);
                if let Some(flaw) = deployment.flaw.take() {
                    return self.fail(index, flaw, now);
                }
                if deployment.creator == Creator::Rollback {
                    return self.go_back(index, ecs, now);
                }
                deployment.course.begin_event(0, now);
                self.entered(index, ecs, now);
            }
            Stage::Event(_) => self.event_is_over(index, ecs, now),
            Stage::ReadyWait => {
                let message = "The deployment was not continued in time".to_owned();
                let back = deployment.terms.rolls_back("DEPLOYMENT_FAILURE");
                let problem = Problem { code: "TIMEOUT", message };
                self.end(index, Status::Stopped, problem, back, now);
            }
            Stage::TerminationWait => {
                if let Some(blue) = deployment.course.blue {
                    ecs.delete_task_set(deployment.course.service, blue, now);
                }
                deployment.course.enter(Stage::Terminating, now + EVENT_TIME, now);
            }
            Stage::Returning => self.succeed(index, now),
            Stage::Terminating | Stage::Over => self.succeed(index, now),
        }
    }

    fn event_is_over(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let course = &self.deployments[index].course;
        let Some(event) = course.event() else { return };
        if event.name == "Install" {
            let message = "The deployment timed out while waiting for the replacement task set to \
                           become healthy. This time out period is 60 minutes.";
            let problem = Problem { code: "TIMEOUT", message: message.to_owned() };
            return self.fail(index, problem, now);
        }
        if event.fails {
            let message = format!(
                "The deployment failed because a lifecycle event hook failed: {} of {}",
                event.function.as_deref().unwrap_or_default(),
                event.name
            );
            return self.fail(index, Problem { code: "HOOK_EXECUTION_FAILURE", message }, now);
        }
        if event.name == "AllowTraffic" && course.shifted < course.shifts.len() {
            return self.shift(index, ecs, now);
        }
        self.next_event(index, ecs, now);
    }

    /// Goes on after the event that the deployment is in.
    fn next_event(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let deployment = &mut self.deployments[index];
        let Stage::Event(at) = deployment.course.stage else { return };
        deployment.course.end_event(EventStatus::Succeeded, now);
        let next = deployment.course.events.get(at + 1).map(|event| event.name);
        match (next, deployment.terms.ready_wait()) {
            (Some("BeforeAllowTraffic"), Some(wait)) => {
                deployment.status = Status::Ready;
                deployment.course.enter(Stage::ReadyWait, now + wait, now);
            }
            (Some(_), _) => {
                deployment.course.begin_event(at + 1, now);
                self.entered(index, ecs, now);
            }
            (None, _) => {
                if deployment.terms.bakes {
                    deployment.status = Status::Baking;
                }
                deployment.course.termination_began = true;
                let until = now + deployment.terms.termination_wait();
                deployment.course.enter(Stage::TerminationWait, until, now);
            }
        }
    }

    /// Somebody lets a deployment go on that is Ready.
    pub(crate) fn reroute(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let deployment = &mut self.deployments[index];
        let next = deployment.course.position("BeforeAllowTraffic");
        deployment.status = Status::InProgress;
        deployment.course.begin_event(next.unwrap_or(0), now);
        self.entered(index, ecs, now);
    }

    /// Does what an event begins with.
    fn entered(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        match self.deployments[index].course.event().map(|event| event.name) {
            Some("Install") => self.install(index, ecs, now),
            Some("AllowTraffic") => self.shift(index, ecs, now),
            _ => {}
        }
    }

    fn install(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let deployment = &mut self.deployments[index];
        let course = &mut deployment.course;
        let service = course.service;
        let sets: Vec<u64> = ecs.service_at(service).deployments.iter().map(|set| set.id).collect();
        course.blue = sets.first().copied();
        for left in sets.iter().skip(1) {
            ecs.delete_task_set(service, *left, now);
        }
        let Some(spec) = course.spec.clone() else { return };
        let maker = Maker {
            external_id: Some(deployment.id.clone()),
            platform_version: spec.platform_version,
        };
        let made = ecs
            .check_container(&spec.task_definition, &spec.container)
            .and_then(|()| ecs.create_task_set(service, &spec.task_definition, maker, now));
        match made {
            Ok(green) => self.deployments[index].course.green = Some(green),
            Err(error) => {
                let message = format!(
                    "The ECS service cannot be updated due to an unexpected exception: {} \
                     (Service: AmazonECS; Status Code: {}; Error Code: {})",
                    error.message, error.status, error.code
                );
                self.fail(index, Problem { code: "ECS_UPDATE_ERROR", message }, now);
            }
        }
    }

    /// Takes the next step of traffic. With the last one the new task set becomes the PRIMARY.
    fn shift(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let course = &mut self.deployments[index].course;
        let Some(shift) = course.shifts.get(course.shifted).copied() else { return };
        course.shifted += 1;
        course.green_weight = shift.percent;
        let last = course.shifted == course.shifts.len();
        course.until = now + if last { EVENT_TIME } else { shift.wait };
        if let Some(green) = course.green.filter(|_| last) {
            ecs.promote_task_set(course.service, green, now);
        }
    }

    /// Gives all traffic back to the old task set, and deletes the new one.
    fn go_back(&mut self, index: usize, ecs: &mut Ecs, now: Moment) {
        let course = &mut self.deployments[index].course;
        course.begin_event(0, now);
        course.green_weight = 0.0;
        if let Some(blue) = course.blue {
            ecs.promote_task_set(course.service, blue, now);
        }
        if let Some(green) = course.green {
            ecs.delete_task_set(course.service, green, now);
        }
        course.end_event(EventStatus::Succeeded, now);
        course.enter(Stage::Returning, now + ROLLBACK_TIME, now);
    }

    fn succeed(&mut self, index: usize, now: Moment) {
        let deployment = &mut self.deployments[index];
        deployment.status = Status::Succeeded;
        deployment.completed_at = Some(now);
        deployment.course.finish(now);
        self.note_success(index);
    }

    fn fail(&mut self, index: usize, problem: Problem, now: Moment) {
        let back = self.deployments[index].terms.rolls_back("DEPLOYMENT_FAILURE");
        self.end(index, Status::Failed, problem, back, now);
    }
}

/// The alarms of a deployment that are in ALARM, and what they mean to it.
fn ringing(deployment: &Deployment, ecs: &Ecs) -> Option<Problem> {
    let ringing = &ecs.service_at(deployment.course.service).ringing;
    let active: Vec<&str> = deployment
        .terms
        .alarms
        .iter()
        .filter(|name| ringing.contains(*name))
        .map(String::as_str)
        .collect();
    let message = format!(
        "One or more alarms have been activated according to the Amazon CloudWatch metrics you \
         selected, and the affected deployments have been stopped. Activated alarms: <{}>",
        active.join(", ")
    );
    (!active.is_empty()).then_some(Problem { code: "ALARM_ACTIVE", message })
}
