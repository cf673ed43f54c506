//! Texts as ECS really writes them, and what is found in them.

use proptest::prelude::*;

use super::texts;
use super::{Clues, Finding, explain};
use crate::plan::fleet::{
    Deployment, DeploymentId, Percents, PostMortem, Protected, RolloutState, Service, ServiceEvent,
    StoppedContainer, StoppedTask, TaskId,
};
use crate::plan::ledger::Attempt;
use crate::plan::tests::fixture::{NOW, a_service, an_attempt, at, delta, key, task_id};

fn check(expected: &str, text: &str) {
    let found = texts::read(text);
    let label = found.as_ref().map_or("nothing", Finding::label);
    assert_eq!(label, expected, "{text}: {found:?}");
}

#[test]
fn an_image_that_cannot_be_pulled_is_told_in_many_ways() {
    for text in [
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
         ref docker.io/tryretool/backend:2.110.5: failed to do request: dial tcp: i/o timeout",
        "CannotPullContainerError: ref pull has been retried 1 time(s): failed to copy: \
         httpReadSeeker: failed open: unexpected status code",
        "CannotPullContainerError: inspect image has been retried 5 time(s): failed to resolve ref",
        "CannotPullContainerError: image Manifest does not contain descriptor matching platform \
         'linux/amd64'",
        "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit.",
        "CannotPullECRContainerError: AccessDeniedException",
        "Task failed to start: cannotpullcontainererror: context canceled",
        "(service api) was unable to place a task. Reason: CannotPullContainerError: ref pull has \
         been retried 1 time(s).",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
         retrieval failed: unable to retrieve ecr registry auth: service call has been retried 5 \
         time(s): RequestError: send request failed",
        "(service api) was unable to place a task. Reason: ResourceInitializationError: unable to \
         pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is \
         a connection issue between the task and Amazon ECR.",
    ] {
        check("image_pull", text);
    }
}

#[test]
fn so_is_a_secret_or_parameter_that_cannot_be_read() {
    for text in [
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
         retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 \
         time(s): AccessDeniedException: User: ...",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
         retrieval failed: unable to retrieve secret from asm: service call has been retried 5 \
         time(s): failed to fetch secret arn:aws:secretsmanager:us-west-2:1:secret:x from secrets \
         manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.",
        "ResourceInitializationError: unable to pull secrets or registry auth: execution resource \
         retrieval failed: unable to get registry auth from asm: service call has been retried 5 \
         time(s): asm fetching secret from the service for ...",
        "resourceinitializationerror: Unable to pull secrets or registry auth: pull command failed",
        "ResourceInitializationError: The task can't retrieve the secret with ARN 'x' from AWS \
         Secrets Manager. Check that the secret ARN is correct.",
        "ResourceInitializationError: The task can\u{2019}t retrieve the secret with ARN 'x'",
    ] {
        check("secret", text);
    }
}

#[test]
fn what_the_network_and_the_capacity_lack_is_told_apart() {
    for (label, text) in [
        (
            "no_ip_address",
            "Unexpected EC2 error while attempting to Create Network Interface in subnet \
             'subnet-1': InsufficientFreeAddressesInSubnet",
        ),
        (
            "no_ip_address",
            "Unexpected EC2 error while attempting to Create Network Interface with public IP \
             assignment enabled in subnet 'subnet-1'",
        ),
        ("no_ip_address", "The specified subnet does not have enough free addresses"),
        ("no_ip_address", "there are no available IP addresses in the subnet"),
        ("no_ip_address", "(service api) was unable to place a task. Reason: RESOURCE:ENI."),
        (
            "nothing",
            "Unexpected EC2 error while attempting to Create Network Interface in subnet \
             'subnet-1': AuthFailure",
        ),
        (
            "nothing",
            "Unexpected EC2 error while attempting to tag the network interface: TagPolicyViolation",
        ),
        (
            "vcpu_quota",
            "(service api) was unable to place a task. Reason: You've reached the limit on the number \
             of vCPUs you can run concurrently. For more information, see the Troubleshooting section.",
        ),
        (
            "vcpu_quota",
            "Service (api) was unable to place a task. Reason: You\u{2019}ve reached the limit on the \
             number of vCPUs you can run concurrently",
        ),
        (
            "vcpu_quota",
            "Reason: You've reached the limit on the number of tasks you can run concurrently",
        ),
        ("vcpu_quota", "Reason: The requested CPU configuration is above your limit."),
        (
            "no_capacity",
            "service api was unable to place a task. Reason: Capacity is unavailable at this time. \
             Please try again later or in a different availability zone.",
        ),
        ("no_capacity", "(service api) was unable to place a task. Reason: RESOURCE:FARGATE"),
        ("no_capacity", "Your Spot Task was interrupted."),
    ] {
        check(label, text);
    }
}

