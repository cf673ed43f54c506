//! Looks through the real SDK at a fake fleet, on paused time.

mod cluster;
mod services;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::Observer;
use crate::aws::testing::{ARN, Call, FakeAws, Reply, service_json, task_json};

const READS: [&str; 4] = ["ListServices", "DescribeServices", "ListTasks", "DescribeTasks"];

/// What the fake ECS holds in its one cluster.
#[derive(Default)]
struct Fleet {
    services: BTreeMap<String, Value>,
    tasks: BTreeMap<u128, Value>,
    denied: BTreeSet<String>,
    /// Services whose name alone makes DescribeServices fail.
    odd: BTreeSet<String>,
    /// Operations that fail, and with which code.
    failing: BTreeMap<&'static str, &'static str>,
    /// How many names a page of a listing holds.
    page: usize,
}

/// An observer of a fleet of `services` services and `tasks` tasks, which tests may change.
async fn fleet_of(services: usize, tasks: usize) -> (Arc<Mutex<Fleet>>, FakeAws, Observer) {
    let name = |n: usize| format!("svc-{n:04}");
    let fleet = Fleet {
        services: (0..services).map(|n| (name(n), service_json(&name(n)))).collect(),
        tasks: (0..tasks)
            .map(|n| (n as u128, task_json(n as u128, &name(n % services.max(1)))))
            .collect(),
        page: 100,
        ..Fleet::default()
    };
    let fleet = Arc::new(Mutex::new(fleet));
    let aws = FakeAws::new({
        let fleet = Arc::clone(&fleet);
        move |call| fleet.lock().unwrap().answer(call)
    });
    let observer = Observer::new(aws.connect().await);
    (fleet, aws, observer)
}

impl Fleet {
    fn answer(&self, call: &Call) -> Reply {
        if let Some(code) = self.failing.get(call.operation.as_str()) {
            return Reply::error(code, "it fails");
        }
        match call.operation.as_str() {
            "ListServices" => {
                let rest = self.services.range(call.text("nextToken").to_owned()..);
                let names = rest.map(|(name, _)| name.clone());
                self.page(call, "serviceArns", names, |name| format!("{ARN}:service/prd/{name}"))
            }
            "ListTasks" => {
                let group = format!("service:{}", call.text("serviceName"));
                let stopped = call.text("desiredStatus") == "STOPPED";
                let wanted = |task: &Value| {
                    (call.text("serviceName").is_empty() || task["group"] == group.as_str())
                        && (task["lastStatus"] == "STOPPED") == stopped
                };
                let rest = self.tasks.range(call.text("nextToken").parse().unwrap_or(0)..);
                let ids = rest.filter(|(_, task)| wanted(task)).map(|(id, _)| *id);
                self.page(call, "taskArns", ids, |id| format!("{ARN}:task/prd/{id:032x}"))
            }
            "DescribeServices" => self.describe_services(call),
            "DescribeTasks" => {
                let asked = call.texts("tasks");
                assert!(!asked.is_empty() && asked.len() <= 100, "{}", asked.len());
                let id = |text: &String| u128::from_str_radix(text, 16).unwrap();
                let found: Vec<_> = asked.iter().filter_map(|t| self.tasks.get(&id(t))).collect();
                let missing = asked.iter().filter(|t| !self.tasks.contains_key(&id(t)));
                let missing: Vec<_> = missing
                    .map(|t| json!({ "arn": format!("{ARN}:task/prd/{t}"), "reason": "MISSING" }))
                    .collect();
                Reply::ok(json!({ "tasks": found, "failures": missing }))
            }
            "GetTaskProtection" => Reply::ok(json!({ "protectedTasks": [], "failures": [] })),
            other => panic!("{other} was sent"),
        }
    }

    fn describe_services(&self, call: &Call) -> Reply {
        let asked = call.texts("services");
        assert!(!asked.is_empty() && asked.len() <= 10, "{}", asked.len());
        assert_eq!(call.texts("include"), ["TAGS"]);
        if asked.iter().any(|name| self.denied.contains(name)) {
            return Reply::error("AccessDeniedException", "not authorized");
        }
        if asked.iter().any(|name| self.odd.contains(name)) {
            return Reply::error("InvalidParameterException", "odd name");
        }
        let found: Vec<_> = asked.iter().filter_map(|name| self.services.get(name)).collect();
        let missing: Vec<_> = asked
            .iter()
            .filter(|name| !self.services.contains_key(*name))
            .map(|name| json!({ "arn": format!("{ARN}:service/{name}"), "reason": "MISSING" }))
            .collect();
        Reply::ok(json!({ "services": found, "failures": missing }))
    }

    /// A page of a listing; the next one's token is the first name that did not fit.
    fn page<K: ToString>(
        &self,
        call: &Call,
        member: &str,
        mut rest: impl Iterator<Item = K>,
        arn: impl Fn(K) -> String,
    ) -> Reply {
        assert_eq!(call.body["maxResults"], 100);
        assert_eq!(call.text("cluster"), "prd");
        let items: Vec<_> = rest.by_ref().take(self.page).map(arn).collect();
        let next = rest.next().map(|name| name.to_string());
        Reply::ok(json!({ member: items, "nextToken": next }))
    }
}
