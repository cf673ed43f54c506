//! What `check` prints.

use std::path::Path;

use super::*;

const NOW: &str = "2026-11-21T23:00:00Z";

/// What is printed about a file with this text, its path left out, and whether it is valid.
fn output(text: &str) -> (bool, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("prod.toml");
    std::fs::write(&path, text).unwrap();
    let (valid, output) = output_of(&path);
    (valid, output.replace(&format!("{}/", directory.path().display()), ""))
}

fn output_of(path: &Path) -> (bool, String) {
    let sources = Sources { path: Some(path.to_owned()), ..Sources::default() };
    let mut out = Vec::new();
    let valid = check(&sources, NOW.parse().unwrap(), &mut out).unwrap();
    (valid, String::from_utf8(out).unwrap())
}

const EXPLAINED: &str = r#"
[daemon]
dry_run = true

[events]
queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"

[health]
poll = true

[announce]
event_bus = "default"

[[policy]]
name = "nightly"
services = { clusters = ["prd-*"], names = ["api-*"], exclude = ["api-b"], tags = { refresh = "*" } }
timezone = "Europe/Berlin"
windows = [{ cron = "0 23 * * SAT,SUN", duration = "2h" }]
freezes = [
  { from = 2026-11-01, until = 2026-11-02 },
  { from = 2026-11-29, until = 2026-11-30, why = "sale" },
]
max_task_age = "7d"
settle = "90s"
retirement = { margin = "25h" }

[[policy]]
name = "rest"
enabled = false
services = { clusters = ["prd-eu", "dev"] }
windows = "always"
retirement = { mode = "ignore" }
code_deploy = true
"#;

#[test]
fn a_policy_that_rolls_back_says_so_and_what_it_needs() {
    let policy = |rest: &str| {
        format!(
            "[[policy]]\nname = \"p\"\nservices = {{ clusters = [\"c\"] }}\nwindows = \"always\"\n{rest}"
        )
    };
    let line =
        "  failure   rolled back when given up; needs the IAM action ecs:StopServiceDeployment\n";
    for (rest, said) in
        [("", false), ("on_failure = \"leave\"", false), ("on_failure = \"rollback\"", true)]
    {
        let (valid, text) = output(&policy(rest));
        assert!(valid, "{text}");
        assert_eq!(text.contains(line), said, "{text}");
    }
}

#[test]
fn a_valid_configuration_is_explained() {
    let (valid, text) = output(EXPLAINED);
    assert!(valid);
    assert_eq!(
        text,
        r#"valid: prod.toml
dry run: nothing will be refreshed
retirement notices: from the queue https://sqs.eu-west-1.amazonaws.com/123456789012/q and the AWS Health API (AWS_ECS_TASK_PATCHING_RETIREMENT)
announced: on the event bus default

policy "nightly"
  services  clusters prd-*; names api-*; except api-b; tags refresh=*
  due       before a task is older than 7d
  notices   in windows, and outside of them from 1d 1h before the deadline (before-deadline)
  pace      1 at a time, 1m 30s between them, given up after a time computed per service, stops after 1 failed
  windows   0 23 * * SAT,SUN for 2h, in Europe/Berlin
  freeze    Sun 2026-11-29 00:00 CET to Tue 2026-12-01 00:00 CET (sale)
  open now  Sat 2026-11-21 23:00 CET to Sun 2026-11-22 01:00 CET
  next      Sun 2026-11-22 23:00 CET to Mon 2026-11-23 01:00 CET
            Sat 2026-11-28 23:00 CET to Sun 2026-11-29 00:00 CET
            Sat 2026-12-05 23:00 CET to Sun 2026-12-06 01:00 CET
            Sun 2026-12-06 23:00 CET to Mon 2026-12-07 01:00 CET

policy "rest" (disabled)
  services  clusters prd-eu, dev
  due       never by age
  notices   left to AWS (ignore)
  pace      1 at a time, given up after a time computed per service, stops after 1 failed
  kinds     services of CodeDeploy too, by deployments of CodeDeploy
  windows   always
  open now  at any time

warnings
  prod.toml:27: policy "rest": without `max_task_age`, and with retirements ignored, no service is ever due
      hint: max_task_age = "7d"
  policy "nightly": a freeze is over: Sun 2026-11-01 00:00 CET to Tue 2026-11-03 00:00 CET
  policy "nightly": for 6d 23h nothing starts because of a freeze (sale), Sun 2026-11-29 00:00 CET to Sat 2026-12-05 23:00 CET; a retirement is announced 7d ahead by default, which less the margin of 1d 1h leaves 5d 23h: services may be refreshed outside of windows
      hint: a shorter freeze, or one with a pause in it, or margin = "1h"; it is no matter where fargateTaskRetirementWaitPeriod is 14 days
  policies "nightly" and "rest" may overlap: a service of both belongs to the first, "nightly"

a look at the fleet takes about (api_share 0.25, resync 1m)
     30 services,    300 tasks: 0s at first, then 1s
    500 services,   5000 tasks: 15s at first, then 11s
   5000 services,  50000 tasks: 3m 15s at first, then 1m 50s, which is longer than resync
"#
    );
}

