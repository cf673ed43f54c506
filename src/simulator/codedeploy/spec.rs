//! The description of a service's application and deployment group in AWS CodeDeploy.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::traffic::TrafficRouting;
use crate::simulator::ecs::ServiceSpec;

/// How long a function of a hook takes that says nothing else.
const FUNCTION_TIME: Duration = Duration::from_secs(10);

/// Where the AppSpec of a deployment comes from: `revisionType`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    AppSpecContent,
    RawString,
    S3 { bucket: String, key: String },
}

/// How the AppSpec is written, if it says nothing special.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Text {
    Json,
    Yaml,
    /// Anything, even no AppSpec at all.
    Given(String),
}

/// What becomes of a function that an AppSpec names for a lifecycle event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleHook {
    pub(crate) event: String,
    /// None is never.
    pub(crate) answers_after: Option<Duration>,
    pub(crate) fails: bool,
}

impl LifecycleHook {
    /// A Lambda function at an event, e.g. `AfterInstall`, that succeeds after ten seconds.
    pub fn at(event: &str) -> Self {
        let event = event.to_owned();
        LifecycleHook { event, answers_after: Some(FUNCTION_TIME), fails: false }
    }

    /// How long it takes.
    pub fn takes(mut self, time: Duration) -> Self {
        self.answers_after = Some(time);
        self
    }

    /// It never answers.
    pub fn hangs(mut self) -> Self {
        self.answers_after = None;
        self
    }

    /// It fails.
    pub fn fails(mut self) -> Self {
        self.fails = true;
        self
    }
}

/// `autoRollbackConfiguration`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AutoRollback {
    pub(crate) enabled: bool,
    pub(crate) events: Vec<String>,
}

/// An application with a deployment group for one service; see [`CodeDeploySpec::new`] for the
/// defaults.
#[derive(Debug, Clone)]
pub struct CodeDeploySpec {
    pub(crate) application: String,
    pub(crate) group: String,
    pub(crate) text: Text,
    pub(crate) source: Source,
    pub(crate) deployed: bool,
    pub(crate) revision_deleted: bool,
    pub(crate) routing: TrafficRouting,
    pub(crate) termination_wait_minutes: u32,
    pub(crate) ready_wait_minutes: Option<u32>,
    pub(crate) hooks: Vec<LifecycleHook>,
    pub(crate) test_listener: bool,
    pub(crate) auto_rollback: AutoRollback,
    pub(crate) alarms: Vec<String>,
    pub(crate) bakes: bool,
}

impl CodeDeploySpec {
    /// One deployment has succeeded, with an AppSpec in JSON that was part of the request. All
    /// traffic shifts at once, without waiting for anybody; the old tasks are kept for five
    /// minutes; no hooks, no test listener, no alarms, no automatic rollback.
    pub fn new(application: &str, group: &str) -> Self {
        CodeDeploySpec {
            application: application.to_owned(),
            group: group.to_owned(),
            text: Text::Json,
            source: Source::AppSpecContent,
            deployed: true,
            revision_deleted: false,
            routing: TrafficRouting::AllAtOnce,
            termination_wait_minutes: 5,
            ready_wait_minutes: None,
            hooks: Vec::new(),
            test_listener: false,
            auto_rollback: AutoRollback::default(),
            alarms: Vec::new(),
            bakes: false,
        }
    }

    /// The last AppSpec is this text, whatever it says.
    pub fn app_spec(mut self, text: &str) -> Self {
        self.text = Text::Given(text.to_owned());
        self
    }

    /// The last AppSpec was written in YAML.
    pub fn yaml(mut self) -> Self {
        self.text = Text::Yaml;
        self
    }

    /// The last revision is of the type `String`, as deployments to AWS Lambda have it.
    pub fn raw_string(mut self) -> Self {
        self.source = Source::RawString;
        self
    }

    /// The last revision is an object in Amazon S3.
    pub fn s3(mut self, bucket: &str, key: &str) -> Self {
        self.source = Source::S3 { bucket: bucket.to_owned(), key: key.to_owned() };
        self
    }

    /// Nothing was deployed yet: the service's task set is its first one, which Amazon ECS made.
    pub fn never_deployed(mut self) -> Self {
        self.deployed = false;
        self
    }

    /// The last revision is no longer there.
    pub fn revision_deleted(mut self) -> Self {
        self.revision_deleted = true;
        self
    }

