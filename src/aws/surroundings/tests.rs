mod alarms;
mod images;
mod lifecycles;
mod protections;
mod quotas;
mod subnets;
mod target_health;
mod total;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::*;
use crate::aws::testing::{ARN, Call, FakeAws, Reply, epoch};
use crate::plan::fleet::ProblemClass;
use crate::plan::surroundings::{Known, TargetGroup, TaskDefinition, Tier};

const NAMESPACE: &str = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

const DEFINITION: &str = "DescribeTaskDefinition";
const GROUPS: &str = "DescribeTargetGroups";
const ATTRIBUTES: &str = "DescribeTargetGroupAttributes";

fn group_arn(number: usize) -> Arc<str> {
    format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/g/{number:03}").into()
}

fn definition_arn(number: usize) -> Arc<str> {
    format!("{ARN}:task-definition/app:{number}").into()
}

fn xml(operation: &str, result: &str) -> Reply {
    Reply::Xml(
        200,
        format!(
            "<{operation}Response xmlns=\"{NAMESPACE}\"><{operation}Result>{result}\
             </{operation}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\
             </{operation}Response>"
        ),
    )
}

fn xml_error(status: u16, code: &str) -> Reply {
    Reply::Xml(
        status,
        format!(
            "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{code} it is</Message></Error><RequestId>1</RequestId></ErrorResponse>"
        ),
    )
}

/// The ARNs that a call is about.
fn asked(call: &Call) -> Vec<String> {
    let members = call.body.as_object().unwrap().iter();
    let of = members.filter(|(name, _)| name.starts_with("TargetGroupArn"));
    of.map(|(_, arn)| arn.as_str().unwrap().to_owned()).collect()
}

fn described(arns: &[String]) -> Reply {
    let member = |arn: &String| {
        format!(
            "<member><TargetGroupArn>{arn}</TargetGroupArn>\
             <HealthCheckIntervalSeconds>10</HealthCheckIntervalSeconds>\
             <HealthyThresholdCount>3</HealthyThresholdCount></member>"
        )
    };
    let members: String = arns.iter().map(member).collect();
    xml(GROUPS, &format!("<TargetGroups>{members}</TargetGroups>"))
}

fn attributes(delay: &str) -> Reply {
    let one =
        |key: &str, value: &str| format!("<member><Key>{key}</Key><Value>{value}</Value></member>");
    let delay = one("deregistration_delay.timeout_seconds", delay);
    let other = one("stickiness.enabled", "false");
    xml(ATTRIBUTES, &format!("<Attributes>{other}{delay}</Attributes>"))
}

/// Every target group but those that are missing, and every task definition.
fn answering(missing: &'static [usize]) -> FakeAws {
    FakeAws::new(move |call| match call.operation.as_str() {
        GROUPS => {
            let arns = asked(call);
            let gone = |number: &usize| arns.contains(&group_arn(*number).to_string());
            if missing.iter().any(gone) {
                return xml_error(400, "TargetGroupNotFound");
            }
            described(&arns)
        }
        ATTRIBUTES => attributes("45"),
        _ => Reply::ok(definition(json!([{ "name": "web", "stopTimeout": 90 }]))),
    })
}

fn definition(containers: Value) -> Value {
    json!({ "taskDefinition": { "status": "ACTIVE", "containerDefinitions": containers } })
}

/// What is read by one pass of a new surveyor.
async fn read(aws: &FakeAws, wants: impl IntoIterator<Item = Want>) -> Surroundings {
    pass(&Surveyor::new(aws.connect().await), wants).await
}

/// What is read by one pass, in which every want has to be answered.
async fn pass(surveyor: &Surveyor, wants: impl IntoIterator<Item = Want>) -> Surroundings {
    let wants = wants.into_iter().collect();
    let read = surveyor.survey(&wants, Priority::Urgent).await;
    let unanswered: Vec<_> = wants.iter().filter(|want| read.read_at(want).is_none()).collect();
    assert!(unanswered.is_empty(), "{unanswered:?}");
    read
}

async fn survey(aws: &FakeAws, wants: impl IntoIterator<Item = Want>) -> Surroundings {
    let wants = wants.into_iter().collect();
    let read = Surveyor::new(aws.connect().await).survey(&wants, Priority::Urgent).await;
    assert_eq!(
        read.unknown(&wants, Tier::Start, epoch() + chrono::TimeDelta::minutes(1)),
        BTreeSet::new()
    );
    read
}

