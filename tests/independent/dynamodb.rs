//! The ledger in a DynamoDB table, on two servers that are not AWS: moto and dynalite.

use std::sync::Arc;

use ecs_refresh::plan::ledger::Record;
use ecs_refresh::store::{DynamoStore, Retention, Store, StoreError, TableError};
use serde_json::{Value, json};

use crate::cases;
use crate::contract::{
    self, evidence, lease, ledger, page_about, record, record_with_tasks, service,
};
use crate::harness::World;
use crate::harness::binary::{Place, policy};
use crate::harness::cli::Cli;
use crate::harness::dynamodb::{DynamoDb, block_on, table};
use crate::harness::lossy::Lossy;
use crate::harness::wait::eventually;

cases![
    Python: [
        moto_keeps_the_contract,
        on_moto_a_lost_reply_is_recognised,
        on_moto_a_large_ledger_is_read_page_by_page,
        a_missing_table_is_made_by_the_command_that_is_told,
        a_table_with_other_keys_is_refused,
        history_expires_by_the_attribute_of_the_table,
        an_older_format_is_taken_over_and_a_newer_one_refused,
        what_is_no_ledger_is_refused_and_left_as_it_is,
        the_daemon_keeps_its_ledger_in_the_table,
    ],
    Node: [
        dynalite_keeps_the_contract,
        on_dynalite_a_lost_reply_is_recognised,
        on_dynalite_a_large_ledger_is_read_page_by_page,
    ],
];

async fn open(dynamodb: &DynamoDb, name: &str) -> Result<DynamoStore, StoreError> {
    DynamoStore::open(table(dynamodb.address, name).await, Retention::default()).await
}

fn keeps_the_contract(dynamodb: &DynamoDb) {
    block_on(async {
        let one = async || {
            let name = dynamodb.create("contract");
            Arc::new(open(dynamodb, &name).await.unwrap()) as Arc<dyn Store>
        };
        contract::check(one).await;
        let two = async || {
            let name = dynamodb.create("shared");
            let one: Arc<dyn Store> = Arc::new(open(dynamodb, &name).await.unwrap());
            [one, Arc::new(open(dynamodb, &name).await.unwrap())]
        };
        contract::check_shared(two).await;
    });
}

fn moto_keeps_the_contract(world: &World) {
    keeps_the_contract(world.moto_dynamodb());
}

fn dynalite_keeps_the_contract(world: &World) {
    keeps_the_contract(&world.dynalite().dynamodb);
}

fn a_lost_reply_is_recognised(dynamodb: &DynamoDb) {
    let lossy = Lossy::before(dynamodb.address);
    let name = dynamodb.create("lossy");
    block_on(async {
        let through = table(lossy.address, &name).await;
        let store = DynamoStore::open(through, Retention::default()).await.unwrap();
        let rival = open(dynamodb, &name).await.unwrap();
        let key = service("api");
        lossy.passed("");

        // The first reply is lost, and the SDK sends the same write again: its condition is broken
        // by itself.
        for mark in ["made", "replaced"] {
            lossy.lose("PutItem", 1);
            store.save(&key, &record(mark)).await.unwrap();
            assert_eq!(lossy.passed("PutItem"), 2, "{mark}");
        }
        lossy.lose("DeleteItem", 1);
        store.remove(&key).await.unwrap();
        lossy.lose("PutItem", 1);
        store.append(&evidence(&key, 0, 1)).await.unwrap();

        // All replies are lost, so nobody knows. What is written next builds on what was written.
        store.save(&key, &record("first")).await.unwrap();
        for _ in 0..2 {
            lossy.lose("PutItem", 100);
            let error = store.save(&key, &record("unknown")).await.unwrap_err();
            assert!(!matches!(error, StoreError::Conflict { .. }), "{error}");
            assert!(error.to_string().contains("cannot be used: PutItem: "), "{error}");
            lossy.lose("PutItem", 0);
            store.save(&key, &record("known")).await.unwrap();
        }
        lossy.lose("DeleteItem", 100);
        store.remove(&key).await.unwrap_err();
        lossy.lose("DeleteItem", 0);
        store.save(&key, &record("again")).await.unwrap();

        // Somebody else's write in between is a conflict all the same.
        lossy.lose("PutItem", 100);
        store.save(&key, &record("unknown")).await.unwrap_err();
        rival.load().await.unwrap();
        rival.save(&key, &record("theirs")).await.unwrap();
        lossy.lose("PutItem", 0);
        let error = store.save(&key, &record("mine")).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
        assert_eq!(rival.load().await.unwrap(), ledger([(key, record("theirs"))]));

        let lessor = store.lease().unwrap();
        lossy.lose("PutItem", 1);
        assert!(lessor.replace_lease(None, &lease(Some("a"), 1)).await.unwrap());
        lossy.lose("PutItem", 1);
        let taken = lessor.replace_lease(Some(&lease(Some("a"), 1)), &lease(Some("a"), 2)).await;
        assert!(taken.unwrap());
        assert_eq!(lessor.read_lease().await.unwrap(), Some(lease(Some("a"), 2)));
    });
}

