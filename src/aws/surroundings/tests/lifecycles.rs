use super::*;
use crate::plan::surroundings::{Lifecycle, LifecycleLimit, PullThrough, Repository, TagSelection};

const POLICY: &str = "GetLifecyclePolicy";
const IMAGES: &str = "DescribeImages";
const RULES: &str = "DescribePullThroughCacheRules";

fn repository(name: &str) -> Repository {
    Repository { account: "210987654321".into(), name: name.into() }
}

fn policy(rules: &Value) -> Reply {
    Reply::ok(json!({ "lifecyclePolicyText": json!({ "rules": rules }).to_string() }))
}

fn by_count(priority: u32, tag_status: &str, prefix: Option<&str>) -> Value {
    let prefixes: Vec<_> = prefix.into_iter().collect();
    json!({
        "rulePriority": priority,
        "selection": {
            "tagStatus": tag_status, "tagPrefixList": prefixes,
            "countType": "imageCountMoreThan", "countNumber": 3,
        },
        "action": { "type": "expire" },
    })
}

fn image(pushed_at: f64, tags: &[&str]) -> Value {
    json!({ "imageDigest": "sha256:x", "imageTags": tags, "imagePushedAt": pushed_at })
}

fn lifecycle<'a>(read: &'a Surroundings, name: &str) -> Result<&'a Lifecycle, ProblemClass> {
    let known = &read.lifecycles[&repository(name)];
    known.value.as_ref().map_err(|problem| problem.class)
}

/// When the images were pushed that each rule counts, in seconds.
fn counted(read: &Surroundings, name: &str) -> Vec<Option<Vec<i64>>> {
    let seconds = |times: &Vec<crate::clock::Time>| times.iter().map(|at| at.timestamp()).collect();
    let rules = &lifecycle(read, name).unwrap().rules;
    rules.iter().map(|rule| rule.counted.as_ref().map(seconds)).collect()
}

#[tokio::test(start_paused = true)]
async fn images_are_listed_once_for_all_rules_that_count_them() {
    let by_age = json!({
        "rulePriority": 9,
        "selection": { "tagStatus": "any", "countType": "sinceImagePushed", "countNumber": 14 },
    });
    let rules = json!([by_count(7, "any", None), by_age, by_count(2, "tagged", Some("v"))]);
    let aws = FakeAws::new(move |call| match call.operation.as_str() {
        POLICY => policy(&rules),
        _ if call.text("nextToken") == "more" => Reply::ok(json!({
            "imageDetails": [image(30.0, &["v2", "x"]), image(10.0, &[])],
            "nextToken": "",
        })),
        _ => {
            let mut archived = image(99.0, &["v9"]);
            archived["imageStatus"] = "ARCHIVED".into();
            Reply::ok(json!({
                "imageDetails": [image(20.0, &["x"]), image(25.0, &["v1"]), archived],
                "nextToken": "more",
            }))
        }
    });
    let read = read(&aws, [Want::Lifecycle(repository("app"))]).await;
    let found = lifecycle(&read, "app").unwrap();
    let limits: Vec<_> = found.rules.iter().map(|rule| (rule.priority, &rule.limit)).collect();
    let count = LifecycleLimit::CountMoreThan(3);
    assert_eq!(limits, [(2, &count), (7, &count), (9, &LifecycleLimit::SincePushedDays(14))]);
    assert_eq!(counted(&read, "app"), [Some(vec![30, 25]), Some(vec![30, 25, 20, 10]), None]);
    let calls = aws.take_calls();
    assert_eq!(calls.len(), 3);
    for call in &calls {
        assert_eq!([call.text("registryId"), call.text("repositoryName")], ["210987654321", "app"]);
    }
    assert_eq!(calls[1].body["maxResults"], 1000);
    assert_eq!(calls[1].body["imageIds"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_counted_to_its_end_is_not_counted() {
    let endless = || Reply::ok(json!({ "imageDetails": [image(1.0, &[])], "nextToken": "more" }));
    let timeless =
        || Reply::ok(json!({ "imageDetails": [image(1.0, &[]), { "imageDigest": "x" }] }));
    for (listing, calls) in [(endless as fn() -> Reply, 5), (timeless, 1)] {
        let aws = FakeAws::new(move |call| match call.operation.as_str() {
            POLICY => policy(&json!([by_count(1, "any", None)])),
            _ => listing(),
        });
        let read = read(&aws, [Want::Lifecycle(repository("app"))]).await;
        assert_eq!(counted(&read, "app"), [None]);
        assert_eq!(aws.take_counts([POLICY, IMAGES]), [1, calls]);
    }
    // Nobody knows what it selects.
    let aws = FakeAws::new(|_| policy(&json!([by_count(1, "signed", None)])));
    let read = read(&aws, [Want::Lifecycle(repository("app"))]).await;
    let selects = &lifecycle(&read, "app").unwrap().rules[0].selects;
    assert_eq!(selects, &TagSelection::Unknown("tagStatus \"signed\"".to_owned()));
    assert_eq!(aws.take_counts([POLICY, IMAGES]), [1, 0]);
}

/// It is asked for again, rather than not counted for hours.
#[tokio::test(start_paused = true)]
async fn a_page_that_could_not_be_read_is_a_problem() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        POLICY => policy(&json!([by_count(1, "any", None)])),
        _ => Reply::error("AccessDeniedException", "no"),
    });
    let read = read(&aws, [Want::Lifecycle(repository("app"))]).await;
    assert_eq!(lifecycle(&read, "app"), Err(ProblemClass::Denied));
}

