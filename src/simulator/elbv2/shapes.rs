//! What Elastic Load Balancing shows of target groups and of what is registered in them.

use serde_json::{Value, json};

use crate::simulator::ecs::{Balanced, TargetState};

/// The port that all containers listen on.
const PORT: u16 = 8080;

/// A target group of IP addresses behind an Application Load Balancer.
pub(super) fn target_group(group: &Balanced) -> Value {
    json!({
        "TargetGroupArn": group.arn,
        "TargetGroupName": group.name(),
        "Protocol": "HTTP",
        "Port": PORT,
        "VpcId": "vpc-0a1b2c3d4e5f60718",
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": group.health_check_interval.as_secs(),
        "HealthCheckTimeoutSeconds": 5,
        "HealthyThresholdCount": group.healthy_threshold,
        "UnhealthyThresholdCount": group.unhealthy_threshold,
        "HealthCheckPath": "/",
        "Matcher": { "HttpCode": "200" },
        "LoadBalancerArns": [],
        "TargetType": "ip",
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    })
}

pub(super) fn attributes(group: &Balanced) -> Value {
    let delay = group.deregistration_delay.as_secs().to_string();
    let slow_start = group.slow_start.as_secs().to_string();
    [
        ("deregistration_delay.timeout_seconds", delay.as_str()),
        ("slow_start.duration_seconds", slow_start.as_str()),
        ("stickiness.enabled", "false"),
        ("load_balancing.algorithm.type", "round_robin"),
    ]
    .map(|(key, value)| json!({ "Key": key, "Value": value }))
    .into_iter()
    .collect()
}

pub(super) fn health(group: &Balanced) -> Value {
    let target = |(id, state): &(u128, TargetState)| {
        let health = match state {
            TargetState::Healthy => json!({ "State": "healthy" }),
            TargetState::Initial => json!({
                "State": "initial",
                "Reason": "Elb.InitialHealthChecking",
                "Description": "Initial health checks in progress",
            }),
            TargetState::Unhealthy => json!({
                "State": "unhealthy",
                "Reason": "Target.ResponseCodeMismatch",
                "Description": "Health checks failed with these codes: [502]",
            }),
            TargetState::Draining => json!({
                "State": "draining",
                "Reason": "Target.DeregistrationInProgress",
                "Description": "Target deregistration is in progress",
            }),
        };
        let [.., third, second, first] = id.to_be_bytes();
        json!({
            "Target": { "Id": format!("10.{third}.{second}.{first}"), "Port": PORT,
                "AvailabilityZone": "eu-central-1a" },
            "HealthCheckPort": PORT.to_string(),
            "TargetHealth": health,
        })
    };
    group.targets.iter().map(target).collect()
}
