//! The state behind the handle: the simulated services, faults, limits and the call log.

use std::time::Duration;

use serde_json::Value;

use super::Options;
use super::calls::{Call, CallLog, Outcome};
use super::cloudwatch::{self, CloudWatch};
use super::codedeploy::{self, CodeDeploy};
use super::ec2::{self, Ec2};
use super::ecr;
use super::ecs::{self, Ecs, ServiceSpec};
use super::elbv2::{self, Elbv2};
use super::error::ApiError;
use super::events::{self, Events};
use super::faults::{Fault, Faults};
use super::health::{self, Health};
use super::identity::Identity;
use super::moment::Moment;
use super::reply::{Answer, Reply};
use super::service_quotas::{self, ServiceQuotas};
use super::sqs::{self, Poll, Sqs};
use super::throttle::Throttle;

/// One simulated account in one Region.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ecs: Ecs,
    pub(crate) sqs: Sqs,
    pub(crate) events: Events,
    pub(crate) health: Health,
    pub(crate) elbv2: Elbv2,
    pub(crate) code_deploy: CodeDeploy,
    pub(crate) cloud_watch: CloudWatch,
    pub(crate) service_quotas: ServiceQuotas,
    pub(crate) ec2: Ec2,
    pub(crate) identity: Identity,
    pub(crate) faults: Faults,
    pub(crate) log: CallLog,
    throttle: Option<Throttle>,
    /// The queue that ECS's events go to.
    ecs_events_to: Option<String>,
    now: Moment,
}

impl World {
    pub(crate) fn new(options: &Options, now: Moment) -> Self {
        let identity =
            Identity { account: options.account.clone(), region: options.region.clone() };
        World {
            sqs: Sqs::new(identity.clone(), options.seed),
            events: Events::new(options.seed),
            ecs: Ecs::new(
                identity.clone(),
                options.seed,
                options.page_shuffle,
                options.stale_reads,
            ),
            health: Health::default(),
            elbv2: Elbv2::default(),
            code_deploy: CodeDeploy::new(identity.clone(), options.seed),
            cloud_watch: CloudWatch::new(identity.clone()),
            service_quotas: ServiceQuotas::new(identity.clone()),
            ec2: Ec2::default(),
            identity,
            faults: Faults::default(),
            log: CallLog::default(),
            throttle: options.throttling.then(Throttle::default),
            ecs_events_to: None,
            now,
        }
    }

    /// Lets the world catch up with the clock, which never takes it back.
    pub(crate) fn advance(&mut self, now: Moment) -> Moment {
        self.now = self.now.max(now);
        // CodeDeploy sees every change of the tasks that it waits for when it happens.
        while let Some(due) = self.due().filter(|due| !self.code_deploy.idle() && *due <= self.now)
        {
            self.ecs.advance(due);
            self.code_deploy.advance(&mut self.ecs, due);
        }
        self.ecs.advance(self.now);
        self.deliver();
        self.now
    }

    /// Lets everything happen that follows at once from what was just done.
    pub(crate) fn settle(&mut self, now: Moment) {
        self.code_deploy.advance(&mut self.ecs, now);
        self.deliver();
    }

    /// Adds a service, and what deploys it. Returns its ARN.
    pub(crate) fn add_service(&mut self, mut spec: ServiceSpec, now: Moment) -> String {
        let code_deploy = spec.code_deploy.take();
        for alarm in spec.alarm_names() {
            self.cloud_watch.ensure_alarm(alarm, now);
        }
        let ringing: Vec<String> =
            spec.alarm_names().filter(|name| self.cloud_watch.is_ringing(name)).cloned().collect();
        let named = spec.clone();
        let arn = self.ecs.add_service(spec, now);
        if let Some(code_deploy) = code_deploy {
            self.code_deploy.adopt(&named, &code_deploy, &mut self.ecs, now);
        }
        for alarm in ringing {
            self.ecs.ring(&alarm, true, now);
        }
        arn
    }

    /// When something is due next that nobody asks for.
    fn due(&self) -> Option<Moment> {
        let dues = [self.ecs.next_due(), self.code_deploy.next_due()];
        dues.into_iter().flatten().min()
    }

    /// Lets ECS's events go to a queue from now on.
    pub(crate) fn emit_ecs_events_to(&mut self, queue: &str) {
        self.ecs.tell_changes();
        self.ecs_events_to = Some(queue.to_owned());
    }

    /// Puts what ECS tells into the queue. EventBridge drops what a queue that is gone would get.
    pub(crate) fn deliver(&mut self) {
        for (at, event) in self.ecs.take_told() {
            if let Some(queue) = &self.ecs_events_to {
                self.sqs.enqueue(queue, &event.to_string(), None, at);
            }
        }
    }

