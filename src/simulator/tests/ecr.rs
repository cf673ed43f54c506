//! The registry, through the real SDK of Amazon ECR.

use std::time::Duration;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::error::ProvideErrorMetadata;
use aws_sdk_ecr::types::{
    DescribeImagesFilter, ImageDetail, ImageIdentifier, ImageStatus, ImageStatusFilter, TagStatus,
};

use super::support::*;
use crate::simulator::{Fault, FaultRule, Simulator};

const DAY: u64 = 86_400;

fn ecr(sim: &Simulator) -> Client {
    Client::new(&sdk_config(sim))
}

fn by_tag(tag: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_tag(tag).build()
}

fn by_digest(digest: &str) -> ImageIdentifier {
    ImageIdentifier::builder().image_digest(digest).build()
}

/// What is said of the image of a tag in the repository `api`.
async fn image(sim: &Simulator, tag: &str) -> ImageDetail {
    let asked = ecr(sim).describe_images().repository_name("api").image_ids(by_tag(tag));
    let answer = asked.send().await.unwrap();
    let [image] = answer.image_details() else { panic!("{answer:?}") };
    image.clone()
}

/// The tags of the images in the repository `api`, in order, archived ones and those without too.
async fn listed(sim: &Simulator) -> Vec<String> {
    let filter = DescribeImagesFilter::builder().image_status(ImageStatusFilter::Any).build();
    let asked = ecr(sim).describe_images().repository_name("api").filter(filter);
    let answer = asked.send().await.unwrap();
    let mut tags: Vec<String> =
        answer.image_details().iter().map(|image| image.image_tags().join("+")).collect();
    tags.sort();
    tags
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_an_image() {
    let sim = simulator();
    let digest = sim.push_image("api", "v1");
    let image = image(&sim, "v1").await;
    assert_eq!(image.image_digest(), Some(digest.as_str()));
    assert_eq!((image.registry_id(), image.repository_name()), (Some("123456789012"), Some("api")));
    assert_eq!(image.image_tags(), ["v1"]);
    assert_eq!(image.image_status(), Some(&ImageStatus::Active));
    assert_eq!(image.image_pushed_at().unwrap().secs(), 1_800_000_000);
    assert!(image.image_size_in_bytes().unwrap() > 0);
    assert_eq!(
        image.image_manifest_media_type(),
        Some("application/vnd.oci.image.manifest.v1+json")
    );
    assert!(image.artifact_media_type().is_some());
    assert_eq!((image.last_recorded_pull_time(), image.last_archived_at()), (None, None));
    assert_eq!(
        sim.image_reference("api:v1"),
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com/api:v1"
    );
}

#[tokio::test(start_paused = true)]
async fn one_image_that_is_not_there_fails_the_whole_call() {
    let sim = simulator();
    let digest = sim.push_image("api", "v1");
    let asked = |repository: &str, ids: Vec<ImageIdentifier>| {
        ecr(&sim).describe_images().repository_name(repository).set_image_ids(Some(ids)).send()
    };
    let error = asked("api", vec![by_tag("v1"), by_tag("x")]).await.unwrap_err();
    let error = error.into_service_error();
    assert!(error.is_image_not_found_exception());
    assert_eq!(
        error.message(),
        Some(
            "The image with imageId {imageDigest:'null', imageTag:'x'} does not exist within the \
             repository with name 'api' in the registry with id '123456789012'"
        )
    );
    let both = ImageIdentifier::builder().image_digest(&digest).image_tag("x").build();
    assert!(
        asked("api", vec![both])
            .await
            .unwrap_err()
            .into_service_error()
            .is_image_not_found_exception()
    );
    let error = asked("web", vec![by_tag("v1")]).await.unwrap_err().into_service_error();
    assert!(error.is_repository_not_found_exception());
    for ids in [vec![by_tag("v1"); 101], vec![ImageIdentifier::builder().build()]] {
        let error = asked("api", ids).await.unwrap_err().into_service_error();
        assert!(error.is_invalid_parameter_exception());
    }
    let answer = asked("api", vec![by_tag("v1"), by_digest(&digest)]).await.unwrap();
    assert_eq!(answer.image_details().len(), 1, "one image has both names");
}

#[tokio::test(start_paused = true)]
async fn the_registry_of_another_account_refuses_everybody() {
    let sim = simulator();
    sim.push_image("api", "v1");
    for (registry, expected) in
        [("123456789012", None), ("999999999999", Some("AccessDeniedException"))]
    {
        let asked = ecr(&sim).describe_images().registry_id(registry).repository_name("api");
        let error = asked.send().await.err().map(|error| error.into_service_error());
        assert_eq!(error.as_ref().and_then(|error| error.code()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_tag_leaves_an_image_without_one() {
    let sim = simulator();
    let old = sim.push_image("api", "latest");
    let new = sim.push_image("api", "latest");
    assert_ne!(old, new);
    assert_eq!(image(&sim, "latest").await.image_digest(), Some(new.as_str()));
    let untagged = DescribeImagesFilter::builder().tag_status(TagStatus::Untagged).build();
    let asked = ecr(&sim).describe_images().repository_name("api").filter(untagged);
    let answer = asked.send().await.unwrap();
    let [without] = answer.image_details() else { panic!("{answer:?}") };
    assert_eq!((without.image_digest(), without.image_tags().len()), (Some(old.as_str()), 0));
}

#[tokio::test(start_paused = true)]
async fn images_are_listed_in_pages() {
    let sim = simulator();
    for number in 0..250 {
        sim.push_image("api", &format!("v{number}"));
    }
    for (size, sizes) in [(None, vec![100, 100, 50]), (Some(1000), vec![250])] {
        let asked = ecr(&sim).describe_images().repository_name("api").set_max_results(size);
        let mut pages = asked.into_paginator().send();
        let (mut seen, mut tags) = (Vec::new(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            seen.push(page.image_details().len());
            tags.extend(page.image_details().iter().map(|image| image.image_tags()[0].clone()));
        }
        tags.sort();
        tags.dedup();
        assert_eq!((seen, tags.len()), (sizes, 250));
    }
    let asked = ecr(&sim).describe_images().repository_name("api").max_results(1001);
    assert!(asked.send().await.unwrap_err().into_service_error().is_invalid_parameter_exception());
}

#[tokio::test(start_paused = true)]
async fn an_archived_image_is_described_but_not_listed_until_it_is_back() {
    let sim = simulator();
    let digest = sim.push_image("api", "v1");
    pass(60).await;
    sim.archive_image("api", &digest);
    let archived = image(&sim, "v1").await;
    assert_eq!(archived.image_status(), Some(&ImageStatus::Archived));
    assert_eq!(archived.last_archived_at().unwrap().secs(), 1_800_000_060);
    let plain = ecr(&sim).describe_images().repository_name("api").send().await.unwrap();
    assert_eq!(plain.image_details().len(), 0);
    assert_eq!(listed(&sim).await, ["v1"]);
    sim.restore_image("api", "v1");
    assert_eq!(image(&sim, "v1").await.image_status(), Some(&ImageStatus::Activating));
    pass(1200).await;
    assert_eq!(image(&sim, "v1").await.image_status(), Some(&ImageStatus::Active));
}

#[tokio::test(start_paused = true)]
async fn whoever_gets_a_manifest_pulls() {
    let sim = simulator();
    let (index, platforms) = sim.push_index("api", "v1");
    pass(60).await;
    let asked = ecr(&sim).batch_get_image().repository_name("api");
    let answer = asked.image_ids(by_tag("v1")).image_ids(by_tag("x")).send().await.unwrap();
    let [got] = answer.images() else { panic!("{answer:?}") };
    assert_eq!(got.image_id().unwrap().image_digest(), Some(index.as_str()));
    assert!(platforms.iter().all(|part| got.image_manifest().unwrap().contains(part)));
    let [failure] = answer.failures() else { panic!("{answer:?}") };
    assert_eq!(failure.failure_code().unwrap().as_str(), "ImageNotFound");
    let pulled_at = image(&sim, "v1").await.last_recorded_pull_time().unwrap().secs();
    assert_eq!((pulled_at, sim.count("BatchGetImage")), (1_800_000_060, 1));
}

#[tokio::test(start_paused = true)]
async fn deleting_a_tag_takes_the_image_only_with_its_last_one() {
    let sim = simulator();
    let old = sim.push_image("api", "v1");
    sim.push_image("api", "v2");
    sim.delete_image("api", "v2");
    assert_eq!(listed(&sim).await, ["v1"]);
    sim.delete_image("api", &old);
    assert_eq!(listed(&sim).await, Vec::<String>::new());
    sim.delete_repository("api");
    let asked = ecr(&sim).describe_images().repository_name("api").send().await;
    assert!(asked.unwrap_err().into_service_error().is_repository_not_found_exception());
}

/// A rule that expires what is selected.
fn expire(priority: u32, selection: &str) -> String {
    let action = r#"{ "type": "expire" }"#;
    format!(
        r#"{{ "rulePriority": {priority}, "selection": {{ {selection} }}, "action": {action} }}"#
    )
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_policy_expires_what_it_says() {
    let untagged = r#""tagStatus": "untagged", "countType": "sinceImagePushed",
        "countUnit": "days", "countNumber": 1"#;
    let two = r#""tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 2"#;
    let releases = r#""tagStatus": "tagged", "tagPrefixList": ["v"],
        "countType": "imageCountMoreThan", "countNumber": 1"#;
    let patterns = r#""tagStatus": "tagged", "tagPatternList": ["v*3"],
        "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1"#;
    for (rules, expected) in [
        (vec![expire(1, untagged)], vec!["latest", "main", "v1", "v2", "v3"]),
        (vec![expire(1, two)], vec!["latest", "v3"]),
        (vec![expire(1, releases)], vec!["", "latest", "main", "v3"]),
        (vec![expire(1, patterns)], vec!["", "latest", "main", "v1", "v2"]),
        // The first rule keeps for itself what it selects, whether it expires it or not.
        (vec![expire(2, two), expire(1, releases)], vec!["latest", "v3"]),
        (vec![], vec!["", "latest", "main", "v1", "v2", "v3"]),
    ] {
        let sim = simulator();
        for tag in ["latest", "main", "v1", "v2", "v3"] {
            sim.push_image("api", tag);
            pass(DAY).await;
        }
        sim.push_image("api", "latest");
        sim.set_lifecycle_policy("api", &format!(r#"{{ "rules": [{}] }}"#, rules.join(",")));
        pass(60).await;
        sim.apply_lifecycle("api");
        assert_eq!(listed(&sim).await, expected, "{rules:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifecycle_policy_archives_what_nobody_pulls_and_spares_parts_of_an_index() {
    let sim = simulator();
    sim.push_image("api", "v1");
    let (_, platforms) = sim.push_index("api", "v2");
    pass(20 * DAY).await;
    let asked = ecr(&sim).batch_get_image().repository_name("api").image_ids(by_tag("v2"));
    asked.send().await.unwrap();
    let missing = ecr(&sim).get_lifecycle_policy().repository_name("api").send().await;
    let missing = missing.unwrap_err().into_service_error();
    assert!(missing.is_lifecycle_policy_not_found_exception());
    let policy = r#"{ "rules": [{ "rulePriority": 1, "action": { "type": "transition",
        "targetStorageClass": "archive" }, "selection": { "tagStatus": "any", "countType":
        "sinceImagePulled", "countUnit": "days", "countNumber": 14 } }] }"#;
    sim.set_lifecycle_policy("api", policy);
    sim.apply_lifecycle("api");
    let told = ecr(&sim).get_lifecycle_policy().repository_name("api").send().await.unwrap();
    assert_eq!(told.lifecycle_policy_text(), Some(policy));
    assert_eq!(told.last_evaluated_at().unwrap().secs(), 1_800_000_000 + 20 * DAY as i64);
    let status = async |tag| image(&sim, tag).await.image_status().unwrap().as_str().to_owned();
    assert_eq!((status("v1").await, status("v2").await), ("ARCHIVED".into(), "ACTIVE".into()));
    let asked = ecr(&sim).describe_images().repository_name("api");
    let parts = asked.image_ids(by_digest(&platforms[1])).send().await.unwrap();
    assert_eq!(parts.image_details()[0].image_status(), Some(&ImageStatus::Active));
}

#[tokio::test(start_paused = true)]
async fn what_an_index_names_expires_after_the_index() {
    let sim = simulator();
    sim.push_index("api", "v1");
    pass(2 * DAY).await;
    let old = r#""tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days",
        "countNumber": 1"#;
    sim.set_lifecycle_policy("api", &format!(r#"{{ "rules": [{}] }}"#, expire(1, old)));
    sim.apply_lifecycle("api");
    assert_eq!(listed(&sim).await, ["", ""]);
    sim.apply_lifecycle("api");
    assert_eq!(listed(&sim).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn rules_of_the_pull_through_cache_are_listed_in_pages() {
    let sim = simulator();
    for number in 0..3 {
        sim.add_pull_through_rule(&format!("hub-{number}"), "registry-1.docker.io");
    }
    let asked = ecr(&sim).describe_pull_through_cache_rules().max_results(2);
    let first = asked.clone().send().await.unwrap();
    let token = first.next_token().unwrap();
    let second = asked.next_token(token).send().await.unwrap();
    let rules = [first.pull_through_cache_rules(), second.pull_through_cache_rules()].concat();
    let told: Vec<_> = rules
        .iter()
        .map(|r| (r.ecr_repository_prefix().unwrap(), r.upstream_registry_url().unwrap()))
        .collect();
    let upstream = "registry-1.docker.io";
    assert_eq!(told, [("hub-0", upstream), ("hub-1", upstream), ("hub-2", upstream)]);
    let asked = ecr(&sim).describe_pull_through_cache_rules().ecr_repository_prefixes("x");
    let error = asked.send().await.unwrap_err().into_service_error();
    assert!(error.is_pull_through_cache_rule_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn faults_hit_repositories_by_their_name() {
    let sim = simulator();
    sim.push_image("api", "v1");
    sim.push_image("web", "v1");
    sim.inject(FaultRule::new("DescribeImages", Fault::AccessDenied).on("api"));
    let ask = |repository: &str| ecr(&sim).describe_images().repository_name(repository).send();
    assert!(ask("web").await.is_ok());
    let error = ask("api").await.unwrap_err().into_service_error();
    let said = "User is not authorized to perform: ecr:DescribeImages";
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some(said)));
    sim.heal();
    sim.inject(FaultRule::new("*", Fault::Delay(Duration::from_secs(3))).on("api"));
    let began = tokio::time::Instant::now();
    ask("api").await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(3));
}
