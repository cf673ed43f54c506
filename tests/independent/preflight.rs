//! What the checks before a refresh rest on, as moto has it of Amazon ECR, Elastic Load Balancing and
//! Amazon EC2: images, lifecycle policies, targets and subnets.

use std::collections::BTreeSet;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use ecs_refresh::aws::{AwsMetrics, ConnectOptions, Priority, Surveyor, connect};
use ecs_refresh::clock::Clock;
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::fleet::ProblemClass;
use ecs_refresh::plan::surroundings::{
    ImageId, ImageName, ImageSeen, ImageStatus, Lifecycle, LifecycleAction, LifecycleLimit,
    Repository, Surroundings, TagSelection, Want,
};
use serde_json::{Value, json};

use crate::cases;
use crate::harness::World;
use crate::harness::aws::{CREDENTIALS, REGION, ecr};
use crate::harness::dynamodb::block_on;
use crate::harness::moto::Moto;

cases![Python: [
    images_are_told_from_those_that_are_missing,
    a_lifecycle_policy_is_read_and_its_images_are_counted,
    targets_are_counted_and_missing_groups_told,
    free_addresses_are_read_by_a_call_that_no_sdk_makes,
]];

const ACCOUNT: &str = "123456789012";

/// Reads it as the daemon does.
fn read(moto: &Moto, wants: impl IntoIterator<Item = Want>) -> Surroundings {
    let [(_, id), (_, secret)] = CREDENTIALS;
    let credentials = Credentials::new(id, secret, None, None, "test");
    let options = ConnectOptions {
        region: Some(REGION.to_owned()),
        endpoint_url: Some(format!("http://{}", moto.address)),
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..ConnectOptions::default()
    };
    let wants: BTreeSet<Want> = wants.into_iter().collect();
    block_on(async {
        let metrics = AwsMetrics::register(&Metrics::new());
        let ecs = connect(options, Clock::system(), 1.0, metrics).await.expect("a Region is named");
        Surveyor::new(ecs).survey(&wants, Priority::Urgent).await
    })
}

fn repository(name: &str) -> Repository {
    Repository { account: ACCOUNT.into(), name: name.into() }
}

fn tag(repository_name: &str, tag: &str) -> ImageId {
    ImageId { repository: repository(repository_name), name: ImageName::Tag(tag.into()) }
}

/// A new repository with images of these tags.
fn push(moto: &Moto, repository: &str, tags: &[&str]) {
    ecr(moto.address, "CreateRepository", &json!({ "repositoryName": repository }));
    for tag in tags {
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": 7023, "digest": format!("sha256:{:0>64}", tag.len()),
            },
            "layers": [],
            "annotations": { "of": tag },
        });
        let image = json!({
            "repositoryName": repository, "imageTag": tag, "imageManifest": manifest.to_string(),
        });
        ecr(moto.address, "PutImage", &image);
    }
}

fn images_are_told_from_those_that_are_missing(world: &World) {
    let moto = world.moto();
    push(moto, "seen/api", &["v1", "v2", "v3"]);
    let ids = ["v1", "v2", "v3", "v4"].map(|name| tag("seen/api", name));
    let nowhere = tag("seen/nowhere", "v1");
    let read = read(moto, ids.iter().cloned().chain([nowhere.clone()]).map(Want::Image));
    let seen = |id: &ImageId| read.images[id].value.as_ref().expect("it could be read");
    for id in &ids[..3] {
        let ImageSeen::There(image) = seen(id) else { panic!("{id} is there: {read:#?}") };
        assert_eq!(image.status, ImageStatus::Active);
        assert!(image.digest.starts_with("sha256:") && image.pushed_at.is_some(), "{image:?}");
        assert!(id.to_string().ends_with(&*image.tags[0]), "{image:?}");
    }
    assert_eq!(seen(&ids[3]), &ImageSeen::Missing);
    assert_eq!(seen(&nowhere), &ImageSeen::NoRepository);
}

fn a_lifecycle_policy_is_read_and_its_images_are_counted(world: &World) {
    let moto = world.moto();
    push(moto, "kept/api", &["v1", "v2", "x1"]);
    push(moto, "kept/free", &["v1"]);
    let rule = |priority: u32, selection: &Value| {
        json!({
            "rulePriority": priority, "selection": selection, "action": { "type": "expire" },
        })
    };
    let policy = json!({ "rules": [
        rule(1, &json!({
            "tagStatus": "tagged", "tagPrefixList": ["v"],
            "countType": "imageCountMoreThan", "countNumber": 10,
        })),
        rule(2, &json!({
            "tagStatus": "untagged",
            "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14,
        })),
    ] });
    let input = json!({
        "repositoryName": "kept/api", "lifecyclePolicyText": policy.to_string(),
    });
    ecr(moto.address, "PutLifecyclePolicy", &input);
    let [api, free, nowhere] = ["kept/api", "kept/free", "kept/nowhere"].map(repository);
    let read = read(moto, [&api, &free, &nowhere].map(|of| Want::Lifecycle(of.clone())));
    let known = |of: &Repository| read.lifecycles[of].value.clone();
    assert_eq!(known(&free), Ok(Lifecycle::default()));
    assert_eq!(known(&nowhere).unwrap_err().class, ProblemClass::NotFound);
    let rules = known(&api).expect("it has a policy").rules;
    assert_eq!(rules.len(), 2, "{rules:?}");
    let tagged = TagSelection::Tagged { prefixes: vec!["v".to_owned()], patterns: Vec::new() };
    assert_eq!((&rules[0].selects, &rules[1].selects), (&tagged, &TagSelection::Untagged));
    assert_eq!(rules[0].limit, LifecycleLimit::CountMoreThan(10));
    assert_eq!(rules[1].limit, LifecycleLimit::SincePushedDays(14));
    assert!(rules.iter().all(|rule| rule.action == LifecycleAction::Expire));
    let counted = rules.iter().map(|rule| rule.counted.as_ref().map(Vec::len));
    assert_eq!(counted.collect::<Vec<_>>(), [Some(2), None]);
}

fn targets_are_counted_and_missing_groups_told(world: &World) {
    let moto = world.moto();
    let group = moto.target_group("targets");
    moto.register_target(&group, "172.31.0.10");
    let gone = format!("{}0", group);
    let wants = [&group, &gone].map(|arn| Want::TargetHealth(arn.as_str().into()));
    let read = read(moto, wants);
    let health = read.target_health[group.as_str()].value.clone().expect("it could be read");
    assert_eq!(health.healthy + health.initial + health.unhealthy + health.other, 1, "{health:?}");
    let problem = read.target_health[gone.as_str()].value.clone().unwrap_err();
    assert_eq!(problem.class, ProblemClass::NotFound, "{problem}");
}

fn free_addresses_are_read_by_a_call_that_no_sdk_makes(world: &World) {
    let moto = world.moto();
    let (there, gone) = (moto.subnet(), "subnet-00000000000000000".to_owned());
    let read = read(moto, [&there, &gone].map(|id| Want::Subnet(id.as_str().into())));
    let subnet = read.subnets[there.as_str()].value.clone().expect("it could be read");
    assert!(subnet.free_addresses > 1_000, "a default subnet of a /20: {subnet:?}");
    let problem = read.subnets[gone.as_str()].value.clone().unwrap_err();
    assert_eq!(problem.class, ProblemClass::NotFound, "{problem}");
}