#[test]
fn what_is_done_about_retirements_is_said_and_that_nothing_is_heard_of_them_once() {
    let policy = |name: &str, more: &str| {
        format!(
            "[[policy]]\nname = \"{name}\"\nservices = {{ clusters = [\"{name}\"] }}\n\
             windows = \"always\"\nmax_task_age = \"7d\"\n{more}\n"
        )
    };
    let acting = policy("a", "retirement = { mode = \"window-only\" }")
        + &policy("b", "retirement = { mode = \"immediately\", margin = \"0s\" }");
    let (_, text) = output(&acting);
    for line in [
        "\nretirement notices: from nowhere\nannounced: nowhere\n",
        "\n  notices   in windows only, late from 1d before the deadline (window-only)\n",
        "\n  notices   at once, late from 0s before the deadline (immediately)\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let unheard = |text: &str| output(text).1.matches("by no way").count();
    assert_eq!(unheard(&acting), 1);
    let ignoring = policy("a", "retirement = { mode = \"ignore\" }");
    assert_eq!(unheard(&(ignoring.clone() + &policy("b", "enabled = false"))), 0);
    assert_eq!(unheard(&(ignoring + &policy("b", ""))), 1);
    assert_eq!(unheard(&format!("{acting}[health]\npoll = true")), 0);
    let queue = "[events]\nqueue_url = \"http://127.0.0.1:4566/000000000000/q\"";
    assert_eq!(unheard(&format!("{acting}{queue}")), 0);
}

#[test]
fn problems_are_counted() {
    let policy = "[[policy]]\nname = \"n\"\nservices = { clusters = [\"a\"] }\n";
    let (valid, text) = output(&format!("{policy}windows = \"never\"\nconcurrency = 0"));
    assert!(!valid);
    assert_eq!(
        text,
        r#"prod.toml:4: policy "n": windows: neither a list nor "always": "never"
    hint: a list such as [{ cron = "0 3 * * *", duration = "2h" }], or "always"
prod.toml:5: policy "n": concurrency: must be between 1 and 1000, is 0

2 problems
"#
    );
    let (valid, text) = output_of(Path::new("no/such.toml"));
    assert!(!valid);
    assert_eq!(text, "no/such.toml: no such file or directory\n\n1 problem\n");
}

#[test]
fn a_resync_that_no_look_fits_in_is_a_warning() {
    let (valid, text) = output(
        "[daemon]\nresync = \"1s\"\napi_share = 0.01\n[[policy]]\nname = \"n\"\n\
         services = { clusters = [\"a\"] }\nwindows = \"always\"\nmax_task_age = \"7d\"",
    );
    assert!(valid);
    let warning = "daemon.resync is 1s, but at api_share 0.01 a look at 30 services takes 20s";
    assert!(text.contains(warning), "{text}");
}

#[test]
fn overlaps_are_told_from_patterns_names_and_tags() {
    let overlap = |first: &str, later: &str| {
        let policy = |name: &str, services: &str| {
            format!(
                "[[policy]]\nname = \"{name}\"\nservices = {{ {services} }}\n\
                 windows = \"always\"\nmax_task_age = \"7d\"\n"
            )
        };
        let (valid, text) = output(&(policy("a", first) + &policy("b", later)));
        assert!(valid, "{text}");
        text.contains("policies \"a\" and \"b\" may overlap")
    };
    for (first, later, expected) in [
        (r#"clusters = ["x"]"#, r#"clusters = ["x"]"#, true),
        (r#"clusters = ["x"]"#, r#"clusters = ["y"]"#, false),
        (r#"clusters = ["x-*"]"#, r#"clusters = ["x-1"]"#, true),
        (r#"clusters = ["x-*"]"#, r#"clusters = ["*"]"#, true),
        (r#"clusters = ["x"], names = ["a"]"#, r#"clusters = ["x"], names = ["b"]"#, false),
        (r#"clusters = ["x"], names = ["a*"]"#, r#"clusters = ["x"], names = ["ab"]"#, true),
        (
            r#"clusters = ["x"], names = ["a*"], exclude = ["ab"]"#,
            r#"clusters = ["x"], names = ["ab"]"#,
            false,
        ),
        (
            r#"clusters = ["x"], tags = { t = "1" }"#,
            r#"clusters = ["x"], tags = { t = "2" }"#,
            false,
        ),
        (r#"clusters = ["x"], tags = { t = "1" }"#, r#"clusters = ["x"]"#, true),
    ] {
        assert_eq!(overlap(first, later), expected, "{first} | {later}");
    }
}

#[test]
fn the_files_that_come_with_the_project_are_accepted() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let examples = std::fs::read_dir(config.join("examples")).unwrap();
    let examples = examples.map(|entry| entry.unwrap().path());
    for path in examples.chain([config.join("default.toml")]) {
        let (valid, text) = output_of(&path);
        assert!(valid, "{text}");
        assert!(text.contains("  next ") || text.contains("  open now "), "{text}");
        assert!(!text.contains("without a window"), "{text}");
    }
}
