//! The moto server, and how a fleet is put into it.
//!
//! moto never starts a task of a service: here they are faked by RunTask with the group and the
//! starter that ECS would give them.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::aws::{dynamodb, ecs, signed_for};
use super::http;
use super::process::Process;
use super::python::Python;

/// Every service that moto creates claims to have so many tasks running.
pub const RUNNING: u64 = 2;

/// One moto server. Its state is shared by all cases: each takes a cluster of its own name.
pub struct Moto {
    pub address: SocketAddr,
    process: Process,
    _logs: TempDir,
}

impl Moto {
    /// Starts moto on a free port.
    pub fn start(python: &Python) -> Self {
        let logs = tempfile::tempdir().expect("a temporary directory");
        let mut command = python.code(include_str!("moto.py"));
        command.args(["-H", "127.0.0.1", "-p", "0"]);
        command.env("MOTO_ECS_SERVICE_RUNNING", RUNNING.to_string());
        let mut process = Process::start("moto", logs.path(), &mut command);
        let address = process.until(60, "moto says where it listens", |moto| {
            let text = moto.stderr();
            let (_, rest) = text.split_once("Running on http://")?;
            rest.lines().next().filter(|_| rest.contains('\n'))?.trim().parse().ok()
        });
        // Otherwise each DescribeTasks brings the tasks nearer to their end.
        let manual = json!({
            "model_name": "ecs::task",
            "transition": { "progression": "manual", "times": 1_000_000 },
        });
        let path = "/moto-api/state-manager/set-transition";
        let answer = http::post(address, path, "", &manual.to_string()).expect("moto answers");
        assert_eq!(answer.status, 201, "{answer:?}");
        let moto = Self { address, process, _logs: logs };
        // It loads an API when it is first called, and on a busy machine keeps everybody else waiting
        // for longer than clients do.
        moto.ecs("ListClusters", &json!({}));
        moto.subnet();
        dynamodb(address, "ListTables", &json!({}));
        moto
    }

    /// Puts its clock ten minutes ahead, for everything in it.
    pub fn advance(&self) {
        self.process.signal("USR1");
    }

    /// Calls an ECS operation.
    #[track_caller]
    pub fn ecs(&self, operation: &str, input: &Value) -> Value {
        ecs(self.address, operation, input)
    }

    /// A new cluster.
    #[track_caller]
    pub fn cluster(&self, cluster: &str) {
        self.ecs("CreateCluster", &json!({ "clusterName": cluster }));
    }

    /// A Fargate service that claims [`RUNNING`] tasks and a completed deployment, and has no task
    /// at all.
    #[track_caller]
    pub fn service(&self, cluster: &str, name: &str) {
        self.create(cluster, name, "FARGATE", &json!([]));
    }

    /// The same behind a new target group that drains its targets for so many seconds.
    #[track_caller]
    pub fn balanced_service(&self, cluster: &str, name: &str, delay: u32) {
        let arn = self.target_group(name);
        self.elbv2(&format!(
            "Action=ModifyTargetGroupAttributes&TargetGroupArn={arn}\
             &Attributes.member.1.Key=deregistration_delay.timeout_seconds\
             &Attributes.member.1.Value={delay}"
        ));
        let balancer =
            json!([{ "targetGroupArn": arn, "containerName": "web", "containerPort": 80 }]);
        self.create(cluster, name, "FARGATE", &balancer);
    }

    /// The ARN of a new target group.
    #[track_caller]
    pub fn target_group(&self, name: &str) -> String {
        let group = self.elbv2(&format!(
            "Action=CreateTargetGroup&Name={name}&Protocol=HTTP&Port=80&TargetType=ip&VpcId={}",
            self.first_of("DescribeVpcs", "vpcId")
        ));
        within(&group, "TargetGroupArn").to_owned()
    }

    /// Registers an address with a target group.
    #[track_caller]
    pub fn register_target(&self, group: &str, address: &str) {
        self.elbv2(&format!(
            "Action=RegisterTargets&TargetGroupArn={group}&Targets.member.1.Id={address}"
        ));
    }

    #[track_caller]
    fn elbv2(&self, form: &str) -> String {
        let body = format!("{form}&Version=2015-12-01");
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        let head = format!("{kind}{}", signed_for("elasticloadbalancing"));
        let answer = http::post(self.address, "/", &head, &body).expect("moto answers");
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    }

    /// The same on machines of one's own.
    #[track_caller]
    pub fn ec2_service(&self, cluster: &str, name: &str) {
        self.create(cluster, name, "EC2", &json!([]));
    }

    #[track_caller]
    fn create(&self, cluster: &str, name: &str, launch_type: &str, balancers: &Value) {
        let container = json!({ "name": "web", "image": "busybox", "memory": 128 });
        let definition = json!({
            "family": name, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
            "cpu": "256", "memory": "512", "containerDefinitions": [container],
        });
        self.ecs("RegisterTaskDefinition", &definition);
        let service = json!({
            "cluster": cluster, "serviceName": name, "taskDefinition": name,
            "desiredCount": RUNNING, "launchType": launch_type, "loadBalancers": balancers,
        });
        self.ecs("CreateService", &service);
    }

    /// Tasks that look as if the service's deployment had started them.
    #[track_caller]
    pub fn tasks(&self, cluster: &str, service: &str) {
        let task = json!({
            "cluster": cluster, "taskDefinition": service, "count": RUNNING,
            "launchType": "FARGATE", "group": format!("service:{service}"),
            "startedBy": self.primary(cluster, service),
            "networkConfiguration": { "awsvpcConfiguration": {
                "subnets": [self.subnet()], "securityGroups": [],
            } },
        });
        let started = self.ecs("RunTask", &task);
        assert_eq!(started["tasks"].as_array().map(Vec::len), Some(RUNNING as usize));
    }

    /// The id of a service's only deployment.
    #[track_caller]
    pub fn primary(&self, cluster: &str, service: &str) -> String {
        let input = json!({ "cluster": cluster, "services": [service] });
        let answer = self.ecs("DescribeServices", &input);
        let id = &answer["services"][0]["deployments"][0]["id"];
        id.as_str().unwrap_or_else(|| panic!("no deployment: {answer}")).to_owned()
    }

    /// One of the subnets that moto begins with: it knows no others.
    pub fn subnet(&self) -> String {
        self.first_of("DescribeSubnets", "subnetId")
    }

    /// What EC2 has one of from the beginning on.
    fn first_of(&self, action: &str, element: &str) -> String {
        let body = format!("Action={action}&Version=2016-11-15");
        let answer =
            http::post(self.address, "/", &signed_for("ec2"), &body).expect("moto answers");
        within(&answer.body, element).to_owned()
    }
}

/// What the first element of that name holds.
#[track_caller]
fn within<'a>(xml: &'a str, element: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{element}>")).expect("it is there");
    rest.split('<').next().expect("a split has a first part")
}