#[tokio::test(start_paused = true)]
async fn each_repository_has_its_own_answer() {
    let aws = FakeAws::new(|call| match call.text("repositoryName") {
        "free" => Reply::error("LifecyclePolicyNotFoundException", "no"),
        "silent" => Reply::ok(json!({})),
        "gone" => Reply::error("RepositoryNotFoundException", "no"),
        "closed" => Reply::error("AccessDeniedException", "no"),
        "garbage" => Reply::ok(json!({ "lifecyclePolicyText": "<no>" })),
        _ => policy(&json!([])),
    });
    let names = ["free", "silent", "gone", "closed", "garbage", "empty"];
    let read = read(&aws, names.map(|name| Want::Lifecycle(repository(name)))).await;
    for name in ["free", "silent", "empty"] {
        assert_eq!(lifecycle(&read, name), Ok(&Lifecycle::default()), "{name}");
    }
    for (name, class) in [
        ("gone", ProblemClass::NotFound),
        ("closed", ProblemClass::Denied),
        ("garbage", ProblemClass::Invalid),
    ] {
        assert_eq!(lifecycle(&read, name), Err(class), "{name}");
    }
    let told = read.lifecycles[&repository("garbage")].value.as_ref().unwrap_err().to_string();
    let says =
        "GetLifecyclePolicy: the lifecycle policy is not JSON: expected value at line 1 column 1";
    assert_eq!(told, says);
    assert_eq!(aws.take_counts([POLICY]), [6]);
}

#[tokio::test(start_paused = true)]
async fn all_prefixes_of_pull_through_caches_are_read() {
    let rule = |prefix: &str| json!({ "ecrRepositoryPrefix": prefix });
    let aws = FakeAws::new(move |call| match call.text("nextToken") {
        "" => Reply::ok(json!({
            "pullThroughCacheRules": [rule("docker-hub"), {}], "nextToken": "more",
        })),
        _ => Reply::ok(json!({ "pullThroughCacheRules": [rule("ROOT")] })),
    });
    let found = read(&aws, [Want::PullThrough]).await.pull_through.unwrap();
    let prefixes = vec!["docker-hub".into(), "ROOT".into()];
    assert_eq!(found.value, Ok(PullThrough { prefixes }));
    assert_eq!(aws.take_counts([RULES]), [2]);
    let endless = json!({ "pullThroughCacheRules": [rule("a")], "nextToken": "more" });
    aws.answer(move |_| Reply::ok(endless.clone()));
    let found = read(&aws, [Want::PullThrough]).await.pull_through.unwrap();
    assert_eq!(found.value.unwrap().prefixes.len(), 5);
    aws.answer(|_| Reply::error("AccessDeniedException", "no"));
    let found = read(&aws, [Want::PullThrough]).await.pull_through.unwrap();
    assert_eq!(found.value.unwrap_err().class, ProblemClass::Denied);
}
