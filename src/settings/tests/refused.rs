//! What is refused, word by word.

use super::*;

/// `text` is refused with exactly these lines.
fn refused(text: &str, expected: &str) {
    let problems = load_files(&[("x.toml", text)], &Sources::default()).unwrap_err().to_string();
    assert_eq!(problems, expected.trim_matches('\n'), "{text}");
}

/// The same of `text` that follows a good policy in the first line.
fn refused_after_a_policy(text: &str, expected: &str) {
    refused(&format!("{POLICY}\n{}", text.trim_start()), expected);
}

#[test]
fn malformed_toml_is_told_error_by_error() {
    refused(
        "[aws\nregion = \"x\"\nb = = 2\n[[policy]]\nnme = \"p\n",
        r#"
x.toml:1: not TOML: unclosed table, expected `]`
x.toml:3: not TOML: extra `=`, expected nothing
x.toml:3: not TOML: unexpected key or value, expected newline, `#`
x.toml:5: not TOML: invalid basic string, expected `"`
"#,
    );
    refused_after_a_policy(
        "[aws]\nregion = \"a\"\nregion = \"b\"",
        "x.toml:4: not TOML: duplicate key",
    );
}

#[test]
fn values_of_the_daemon_have_types_and_ranges() {
    refused_after_a_policy(
        r#"
[daemon]
resync = 60
listen = "8080"
api_share = 1.5
max_in_flight = 0
max_tasks_in_flight = 99999999999
dry_run = "true"
shutdown_grace = "3m"
[aws]
region = "Tokyo!"
endpoint_url = "ftp://x"
[store]
path = ""
kind = "fil"
"#,
        r#"
x.toml:3: daemon.resync: must be a duration in quotes, is an integer
    hint: write the unit: "60s", "60m", "60h"
x.toml:4: daemon.listen: not an address: "8080"
    hint: an IP address and a port: "0.0.0.0:8080" or "[::]:8080"
x.toml:5: daemon.api_share: must be more than 0 and at most 1, is 1.5
    hint: 0.25 is a quarter of what the AWS API allows
x.toml:6: daemon.max_in_flight: must be between 1 and 10000, is 0
x.toml:7: daemon.max_tasks_in_flight: must be between 1 and 1000000, is 99999999999
x.toml:8: daemon.dry_run: must be true or false, is text
    hint: without quotes
x.toml:9: daemon.shutdown_grace: must be between 1s and 2m, is 3m
x.toml:11: aws.region: not a region: "Tokyo!"
    hint: such as "ap-northeast-1"
x.toml:12: aws.endpoint_url: not an address of HTTP: "ftp://x"
    hint: such as "http://127.0.0.1:4566"
x.toml:14: store.path: is empty
x.toml:15: store.kind: no such store: "fil"
    hint: did you mean "file"?
"#,
    );
}

#[test]
fn keys_that_mean_nothing_are_told_with_the_likely_one() {
    refused_after_a_policy(
        "[deamon]\nx = 1\n[daemon]\nresinc = \"60s\"\nzzz = 1\n[[policies]]\nname = \"x\"\n[zzz]\n",
        r#"
x.toml:2: deamon: unknown section
    hint: did you mean "daemon"?
x.toml:5: daemon.resinc: unknown key
    hint: did you mean "resync"?
x.toml:6: daemon.zzz: unknown key
    hint: known here: api_share, dry_run, listen, max_in_flight, max_tasks_in_flight, resync, shutdown_grace
x.toml:7: policies: unknown section
    hint: policies are written in files, each as [[policy]]
x.toml:9: zzz: unknown section
    hint: known: aws, daemon, store, events, announce, health, policy
"#,
    );
}

