//! An attempt of three o'clock and what is seen later. Ages are minutes and seconds after intent.

use crate::clock::Time;
use crate::plan::fleet::{
    Deployment, DeploymentId, HookProgress, Movement, PostMortem, ProblemClass, Progress,
    Protected, RolloutState, Service, ServiceDeployment, ServiceDeploymentStatus, ServiceEvent,
    ServiceLook, Staging, StoppedTask, Strategy, Task, TaskId, TaskStatus, Tasks,
};
use crate::plan::ledger::{Attempt, Call, Outcome};
use crate::plan::proof::{Evidence, Judgement, judge};
use crate::plan::rescue::Remedy;
use crate::plan::tests::fixture::{NOW, a_service, an_attempt, at, delta, key, problem, task_id};

pub const OLD: &str = "ecs-svc/1";
pub const OURS: &str = "ecs-svc/2";
pub const THEIRS: &str = "ecs-svc/3";

/// The instant so long after the intent.
pub fn after(intent: &str) -> Time {
    at(NOW) + delta(intent)
}

/// A call accepted a second after its intent, known a second later, to be done within an hour.
pub fn accepted() -> Attempt {
    an_attempt("0s").build(key("api"), at(NOW))
}

/// A call that can have been on its way for thirty seconds.
pub fn unanswered() -> Attempt {
    an_attempt("0s").unanswered().build(key("api"), at(NOW))
}

/// A service as it is seen after the refresh of its two tasks is done: description, then tasks.
pub fn seen(when: &str) -> Seen {
    let mut service = Service::new(key("api"));
    let look = a_service("api").described("0s").looks(after(when)).remove(0);
    let crate::plan::fleet::Reading::Described(mut description) = look.reading else { panic!() };
    description.deployments = vec![deployment(OURS, true, "1s")];
    service.description = Some(description);
    service.tasks = Some(Tasks { listed_at: after(when), complete: true, tasks: Vec::new() });
    Seen { service, when: after(when), gone_at: None, remedy: Remedy::Leave }
        .tasks(&[("new", "2m", TaskStatus::Running), ("newer", "3m", TaskStatus::Running)])
}

fn deployment(id: &str, primary: bool, made: &str) -> Deployment {
    Deployment {
        id: DeploymentId::new(id),
        primary,
        rollout: RolloutState::Completed,
        task_definition: "app:7".into(),
        created_at: Some(after(made)),
        updated_at: Some(after(made)),
        desired_count: 2,
        running_count: if primary { 2 } else { 0 },
        pending_count: 0,
        failed_tasks: 0,
    }
}

#[derive(Clone, Debug)]
pub struct Seen {
    pub service: Service,
    when: Time,
    gone_at: Option<Time>,
    remedy: Remedy,
}

impl Seen {
    fn description(&mut self) -> &mut crate::plan::fleet::Description {
        self.service.description.as_mut().unwrap()
    }

    fn primary(&mut self) -> &mut Deployment {
        self.description().deployments.iter_mut().find(|deployment| deployment.primary).unwrap()
    }

    /// PRIMARY is another one, made then.
    pub fn primary_is(mut self, id: &str, made: &str) -> Self {
        self.description().deployments = vec![deployment(id, true, made)];
        self
    }

    pub fn no_primary(mut self) -> Self {
        self.description().deployments.clear();
        self
    }

    /// Listed beside PRIMARY.
    pub fn beside(mut self, id: &str) -> Self {
        self.description().deployments.insert(0, deployment(id, false, "1s"));
        self
    }

    /// Listed beside PRIMARY, with a task that runs.
    pub fn beside_with_tasks(self, id: &str) -> Self {
        let mut beside = self.beside(id);
        beside.description().deployments[0].running_count = 1;
        beside
    }

    pub fn rollout(mut self, rollout: RolloutState) -> Self {
        self.primary().rollout = rollout;
        self
    }

    pub fn updated(mut self, when: &str) -> Self {
        self.primary().updated_at = Some(after(when));
        self
    }

    /// PRIMARY was made so long before the intent.
    pub fn made_before(mut self, intent: &str) -> Self {
        self.primary().created_at = Some(at(NOW) - delta(intent));
        self
    }

    pub fn made_at_an_unknown_time(mut self) -> Self {
        self.primary().created_at = None;
        self
    }

    pub fn task_definition(mut self, arn: &str) -> Self {
        self.primary().task_definition = arn.into();
        self
    }

