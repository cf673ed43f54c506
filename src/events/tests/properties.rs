//! What holds for every message. Each is read through [`invariant::read`], which panics where
//! something was guessed or is without bounds.

use proptest::prelude::*;

use super::*;

/// Everything that a field might hold and should not.
fn odd_values() -> Vec<Value> {
    let deep = (0..100).fold(json!("x|y"), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("x"),
        json!("x|y"),
        json!("arn:aws:ecs:us-east-1:123456789012:task/x/00805ce1d81940b5a37398e5a2c23333"),
        json!("Wed, 16 Aug 2023 23:18:51 GMT"),
        json!("\u{202e}\u{0}\u{1b}"),
        json!("é".repeat(2_000)),
        json!([]),
        json!(["x|y", 7, null]),
        json!({}),
        json!({"entityValue": "x|y", "status": "RESOLVED"}),
        deep,
    ]
}

/// Calls `visit` for the value at every path, changed or taken away.
fn for_every_change(whole: &Value, visit: &mut impl FnMut(&str, &Value)) {
    fn paths(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    paths(value, format!("{at}/{index}"), found);
                }
            }
            Value::Object(object) => {
                for (key, value) in object {
                    paths(value, format!("{at}/{key}"), found);
                }
            }
            _ => {}
        }
        found.push(at);
    }
    let mut found = Vec::new();
    paths(whole, String::new(), &mut found);
    for path in found {
        for odd in odd_values() {
            let mut changed = whole.clone();
            *changed.pointer_mut(&path).unwrap() = odd;
            visit(&path, &changed);
        }
        if let Some((parent, key)) = path.rsplit_once('/') {
            let mut changed = whole.clone();
            if let Some(object) = changed.pointer_mut(parent).and_then(Value::as_object_mut) {
                object.remove(key);
                visit(&path, &changed);
            }
        }
    }
}

/// The services that an answer is about.
fn services(message: &Message) -> Vec<(String, String)> {
    match message {
        Message::Retirement(page) => {
            let services = page.entities.iter().filter_map(|affected| match &affected.entity {
                Entity::Service { cluster, service } => Some((cluster.clone(), service.clone())),
                _ => None,
            });
            services.collect()
        }
        Message::Ecs(event) => vec![(event.cluster.clone(), event.service.clone())],
        _ => Vec::new(),
    }
}