    /// Answers a call whose target is `PREFIX.Operation`, and writes it into the log.
    pub(crate) fn call(&mut self, target: &str, request: Value, now: Moment) -> Reply {
        let now = self.advance(now);
        let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
        let resources = match prefix {
            sqs::TARGET_PREFIX => sqs::resources(&request),
            events::TARGET_PREFIX => events::resources(&request),
            health::TARGET_PREFIX => health::resources(&request),
            elbv2::TARGET_PREFIX => elbv2::resources(&request),
            codedeploy::TARGET_PREFIX => codedeploy::resources(&request),
            ecr::TARGET_PREFIX => ecr::resources(&request),
            cloudwatch::TARGET_PREFIX => cloudwatch::resources(&request),
            service_quotas::TARGET_PREFIX => service_quotas::resources(&request),
            ec2::TARGET_PREFIX => ec2::resources(&request),
            _ => ecs::resources(&request),
        };
        let fault = self.faults.hit(operation, &resources);
        let reply = self.answer(prefix, operation, &request, fault.as_ref(), now);
        let outcome = match (&fault, &reply.answer) {
            (Some(Fault::LoseReply), _) => Outcome::ReplyLost,
            (_, Answer::Silence) => Outcome::Dropped,
            (_, Answer::Json(_) | Answer::Wait(_)) => Outcome::Ok,
            (_, Answer::Error(error)) => Outcome::Error(error.code.to_owned()),
            (_, Answer::Html) => Outcome::Error("500".to_owned()),
        };
        self.log.add(Call {
            at: now.to_system_time(),
            operation: operation.to_owned(),
            item_count: resources.len(),
            resources,
            outcome,
            caller: self.log.caller.clone(),
            request,
        });
        reply
    }

    fn answer(
        &mut self,
        prefix: &str,
        operation: &str,
        request: &Value,
        fault: Option<&Fault>,
        now: Moment,
    ) -> Reply {
        let mut delay = Duration::ZERO;
        let answer = match fault {
            Some(Fault::DropRequest) => Answer::Silence,
            Some(Fault::Throttle) => Answer::Error(throttled()),
            Some(Fault::AccessDenied) => Answer::Error(denied(prefix, operation)),
            Some(Fault::ExpiredToken) => Answer::Error(expired()),
            Some(Fault::ServerError) => Answer::Error(broken()),
            Some(Fault::HtmlErrorPage) => Answer::Html,
            Some(Fault::LoseReply) => {
                self.execute(prefix, operation, request, None, now);
                Answer::Silence
            }
            Some(Fault::Delay(span)) => {
                delay = *span;
                self.execute(prefix, operation, request, None, now)
            }
            Some(Fault::FailEntries { every }) => {
                self.execute(prefix, operation, request, Some(*every), now)
            }
            None => self.execute(prefix, operation, request, None, now),
        };
        Reply { delay, answer }
    }

    /// Executes an operation. Of one with entries, `every`th fails.
    fn execute(
        &mut self,
        prefix: &str,
        operation: &str,
        request: &Value,
        every: Option<usize>,
        now: Moment,
    ) -> Answer {
        let mut answer = match prefix {
            ecs::TARGET_PREFIX => {
                if self.throttle.as_mut().is_some_and(|throttle| !throttle.admit(operation, now)) {
                    return Answer::Error(throttled());
                }
                self.ecs.call(operation, request, now).into()
            }
            sqs::TARGET_PREFIX => self.sqs.call(operation, request, every, now),
            events::TARGET_PREFIX => self.events.call(operation, request, every, now).into(),
            health::TARGET_PREFIX => self.health.call(operation, request).into(),
            elbv2::TARGET_PREFIX => self.elbv2.call(operation, request, &self.ecs).into(),
            codedeploy::TARGET_PREFIX => {
                self.code_deploy.call(operation, request, &mut self.ecs, now).into()
            }
            ecr::TARGET_PREFIX => self.ecs.ecr.call(operation, request, now).into(),
            cloudwatch::TARGET_PREFIX => {
                self.cloud_watch.call(operation, request, &self.ecs, now).into()
            }
            service_quotas::TARGET_PREFIX => self.service_quotas.call(operation, request).into(),
            ec2::TARGET_PREFIX => self.ec2.call(operation, request, &self.ecs).into(),
            _ => Answer::Error(ApiError::unknown_operation(&format!("{prefix}.{operation}"))),
        };
        if let Answer::Json(answer) = &mut answer {
            drop_nulls(answer);
        }
        answer
    }

    /// Looks again for what a call waits for.
    pub(crate) fn resume(&mut self, poll: Poll, now: Moment) -> Answer {
        self.sqs.resume(poll, now)
    }

    /// When a waiting call should look again at the latest.
    pub(crate) fn next_due(&self, poll: &Poll, now: Moment) -> Moment {
        let events = self.ecs_events_to.as_ref().and_then(|_| self.due());
        let messages = self.sqs.next_due(poll, now);
        events.map_or(messages, |events| events.min(messages))
    }
}

/// AWS leaves absent members out; the shapes write them as nulls at the top level.
fn drop_nulls(answer: &mut Value) {
    if let Some(members) = answer.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
}

fn throttled() -> ApiError {
    ApiError::client("ThrottlingException", "Rate exceeded")
}

fn denied(prefix: &str, operation: &str) -> ApiError {
    let service = match prefix {
        sqs::TARGET_PREFIX => "sqs",
        events::TARGET_PREFIX => "events",
        health::TARGET_PREFIX => "health",
        elbv2::TARGET_PREFIX => "elasticloadbalancing",
        codedeploy::TARGET_PREFIX => "codedeploy",
        ecr::TARGET_PREFIX => "ecr",
        cloudwatch::TARGET_PREFIX => "cloudwatch",
        service_quotas::TARGET_PREFIX => "servicequotas",
        ec2::TARGET_PREFIX => "ec2",
        _ => "ecs",
    };
    let message = format!("User is not authorized to perform: {service}:{operation}");
    ApiError::client("AccessDeniedException", message)
}

fn expired() -> ApiError {
    let message = "The security token included in the request is expired";
    ApiError::client("ExpiredTokenException", message)
}

fn broken() -> ApiError {
    let message = "Service Unavailable. Please try again later.".to_owned();
    ApiError { status: 500, code: "ServerException", message }
}