#[test]
fn a_store_says_where_it_is_and_what_it_keeps() {
    refused_after_a_policy(
        r#"
[store]
kind = "redis"
table = "x/"
history_kept = 0
history_max_age = "23h"
lease_duration = "1s"
"#,
        r#"
x.toml:3: store.kind: no such store: "redis"
    hint: "file", or "dynamodb" for several replicas
x.toml:4: store.table: not the name of a DynamoDB table: "x/"
    hint: 3 to 255 letters, digits, ".", "_" and "-", such as "ecs-refresh"; the Region is the one of [aws]
x.toml:5: store.history_kept: must be between 1 and 1000, is 0
x.toml:6: store.history_max_age: must be between 1day and 10years 7days 12h, is 23h
x.toml:7: store.lease_duration: must be between 2s and 5m, is 1s
"#,
    );
    refused_after_a_policy(
        "[store]\nkind = \"dynamodb\"\n",
        r#"
x.toml:3: store.table: no table is named
    hint: table = "ecs-refresh"
"#,
    );
}

#[test]
fn a_queue_is_named_by_its_url() {
    const SHAPE: &str = r#"such as "https://sqs.ap-northeast-1.amazonaws.com/123456789012/NAME""#;
    for (url, why, hint) in [
        ("ecs-refresh", "not a URL of HTTP", SHAPE),
        ("ftp://a/123456789012/q", "not a URL of HTTP", SHAPE),
        ("/123456789012/q", "not a URL of HTTP", SHAPE),
        ("https://user@a/123456789012/q", "a queue's URL has a host and a path only", SHAPE),
        ("https://a/123456789012/q?x=1", "a queue's URL has a host and a path only", SHAPE),
        ("https://a/123456789012/q#x", "a queue's URL has a host and a path only", SHAPE),
        ("https://a/q", "the path of a queue's URL is /ACCOUNT/NAME", SHAPE),
        ("https://a/12345678901/q", "the path of a queue's URL is /ACCOUNT/NAME", SHAPE),
        ("https://a/123456789012/", "the path of a queue's URL is /ACCOUNT/NAME", SHAPE),
        ("https://a/123456789012/q/", "the path of a queue's URL is /ACCOUNT/NAME", SHAPE),
        ("https://a/123456789012/q.x", "the path of a queue's URL is /ACCOUNT/NAME", SHAPE),
        ("https://a/123456789012/.fifo", "the path of a queue's URL is /ACCOUNT/NAME", SHAPE),
        (
            "arn:aws:sqs:eu-west-1:123456789012:q",
            "an ARN, where the queue's URL is meant",
            r#"write "https://sqs.eu-west-1.amazonaws.com/123456789012/q""#,
        ),
        (
            "arn:aws-cn:sqs:cn-north-1:123456789012:q",
            "an ARN, where the queue's URL is meant",
            r#"write "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q""#,
        ),
    ] {
        refused_after_a_policy(
            &format!("[events]\nqueue_url = {url:?}"),
            &format!("x.toml:3: events.queue_url: {why}: {url:?}\n    hint: {hint}"),
        );
    }
    refused_after_a_policy(
        &format!("[events]\nqueue_url = \"https://a/123456789012/{}\"", "q".repeat(81)),
        &format!(
            "x.toml:3: events.queue_url: the path of a queue's URL is /ACCOUNT/NAME: \
             \"https://a/123456789012/{}\"\n    hint: {SHAPE}",
            "q".repeat(81)
        ),
    );
}

