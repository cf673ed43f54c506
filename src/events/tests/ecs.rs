use super::*;

/// How an example is changed.
type Change = fn(&mut Value);

fn event(name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut event = serde_json::from_str(example(name)).unwrap();
    change(&mut event);
    event
}

fn ecs(event: &Value) -> EcsEvent {
    match read_event(event) {
        Message::Ecs(event) => event,
        other => panic!("{other:?} for {event:#}"),
    }
}

fn expected(at: DateTime<Utc>, task_version: Option<(&str, u64)>) -> EcsEvent {
    EcsEvent {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        cluster: "prod".to_owned(),
        service: "api".to_owned(),
        at,
        task_version: task_version.map(|(id, version)| (id.to_owned(), version)),
    }
}

#[test]
fn events_about_a_service_are_read() {
    let version = Some(("3102878e4af940848a5aea5d9ca8ac9b", 4));
    let task = expected(at("2024-05-02T11:45:20Z"), version);
    assert_eq!(ecs(&event("ecs_task", |_| {})), task);
    let deployment = expected(at("2024-05-02T12:31:14Z"), None);
    assert_eq!(ecs(&event("ecs_deployment", |_| {})), deployment);
    assert_eq!(ecs(&event("ecs_service", |_| {})), expected(at("2024-05-02T19:27:22Z"), None));
}

#[test]
fn what_is_absent_is_taken_from_arns_that_state_it() {
    let changes: [(&str, Change); 6] = [
        // An emulator leaves the account out.
        ("ecs_task", |event| event["account"] = Value::Null),
        ("ecs_task", |event| event["region"] = json!("")),
        ("ecs_task", |event| event["detail"]["clusterArn"] = Value::Null),
        ("ecs_deployment", |event| event["account"] = Value::Null),
        ("ecs_deployment", |event| event["detail"] = Value::Null),
        ("ecs_service", |event| event["region"] = Value::Null),
    ];
    for (name, change) in changes {
        assert_eq!(ecs(&event(name, change)), ecs(&event(name, |_| {})), "{name}");
    }
    for change in [(|event| event["detail"]["taskArn"] = Value::Null) as Change, |event| {
        event["detail"]["version"] = Value::Null
    }] {
        assert_eq!(ecs(&event("ecs_task", change)).task_version, None);
    }
}

#[test]
fn a_task_of_no_service_is_ignored() {
    for group in [json!("family:batch"), json!("service"), json!(""), Value::Null] {
        let event = event("ecs_task", |event| event["detail"]["group"] = group);
        assert!(ignored(&event).ends_with(": of no service"), "{event:#}");
    }
}

#[test]
fn what_leaves_a_doubt_is_not_understood() {
    const OTHERS: &str = "arn:aws:ecs:us-east-1:210987654321:";
    let changes: [(&str, &str, Change); 19] = [
        ("ecs_task", "detail.group", |event| event["detail"]["group"] = json!("service:a b")),
        ("ecs_task", "detail.group", |event| event["detail"]["group"] = json!("service:")),
        ("ecs_task", "detail.group", |event| event["detail"]["group"] = json!(7)),
        ("ecs_task", "detail.version", |event| event["detail"]["version"] = json!(-1)),
        ("ecs_task", "detail.clusterArn", |event| event["detail"]["clusterArn"] = json!("prod")),
        ("ecs_task", "detail.taskArn", |event| event["detail"]["taskArn"] = json!("x")),
        ("ecs_task", "detail.taskArn", |event| {
            event["detail"]["taskArn"] = event["detail"]["clusterArn"].clone();
        }),
        ("ecs_task", "detail.clusterArn", |event| {
            let other = "arn:aws:ecs:us-east-1:123456789012:cluster/other";
            event["detail"]["clusterArn"] = json!(other);
        }),
        ("ecs_service", "detail.clusterArn", |event| {
            event["detail"]["clusterArn"] = event["resources"][0].clone();
        }),
        ("ecs_task", "account", |event| {
            event["detail"]["clusterArn"] = json!(format!("{OTHERS}cluster/prod"));
        }),
        ("ecs_task", "region", |event| event["region"] = json!("eu-west-1")),
        ("ecs_task", "time", |event| event["time"] = Value::Null),
        ("ecs_deployment", "time", |event| event["time"] = json!("now")),
        ("ecs_deployment", "account", |event| event["account"] = json!(123456789012_u64)),
        ("ecs_deployment", "resources[0]", |event| event["resources"] = json!([])),
        ("ecs_deployment", "resources", |event| event["resources"] = json!("prod|api")),
        ("ecs_deployment", "resources[0]", |event| event["resources"] = json!(["prod|api"])),
        ("ecs_service", "detail", |event| event["detail"] = json!("x")),
        // The short ARN needs the cluster.
        ("ecs_service", "detail.clusterArn", |event| event["detail"]["clusterArn"] = Value::Null),
    ];
    for (name, place, change) in changes {
        let event = event(name, change);
        let fragment = refused(&event);
        assert!(fragment.what.starts_with(&format!("{place}: ")), "{fragment} for {event:#}");
    }
    let stranger = event("ecs_task", |event| {
        event["account"] = json!("x");
        event["detail"]["clusterArn"] = Value::Null;
        event["detail"]["taskArn"] = Value::Null;
    });
    refused(&stranger);
}