fn groups(numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Want> {
    numbers.into_iter().map(|number| Want::TargetGroup(group_arn(number)))
}

fn definitions(numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Want> {
    numbers.into_iter().map(|number| Want::TaskDefinition(definition_arn(number)))
}

/// What is wrong with each, in order; `None` where nothing is.
fn classes<T>(read: &BTreeMap<Arc<str>, Known<T>>) -> Vec<Option<ProblemClass>> {
    read.values().map(|known| known.value.as_ref().err().map(|problem| problem.class)).collect()
}

#[tokio::test(start_paused = true)]
async fn task_definitions_and_target_groups_are_read_in_as_few_calls_as_there_can_be() {
    let aws = answering(&[]);
    let read = survey(&aws, groups(0..25).chain(definitions(0..3))).await;
    let second = Duration::from_secs(1);
    let group = TargetGroup {
        health_check_interval: 10 * second,
        healthy_threshold: 3,
        deregistration_delay: 45 * second,
        ..TargetGroup::default()
    };
    assert!(read.target_groups.values().all(|known| known.value.as_ref() == Ok(&group)));
    let definition = TaskDefinition {
        active: true,
        stop_timeout: 90 * second,
        stop_timeout_max: 90 * second,
        health_check: None,
        ..TaskDefinition::default()
    };
    assert!(read.task_definitions.values().all(|known| known.value.as_ref() == Ok(&definition)));
    let calls = aws.take_calls();
    let batches: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == GROUPS)
        .map(|call| asked(call).len())
        .collect();
    assert_eq!(batches, [20, 5]);
    let count = |operation| calls.iter().filter(|call| call.operation == operation).count();
    assert_eq!((count(ATTRIBUTES), count(DEFINITION), calls.len()), (25, 3, 30));
    survey(&aws, []).await;
    assert_eq!(aws.take_counts([GROUPS]), [0]);
}

#[tokio::test(start_paused = true)]
async fn one_target_group_that_is_missing_costs_the_others_nothing() {
    let aws = answering(&[7, 12]);
    let read = survey(&aws, groups(0..20)).await;
    let missing = |number| [7, 12].contains(&number).then_some(ProblemClass::NotFound);
    assert_eq!(classes(&read.target_groups), (0..20).map(missing).collect::<Vec<_>>());
    let problem = read.target_groups[&group_arn(7)].value.as_ref().unwrap_err();
    assert_eq!(
        problem.to_string(),
        "DescribeTargetGroups: TargetGroupNotFound: TargetGroupNotFound it is"
    );
    let [batches, attributes] = aws.take_counts([GROUPS, ATTRIBUTES]);
    assert!(batches <= 17, "{batches} calls to find two of twenty");
    assert_eq!(attributes, 18);
}

#[tokio::test(start_paused = true)]
async fn what_is_denied_is_asked_for_once_and_names_the_action() {
    let denied = |operation: &'static str| {
        FakeAws::new(move |call| match call.operation.as_str() {
            DEFINITION if operation == DEFINITION => Reply::error("AccessDeniedException", "no"),
            DEFINITION => Reply::ok(definition(json!([]))),
            asked if asked == operation => xml_error(403, "AccessDenied"),
            GROUPS => described(&asked(call)),
            _ => attributes("5"),
        })
    };
    let denied_all = vec![Some(ProblemClass::Denied); 3];
    for (operation, counts) in
        [(DEFINITION, [1, 1, 3]), (GROUPS, [3, 1, 0]), (ATTRIBUTES, [3, 1, 1])]
    {
        let aws = denied(operation);
        let read = survey(&aws, groups(0..3).chain(definitions(0..3))).await;
        assert_eq!(aws.take_counts([DEFINITION, GROUPS, ATTRIBUTES]), counts, "{operation}");
        let (found, problem) = match operation {
            DEFINITION => {
                let first = &read.task_definitions[&definition_arn(0)];
                (classes(&read.task_definitions), first.value.clone().err())
            }
            _ => {
                let first = &read.target_groups[&group_arn(0)];
                (classes(&read.target_groups), first.value.clone().err())
            }
        };
        assert_eq!(found, denied_all, "{operation}");
        let prefix = if operation == DEFINITION { "ecs" } else { "elasticloadbalancing" };
        let says = problem.unwrap().message;
        assert!(says.ends_with(&format!("allow the IAM action {prefix}:{operation}")), "{says}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_that_never_answers_is_not_waited_for_for_ever() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        DEFINITION => Reply::ok(definition(json!([]))),
        _ => Reply::Silence,
    });
    let begun = Instant::now();
    let (ecs, _) = aws.connect_at(1.0).await;
    let wants: BTreeSet<Want> = groups(0..40).chain(definitions(0..2)).collect();
    let read = Surveyor::new(ecs).survey(&wants, Priority::Urgent).await;
    assert!(begun.elapsed() <= Duration::from_secs(31), "{:?}", begun.elapsed());
    assert_eq!(classes(&read.target_groups), vec![Some(ProblemClass::Timeout); 40]);
    assert_eq!(classes(&read.task_definitions), [None, None]);
    // The second call was not even sent: what it is about is as unknown as before.
    let later = epoch() + chrono::TimeDelta::minutes(1);
    assert_eq!(read.unknown(&wants, Tier::Start, later), groups(20..40).collect());
    assert_eq!(read.problems().count(), 20);
}

