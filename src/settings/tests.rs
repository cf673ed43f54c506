//! Small configurations, and exactly what is said about them.

mod defaults;
mod refused;

use proptest::prelude::*;

use super::*;
use crate::plan::policy::{RetirementMode, RetirementRule, RolloutTimeout};

/// A policy without problems; on one line, so that line numbers stay easy.
const POLICY: &str = r#"policy = [{ name = "p", services = { clusters = ["*"] }, windows = "always", max_task_age = "7d" }]"#;

fn environment(variables: &[(&str, &str)]) -> Sources {
    let variables = variables.iter().map(|(name, text)| (name.to_string(), text.to_string()));
    Sources { environment: variables.collect(), ..Sources::default() }
}

fn load_files(files: &[(&str, &str)], sources: &Sources) -> Result<Settings, Problems> {
    parse(&RawFiles::of(files), sources)
}

/// The settings of a good policy and `text`.
fn parsed(text: &str) -> Settings {
    load_files(&[("x.toml", &format!("{POLICY}\n{text}"))], &Sources::default()).unwrap()
}

fn warnings(text: &str) -> Vec<String> {
    let settings = load_files(&[("x.toml", text)], &Sources::default()).unwrap();
    settings.warnings.iter().map(Problem::to_string).collect()
}

#[test]
fn flags_win_over_environment_over_files_over_defaults() {
    let text = format!(
        "{POLICY}\n[daemon]\nlisten = \"127.0.0.1:1\"\nresync = \"30s\"\nmax_in_flight = 7\ndry_run = true"
    );
    let mut sources = environment(&[
        ("ECS_REFRESH_CONFIG", "elsewhere"),
        ("ECS_REFRESH_DAEMON__LISTEN", "127.0.0.1:2"),
        ("ECS_REFRESH_DAEMON__RESYNC", "10s"),
        ("ECS_REFRESH_DAEMON__API_SHARE", "1"),
        ("ECS_REFRESH_AWS__REGION", "eu-west-1"),
        ("PATH", "/bin"),
    ]);
    sources.flags.listen = Some("127.0.0.1:3".parse().unwrap());
    let settings = load_files(&[("x.toml", &text)], &sources).unwrap();
    assert_eq!(settings.daemon.listen, "127.0.0.1:3".parse().unwrap());
    assert_eq!(settings.daemon.resync, Duration::from_secs(10));
    assert_eq!(settings.daemon.api_share, 1.0);
    assert_eq!(settings.daemon.shutdown_grace, Duration::from_secs(25));
    assert_eq!(settings.aws.region.as_deref(), Some("eu-west-1"));
    assert_eq!(settings.policies.limits.max_in_flight, 7);
    assert_eq!(settings.policies.limits.max_tasks_in_flight, 500);
    assert!(settings.policies.dry_run);
    assert_eq!(
        settings.sources,
        [
            "x.toml",
            "aws.region from environment variable ECS_REFRESH_AWS__REGION",
            "daemon.api_share from environment variable ECS_REFRESH_DAEMON__API_SHARE",
            "daemon.listen from environment variable ECS_REFRESH_DAEMON__LISTEN",
            "daemon.resync from environment variable ECS_REFRESH_DAEMON__RESYNC",
            "daemon.listen from command line",
        ]
    );
}

