use std::time::Duration;

use crate::plan::fleet::ProblemClass;
use crate::plan::fleet::{DeploymentId, Hook, Staging, Strategy};
use crate::plan::preflight::fixture::{Case, a_case, denied, failed, group_arn};
use crate::plan::preflight::{Action, Name, Outcome};
use crate::plan::surroundings::{TargetGroup, TaskDefinition};
use crate::plan::tests::fixture::{
    NOW, PolicyBuilder, ServiceBuilder, a_group, a_service, at, key, nightly, policy, span,
};

const NOON: &str = "2026-11-18T12:00:00Z";

const BATCHED: &str = "a longer window, a higher maximum percent or a shorter deregistration delay \
                       lets it fit, and fits-window = \"warn\" lets it go on when the window has \
                       closed";

/// Two tasks behind a load balancer: 2m to start and 2m 30s of checks, then 5m of draining and 30s to
/// stop.
fn balanced() -> ServiceBuilder {
    a_service("api").target_groups(&[&group_arn("web")])
}

/// The same in so many batches: ten minutes each.
fn one_by_one(tasks: u32) -> ServiceBuilder {
    balanced().desired(tasks).percents(Some((100, 100 + 100_u32.div_ceil(tasks))))
}

fn case(service: ServiceBuilder) -> Case {
    a_case(service).definition(TaskDefinition::default()).group("web", TargetGroup::default())
}

#[test]
fn what_is_left_of_the_window_has_to_be_enough() {
    for (case, now, says) in [
        (
            case(balanced()),
            "2026-11-18T03:10:00Z",
            "fine: it takes about 10m by its settings; 1h 50m of the window are left",
        ),
        (
            case(balanced()),
            "2026-11-18T04:50:00Z",
            "fine: it takes about 10m by its settings; 10m of the window are left",
        ),
        (
            case(balanced()),
            "2026-11-18T04:50:01Z",
            "bad: it takes about 10m by its settings, and 9m 59s of the window are left, until Thu \
             2026-11-19 03:00 UTC",
        ),
        (
            case(one_by_one(8)),
            "2026-11-18T03:10:00Z",
            "fine: it takes about 1h 20m by its settings, in 8 batches; 1h 50m of the window are left",
        ),
        (
            case(balanced()).took("1h 55m"),
            "2026-11-18T03:10:00Z",
            "bad: it takes about 1h 55m, as the last one did, and 1h 50m of the window are left, \
             until Thu 2026-11-19 03:00 UTC",
        ),
        // What was seen counts, whatever the settings make of it.
        (
            case(balanced()).took("4m"),
            "2026-11-18T04:55:00Z",
            "fine: it takes about 4m, as the last one did; 5m of the window are left",
        ),
    ] {
        assert_eq!(case.now(now).says(Name::FitsWindow), says, "{now}");
    }
}

#[test]
fn a_window_that_comes_has_to_be_long_enough_too() {
    assert_eq!(
        case(balanced()).now(NOON).says(Name::FitsWindow),
        "fine: it takes about 10m by its settings; the window of Thu 2026-11-19 03:00 UTC is open \
         for 2h"
    );
    for now in [NOON, "2026-11-18T03:10:00Z"] {
        let case = case(one_by_one(13)).took("3h").now(now);
        assert_eq!(
            case.says(Name::FitsWindow),
            format!(
                "bad: it takes about 3h, as the last one did, and no window within a year is open \
                 for more than 2h | {BATCHED}"
            )
        );
        assert_eq!(case.check(Name::FitsWindow).outcome, Outcome::Hold);
        assert_eq!(case.check(Name::FitsWindow).until, None, "nothing comes by waiting");
    }
    assert_eq!(
        case(one_by_one(13)).now(NOON).says(Name::FitsWindow),
        format!(
            "bad: it takes about 2h 10m by its settings, in 13 batches, and no window within a year \
             is open for more than 2h | {BATCHED}"
        )
    );
}

#[test]
fn one_figure_that_is_too_long_warns_and_does_not_hold() {
    let hint = "| a longer window is long enough for certain";
    for (case, now, says) in [
        (
            case(balanced()).took("2h 5m"),
            "2026-11-18T03:10:00Z",
            format!(
                "notable: it takes about 10m by its settings; 1h 50m of the window are left, but the \
                 last one took 2h 5m, and no window within a year is open for more than 2h {hint}"
            ),
        ),
        (
            case(balanced()).took("2h 5m"),
            NOON,
            format!(
                "notable: it takes about 10m by its settings; the window of Thu 2026-11-19 03:00 UTC \
                 is open for 2h, but the last one took 2h 5m, and no window within a year is open \
                 for more than 2h {hint}"
            ),
        ),
        // What is left now is asked of the figure that fits some window.
        (
            case(balanced()).took("2h 5m"),
            "2026-11-18T04:51:00Z",
            "bad: it takes about 10m by its settings, and 9m of the window are left, until Thu \
             2026-11-19 03:00 UTC"
                .to_owned(),
        ),
        (
            case(one_by_one(13)).took("40m"),
            "2026-11-18T03:10:00Z",
            format!(
                "notable: it takes about 40m, as the last one did; 1h 50m of the window are left, \
                 but it might take about 2h 10m by its settings, in 13 batches, and no window within \
                 a year is open for more than 2h {hint}"
            ),
        ),
    ] {
        assert_eq!(case.now(now).says(Name::FitsWindow), says, "{now}");
    }
}

