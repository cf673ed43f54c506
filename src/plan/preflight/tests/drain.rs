use std::time::Duration;

use crate::plan::fleet::Strategy;
use crate::plan::preflight::fixture::{Case, a_case, denied, group_arn};
use crate::plan::preflight::{Name, Outcome};
use crate::plan::surroundings::{TargetGroup, TaskDefinition, Want};
use crate::plan::tests::fixture::{ServiceBuilder, a_service, policy, span};

/// Four tasks behind a load balancer, with the grace that its checks take by default.
fn balanced() -> ServiceBuilder {
    a_service("api").desired(4).target_groups(&[&group_arn("web")]).grace_seconds(60)
}

fn case(service: ServiceBuilder, change: impl FnOnce(&mut TargetGroup)) -> Case {
    let mut group = TargetGroup::default();
    change(&mut group);
    a_case(service).definition(TaskDefinition::default()).group("web", group)
}

const FINE: &str =
    "fine: target group web lets requests end within 5m and new tasks come up within 2m";

#[test]
fn a_delay_that_cuts_requests_off_or_takes_long_is_said() {
    let delay = |service, delay: &str| {
        case(service, |group| group.deregistration_delay = span(delay)).says(Name::Drain)
    };
    let hint = "| set the deregistration delay to as long as the longest request takes";
    assert_eq!(delay(balanced(), "300s"), FINE);
    assert_eq!(delay(balanced(), "5s"), FINE.replace("5m", "5s"));
    assert_eq!(
        delay(balanced(), "0s"),
        format!(
            "notable: target group web cuts off requests under way: its deregistration delay is 0s, \
             and containers have 30s to stop {hint}"
        )
    );
    assert_eq!(
        delay(balanced(), "10m"),
        format!(
            "notable: target group web keeps every old task for a deregistration delay of 10m {hint}"
        )
    );
    assert_eq!(
        delay(balanced().percents(Some((100, 125))), "10m"),
        format!(
            "notable: target group web keeps every old task for a deregistration delay of 10m, 40m \
             for 4 batches {hint}"
        )
    );
    let green = balanced().percents(Some((100, 125))).strategy(Strategy::BlueGreen);
    assert!(!delay(green, "10m").contains("batches"), "there is one of them");
}

#[test]
fn new_tasks_need_as_long_as_their_owner_says() {
    let starting = |start: &str, grace| {
        let start_period = span(start);
        case(balanced().grace_seconds(grace), |_| ())
            .definition(TaskDefinition { start_period, ..TaskDefinition::default() })
            .says(Name::Drain)
    };
    assert_eq!(starting("60s", 0), FINE.replace("2m", "1m"));
    assert_eq!(
        starting("3m", 0),
        "notable: new tasks may take 3m to come up by their startPeriod, and target group web gives \
         them up after 1m: 0s of grace, and 2 failed checks | set healthCheckGracePeriodSeconds to \
         120 or more"
    );
    assert_eq!(starting("3m", 120), FINE.replace("2m", "3m"));
    assert!(starting("3m", 119).starts_with("notable: "));
}

#[test]
fn the_drain_of_all_batches_has_to_fit_a_window() {
    let one_by_one = |tasks: u32| balanced().desired(tasks).percents(Some((100, 104)));
    let hint = "| set the deregistration delay to as long as the longest request takes";
    let all = |service| case(service, |_| ());
    // Five minutes each, in windows of two hours.
    assert_eq!(all(one_by_one(23)).says(Name::Drain), FINE);
    let long = all(one_by_one(25));
    let told = format!(
        "notable: target group web keeps every old task for a deregistration delay of 5m, 2h 5m for \
         25 batches, which is longer than any window within a year: 2h {hint}"
    );
    for now in ["2026-11-18T03:10:00Z", "2026-11-18T12:00:00Z"] {
        assert_eq!(long.clone().now(now).says(Name::Drain), told, "{now}");
    }
    assert_eq!(long.clone().outside().says(Name::Drain), FINE, "windows do not matter");
    let always = long.clone().policy(policy("always").checked());
    assert_eq!(always.says(Name::Drain), FINE);
    let green = all(one_by_one(25).strategy(Strategy::BlueGreen));
    assert_eq!(green.says(Name::Drain), FINE, "traffic has moved when it drains");
}

