//! The commands as a person or a pipeline meets them: what they print, and how they exit.

use crate::cases;
use crate::harness::World;
use crate::harness::binary::{Place, address, policy, service};
use crate::harness::http;
use crate::harness::simulated::Simulated;

cases![Nothing: [
    a_missing_configuration_is_named,
    every_problem_of_a_configuration_is_listed,
    a_file_that_is_no_toml_is_refused_with_its_line,
    check_prints_the_next_windows_without_any_network,
    check_says_where_notices_come_from_and_what_is_done_about_them,
    a_wrong_usage_exits_with_2,
    plan_says_what_is_due_and_changes_nothing,
    plan_that_reaches_nobody_exits_with_2,
    plan_without_credentials_exits_with_2,
    a_proven_refresh_exits_with_0,
    a_refresh_that_is_no_longer_watched_is_not_proven,
    completions_are_printed_for_every_shell,
    the_demo_starts_by_itself_and_leaves_nothing_behind,
    a_configuration_can_be_a_variable,
    two_configurations_are_one_too_many,
    the_policy_of_a_configuration_is_printed_for_iam,
    the_health_check_asks_the_daemon_of_the_same_configuration,
    a_daemon_that_cannot_start_says_what_is_missing,
    a_daemon_waits_for_credentials_and_says_so,
    a_daemon_waits_for_the_table_of_its_ledger_and_says_so,
]];

const NIGHTLY: &str = "[[policy]]\nname = \"nightly\"\nservices = { clusters = [\"prd\"] }\n\
    timezone = \"Asia/Tokyo\"\nwindows = [{ cron = \"0 3 * * *\", duration = \"2h\" }]\n\
    max_task_age = \"7d\"\n";

/// What a person sees must be about what they did, not about how it is built.
#[track_caller]
fn is_for_people(text: &str) {
    for word in ["panicked", "RUST_BACKTRACE", "src/", "Err(", "Some("] {
        assert!(!text.contains(word), "{word:?} in: {text}");
    }
}

fn a_missing_configuration_is_named(_: &World) {
    let place = Place::without_aws();
    for command in ["run", "plan", "retirements", "history", "check"] {
        let ended = place.run(&[command, "--config", "absent.toml"]).code(1);
        assert!(ended.text().contains("absent.toml"), "{ended}");
        is_for_people(&ended.text());
        let ended = place.run(&[command]).code(2);
        assert!(ended.stderr.contains("--config"), "{ended}");
    }
}

fn every_problem_of_a_configuration_is_listed(_: &World) {
    let place = Place::without_aws();
    let bad = "[daemon]\nresnyc = \"60s\"\nlisten = \"nowhere\"\n[[policy]]\nname = \"nightly\"\n\
               windows = [{ cron = \"0 3 1 * 0\", duration = \"2h\" }]\nconcurrency = 0\n";
    place.write("bad.toml", bad);
    for command in ["check", "plan", "run"] {
        let ended = place.run(&[command, "--config", "bad.toml"]).code(1);
        let text = ended.text();
        for problem in
            ["bad.toml:2", "resync", "bad.toml:3", "`services` is missing", "concurrency"]
        {
            assert!(text.contains(problem), "{problem:?} is missing in: {ended}");
        }
        is_for_people(&text);
    }
}

fn a_file_that_is_no_toml_is_refused_with_its_line(_: &World) {
    let place = Place::without_aws();
    place.write("bad.toml", "[daemon]\nresync = \"60s\nlisten =\n[[policy\n");
    let ended = place.run(&["run", "--config", "bad.toml"]).code(1);
    let text = ended.text();
    assert!(text.contains("bad.toml:2") && text.contains("bad.toml:3"), "{ended}");
    is_for_people(&text);
}

fn check_prints_the_next_windows_without_any_network(_: &World) {
    let place = Place::without_aws();
    place.write("good.toml", NIGHTLY);
    let ended = place.run(&["check", "--config", "good.toml"]).code(0);
    assert!(ended.stdout.contains("policy \"nightly\""), "{ended}");
    assert!(ended.stdout.contains("03:00 to 05:00 JST"), "{ended}");
    assert_eq!(ended.stderr, "", "{ended}");
    // By the environment as well.
    let mut command = place.command(&["check"]);
    command.env("ECS_REFRESH_CONFIG", place.path("good.toml"));
    command.env("ECS_REFRESH_DAEMON__RESYNC", "soon");
    let ended = place.spawn(&mut command).wait(60).code(1);
    assert!(ended.text().contains("ECS_REFRESH_DAEMON__RESYNC"), "{ended}");
}

