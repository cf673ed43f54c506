use super::*;

const ID: &str = "00805ce1d81940b5a37398e5a2c23333";
const UUID: &str = "0f9de17b-44d7-4c2a-8f5e-0c1de1f8d2a1";

fn read(text: &str) -> Option<Entity> {
    entity::read(text, "123456789012", "us-east-1")
}

/// An ARN of the page's account and Region.
fn arn(resource: &str) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:{resource}")
}

#[test]
fn an_entity_is_read_in_every_form_that_was_seen() {
    let short = Entity::ShortService { service: "api".to_owned() };
    for (text, expected) in [
        ("prod|api".to_owned(), service("prod", "api")),
        ("prod | api".to_owned(), service("prod", "api")),
        ("\tprod |api\n".to_owned(), service("prod", "api")),
        ("prod/api".to_owned(), service("prod", "api")),
        ("prod / api".to_owned(), service("prod", "api")),
        (arn("service/prod/api"), service("prod", "api")),
        (arn("service/api"), short),
        (arn(&format!("task/prod/{ID}")), task(Some("prod"), ID)),
        (arn(&format!("task/prod/{UUID}")), task(Some("prod"), UUID)),
        (arn(&format!("task/{ID}")), task(None, ID)),
        (arn(&format!("task/{UUID}")), task(None, UUID)),
        (format!(" {ID} "), task(None, ID)),
        (UUID.to_owned(), task(None, UUID)),
        ("A_b-9|-_Z0".to_owned(), service("A_b-9", "-_Z0")),
        (format!("{0}|{0}", "x".repeat(255)), service(&"x".repeat(255), &"x".repeat(255))),
        (format!("prod|{ID}"), service("prod", ID)),
        ("arn|aws".to_owned(), service("arn", "aws")),
        ("service|task".to_owned(), service("service", "task")),
    ] {
        assert_eq!(read(&text), Some(expected), "{text}");
    }
    for partition in ["aws-cn", "aws-us-gov", "aws-iso-b"] {
        let text = format!("arn:{partition}:ecs:us-east-1:123456789012:service/prod/api");
        assert_eq!(read(&text), Some(service("prod", "api")), "{text}");
    }
}