#[test]
fn an_event_bus_is_named_by_name_or_arn() {
    const SHAPE: &str =
        r#"such as "default" or "arn:aws:events:ap-northeast-1:123456789012:event-bus/NAME""#;
    const NEITHER: &str = "neither the name nor the ARN of an event bus";
    const PARTNER: &str = "a partner's event bus takes the partner's events only";
    for (bus, why, hint) in [
        ("a:b", NEITHER, SHAPE),
        ("arn:aws:events:eu-west-1:123456789012:rule/x", NEITHER, SHAPE),
        ("arn:aws:sqs:eu-west-1:123456789012:event-bus/x", NEITHER, SHAPE),
        ("arn:aws:events:europe:123456789012:event-bus/x", NEITHER, SHAPE),
        ("arn:aws:events:eu-west-1:1:event-bus/x", NEITHER, SHAPE),
        ("aws.partner/example.com/x", PARTNER, SHAPE),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/aws.partner/x", PARTNER, SHAPE),
        ("a b", "not the name of an event bus", r#"1 to 256 letters, digits, ".", "-" and "_""#),
    ] {
        refused_after_a_policy(
            &format!("[announce]\nevent_bus = {bus:?}"),
            &format!("x.toml:3: announce.event_bus: {why}: {bus:?}\n    hint: {hint}"),
        );
    }
    let bus = "b".repeat(257);
    refused_after_a_policy(
        &format!("[announce]\nevent_bus = {bus:?}"),
        &format!(
            "x.toml:3: announce.event_bus: not the name of an event bus: {bus:?}\n    \
             hint: 1 to 256 letters, digits, \".\", \"-\" and \"_\""
        ),
    );
}

#[test]
fn event_type_codes_are_told_one_by_one() {
    refused_after_a_policy(
        "[events]\nretirement_codes = [\"AWS_A\", \"aws_b\", 3, \"AB\", \"\"]\n[health]\npoll = \"true\"",
        r#"
x.toml:3: events.retirement_codes[1]: not an event type code: "aws_b"
    hint: capitals, digits and "_", such as "AWS_ECS_TASK_PATCHING_RETIREMENT"
x.toml:3: events.retirement_codes[2]: must be text in quotes, is an integer
x.toml:3: events.retirement_codes[3]: not an event type code: "AB"
    hint: capitals, digits and "_", such as "AWS_ECS_TASK_PATCHING_RETIREMENT"
x.toml:3: events.retirement_codes[4]: is empty
x.toml:5: health.poll: must be true or false, is text
    hint: without quotes
"#,
    );
    for (codes, why) in [
        ("\"AWS_A\"", "must be an array"),
        (
            "[]",
            "no event type is named\n    \
             hint: mode = \"ignore\" keeps a policy from acting on retirements",
        ),
        (&*format!("[{}]", "\"AWS_A\", ".repeat(11)), "has 11 entries, 10 are allowed"),
    ] {
        refused_after_a_policy(
            &format!("[events]\nretirement_codes = {codes}"),
            &format!("x.toml:3: events.retirement_codes: {why}"),
        );
    }
}

#[test]
fn what_is_done_about_retirements_has_modes_and_a_margin() {
    const HINT: &str = r#"hint: retirement = { mode = "before-deadline", margin = "24h" }"#;
    for (retirement, said) in [
        ("\"ignore\"", format!("retirement: must be a table\n    {HINT}")),
        ("true", format!("retirement: must be a table\n    {HINT}")),
        (
            "{ mode = \"window_only\" }",
            "retirement.mode: no such mode: \"window_only\"\n    \
             hint: did you mean \"window-only\"?"
                .to_owned(),
        ),
        (
            "{ mode = \"never\" }",
            "retirement.mode: no such mode: \"never\"\n    \
             hint: known: before-deadline, window-only, immediately, ignore"
                .to_owned(),
        ),
        (
            "{ margin = \"15d\" }",
            "retirement.margin: must be between 0s and 14days, is 15days".to_owned(),
        ),
        (
            "{ margn = \"1d\" }",
            "retirement.margn: unknown key\n    hint: did you mean \"margin\"?".to_owned(),
        ),
    ] {
        refused(
            &POLICY.replace("name", &format!("retirement = {retirement}, name")),
            &format!("x.toml:1: policy \"p\": {said}"),
        );
    }
}

#[test]
fn a_configuration_without_policies_is_refused() {
    refused(
        "[daemon]\n",
        "x.toml: no policy\n    hint: nothing would ever be refreshed: add a [[policy]]",
    );
    let nothing = load(&Sources::default()).unwrap_err().to_string();
    assert_eq!(
        nothing,
        "command line: no configuration was named\n    \
         hint: --config PATH, or ECS_REFRESH_CONFIG=PATH, or the text in ECS_REFRESH_CONFIG_TOML"
    );
    refused(
        "[policy]\nname = \"x\"",
        "x.toml:1: policy: must be a list\n    hint: write [[policy]]",
    );
}

#[test]
fn what_a_policy_cannot_do_without_is_told() {
    refused(
        "[[policy]]\n[[policy]]\nname = \"b\"\nservices = {}\nwindows = []\n",
        r#"
x.toml:1: policy[0]: `name` is missing
    hint: name = "nightly"
x.toml:1: policy[0]: `services` is missing
    hint: services = { clusters = ["prd-*"] }
x.toml:1: policy[0]: `windows` is missing
    hint: windows = [{ cron = "0 3 * * *", duration = "2h" }], or "always"
x.toml:4: policy "b": services: `clusters` is missing
    hint: clusters = ["prd-*"]; "*" is every cluster
x.toml:5: policy "b": windows: no windows: nothing would ever start
    hint: enabled = false keeps a policy from starting anything
"#,
    );
}

#[test]
fn names_of_policies_are_labels_and_taken_once() {
    refused(
        r#"
[[policy]]
name = "bad name"
services = 1
windows = "allways"
[[policy]]
name = "b"
services = { clusters = ["a"] }
windows = "always"
[[policy]]
name = "b"
services = { clusters = ["a"] }
windows = "always"
"#,
        r#"
x.toml:3: policy[0]: name: not a name: "bad name"
    hint: letters, digits, ".", "_" and "-": it becomes a metric label
x.toml:4: policy[0]: services: must be a table
x.toml:5: policy[0]: windows: neither a list nor "always": "allways"
    hint: a list such as [{ cron = "0 3 * * *", duration = "2h" }], or "always"
x.toml:10: policy "b": the name is taken; the first is at x.toml:6
    hint: failures are counted by policy name
"#,
    );
}

#[test]
fn windows_and_freezes_are_told_with_what_to_write() {
    refused(
        r#"
[[policy]]
name = "n"
services = { clusters = ["a"] }
timezone = "Asia/Tokio"
windows = [
  { cron = "61 * * * *", duration = "2h" },
  { cron = "0 3 1 * MON", duration = "-2h" },
  { cron = "0 0 30 2 *" },
  { cron = "@daily", duration = "30s" },
  { cron = "0 0 3 * * *", duration = "2h", why = "" },
]
freezes = [
  { from = 2026-12-28, until = "2026-12-27" },
  { from = "x", until = 2026-12-27T00:00:00 },
]
"#,
        r#"
x.toml:5: policy "n": timezone: no such time zone: "Asia/Tokio"
    hint: did you mean "Asia/Tokyo"?
x.toml:7: policy "n": windows[0].cron: not a cron expression: Component error: Number out of bounds.
    hint: minute 0-59, hour 0-23, day of month 1-31, month 1-12 or JAN-DEC, day of week 0-7 or SUN-SAT
x.toml:8: policy "n": windows[1].cron: both day of month and day of week are restricted
    hint: make one of them "*"; the first Sunday of every month is "0 3 * * SUN#1"
x.toml:8: policy "n": windows[1].duration: a duration cannot be negative: "-2h"
    hint: write it like "45s", "60m", "2h" or "7d"
x.toml:9: policy "n": windows[2]: `duration` is missing
    hint: duration = "2h"
x.toml:9: policy "n": windows[2].cron: no such day ever comes: the window never opens
    hint: "L" as day of month is the last day of every month
x.toml:10: policy "n": windows[3].cron: a cron expression is written as five fields, not as a nickname
    hint: "@daily" is "0 0 * * *"
x.toml:10: policy "n": windows[3].duration: must be between 1m and 7days, is 30s
x.toml:11: policy "n": windows[4].cron: a cron expression has five fields, this one has 6
    hint: leave out seconds and year: minute hour day-of-month month day-of-week
x.toml:11: policy "n": windows[4].why: unknown key
    hint: known here: cron, duration
x.toml:14: policy "n": freezes[0]: the freeze ends before it begins
    hint: `from` comes first; a date in `until` is frozen to its end
x.toml:15: policy "n": freezes[1].from: neither a date nor an RFC 3339 instant
    hint: write 2026-12-28 for a whole day or 2026-12-28T18:00:00+09:00 for an instant
x.toml:15: policy "n": freezes[1].until: neither a date nor an RFC 3339 instant
    hint: write 2026-12-28 for a whole day or 2026-12-28T18:00:00+09:00 for an instant
"#,
    );
    refused(
        &POLICY.replace("\"always\"", "[{ cron = \"0 0 * * *\", duration = \"1d\" }]"),
        r#"
x.toml:1: policy "p": windows: the windows join into one that stays open for more than 7 days
    hint: if starts are welcome at any time, write windows = "always"
"#,
    );
}

#[test]
fn selections_are_told_pattern_by_pattern() {
    refused(
        r#"
[[policy]]
name = "n"
services.clusters = []
services.names = ["a/b", "{a", 3, "", "arn:aws:ecs:eu-west-1:123456789012:service/prd/api"]
services.nams = []
services.tags = { a = 1, "" = "x" }
windows = "always"
"#,
        r#"
x.toml:4: policy "n": services.clusters: no cluster is named
    hint: clusters = ["prd-*"]; "*" is every cluster
x.toml:5: policy "n": services.names[0]: '/' can be in no name of ECS
    hint: names have letters, digits, "-" and "_"; patterns add *, ?, [a-c] and {a,b}
x.toml:5: policy "n": services.names[1]: not a pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
x.toml:5: policy "n": services.names[2]: must be text in quotes, is an integer
x.toml:5: policy "n": services.names[3]: an empty pattern matches nothing
    hint: "*" matches every name
x.toml:5: policy "n": services.names[4]: "arn:aws:ecs:eu-west-1:123456789012:service/prd/api" is an ARN; names are compared, not ARNs
    hint: write "api"
x.toml:6: policy "n": services.nams: unknown key
    hint: did you mean "names"?
x.toml:7: policy "n": services.tags.a: must be text in quotes, is an integer
x.toml:7: policy "n": services.tags.: a tag's key has 1 to 128 characters
"#,
    );
}

#[test]
fn numbers_and_durations_of_a_policy_have_ranges() {
    refused(
        r#"
[[policy]]
name = "n"
services = { clusters = ["a"] }
windows = "always"
max_task_age = "7"
concurrency = 0
settle = "10 parsecs"
rollout_timeout = "5s"
max_failures = -1
enabled = 1
[[policy]]
name = "m"
services = { clusters = ["a"] }
windows = "always"
max_task_age = "0s"
settle = ""
rollout_timeout = "999999999999y"
"#,
        r#"
x.toml:6: policy "n": max_task_age: a duration without a unit: "7"
    hint: write the unit: "7s", "7m", "7h"
x.toml:7: policy "n": concurrency: must be between 1 and 1000, is 0
x.toml:8: policy "n": settle: no unit of time: "parsecs" in "10 parsecs"
    hint: write it like "45s", "60m", "2h" or "7d"
x.toml:9: policy "n": rollout_timeout: must be between 1m and 7days, is 5s
x.toml:10: policy "n": max_failures: must be between 1 and 100, is -1
x.toml:11: policy "n": enabled: must be true or false, is an integer
x.toml:17: policy "m": settle: an empty duration
    hint: write it like "45s", "60m", "2h" or "7d"
x.toml:18: policy "m": rollout_timeout: too long a duration: "999999999999y"
    hint: write it like "45s", "60m", "2h" or "7d"
"#,
    );
    refused(
        &POLICY.replace("7d", "0s"),
        r#"
x.toml:1: policy "p": max_task_age: "0s" means every window, but windows are "always"
    hint: state windows, or a longer age
"#,
    );
}

#[test]
fn the_environment_is_held_to_the_same_keys() {
    let text = format!("{POLICY}\n[daemon]\nresync = \"60s\"");
    let sources = environment(&[
        ("ECS_REFRESH_DAEMON__RESYNC", "0s"),
        ("ECS_REFRESH_DEAMON__RESYNC", "60s"),
        ("ECS_REFRESH_DAEMON__RESINC", "60s"),
        ("ECS_REFRESH_POLICY__NAME", "x"),
        ("ECS_REFRESH_DAEMON__DRY_RUN", "yes"),
        ("ECS_REFRESH_EVENTS__RETIREMENT_CODES", "AWS_A,,AWS_B"),
        ("ECS_REFRESH_EVENTS__QUEUE_URL", ""),
        ("ECS_REFRESH_HEALTH__POOL", "true"),
        ("ECS_REFRESH_DAEMON_LISTEN", "not a key, for want of the second _"),
    ]);
    let problems = load_files(&[("x.toml", &text)], &sources).unwrap_err().to_string();
    assert_eq!(
        problems,
        r#"environment variable ECS_REFRESH_DAEMON__DRY_RUN: daemon.dry_run: must be true or false, is text
environment variable ECS_REFRESH_DAEMON__RESINC: daemon.resinc: unknown key
    hint: did you mean "resync"?
environment variable ECS_REFRESH_DAEMON__RESYNC: daemon.resync: must be between 1s and 1h, is 0s
environment variable ECS_REFRESH_DEAMON__RESYNC: deamon: unknown section
    hint: did you mean "daemon"?
environment variable ECS_REFRESH_EVENTS__QUEUE_URL: events.queue_url: is empty
environment variable ECS_REFRESH_EVENTS__RETIREMENT_CODES: events.retirement_codes: is empty
environment variable ECS_REFRESH_HEALTH__POOL: health.pool: unknown key
    hint: did you mean "poll"?
environment variable ECS_REFRESH_POLICY__NAME: policy: unknown section
    hint: policies are written in files, each as [[policy]]"#
    );
}

#[test]
fn a_key_is_set_in_one_file_only_and_a_name_taken_once_in_all() {
    let daemon = "\n[daemon]\nresync = \"60s\"";
    let files = [("a.toml", format!("{POLICY}{daemon}")), ("b.toml", format!("{POLICY}{daemon}"))];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let problems = load_files(&files, &Sources::default()).unwrap_err().to_string();
    assert_eq!(
        problems,
        r#"b.toml:1: policy "p": the name is taken; the first is at a.toml:1
    hint: failures are counted by policy name
b.toml:3: daemon.resync: set a second time; the first is at a.toml:3
    hint: keep one of the two"#
    );
}

#[test]
fn everything_has_a_limit() {
    let entry = "{ cron = \"0 3 * * *\", duration = \"1h\" }, ";
    refused(
        &POLICY.replace("\"always\"", &format!("[{}]", entry.repeat(25))),
        "x.toml:1: policy \"p\": windows: has 25 entries, 24 are allowed",
    );
    refused(
        &POLICY.replace("[\"*\"]", &format!("[{}]", "\"*\", ".repeat(101))),
        "x.toml:1: policy \"p\": services.clusters: has 101 entries, 100 are allowed",
    );
    refused(
        &POLICY.replace("\"p\"", &format!("\"{}\"", "p".repeat(101))),
        "x.toml:1: policy[0]: name: is longer than 100 characters",
    );
    let many = load_files(&[("x.toml", &"[[policy]]\n".repeat(1001))], &Sources::default());
    let many = many.unwrap_err();
    assert_eq!(many.iter().last().unwrap().message, "more than 1000 policies");
    let shown = many.to_string();
    assert!(shown.ends_with("\nand 2901 more"), "{shown}");
}
