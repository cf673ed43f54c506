use super::*;

#[test]
fn a_notice_about_services_is_read() {
    let expected = RetirementPage {
        account: "123456789012".to_owned(),
        region: "us-east-1".to_owned(),
        event_arn: "arn:aws:health:us-east-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/\
                    AWS_ECS_TASK_PATCHING_RETIREMENT_test1"
            .to_owned(),
        communication_id: "7988399e2e6fb0b905ddc88e0e2de1fd17e4c9fa60349577446d95a18EXAMPLE-1"
            .to_owned(),
        event_type_code: "AWS_ECS_TASK_PATCHING_RETIREMENT".to_owned(),
        status: EventStatus::Upcoming,
        starts_at: Some(at("2023-08-23T23:18:51Z")),
        published_at: at("2023-08-16T23:18:51Z"),
        updated_at: at("2023-08-16T23:18:52Z"),
        entities: vec![affected(service("prod", "api")), affected(service("prod", "worker"))],
        not_understood: Vec::new(),
    };
    assert_eq!(read_text(example("services")), Message::Retirement(expected.clone()));
    assert_eq!(read_text(example("sns")), Message::Retirement(expected.clone()));
    // The copy in the backup Region is delivered elsewhere and later, and is the same page.
    let copy = RetirementPage { published_at: expected.updated_at, ..expected };
    assert_eq!(read_text(example("backup_copy")), Message::Retirement(copy));
}

#[test]
fn a_notice_about_tasks_is_read() {
    let page = page(&serde_json::from_str(example("tasks")).unwrap());
    let id = |end: &str| format!("00805ce1d81940b5a37398e5a2c{end}");
    let tasks = ["23333", "25555"].map(|end| affected(task(Some("prod"), &id(end))));
    assert_eq!(page.entities, tasks);
    assert_eq!((page.status, page.not_understood), (EventStatus::Unstated, vec![]));
}

#[test]
fn the_example_of_the_documentation_is_read() {
    let page = page(&serde_json::from_str(example("documented")).unwrap());
    assert_eq!(page.entities, [affected(service("cluster", "service"))]);
    // Its tasks are another account's.
    let fragments = said(&page.not_understood);
    assert_eq!(fragments.len(), 2, "{fragments:#?}");
    assert!(fragments[1].starts_with("detail.affectedEntities[1].entityValue: a service or task"));
    assert!(fragments[1].ends_with("/00805ce1d81940b5a37398e5a2c25555\""), "{fragments:#?}");
}

#[test]
fn a_rehearsal_under_another_source_is_read() {
    let page = page(&serde_json::from_str(example("rehearsed")).unwrap());
    let expected = [
        service("test_cluster1", "service1"),
        service("test_cluster2", "service2"),
        service("cluster", "service1"),
        service("cluster", "service2"),
    ];
    assert_eq!(page.entities, expected.map(affected));
    assert_eq!(page.starts_at, Some(at("2023-08-16T23:18:51Z")));
    assert_eq!(page.not_understood, []);
}

#[test]
fn an_event_of_another_code_or_service_is_ignored_by_name() {
    let other = serde_json::from_str(example("other_service")).unwrap();
    let expected = "AWS_EC2_PERSISTENT_INSTANCE_RETIREMENT_SCHEDULED of EC2 tells of no retirement \
                    of ECS tasks";
    assert_eq!(ignored(&other), expected);
    let changes: [fn(&mut Value); 4] = [
        |detail| detail["service"] = json!("EKS"),
        |detail| detail["eventTypeCode"] = json!("AWS_ECS_OPERATIONAL_ISSUE"),
        |detail| detail["eventTypeCode"] = json!("AWS_ECS_TASK_PATCHING_RETIREMENT_2"),
        |detail| detail["eventTypeCode"] = json!("x".repeat(100_000)),
    ];
    for change in changes {
        ignored(&notice(|event| change(&mut event["detail"])));
    }
    let anonymous = notice(|event| {
        event["detail"]["service"] = json!("EC2");
        event["detail"]["eventTypeCode"] = Value::Null;
    });
    assert!(ignored(&anonymous).starts_with("an event without a code of EC2 tells"));
}

#[test]
fn the_codes_that_count_are_an_argument() {
    let body =
        notice(|event| event["detail"]["eventTypeCode"] = json!("aws_ecs_other")).to_string();
    let Message::Retirement(page) = events::read(&body, &["AWS_ECS_OTHER".to_owned()]) else {
        panic!("it was asked for");
    };
    assert_eq!(page.event_type_code, "AWS_ECS_OTHER");
    assert!(matches!(events::read(&body, &[]), Message::Ignored(_)));
}