    pub fn desired(mut self, desired: u32) -> Self {
        self.description().desired_count = desired;
        self
    }

    pub fn counts(mut self, running: u32, pending: u32) -> Self {
        self.description().running_count = running;
        self.description().pending_count = pending;
        self
    }

    /// It is deployed in stages.
    pub fn staged(mut self, strategy: Strategy, staging: Staging) -> Self {
        self.description().strategy = strategy;
        self.description().staging = Some(Box::new(staging));
        self
    }

    /// Its service deployment is in that stage since then, with so much traffic on the new revision.
    pub fn stage(self, stage: &str, since: &str, traffic_percent: u8) -> Self {
        self.progress(ServiceDeploymentStatus::InProgress, Some(stage), since, traffic_percent)
    }

    pub fn deployment_is(self, status: ServiceDeploymentStatus) -> Self {
        self.progress(status, None, "1m", 0)
    }

    fn progress(
        mut self,
        status: ServiceDeploymentStatus,
        stage: Option<&str>,
        since: &str,
        traffic_percent: u8,
    ) -> Self {
        let arn: std::sync::Arc<str> = "arn:ours".into();
        self.description().current_service_deployment = Some(arn.clone());
        self.service.progress = Some(Progress {
            asked_at: self.when,
            arn,
            status,
            stage: stage.map(Into::into),
            stage_since: after(since),
            hooks: Vec::new(),
            traffic_percent: Some(traffic_percent),
        });
        self
    }

    /// A hook of that stage is not done, and ECS waits for it until then.
    pub fn hook(mut self, pauses: bool, status: &str, expires: &str) -> Self {
        let hook = HookProgress { pauses, status: status.into(), expires_at: Some(after(expires)) };
        self.service.progress.as_mut().unwrap().hooks.push(hook);
        self
    }

    /// A hook of that stage is not done, and nobody says how long ECS waits for it.
    pub fn silent_hook(mut self, status: &str) -> Self {
        let hook = HookProgress { pauses: false, status: status.into(), expires_at: None };
        self.service.progress.as_mut().unwrap().hooks.push(hook);
        self
    }

    /// That listed task may not be stopped before then.
    pub fn protected(mut self, name: &str, until: &str) -> Self {
        let protected = Protected { task: id_of(name), until: after(until) };
        self.service.post_mortem.as_mut().unwrap().protected.push(protected);
        self
    }

    /// What may be done when the time is up.
    pub fn remedy(mut self, remedy: Remedy) -> Self {
        self.remedy = remedy;
        self
    }

    /// The service deployment that the description names.
    pub fn current_is(mut self, arn: &str) -> Self {
        self.description().current_service_deployment = Some(arn.into());
        self
    }

    pub fn tag(mut self, name: &str, value: &str) -> Self {
        self.description().tags.insert(name.to_owned(), value.to_owned());
        self
    }

    /// As a look at it brings it.
    pub fn look(&self) -> ServiceLook {
        let service = self.service.clone();
        ServiceLook {
            key: service.key,
            reading: crate::plan::fleet::Reading::Described(service.description.unwrap()),
            tasks: service.tasks,
            running: None,
            progress: service.progress,
            code_deploy: None,
            stopped: None,
            post_mortem: service.post_mortem,
        }
    }

    pub fn rolls_back(mut self) -> Self {
        self.description().rolls_back = true;
        self
    }

    /// Tasks by name, when they were created (`?`: not known) and how they are. The names `old-0`
    /// and `old-1` are those from before.
    pub fn tasks(mut self, tasks: &[(&str, &str, TaskStatus)]) -> Self {
        let task = |(name, created, status): &(&str, &str, TaskStatus)| Task {
            id: id_of(name),
            created_at: match created.strip_prefix('-') {
                _ if *created == "?" => None,
                Some(before) => Some(at(NOW) - delta(before)),
                None => Some(after(created)),
            },
            status: *status,
        };
        self.service.tasks.as_mut().unwrap().tasks = tasks.iter().map(task).collect();
        self
    }

    pub fn tasks_partly_read(mut self) -> Self {
        self.service.tasks.as_mut().unwrap().complete = false;
        self
    }

    pub fn tasks_listed(mut self, when: &str) -> Self {
        self.service.tasks.as_mut().unwrap().listed_at = after(when);
        self
    }