#[test]
fn events_announcements_and_health_are_layered_too() {
    let text = format!(
        "{POLICY}\n[events]\nqueue_url = \"http://127.0.0.1:4566/000000000000/q\"\n\
         retirement_codes = [\"AWS_A\"]\n[announce]\nevent_bus = \"a\""
    );
    let settings = load_files(&[("x.toml", &text)], &Sources::default()).unwrap();
    let queue_url = "http://127.0.0.1:4566/000000000000/q";
    assert_eq!(settings.events.queue_url.as_deref(), Some(queue_url));
    assert_eq!(settings.events.retirement_codes, ["AWS_A"]);
    assert_eq!(settings.announce.event_bus.as_deref(), Some("a"));
    assert!(!settings.health.poll);
    let bus = "arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/b.-_1";
    let sources = environment(&[
        ("ECS_REFRESH_EVENTS__QUEUE_URL", "https://vpce.example/123456789012/a-b_c.fifo"),
        ("ECS_REFRESH_EVENTS__RETIREMENT_CODES", "AWS_B, AWS_C"),
        ("ECS_REFRESH_ANNOUNCE__EVENT_BUS", bus),
        ("ECS_REFRESH_HEALTH__POLL", "true"),
    ]);
    let settings = load_files(&[("x.toml", &text)], &sources).unwrap();
    let queue_url = "https://vpce.example/123456789012/a-b_c.fifo";
    assert_eq!(settings.events.queue_url.as_deref(), Some(queue_url));
    assert_eq!(settings.events.retirement_codes, ["AWS_B", "AWS_C"]);
    assert_eq!(settings.announce.event_bus.as_deref(), Some(bus));
    assert!(settings.health.poll);
    let settings = parsed("");
    assert_eq!((settings.events.queue_url, settings.announce.event_bus), (None, None));
    assert_eq!(settings.events.retirement_codes, ["AWS_ECS_TASK_PATCHING_RETIREMENT"]);
}

#[test]
fn policies_of_several_files_keep_their_order() {
    let policy = |name| POLICY.replace("\"p\"", name);
    let files = [("1.toml", policy("\"b\"")), ("2.toml", policy("\"a\""))];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let settings = load_files(&files, &Sources::default()).unwrap();
    let names: Vec<&str> = settings.policies.policies.iter().map(|policy| &*policy.name).collect();
    assert_eq!(names, ["b", "a"]);
}

#[test]
fn a_refresh_by_hand_needs_no_configuration() {
    let sources = Sources { policies_optional: true, ..Sources::default() };
    let settings = load(&sources).unwrap();
    assert!(settings.policies.policies.is_empty());
    assert_eq!(settings.daemon.resync, Duration::from_secs(60));
}

#[test]
fn what_a_reload_does_not_take_up_is_named() {
    let old = parsed("");
    assert!(old.restart_needed(&old).is_empty());
    let reloaded = parsed(
        "[daemon]\nresync = \"5s\"\ndry_run = true\nmax_in_flight = 1\nmax_tasks_in_flight = 1\napi_share = 0.5",
    );
    assert!(old.restart_needed(&reloaded).is_empty());
    let other = parsed(
        "[aws]\nregion = \"a\"\nendpoint_url = \"http://b\"\n[daemon]\nlisten = \"[::]:1\"\nshutdown_grace = \"1s\"\n[store]\nkind = \"dynamodb\"\npath = \"x\"\ntable = \"abc\"\n\
         history_kept = 1\nhistory_max_age = \"1d\"\nlease_duration = \"2s\"\n\
         [events]\nqueue_url = \"http://a/123456789012/q\"\nretirement_codes = [\"AWS_X\"]\n\
         [announce]\nevent_bus = \"default\"\n[health]\npoll = true",
    );
    assert_eq!(
        old.restart_needed(&other),
        [
            "aws.region",
            "aws.endpoint_url",
            "daemon.listen",
            "daemon.shutdown_grace",
            "store.kind",
            "store.path",
            "store.table",
            "store.history_kept",
            "store.history_max_age",
            "store.lease_duration",
            "events.queue_url",
            "events.retirement_codes",
            "announce.event_bus",
            "health.poll",
        ]
    );
}

