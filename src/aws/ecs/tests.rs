use std::collections::BTreeSet;

use serde_json::json;

use crate::aws::ChangeError;
use crate::aws::budget::Priority;
use crate::aws::testing::{ARN, FakeAws, Reply, cluster, epoch, service, service_json};
use crate::plan::fleet::{ProblemClass, RolloutState};

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn an_update_sends_nothing_but_the_wish_for_a_new_deployment() {
    let aws = FakeAws::new(|_| {
        let mut body = service_json("api");
        body["deployments"] = json!([
            { "id": "ecs-svc/100", "status": "ACTIVE", "rolloutState": "COMPLETED" },
            { "id": "ecs-svc/200", "status": "PRIMARY", "rolloutState": "IN_PROGRESS",
              "taskDefinition": "arn:td:7", "createdAt": 1_800_000_000.75 },
        ]);
        body["currentServiceDeployment"] = json!("arn:sd");
        Reply::ok(json!({ "service": body }))
    });
    let started = aws.connect().await.update_now("api").await.unwrap();
    let calls = aws.take_calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0].body,
        json!({ "cluster": "prd", "service": "api", "forceNewDeployment": true })
    );
    assert_eq!(started.sent_at, epoch());
    assert_eq!(started.deployment.id.as_str(), "ecs-svc/200");
    assert_eq!(started.deployment.rollout, RolloutState::InProgress);
    assert_eq!(&*started.deployment.task_definition, "arn:td:7");
    assert_eq!(started.deployment.created_at.unwrap().timestamp_subsec_millis(), 750);
    assert_eq!(started.service_deployment.as_deref(), Some("arn:sd"));
}

