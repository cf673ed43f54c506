//! The AWS CLI and botocore, as clients of the simulated AWS.
//!
//! `wait` is called only for what is so already: between two looks it sleeps 15 seconds.

use std::net::SocketAddr;
use std::time::Duration;

use ecs_refresh::clock::Clock;
use ecs_refresh::simulator::{Cleanup, Hook, ServiceSpec, Threshold};
use serde_json::Value;

use crate::cases;
use crate::harness::World;
use crate::harness::binary::{Place, address};
use crate::harness::cli::Cli;
use crate::harness::process::Process;
use crate::harness::simulated::Simulated;

cases![Python: [
    a_service_lives_and_dies_in_the_simulator,
    the_task_definitions_of_the_simulator_have_revisions,
    pages_of_every_size_add_up,
    a_refresh_is_seen_as_two_deployments,
    a_paused_deployment_is_seen_continued_and_stopped,
    errors_have_the_shape_that_the_aws_cli_knows,
    every_answer_fits_the_service_model,
    a_message_is_sent_received_and_deleted,
    events_are_put_one_by_one,
    notices_are_told_in_json,
    a_deployment_of_code_deploy_is_made_and_followed,
    target_groups_are_told_in_xml,
]];

const TASK_DEFINITION: &str = "register-task-definition --family web --cpu 256 --memory 512 \
    --requires-compatibilities FARGATE --network-mode awsvpc \
    --container-definitions name=web,image=busybox,essential=true";

/// `ecs-refresh simulator` on a free port.
fn simulator(place: &Place) -> (Process, SocketAddr) {
    let mut simulator = place.start(&["simulator", "--listen", "127.0.0.1:0"]);
    let why = "the simulator says where it listens";
    let address = simulator.until(30, why, |simulator| address(&simulator.stdout()));
    (simulator, address)
}

fn strings<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let list = value[key].as_array().unwrap_or_else(|| panic!("no {key}: {value}"));
    list.iter().map(|item| item.as_str().expect("a list of texts")).collect()
}

fn a_service_lives_and_dies_in_the_simulator(world: &World) {
    let place = Place::without_aws();
    let (simulator, address) = simulator(&place);
    let cli = Cli::new(world.python(), address);
    assert_eq!(strings(&cli.json("list-clusters"), "clusterArns"), [""; 0]);
    let made = cli.json("create-cluster --cluster-name prd");
    assert_eq!(made["cluster"]["status"], "ACTIVE");
    cli.json(TASK_DEFINITION);
    // What nothing runs of is stable at once.
    let made = cli.json(
        "create-service --cluster prd --service-name api --task-definition web \
         --desired-count 0 --launch-type FARGATE",
    );
    let arn = made["service"]["serviceArn"].as_str().expect("it has one").to_owned();
    assert!(arn.ends_with(":service/prd/api"), "{arn}");
    cli.run("wait services-stable --cluster prd --services api").code(0);
    let clusters = cli.json("list-clusters");
    assert!(strings(&clusters, "clusterArns")[0].ends_with(":cluster/prd"), "{clusters}");
    assert_eq!(strings(&cli.json("list-services --cluster prd"), "serviceArns"), [&arn]);
    let updated = cli.json("update-service --cluster prd --service api --force-new-deployment");
    assert_eq!(updated["service"]["desiredCount"], 0);
    cli.json("delete-service --cluster prd --service api");
    cli.run("wait services-inactive --cluster prd --services api").code(0);
    assert_eq!(strings(&cli.json("list-services --cluster prd"), "serviceArns"), [""; 0]);
    simulator.signal("INT");
    let ended = simulator.wait(30).code(0);
    assert!(ended.stdout.contains("Ctrl-C"), "{ended}");
}

fn the_task_definitions_of_the_simulator_have_revisions(world: &World) {
    let simulated = Simulated::serve();
    let cli = Cli::new(world.python(), simulated.address);
    for revision in 1..=2 {
        let made = cli.json(TASK_DEFINITION);
        assert_eq!(made["taskDefinition"]["revision"], revision);
    }
    let described = cli.json("describe-task-definition --task-definition web");
    assert_eq!(described["taskDefinition"]["revision"], 2);
    cli.json("deregister-task-definition --task-definition web:2");
    let listed = cli.json("list-task-definitions --family-prefix web");
    let listed = strings(&listed, "taskDefinitionArns");
    assert!(listed.len() == 1 && listed[0].ends_with("task-definition/web:1"), "{listed:?}");
}

