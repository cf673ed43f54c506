use super::super::drift::find;
use super::fixture::{Case, ago, an_image, case, digest, says, short, there};
use crate::plan::preflight::Grade;
use crate::plan::surroundings::{Image, ImageKind, ImageSeen};

fn one() -> Case {
    case().container("web", "api:1")
}

fn drifted(gone: &str) -> String {
    let (new, old) = (short('b'), short('a'));
    format!(
        "Bad: api:1 resolves to {new}, but web runs {old}{gone} | a refresh would ship {new}: deploy \
         it by its own pipeline first, or allow that with preflight = {{ image-drift = \"warn\" }}"
    )
}

fn pushed(of: char, kind: ImageKind, age: &str) -> ImageSeen {
    ImageSeen::There(Image { kind, pushed_at: Some(ago(age)), ..an_image(of) })
}

#[test]
fn a_tag_that_means_what_runs_has_not_drifted() {
    says(
        &one().runs("web", 'a').seen("api:1", there('a')).find(find),
        "Fine: 1 image is what runs",
    );
    let two = one().container("proxy", "proxy:1").seen("proxy:1", there('b')).runs("proxy", 'b');
    says(
        &two.runs("web", 'a').seen("api:1", there('a')).find(find),
        "Fine: 2 images are what runs",
    );
}

#[test]
fn a_digest_cannot_drift() {
    let elsewhere = case().written("web", &format!("ghcr.io/api@{}", digest('a')));
    for case in [case().container("web", "api@a"), elsewhere] {
        says(&case.find(find), "Fine: 1 image is what runs");
    }
}

#[test]
fn a_tag_that_means_another_image_would_ship_it() {
    let moved = one().runs("web", 'a').seen("api:1", there('b'));
    says(&moved.clone().find(find), &drifted(""));
    says(&moved.clone().seen("api@a", there('a')).find(find), &drifted(""));
    let gone = ", which is gone from the repository (see image-kept)";
    says(&moved.seen("api@a", ImageSeen::Missing).find(find), &drifted(gone));
}

#[test]
fn a_tag_of_a_container_that_pulls_it_for_every_task_drifts_too() {
    let moved = case().unpinned("web", "api:1").runs("web", 'a').seen("api:1", there('b'));
    says(&moved.find(find), &drifted(""));
}

#[test]
fn one_of_the_images_of_a_list_may_be_what_runs() {
    let perhaps = format!(
        "Unknown: web runs {}, which may be one of the images for several platforms that api:1 is",
        short('a')
    );
    let manifest = pushed('a', ImageKind::Manifest, "9d");
    let list = |kind: ImageKind, age| {
        one().runs("web", 'a').seen("api:1", pushed('b', kind, age)).seen("api@a", manifest.clone())
    };
    // Deployed eight days ago.
    says(&list(ImageKind::Index, "9d").find(find), &perhaps);
    says(&list(ImageKind::Unknown, "9d").find(find), &perhaps);
    says(&list(ImageKind::Index, "6d").find(find), &drifted(""));
    says(&list(ImageKind::Manifest, "9d").find(find), &drifted(""));
    // A list runs as itself.
    let lists = list(ImageKind::Index, "9d").seen("api@a", pushed('a', ImageKind::Index, "9d"));
    says(&lists.find(find), &drifted(""));
    let gone = list(ImageKind::Index, "9d").seen("api@a", ImageSeen::Missing);
    says(&gone.find(find), &drifted(", which is gone from the repository (see image-kept)"));
}

#[test]
fn without_version_consistency_the_task_and_not_the_deployment_tells_what_it_pulled() {
    let list = case().unpinned("web", "api:1").runs("web", 'a').seen("api@a", there('a'));
    let list = list.seen("api:1", pushed('b', ImageKind::Index, "3d"));
    says(&list.clone().started("4d").find(find), &drifted(""));
    let started_later = list.started("2d").find(find);
    assert_eq!(started_later.grade, Grade::Unknown);
}

#[test]
fn what_is_not_known_is_unknown() {
    says(&one().runs("web", 'a').find(find), "Unknown: image api:1 was not read yet");
    says(&one().seen("api:1", there('a')).find(find), "Unknown: which image web runs is not known");
    let old_task = one().seen("api:1", there('b')).runs("web", 'a').started("9d");
    says(&old_task.find(find), "Unknown: which image web runs is not known");
    says(
        &one().runs("web", 'a').seen("api:1", ImageSeen::Missing).find(find),
        "Unknown: web's image api:1 does not exist",
    );
    let list = one().runs("web", 'a').seen("api:1", pushed('b', ImageKind::Index, "9d"));
    let unread = format!("Unknown: image api@{} was not read yet", short('a'));
    says(&list.find(find), &unread);
    says(
        &case().written("web", "nginx").find(find),
        "Unknown: web comes from docker.io, whose images are not looked at",
    );
}
