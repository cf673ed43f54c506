use serde_json::{Value, json};

use super::*;
use crate::aws::testing::{Call, FakeAws, Reply};
use crate::plan::fleet::ProblemClass;

const CONDITION_FAILED: &str = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";

async fn table_at(aws: &FakeAws) -> Table {
    let (sdk, clock, families, _) = aws.configure().await;
    Table::new(&sdk, "ledger", clock, families)
}

fn key() -> ItemKey {
    ItemKey::new("record", "a/b/c/d")
}

fn attributes() -> Attributes {
    Attributes::from([
        ("body".to_owned(), Attribute::Text("{}".to_owned())),
        ("version".to_owned(), Attribute::Number(7)),
    ])
}

fn item_json() -> Value {
    json!({ "pk": { "S": "record" }, "sk": { "S": "a/b/c/d" }, "body": { "S": "{}" },
        "version": { "N": "7" }, "theirs": { "BOOL": true } })
}

/// What comes back of an item is what was put, its key, and nothing of other kinds.
fn read_back() -> Attributes {
    let mut read = attributes();
    read.insert("pk".to_owned(), Attribute::Text("record".to_owned()));
    read.insert("sk".to_owned(), Attribute::Text("a/b/c/d".to_owned()));
    read
}

/// The one call that was made, an operation of this name.
fn only(aws: &FakeAws, operation: &str) -> Call {
    let mut calls = aws.take_calls();
    assert_eq!(calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), [operation]);
    calls.remove(0)
}