fn check_says_where_notices_come_from_and_what_is_done_about_them(_: &World) {
    let place = Place::without_aws();
    let queue = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/ecs-refresh";
    let sections = format!(
        "[events]\nqueue_url = {queue:?}\n[announce]\nevent_bus = \"ops\"\n[health]\npoll = true\n"
    );
    let rule = "retirement = { mode = \"before-deadline\", margin = \"36h\" }\n";
    place.write("good.toml", &format!("{sections}{NIGHTLY}{rule}"));
    let ended = place.run(&["check", "--config", "good.toml"]).code(0);
    for said in [
        &format!("retirement notices: from the queue {queue} and the AWS Health API ("),
        "announced: on the event bus ops\n",
        "outside of them from 1d 12h before the deadline (before-deadline)",
    ] {
        assert!(ended.stdout.contains(said), "{said:?} is missing in: {ended}");
    }
    assert!(!ended.stdout.contains("warnings"), "{ended}");
    // Without any of it: nobody would tell.
    place.write("good.toml", &format!("{NIGHTLY}{rule}"));
    let ended = place.run(&["check", "--config", "good.toml"]).code(0);
    assert!(ended.stdout.contains("reach this configuration by no way"), "{ended}");
    // Everything that is wrong with the new sections, and where.
    let arn = "arn:aws:sqs:ap-northeast-1:123456789012:ecs-refresh";
    let bad = format!(
        "[events]\nqueue_url = {arn:?}\n[announce]\nevent_bus = \"a b\"\n[health]\npoll = 1\n{NIGHTLY}\
         retirement = {{ mode = \"later\", margn = \"1d\" }}\n"
    );
    place.write("bad.toml", &bad);
    let ended = place.run(&["check", "--config", "bad.toml"]).code(1);
    for said in ["bad.toml:2", queue, "bad.toml:4", "bad.toml:6", "bad.toml:13", "later", "margin"]
    {
        assert!(ended.stdout.contains(said), "{said:?} is missing in: {ended}");
    }
    is_for_people(&ended.text());
}

fn a_wrong_usage_exits_with_2(_: &World) {
    let place = Place::without_aws();
    for arguments in
        [&["refreh"][..], &[], &["run", "--format", "json"], &["plan", "--format", "x"]]
    {
        let ended = place.run(arguments).code(2);
        assert!(ended.stderr.contains("--help") && ended.stdout.is_empty(), "{ended}");
    }
    let help = place.run(&["--help"]).code(0);
    for command in [
        "run",
        "plan",
        "retirements",
        "history",
        "check",
        "refresh",
        "store",
        "simulator",
        "iam-policy",
        "healthcheck",
    ] {
        assert!(help.stdout.contains(&format!("  {command} ")), "{help}");
    }
    assert!(place.run(&["--version"]).code(0).stdout.starts_with("ecs-refresh 0."));
}

fn plan_says_what_is_due_and_changes_nothing(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    place.configure(&policy("weekly", "prd", "max_task_age = \"7d\""));
    let arguments = ["plan", "--config", "ecs-refresh.toml", "--format"];
    let text = place.run(&[&arguments[..], &["text"]].concat()).code(0);
    assert!(text.stdout.contains("prd/api") && text.stdout.contains("Refresh"), "{text}");
    let seen = place.run(&[&arguments[..], &["json"]].concat()).code(0).json();
    let api = service(&seen, "api").expect("the plan has it");
    assert_eq!([&api["verdict"], &api["cause"]], ["refresh", "age"], "{api:#}");
    assert_eq!(seen["schema_version"], 1);
    assert_eq!(simulated.aws.count("UpdateService"), 0);
    assert!(!place.path("ledger.redb").exists(), "a plan writes nothing");
}

fn plan_that_reaches_nobody_exits_with_2(_: &World) {
    // A port that was free a moment ago, and to which nobody listens.
    let address = Simulated::serve().address;
    let place = Place::at(address);
    place.configure(&policy("weekly", "prd", "max_task_age = \"7d\""));
    let ended = place.run(&["plan", "--config", "ecs-refresh.toml"]).code(2);
    assert!(ended.stderr.contains("DescribeClusters"), "{ended}");
    is_for_people(&ended.text());
}

fn plan_without_credentials_exits_with_2(_: &World) {
    let place = Place::without_aws();
    place.configure(&policy("weekly", "prd", "max_task_age = \"7d\""));
    let ended = place.run(&["plan", "--config", "ecs-refresh.toml"]).code(2);
    assert!(ended.stderr.contains("credentials"), "{ended}");
    is_for_people(&ended.text());
}

fn a_proven_refresh_exits_with_0(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    let ended = place.run(&["refresh", "prd/api"]).code(0);
    assert!(ended.stdout.contains("prd/api: succeeded"), "{ended}");
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
    let seen = simulated.aws.service("prd", "api");
    assert_eq!(seen.deployments.len(), 1, "{seen:?}");
}