fn on_moto_a_lost_reply_is_recognised(world: &World) {
    a_lost_reply_is_recognised(world.moto_dynamodb());
}

fn on_dynalite_a_lost_reply_is_recognised(world: &World) {
    a_lost_reply_is_recognised(&world.dynalite().dynamodb);
}

fn a_large_ledger_is_read_page_by_page(dynamodb: &DynamoDb) {
    let counting = Lossy::before(dynamodb.address);
    let name = dynamodb.create("large");
    block_on(async {
        let through = table(counting.address, &name).await;
        let store = DynamoStore::open(through, Retention::default()).await.unwrap();
        let mut expected = ledger([]);
        for n in 0..300 {
            let (key, kept) = (service(&format!("service-{n}")), record_with_tasks("large", 130));
            store.save(&key, &kept).await.unwrap();
            expected.records.insert(key, kept);
        }
        for n in 0..30 {
            let page = page_about(&format!("{n}-{}", "c".repeat(2_000)), "api");
            store.save_page(&page).await.unwrap();
            expected.notices.insert(page);
        }
        counting.passed("");
        assert_eq!(store.load().await.unwrap(), expected);
        let pages = counting.passed("Query");
        assert!(pages > 2, "{pages} pages");
    });
}

fn on_moto_a_large_ledger_is_read_page_by_page(world: &World) {
    a_large_ledger_is_read_page_by_page(world.moto_dynamodb());
}

fn on_dynalite_a_large_ledger_is_read_page_by_page(world: &World) {
    a_large_ledger_is_read_page_by_page(&world.dynalite().dynamodb);
}

fn a_missing_table_is_made_by_the_command_that_is_told(world: &World) {
    let dynamodb = world.moto_dynamodb();
    let name = dynamodb.name("told");
    let place = Place::at(dynamodb.address);
    place.configure_store(&format!("kind = \"dynamodb\"\ntable = {name:?}"), &weekly());
    let ended = place.run(&["run", "--config", "ecs-refresh.toml"]).code(2);
    let said = format!("error: there is no DynamoDB table {name} in us-east-1; this makes it:");
    assert!(ended.stderr.contains(&said), "{ended}");
    let command = ended.stderr.lines().find(|line| line.starts_with("aws dynamodb create-table"));
    let cli = Cli::new(world.python(), dynamodb.address);
    for part in command.unwrap_or_else(|| panic!("no command: {ended}")).split(" && ") {
        cli.run_of("dynamodb", part.strip_prefix("aws dynamodb ").expect(part)).code(0);
    }
    let answer = dynamodb.call("DescribeTimeToLive", &json!({ "TableName": name }));
    let expiry = &answer["TimeToLiveDescription"];
    assert_eq!([&expiry["TimeToLiveStatus"], &expiry["AttributeName"]], ["ENABLED", "expires_at"]);
    let mut daemon = place.daemon();
    daemon.ready();
    let ended = daemon.stop().code(0);
    assert!(!ended.stderr.contains("do not expire"), "{ended}");
}

fn weekly() -> String {
    policy("weekly", "prd", "max_task_age = \"7d\"")
}

fn a_table_with_other_keys_is_refused(world: &World) {
    let dynamodb = world.moto_dynamodb();
    for (keys, found) in [
        (&[("LockID", "S", "HASH")][..], "LockID (S) as hash key,"),
        (
            &[("pk", "S", "HASH"), ("sk", "N", "RANGE")],
            "pk (S) as hash key and sk (N) as range key,",
        ),
        (
            &[("sk", "S", "HASH"), ("pk", "S", "RANGE")],
            "sk (S) as hash key and pk (S) as range key,",
        ),
    ] {
        let name = dynamodb.create_with("keys", keys);
        let error = block_on(open(dynamodb, &name)).unwrap_err().to_string();
        assert!(error.contains(&format!("{name} has the wrong keys: {found}")), "{error}");
        assert!(error.contains("aws dynamodb create-table "), "{error}");
        let scanned = dynamodb.call("Scan", &json!({ "TableName": name }));
        assert_eq!(scanned["Count"], 0, "nothing is written");
    }
}

fn history_expires_by_the_attribute_of_the_table(world: &World) {
    let dynamodb = world.moto_dynamodb();
    let name = dynamodb.create("expiry");
    let finished = evidence(&service("api"), 53, 1);
    block_on(async {
        let store = open(dynamodb, &name).await.unwrap();
        store.append(&finished).await.unwrap();
        store.save(&service("api"), &Record::default()).await.unwrap();
    });
    let path = service("api").to_path();
    let get = |pk: &str, sk: &str| {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        dynamodb.call("GetItem", &json!({ "TableName": name, "Key": key }))["Item"].clone()
    };
    let item = get(&format!("history#{path}"), "0000000003");
    let expires = finished.finished.finished_at.timestamp() + 90 * 86_400;
    assert_eq!(item["expires_at"]["N"], expires.to_string(), "{item:#}");
    assert_eq!(get("record", &path)["expires_at"], Value::Null, "the ledger does not expire");
}