fn pages_of_every_size_add_up(world: &World) {
    let simulated = Simulated::serve();
    for number in 0..23 {
        simulated.service("prd", &format!("svc-{number:02}"), 1);
    }
    let cli = Cli::new(world.python(), simulated.address);
    let whole = cli.json("list-services --cluster prd");
    let whole = strings(&whole, "serviceArns");
    assert_eq!(whole.len(), 23);
    simulated.aws.clear_calls();
    let paged = cli.json("list-services --cluster prd --page-size 7");
    assert_eq!(strings(&paged, "serviceArns"), whole);
    assert_eq!(simulated.aws.count("ListServices"), 4);
    // The CLI cuts pages itself, and goes on from within one.
    let mut walked = Vec::new();
    let mut next = String::new();
    while walked.len() < 23 {
        let page = cli.json(&format!("list-services --cluster prd --max-items 10 {next}"));
        let items = strings(&page, "serviceArns");
        assert_eq!(items.len(), 10.min(23 - walked.len()), "{page}");
        walked.extend(items.into_iter().map(str::to_owned));
        let token = page["NextToken"].as_str().unwrap_or_default();
        assert_eq!(token.is_empty(), walked.len() == 23, "{page}");
        next = format!("--starting-token {token}");
    }
    assert_eq!(walked, whole);
    let tasks = cli.json("list-tasks --cluster prd --page-size 9");
    assert_eq!(strings(&tasks, "taskArns").len(), 46);
}

fn a_refresh_is_seen_as_two_deployments(world: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 300);
    let cli = Cli::new(world.python(), simulated.address);
    cli.run("wait services-stable --cluster prd --services api").code(0);
    let tasks = cli.json("list-tasks --cluster prd --service-name api");
    let old = strings(&tasks, "taskArns").join(" ");
    let described = cli.json(&format!("describe-tasks --cluster prd --tasks {old}"));
    assert_eq!(described["tasks"].as_array().map(Vec::len), Some(2));
    assert_eq!(described["tasks"][0]["lastStatus"], "RUNNING");
    let created = described["tasks"][0]["createdAt"].as_str().expect("the CLI prints a time");
    assert!(created.contains('T') && created.starts_with("20"), "{created}");
    cli.json("update-service --cluster prd --service api --force-new-deployment");
    let described = cli.json("describe-services --cluster prd --services api --include TAGS");
    let deployments = described["services"][0]["deployments"].as_array().expect("a list");
    let mut states: Vec<_> = deployments
        .iter()
        .map(|deployment| (deployment["status"].as_str(), deployment["rolloutState"].as_str()))
        .collect();
    // Their order is not promised.
    states.sort_unstable();
    let (old, new) = (("ACTIVE", "COMPLETED"), ("PRIMARY", "IN_PROGRESS"));
    assert_eq!(states, [old, new].map(|(status, state)| (Some(status), Some(state))));
    let listed = cli.json("list-service-deployments --cluster prd --service api");
    let newest = &listed["serviceDeployments"][0];
    assert!(matches!(newest["status"].as_str(), Some("PENDING" | "IN_PROGRESS")), "{listed}");
    let arn = newest["serviceDeploymentArn"].as_str().expect("it has one");
    let command = format!("describe-service-deployments --service-deployment-arns {arn}");
    let described = cli.json(&command);
    assert_eq!(described["serviceDeployments"][0]["serviceDeploymentArn"], arn);
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
}

/// A service whose deployments shift traffic, once somebody lets them.
fn shifting(name: &str) -> ServiceSpec {
    let spec = ServiceSpec::new("prd", name).strategy("BLUE_GREEN").bake_minutes(5);
    spec.breaker_threshold(Threshold::Count(3)).hook(Hook::pause("PRE_SCALE_UP"))
}