fn a_refresh_that_is_no_longer_watched_is_not_proven(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 300);
    let place = Place::at(simulated.address);
    let mut refresh = place.start(&["refresh", "prd/api"]);
    refresh.until(30, "the refresh is sent and answered", |refresh| {
        let started = simulated.aws.started_deployments("prd", "api") == 1;
        (started && refresh.stdout().contains("prd/api")).then_some(())
    });
    refresh.signal("INT");
    let ended = refresh.wait(10).code(1);
    assert!(ended.stderr.contains("no longer watching"), "{ended}");
    assert!(!ended.text().contains("succeeded"), "{ended}");
}

fn completions_are_printed_for_every_shell(_: &World) {
    let place = Place::without_aws();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = place.run(&["completions", shell]).code(0);
        assert!(ended.stdout.contains("ecs-refresh") && ended.stderr.is_empty(), "{ended}");
        for command in ["simulator", "refresh", "retirements"] {
            assert!(ended.stdout.contains(command), "{shell} knows no {command}");
        }
    }
}

fn the_demo_starts_by_itself_and_leaves_nothing_behind(_: &World) {
    let place = Place::without_aws();
    let mut command = place.command(&["demo", "--listen", "127.0.0.1:0"]);
    // It needs neither an account nor a Region, and must not look for them.
    command.env_remove("AWS_REGION").env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let mut demo = place.spawn(&mut command);
    let address = demo.until(30, "the demo says where it listens", |demo| {
        let text = demo.stdout();
        assert_eq!(demo.stderr(), "", "a demo has nothing to complain of");
        address(&text)
    });
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/status"] {
        let answer = demo.until(30, path, |_| {
            http::get(address, path).ok().filter(|answer| answer.status == 200)
        });
        assert!(!answer.body.is_empty());
        assert!(demo.stdout().contains(path) || path == "/readyz", "{path}: {demo}");
    }
    demo.until(30, "it prints the fleet", |demo| demo.stdout().contains("VERDICT").then_some(()));
    demo.signal("INT");
    demo.wait(20).code(0);
    let left: Vec<_> = std::fs::read_dir(place.path(""))
        .expect("the place can be read")
        .map(|entry| entry.expect("it can be read").file_name())
        .filter(|name| !name.to_string_lossy().starts_with("ecs-refresh."))
        .collect();
    assert!(left.is_empty(), "it wrote {left:?}");
}

fn a_configuration_can_be_a_variable(_: &World) {
    let place = Place::without_aws();
    let mut command = place.command(&["check"]);
    command.env("ECS_REFRESH_CONFIG_TOML", NIGHTLY);
    let ended = place.spawn(&mut command).wait(60).code(0);
    assert!(ended.stdout.contains("valid: ECS_REFRESH_CONFIG_TOML\n"), "{ended}");
    for command in ["run", "plan", "check"] {
        let mut command = place.command(&[command]);
        command.env("ECS_REFRESH_CONFIG_TOML", NIGHTLY.replace("timezone", "timezones"));
        let ended = place.spawn(&mut command).wait(60).code(1);
        assert!(ended.text().contains("ECS_REFRESH_CONFIG_TOML:4: "), "{ended}");
        is_for_people(&ended.text());
    }
}

fn two_configurations_are_one_too_many(_: &World) {
    let place = Place::without_aws();
    place.write("good.toml", NIGHTLY);
    for named in [true, false] {
        let arguments: &[&str] = if named { &["check", "-c", "good.toml"] } else { &["check"] };
        let mut command = place.command(arguments);
        command.env("ECS_REFRESH_CONFIG_TOML", NIGHTLY);
        if !named {
            command.env("ECS_REFRESH_CONFIG", "good.toml");
        }
        let ended = place.spawn(&mut command).wait(60).code(2);
        assert!(ended.stderr.contains("two configurations: good.toml is named"), "{ended}");
    }
}

fn the_policy_of_a_configuration_is_printed_for_iam(_: &World) {
    let place = Place::without_aws();
    place.write("a.toml", &NIGHTLY.replace("[\"prd\"]", "[\"prd-[ab]\"]"));
    let arguments = ["iam-policy", "-c", "a.toml", "--account", "123456789012"];
    let ended = place.run(&arguments).code(0);
    assert!(ended.stderr.starts_with("warning: policy \"nightly\": clusters: IAM"), "{ended}");
    let policy = ended.json();
    assert_eq!(policy["Version"], "2012-10-17");
    let statements = policy["Statement"].as_array().expect("statements");
    let refresh = statements.iter().find(|one| one["Action"][0] == "ecs:UpdateService");
    let resource = &refresh.expect("it refreshes")["Resource"][0];
    assert_eq!(*resource, "arn:*:ecs:*:123456789012:service/prd-?/*");
    let table = place.run(&[&arguments[..], &["--format", "text"]].concat()).code(0);
    assert!(table.stdout.starts_with("SID ") && table.stdout.contains("forces a new"), "{table}");
    let ended = place.run(&["iam-policy", "-c", "a.toml", "--account", "me"]).code(2);
    assert!(ended.stderr.contains("12 digits"), "{ended}");
}

