use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::json;

use super::message::bounded;
use crate::aws::testing::{FakeAws, Reply, epoch};
use crate::aws::{AwsMetrics, ConnectOptions, connect};
use crate::clock::Clock;
use crate::metrics::{Label, Metrics};
use crate::plan::fleet::{Problem, ProblemClass};

/// What UpdateService makes of a reply, and what the attempt was counted as.
async fn met(reply: fn() -> Reply) -> Problem {
    let aws = FakeAws::new(move |_| reply());
    let (ecs, metrics) = aws.connect_at(1.0).await;
    let problem = ecs.update_now("api").await.unwrap_err();
    assert_eq!(aws.take_counts(["UpdateService"]), [1], "{problem}");
    let series = format!(
        r#"ecs_refresh_aws_requests_total{{class="{}",operation="UpdateService"}} 1"#,
        problem.class.label()
    );
    assert!(metrics.render().contains(&series), "{series}");
    assert_eq!(problem.operation, "UpdateService");
    problem
}

#[tokio::test(start_paused = true)]
async fn the_class_follows_the_code_and_not_the_status() {
    use ProblemClass::*;
    for (status, code, class) in [
        (400, "ThrottlingException", Throttled),
        (400, "AccessDeniedException", Denied),
        (403, "AccessDeniedException", Denied),
        (400, "ExpiredTokenException", Credentials),
        (400, "UnrecognizedClientException", Credentials),
        (403, "InvalidSignatureException", Credentials),
        (400, "ClusterNotFoundException", NotFound),
        (400, "ServiceNotFoundException", NotFound),
        (400, "ServiceNotActiveException", NotFound),
        (400, "InvalidParameterException", Invalid),
        (400, "ClientException", Invalid),
        (400, "PlatformUnknownException", Invalid),
        (400, "UnsupportedFeatureException", Invalid),
        (400, "com.amazonaws.ecs#NamespaceNotFoundException", Invalid),
        (404, "UnknownOperationException", Invalid),
        (400, "SomethingNewException", Invalid),
        (500, "SomethingNewException", Server),
        (500, "ServerException", Server),
        (500, "InternalFailure", Server),
        (503, "ServiceUnavailable", Server),
    ] {
        let aws = FakeAws::new(move |_| {
            Reply::Json(status, json!({ "__type": code, "message": "words" }))
        });
        let ecs = aws.connect().await;
        let problem = ecs.update_now("api").await.unwrap_err();
        assert_eq!(problem.class, class, "{status} {code}");
        assert!(problem.message.contains("words"), "{problem}");
        assert_eq!(aws.take_counts(["UpdateService"]), [1], "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_protocol_proves_nothing() {
    for reply in [
        || Reply::Page(500, "<!doctype html><title>500 Internal Server Error</title>"),
        || Reply::Page(404, "<html>no such page</html>"),
        || Reply::Page(200, "<html>welcome to the proxy</html>"),
        || Reply::Json(200, json!({ "service": {} })),
    ] {
        let aws = FakeAws::new(move |_| reply());
        let problem = aws.connect().await.update_now("api").await.unwrap_err();
        assert_eq!(problem.class, ProblemClass::Server, "{problem}");
        assert!(!problem.class.proves_nothing_happened());
        assert!(!problem.message.contains('<'), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_a_timeout_and_is_not_sent_again() {
    let problem = met(|| Reply::Silence).await;
    assert_eq!(problem.class, ProblemClass::Timeout);
    assert!(!problem.class.proves_nothing_happened());
    let waited = problem.at - epoch();
    assert_eq!(waited.num_seconds(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_the_network_and_is_not_used_again() {
    let problem = met(|| Reply::Broken(|| ConnectorError::io("connection reset".into()))).await;
    assert_eq!(problem.class, ProblemClass::Network);
    assert!(problem.message.contains("connection reset"), "{problem}");
    let problem = met(|| Reply::Broken(|| ConnectorError::timeout("connect".into()))).await;
    assert_eq!(problem.class, ProblemClass::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_resolve_points_at_the_region() {
    let problem =
        met(|| Reply::Broken(|| ConnectorError::io("dns error: no such host".into()))).await;
    assert_eq!(problem.class, ProblemClass::Network);
    assert!(problem.message.contains("could not be resolved: check the region"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_denial_names_the_action_to_allow() {
    let problem = met(|| {
        Reply::error("AccessDeniedException", "User: arn:aws:sts::1:x is not authorized\nbecause")
    })
    .await;
    assert_eq!(
        problem.message,
        "AccessDeniedException: User: arn:aws:sts::1:x is not authorized because; \
         allow the IAM action ecs:UpdateService"
    );
}

#[tokio::test(start_paused = true)]
async fn neither_what_was_signed_nor_request_ids_are_repeated() {
    for (code, words) in [
        (
            "InvalidSignatureException",
            "The signature does not match.\n\nThe Canonical String for this request should have \
             been\n'POST\n/\n\nx-amz-security-token:SECRET'",
        ),
        ("ClientException", "No. (Service: Ecs, Status Code: 400, Request ID: SECRET)"),
        ("ClientException", "No. Request ID: SECRET"),
        ("AccessDeniedException", "No. Encoded authorization failure message: SECRET"),
    ] {
        let aws = FakeAws::new(move |_| Reply::error(code, words));
        let problem = aws.connect().await.update_now("api").await.unwrap_err();
        assert!(!problem.message.contains("SECRET"), "{problem}");
        assert!(!problem.message.contains('\n'), "{problem}");
        assert!(problem.message.contains(code), "{problem}");
    }
}

type Failure = fn() -> CredentialsError;

#[derive(Debug)]
struct Provider(Failure);

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let result: provider::Result = Err((self.0)());
        future::ProvideCredentials::ready(result)
    }
}

#[tokio::test(start_paused = true)]
async fn without_credentials_nothing_is_sent_and_the_message_says_what_to_give() {
    let cases: [(Failure, &str); 2] = [
        (CredentialsError::not_loaded_no_source, "no AWS credentials found: "),
        (|| CredentialsError::provider_error("the role is gone"), "the role is gone"),
    ];
    for (failure, words) in cases {
        let aws = FakeAws::new(|_| Reply::ok(json!({})));
        let options = ConnectOptions {
            region: Some("eu-west-1".to_owned()),
            http_client: Some(SharedHttpClient::new(aws.clone())),
            credentials: Some(SharedCredentialsProvider::new(Provider(failure))),
            ..ConnectOptions::default()
        };
        let clock = Clock::tokio_from(epoch());
        let metrics = AwsMetrics::register(&Metrics::new());
        let ecs = connect(options, clock, 1.0, metrics).await.unwrap();
        let problem = ecs.update_now("api").await.unwrap_err();
        assert_eq!(problem.class, ProblemClass::Credentials, "{problem}");
        assert!(problem.message.contains(words), "{problem}");
        assert!(aws.take_calls().is_empty());
    }
}

#[test]
fn long_texts_become_one_bounded_line() {
    let text = bounded(&"wörd \n".repeat(200));
    assert_eq!(text.chars().count(), 300);
    assert!(text.ends_with('…') && !text.contains('\n'), "{text}");
    assert_eq!(bounded("  short\ttext "), "short text");
}