#[tokio::test(start_paused = true)]
async fn an_update_is_sent_once_whatever_the_answer() {
    for reply in [
        || Reply::error("ThrottlingException", "Rate exceeded"),
        || Reply::error("ServerException", "oops"),
        || Reply::Json(503, json!({ "__type": "ServiceUnavailable" })),
        || Reply::Silence,
    ] {
        let aws = FakeAws::new(move |_| reply());
        let ecs = aws.connect().await;
        ecs.update_now("api").await.unwrap_err();
        tokio::time::sleep(std::time::Duration::from_secs(300)).await;
        assert_eq!(aws.take_counts(["UpdateService"]), [1]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_may_no_longer_leave_is_not_sent() {
    let aws = FakeAws::new(|_| Reply::ok(json!({})));
    let unsent = aws
        .connect()
        .await
        .force_new_deployment(&service("api"), std::time::Duration::from_secs(30), || false)
        .await;
    assert_eq!(unsent, Err(ChangeError::NotSent));
    assert_eq!(aws.take_counts(["UpdateService"]), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_names_a_service_deployment_and_is_sent_once_whatever_the_answer() {
    let timeout = std::time::Duration::from_secs(30);
    for (reply, expected) in [
        (Reply::ok as fn(_) -> _, Ok(())),
        (|_| Reply::error("ConflictException", "done"), Err(ProblemClass::Invalid)),
        (|_| Reply::error("ServiceDeploymentNotFoundException", "no"), Err(ProblemClass::NotFound)),
        (|_| Reply::error("AccessDeniedException", "no"), Err(ProblemClass::Denied)),
        (|_| Reply::error("ThrottlingException", "Rate exceeded"), Err(ProblemClass::Throttled)),
        (|_| Reply::Json(500, json!({ "__type": "ServerException" })), Err(ProblemClass::Server)),
        (|_| Reply::Silence, Err(ProblemClass::Timeout)),
    ] {
        let aws = FakeAws::new(move |_| reply(json!({ "serviceDeploymentArn": "arn:sd" })));
        let answer = aws.connect().await.roll_back("arn:sd", timeout, || true).await;
        tokio::time::sleep(10 * timeout).await;
        let calls = aws.take_calls();
        let bodies: Vec<_> = calls.iter().map(|call| (&*call.operation, &call.body)).collect();
        let body = json!({ "serviceDeploymentArn": "arn:sd", "stopType": "ROLLBACK" });
        assert_eq!(bodies, [("StopServiceDeployment", &body)]);
        let class = answer.map_err(|error| match error {
            ChangeError::Answer(problem) => problem.class,
            ChangeError::NotSent => panic!("it may always be sent"),
        });
        assert_eq!(class, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_may_no_longer_leave_is_not_sent() {
    let aws = FakeAws::new(|_| Reply::ok(json!({})));
    let timeout = std::time::Duration::from_secs(30);
    let unsent = aws.connect().await.roll_back("arn:sd", timeout, || false).await;
    assert_eq!(unsent, Err(ChangeError::NotSent));
    assert_eq!(aws.take_counts(["StopServiceDeployment"]), [0]);
}

#[tokio::test(start_paused = true)]
async fn updates_pass_the_budget_five_per_second_after_the_burst() {
    let aws = FakeAws::new(|_| Reply::ok(json!({})));
    let ecs = aws.connect().await;
    let begun = tokio::time::Instant::now();
    for _ in 0..60 {
        ecs.acquire_update_token().await;
    }
    assert_eq!(begun.elapsed().as_millis(), 2000);
}

#[tokio::test(start_paused = true)]
async fn every_page_of_clusters_is_read() {
    let aws = FakeAws::new(|call| match call.text("nextToken") {
        "" => Reply::ok(json!({ "clusterArns": [format!("{ARN}:cluster/one")], "nextToken": "2" })),
        _ => Reply::ok(json!({ "clusterArns": [format!("{ARN}:cluster/prd")], "nextToken": "" })),
    });
    let clusters = aws.connect().await.list_clusters(Priority::Look).await.unwrap();
    assert_eq!(clusters.len(), 2);
    assert!(clusters.contains(&cluster()));
    let calls = aws.take_calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].body, json!({ "maxResults": 100 }));
}

#[tokio::test(start_paused = true)]
async fn a_part_of_the_clusters_is_no_list_of_clusters() {
    let aws = FakeAws::new(|call| match call.text("nextToken") {
        "" => Reply::ok(json!({ "clusterArns": [format!("{ARN}:cluster/one")], "nextToken": "2" })),
        _ => Reply::error("AccessDeniedException", "no"),
    });
    let problem = aws.connect().await.list_clusters(Priority::Look).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Denied);
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_never_ends_is_given_up() {
    let aws = FakeAws::new(|_| Reply::ok(json!({ "clusterArns": [], "nextToken": "again" })));
    let problem = aws.connect().await.list_clusters(Priority::Look).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Server);
    assert_eq!(aws.take_counts(["ListClusters"]), [super::PAGES_MAX]);
}

#[tokio::test(start_paused = true)]
async fn names_become_clusters_a_hundred_per_call() {
    let aws = FakeAws::new(|call| {
        let asked = call.texts("clusters");
        let arn = |name: &String| format!("{ARN}:cluster/{name}");
        let (here, gone): (Vec<_>, Vec<_>) = asked.iter().partition(|name| *name != "c007");
        let status = |name: &&String| if *name == "c008" { "INACTIVE" } else { "ACTIVE" };
        Reply::ok(json!({
            "clusters": here.iter()
                .map(|name| json!({ "clusterArn": arn(name), "status": status(name) }))
                .collect::<Vec<_>>(),
            "failures": gone.iter()
                .map(|name| json!({ "arn": arn(name), "reason": "MISSING" }))
                .collect::<Vec<_>>(),
        }))
    });
    let asked: BTreeSet<_> = (0..150).map(|n| format!("c{n:03}")).collect();
    let resolved = aws.connect().await.resolve_clusters(&asked, Priority::Look).await.unwrap();
    assert_eq!(aws.take_counts(["DescribeClusters"]), [2]);
    assert_eq!(resolved.found.len(), 148);
    assert_eq!(resolved.missing, names(&["c007", "c008"]));
    assert!(resolved.found.iter().all(|key| key.account() == "123456789012"));
}

#[tokio::test(start_paused = true)]
async fn one_denied_cluster_does_not_hide_the_others() {
    let aws = FakeAws::new(|call| {
        let asked = call.texts("clusters");
        if asked.iter().any(|name| name == "secret") {
            return Reply::error("AccessDeniedException", "no");
        }
        let arn = format!("{ARN}:cluster/{}", asked[0]);
        Reply::ok(json!({ "clusters": [{ "clusterArn": arn, "status": "ACTIVE" }] }))
    });
    let ecs = aws.connect().await;
    let asked = names(&["prd", "secret"]);
    let resolved = ecs.resolve_clusters(&asked, Priority::Look).await.unwrap();
    assert_eq!(resolved.found, [cluster()].into());
    assert!(resolved.denied.contains_key("secret"));
    assert_eq!(aws.take_counts(["DescribeClusters"]), [3]);
    let problem = ecs.resolve_clusters(&names(&["secret"]), Priority::Look).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Denied);
}

#[tokio::test(start_paused = true)]
async fn retries_of_reads_are_sent_three_times_counted_and_charged() {
    let aws = FakeAws::new(|_| Reply::Json(500, json!({ "__type": "ServerException" })));
    let (ecs, metrics) = aws.connect_at(1.0).await;
    let problem = ecs.list_clusters(Priority::Look).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Server);
    assert_eq!(aws.take_counts(["ListClusters"]), [3]);
    let text = metrics.render();
    for series in [
        r#"aws_requests_total{class="server",operation="ListClusters"} 3"#,
        r#"aws_request_duration_seconds_count{operation="ListClusters"} 3"#,
        r#"aws_request_duration_seconds_bucket{operation="ListClusters",le="0.05"} 3"#,
    ] {
        assert!(text.contains(series), "{series}\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_caller_pays_for_retries() {
    let mut sent = 0;
    let aws = FakeAws::new(move |_| {
        sent += 1;
        match sent {
            1 | 2 => Reply::Json(500, json!({ "__type": "ServerException" })),
            _ => Reply::ok(json!({ "clusterArns": [] })),
        }
    });
    // One token at once, and one every five seconds.
    let (ecs, _) = aws.connect_at(0.01).await;
    let begun = tokio::time::Instant::now();
    ecs.list_clusters(Priority::Look).await.unwrap();
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    ecs.list_clusters(Priority::Look).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 15);
    assert_eq!(aws.take_counts(["ListClusters"]), [4]);
}

#[tokio::test(start_paused = true)]
async fn throttling_answers_slow_the_budget_down() {
    let aws = FakeAws::new(|_| Reply::error("ThrottlingException", "Rate exceeded"));
    let ecs = aws.connect().await;
    let problem = ecs.list_clusters(Priority::Look).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Throttled);
    aws.answer(|_| Reply::ok(json!({ "clusterArns": [] })));
    let begun = tokio::time::Instant::now();
    for _ in 0..20 {
        ecs.list_clusters(Priority::Look).await.unwrap();
    }
    // The burst is gone and the rate is at most half of AWS's.
    assert!(begun.elapsed().as_millis() > 2000, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_read_without_answer_ends_within_a_minute() {
    let aws = FakeAws::new(|_| Reply::Silence);
    let ecs = aws.connect().await;
    let begun = tokio::time::Instant::now();
    let problem = ecs.list_clusters(Priority::Look).await.unwrap_err();
    assert_eq!(problem.class, ProblemClass::Timeout);
    assert!((30..=60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(aws.take_counts(["ListClusters"]), [3]);
}