#[test]
fn a_window_has_to_leave_time_for_the_start() {
    let at =
        |took: &str, now: &str| case(one_by_one(13)).took(took).now(now).says(Name::FitsWindow);
    let held = |took: &str| {
        format!(
            "bad: it takes about {took}, as the last one did, and no window within a year is open \
             for more than 2h, of which 2m may pass before it starts | {BATCHED}"
        )
    };
    assert!(
        at("1h 58m", NOON).starts_with("notable: it takes about 1h 58m, as the last one did; ")
    );
    for took in ["1h 59m", "2h"] {
        assert_eq!(at(took, NOON), held(took));
        // What starts in time all the same has the whole window.
        for now in ["2026-11-18T03:00:00Z", "2026-11-18T03:01:30Z", "2026-11-18T03:02:00Z"] {
            assert!(at(took, now).starts_with("notable: it takes about "), "{took} at {now}");
        }
        assert_eq!(at(took, "2026-11-18T03:02:01Z"), held(took));
    }
    assert!(at("2h 1m", "2026-11-18T03:00:00Z").starts_with("bad: "));
    let frozen = nightly().freeze("2026-11-18T03:20:00Z", "2026-11-18T12:00:00Z", "");
    let cut = case(balanced()).took("30m").policy(frozen.checked()).now("2026-11-18T03:01:00Z");
    assert!(cut.says(Name::FitsWindow).starts_with("bad: "), "a freeze ends the window early");
}

#[test]
fn what_had_to_be_assumed_does_not_hold() {
    let unread = |service| {
        a_case(service).definition(TaskDefinition::default()).knowing(|read| {
            let group = denied("DescribeTargetGroups");
            read.target_groups.insert(group_arn("web").into(), group);
        })
    };
    let told = "unknown: target group web could not be read: ";
    let hint = "allow elasticloadbalancing:DescribeTargetGroups to the role of ecs-refresh";
    let late = "2026-11-18T04:51:00Z";
    for (case, now) in [
        (unread(one_by_one(13)), NOON),
        (unread(balanced()), late),
        (unread(balanced()).took("3h"), NOON),
        (unread(one_by_one(13)).took("3h"), NOON),
    ] {
        let case = case.now(now);
        let says = case.says(Name::FitsWindow);
        assert!(says.starts_with(told) && says.ends_with(hint), "{says}");
        assert_eq!(case.check(Name::FitsWindow).outcome, Outcome::Unknown);
        let required = case.action(Name::FitsWindow, Action::Require);
        assert_eq!(required.check(Name::FitsWindow).outcome, Outcome::Hold);
    }
    for (case, now, says) in [
        // What was assumed matters only where it does not fit, and never against what was seen.
        (unread(balanced()), NOON, "fine: it takes about 10m by its settings; "),
        (unread(one_by_one(13)).took("1h"), NOON, "fine: it takes about 1h, as the last one did; "),
        (
            unread(balanced()).took("1h"),
            late,
            "bad: it takes about 1h, as the last one did, and 9m ",
        ),
    ] {
        let found = case.now(now).says(Name::FitsWindow);
        assert!(found.starts_with(says), "{found}");
    }
    let definition = case(one_by_one(13)).knowing(|read| {
        let known = failed("DescribeTaskDefinition", ProblemClass::Server);
        read.task_definitions.insert("app:7".into(), known);
    });
    let says = definition.says(Name::FitsWindow);
    assert!(says.starts_with("unknown: task definition app:7 could not be read: "), "{says}");
    let nothing = a_case(one_by_one(13)).says(Name::FitsWindow);
    assert!(nothing.contains("app:7 was not read yet; target group web was not"), "{nothing}");
    let percents = case(balanced().percents(None)).now(late).says(Name::FitsWindow);
    assert!(
        percents.starts_with("bad: "),
        "no percentages are faster than the defaults: {percents}"
    );
}

#[test]
fn a_container_counts_with_its_first_check() {
    let checked = |start: &str, worst: &str| {
        let (start_period, health_check) = (span(start), Some(span(worst)));
        a_case(a_service("api"))
            .definition(TaskDefinition { start_period, health_check, ..TaskDefinition::default() })
            .now(NOON)
            .says(Name::FitsWindow)
    };
    // 2m to start and 30s to stop.
    for (start, worst, takes) in
        [("0s", "95s", "3m 5s"), ("5m", "6m 35s", "8m 5s"), ("0s", "12s", "2m 42s")]
    {
        let says = checked(start, worst);
        assert!(says.starts_with(&format!("fine: it takes about {takes} by")), "{says}");
    }
    let slow = TaskDefinition {
        start_period: span("5m"),
        health_check: Some(span("6m 35s")),
        ..TaskDefinition::default()
    };
    let says = case(balanced()).definition(slow).says(Name::FitsWindow);
    assert!(says.starts_with("fine: it takes about 13m 5s by"), "the slowest counts: {says}");
}