fn a_paused_deployment_is_seen_continued_and_stopped(world: &World) {
    let simulated = Simulated::serve();
    simulated.aws.add_service(shifting("green"));
    let cli = Cli::new(world.python(), simulated.address);
    let updated = cli.json("update-service --cluster prd --service green --force-new-deployment");
    let arn = updated["service"]["currentServiceDeployment"].as_str().expect("one is under way");
    let newest = || {
        let listed = cli.json("list-service-deployments --cluster prd --service green");
        let command = format!("describe-service-deployments --service-deployment-arns {arn}");
        let described = cli.json(&command)["serviceDeployments"][0].clone();
        assert_eq!(listed["serviceDeployments"][0]["serviceDeploymentArn"], arn);
        assert_eq!(listed["serviceDeployments"].as_array().map(Vec::len), Some(2));
        described
    };
    let described = newest();
    assert_eq!(described["lifecycleStage"], "PRE_SCALE_UP", "{described}");
    let hook = &described["lifecycleHookDetails"][0];
    assert_eq!(
        (&hook["status"], &hook["targetType"]),
        (&"AWAITING_ACTION".into(), &"PAUSE".into())
    );
    let id = hook["hookId"].as_str().expect("it has one");
    let arguments = format!("--service-deployment-arn {arn} --hook-id {id}");
    cli.json(&format!("continue-service-deployment {arguments} --action CONTINUE"));
    assert_eq!(newest()["lifecycleHookDetails"][0]["status"], "SUCCEEDED");
    cli.json(&format!(
        "stop-service-deployment --service-deployment-arn {arn} --stop-type ROLLBACK"
    ));
    let stopped = newest();
    let status = stopped["status"].as_str();
    assert!(matches!(status, Some("ROLLBACK_REQUESTED" | "ROLLBACK_IN_PROGRESS")), "{stopped}");
    let source = &stopped["sourceServiceRevisions"][0];
    assert_eq!(stopped["rollback"]["serviceRevisionArn"], source["arn"]);
    assert_eq!(source["requestedProductionTrafficWeight"], 100.0);
}

fn errors_have_the_shape_that_the_aws_cli_knows(world: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    simulated.aws.add_service(ServiceSpec::new("prd", "green").controller("CODE_DEPLOY"));
    let cli = Cli::new(world.python(), simulated.address);
    for (command, code) in [
        ("list-services --cluster ghost", "ClusterNotFoundException"),
        ("update-service --cluster prd --service ghost", "ServiceNotFoundException"),
        (
            "update-service --cluster prd --service green --force-new-deployment",
            "InvalidParameterException",
        ),
        ("stop-task --cluster prd --task 00000000000000000000000000000000", "InvalidParameter"),
        ("describe-capacity-providers", "UnknownOperationException"),
    ] {
        let ended = cli.run(command);
        assert_eq!(ended.code, Some(255), "{ended}");
        assert!(ended.stderr.contains(&format!("An error occurred ({code}")), "{ended}");
    }
    // What is not there is no error where several are asked for.
    let described = cli.json("describe-services --cluster prd --services ghost api");
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    assert_eq!(described["services"][0]["serviceName"], "api");
}

fn every_answer_fits_the_service_model(world: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 300);
    simulated.aws.tag_service("prd", "api", "team", "web");
    let cli = Cli::new(world.python(), simulated.address);
    let shifting = shifting("shifting").canary(10.0, 5).alarms(&["errors"], true).load_balancer();
    simulated.aws.add_service(shifting.early_success(100, Cleanup::Deferred));
    let ended = cli.python(include_str!("shapes.py"), &["prd", "api", "shifting"]).code(0);
    assert_eq!(ended.stdout, "26 operations\n", "{ended}");
}