#[test]
fn fargate_kills_what_takes_longer_than_two_minutes_to_stop() {
    let stopping = |all: &str, longest: &str| {
        let (stop_timeout, stop_timeout_max) = (span(all), span(longest));
        let definition =
            TaskDefinition { stop_timeout, stop_timeout_max, ..TaskDefinition::default() };
        case(balanced(), |_| ()).definition(definition).says(Name::Drain)
    };
    assert_eq!(stopping("120s", "120s"), FINE);
    // One container stops after the other.
    assert_eq!(stopping("4m", "60s"), FINE);
    assert_eq!(
        stopping("121s", "121s"),
        "notable: a container has 2m 1s to stop by its stopTimeout, and Fargate kills it after 2m | \
         let containers stop within 120 seconds, or protect tasks that are at work"
    );
    // A delay that is shorter than the stop timeout is what AWS advises for short requests.
    let short = case(balanced(), |group| group.deregistration_delay = span("5s"));
    assert_eq!(short.says(Name::Drain), FINE.replace("5m", "5s"));
}

#[test]
fn slow_checks_without_a_grace_are_said() {
    let checked = |grace, interval: &str, start: &str| {
        let start_period = span(start);
        case(balanced().grace_seconds(grace), |group| group.health_check_interval = span(interval))
            .definition(TaskDefinition { start_period, ..TaskDefinition::default() })
            .says(Name::Drain)
    };
    assert_eq!(
        checked(0, "60s", "0s"),
        "notable: new tasks have no grace: target group web takes 5m to find one healthy, and \
         may give up one that is still starting after 2m | set healthCheckGracePeriodSeconds to as \
         long as a task takes to come up"
    );
    assert!(checked(0, "31s", "0s").starts_with("notable: new tasks have no grace"));
    for (grace, interval, start) in [(0, "30s", "0s"), (1, "60s", "0s"), (0, "60s", "45s")] {
        let says = checked(grace, interval, start);
        assert!(says.starts_with("fine: "), "{grace} {interval} {start}: {says}");
    }
}

#[test]
fn a_grace_that_hides_everything_is_said() {
    let grace = |seconds| case(balanced().grace_seconds(seconds), |_| ()).says(Name::Drain);
    assert!(grace(7_200).starts_with("fine: "));
    assert_eq!(
        grace(2_147_483_647),
        "notable: failed health checks of new tasks are ignored for 24855d 3h, so that ones that \
         never come up are not seen | set healthCheckGracePeriodSeconds to as long as a task takes \
         to come up"
    );
}

#[test]
fn a_slow_start_matters_where_old_tasks_carry_the_rest() {
    let slow = |service| case(service, |group| group.slow_start = span("2m")).says(Name::Drain);
    assert_eq!(slow(balanced()), FINE);
    assert_eq!(
        slow(balanced().percents(Some((50, 100)))),
        "notable: target group web gives new tasks their share of requests over 2m, and the old \
         ones that are left have to carry the rest | a maximum percent of 200 replaces all tasks in \
         one batch"
    );
}

#[test]
fn it_warns_and_does_not_hold() {
    let cut_off = case(balanced(), |group| group.deregistration_delay = Duration::ZERO);
    assert_eq!(cut_off.check(Name::Drain).outcome, Outcome::Warn);
    let unread = a_case(balanced());
    assert_eq!(unread.says(Name::Drain), "unknown: target group web was not read yet");
    let denied = unread.knowing(|read| {
        let known = denied("DescribeTargetGroups");
        read.target_groups.insert(group_arn("web").into(), known);
    });
    assert_eq!(denied.check(Name::Drain).outcome, Outcome::Unknown);
    assert!(denied.says(Name::Drain).contains("allow elasticloadbalancing:DescribeTargetGroups"));
}

#[test]
fn a_service_without_a_load_balancer_drains_nothing() {
    let case = a_case(a_service("api"));
    assert_eq!(case.says(Name::Drain), "fine: it is in no target group");
    assert!(case.wants_of(Name::Drain).is_empty());
    let group = Want::TargetGroup(group_arn("web").as_str().into());
    let wants = [group, Want::TaskDefinition("app:7".into())].into();
    assert_eq!(a_case(balanced()).wants_of(Name::Drain), wants);
}