#[test]
fn a_wrong_type_in_any_field_makes_up_no_service() {
    let mut tried = 0;
    for (name, body) in EXAMPLES {
        let before = services(&read_text(body));
        let whole: Value = serde_json::from_str(body).unwrap();
        for_every_change(&whole, &mut |path, changed| {
            tried += 1;
            let message = read_event(changed);
            // One that was put in stands where entities are expected.
            let put_in = path.starts_with("/resources") || path.contains("/affectedEntities");
            for service in services(&message) {
                let known = before.contains(&service);
                let is_put_in = put_in && service == ("x".to_owned(), "y".to_owned());
                assert!(known || is_put_in, "{service:?} in {name}{path}: {message:?}");
            }
            let unread = ["/version", "/source", "/detail/endTime", "/detail/eventTypeCategory"];
            if unread.contains(&path) {
                assert_eq!(message, read_text(body), "{name}{path}");
            }
        });
    }
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn a_wrong_type_is_said_with_its_text() {
    let whole = notice(|_| {});
    for path in ["/resources/0", "/detail/affectedEntities/0/entityValue", "/detail/startTime"] {
        for wrong in [json!(7), json!([7]), json!({"seven": 7}), json!(true)] {
            let mut changed = whole.clone();
            *changed.pointer_mut(path).unwrap() = wrong.clone();
            let fragments = page(&changed).not_understood;
            assert_eq!(fragments.len(), 1, "{path}: {fragments:?}");
            assert_eq!(fragments[0].raw, wrong.to_string(), "{path}");
        }
    }
}

/// Any JSON, with the names and texts of events in it.
fn values() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "Type",
        "Message",
        "detail-type",
        "detail",
        "resources",
        "time",
        "account",
        "region",
        "id",
        "eventArn",
        "eventTypeCode",
        "affectedEntities",
        "entityValue",
        "status",
        "communicationId",
        "lastUpdatedTime",
        "startTime",
        "group",
        "clusterArn",
        "taskArn",
        "version",
        "page",
    ]);
    let texts = prop::sample::select(vec![
        "Notification",
        "AWS Health Event",
        "ECS Task State Change",
        "ECS Service Action",
        "AWS_ECS_TASK_PATCHING_RETIREMENT",
        "123456789012",
        "us-east-1",
        "a|b",
        "a/b",
        "c | d",
        "Wed, 16 Aug 2023 23:18:51 GMT",
        "2023-08-16T23:18:51Z",
        "RESOLVED",
        "service:e",
        "2",
        "arn:aws:ecs:us-east-1:123456789012:service/f/g",
        "arn:aws:ecs:us-east-1:123456789012:cluster/f",
    ]);
    let leaf = prop_oneof![
        6 => texts.prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 64, 12, move |inner| {
        let names = prop_oneof![8 => names.clone().prop_map(str::to_owned), 1 => any::<String>()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..12)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Changes to a text: where, how much is taken away, and what is put there.
fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, String)>> {
    let tokens = prop::sample::select(vec![
        "",
        "\"",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "7",
        "|",
        "/",
        " ",
        "\\",
        "\\u0061",
        "é",
        "\"x|y\"",
        "arn:aws:ecs:",
        "service/",
        "task/",
        "\u{202e}",
        "\n",
        "GMT",
        "-1",
        "1e999",
    ]);
    let token = prop_oneof![4 => tokens.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, token), 1..8)
}

fn edited(text: &str, edits: &[(prop::sample::Index, usize, String)]) -> String {
    let mut signs: Vec<char> = text.chars().collect();
    for (at, taken, put) in edits {
        let at = at.index(signs.len() + 1);
        let end = (at + taken).min(signs.len());
        signs.splice(at..end, put.chars());
    }
    signs.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_an_answer(body in any::<String>()) {
        read_text(&body);
    }

    #[test]
    fn any_json_has_an_answer(value in values()) {
        read_event(&value);
    }

    #[test]
    fn a_field_that_holds_anything_has_an_answer(
        which in any::<prop::sample::Index>(),
        field in any::<prop::sample::Index>(),
        value in values(),
    ) {
        let mut event: Value = serde_json::from_str(which.get(EXAMPLES).1).unwrap();
        let object = match event.get_mut("detail") {
            Some(Value::Object(detail)) => detail,
            _ => event.as_object_mut().unwrap(),
        };
        let key = object.keys().nth(field.index(object.len())).unwrap().clone();
        object.insert(key, value);
        read_event(&event);
    }

    #[test]
    fn an_event_with_typing_errors_has_an_answer(
        which in any::<prop::sample::Index>(),
        edits in edits(),
    ) {
        read_text(&edited(which.get(EXAMPLES).1, &edits));
    }

    #[test]
    fn any_text_may_stand_for_an_entity_or_a_date(
        text in any::<String>(),
        cluster in ".{0,4}",
        name in ".{0,4}",
    ) {
        let arn = format!("arn:aws:ecs:{cluster}:{name}");
        for text in [text, format!("{cluster}|{name}"), format!("{cluster}/{name}"), arn] {
            let event = notice(|event| {
                event["resources"] = json!([text]);
                event["detail"]["startTime"] = json!(text);
                event["detail"]["affectedEntities"] = json!([]);
            });
            let page = page(&event);
            // One answer for the entity, and one for the date unless it counts as absent.
            let answers = 2 - usize::from(text.trim().is_empty());
            prop_assert_eq!(page.entities.len() + page.not_understood.len(), answers);
        }
    }
}
