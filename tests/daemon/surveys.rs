//! What surrounds services, as the daemon reads it from the simulated AWS.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_refresh::aws::{AwsMetrics, ConnectOptions, Priority, Surveyor, connect};
use ecs_refresh::clock::Clock;
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::fleet::ProblemClass;
use ecs_refresh::plan::surroundings::{
    Alarm, FargateQuota, ImageId, ImageName, ImageSeen, ImageStatus, LifecycleLimit, Market,
    Repository, Subnet, Surroundings, Want,
};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec, Simulator};

use crate::harness::{MINUTE, clock, simulator};

async fn surveyor(sim: &Simulator, clock: &Clock) -> Surveyor {
    let options = ConnectOptions {
        region: Some("eu-central-1".to_owned()),
        http_client: Some(sim.http_client()),
        credentials: Some(SharedCredentialsProvider::new(Credentials::for_tests())),
        ..ConnectOptions::default()
    };
    let metrics = AwsMetrics::register(&Metrics::new());
    Surveyor::new(connect(options, clock.clone(), 1.0, metrics).await.unwrap())
}

async fn read(surveyor: &Surveyor, wants: impl IntoIterator<Item = Want>) -> Surroundings {
    let wants: BTreeSet<Want> = wants.into_iter().collect();
    let read = surveyor.survey(&wants, Priority::Urgent).await;
    assert!(wants.iter().all(|want| read.read_at(want).is_some()), "{wants:?} {read:?}");
    read
}

fn repository(name: &str) -> Repository {
    Repository { account: "123456789012".into(), name: name.into() }
}

fn image(name: ImageName) -> ImageId {
    ImageId { repository: repository("api"), name }
}

#[tokio::test(start_paused = true)]
async fn images_are_seen_wherever_they_are() {
    let clock = clock();
    let sim = simulator(&clock);
    let digest = sim.push_image("api", "v1");
    sim.push_image("api", "old");
    sim.archive_image("api", "old");
    let surveyor = surveyor(&sim, &clock).await;
    let [v1, old, gone] = ["v1", "old", "gone"].map(|tag| image(ImageName::Tag(tag.into())));
    let by_digest = image(ImageName::Digest(digest.as_str().into()));
    let wants = || [&v1, &old, &gone, &by_digest].map(|id| Want::Image(id.clone()));
    for _ in 0..2 {
        let read = read(&surveyor, wants()).await;
        let seen = |id: &ImageId| read.images[id].value.clone().unwrap();
        let ImageSeen::There(there) = seen(&v1) else { panic!("{read:?}") };
        assert_eq!((&*there.digest, &there.status), (&*digest, &ImageStatus::Active));
        assert_eq!(seen(&by_digest), ImageSeen::There(there));
        let ImageSeen::There(archived) = seen(&old) else { panic!("{read:?}") };
        assert_eq!(archived.status, ImageStatus::Archived);
        assert_eq!(seen(&gone), ImageSeen::Missing);
    }
    sim.delete_repository("api");
    let read = read(&surveyor, wants()).await;
    assert!(read.images.values().all(|known| known.value == Ok(ImageSeen::NoRepository)));
}

#[tokio::test(start_paused = true)]
async fn a_policy_and_the_rules_of_the_cache_are_read() {
    let clock = clock();
    let sim = simulator(&clock);
    for tag in ["v1", "v2", "v3", "x"] {
        sim.push_image("api", tag);
        tokio::time::advance(MINUTE).await;
    }
    let policy = r#"{ "rules": [{ "rulePriority": 1, "action": { "type": "expire" }, "selection": {
        "tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "imageCountMoreThan",
        "countNumber": 2 } }] }"#;
    sim.set_lifecycle_policy("api", policy);
    sim.add_pull_through_rule("docker-hub", "registry-1.docker.io");
    let surveyor = surveyor(&sim, &clock).await;
    let wants = [Want::Lifecycle(repository("api")), Want::PullThrough];
    let read = read(&surveyor, wants).await;
    let lifecycle = read.lifecycles[&repository("api")].value.clone().unwrap();
    let [rule] = &lifecycle.rules[..] else { panic!("{lifecycle:?}") };
    assert_eq!(rule.limit, LifecycleLimit::CountMoreThan(2));
    let times = rule.counted.clone().unwrap();
    assert!(times.len() == 3 && times.is_sorted_by(|one, next| one > next), "{times:?}");
    let prefixes = read.pull_through.unwrap().value.unwrap().prefixes;
    assert_eq!(prefixes, ["docker-hub".into()]);
}

#[tokio::test(start_paused = true)]
async fn targets_alarms_quotas_and_subnets_are_read() {
    let clock = clock();
    let sim = simulator(&clock);
    let spec = ServiceSpec::new("prd", "api").desired(3).load_balancer();
    sim.add_service(spec.subnets(&["subnet-a"]));
    let group = sim.target_group("prd", "api");
    sim.set_targets_unhealthy(&group, 1);
    sim.set_alarm_state("latency", "ALARM");
    sim.add_composite_alarm("all", "ALARM(\"latency\")");
    sim.set_fargate_quota(100.0);
    sim.set_fargate_usage(12.0);
    sim.set_free_addresses("subnet-a", 7);
    tokio::time::advance(20 * MINUTE).await;
    let surveyor = surveyor(&sim, &clock).await;
    let read = read(
        &surveyor,
        [
            Want::TargetHealth(group.as_str().into()),
            Want::Alarm("latency".into()),
            Want::Alarm("all".into()),
            Want::Alarm("none".into()),
            Want::FargateQuota(Market::OnDemand),
            Want::Subnet("subnet-a".into()),
            Want::Subnet("subnet-x".into()),
        ],
    )
    .await;
    let health = read.target_health[group.as_str()].value.clone().unwrap();
    assert_eq!((health.healthy, health.unhealthy, health.why.is_some()), (2, 1, true));
    let alarm = |name: &str| read.alarms[name].value.clone().unwrap();
    assert!(matches!(alarm("latency"), Alarm::Alarm { reason: Some(_) }), "{read:?}");
    assert_eq!((alarm("all"), alarm("none")), (Alarm::Ok, Alarm::Missing));
    let quota = FargateQuota { vcpus: 100.0, used_vcpus: Ok(Some(12.0)) };
    assert_eq!(read.quotas[&Market::OnDemand].value, Ok(quota));
    assert_eq!(read.subnets["subnet-a"].value, Ok(Subnet { free_addresses: 7 }));
    let problem = read.subnets["subnet-x"].value.clone().unwrap_err();
    assert_eq!(problem.class, ProblemClass::NotFound);
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_a_moment_is_tried_again_and_what_is_denied_is_not() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.set_free_addresses("subnet-a", 7);
    let surveyor = surveyor(&sim, &clock).await;
    let want = Want::Subnet("subnet-a".into());
    for (fault, times, class, calls) in [
        (Fault::Throttle, 2, None, 3),
        (Fault::ServerError, 3, Some(ProblemClass::Server), 3),
        (Fault::AccessDenied, 1, Some(ProblemClass::Denied), 1),
        (Fault::ExpiredToken, 1, Some(ProblemClass::Credentials), 1),
    ] {
        let before = sim.calls().len();
        sim.inject(FaultRule::new("DescribeSubnets", fault).times(times));
        let read = read(&surveyor, [want.clone()]).await;
        let found = read.subnets["subnet-a"].value.as_ref().err().map(|problem| problem.class);
        assert_eq!((found, sim.calls().len() - before), (class, calls));
        tokio::time::advance(Duration::from_secs(60)).await;
    }
}