#[test]
fn a_key_of_the_store_that_is_not_in_use_is_a_warning() {
    for (store, warning) in [
        (
            "table = \"abc\"",
            "x.toml:1: store.table: has no effect with kind \"file\"\n    \
             hint: remove it, or set kind = \"dynamodb\"",
        ),
        (
            "{ kind = \"dynamodb\", table = \"abc\", path = \"x\" }",
            "x.toml:1: store.path: has no effect with kind \"dynamodb\"\n    \
             hint: remove it, or set kind = \"file\"",
        ),
    ] {
        let key = if store.starts_with('{') { "store = " } else { "store." };
        assert_eq!(warnings(&format!("{key}{store}\n{POLICY}")), [warning]);
    }
    let table = "store = { kind = \"dynamodb\", table = \"abc\" }\n";
    assert!(warnings(&format!("{table}{POLICY}")).is_empty());
}

#[test]
fn what_is_allowed_and_hardly_meant_is_a_warning() {
    assert_eq!(
        warnings(&POLICY.replace("7d", "59m")),
        ["x.toml:1: policy \"p\": max_task_age: below an hour, with windows \"always\", \
          services are refreshed without rest"]
    );
    assert!(warnings(&POLICY.replace("7d", "60m")).is_empty());
    let margin = |mode: &str| {
        let retirement = format!("retirement = {{ mode = {mode:?}, margin = \"0s\" }}, name");
        warnings(&POLICY.replace("name", &retirement))
    };
    assert_eq!(
        margin("ignore"),
        ["x.toml:1: policy \"p\": retirement.margin: has no effect with mode \"ignore\"\n    \
          hint: remove it"]
    );
    for mode in ["before-deadline", "window-only", "immediately"] {
        assert!(margin(mode).is_empty(), "{mode}");
    }
}

#[test]
fn a_policy_without_an_age_needs_retirements_and_notices_of_them() {
    let ageless = POLICY.replace(", max_task_age = \"7d\"", "");
    let ignoring = ageless.replace("name", "retirement = { mode = \"ignore\" }, name");
    let queue = "\n[events]\nqueue_url = \"http://a/123456789012/q\"";
    let unheard = "x.toml:1: policy \"p\": without `max_task_age` only retirements make a service \
                   due, but no notice of them arrives\n    \
                   hint: max_task_age = \"7d\", or queue_url in [events], or poll = true in [health]";
    let ignored = "x.toml:1: policy \"p\": without `max_task_age`, and with retirements ignored, no \
                   service is ever due\n    hint: max_task_age = \"7d\"";
    assert_eq!(warnings(&ageless), [unheard]);
    assert_eq!(warnings(&format!("{ageless}{queue}")), [""; 0]);
    assert_eq!(warnings(&format!("{ageless}\n[health]\npoll = true")), [""; 0]);
    assert_eq!(warnings(&ignoring), [ignored]);
    assert_eq!(warnings(&format!("{ignoring}{queue}")), [ignored]);
}

