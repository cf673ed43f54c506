use std::collections::BTreeSet;

use super::super::{drift, exists, kept};
use super::fixture::{Case, an_image, case, digest, there};
use crate::plan::preflight::Subject;
use crate::plan::surroundings::{Image, ImageKind, ImageSeen, Want};

fn wants(case: &Case, want: fn(&Subject<'_>, &mut BTreeSet<Want>)) -> Vec<String> {
    let mut wants = BTreeSet::new();
    case.ask(|subject| want(subject, &mut wants));
    let words = wants.iter().map(|want| match want {
        Want::TaskDefinition(arn) => arn.to_string(),
        Want::Image(id) => id.to_string().replace(&*digest('a'), "a").replace(&*digest('b'), "b"),
        Want::Lifecycle(repository) => format!("lifecycle of {repository}"),
        Want::PullThrough => "pull-through".to_owned(),
        other => format!("{other:?}"),
    });
    words.collect()
}

#[test]
fn only_what_is_needed_is_asked_for() {
    let api = || case().container("web", "api:1").runs("web", 'a');
    let moved = || api().seen("api:1", there('b'));
    for (name, case, exists, kept, drift) in [
        (
            "nothing is known",
            case().definition_unread(),
            &["app:7"][..],
            &["app:7"][..],
            &["app:7"][..],
        ),
        ("elsewhere", case().written("web", "nginx"), &["app:7"], &["app:7"], &["app:7"]),
        (
            "the definition",
            api(),
            &["app:7", "api:1"],
            &["app:7", "api:1", "lifecycle of api"],
            &["app:7", "api:1"],
        ),
        (
            "it runs",
            api().seen("api:1", there('a')),
            &["app:7", "api:1"],
            &["app:7", "api:1", "lifecycle of api"],
            &["app:7", "api:1"],
        ),
        (
            "another runs",
            moved(),
            &["app:7", "api:1"],
            &["app:7", "api:1", "api@a", "lifecycle of api"],
            &["app:7", "api:1", "api@a"],
        ),
        (
            "which is gone",
            moved().seen("api@a", ImageSeen::Missing),
            &["app:7", "api:1"],
            &["app:7", "api:1", "api@a", "lifecycle of api", "pull-through"],
            &["app:7", "api:1", "api@a"],
        ),
        (
            "the tag is gone",
            api().seen("api:1", ImageSeen::NoRepository),
            &["app:7", "api:1", "pull-through"],
            &["app:7", "api:1", "api@a", "lifecycle of api", "pull-through"],
            &["app:7", "api:1", "api@a"],
        ),
        (
            "by digest",
            case().container("web", "api@a"),
            &["app:7", "api@a"],
            &["app:7", "api@a", "lifecycle of api"],
            &["app:7"],
        ),
        (
            "a tag for every task",
            case().unpinned("web", "api:1").runs("web", 'a').seen("api:1", there('b')),
            &["app:7", "api:1"],
            &["app:7", "api:1", "lifecycle of api"],
            &["app:7", "api:1", "api@a"],
        ),
    ] {
        assert_eq!(wants(&case, exists::want), exists, "image-exists, {name}");
        assert_eq!(wants(&case, kept::want), kept, "image-kept, {name}");
        assert_eq!(wants(&case, drift::want), drift, "image-drift, {name}");
    }
}

/// What was asked for and read leaves nothing "not read yet".
#[test]
fn whoever_answers_every_want_is_told_everything() {
    let list = ImageSeen::There(Image { kind: ImageKind::Index, ..an_image('b') });
    for tag in [there('a'), there('b'), list, ImageSeen::Missing, ImageSeen::NoRepository] {
        for running in [there('a'), ImageSeen::Missing] {
            let mut answered = case().container("web", "api:1").runs("web", 'a');
            for _ in 0..3 {
                for want in [exists::want, kept::want, drift::want] {
                    for want in wants(&answered, want) {
                        answered = match want.as_str() {
                            "api:1" => answered.seen("api:1", tag.clone()),
                            "api@a" => answered.seen("api@a", running.clone()),
                            "lifecycle of api" => answered.lifecycle("api", &[]),
                            "pull-through" => answered.pull_through(&[]),
                            _ => answered,
                        };
                    }
                }
            }
            for find in [exists::find, kept::find, drift::find] {
                let found = answered.find(find);
                assert!(!found.sentence.contains("not read"), "{}", found.sentence);
            }
        }
    }
}