fn a_message_is_sent_received_and_deleted(world: &World) {
    let simulated = Simulated::serve();
    let cli = Cli::new(world.python(), simulated.address);
    let sqs = |arguments: &str| cli.run_of("sqs", arguments).code(0);
    let text = |value: &Value, key: &str| value[key].as_str().expect("it has one").to_owned();
    let url = text(&sqs("create-queue --queue-name q").json(), "QueueUrl");
    assert_eq!(text(&sqs("get-queue-url --queue-name q").json(), "QueueUrl"), url);
    let sent = sqs(&format!("send-message --queue-url {url} --message-body hello")).json();
    let receive = format!("receive-message --queue-url {url} --wait-time-seconds 1");
    let received = sqs(&format!("{receive} --attribute-names All")).json();
    let message = &received["Messages"][0];
    assert_eq!((&message["Body"], &message["MessageId"]), (&"hello".into(), &sent["MessageId"]));
    assert_eq!(message["MD5OfBody"], sent["MD5OfMessageBody"]);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    let handle = text(message, "ReceiptHandle");
    let flags = format!("--queue-url {url} --receipt-handle {handle}");
    sqs(&format!("change-message-visibility {flags} --visibility-timeout 0"));
    let again = sqs(&receive).json();
    let handle = text(&again["Messages"][0], "ReceiptHandle");
    let entry = format!("Id=a,ReceiptHandle={handle}");
    let deleted = sqs(&format!("delete-message-batch --queue-url {url} --entries {entry}")).json();
    assert_eq!(deleted["Successful"][0]["Id"], "a", "{deleted}");
    sqs(&format!("delete-message --queue-url {url} --receipt-handle {handle}"));
    assert_eq!(simulated.aws.queue_depth("q"), 0);
    let attributes = sqs(&format!("get-queue-attributes --queue-url {url} --attribute-names All"));
    assert_eq!(attributes.json()["Attributes"]["ApproximateNumberOfMessages"], "0");
    assert_eq!(sqs(&receive).stdout, "", "nothing is there, and it says nothing");
    for (command, code) in [
        (format!("receive-message --queue-url {url}x"), "AWS.SimpleQueueService.NonExistentQueue"),
        (format!("{receive} --max-number-of-messages 11"), "InvalidParameterValue"),
        (format!("delete-message --queue-url {url} --receipt-handle x"), "ReceiptHandleIsInvalid"),
    ] {
        let ended = cli.run_of("sqs", &command);
        assert_eq!(ended.code, Some(255), "{ended}");
        assert!(ended.stderr.contains(&format!("An error occurred ({code})")), "{ended}");
    }
}

fn events_are_put_one_by_one(world: &World) {
    let simulated = Simulated::serve();
    let cli = Cli::new(world.python(), simulated.address);
    let entries = r#"[{"Source":"test","DetailType":"A","Detail":"{\"a\":1}"},
        {"Source":"aws.ecs","DetailType":"A","Detail":"{}"}]"#;
    let entries: String = entries.split_whitespace().collect();
    let answer = cli.run_of("events", &format!("put-events --entries {entries}")).code(0).json();
    assert_eq!(answer["FailedEntryCount"], 1, "{answer}");
    assert_eq!(answer["Entries"][1]["ErrorCode"], "NotAuthorizedForSourceException");
    let events = simulated.aws.put_events();
    assert_eq!((events.len(), &events[0].detail["a"]), (1, &1.into()));
    assert_eq!(answer["Entries"][0]["EventId"], events[0].id);
}

fn notices_are_told_in_json(world: &World) {
    let simulated = Simulated::serve();
    let cli = Cli::new(world.python(), simulated.address);
    let start = Clock::system().time_source().now() + Duration::from_secs(86_400);
    simulated.aws.publish_to_health(&simulated.aws.notice(start).service("prd", "api"));
    let events = cli.run_of("health", "describe-events --filter services=ECS").code(0).json();
    let event = &events["events"][0];
    assert_eq!(event["eventTypeCode"], "AWS_ECS_TASK_PATCHING_RETIREMENT");
    assert!(event["startTime"].as_str().is_some_and(|time| time.contains('T')), "{event}");
    let filter = format!("eventArns={}", event["arn"].as_str().expect("it has one"));
    let command = format!("describe-affected-entities --filter {filter}");
    let entities = cli.run_of("health", &command).code(0).json();
    assert_eq!(entities["entities"][0]["entityValue"], "prd|api");
    simulated.aws.unsubscribe_health(true);
    let refused = cli.run_of("health", "describe-events");
    assert!(refused.stderr.contains("(SubscriptionRequiredException)"), "{refused}");
}

