//! The description of a service to put into the world, with the defaults of a plain service.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::behaviour::Behaviour;
use super::configuration::{Alarms, Breaker, Canary, EarlySuccess, Linear};
use super::staged::Hook;
use crate::simulator::codedeploy::CodeDeploySpec;

/// How a service says where its tasks run. A real service reports either one, never both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// `launchType`: `FARGATE` or `EC2`.
    Type(String),
    /// `capacityProviderStrategy`: names of capacity providers, all of weight 1.
    CapacityProviders(Vec<String>),
}

impl Launch {
    /// The `launchType` that the tasks report. Those on Fargate's capacity providers report
    /// `FARGATE`, those on any other one `EC2`.
    pub(crate) fn of_tasks(&self) -> &str {
        match self {
            Launch::Type(kind) => kind,
            Launch::CapacityProviders(names) if names.iter().all(|n| n.starts_with("FARGATE")) => {
                "FARGATE"
            }
            Launch::CapacityProviders(_) => "EC2",
        }
    }
}

/// A service, described by a builder; see [`ServiceSpec::new`] for the defaults.
#[derive(Debug, Clone)]
pub struct ServiceSpec {
    pub(crate) cluster: String,
    pub(crate) name: String,
    pub(crate) desired: u32,
    pub(crate) task_ages: Vec<Duration>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) launch: Launch,
    pub(crate) minimum_healthy_percent: u32,
    pub(crate) maximum_percent: u32,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) deregistration_delay: Duration,
    pub(crate) stop_time: Duration,
    pub(crate) start_time: Duration,
    pub(crate) healthy_after: Duration,
    pub(crate) controller: Option<String>,
    pub(crate) strategy: Option<String>,
    pub(crate) bake_minutes: Option<u32>,
    pub(crate) linear: Option<Linear>,
    pub(crate) canary: Option<Canary>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) alarms: Option<Alarms>,
    pub(crate) early_success: Option<EarlySuccess>,
    pub(crate) rollback_fails: bool,
    pub(crate) pending_for: Duration,
    pub(crate) stage_time: Duration,
    pub(crate) load_balanced: bool,
    pub(crate) health_check_interval: Duration,
    pub(crate) healthy_threshold: u32,
    pub(crate) health_check_grace: Option<Duration>,
    pub(crate) short_arn: bool,
    pub(crate) next_revision: Behaviour,
    pub(crate) family: String,
    pub(crate) code_deploy: Option<Box<CodeDeploySpec>>,
    pub(crate) images: Vec<(String, String)>,
    pub(crate) unpinned: BTreeSet<String>,
    pub(crate) reports_platform_digest: bool,
    pub(crate) cpu_units: u32,
    pub(crate) subnets: Vec<String>,
    pub(crate) unhealthy_threshold: u32,
    pub(crate) slow_start: Duration,
}

impl ServiceSpec {
    /// One healthy Fargate task that is a day old; 100/200 percent; no circuit breaker; no load
    /// balancer; no `deploymentController` and no `strategy` member, as old services answer.
    pub fn new(cluster: &str, name: &str) -> Self {
        ServiceSpec {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            desired: 1,
            task_ages: vec![Duration::from_secs(86_400)],
            tags: BTreeMap::new(),
            launch: Launch::Type("FARGATE".to_owned()),
            minimum_healthy_percent: 100,
            maximum_percent: 200,
            breaker: None,
            deregistration_delay: Duration::ZERO,
            stop_time: Duration::from_secs(30),
            start_time: Duration::from_secs(20),
            healthy_after: Duration::from_secs(40),
            controller: None,
            strategy: None,
            bake_minutes: None,
            linear: None,
            canary: None,
            hooks: Vec::new(),
            alarms: None,
            early_success: None,
            rollback_fails: false,
            pending_for: Duration::ZERO,
            stage_time: Duration::from_secs(10),
            load_balanced: false,
            health_check_interval: Duration::from_secs(30),
            healthy_threshold: 5,
            health_check_grace: None,
            short_arn: false,
            next_revision: Behaviour::Healthy,
            family: name.to_owned(),
            code_deploy: None,
            images: Vec::new(),
            unpinned: BTreeSet::new(),
            reports_platform_digest: false,
            cpu_units: 256,
            subnets: vec!["subnet-0a1b2c3d4e5f60718".to_owned()],
            unhealthy_threshold: 2,
            slow_start: Duration::ZERO,
        }
    }

