use super::*;
use crate::plan::surroundings::Alarm;

const ALARMS: &str = "DescribeAlarms";

fn names(numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Want> {
    numbers.into_iter().map(|number| Want::Alarm(format!("alarm {number:03}").into()))
}

fn alarm(name: &str, state: &str) -> Value {
    json!({ "AlarmName": name, "StateValue": state, "StateReason": "too  high" })
}

#[tokio::test(start_paused = true)]
async fn alarms_of_both_kinds_are_read_by_the_hundred() {
    let aws = FakeAws::new(|call| {
        let alarms: Vec<_> =
            call.texts("AlarmNames").iter().map(|name| alarm(name, "OK")).collect();
        Reply::ok(json!({ "MetricAlarms": alarms, "CompositeAlarms": [] }))
    });
    let read = read(&aws, names(0..250)).await;
    assert!(read.alarms.values().all(|known| known.value == Ok(Alarm::Ok)));
    let calls = aws.take_calls();
    let sizes: Vec<_> = calls.iter().map(|call| call.texts("AlarmNames").len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    for call in &calls {
        assert_eq!(call.texts("AlarmTypes"), ["MetricAlarm", "CompositeAlarm"]);
        assert_eq!(call.body["MaxRecords"], 100);
    }
}

#[tokio::test(start_paused = true)]
async fn every_state_is_told_apart_and_what_nobody_mentions_is_missing() {
    let aws = FakeAws::new(|call| match call.text("NextToken") {
        "" => Reply::ok(json!({
            "MetricAlarms": [
                alarm("alarm 000", "OK"),
                alarm("alarm 001", "ALARM"),
                alarm("alarm 002", "INSUFFICIENT_DATA"),
                alarm("alarm 003", "SMILING"),
                { "AlarmName": "alarm 004" },
                { "StateValue": "ALARM" },
                { "AlarmName": "alarm 005", "StateValue": "ALARM" },
                alarm("somebody else's", "ALARM"),
            ],
            "NextToken": "more",
        })),
        _ => Reply::ok(json!({ "CompositeAlarms": [alarm("alarm 006", "ALARM")] })),
    });
    let read = read(&aws, names(0..8)).await;
    let high = || Alarm::Alarm { reason: Some("too high".into()) };
    let found: Vec<_> = read.alarms.values().map(|known| known.value.clone().unwrap()).collect();
    let expected = [
        Alarm::Ok,
        high(),
        Alarm::InsufficientData,
        Alarm::Unknown("SMILING".into()),
        Alarm::Unknown("an alarm without a state".into()),
        Alarm::Alarm { reason: None },
        high(),
        Alarm::Missing,
    ];
    assert_eq!(found, expected);
    assert_eq!(aws.take_counts([ALARMS]), [2]);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_see_alarms_is_told_so_once() {
    let aws = FakeAws::new(|_| Reply::error("AccessDeniedException", "no"));
    let found = read(&aws, names(0..250)).await;
    assert_eq!(classes(&found.alarms), vec![Some(ProblemClass::Denied); 250]);
    assert_eq!(aws.take_counts([ALARMS]), [1]);
    // What fails for another reason may succeed for the rest.
    let mut asked = 0;
    aws.answer(move |_| {
        asked += 1;
        match asked {
            1 => Reply::error("InvalidParameterValue", "no"),
            _ => Reply::ok(json!({})),
        }
    });
    let found = read(&aws, names(0..101)).await;
    let mut expected = vec![Some(ProblemClass::Invalid); 100];
    expected.push(None);
    assert_eq!(classes(&found.alarms), expected);
}

#[tokio::test(start_paused = true)]
async fn a_listing_of_alarms_that_never_ends_is_left() {
    let aws = FakeAws::new(|_| Reply::ok(json!({ "NextToken": "more" })));
    let read = read(&aws, names([1])).await;
    assert_eq!(classes(&read.alarms), [None]);
    assert_eq!(aws.take_counts([ALARMS]), [10]);
}
