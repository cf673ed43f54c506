//! What the command prints, and what it makes of a look.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::known::{Known, Sources};
use super::{document, text};
use crate::aws::{AwsMetrics, Ecs, sdk_config_in_process};
use crate::clock::{Clock, Time};
use crate::metrics::Metrics;
use crate::plan::fleet::TaskId;
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{Ended, EndedBy, Notices, Raised, Retirement, TaskSample};
use crate::reconciler::metrics::fixture::{
    cluster, fleet, notices, now, page, policies, service, status_remembering,
};
use crate::simulator::{Options, ServiceSpec, Simulator};

const ARN: &str = "arn:aws:health:ap-northeast-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT";

fn hours_ago(hours: i64) -> Time {
    now() - TimeDelta::hours(hours)
}

fn sample(number: u128, created_at: Time) -> TaskSample {
    TaskSample::of([(TaskId::plain(number), created_at)].into_iter())
}

/// What was remembered of the notice named `event`, or of none.
fn retirement(event: Option<&str>, ended: Option<EndedBy>) -> Retirement {
    let key = |event: &str| page(event, None, &[]).key.event;
    let after = sample(0xb, hours_ago(10));
    Retirement {
        event: event.map(key),
        noticed_at: hours_ago(30),
        before: sample(0xa, hours_ago(200)),
        raised: None,
        ended: ended.map(|by| Ended { by, at: hours_ago(9), after }),
    }
}

fn ledger(notices: Notices, remembered: Vec<(&str, &str, Retirement)>) -> Ledger {
    let mut ledger = Ledger { notices, ..Ledger::default() };
    for (in_cluster, name, retirement) in remembered {
        let key = ServiceKey::new(&cluster(in_cluster), name);
        let record: &mut Record = ledger.records.entry(key).or_default();
        record.retirements.push(retirement);
    }
    ledger
}

/// As after a look at the fleet of the metrics' tests.
fn known(ledger: Ledger) -> Known {
    let status = status_remembering(policies(), &fleet(), ledger.clone());
    let queue_url = Some("https://sqs.ap-northeast-1.amazonaws.com/123456789012/q".to_owned());
    Known { now: now(), status, ledger, sources: Sources { queue_url, health: true }, unseen: None }
}

fn evidence() -> Ledger {
    let reopened = Retirement {
        raised: Some(Raised {
            cutoff: hours_ago(20),
            task: TaskId::plain(0xc),
            stopped_at: hours_ago(2),
        }),
        ..retirement(Some("first"), None)
    };
    ledger(
        notices(),
        vec![
            ("prd", "api-new", retirement(Some("first"), Some(EndedBy::Refresh))),
            ("prd", "api-old", reopened),
            ("prd", "batch", retirement(None, Some(EndedBy::Aws))),
            ("prd", "batch", retirement(Some("forgotten"), Some(EndedBy::ScaledToZero))),
        ],
    )
}