#[test]
fn health_checks_percentages_protection_and_throttling_are_known() {
    for (label, text) in [
        ("container_health_check", "Task failed container health checks"),
        ("container_health_check", "(service api) (task 0a) failed container health checks."),
        ("load_balancer_health_check", "Task failed ELB health checks in (target-group arn:aws:x)"),
        (
            "percentages",
            "(service api) was unable to stop or start tasks during a deployment because of the \
             service deployment configuration. Update the minimumHealthyPercent or maximumPercent \
             value and try again.",
        ),
        (
            "protected_tasks",
            "(service api) was unable to reach steady state because (taskSet ecs-svc/1) was unable \
             to scale in due to (reason 2 tasks under protection)",
        ),
        (
            "protected_tasks",
            "was unable to scale in. Reason: The number of protected tasks are more than the desired \
             count of tasks",
        ),
        ("throttled", "(service api) operations are being throttled. Will try again later."),
        ("throttled", "service api operations are being throttled on elb. Will try again later."),
        ("nothing", "(service api) has reached a steady state."),
        (
            "nothing",
            "(service api) (deployment ecs-svc/2) deployment failed: tasks failed to start.",
        ),
        ("nothing", "Essential container in task exited"),
        ("nothing", ""),
    ] {
        check(label, text);
    }
    let two = texts::read("was unable to scale in due to (reason 2 tasks under protection)");
    assert_eq!(two, Some(Finding::ProtectedTasks { tasks: Some(2), until: None }));
}

#[test]
fn the_load_balancer_says_why() {
    for (why, text) in [
        (
            Some("Health checks failed with these codes: [503]"),
            "(service api) (task 0a) (port 8080) is unhealthy in (target-group arn:aws:x) due to \
             (reason Health checks failed with these codes: [503]).",
        ),
        (
            Some("Request timed out"),
            "service api (port 80) is unhealthy in target-group api due to (reason Request timed out).",
        ),
        (
            Some("TARGET GROUP IS NOT FOUND"),
            "service (api) task set (ecs-svc/1) (task 0a) is not healthy in target-group (arn) due to \
             `TARGET GROUP IS NOT FOUND`",
        ),
        (None, "(service api) (task 0a) is unhealthy in (target-group arn:aws:x)"),
        (None, "is unhealthy in (target-group arn:aws:x) due to (reason )"),
    ] {
        let Some(Finding::LoadBalancerHealthCheck { why: found, .. }) = texts::read(text) else {
            panic!("{text}")
        };
        assert_eq!(found.as_deref(), why, "{text}");
    }
}

#[test]
fn routine_is_not_quoted() {
    for (routine, text) in [
        (true, "(service api) has reached a steady state."),
        (true, "(service api) has started 2 tasks: (task 0a) (task 0b)."),
        (true, "(service api) has stopped 1 running tasks: (task 0a)."),
        (true, "(service api) stopped 2 pending tasks."),
        (true, "(service api) registered 1 targets in (target-group arn)"),
        (true, "(service api) has begun draining connections on 1 tasks."),
        (
            false,
            "(service api) has started 2 tasks. Amazon ECS replaced 2 due to an unhealthy status.",
        ),
        (false, "(service api) is unable to consistently start tasks successfully."),
        (false, "(service api) rolling back to deployment ecs-svc/1."),
    ] {
        assert_eq!(texts::is_routine(text), routine, "{text}");
    }
}

/// A rollout of `ecs-svc/2` over two tasks of `ecs-svc/1`, of which nothing was found yet.
struct Case {
    attempt: Attempt,
    service: Service,
}

fn case() -> Case {
    let look =
        a_service("api").tasks_aged("8d").desired(2).described("0s").looks(at(NOW)).remove(0);
    let crate::plan::fleet::Reading::Described(mut description) = look.reading else { panic!() };
    let ours = Deployment {
        id: DeploymentId::new("ecs-svc/2"),
        rollout: RolloutState::InProgress,
        running_count: 0,
        ..description.deployments[0].clone()
    };
    description.deployments[0].primary = false;
    description.deployments.push(ours);
    let mut service = Service::new(key("api"));
    service.description = Some(description);
    service.post_mortem = Some(PostMortem {
        asked_at: at(NOW),
        deployments: Ok(Vec::new()),
        protected: Vec::new(),
        stopped: Vec::new(),
        events: Vec::new(),
    });
    Case { attempt: an_attempt("20m").build(key("api"), at(NOW)), service }
}

impl Case {
    fn evidence(&mut self) -> &mut PostMortem {
        self.service.post_mortem.as_mut().unwrap()
    }