#[tokio::test(start_paused = true)]
async fn an_item_is_written_under_its_condition() {
    let aws = FakeAws::new(|_| Reply::ok(json!({})));
    let table = table_at(&aws).await;
    let text = |text: &str| Some(Attribute::Text(text.to_owned()));
    for (condition, expression, names, values) in [
        (Condition::Absent, "attribute_not_exists(#pk)", json!({ "#pk": "pk" }), Value::Null),
        (
            Condition::AtMost("ended_at", 5),
            "attribute_not_exists(#pk) OR #n <= :n",
            json!({ "#pk": "pk", "#n": "ended_at" }),
            json!({ ":n": { "N": "5" } }),
        ),
        (
            Condition::Has(vec![("writer", text("w")), ("holder", None)]),
            "attribute_exists(#pk) AND #a0 = :a0 AND attribute_not_exists(#a1)",
            json!({ "#pk": "pk", "#a0": "writer", "#a1": "holder" }),
            json!({ ":a0": { "S": "w" } }),
        ),
    ] {
        assert_eq!(table.put(&key(), &attributes(), &condition).await, Ok(WriteResult::Done));
        let put = only(&aws, "PutItem").body;
        assert_eq!(table.delete(&key(), &condition).await, Ok(WriteResult::Done));
        let delete = only(&aws, "DeleteItem").body;
        for sent in [&put, &delete] {
            assert_eq!(sent["ConditionExpression"], expression);
            assert_eq!(sent["ExpressionAttributeNames"], names);
            assert_eq!(sent["ExpressionAttributeValues"], values);
            assert_eq!(sent["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
            assert_eq!(sent["TableName"], "ledger");
        }
        let mut whole = item_json();
        whole.as_object_mut().unwrap().remove("theirs");
        assert_eq!(put["Item"], whole);
        assert_eq!(delete["Key"], json!({ "pk": whole["pk"], "sk": whole["sk"] }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_is_there_whether_or_not_the_server_does() {
    for tells in [true, false] {
        let aws = FakeAws::new(move |call| match call.operation.as_str() {
            "GetItem" => Reply::ok(json!({ "Item": item_json() })),
            _ if tells => Reply::Json(
                400,
                json!({ "__type": CONDITION_FAILED, "message": "no", "Item": item_json() }),
            ),
            _ => Reply::error(CONDITION_FAILED, "no"),
        });
        let table = table_at(&aws).await;
        let refused = Ok(WriteResult::Refused(Some(read_back())));
        assert_eq!(table.put(&key(), &attributes(), &Condition::Absent).await, refused);
        assert_eq!(table.delete(&key(), &Condition::Absent).await, refused);
        let asked = usize::from(!tells) * 2;
        let counts = aws.take_counts(["PutItem", "DeleteItem", "GetItem"]);
        assert_eq!(counts, [1, 1, asked], "tells: {tells}");
    }
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        "GetItem" => Reply::ok(json!({})),
        _ => Reply::error(CONDITION_FAILED, "no"),
    });
    let has = Condition::Has(vec![("version", Some(Attribute::Number(1)))]);
    let table = table_at(&aws).await;
    assert_eq!(table.put(&key(), &attributes(), &has).await, Ok(WriteResult::Refused(None)));
}

#[tokio::test(start_paused = true)]
async fn a_page_says_where_the_next_begins() {
    let aws = FakeAws::new(|call| {
        let last = call.body.get("ExclusiveStartKey").is_some();
        let next = if last { json!({}) } else { json!({ "pk": { "S": "record" } }) };
        Reply::ok(json!({ "Items": [item_json()], "LastEvaluatedKey": next }))
    });
    let table = table_at(&aws).await;
    let first = table.query("record", true, None).await.unwrap();
    assert_eq!(first.items, [read_back()]);
    let last = table.query("record", false, first.next).await.unwrap();
    assert!(last.next.is_none());
    let calls = aws.take_calls();
    assert_eq!(
        calls.iter().map(|call| &call.body["ConsistentRead"]).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(calls[1].body["ExclusiveStartKey"], json!({ "pk": { "S": "record" } }));
    assert_eq!(calls[0].body["ExpressionAttributeValues"], json!({ ":pk": { "S": "record" } }));
    let scanned = table.scan("history#", None).await.unwrap();
    assert!(scanned.next.is_some());
    assert_eq!(only(&aws, "Scan").body["FilterExpression"], "begins_with(#pk, :prefix)");
}

#[tokio::test(start_paused = true)]
async fn a_table_is_told_by_its_keys_in_their_order() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        "DescribeTable" => Reply::ok(json!({ "Table": {
            "TableStatus": "ACTIVE",
            "AttributeDefinitions": [
                { "AttributeName": "sk", "AttributeType": "N" },
                { "AttributeName": "pk", "AttributeType": "S" },
            ],
            "KeySchema": [
                { "AttributeName": "sk", "KeyType": "RANGE" },
                { "AttributeName": "pk", "KeyType": "HASH" },
            ],
        } })),
        _ => Reply::ok(json!({ "TimeToLiveDescription": {
            "TimeToLiveStatus": "DISABLED", "AttributeName": "expires_at",
        } })),
    });
    let table = table_at(&aws).await;
    let keys = [("pk", "S"), ("sk", "N")].map(|(name, kind)| (name.to_owned(), kind.to_owned()));
    let shape = TableShape { status: "ACTIVE".to_owned(), keys: keys.to_vec() };
    assert_eq!(table.describe().await, Ok(shape));
    assert_eq!(table.expiry_attribute().await, Ok(None), "it is not enabled");
}

#[tokio::test(start_paused = true)]
async fn errors_have_the_class_that_says_what_to_do() {
    for (code, class, calls) in [
        ("ResourceNotFoundException", ProblemClass::NotFound, 1),
        ("AccessDeniedException", ProblemClass::Denied, 1),
        ("ValidationException", ProblemClass::Invalid, 1),
        ("ProvisionedThroughputExceededException", ProblemClass::Throttled, ATTEMPTS),
        ("ThrottlingException", ProblemClass::Throttled, ATTEMPTS),
        ("InternalServerError", ProblemClass::Server, ATTEMPTS),
    ] {
        let status = if class == ProblemClass::Server { 500 } else { 400 };
        let body = json!({ "__type": code, "message": "words" });
        let aws = FakeAws::new(move |_| Reply::Json(status, body.clone()));
        let table = table_at(&aws).await;
        let problem = table.put(&key(), &attributes(), &Condition::Absent).await.unwrap_err();
        assert_eq!(problem.class, class, "{code}");
        assert_eq!(aws.take_calls().len(), calls as usize, "{code}");
    }
    // It is not waited for longer than a lease may last.
    let aws = FakeAws::new(|_| Reply::Silence);
    let table = table_at(&aws).await;
    let began = tokio::time::Instant::now();
    let problem = table.get(&key()).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Timeout);
    assert!(began.elapsed() <= CALL_TIMEOUT, "{:?}", began.elapsed());
}