    /// How many tasks should run.
    pub fn desired(mut self, count: u32) -> Self {
        self.desired = count;
        self
    }

    /// How long ago all tasks and the PRIMARY deployment were created.
    pub fn task_age(mut self, age: Duration) -> Self {
        self.task_ages = vec![age];
        self
    }

    /// One age per task; also sets the desired count. The PRIMARY is as old as the oldest.
    pub fn task_ages(mut self, ages: Vec<Duration>) -> Self {
        self.desired = u32::try_from(ages.len()).unwrap_or(u32::MAX);
        self.task_ages = ages;
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets `launchType`, e.g. `FARGATE` (the default) or `EC2`.
    pub fn launch_type(mut self, launch_type: &str) -> Self {
        self.launch = Launch::Type(launch_type.to_owned());
        self
    }

    /// Sets a capacity provider strategy instead of a launch type.
    pub fn capacity_providers(mut self, names: &[&str]) -> Self {
        self.launch = Launch::CapacityProviders(names.iter().map(|n| (*n).to_owned()).collect());
        self
    }

    /// Sets `minimumHealthyPercent` and `maximumPercent`.
    pub fn percents(mut self, minimum_healthy: u32, maximum: u32) -> Self {
        self.minimum_healthy_percent = minimum_healthy;
        self.maximum_percent = maximum;
        self
    }

    /// How long a stopping task stays DEACTIVATING; above zero the service has a target group.
    pub fn deregistration_delay(mut self, delay: Duration) -> Self {
        self.deregistration_delay = delay;
        self
    }

    /// How long a task stays STOPPING, from SIGTERM until its containers have exited.
    pub fn stop_time(mut self, time: Duration) -> Self {
        self.stop_time = time;
        self
    }

    /// How long a launched task takes from PROVISIONING to RUNNING.
    pub fn start_time(mut self, time: Duration) -> Self {
        self.start_time = time;
        self
    }

    /// How long after RUNNING a task counts as healthy; ECS takes 40 s where nothing checks it.
    pub fn healthy_after(mut self, time: Duration) -> Self {
        self.healthy_after = time;
        self
    }

    /// Sets `deploymentController.type`: `ECS`, `CODE_DEPLOY` or `EXTERNAL`. No
    /// application of AWS CodeDeploy knows the service; see [`ServiceSpec::code_deploy`].
    pub fn controller(mut self, kind: &str) -> Self {
        self.controller = Some(kind.to_owned());
        self
    }

    /// Gives the service the ARN format of before 2018, which cannot carry tags.
    pub fn short_arn(mut self, short: bool) -> Self {
        self.short_arn = short;
        self
    }

    /// How the tasks of deployments behave that start from now on.
    pub fn next_revision(mut self, behaviour: Behaviour) -> Self {
        self.next_revision = behaviour;
        self
    }

    /// The task definition family (by default the service's name); revision 1 is registered.
    pub fn family(mut self, family: &str) -> Self {
        self.family = family.to_owned();
        self
    }

    /// Adds a container, beside those added before, with the image that it runs. Without any there is one
    /// of the family's name, whose image is in no registry that is simulated. A family that was there before
    /// the service keeps its own.
    pub fn image(mut self, container: &str, reference: &str) -> Self {
        self.images.push((container.to_owned(), reference.to_owned()));
        self
    }

    /// Lets a container have `versionConsistency` `disabled`: every task pulls its tag anew.
    pub fn unpinned(mut self, container: &str) -> Self {
        self.unpinned.insert(container.to_owned());
        self
    }

    /// Whether tasks report the digest of what really runs for their platform where a reference leads to an
    /// index; otherwise that of the index.
    pub fn reports_platform_digest(mut self, reports: bool) -> Self {
        self.reports_platform_digest = reports;
        self
    }

    /// Sets the `cpu` of a task: 1024 units are one vCPU.
    pub fn cpu_units(mut self, units: u32) -> Self {
        self.cpu_units = units;
        self
    }

    /// Sets the subnets of the tasks; each of them is there as soon as a service names it.
    pub fn subnets(mut self, subnets: &[&str]) -> Self {
        self.subnets = subnets.iter().map(|subnet| (*subnet).to_owned()).collect();
        self
    }
}
