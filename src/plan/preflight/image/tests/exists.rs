use super::super::exists::find;
use super::fixture::{Case, an_image, case, digest, says, short, there};
use crate::plan::surroundings::{Image, ImageKind, ImageSeen, ImageStatus};

const GONE_HINT: &str = "push it again, or deploy a task definition whose images exist";

fn one() -> Case {
    case().container("web", "api:1")
}

#[test]
fn an_image_that_runs_already_can_be_pulled_and_run() {
    says(
        &one().runs("web", 'a').seen("api:1", there('a')).find(find),
        "Fine: 1 image is there and ACTIVE, as it runs now",
    );
    let two = one().container("proxy", "proxy@b").seen("api:1", there('a'));
    let two = two.seen("proxy@b", there('b')).runs("web", 'a').runs("proxy", 'b');
    says(&two.find(find), "Fine: 2 images are there and ACTIVE, as they run now");
}

#[test]
fn whether_another_image_is_for_the_right_platform_is_not_known() {
    let case = one().seen("api:1", there('b'));
    let x86 = "Fine: 1 image is there and ACTIVE; whether for X86_64 is not known";
    says(&case.find(find), x86);
    says(&case.clone().runs("web", 'a').find(find), x86);
    // What runs is from before this deployment, and so of another task definition.
    says(&case.clone().runs("web", 'b').started("9d").find(find), x86);
    says(
        &case.architecture("ARM64").find(find),
        "Fine: 1 image is there and ACTIVE; whether for ARM64 is not known",
    );
}

#[test]
fn an_image_that_cannot_be_pulled_is_bad() {
    let with = |change: fn(&mut Image)| {
        let mut image = an_image('a');
        change(&mut image);
        one().seen("api:1", ImageSeen::There(image)).runs("web", 'a').find(find)
    };
    says(
        &one().seen("api:1", ImageSeen::Missing).pull_through(&[]).find(find),
        &format!("Bad: web's image api:1 does not exist | {GONE_HINT}"),
    );
    says(
        &one().seen("api:1", ImageSeen::NoRepository).pull_through(&["apis"]).find(find),
        "Bad: web's image api:1 does not exist, nor does its repository | deploy a task definition \
         whose images exist",
    );
    says(
        &with(|image| image.status = ImageStatus::Archived),
        "Bad: web's image api:1 is in the archive, from which nothing can be pulled | restore it, or \
         push it again",
    );
    says(
        &with(|image| image.status = ImageStatus::Activating),
        "Bad: web's image api:1 is on its way back from the archive | wait until it is ACTIVE",
    );
    says(
        &with(|image| image.kind = ImageKind::NoImage("application/vnd.cncf.helm".into())),
        "Bad: web's image api:1 is no image of a container but application/vnd.cncf.helm | push an \
         image under that name",
    );
    says(
        &with(|image| image.status = ImageStatus::Unknown("FROZEN".into())),
        "Unknown: web's image api:1 has the status FROZEN, which is not known",
    );
    says(
        &with(|image| image.kind = ImageKind::Unknown),
        "Fine: 1 image is there and ACTIVE, as it runs now",
    );
    let pinned = case().container("web", "api@a").seen("api@a", ImageSeen::Missing);
    says(
        &pinned.pull_through(&[]).find(find),
        &format!("Bad: web's image api@{} does not exist | {GONE_HINT}", short('a')),
    );
}

#[test]
fn what_amazon_ecr_fetches_from_elsewhere_is_not_missing() {
    let hub = case().container("web", "docker-hub/library/nginx:1");
    let hub = hub.seen("docker-hub/library/nginx:1", ImageSeen::Missing);
    let fetched = "Unknown: web's image docker-hub/library/nginx:1 is not there now, but Amazon ECR \
                   fetches docker-hub/library/nginx from another registry when it is pulled";
    for prefixes in [["docker-hub"], ["docker-hub/library"], ["docker-hub/"], ["ROOT"]] {
        says(&hub.clone().pull_through(&prefixes).find(find), fetched);
    }
    for prefixes in [["docker"], ["library"], ["docker-hub/library/nginx"]] {
        let bad =
            format!("Bad: web's image docker-hub/library/nginx:1 does not exist | {GONE_HINT}");
        says(&hub.clone().pull_through(&prefixes).find(find), &bad);
    }
    says(
        &hub.clone().find(find),
        "Unknown: web's image docker-hub/library/nginx:1 is not there, and the list of pull-through \
         cache rules was not read yet",
    );
    says(
        &hub.pull_through_denied().find(find),
        "Unknown: web's image docker-hub/library/nginx:1 is not there, and the list of pull-through \
         cache rules could not be read: DescribePullThroughCacheRules: not today | allow \
         ecr:DescribePullThroughCacheRules to the role of ecs-refresh",
    );
}

#[test]
fn images_of_other_registries_are_unknown_and_never_missing() {
    for (image, place) in [
        (
            "210987654321.dkr.ecr.eu-west-1.amazonaws.com/api:1",
            "account 210987654321, whose images are not looked at",
        ),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:1",
            "us-east-1, whose images are not looked at",
        ),
        ("library/nginx", "docker.io, whose images are not looked at"),
        ("ghcr.io/a/b:1", "ghcr.io, whose images are not looked at"),
        ("a//b c", "\"a//b c\", which cannot be read as an image's name"),
    ] {
        says(&case().written("web", image).find(find), &format!("Unknown: web comes from {place}"));
    }
}

#[test]
fn what_was_not_read_is_unknown() {
    says(&one().find(find), "Unknown: image api:1 was not read yet");
    says(
        &one().denied("api:1").find(find),
        "Unknown: image api:1 could not be read: DescribeImages: not today | allow ecr:DescribeImages to \
         the role of ecs-refresh",
    );
    says(&case().definition_unread().find(find), "Unknown: task definition app:7 was not read yet");
    let service = crate::plan::tests::fixture::a_service("api").without_primary();
    says(
        &one().service(service).find(find),
        "Unknown: there is no PRIMARY deployment, whose images to look at",
    );
}

#[test]
fn the_worst_of_several_containers_decides_and_only_a_few_are_named() {
    let missing = |case: Case, name: &str| {
        let image = format!("{name}:1");
        case.container(name, &image).seen(&image, ImageSeen::Missing)
    };
    let case = case().pull_through(&[]).container("ok", "ok:1").seen("ok:1", there('a'));
    let case = case.written("dd", "public.ecr.aws/datadog/agent:7");
    let one = missing(case, "a");
    says(
        &one.find(find),
        &format!("Bad: a's image a:1 does not exist; not known: 1 container more | {GONE_HINT}"),
    );
    let many = ["b", "c", "d", "e"].into_iter().fold(one, missing);
    says(
        &many.find(find),
        &format!(
            "Bad: a's image a:1 does not exist; b's image b:1 does not exist; c's image c:1 does not \
             exist; likewise: 2 containers more; not known: 1 container more | {GONE_HINT}"
        ),
    );
}

#[test]
fn what_containers_share_is_said_once() {
    let case = case().container("web", "api:1").container("job", "api:1");
    says(&case.find(find), "Unknown: image api:1 was not read yet");
}

#[test]
fn a_digest_beside_a_tag_decides() {
    let image = format!("{}/api:1@{}", super::fixture::REGISTRY, digest('b'));
    let case = case().written("web", &image).seen("api:1", ImageSeen::Missing);
    says(
        &case.seen("api@b", there('b')).runs("web", 'b').find(find),
        "Fine: 1 image is there and ACTIVE, as it runs now",
    );
}