fn printed(known: &Known) -> String {
    let mut out = Vec::new();
    text::write(known, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn written(known: &Known) -> Value {
    let mut out = Vec::new();
    document::write(known, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn every_notice_is_told_with_its_services_their_states_and_the_evidence() {
    let text = printed(&known(evidence()));
    assert_eq!(
        text.replace(ARN, "ARN"),
        "\
retirement at Fri 2026-12-04 01:00 UTC, in 4d (upcoming)
  ARN/first
  account 123456789012 in ap-northeast-1, received Sat 2026-11-28 14:00 UTC, about tasks created until Sat 2026-11-28 13:00 UTC
  SERVICE      POLICY   STATE                     BEFORE                                   AFTER
  dev/tool     watched  waiting, at risk          -                                        -
  prd/api-new  nightly  satisfied by our refresh  1 task, oldest Sat 2026-11-21 17:00 UTC  1 task, oldest Sun 2026-11-29 15:00 UTC
  prd/api-old  nightly  waiting                   1 task, oldest Sat 2026-11-21 17:00 UTC  -
  prd/worker   anytime  refreshing                -                                        -
  stg/legacy   -        unmanaged                 -                                        -
  prd/api-old: AWS stopped task 0000000000000000000000000000000c on Sun 2026-11-29 23:00 UTC, though it was created on Sun 2026-11-29 05:00 UTC, after the notice
  TASK                              CLUSTER  STATE       STARTED BY
  00000000000000000000000000000001  jobs     standalone  started by nightly-import, group family:import
  00000000000000000000000000000002  jobs     standalone  nobody said who started it
  00000000000000000000000000000003  jobs     gone        -
  00000000000000000000000000000004  -        unknown     -

retirement at Sun 2026-12-06 01:00 UTC, in 6d (upcoming)
  ARN/second
  account 123456789012 in ap-northeast-1, received Sat 2026-11-28 14:00 UTC, about tasks created until Sat 2026-11-28 13:00 UTC
  SERVICE      POLICY   STATE      BEFORE  AFTER
  prd/api-old  nightly  waiting    -       -
  stg/legacy   -        unmanaged  -       -
  stg/other    -        unmanaged  -       -

retirement at a time that AWS has not said (upcoming)
  ARN/undated
  account 123456789012 in ap-northeast-1, received Sat 2026-11-28 14:00 UTC, about tasks created until Sat 2026-11-28 13:00 UTC
  SERVICE    POLICY   STATE    BEFORE  AFTER
  prd/batch  anytime  waiting  -       -
  shadow: a service of a cluster that AWS did not name
  not understood: eventDescription: on some day

retirement at Tue 2026-12-01 01:00 UTC (closed)
  ARN/over
  account 123456789012 in ap-northeast-1, received Sat 2026-11-28 14:00 UTC, about tasks created until Sat 2026-11-28 13:00 UTC
  SERVICE  POLICY  STATE   BEFORE  AFTER
  stg/old  -       closed  -       -
  TASK                              CLUSTER  STATE    STARTED BY
  00000000000000000000000000000005  jobs     unknown  -

seen, but never announced: check the queue set-up
  SERVICE    POLICY   SEEN                      BEFORE                                   AFTER
  prd/batch  anytime  Sat 2026-11-28 19:00 UTC  1 task, oldest Sat 2026-11-21 17:00 UTC  1 task, oldest Sun 2026-11-29 15:00 UTC

of notices that are long over
  SERVICE    POLICY   SEEN                      BEFORE                                   AFTER
  prd/batch  anytime  Sat 2026-11-28 19:00 UTC  1 task, oldest Sat 2026-11-21 17:00 UTC  1 task, oldest Sun 2026-11-29 15:00 UTC

notices come from the queue https://sqs.ap-northeast-1.amazonaws.com/123456789012/q ([events]) and the AWS Health API ([health])
"
    );
}

#[test]
fn where_nothing_is_known_it_says_where_notices_come_from() {
    let url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q";
    let nowhere = "no retirement notice is known; notices come from nowhere: set queue_url in \
                   [events] or poll = true in [health] in the configuration\n";
    let queue =
        format!("no retirement notice is known; notices come from the queue {url} ([events])\n");
    let both = format!(
        "no retirement notice is known; notices come from the queue {url} ([events]) and the AWS \
         Health API ([health])\n"
    );
    for (queue_url, health, expected) in
        [(None, false, nowhere), (Some(url), false, &queue), (Some(url), true, &both)]
    {
        let sources = Sources { queue_url: queue_url.map(str::to_owned), health };
        let known = Known { sources, ..known(Ledger::default()) };
        assert_eq!(printed(&known), expected);
    }
}

#[test]
fn the_document_has_all_the_evidence() {
    let document = written(&known(evidence()));
    assert_eq!(document["schema_version"], 1);
    let events: Vec<&str> = document["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|notice| notice["event_arn"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    assert_eq!(events, ["first", "second", "undated", "over"]);
    let tasks = |id: u32, at: &str| json!({"count": 1, "tasks": [{"task": format!("{id:032x}"), "created_at": at}]});
    let services = &document["notices"][0]["services"];
    assert_eq!(
        services[1],
        json!({
            "region": "ap-northeast-1", "account": "123456789012", "cluster": "prd",
            "service": "api-new", "policy": "nightly", "state": "satisfied_by_refresh",
            "at_risk": false,
            "evidence": {
                "noticed_at": "2026-11-28T19:00:00Z",
                "before": tasks(0xa, "2026-11-21T17:00:00Z"),
                "raised": null,
                "ended": {
                    "by": "refresh", "at": "2026-11-29T16:00:00Z",
                    "after": tasks(0xb, "2026-11-29T15:00:00Z"),
                },
            },
        })
    );
    assert_eq!(
        services[2]["evidence"]["raised"],
        json!({
            "cutoff": "2026-11-29T05:00:00Z", "task": format!("{:032x}", 0xc),
            "stopped_at": "2026-11-29T23:00:00Z",
        })
    );
    assert_eq!(services[0]["evidence"], Value::Null);
    let unannounced = document["unannounced"].as_array().unwrap();
    let arns: Vec<&Value> = unannounced.iter().map(|one| &one["event_arn"]).collect();
    assert_eq!(arns, [&Value::Null, &json!(format!("{ARN}/forgotten"))]);
    assert_eq!(unannounced[0]["policy"], "anytime");
    assert_eq!(unannounced[0]["evidence"]["ended"]["by"], "aws");
}

/// A fleet whose tasks are two days old, and somebody to ask about it.
fn simulated(clock: &Clock) -> (Simulator, Ecs) {
    let options = Options { region: "ap-northeast-1".to_owned(), ..Options::default() };
    let simulator = Simulator::new(clock.time_source(), options);
    for name in ["api-old", "batch"] {
        let age = Duration::from_secs(2 * 86_400);
        simulator.add_service(ServiceSpec::new("prd", name).desired(2).task_age(age));
    }
    simulator.add_service(ServiceSpec::new("dev", "tool").desired(1));
    let metrics = AwsMetrics::register(&Metrics::new());
    let sdk = sdk_config_in_process("ap-northeast-1", simulator.http_client(), clock);
    let ecs = Ecs::new(&sdk, clock.clone(), 1.0, metrics);
    (simulator, ecs)
}

fn ahead() -> Ledger {
    let named = ["api-old", "batch"].map(|name| service("prd", name));
    let named = [&named[..], &[service("stg", "legacy"), service("prd", "lost")]].concat();
    let mut notices = Notices::default();
    notices.insert(page("first", Some(now() + TimeDelta::days(4)), &named));
    ledger(notices, Vec::new())
}

fn states(known: &Known) -> Vec<(String, String, bool)> {
    let document = written(known);
    let services = document["notices"][0]["services"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let state =
        |one: &Value| (text(&one["service"]), text(&one["state"]), !one["evidence"].is_null());
    services.iter().map(state).collect()
}

#[tokio::test(start_paused = true)]
async fn one_look_makes_states_and_evidence_current() {
    let clock = Clock::tokio_from(now());
    let (simulator, ecs) = simulated(&clock);
    // Nothing is stored, so a dry run sees as much.
    let mut policies = policies();
    policies.dry_run = true;
    let known = Known::new(policies, Ok(ecs), ahead(), Sources::default(), &clock).await;
    assert_eq!(known.unseen, None);
    let of = |name: &str, state: &str, evidence| (name.to_owned(), state.to_owned(), evidence);
    assert_eq!(
        states(&known),
        [
            of("api-old", "waiting", true),
            of("batch", "waiting", true),
            of("lost", "gone", false),
            of("legacy", "unmanaged", false),
        ]
    );
    let key = ServiceKey::new(&ClusterKey::new("ap-northeast-1", "123456789012", "prd"), "api-old");
    let event = page("first", None, &[]).key.event;
    assert_eq!(known.evidence(&event, &key).unwrap().before.count, 2);
    assert_eq!(simulator.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_look_states_are_as_remembered() {
    let clock = Clock::tokio_from(now());
    let mut ledger = ahead();
    let key = ServiceKey::new(&cluster("prd"), "batch");
    let done = retirement(Some("first"), Some(EndedBy::Deploy));
    ledger.records.entry(key).or_default().retirements.push(done);
    let ecs = Err("no region is known".to_owned());
    let known = Known::new(policies(), ecs, ledger, Sources::default(), &clock).await;
    assert_eq!(known.unseen.as_deref(), Some("no region is known"));
    let of = |name: &str, state: &str, evidence| (name.to_owned(), state.to_owned(), evidence);
    assert_eq!(
        states(&known),
        [
            of("api-old", "unseen", false),
            of("batch", "satisfied_by_deploy", true),
            of("lost", "unseen", false),
            of("legacy", "unmanaged", false),
        ]
    );
    let document = written(&known);
    assert_eq!(document["looked_at"], Value::Null);
    assert_eq!(document["problems"], json!(["no region is known"]));
    assert!(printed(&known).contains("prd/api-old  -       not seen yet "), "{}", printed(&known));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_where_no_notice_is_known() {
    let clock = Clock::tokio_from(now());
    let (simulator, ecs) = simulated(&clock);
    let known =
        Known::new(policies(), Ok(ecs), Ledger::default(), Sources::default(), &clock).await;
    assert_eq!((known.unseen, simulator.calls().len()), (None, 0));
}