#[tokio::test(start_paused = true)]
async fn answers_that_say_nothing_are_problems_of_their_own() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        DEFINITION => Reply::ok(json!({})),
        GROUPS => described(&asked(call)[..1]),
        _ => attributes("soon"),
    });
    let read = survey(&aws, groups(0..2).chain(definitions([0]))).await;
    assert_eq!(classes(&read.target_groups), [Some(ProblemClass::Server); 2]);
    assert_eq!(classes(&read.task_definitions), [Some(ProblemClass::Server)]);
    for page in [Reply::Page(200, "<html>no</html>"), Reply::Page(500, "oops")] {
        let mut page = Some(page);
        let aws = FakeAws::new(move |_| page.take().unwrap_or(Reply::Page(500, "oops")));
        let read = survey(&aws, groups([0])).await;
        assert_eq!(classes(&read.target_groups), [Some(ProblemClass::Server)]);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_keep_to_the_share_of_the_bucket_of_load_balancing() {
    let aws = answering(&[]);
    let (ecs, _) = aws.connect_at(0.5).await;
    let begun = Instant::now();
    let read = Surveyor::new(ecs).survey(&groups(0..40).collect(), Priority::Urgent).await;
    assert_eq!(classes(&read.target_groups), vec![None; 40]);
    // Half of 40 at once, then half of 10 a second.
    let took = begun.elapsed();
    let (least, most) = (Duration::from_secs(4), Duration::from_secs(6));
    assert!(took >= least && took <= most, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_definition_tells_how_long_stopping_and_becoming_healthy_may_take() {
    let check = |rest: Value| {
        let mut check = json!({ "command": ["CMD", "true"] });
        check.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        check
    };
    for (containers, stop, health) in [
        (json!([]), 30, None),
        (json!([{ "name": "a" }]), 30, None),
        (json!([{ "name": "a", "stopTimeout": 5 }]), 5, None),
        (json!([{ "name": "a", "stopTimeout": 120 }, { "name": "b" }]), 120, None),
        // One after the other.
        (
            json!([
                { "name": "a", "stopTimeout": 60, "dependsOn": [{ "containerName": "b", "condition": "START" }] },
                { "name": "b" },
            ]),
            90,
            None,
        ),
        (json!([{ "name": "a", "healthCheck": check(json!({})) }]), 30, Some(95)),
        (
            json!([
                { "name": "a", "healthCheck":
                    check(json!({ "interval": 10, "retries": 5, "timeout": 2, "startPeriod": 60 })) },
                { "name": "b", "healthCheck": check(json!({})) },
            ]),
            30,
            Some(112),
        ),
        (json!([{ "name": "a", "essential": false, "healthCheck": check(json!({})) }]), 30, None),
        (
            json!([{ "name": "a", "stopTimeout": -1, "healthCheck": check(json!({ "retries": -3 })) }]),
            0,
            Some(5),
        ),
    ] {
        let answer = definition(containers.clone());
        let aws = FakeAws::new(move |_| Reply::ok(answer.clone()));
        let read = survey(&aws, definitions([1])).await;
        let found = read.task_definitions[&definition_arn(1)].value.clone().unwrap();
        assert_eq!(found.stop_timeout.as_secs(), stop, "{containers}");
        let longest = if stop == 90 { 60 } else { stop };
        assert_eq!(found.stop_timeout_max.as_secs(), longest, "{containers}");
        assert_eq!(found.health_check.map(|check| check.as_secs()), health, "{containers}");
    }
    let inactive = FakeAws::new(|_| {
        Reply::ok(json!({ "taskDefinition": { "status": "INACTIVE", "containerDefinitions": [] } }))
    });
    let read = survey(&inactive, definitions([1])).await;
    assert!(!read.task_definitions[&definition_arn(1)].value.clone().unwrap().active);
}
