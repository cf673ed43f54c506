use super::super::kept::find;
use super::fixture::{Case, ago, an_image, case, prefixed, rule, says, short, there};
use crate::plan::preflight::Grade;
use crate::plan::surroundings::{
    Image, ImageKind, ImageSeen, ImageStatus, LifecycleAction, LifecycleLimit, LifecycleRule,
    TagSelection,
};
use crate::plan::tests::fixture::policy;

const CANNOT: &str = "Bad: the service cannot replace a single task today: ";
const PUSH: &str = "push the image again, or deploy one that is there: a refresh would fail";
const LIMIT: &str =
    "what is deployed should have a tag that such a rule is not about, or a higher limit";

/// It runs what its tag means, and nothing removes that.
fn one() -> Case {
    case()
        .container("web", "api:1")
        .runs("web", 'a')
        .seen("api:1", there('a'))
        .lifecycle("api", &[])
}

/// Its tag means another image by now.
fn moved() -> Case {
    one().seen("api:1", there('b')).seen("api@a", there('a')).pull_through(&[])
}

fn with_status(of: char, status: ImageStatus) -> ImageSeen {
    ImageSeen::There(Image { status, ..an_image(of) })
}

#[test]
fn images_that_nothing_removes_are_kept() {
    says(&one().find(find), "Fine: 1 image is kept");
    says(&moved().find(find), "Fine: 1 image is kept");
    let pinned = case().container("web", "api@a").seen("api@a", there('a')).lifecycle("api", &[]);
    says(&pinned.find(find), "Fine: 1 image is kept");
}

#[test]
fn a_digest_that_is_gone_while_its_tag_is_there_wants_a_refresh() {
    let runs = format!("{CANNOT}web runs {}", short('a'));
    let cured = format!("api; its tag resolves to {} | a refresh cures it", short('b'));
    for (seen, how) in [
        (ImageSeen::Missing, "gone from"),
        (with_status('a', ImageStatus::Archived), "in the archive of"),
        (with_status('a', ImageStatus::Activating), "not yet back from the archive of"),
    ] {
        says(&moved().seen("api@a", seen).find(find), &format!("{runs}, which is {how} {cured}"));
    }
}

#[test]
fn a_digest_that_is_gone_with_its_tag_wants_an_image() {
    let gone = moved().seen("api@a", ImageSeen::Missing);
    let runs = format!("{CANNOT}web runs {}, which is", short('a'));
    let too = format!("{runs} gone from api, and api:1 cannot be pulled either | {PUSH}");
    says(&gone.clone().seen("api:1", ImageSeen::Missing).find(find), &too);
    let archived = with_status('b', ImageStatus::Archived);
    says(&gone.clone().seen("api:1", archived).find(find), &too);
    let chart = Image { kind: ImageKind::NoImage("chart".into()), ..an_image('b') };
    says(&gone.clone().seen("api:1", ImageSeen::There(chart)).find(find), &too);
    says(
        &one().seen("api:1", with_status('a', ImageStatus::Archived)).find(find),
        &format!("{runs} in the archive of api, and api:1 cannot be pulled either | {PUSH}"),
    );
    says(
        &gone.denied("api:1").find(find),
        &format!(
            "{runs} gone from api; what its tag resolves to is not known | a refresh cures it if the \
             tag is there"
        ),
    );
    let pinned = case().container("web", "api@a").seen("api@a", ImageSeen::Missing);
    says(&pinned.pull_through(&[]).find(find), &format!("{runs} gone from api | {PUSH}"));
}

#[test]
fn without_version_consistency_only_the_tag_matters() {
    let unpinned = case().unpinned("web", "api:1").runs("web", 'a').lifecycle("api", &[]);
    let unpinned = unpinned.seen("api@a", ImageSeen::Missing).pull_through(&[]);
    says(&unpinned.clone().seen("api:1", there('b')).find(find), "Fine: 1 image is kept");
    says(
        &unpinned.seen("api:1", ImageSeen::Missing).find(find),
        &format!("{CANNOT}web pulls api:1 for every task, which is gone from api | {PUSH}"),
    );
}

#[test]
fn what_amazon_ecr_fetches_again_is_not_gone() {
    let hub = case().container("web", "hub/nginx:1").runs("web", 'a').pull_through(&["hub"]);
    let hub = hub.seen("hub/nginx:1", there('b')).seen("hub/nginx@a", ImageSeen::Missing);
    says(
        &hub.lifecycle("hub/nginx", &[]).find(find),
        &format!(
            "Unknown: hub/nginx@{} is not there now, but Amazon ECR fetches hub/nginx from another \
             registry when it is pulled",
            short('a')
        ),
    );
}

fn days(days: u32) -> LifecycleLimit {
    LifecycleLimit::SincePushedDays(days)
}

fn expires(number: u32, what: &str, when: &str, why: &str) -> String {
    format!(
        "Notable: rule {number} of the lifecycle policy of api expires {what} {when}: {why} | {LIMIT}"
    )
}

#[test]
fn an_image_that_expires_before_the_second_window_is_worth_a_warning() {
    let with = |rule: LifecycleRule| one().lifecycle("api", &[rule]).find(find);
    let image = "web's image api:1";
    // Pushed nine days ago. A window is open, and the next one opens at three tomorrow.
    says(
        &with(rule(4, TagSelection::Any, days(9))),
        &expires(4, image, "at any moment", "it was pushed more than 9 days before"),
    );
    says(&with(rule(4, TagSelection::Any, days(10))), "Fine: 1 image is kept");
    let weekly = one().policy(policy("weekly").window("0 3 * * 3", "2h"));
    says(
        &weekly.clone().lifecycle("api", &[rule(4, TagSelection::Any, days(15))]).find(find),
        &expires(
            4,
            image,
            "from Tue 2026-11-24 03:10 UTC on",
            "it was pushed more than 15 days before",
        ),
    );
    says(
        &weekly.lifecycle("api", &[rule(4, TagSelection::Any, days(16))]).find(find),
        "Fine: 1 image is kept",
    );
    let archives =
        LifecycleRule { action: LifecycleAction::Archive, ..rule(1, prefixed(&["1"]), days(2)) };
    says(
        &with(archives),
        &format!(
            "Notable: rule 1 of the lifecycle policy of api archives web's image api:1 at any moment: \
             it was pushed more than 2 days before | {LIMIT}"
        ),
    );
}