#[test]
fn a_queue_or_a_bus_of_another_region_is_a_warning() {
    let region = |section: &str, key: &str, value: &str| {
        let text =
            format!("{POLICY}\n[aws]\nregion = \"eu-west-1\"\n[{section}]\n{key} = {value:?}");
        warnings(&text)
    };
    for (url, found) in [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/q", None),
        ("https://sqs.eu-west-2.amazonaws.com/123456789012/q", Some("eu-west-2")),
        ("https://SQS.EU-WEST-2.amazonaws.com/123456789012/q", Some("eu-west-2")),
        ("https://sqs-fips.us-gov-east-1.amazonaws.com/123456789012/q", Some("us-gov-east-1")),
        ("https://vpce-1.sqs.eu-west-2.vpce.amazonaws.com/123456789012/q", Some("eu-west-2")),
        ("https://eu-west-2.queue.amazonaws.com/123456789012/q", Some("eu-west-2")),
        ("https://queue.amazonaws.com/123456789012/q", Some("us-east-1")),
        (
            "http://sqs.eu-central-1.localhost.localstack.cloud:4566/000000000000/q",
            Some("eu-central-1"),
        ),
        ("http://127.0.0.1:4566/000000000000/q", None),
        ("http://[::1]:4566/000000000000/q", None),
        ("http://sqs.internal:9324/000000000000/q", None),
        ("http://sqs:9324/000000000000/q", None),
    ] {
        let warning = |found| {
            format!(
                "x.toml:5: events.queue_url: is in {found}, but messages are asked for in \
                 aws.region, eu-west-1\n    hint: name one Region in both"
            )
        };
        let expected: Vec<String> = found.map(warning).into_iter().collect();
        assert_eq!(region("events", "queue_url", url), expected, "{url}");
    }
    let bus = |region: &str| format!("arn:aws:events:{region}:123456789012:event-bus/b");
    assert_eq!(region("announce", "event_bus", &bus("eu-west-1")), [""; 0]);
    assert_eq!(region("announce", "event_bus", "default"), [""; 0]);
    assert_eq!(
        region("announce", "event_bus", &bus("eu-west-2")),
        ["x.toml:5: announce.event_bus: is in eu-west-2, but events are put in aws.region, \
          eu-west-1\n    hint: name one Region in both"]
    );
    let url = "https://sqs.eu-west-2.amazonaws.com/123456789012/q";
    let sources = environment(&[("ECS_REFRESH_EVENTS__QUEUE_URL", url)]);
    let text = format!("{POLICY}\n[aws]\nregion = \"eu-west-1\"");
    let settings = load_files(&[("x.toml", &text)], &sources).unwrap();
    let place = settings.warnings[0].place.to_string();
    assert_eq!(place, "environment variable ECS_REFRESH_EVENTS__QUEUE_URL");
    // Without a Region of ours the SDK's chain decides, and nothing is known of it here.
    assert_eq!(warnings(&format!("{POLICY}\n[events]\nqueue_url = {url:?}")), [""; 0]);
}

#[test]
fn every_value_of_a_policy_arrives() {
    let text = r#"
        [[policy]]
        name = "nightly"
        enabled = false
        services = { clusters = ["prd"], names = ["api-*"], exclude = ["api-b"], tags = { a = "b", c = "" } }
        timezone = "Asia/Tokyo"
        windows = [{ cron = "0 3 * * *", duration = "2h" }]
        freezes = [{ from = 2026-12-28, until = 2027-01-05T12:00:00+09:00, why = "year end" }]
        max_task_age = "0s"
        concurrency = 5
        settle = "90s"
        rollout_timeout = "2h"
        max_failures = 3
        retirement = { mode = "window-only", margin = "36h" }
    "#;
    let settings = load_files(&[("x.toml", text)], &Sources::default()).unwrap();
    let policy = &settings.policies.policies[0];
    assert_eq!((&*policy.name, policy.enabled), ("nightly", false));
    assert_eq!(policy.selector.clusters()[0].text(), "prd");
    assert!(policy.selector.matches_name("api-a") && !policy.selector.matches_name("api-b"));
    assert_eq!(policy.selector.tags().len(), 2);
    assert_eq!(policy.schedule.zone(), chrono_tz::Tz::Asia__Tokyo);
    assert_eq!(policy.schedule.windows().unwrap()[0].text(), "0 3 * * *");
    let freeze = policy.schedule.freezes()[0].span();
    assert_eq!(freeze.opens.to_rfc3339(), "2026-12-27T15:00:00+00:00");
    assert_eq!(freeze.closes.to_rfc3339(), "2027-01-05T03:00:00+00:00");
    assert_eq!(policy.max_task_age, Some(Duration::ZERO));
    assert_eq!((policy.concurrency, policy.max_failures), (5, 3));
    assert_eq!(policy.settle, Duration::from_secs(90));
    assert_eq!(policy.rollout_timeout, RolloutTimeout::Fixed(Duration::from_secs(7200)));
    let hours = |count: u64| Duration::from_secs(count * 3600);
    let rule = |mode, margin| RetirementRule { mode, margin };
    assert_eq!(policy.retirement, rule(RetirementMode::WindowOnly, hours(36)));
    for (text, expected) in [
        ("{}", rule(RetirementMode::BeforeDeadline, hours(24))),
        ("{ margin = \"14d\" }", rule(RetirementMode::BeforeDeadline, hours(14 * 24))),
        ("{ mode = \"before-deadline\" }", rule(RetirementMode::BeforeDeadline, hours(24))),
        ("{ mode = \"immediately\" }", rule(RetirementMode::Immediately, hours(24))),
        ("{ mode = \"ignore\" }", rule(RetirementMode::Ignore, hours(24))),
    ] {
        let text = POLICY.replace("name", &format!("retirement = {text}, name"));
        let settings = load_files(&[("x.toml", &text)], &Sources::default()).unwrap();
        assert_eq!(settings.policies.policies[0].retirement, expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_reading_a_configuration_panic(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "[[policy]]\n", "[daemon]\n", "[policy]\n", "[events]\n", "name = ", "queue_url = ",
            "retirement_codes = ", "retirement = ", "{ mode = ", "margin = ", "\"ignore\"", "windows = ", "freezes = ",
            "services = ", "max_task_age = ", "\"always\"\n", "\"x\"", "[{ cron = ", "duration = ",
            "from = ", "until = ", "{ clusters = [", "\"*\"", "tags = ", "]", "}", ", ", "\n", "= ",
            "2026-12-28", "\"-1h\"", "\"0 0 29 2 *\"", "\"7d\"", "9999999999999999999", "nan", "é", "\"",
        ]), 0..30,
    )) {
        let _ = load_files(&[("x.toml", &pieces.concat())], &Sources::default());
    }
}