    /// How traffic shifts.
    pub fn traffic(mut self, routing: TrafficRouting) -> Self {
        self.routing = routing;
        self
    }

    /// How long the old tasks are kept after all traffic has shifted.
    pub fn termination_wait(mut self, minutes: u32) -> Self {
        self.termination_wait_minutes = minutes;
        self
    }

    /// Deployments are Ready and wait for somebody before traffic shifts, and are stopped when
    /// nobody lets them go on for this long: `STOP_DEPLOYMENT`.
    pub fn ready_wait(mut self, minutes: u32) -> Self {
        self.ready_wait_minutes = Some(minutes);
        self
    }

    /// The last AppSpec names a function for an event. A function of the same event in any other
    /// AppSpec behaves like it. One at `AfterAllowTestTraffic` needs a test listener, which it adds.
    pub fn hook(mut self, hook: LifecycleHook) -> Self {
        self.test_listener |= hook.event == "AfterAllowTestTraffic";
        self.hooks.push(hook);
        self
    }

    /// Lets these events roll a deployment back: `DEPLOYMENT_FAILURE`, `DEPLOYMENT_STOP_ON_ALARM`,
    /// `DEPLOYMENT_STOP_ON_REQUEST`.
    pub fn auto_rollback(mut self, events: &[&str]) -> Self {
        let events = events.iter().map(|event| (*event).to_owned()).collect();
        self.auto_rollback = AutoRollback { enabled: true, events };
        self
    }

    /// Lets these CloudWatch alarms of the service stop deployments.
    pub fn alarms(mut self, names: &[&str]) -> Self {
        self.alarms = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// Deployments are `Baking`, no longer `InProgress`, while they keep the old tasks. What that
    /// status stands for is not documented; this is the one time that fits the word.
    pub fn bakes(mut self) -> Self {
        self.bakes = true;
        self
    }

    /// The text of the last AppSpec.
    pub(crate) fn text_for(&self, task_definition: &str, container: &str) -> String {
        match &self.text {
            Text::Json => json_text(task_definition, container, &self.functions()),
            Text::Yaml => yaml_text(task_definition, container, &self.functions()),
            Text::Given(text) => text.clone(),
        }
    }

    /// The functions that the AppSpec names, by event.
    pub(crate) fn functions(&self) -> BTreeMap<String, String> {
        let named = self.hooks.iter().map(|hook| hook.event.clone());
        named.map(|event| (event.clone(), format!("{}-{event}", self.group))).collect()
    }
}

impl ServiceSpec {
    /// Lets AWS CodeDeploy deploy the service, which then has a load balancer.
    pub fn code_deploy(self, spec: CodeDeploySpec) -> Self {
        let mut service = self.controller("CODE_DEPLOY").load_balancer();
        service.code_deploy = Some(Box::new(spec));
        service
    }
}

/// A plain AppSpec in JSON.
pub(crate) fn json_text(
    task_definition: &str,
    container: &str,
    functions: &BTreeMap<String, String>,
) -> String {
    let balancer = json!({ "ContainerName": container, "ContainerPort": 8080 });
    let properties = json!({ "TaskDefinition": task_definition, "LoadBalancerInfo": balancer });
    let service = json!({ "Type": "AWS::ECS::Service", "Properties": properties });
    let mut spec = json!({ "version": 0.0, "Resources": [{ "TargetService": service }] });
    if !functions.is_empty() {
        let hooks = functions.iter().map(|(event, function)| json!({ event: function }));
        spec["Hooks"] = Value::Array(hooks.collect());
    }
    spec.to_string()
}

fn yaml_text(
    task_definition: &str,
    container: &str,
    functions: &BTreeMap<String, String>,
) -> String {
    let mut text = format!(
        "# What is deployed\n\
         version: 0.0\n\
         Resources:\n  \
         - TargetService:\n      \
             Type: AWS::ECS::Service\n      \
             Properties:\n        \
               TaskDefinition: \"{task_definition}\"\n        \
               LoadBalancerInfo:\n          \
                 ContainerName: {container}\n          \
                 ContainerPort: 8080\n"
    );
    if !functions.is_empty() {
        text.push_str("Hooks:\n");
    }
    for (event, function) in functions {
        text.push_str(&format!("  - {event}: \"{function}\"\n"));
    }
    text
}
