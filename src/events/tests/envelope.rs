use super::*;

/// What SNS delivers of `body`.
fn wrap(body: &str) -> String {
    json!({"Type": "Notification", "MessageId": "a", "Message": body}).to_string()
}

#[track_caller]
fn check_refused(body: &str, expected: &str) {
    match read_text(body) {
        Message::NotUnderstood(fragment) => assert_eq!(fragment.what, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn notifications_are_unwrapped_twice_and_not_more() {
    let event = example("services");
    let expected = read_text(event);
    assert_eq!(read_text(&wrap(event)), expected);
    assert_eq!(read_text(&wrap(&wrap(event))), expected);
    let what = "message: an event in at most two notifications of SNS was expected";
    check_refused(&wrap(&wrap(&wrap(event))), what);
    // An event that has such a field of its own is no notification.
    let event = notice(|event| event["Type"] = json!("Notification"));
    assert_eq!(read_event(&event), expected);
}

#[test]
fn a_notification_without_an_event_is_not_understood() {
    check_refused(&wrap("hello"), "message: JSON was expected");
    check_refused(&wrap(""), "message: JSON was expected");
    let what = "Message: an event as a text was expected";
    check_refused(r#"{"Type":"Notification"}"#, what);
    check_refused(r#"{"Type":"Notification","Message":{"detail-type":"x"}}"#, what);
    let what = "message: an event or a notification of SNS was expected";
    check_refused(r#"{"Type":"Other","Message":"{}"}"#, what);
    let confirm = json!({"Type": "SubscriptionConfirmation", "Message": "You have chosen ..."});
    assert!(ignored(&confirm).starts_with("SNS sent a SubscriptionConfirmation: "));
}

#[test]
fn what_is_no_event_is_not_understood() {
    for (body, expected) in [
        ("", "JSON"),
        ("hello", "JSON"),
        ("{", "JSON"),
        ("{} {}", "JSON"),
        ("{\"a\":\"\\ud800\"}", "JSON"),
        ("\u{feff}{}", "JSON"),
        ("null", "a JSON object"),
        ("[{\"detail-type\":\"AWS Health Event\"}]", "a JSON object"),
        ("\"{}\"", "a JSON object"),
        ("{}", "an event with a detail-type"),
        ("{\"detail-type\":\" \"}", "an event with a detail-type"),
    ] {
        check_refused(body, &format!("message: {expected} was expected"));
    }
    check_refused(r#"{"detail-type":{"a":1}}"#, "detail-type: a text was expected");
    for kind in ["AWS Health Event", "ECS Task State Change"] {
        for detail in [Value::Null, json!("{}"), json!([])] {
            let event = json!({"detail-type": kind, "detail": detail});
            assert_eq!(refused(&event).what, "detail: an object was expected", "{event}");
        }
    }
}

#[test]
fn an_event_of_another_kind_is_ignored_by_name() {
    for (kind, source, expected) in [
        ("Scheduled Event", json!("aws.events"), "\"Scheduled Event\" from aws.events"),
        (
            "AWS Health Abuse Event",
            json!("aws.health"),
            "\"AWS Health Abuse Event\" from aws.health",
        ),
        ("ECS Container Instance State Change", json!("aws.ecs"), "\"ECS Container Instance"),
        ("ECS Refresh Finished", json!("ecs-refresh"), "\"ECS Refresh Finished\" from ecs-refresh"),
        ("Test", Value::Null, "\"Test\" from an unnamed source"),
        ("Test", json!({}), "\"Test\" from an unnamed source"),
    ] {
        let why = ignored(&json!({"detail-type": kind, "source": source}));
        assert!(why.starts_with(expected), "{why}");
    }
}

#[test]
fn the_type_is_known_with_the_stray_sign_of_the_schema() {
    for kind in ["&AWS Health Event", " AWS Health Event "] {
        let page = page(&notice(|event| event["detail-type"] = json!(kind)));
        assert_eq!(page.entities.len(), 2);
    }
}

#[test]
fn a_body_is_read_up_to_its_bounds() {
    let padded = |length: usize| {
        let body = example("services").trim_end();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert!(matches!(read_text(&padded(1 << 20)), Message::Retirement(_)));
    check_refused(&padded((1 << 20) + 1), "message: at most 1 MiB was expected");
    for body in [
        format!("{{\"detail-type\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{\"detail-type\":{}1{}}}", "{\"a\":".repeat(20_000), "}".repeat(20_000)),
        "[".repeat(24_000),
    ] {
        check_refused(&body, "message: JSON was expected");
    }
    for body in ["[".repeat(1 << 18), "{\"a\":".repeat(1 << 17), "[{},".repeat(1 << 18)] {
        check_refused(&body, "message: an event with fewer parts was expected");
    }
    // The same in a notification, whose own text has no parts.
    let deep = format!("{{\"a\":{}", "[".repeat(20_000));
    check_refused(&wrap(&deep), "message: JSON was expected");
}