#[test]
fn it_waits_for_the_first_window_that_is_long_enough() {
    let sundays = || nightly().window("0 3 * * SUN", "6h");
    let says = |policy: PolicyBuilder, now: &str| {
        case(balanced()).took("3h").policy(policy.checked()).now(now).says(Name::FitsWindow)
    };
    assert_eq!(
        says(sundays(), "2026-11-18T03:10:00Z"),
        "bad: it takes about 3h, as the last one did, and 1h 50m of the window are left, until Sun \
         2026-11-22 03:00 UTC"
    );
    assert_eq!(
        says(sundays(), "2026-11-18T12:00:00Z"),
        "fine: it takes about 3h, as the last one did; the window of Sun 2026-11-22 03:00 UTC is \
         open for 6h"
    );
    // The one that is open was long enough, and is no more.
    assert!(says(sundays(), "2026-11-22T08:00:00Z").ends_with("until Sun 2026-11-29 03:00 UTC"));
    // A freeze cuts the first of them, and takes the second.
    let frozen = sundays().freeze("2026-11-22T05:00:00Z", "2026-11-23T00:00:00Z", "").freeze(
        "2026-11-28",
        "2026-12-01",
        "",
    );
    assert!(says(frozen, "2026-11-18T03:10:00Z").ends_with("until Sun 2026-12-06 03:00 UTC"));
}

#[test]
fn a_freeze_closes_the_window_early() {
    let policy = nightly().freeze("2026-11-18T03:19:59Z", "2026-11-18T12:00:00Z", "");
    assert_eq!(
        case(balanced()).policy(policy.checked()).says(Name::FitsWindow),
        "bad: it takes about 10m by its settings, and 9m 59s of the window are left, until Thu \
         2026-11-19 03:00 UTC"
    );
}

#[test]
fn windows_that_do_not_matter_ask_for_nothing() {
    let always = case(balanced()).policy(policy("always").checked()).took("900d");
    let outside = case(balanced()).outside().took("900d");
    for (case, says) in [
        (always, "fine: the policy has no windows"),
        (outside, "fine: windows do not matter for this start"),
    ] {
        assert_eq!(case.says(Name::FitsWindow), says);
        let unread = Case { took: None, ..case };
        assert!(unread.wants_of(Name::FitsWindow).is_empty());
    }
    assert_eq!(case(balanced()).wants_of(Name::FitsWindow).len(), 2);
    let never = nightly().freeze("2026-11-18", "2029-11-18", "");
    assert_eq!(
        case(balanced()).policy(never.checked()).says(Name::FitsWindow),
        "notable: no window opens within a year"
    );
}

#[test]
fn where_traffic_shifts_it_counts_until_that_has_moved() {
    let hook = |pauses| Hook { stages: vec!["PRE_SCALE_UP".into()], pauses, timeout: span("10m") };
    let staging = Staging {
        bake: span("5h"),
        steps: span("20m"),
        hooks: vec![hook(false), hook(true)],
        early_success: None,
    };
    let canary = balanced().strategy(Strategy::Canary).staging(staging.clone());
    for (service, says) in [
        (
            canary,
            "fine: it takes about 34m 30s by its settings, until production traffic has moved; 1h 50m \
             of the window are left",
        ),
        (
            balanced().staging(Staging { hooks: Vec::new(), steps: Duration::ZERO, ..staging }),
            "bad: it takes about 5h 10m by its settings, and no window within a year is open for \
             more than 2h | a longer window lets it fit, and fits-window = \"warn\" lets it go on when \
             the window has closed",
        ),
    ] {
        assert_eq!(case(service).says(Name::FitsWindow), says);
    }
    let shifting = a_group("web").shift("30m");
    let code_deploy = case(balanced().by_code_deploy()).knowing(|read| {
        let known = (DeploymentId::new("ecs-svc/1"), shifting.build(at(NOW)));
        read.code_deploy_groups.insert(key("api"), known);
    });
    assert_eq!(
        code_deploy.says(Name::FitsWindow),
        "fine: it takes about 34m 30s by its settings, until production traffic has moved; 1h 50m of \
         the window are left"
    );
}

#[test]
fn what_is_waited_for_only_when_something_goes_wrong_does_not_count() {
    assert_eq!(
        case(balanced().grace_seconds(7_200)).says(Name::FitsWindow),
        "fine: it takes about 10m by its settings; 1h 50m of the window are left"
    );
}