#[test]
fn a_configuration_that_is_text_has_lines_too() {
    let text = "[daemon]\nresnyc = \"60s\"\n".to_owned();
    let inline = Some(RawFiles::text("ECS_REFRESH_CONFIG_TOML", text).unwrap());
    let problems = load(&Sources { inline, ..Sources::default() }).unwrap_err().to_string();
    assert!(problems.contains("ECS_REFRESH_CONFIG_TOML:2: daemon.resnyc"), "{problems}");
    let problem = RawFiles::text("X", "#".repeat(1024 * 1024 + 1)).unwrap_err().to_string();
    assert_eq!(problem, "X: larger than 1 MiB");
}

#[test]
fn variables_win_over_a_configuration_that_is_text() {
    let text = "[daemon]\nresync = \"10s\"\nlisten = \"127.0.0.1:1\"\n".to_owned();
    let inline = Some(RawFiles::text("X", text).unwrap());
    let environment = environment(&[("ECS_REFRESH_DAEMON__RESYNC", "20s")]).environment;
    let sources = Sources { inline, environment, policies_optional: true, ..Sources::default() };
    let settings = load(&sources).unwrap();
    assert_eq!(settings.daemon.resync, Duration::from_secs(20));
    assert_eq!(settings.daemon.listen.port(), 1);
    assert_eq!(settings.sources[0], "X");
}

#[test]
fn where_a_daemon_listens_is_known_whatever_else_is_wrong() {
    let of = |text: &str, variables: &[(&str, &str)]| {
        let inline = Some(RawFiles::text("X", text.to_owned()).unwrap());
        listen(&Sources { inline, ..environment(variables) }).to_string()
    };
    let nine = "[daemon]\nlisten = \"127.0.0.1:9\"\n";
    assert_eq!(of("", &[]), "0.0.0.0:8080");
    assert_eq!(of(nine, &[]), "127.0.0.1:9");
    assert_eq!(of(&format!("[other]\n{nine}resnyc = 1\n[[policy]]\n"), &[]), "127.0.0.1:9");
    assert_eq!(of("[daemon\n", &[]), "0.0.0.0:8080");
    let variable = ("ECS_REFRESH_DAEMON__LISTEN", "[::1]:7");
    assert_eq!(of(nine, &[variable]), "[::1]:7");
    let absent = Sources { path: Some("absent.toml".into()), ..environment(&[variable]) };
    assert_eq!(listen(&absent).to_string(), "[::1]:7");
}