    pub fn tasks_not_listed(mut self) -> Self {
        self.service.tasks = None;
        self
    }

    pub fn unreadable(mut self, class: ProblemClass, when: &str) -> Self {
        self.service.problem = Some(problem(class, after(when)));
        self
    }

    pub fn gone(mut self, when: Time) -> Self {
        self.service.description = None;
        self.gone_at = Some(when);
        self
    }

    /// Evidence that was gathered with the look: service deployments by name, age and status.
    pub fn evidence(self, listed: &[(&str, &str, ServiceDeploymentStatus)]) -> Self {
        let deployments = listed.iter().map(|(arn, made, status)| ServiceDeployment {
            arn: (*arn).into(),
            created_at: Some(after(made)),
            status: status.clone(),
            reason: None,
        });
        let deployments = Ok(deployments.collect());
        self.post_mortem(deployments)
    }

    pub fn evidence_denied(self) -> Self {
        let problem = problem(ProblemClass::Denied, self.when);
        self.post_mortem(Err(problem))
    }

    fn post_mortem(
        mut self,
        deployments: Result<Vec<ServiceDeployment>, crate::plan::fleet::Problem>,
    ) -> Self {
        let stopped = |reason: &str| StoppedTask {
            id: TaskId::plain(9),
            started_by: None,
            created_at: None,
            stopped_at: None,
            code: None,
            reason: Some(reason.to_owned()),
            containers: Vec::new(),
        };
        let stopped = [
            "Essential container in task exited",
            "Scaling activity initiated by (deployment ecs-svc/2)",
            "Essential container in task exited",
        ]
        .map(stopped);
        let message = "(service api) was unable to place a task.".to_owned();
        let events = vec![ServiceEvent { at: None, message }];
        let asked_at = self.when;
        self.service.post_mortem = Some(PostMortem {
            asked_at,
            deployments,
            protected: Vec::new(),
            stopped: stopped.to_vec(),
            events,
        });
        self
    }

    /// Nothing has moved since then, by what was seen then and now.
    pub fn stands_since(mut self, when: &str) -> Self {
        let mut first = self.description().clone();
        first.described_at = after(when);
        self.service.movement = Movement::follow(None, &first);
        self
    }

    /// PRIMARY has so many running tasks, and the others.
    pub fn running(mut self, primary: u32, others: u32) -> Self {
        for deployment in &mut self.description().deployments {
            deployment.running_count = if deployment.primary { primary } else { others };
        }
        self
    }

    pub fn evidence_of(mut self, when: &str) -> Self {
        self.service.post_mortem.as_mut().unwrap().asked_at = after(when);
        self
    }

    /// Judged at the time of the look.
    pub fn judge(&self, attempt: &Attempt) -> Judgement {
        self.judge_at(attempt, self.when)
    }

    pub fn judge_at(&self, attempt: &Attempt, now: Time) -> Judgement {
        let service = self.gone_at.is_none().then_some(&self.service);
        judge(attempt, Evidence { service, gone_at: self.gone_at, remedy: self.remedy }, now)
    }
}

fn id_of(name: &str) -> TaskId {
    match name {
        "old-0" => task_id("api", OLD, 0),
        "old-1" => task_id("api", OLD, 1),
        other => task_id("api", other, 0),
    }
}

/// The outcome, if the attempt has ended.
pub fn outcome(judgement: &Judgement) -> Option<Outcome> {
    match judgement {
        Judgement::Finish { outcome, .. } => Some(*outcome),
        _ => None,
    }
}

/// One word for what was judged.
pub fn word(judgement: &Judgement) -> &'static str {
    match judgement {
        Judgement::Going { reason, .. } => reason.label(),
        Judgement::Extend { .. } => "extend",
        Judgement::MoveOn { .. } => "move_on",
        Judgement::RollBack(_) => "roll_back",
        Judgement::Adopt(_) => "adopt",
        Judgement::Abandon => "abandon",
        Judgement::Finish { outcome, .. } => crate::metrics::Label::label(*outcome),
    }
}

pub fn diagnosis(judgement: &Judgement) -> &str {
    match judgement {
        Judgement::Finish { diagnosis, .. } => diagnosis,
        other => panic!("not finished: {other:?}"),
    }
}

pub fn adopted(judgement: Judgement) -> Call {
    match judgement {
        Judgement::Adopt(call) => call,
        other => panic!("not adopted: {other:?}"),
    }
}