fn the_health_check_asks_the_daemon_of_the_same_configuration(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    place.configure(&policy("weekly", "prd", "max_task_age = \"7d\""));
    let daemon = place.daemon();
    // Its configuration has become invalid since, which it goes on without.
    let port = daemon.address.port();
    place.configure(&format!("resnyc = 1\n{}", policy("weekly", "prd", "")));
    let config = place.path("ecs-refresh.toml").display().to_string();
    let mut check = place.command(&["healthcheck", "-c", &config]);
    check.env("ECS_REFRESH_DAEMON__LISTEN", format!("0.0.0.0:{port}"));
    let ended = place.spawn(&mut check).wait(60).code(0);
    assert_eq!(ended.text(), "", "{ended}");
    let ended = place.run(&["healthcheck", "-c", &config]).code(1);
    assert!(ended.stderr.contains("say --url"), "{ended}");
    let url = format!("http://{}/absent", daemon.address);
    let ended = place.run(&["healthcheck", "--url", &url]).code(1);
    assert!(ended.stderr.contains("answers 404"), "{ended}");
    daemon.stop();
    let url = format!("http://127.0.0.1:{port}/healthz");
    let ended = place.run(&["healthcheck", "--url", &url]).code(1);
    assert!(
        ended.stderr.contains("does not answer") && ended.stderr.lines().count() == 1,
        "{ended}"
    );
}

/// A daemon that can do nothing ends, and its last words are what is missing.
fn a_daemon_that_cannot_start_says_what_is_missing(_: &World) {
    let place = Place::without_aws();
    place.configure(&policy("weekly", "prd", "max_task_age = \"7d\""));
    place.write("lost.toml", &format!("[store]\npath = \"lost/a.redb\"\n{NIGHTLY}"));
    std::fs::create_dir(place.path("empty")).expect("it can be made");
    for (arguments, region, code, why) in [
        (&["run"][..], "eu-west-1", 2, "ECS_REFRESH_CONFIG_TOML to the text"),
        (&["run", "-c", "empty"], "eu-west-1", 1, "empty: no *.toml in this directory"),
        (&["run", "-c", "absent"], "eu-west-1", 1, "absent: no such file or directory"),
        (&["run", "-c", "ecs-refresh.toml"], "", 2, "no AWS region: set AWS_REGION"),
        (
            &["run", "-c", "lost.toml", "--listen", "127.0.0.1:0"],
            "eu-west-1",
            2,
            "no directory lost",
        ),
        (
            &["run", "-c", "ecs-refresh.toml", "--listen", "192.0.2.1:80"],
            "eu-west-1",
            2,
            "cannot listen",
        ),
    ] {
        let mut command = place.command(arguments);
        command.env("AWS_REGION", region);
        let ended = place.spawn(&mut command).wait(60).code(code);
        assert!(ended.stderr.contains(why), "{why:?} is missing in: {ended}");
        is_for_people(&ended.text());
    }
}

fn a_daemon_waits_for_credentials_and_says_so(_: &World) {
    let place = Place::without_aws();
    place.configure(&policy("weekly", "prd", "max_task_age = \"7d\""));
    let mut command = place.command(&["run", "-c", "ecs-refresh.toml"]);
    // The endpoint of the task's role, which is not there.
    command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/");
    let mut daemon = place.spawn(&mut command);
    daemon.until(30, "it says what is missing, and that it goes on", |daemon| {
        let said = daemon.stderr();
        (said.contains("credentials could not be loaded")
            && said.contains("; asked again every 1m"))
        .then_some(())
    });
    daemon.signal("TERM");
    daemon.wait(30).code(0);
}

fn a_daemon_waits_for_the_table_of_its_ledger_and_says_so(_: &World) {
    // A port that was free a moment ago, and to which nobody listens.
    let place = Place::at(Simulated::serve().address);
    let store = "kind = \"dynamodb\"\ntable = \"ledger\"";
    place.configure_store(store, &policy("weekly", "prd", "max_task_age = \"7d\""));
    let mut daemon = place.start(&["run", "-c", "ecs-refresh.toml"]);
    daemon.until(60, "it tries more than once", |daemon| {
        let said = daemon.stderr();
        let told = said.contains("the DynamoDB table ledger cannot be used: DescribeTable: ");
        (told && said.contains("; tried again in 2 s")).then_some(())
    });
    daemon.signal("TERM");
    daemon.wait(30).code(0);
}