#[test]
fn without_windows_an_image_has_to_stay_as_long_as_tasks_may_live() {
    let open = one().policy(policy("always").max_age("3d"));
    says(
        &open.clone().lifecycle("api", &[rule(1, TagSelection::Any, days(11))]).find(find),
        &expires(
            1,
            "web's image api:1",
            "from Fri 2026-11-20 03:10 UTC on",
            "it was pushed more than 11 days before",
        ),
    );
    let later = [rule(1, TagSelection::Any, days(12))];
    says(&open.lifecycle("api", &later).find(find), "Fine: 1 image is kept");
    let ageless = one().policy(policy("always").no_max_age());
    for (limit, grade) in [(15, Grade::Notable), (16, Grade::Fine)] {
        let rules = [rule(1, TagSelection::Any, days(limit))];
        assert_eq!(ageless.clone().lifecycle("api", &rules).find(find).grade, grade, "{limit}");
    }
}

#[test]
fn the_refresh_in_the_next_window_pulls_an_image_that_goes_when_nobody_does() {
    let pulled = |age: &str, policy| {
        let image = Image { last_pulled_at: Some(ago(age)), ..an_image('a') };
        let limit = LifecycleLimit::SincePulledDays(8);
        let case = one().policy(policy).seen("api:1", ImageSeen::There(image));
        case.lifecycle("api", &[rule(2, TagSelection::Any, limit)]).find(find)
    };
    let monday = || policy("weekly").window("0 3 * * 1", "2h");
    says(&pulled("2d", monday()), "Fine: 1 image is kept");
    says(
        &pulled("4d", monday()),
        &expires(
            2,
            "web's image api:1",
            "from Sun 2026-11-22 03:10 UTC on",
            "nobody pulled it for more than 8 days",
        ),
    );
    // The pull in the first of them is too long ago before the second.
    let monthly = || policy("monthly").window("0 3 20 * *", "2h");
    says(
        &pulled("2d", monthly()),
        &expires(
            2,
            "web's image api:1",
            "from Sat 2026-11-28 03:00 UTC on",
            "nobody pulled it for more than 8 days",
        ),
    );
}

#[test]
fn what_runs_must_not_expire_either() {
    let untagged = [rule(1, TagSelection::Untagged, days(1))];
    let running = Image { tags: [].into(), ..an_image('a') };
    let case = moved().seen("api@a", ImageSeen::There(running)).lifecycle("api", &untagged);
    let what = format!("api@{}, which web runs", short('a'));
    says(
        &case.find(find),
        &expires(1, &what, "at any moment", "it was pushed more than 1 day before"),
    );
    // One of a list's images is kept by the list.
    let list = Image { kind: ImageKind::Index, ..an_image('b') };
    says(&case.seen("api:1", ImageSeen::There(list)).find(find), "Fine: 1 image is kept");
}

#[test]
fn what_is_not_known_is_unknown_and_what_is_bad_comes_first() {
    let unread = case().container("web", "api:1").runs("web", 'a').seen("api:1", there('a'));
    says(&unread.clone().find(find), "Unknown: the lifecycle policy of api was not read yet");
    says(
        &unread.lifecycle_denied("api").find(find),
        "Unknown: the lifecycle policy of api could not be read: GetLifecyclePolicy: not today | allow \
         ecr:GetLifecyclePolicy to the role of ecs-refresh",
    );
    says(
        &case().container("web", "api:1").runs("web", 'a').find(find),
        "Unknown: image api:1 was not read yet",
    );
    says(
        &one().seen("api:1", there('b')).find(find),
        &format!("Unknown: image api@{} was not read yet", short('a')),
    );
    let not_told = case().container("web", "api:1").seen("api:1", there('a')).lifecycle("api", &[]);
    says(&not_told.clone().find(find), "Unknown: which image web runs is not known");
    let expiring = [rule(1, TagSelection::Any, days(1))];
    assert_eq!(not_told.lifecycle("api", &expiring).find(find).grade, Grade::Notable);
    let gone = moved().seen("api@a", ImageSeen::Missing).lifecycle("api", &expiring);
    assert_eq!(gone.find(find).grade, Grade::Bad);
    let strange = rule(3, TagSelection::Unknown("tagStatus semver".to_owned()), days(1));
    says(
        &one().lifecycle("api", &[strange]).find(find),
        "Unknown: whether rule 3 of the lifecycle policy of api removes web's image api:1 is not \
         known: tagStatus semver",
    );
    let elsewhere = case().written("web", "nginx").find(find);
    says(&elsewhere, "Unknown: web comes from docker.io, whose images are not looked at");
}

#[test]
fn several_containers_are_told_together() {
    let two = moved().seen("api@a", ImageSeen::Missing).container("job", "api:1").runs("job", 'a');
    let runs = |name| {
        format!(
            "{name} runs {}, which is gone from api; its tag resolves to {}",
            short('a'),
            short('b')
        )
    };
    says(
        &two.find(find),
        &format!("{CANNOT}{}; {} | a refresh cures it", runs("web"), runs("job")),
    );
}