    fn task(mut self, ago: &str, code: &str, reason: &str) -> Self {
        self.evidence().stopped.push(StoppedTask {
            id: TaskId::plain(9),
            started_by: Some(DeploymentId::new("ecs-svc/2")),
            created_at: None,
            stopped_at: Some(at(NOW) - delta(ago)),
            code: Some(code.to_owned()),
            reason: Some(reason.to_owned()),
            containers: Vec::new(),
        });
        self
    }

    /// The last task had a container that ended like this.
    fn container(mut self, name: &str, exit_code: i32, reason: Option<&str>) -> Self {
        let (name, reason) = (name.to_owned(), reason.map(str::to_owned));
        let container = StoppedContainer { name, exit_code: Some(exit_code), reason };
        self.evidence().stopped.last_mut().unwrap().containers.push(container);
        self
    }

    fn of_another_deployment(mut self) -> Self {
        let task = self.evidence().stopped.last_mut().unwrap();
        task.started_by = Some(DeploymentId::new("ecs-svc/1"));
        self
    }

    fn event(mut self, ago: &str, message: &str) -> Self {
        let at = Some(at(NOW) - delta(ago));
        self.evidence().events.push(ServiceEvent { at, message: message.to_owned() });
        self
    }

    fn running(mut self, running: u32) -> Self {
        self.service.description.as_mut().unwrap().deployments[1].running_count = running;
        self
    }

    fn percents(mut self, minimum_healthy: u32, maximum: u32) -> Self {
        let description = self.service.description.as_mut().unwrap();
        description.percents = Some(Percents { minimum_healthy, maximum });
        self
    }

    fn protected(mut self) -> Self {
        let (task, until) = (task_id("api", "ecs-svc/1", 0), at(NOW) + delta("1h"));
        self.attempt.before.tasks = vec![task];
        self.evidence().protected.push(Protected { task, until });
        self
    }

    fn spot(mut self) -> Self {
        self.service.description.as_mut().unwrap().spot = true;
        self
    }

    fn clues(&self) -> Clues<'_> {
        Clues { attempt: &self.attempt, service: &self.service, now: at(NOW) }
    }

    fn found(&self) -> Finding {
        self.clues().find()
    }
}

const PULL: &str = "CannotPullContainerError: gone";
const ELB: &str = "Task failed ELB health checks in (target-group arn)";
const CODES: &str = "(service api) (task 0a) (port 80) is unhealthy in (target-group arn) due to \
                     (reason Health checks failed with these codes: [503]).";
const EXITED: &str = "Essential container in task exited";
const QUOTA: &str = "(service api) was unable to place a task. Reason: You've reached the limit on \
                     the number of vCPUs you can run concurrently.";
const CAPACITY: &str = "(service api) was unable to place a task. Reason: Capacity is unavailable at \
                        this time. Please try again later or in a different availability zone.";
const THROTTLED: &str = "(service api) operations are being throttled. Will try again later.";
const FAILED: &str = "TaskFailedToStart";
const EXIT: &str = "EssentialContainerExited";
const SCHEDULER: &str = "ServiceSchedulerInitiated";

#[test]
fn the_most_telling_of_what_is_known_is_found() {
    let replaced = "Scaling activity initiated by (deployment ecs-svc/2)";
    for (what, case, expected) in [
        ("nothing", case(), "nothing tells why"),
        ("a task", case().task("1m", FAILED, PULL), "its image cannot be pulled: Cannot"),
        (
            "a task before an event of the time",
            case().task("4m", FAILED, PULL).event("1m", QUOTA),
            "its image cannot be pulled",
        ),
        (
            "an event that is much younger",
            case().task("15m", FAILED, PULL).event("1m", QUOTA),
            "the account's quota of Fargate vCPUs is used up: (service api)",
        ),
        (
            "the newest task",
            case().task("1m", SCHEDULER, ELB).task("9m", FAILED, PULL).event("2m", CODES),
            "health checks of the load balancer (Health checks failed with these codes: [503])",
        ),
        (
            "not what was replaced",
            case().task("1m", SCHEDULER, replaced).task("9m", FAILED, PULL),
            "its image cannot be pulled",
        ),
        (
            "not what others launched",
            case().task("1m", FAILED, PULL).of_another_deployment(),
            "nothing tells why",
        ),
        ("throttling last", case().event("1m", THROTTLED).event("9m", CAPACITY), "no Fargate cap"),
        ("throttling", case().event("1m", THROTTLED), "ECS is throttled"),
        ("Spot", case().spot().event("1m", CAPACITY), "no Fargate Spot capacity"),
        ("an interruption", case().task("1m", "SpotInterruption", "Gone."), "no Fargate Spot cap"),
        ("percentages", case().percents(100, 100), "100 of 2 tasks leave no room"),
        ("that can move", case().percents(50, 100), "nothing tells why"),
        (
            "percentages that did move",
            case().percents(100, 100).running(1).task("1m", FAILED, PULL),
            "its image cannot be pulled",
        ),
        (
            "protection",
            case().protected().running(2),
            "1 old task protected until Wed 2026-11-18 04:10 UTC",
        ),
        (
            "protection with new tasks missing",
            case().protected().running(1).task("1m", FAILED, PULL),
            "its image cannot be pulled",
        ),
        ("protection alone", case().protected().running(1), "1 old task protected until"),
        (
            "what is not understood",
            case().task("1m", FAILED, "CannotStartContainerError: what").event("2m", "Hm."),
            "it is not understood why: CannotStartContainerError: what | Hm.",
        ),
    ] {
        let found = case.found().to_string();
        assert!(found.contains(expected), "{what}: {found}");
    }
}

