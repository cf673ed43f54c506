use super::*;
use crate::plan::surroundings::TargetHealth;

const HEALTH: &str = "DescribeTargetHealth";

fn wants(numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Want> {
    numbers.into_iter().map(|number| Want::TargetHealth(group_arn(number)))
}

fn target(state: &str, why: &str) -> String {
    format!("<member><TargetHealth><State>{state}</State>{why}</TargetHealth></member>")
}

fn targets(of: &[String]) -> Reply {
    let members = of.concat();
    xml(HEALTH, &format!("<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"))
}

#[tokio::test(start_paused = true)]
async fn targets_are_counted_by_their_state() {
    let aws = FakeAws::new(|_| {
        targets(&[
            target("healthy", ""),
            target("healthy", ""),
            target("initial", "<Reason>Elb.InitialHealthChecking</Reason>"),
            target(
                "unhealthy",
                "<Reason>Target.Timeout</Reason><Description>Request timed out</Description>",
            ),
            target("unhealthy", "<Reason>Target.FailedHealthChecks</Reason>"),
            target("draining", ""),
            target("unused", ""),
            target("unavailable", ""),
            target("unhealthy.draining", ""),
            target("smiling", ""),
            "<member></member>".to_owned(),
        ])
    });
    let read = read(&aws, wants([1])).await;
    let expected = TargetHealth {
        healthy: 2,
        unhealthy: 2,
        initial: 1,
        other: 6,
        why: Some("Request timed out".into()),
    };
    assert_eq!(read.target_health[&group_arn(1)].value, Ok(expected));
    let calls = aws.take_calls();
    assert_eq!((calls.len(), asked(&calls[0])), (1, vec![group_arn(1).to_string()]));
    aws.answer(|_| targets(&[target("unhealthy", "<Reason>Target.Timeout</Reason>")]));
    let read = super::read(&aws, wants([1])).await;
    let why = read.target_health[&group_arn(1)].value.clone().unwrap().why;
    assert_eq!(why, Some("Target.Timeout".into()));
}

#[tokio::test(start_paused = true)]
async fn a_few_target_groups_are_asked_about_at_once() {
    let aws = FakeAws::new(|call| match asked(call).contains(&group_arn(3).to_string()) {
        true => xml_error(400, "TargetGroupNotFound"),
        false => targets(&[]),
    });
    let found = read(&aws, wants(0..9)).await;
    let mut expected = vec![None; 9];
    expected[3] = Some(ProblemClass::NotFound);
    assert_eq!(classes(&found.target_health), expected);
    let calls = aws.take_calls();
    let begun: BTreeMap<_, usize> = calls.iter().fold(BTreeMap::new(), |mut begun, call| {
        *begun.entry(call.at).or_default() += 1;
        begun
    });
    // The first one alone: it tells whether all are denied.
    assert_eq!(begun.into_values().collect::<Vec<_>>(), [1, 4, 4]);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_see_targets_is_told_so_once() {
    let aws = FakeAws::new(|_| xml_error(403, "AccessDenied"));
    let read = read(&aws, wants(0..9)).await;
    assert_eq!(classes(&read.target_health), vec![Some(ProblemClass::Denied); 9]);
    assert_eq!(aws.take_counts([HEALTH]), [1]);
}
