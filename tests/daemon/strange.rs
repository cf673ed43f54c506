//! Services and clusters that are not as they should be.

use std::time::Duration;

use ecs_refresh::plan::fleet::ProblemClass;
use ecs_refresh::plan::key::{ClusterKey, ServiceKey};
use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::{Fault, FaultRule, Hook, ServiceSpec, Simulator};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, selector, service, simulator, weekly,
};

fn old(name: &str) -> ServiceSpec {
    ServiceSpec::new("prd", name).task_age(8 * DAY)
}

/// Ten services that are all due, refreshed five at a time.
fn ten(sim: &Simulator) -> Policy {
    for number in 0..10 {
        sim.add_service(old(&format!("s{number}")));
    }
    Policy { concurrency: 5, ..weekly() }
}

fn started(sim: &Simulator) -> usize {
    (0..10).map(|number| sim.started_deployments("prd", &format!("s{number}"))).sum()
}

#[tokio::test(start_paused = true)]
async fn a_service_that_may_not_be_described_is_held_and_costs_the_others_nothing() {
    let clock = clock();
    let sim = simulator(&clock);
    let policy = ten(&sim);
    sim.inject(FaultRule::new("DescribeServices", Fault::AccessDenied).on("prd/s3"));
    let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
    daemon.run_for(HOUR / 2).await;
    assert!(daemon.says("s3").starts_with("Hold: cannot be read: DescribeServices: AccessDenied"));
    assert!(daemon.says("s3").contains("allow the IAM action ecs:DescribeServices"));
    assert_eq!((started(&sim), sim.started_deployments("prd", "s3")), (9, 0));
    let denied = |sim: &Simulator| {
        sim.calls().iter().filter(|call| call.resources.contains(&"prd/s3".to_owned())).count()
    };
    let asked = denied(&sim);
    daemon.run_for(HOUR / 4).await;
    assert_eq!(denied(&sim), asked, "a denied service is asked about once an hour");
    sim.heal();
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.last("s3").unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_service_may_not_be_described_is_asked_about_calmly_and_goes_on() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    sim.add_service(ServiceSpec::new("prd", "web"));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(MINUTE / 2).await;
    assert_eq!(sim.started_deployments("prd", "api"), 1, "{}", daemon.says("api"));
    sim.inject(FaultRule::new("DescribeServices", Fault::AccessDenied).on("prd/api"));
    let events = daemon.run_events(1_000, 5 * MINUTE).await;
    assert!(events < 200, "the loop runs hot");
    assert!(
        daemon.says("api").contains("cannot be seen: DescribeServices"),
        "{}",
        daemon.says("api")
    );
    sim.heal();
    daemon.run_for(MINUTE).await;
    assert_eq!(daemon.ended("api").outcome, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_denied_as_a_whole_is_reported_and_the_other_one_is_served() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    sim.add_service(ServiceSpec::new("dev", "api").task_age(8 * DAY));
    for operation in ["ListServices", "ListTasks"] {
        sim.inject(FaultRule::new(operation, Fault::AccessDenied).on("dev"));
    }
    let policy = Policy { selector: selector(&["prd", "dev"], &[]), ..weekly() };
    let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
    daemon.run_for(HOUR / 2).await;
    assert_eq!(daemon.last("api").unwrap().outcome, Outcome::Succeeded);
    let status = daemon.status.borrow().clone();
    let of = |name: &str| status.clusters.iter().find(|c| c.cluster.name() == name).unwrap();
    assert_eq!(of("dev").problem.as_ref().unwrap().class, ProblemClass::Denied);
    assert_eq!((of("dev").complete_at, of("prd").problem.is_none()), (None, true));
    assert!(of("prd").complete_at.is_some());
    sim.heal();
    daemon.run_for(HOUR / 2).await;
    assert_eq!(sim.started_deployments("dev", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_expire_in_mid_run_are_reported_and_nothing_is_lost() {
    let clock = clock();
    let sim = simulator(&clock);
    let policy = ten(&sim);
    let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
    daemon.run_for(MINUTE / 2).await;
    assert_eq!(started(&sim), 5);
    sim.inject(FaultRule::new("*", Fault::ExpiredToken));
    daemon.run_for(HOUR / 2).await;
    let status = daemon.status.borrow().clone();
    assert!(status.problems[0].contains("AWS refuses the credentials"), "{:?}", status.problems);
    let problem = status.clusters[0].problem.as_ref().unwrap();
    assert_eq!(problem.class, ProblemClass::Credentials);
    assert!(status.readiness.why.unwrap().contains("credentials"));
    for number in 0..5 {
        let says = daemon.says(&format!("s{number}"));
        assert!(says.contains("cannot be seen") && says.contains("credentials"), "{says}");
    }
    assert_eq!(started(&sim), 5);
    sim.heal();
    daemon.run_for(HOUR / 2).await;
    for number in 0..10 {
        let name = format!("s{number}");
        assert_eq!(daemon.last(&name).unwrap().outcome, Outcome::Succeeded, "{name}");
        assert_eq!(sim.started_deployments("prd", &name), 1, "{name}");
    }
    assert!(daemon.status.borrow().problems.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_goes_away_leaves_in_mid_refresh_and_while_idle() {
    for drained in [true, false] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service(old("api"));
        sim.add_service(ServiceSpec::new("prd", "idle"));
        sim.add_service(ServiceSpec::new("prd", "stays"));
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
        daemon.run_for(MINUTE / 2).await;
        for name in ["api", "idle"] {
            match drained {
                true => sim.drain_service("prd", name),
                false => sim.delete_service("prd", name),
            }
        }
        daemon.run_for(10 * MINUTE).await;
        let last = daemon.ended("api");
        assert_eq!(last.outcome, Outcome::Superseded, "{last:?}");
        assert!(last.diagnosis.contains("deleted"), "{last:?}");
        assert_eq!(
            (daemon.says("api"), daemon.says("idle")),
            ("no verdict".into(), "no verdict".into())
        );
        assert!(daemon.says("stays").starts_with("Fresh"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_state_that_nobody_knows_is_never_a_success() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(MINUTE / 2).await;
    sim.set_rollout_state_raw("prd", "api", Some("SUCCEEDED_MOSTLY"));
    daemon.run_for(2 * HOUR).await;
    assert_eq!(daemon.last("api").unwrap().outcome, Outcome::TimedOut);
    assert!(daemon.says("api").contains("SUCCEEDED_MOSTLY"), "{}", daemon.says("api"));
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_reports_no_rollout_state_is_proven_by_its_tasks() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api").desired(2));
    sim.set_rollout_state_raw("prd", "api", Some(""));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.ended("api").outcome, Outcome::Succeeded);
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn services_that_are_not_for_us_say_why() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("ec2").launch_type("EC2"));
    sim.add_service(old("mixed").capacity_providers(&["FARGATE", "my-asg"]));
    sim.add_service(old("spot").capacity_providers(&["FARGATE_SPOT"]));
    sim.add_service(old("ageless").desired(2));
    sim.hide_created_at("prd", "ageless", true);
    sim.add_service(old("zero").desired(0));
    sim.add_service(old("tagged").tag("ecs-refresh:hold", "until the audit is over"));
    sim.add_service(old("deploy").controller("CODE_DEPLOY"));
    sim.add_service(old("external").controller("EXTERNAL"));
    sim.add_service(old("paused").strategy("BLUE_GREEN").hook(Hook::pause("POST_SCALE_UP")));
    sim.add_service(old("short").short_arn(true));
    let mut daemon =
        Setup::new(policies([Policy { concurrency: 9, ..weekly() }])).start(&sim, &clock).await;
    daemon.run_for(HOUR / 2).await;
    let expected = [
        ("ec2", "no verdict"),
        ("mixed", "no verdict"),
        ("ageless", "Hold: age unknown: 2 running tasks without createdAt"),
        ("zero", "Fresh: desired count is 0: nothing to replace"),
        ("tagged", "Hold: held by its tag ecs-refresh:hold: until the audit is over"),
        (
            "deploy",
            "Hold: deployed by CodeDeploy: code_deploy = true in the policy lets it be refreshed by a \
             CodeDeploy deployment",
        ),
        (
            "external",
            "Hold: its controller is EXTERNAL: its task sets are made by its owner's own tool, which \
             has to replace them",
        ),
        (
            "paused",
            "Hold: needs a person: pause hook at POST_SCALE_UP; allow_pause = true in the policy lets \
             it start",
        ),
    ];
    for (name, sentence) in expected {
        assert_eq!(daemon.says(name), sentence);
        assert_eq!(sim.started_deployments("prd", name), 0, "{name}");
    }
    for name in ["short", "spot"] {
        assert_eq!(daemon.ended(name).outcome, Outcome::Succeeded);
    }
    sim.untag_service("prd", "tagged", "ecs-refresh:hold");
    sim.hide_created_at("prd", "ageless", false);
    daemon.run_for(HOUR / 2).await;
    for name in ["tagged", "ageless"] {
        assert_eq!(daemon.ended(name).outcome, Outcome::Succeeded);
    }
}

#[tokio::test(start_paused = true)]
async fn the_desired_count_may_change_in_mid_rollout() {
    for (before, after) in [(4, 2), (2, 5), (3, 0)] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service(old("api").desired(before));
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
        daemon.run_for(MINUTE / 2).await;
        sim.set_desired("prd", "api", after);
        daemon.run_for(HOUR / 2).await;
        let last = daemon.ended("api");
        assert_eq!(last.outcome, Outcome::Succeeded, "{before} to {after}: {last:?}");
        assert_eq!(sim.started_deployments("prd", "api"), 1);
        assert_eq!(sim.service("prd", "api").desired, after, "nobody fights auto scaling");
    }
}

#[tokio::test(start_paused = true)]
async fn clusters_come_and_go_and_names_repeat_in_them() {
    let clock = clock();
    let sim = simulator(&clock);
    for cluster in ["prd-a", "prd-b", "dev"] {
        sim.add_service(ServiceSpec::new(cluster, "api").task_age(8 * DAY));
    }
    let names = selector(&["prd-*", "absent"], &["api"]);
    let policy = Policy { selector: names, concurrency: 5, ..weekly() };
    let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
    daemon.run_for(HOUR / 4).await;
    let key = |cluster: &str| {
        ServiceKey::new(&ClusterKey::new("eu-central-1", "123456789012", cluster), "api")
    };
    let outcome = |daemon: &Daemon, cluster: &str| {
        daemon.reconciler.record(&key(cluster))?.last.as_ref().map(|last| last.outcome)
    };
    for cluster in ["prd-a", "prd-b"] {
        assert_eq!(outcome(&daemon, cluster), Some(Outcome::Succeeded), "{cluster}");
    }
    assert_eq!(sim.started_deployments("dev", "api"), 0);
    let problems = daemon.status.borrow().problems.clone();
    assert_eq!(problems.as_slice(), ["cluster absent: there is no such cluster"]);
    sim.add_service(ServiceSpec::new("prd-c", "api").task_age(8 * DAY));
    daemon.run_for(HOUR / 4).await;
    assert_eq!(outcome(&daemon, "prd-c"), Some(Outcome::Succeeded));
}

#[tokio::test(start_paused = true)]
async fn the_daemons_own_service_is_held() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("ecs-refresh"));
    let setup = Setup { own: Some(service("ecs-refresh")), ..Setup::new(policies([weekly()])) };
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(HOUR).await;
    let says = daemon.says("ecs-refresh");
    assert!(says.starts_with("Hold: this is ecs-refresh itself"), "{says}");
    assert_eq!(sim.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_look_and_without_credentials_the_daemon_is_not_ready_and_says_why() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    let mut daemon = Setup::new(policies([weekly()])).start(&sim, &clock).await;
    let status = daemon.status.borrow().clone();
    assert!(!status.readiness.is_ready() && !status.readiness.first_look);
    assert!(status.readiness.configuration && status.readiness.store && status.config_valid);
    assert_eq!(status.last_look_at, None);
    daemon.run_for(Duration::from_secs(1)).await;
    let status = daemon.status.borrow().clone();
    assert!(status.readiness.is_ready() && status.last_look_at.is_some());

    let setup = Setup { credentials: false, ..Setup::new(policies([weekly()])) };
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(10 * MINUTE).await;
    let status = daemon.status.borrow().clone();
    assert!(!status.readiness.is_ready());
    let why = status.readiness.why.unwrap();
    assert!(why.contains("no AWS credentials found: give the task a task role"), "{why}");
    assert_eq!(status.problems.as_slice(), [why]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_selects_nothing_is_reported_until_it_does() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").task_age(DAY));
    let misspelt = Policy { selector: selector(&["prd"], &["wroker-*"]), ..weekly() };
    let mut daemon = Daemon::start(&sim, &clock, policies([misspelt])).await;
    daemon.run_for(2 * MINUTE).await;
    let problems = || daemon.status.borrow().problems.clone();
    let why = "policy weekly selects no Fargate service: look at its clusters, names and tags";
    assert_eq!(problems().as_slice(), [why]);
    sim.add_service(ServiceSpec::new("prd", "wroker-1").task_age(DAY));
    daemon.run_for(2 * MINUTE).await;
    assert!(daemon.status.borrow().problems.is_empty());
}