/// Puts an item whose attributes are texts and numbers.
fn put(dynamodb: &DynamoDb, name: &str, item: &Value) {
    dynamodb.call("PutItem", &json!({ "TableName": name, "Item": item }));
}

fn format(number: &str) -> Value {
    json!({ "pk": { "S": "meta" }, "sk": { "S": "format" }, "format": { "N": number } })
}

fn an_older_format_is_taken_over_and_a_newer_one_refused(world: &World) {
    let dynamodb = world.moto_dynamodb();
    let name = dynamodb.create("format");
    let path = service("api").to_path();
    put(dynamodb, &name, &format("1"));
    let of_form_1 = include_str!("../contract/record-form-1.json");
    put(
        dynamodb,
        &name,
        &json!({ "pk": { "S": "record" }, "sk": { "S": path }, "body": { "S": of_form_1 } }),
    );
    let format_now = || {
        let key = json!({ "pk": { "S": "meta" }, "sk": { "S": "format" } });
        dynamodb.call("GetItem", &json!({ "TableName": name, "Key": key }))["Item"].clone()
    };
    block_on(async {
        let reader = table(dynamodb.address, &name).await;
        let seen = DynamoStore::load_read_only(reader).await.unwrap();
        assert_eq!(seen.records[&service("api")].failures_in_a_row, 2);
        assert_eq!(format_now(), format("1"), "reading changes nothing");
        let store = open(dynamodb, &name).await.unwrap();
        assert_eq!(format_now(), format("2"));
        assert_eq!(store.load().await.unwrap(), seen);
        store.save(&service("api"), &record("second")).await.unwrap();
    });
    put(dynamodb, &name, &format("3"));
    let error = block_on(open(dynamodb, &name)).unwrap_err();
    assert!(error.to_string().contains("(format 3, this version knows 2)"), "{error}");
    assert_eq!(format_now(), format("3"), "it is left as it is");
}

fn what_is_no_ledger_is_refused_and_left_as_it_is(world: &World) {
    let dynamodb = world.moto_dynamodb();
    let path = service("api").to_path();
    for (item, says) in [
        (json!({ "pk": { "S": "meta" }, "sk": { "S": "format" } }), "does not say its format"),
        (json!({ "pk": { "S": "record" }, "sk": { "S": path } }), "has no body"),
        (
            json!({ "pk": { "S": "record" }, "sk": { "S": path }, "body": { "S": "{}" } }),
            "the record of ap-northeast-1/123456789012/prd/api cannot be read",
        ),
        (
            json!({ "pk": { "S": "notice" }, "sk": { "S": "x" }, "body": { "S": "{}" } }),
            "cannot be read",
        ),
    ] {
        let name = dynamodb.create("damaged");
        put(dynamodb, &name, &item);
        let error = block_on(async {
            match open(dynamodb, &name).await {
                Ok(store) => store.load().await.unwrap_err(),
                Err(error) => error,
            }
        });
        let is_damaged = matches!(&error, StoreError::Table(TableError::Damaged { .. }));
        assert!(is_damaged && error.to_string().contains(says), "{error}");
        let input = json!({ "TableName": name, "FilterExpression": "pk <> :m",
            "ExpressionAttributeValues": { ":m": { "S": "meta" } } });
        let left = dynamodb.call("Scan", &input)["Items"].clone();
        let is_meta = item["pk"]["S"] == "meta";
        assert_eq!(left, if is_meta { json!([]) } else { json!([item]) });
    }
}

fn the_daemon_keeps_its_ledger_in_the_table(world: &World) {
    let dynamodb = world.moto_dynamodb();
    let name = dynamodb.create("daemon");
    let place = Place::at(dynamodb.address);
    place.configure_store(&format!("kind = \"dynamodb\"\ntable = {name:?}"), &weekly());
    let ended = place.run(&["retirements", "--config", "ecs-refresh.toml"]).code(2);
    let nothing = format!("there is no ledger in the DynamoDB table {name} yet");
    assert!(ended.stderr.contains(&nothing), "{ended}");
    let scan = || dynamodb.call("Scan", &json!({ "TableName": name }))["Count"].clone();
    assert_eq!(scan(), 0, "a command that only looks writes nothing");
    let mut daemon = place.daemon();
    daemon.ready();
    let asked = "ecs_refresh_aws_requests_total{class=\"ok\",operation=\"Query\"}";
    // The ledger is read once it leads, whatever it is ready for before.
    eventually(60, "calls of DynamoDB are counted", || {
        (daemon.metric(asked) > Some(1.0)).then_some(())
    });
    let ended = daemon.stop().code(0);
    assert!(
        ended.stderr.contains(&format!("the ledger is in the DynamoDB table {name}: ")),
        "{ended}"
    );
    assert!(ended.stderr.contains("do not expire"), "{ended}");
    assert_eq!(scan(), 2, "the format and the lease");
    block_on(async {
        let store = open(dynamodb, &name).await.unwrap();
        store.save_page(&page_about("a", "api")).await.unwrap();
    });
    let ended = place.run(&["retirements", "--config", "ecs-refresh.toml"]);
    assert!(ended.stdout.contains("event/ECS/RETIREMENT/1"), "{ended}");
}