fn a_deployment_of_code_deploy_is_made_and_followed(world: &World) {
    let place = Place::without_aws();
    let mut served =
        place.start(&["simulator", "--listen", "127.0.0.1:0", "--code-deploy", "--services", "2"]);
    let address = served.until(30, "it says where it listens", |s| address(&s.stdout()));
    let cli = Cli::new(world.python(), address);
    let deploy = |arguments: &str| cli.run_of("deploy", arguments).code(0).json();
    let of_group = "--application-name shop --deployment-group-name svc-blue-green";
    let known = deploy(&format!("list-deployments {of_group}"));
    let known = strings(&known, "deployments")[0].to_owned();
    let described = cli.json("describe-services --cluster prd-1 --services svc-blue-green");
    let sets = &described["services"][0]["taskSets"];
    assert_eq!(
        (&sets[0]["externalId"], &sets[0]["status"]),
        (&known.as_str().into(), &"PRIMARY".into())
    );
    let info = deploy(&format!("get-deployment --deployment-id {known}"));
    let info = &info["deploymentInfo"];
    assert_eq!((&info["status"], &info["creator"]), (&"Succeeded".into(), &"user".into()));
    let created = info["createTime"].as_str().expect("the CLI prints a time");
    assert!(created.contains('T') && created.starts_with("20"), "{created}");
    let location = cli.text("location.json", &info["revision"].to_string());
    let flags = format!("--application-name shop --revision {location}");
    let revision = deploy(&format!("get-application-revision {flags}"))["revision"].clone();
    assert_eq!(revision["appSpecContent"]["sha256"], info["revision"]["appSpecContent"]["sha256"]);
    let revision = cli.text("revision.json", &revision.to_string());
    let create = format!("create-deployment {of_group} --revision {revision}");
    let made = deploy(&create)["deploymentId"].as_str().expect("it has one").to_owned();
    let listed =
        deploy(&format!("list-deployments {of_group} --create-time-range start={created}"));
    assert_eq!(strings(&listed, "deployments"), [made.as_str(), known.as_str()]);
    let refused = cli.run_of("deploy", &create);
    assert!(refused.stderr.contains("(DeploymentLimitExceededException)"), "{refused}");
    assert!(refused.stderr.contains(&format!("active Deployment '{made}'")), "{refused}");
    let target = format!("--deployment-id {known} --target-id prd-1:svc-blue-green");
    let target = deploy(&format!("get-deployment-target {target}"));
    let target = &target["deploymentTarget"]["ecsTarget"];
    assert_eq!(target["lifecycleEvents"][0]["lifecycleEventName"], "BeforeInstall", "{target}");
    assert!(target["lastUpdatedAt"].as_str().is_some_and(|time| time.contains('T')), "{target}");
    deploy(&format!("stop-deployment --deployment-id {made}"));
    let stopped = deploy(&format!("get-deployment --deployment-id {made}"));
    assert_eq!(stopped["deploymentInfo"]["errorInformation"]["code"], "MANUAL_STOP");
}

fn target_groups_are_told_in_xml(world: &World) {
    let simulated = Simulated::serve();
    let cli = Cli::new(world.python(), simulated.address);
    simulated.aws.add_service(ServiceSpec::new("prd", "api").desired(2).load_balancer());
    simulated.aws.set_deregistration_delay("prd", "api", Duration::from_secs(7));
    let elbv2 = |command: &str| cli.run_of("elbv2", command);
    let groups = elbv2("describe-target-groups --names api").code(0).json();
    let group = &groups["TargetGroups"][0];
    assert_eq!(group["HealthCheckIntervalSeconds"], 30, "{group:#}");
    let arn = group["TargetGroupArn"].as_str().expect("it has one");
    assert_eq!(arn, simulated.aws.target_group("prd", "api"));
    let about = |command: &str| elbv2(&format!("{command} --target-group-arn {arn}"));
    let attributes = about("describe-target-group-attributes").code(0).json();
    let delay = &attributes["Attributes"][0];
    assert_eq!([&delay["Key"], &delay["Value"]], ["deregistration_delay.timeout_seconds", "7"]);
    let health = about("describe-target-health").code(0).json();
    let targets = health["TargetHealthDescriptions"].as_array().expect("a list");
    assert_eq!(targets.len(), 2, "{health:#}");
    assert_eq!(targets[0]["TargetHealth"]["State"], "healthy");
    simulated.aws.delete_target_group("prd", "api");
    let refused = about("describe-target-health");
    assert!(refused.stderr.contains("(TargetGroupNotFound)"), "{refused}");
}