#[test]
fn what_leaves_a_doubt_is_no_entity() {
    let long = "x".repeat(256);
    for text in [
        "",
        " ",
        "api",
        "UNKNOWN",
        "123456789012",
        "|",
        "/",
        "prod|",
        "|api",
        "prod/",
        "prod|api|x",
        "prod||api",
        "prod/api/x",
        "prod|api/x",
        "prod/x|api",
        "prod api",
        "prod|a pi",
        "prod|api:3",
        "prod|ápi",
        "prod|api\u{202e}",
        "prod|api\0",
        "prod|*",
        "prod,api",
        &format!("{long}|api"),
        &format!("prod|{long}"),
        // It may be a task as well as a service of that name.
        &format!("prod/{ID}"),
        &format!("prod/{UUID}"),
        // Not quite the id of a task.
        &ID[1..],
        &format!("{ID}0"),
        &ID.replace('0', "g"),
        &UUID.replace('-', "_"),
        &format!("-{}", &UUID[1..]),
        // ARNs of something else, or of somebody else.
        "arn:aws:ecs:us-east-1:123456789012:service/prod/api:3",
        "arn:aws:ecs:us-east-1:210987654321:service/prod/api",
        "arn:aws:ecs:eu-west-1:123456789012:service/prod/api",
        "arn:aws:ecs::123456789012:service/prod/api",
        "arn:aws:ecs:us-east-1::service/prod/api",
        "arn:aws:sqs:us-east-1:123456789012:service/prod/api",
        "arn:awsome:ecs:us-east-1:123456789012:service/prod/api",
        "arn:other:ecs:us-east-1:123456789012:service/prod/api",
        "arn:aws:ecs:us-east-1:123456789012",
        "arn:aws:ecs",
        "arn:",
        &arn("cluster/prod"),
        &arn("service/"),
        &arn("service//api"),
        &arn("service/prod/api/x"),
        &arn("service/prod/"),
        &arn("service"),
        &arn("task/prod/api"),
        &arn(&format!("task/prod/x/{ID}")),
        &arn(&format!("task/p|d/{ID}")),
        &arn(&format!("service-deployment/prod/api/{ID}")),
        &arn("service/prod|api"),
        &format!("{}|api", arn("cluster/prod")),
        "ARN:aws:ecs:us-east-1:123456789012:service/prod/api",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

/// A page with these lists.
fn page_of(resources: Value, entities: Value) -> RetirementPage {
    page(&notice(|event| {
        event["resources"] = resources;
        event["detail"]["affectedEntities"] = entities;
    }))
}

#[test]
fn both_lists_count_and_every_entity_once() {
    let page = page_of(
        json!(["b|2", "a|1", "b/2", arn("service/a/1"), arn("service/1")]),
        json!([{"entityValue": "c|3"}, {"entityValue": "a | 1"}, {"entityValue": "b|2"}]),
    );
    let short = Entity::ShortService { service: "1".to_owned() };
    let expected = [service("b", "2"), service("a", "1"), short, service("c", "3")].map(affected);
    assert_eq!(page.entities, expected);
    assert_eq!(page.not_understood, []);
    assert_eq!(page_of(json!([]), json!([])).entities, []);
    assert_eq!(page_of(Value::Null, Value::Null).not_understood, []);
}

#[test]
fn an_entity_is_resolved_when_nothing_says_otherwise() {
    let (stated, unstated) = (json!({"entityValue": "a|1", "status": "RESOLVED"}), "a|1");
    let done = [resolved(service("a", "1"))];
    let open = [affected(service("a", "1"))];
    for (resources, entities, expected) in [
        (json!([unstated]), json!([stated]), &done),
        (json!([]), json!([stated, {"entityValue": "a|1"}]), &done),
        (json!([]), json!([{"entityValue": "a|1", "statusCode": "resolved"}]), &done),
        (json!([]), json!([{"entityValue": "a|1", "STATUS": "RESOLVED"}]), &done),
        (json!([]), json!([{"entityValue": "a|1", "status": "", "statusCode": "RESOLVED"}]), &done),
        (json!([unstated]), json!([]), &open),
        (json!([]), json!([stated, {"entityValue": "a|1", "status": "PENDING"}]), &open),
        (json!([]), json!([{"entityValue": "a|1", "statusCode": "IMPAIRED"}, stated]), &open),
        (json!([]), json!([{"entityValue": "a|1", "status": "UNKNOWN"}]), &open),
        (
            json!([]),
            json!([{"entityValue": "a|1", "status": "PENDING", "statusCode": "RESOLVED"}]),
            &open,
        ),
    ] {
        let page = page_of(resources.clone(), entities.clone());
        assert_eq!(page.entities, expected, "{resources} {entities}");
        assert_eq!(page.not_understood, []);
    }
    let page = page_of(json!([]), json!([stated, {"entityValue": "a|1", "status": ["RESOLVED"]}]));
    assert_eq!(page.entities, open);
    assert_eq!(
        said(&page.not_understood),
        [r#"detail.affectedEntities[1].status: a text was expected, found "[\"RESOLVED\"]""#]
    );
}

#[test]
fn a_task_that_is_named_with_and_without_its_cluster_is_one() {
    let long = arn(&format!("task/prod/{ID}"));
    let done = json!({"entityValue": ID, "status": "RESOLVED"});
    let open = json!({"entityValue": long, "status": "PENDING"});
    let one = task(Some("prod"), ID);
    for (resources, entities, expected) in [
        (json!([ID, long]), json!([]), affected(one.clone())),
        (json!([long]), json!([done]), resolved(one.clone())),
        (json!([ID]), json!([done, open]), affected(one)),
        (json!([ID]), json!([done]), resolved(task(None, ID))),
    ] {
        assert_eq!(page_of(resources, entities).entities, [expected]);
    }
    let both = json!([ID, long, arn(&format!("task/other/{ID}")), UUID]);
    let entities = [task(Some("prod"), ID), task(Some("other"), ID), task(None, UUID)];
    assert_eq!(page_of(both, json!([])).entities, entities.map(affected));
}

#[test]
fn every_form_in_one_page_is_read() {
    let page = page(&serde_json::from_str(example("every_form")).unwrap());
    let expected = [
        resolved(service("prod", "api")),
        affected(service("prod", "worker")),
        affected(service("prod", "long")),
        affected(Entity::ShortService { service: "short".to_owned() }),
        affected(task(None, UUID)),
        affected(task(Some("prod"), ID)),
    ];
    assert_eq!(page.entities, expected);
    let what = "a service or task of 123456789012 in us-east-1 was expected";
    let cluster = arn("cluster/prod");
    assert_eq!(
        said(&page.not_understood),
        [
            format!("detail.affectedEntities[2].entityValue: {what}, found \"prod\""),
            format!("detail.affectedEntities[3].entityValue: {what}, found {cluster:?}"),
        ]
    );
}

#[test]
fn ten_thousand_entities_are_read() {
    let names: Vec<_> = (0..10_000).map(|number| format!("cluster|service-{number}")).collect();
    let entities = names.iter().map(|name| json!({"entityValue": name, "status": "PENDING"}));
    let page = page_of(json!(names), entities.collect());
    assert_eq!(page.entities.len(), 10_000);
    assert_eq!(page.entities[9_999].entity, service("cluster", "service-9999"));
    assert_eq!(page.not_understood, []);
}