#[test]
fn the_container_that_ended_first_is_named() {
    let exited = || case().task("1m", EXIT, EXITED);
    let killed = Some("OutOfMemoryError: Container killed due to memory usage");
    for (case, expected) in [
        (exited().container("web", 1, None), "container web exits with code 1"),
        (
            exited().container("log", 143, None).container("web", 3, None),
            "container web exits with code 3",
        ),
        (
            exited().container("log", 1, None).container("web", 137, killed),
            "container web exits with code 137: OutOfMemoryError: Container killed",
        ),
        (
            exited().container("web", 0, None).container("log", 143, None),
            "container web exits with code 0",
        ),
        (exited(), "a container exits"),
        // Codes of tasks that the scheduler stops come from being stopped.
        (
            case()
                .task("1m", SCHEDULER, "Task failed container health checks")
                .container("w", 1, None),
            "its tasks fail their container health checks",
        ),
        (case().task("1m", SCHEDULER, "Hm.").container("web", 1, None), "it is not understood why"),
    ] {
        let found = case.found().to_string();
        assert!(found.starts_with(expected), "{expected}: {found}");
    }
}

#[test]
fn the_outcome_keeps_its_sentence_and_gains_finding_hint_and_texts() {
    let case = case()
        .task("1m", FAILED, PULL)
        .task("2m", FAILED, PULL)
        .event("1m", "(service api) has started 1 tasks: (task 0a).")
        .event("2m", THROTTLED);
    let finding = case.found();
    assert_eq!(
        explain("it is late", &finding, &case.clues()),
        format!(
            "it is late; its image cannot be pulled; to do: {}; 2 tasks stopped: {PULL}; service \
             events: {THROTTLED}",
            finding.hint()
        )
    );
}

fn every_finding() -> Vec<Finding> {
    let said = || "said".to_owned();
    vec![
        Finding::ImagePull { said: said() },
        Finding::Secret { said: said() },
        Finding::NoIpAddress { said: said() },
        Finding::VcpuQuota { said: said() },
        Finding::NoCapacity { spot: true, said: said() },
        Finding::NoCapacity { spot: false, said: said() },
        Finding::ContainerExit { container: None, exit_code: Some(137), said: None },
        Finding::ContainerExit { container: Some(said()), exit_code: None, said: Some(said()) },
        Finding::ContainerHealthCheck { said: said() },
        Finding::LoadBalancerHealthCheck { why: None, said: said() },
        Finding::Percentages { minimum_healthy: 100, maximum: 150, desired: 1 },
        Finding::ProtectedTasks { tasks: None, until: None },
        Finding::PauseHook { stage: Some("BAKE_TIME".into()), expires_at: None },
        Finding::Throttled { said: said() },
        Finding::Unknown { said: vec![said()] },
    ]
}

#[test]
fn every_finding_has_a_word_a_sentence_and_a_hint_and_can_be_stored() {
    for finding in every_finding() {
        let stored = serde_json::to_value(&finding).unwrap();
        assert_eq!(stored["kind"], finding.label());
        assert_eq!(serde_json::from_value::<Finding>(stored).unwrap(), finding);
        let sentence = finding.to_string();
        assert!(sentence.starts_with(&finding.summary()), "{sentence}");
        for text in [sentence.as_str(), finding.hint()] {
            assert!(
                text.len() > 20 && !text.ends_with(['.', ' ']) && !text.contains("  "),
                "{text}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_too_much(text in "\\PC{0,400}", cut in 0_usize..400, part in 0_usize..6) {
        let known = [CODES, QUOTA, "due to (reason ", " tasks under protection", PULL, "\u{130}\u{2019}"];
        let start: String = text.chars().take(cut).collect();
        let rest: String = text.chars().skip(cut).collect();
        let text = format!("{start}{}{rest}", known[part]);
        let case = case()
            .task("1m", FAILED, &text)
            .container(&text, 1, Some(&text))
            .event("2m", &text);
        let finding = case.found();
        prop_assert!(finding.to_string().chars().count() < 1_400);
        let explained = explain("why", &finding, &case.clues());
        prop_assert!(explained.starts_with("why; ") && explained.chars().count() < 4_000);
    }
}