#[test]
fn states_are_read_in_any_case() {
    for (stated, expected) in [
        (json!("upcoming"), EventStatus::Upcoming),
        (json!(" OPEN "), EventStatus::Open),
        (json!("Closed"), EventStatus::Closed),
        (json!("postponed"), EventStatus::Unknown("postponed".to_owned())),
        (json!(""), EventStatus::Unstated),
        (Value::Null, EventStatus::Unstated),
    ] {
        let page = page(&notice(|event| event["detail"]["statusCode"] = stated.clone()));
        assert_eq!((page.status, page.not_understood), (expected, vec![]), "{stated}");
    }
    let page = page(&notice(|event| event["detail"]["statusCode"] = json!({"a": 1})));
    assert_eq!(page.status, EventStatus::Unstated);
    assert_eq!(
        said(&page.not_understood),
        [r#"detail.statusCode: a text was expected, found "{\"a\":1}""#]
    );
}

/// Account and Region of the notice after a change; the fragment if there is none.
fn place(change: impl FnOnce(&mut Value)) -> Result<(String, String), String> {
    let event = notice(change);
    match read_event(&event) {
        Message::Retirement(page) => Ok((page.account, page.region)),
        Message::NotUnderstood(fragment) => Err(fragment.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn account_and_region_are_the_affected_ones_and_never_guessed() {
    let ok = |account: &str, region: &str| Ok((account.to_owned(), region.to_owned()));
    // An organisation's view, seen from the account that it is sent to.
    let sent = place(|event| event["account"] = json!("999999999999"));
    assert_eq!(sent, ok("123456789012", "us-east-1"));
    let sent = place(|event| event["region"] = json!("us-west-2"));
    assert_eq!(sent, ok("123456789012", "us-east-1"));
    let absent = place(|event| {
        event["detail"]["affectedAccount"] = json!(" ");
        event["detail"]["eventRegion"] = Value::Null;
        event["account"] = json!("999999999999");
        event["region"] = json!("eu-west-1");
    });
    assert_eq!(absent, ok("999999999999", "eu-west-1"));

    let refused = |change: fn(&mut Value), expected: &str| {
        assert_eq!(place(change), Err(expected.to_owned()));
    };
    refused(
        |event| event["detail"]["affectedAccount"] = json!(123456789012_u64),
        r#"detail.affectedAccount: a text was expected, found "123456789012""#,
    );
    refused(
        |event| event["detail"]["affectedAccount"] = json!("1234-5678-9012"),
        r#"detail.affectedAccount: an account's number was expected, found "1234-5678-9012""#,
    );
    refused(
        |event| event["detail"]["eventRegion"] = json!("US East (N. Virginia)"),
        r#"detail.eventRegion: a Region was expected, found "US East (N. Virginia)""#,
    );
    refused(
        |event| {
            event["detail"]["affectedAccount"] = Value::Null;
            event["account"] = Value::Null;
        },
        r#"account: an account's number was expected, found nothing"#,
    );
    // A copy's own Region is not where the tasks are.
    for copy in [json!("true"), json!(" True "), json!(true)] {
        let place = place(|event| {
            event["detail"]["backupEvent"] = copy;
            event["detail"]["eventRegion"] = json!("");
        });
        let expected = r#"detail.eventRegion: a Region was expected, found nothing"#;
        assert_eq!(place, Err(expected.to_owned()));
    }
}

#[test]
fn what_cannot_be_keyed_is_not_understood() {
    for arn in [Value::Null, json!(""), json!(7), json!("a b"), json!("ä"), json!("a\nb")] {
        let fragment = refused(&notice(|event| event["detail"]["eventArn"] = arn.clone()));
        assert!(fragment.what.starts_with("detail.eventArn: "), "{fragment} for {arn}");
    }
    let long = json!("x".repeat(513));
    assert_eq!(refused(&notice(|event| event["detail"]["eventArn"] = long)).raw.len(), 203);
    let fragment = refused(&notice(|event| {
        event["detail"]["communicationId"] = Value::Null;
        event["id"] = json!("");
    }));
    assert!(fragment.what.starts_with("detail.communicationId: an identifier"), "{fragment}");
}

#[test]
fn a_communication_without_a_name_is_named_by_its_delivery() {
    let delivery = "3c268027-f43c-0171-7425-1d799EXAMPLE";
    for (id, fragments) in [(Value::Null, 0), (json!(" "), 0), (json!(7), 1), (json!("a b"), 1)] {
        let page = page(&notice(|event| event["detail"]["communicationId"] = id.clone()));
        assert_eq!(page.communication_id, delivery, "{id}");
        assert_eq!(page.not_understood.len(), fragments, "{id}: {:?}", page.not_understood);
    }
}

#[test]
fn no_page_has_the_name_of_another() {
    for (id, number, expected) in [
        ("x-1", json!("1"), "x-1"),
        ("x-2", json!("2"), "x-2"),
        ("x", json!("1"), "x"),
        ("x", json!("2"), "x-2"),
        ("x", json!(3), "x-3"),
        ("x-1", json!("11"), "x-1-11"),
        ("x", Value::Null, "x"),
        ("x", json!(""), "x"),
    ] {
        let page = page(&notice(|event| {
            event["detail"]["communicationId"] = json!(id);
            event["detail"]["page"] = number.clone();
        }));
        assert_eq!(page.communication_id, expected, "{id} {number}");
        assert_eq!(page.not_understood, []);
    }
    let page = page(&notice(|event| event["detail"]["page"] = json!("two")));
    assert_eq!(page.not_understood.len(), 1);
}

/// Publication, update and fragments of the notice with these times.
fn times(sent: Value, updated: Value) -> Result<(String, String, usize), String> {
    let event = notice(|event| {
        event["time"] = sent;
        event["detail"]["lastUpdatedTime"] = updated;
    });
    let text = |time: DateTime<Utc>| time.format("%d %H").to_string();
    match read_event(&event) {
        Message::Retirement(page) => {
            Ok((text(page.published_at), text(page.updated_at), page.not_understood.len()))
        }
        Message::NotUnderstood(fragment) => Err(fragment.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_earlier_time_is_that_of_publication() {
    let (first, later) = (json!("2023-08-16T23:00:00Z"), json!("Thu, 17 Aug 2023 01:00:00 GMT"));
    let ok = |published: &str, updated: &str, fragments| {
        Ok((published.to_owned(), updated.to_owned(), fragments))
    };
    assert_eq!(times(first.clone(), later.clone()), ok("16 23", "17 01", 0));
    assert_eq!(times(later.clone(), first.clone()), ok("16 23", "16 23", 0));
    assert_eq!(times(Value::Null, later.clone()), ok("17 01", "17 01", 0));
    assert_eq!(times(first.clone(), json!("")), ok("16 23", "16 23", 0));
    assert_eq!(times(json!(1692227931), later), ok("17 01", "17 01", 1));
    assert_eq!(times(first, json!("Thu, 16 Aug 2023 01:00:00 GMT")), ok("16 23", "16 23", 1));
    for (sent, updated, expected) in [
        (Value::Null, Value::Null, r#"time: a date was expected, found nothing"#),
        (json!(7), Value::Null, r#"time: a date was expected, found "7""#),
        (json!(7), json!("soon"), r#"detail.lastUpdatedTime: a date was expected, found "soon""#),
    ] {
        assert_eq!(times(sent, updated), Err(expected.to_owned()));
    }
    for name in ["lastUpdatedtime", "lastupdatedTime", "LastUpdatedTime"] {
        let page = page(&notice(|event| {
            let detail = event["detail"].as_object_mut().unwrap();
            let time = detail.remove("lastUpdatedTime").unwrap();
            detail.insert(name.to_owned(), time);
        }));
        assert_eq!(page.updated_at, at("2023-08-16T23:18:52Z"), "{name}");
    }
}

#[test]
fn a_start_that_is_no_date_is_said_and_leaves_the_rest() {
    for (stated, fragments) in
        [(json!(""), 0), (Value::Null, 0), (json!("soon"), 1), (json!([]), 1)]
    {
        let page = page(&notice(|event| event["detail"]["startTime"] = stated.clone()));
        assert_eq!(page.starts_at, None, "{stated}");
        assert_eq!(page.not_understood.len(), fragments, "{stated}");
        assert_eq!(page.entities.len(), 2);
    }
}

#[test]
fn fields_that_are_absent_are_done_without() {
    let event = json!({
        "detail-type": "AWS Health Event",
        "id": "a",
        "account": "123456789012",
        "region": "us-east-1",
        "time": "2023-08-16T23:18:51Z",
        "detail": {"eventTypeCode": "AWS_ECS_TASK_PATCHING_RETIREMENT", "eventArn": "b"},
    });
    let page = page(&event);
    assert_eq!((page.event_arn.as_str(), page.communication_id.as_str()), ("b", "a"));
    assert_eq!((page.status, page.starts_at), (EventStatus::Unstated, None));
    assert_eq!((page.entities, page.not_understood), (vec![], vec![]));
}

#[test]
fn a_page_of_which_only_the_head_is_understood_is_a_page() {
    let page = page(&serde_json::from_str(example("wrong_types")).unwrap());
    assert_eq!(page.entities, []);
    assert_eq!(page.starts_at, None);
    let entity = "a service or task of 123456789012 in us-east-1 was expected";
    assert_eq!(
        said(&page.not_understood),
        [
            "detail.startTime: a date was expected, found \"Thu, 23 Aug 2023 23:18:51 GMT\""
                .to_owned(),
            "resources: a list was expected, found \"7\"".to_owned(),
            "detail.affectedEntities[0]: an object was expected, found \"null\"".to_owned(),
            "detail.affectedEntities[1]: an object was expected, found \"prod|api\"".to_owned(),
            format!(
                "detail.affectedEntities[2].entityValue: {entity}, found \"[\\\"prod|api\\\"]\""
            ),
            format!("detail.affectedEntities[3].entityValue: {entity}, found \"{{}}\""),
            format!("detail.affectedEntities[4].entityValue: {entity}, found \"prod|api\u{fffd}\""),
        ]
    );
}
