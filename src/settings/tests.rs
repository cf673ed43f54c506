//! Small configurations, and exactly what is said about them.

mod defaults;
mod refused;

use proptest::prelude::*;

use super::*;

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
        "[aws]\nregion = \"a\"\nendpoint_url = \"http://b\"\n[daemon]\nlisten = \"[::]:1\"\nshutdown_grace = \"1s\"\n[store]\npath = \"x\"",
    );
    assert_eq!(
        old.restart_needed(&other),
        ["aws.region", "aws.endpoint_url", "daemon.listen", "daemon.shutdown_grace", "store.path"]
    );
}

#[test]
fn what_is_allowed_and_hardly_meant_is_a_warning() {
    let warnings = |text: &str| {
        let settings = load_files(&[("x.toml", text)], &Sources::default()).unwrap();
        settings.warnings.iter().map(Problem::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        warnings(&POLICY.replace(", max_task_age = \"7d\"", "")),
        ["x.toml:1: policy \"p\": without `max_task_age` no service is ever due\n    \
          hint: max_task_age = \"7d\""]
    );
    assert_eq!(
        warnings(&POLICY.replace("7d", "59m")),
        ["x.toml:1: policy \"p\": max_task_age: below an hour, with windows \"always\", \
          services are refreshed without rest"]
    );
    assert!(warnings(&POLICY.replace("7d", "60m")).is_empty());
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
    assert_eq!(policy.rollout_timeout, Duration::from_secs(7200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_reading_a_configuration_panic(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "[[policy]]\n", "[daemon]\n", "[policy]\n", "name = ", "windows = ", "freezes = ",
            "services = ", "max_task_age = ", "\"always\"\n", "\"x\"", "[{ cron = ", "duration = ",
            "from = ", "until = ", "{ clusters = [", "\"*\"", "tags = ", "]", "}", ", ", "\n", "= ",
            "2026-12-28", "\"-1h\"", "\"0 0 29 2 *\"", "\"7d\"", "9999999999999999999", "nan", "é", "\"",
        ]), 0..30,
    )) {
        let _ = load_files(&[("x.toml", &pieces.concat())], &Sources::default());
    }
}
