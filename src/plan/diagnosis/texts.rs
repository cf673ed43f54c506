//! What ECS means by its texts for people: `stoppedReason`, the reasons of containers, service events
//! and the reasons of deployments.
//!
//! Sources: Amazon ECS developer guide, "Service event messages", "CannotPullContainer task errors",
//! "ResourceInitializationError errors" and "TaskFailedToStart errors", and what services have been
//! seen to say. A text is matched by a part of it, whatever comes before and however it is
//! capitalised: prefixes differ between platform versions and change.

use super::finding::Finding;
use crate::plan::words::one_line;

/// So much of a text is looked at and quoted. What comes from AWS is bounded already.
pub(super) const QUOTE_MAX_CHARS: usize = 300;

/// What a text tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    ImagePull,
    Secret,
    NoIpAddress,
    VcpuQuota,
    NoCapacity,
    ContainerHealthCheck,
    LoadBalancerHealthCheck,
    Percentages,
    ProtectedTasks,
    Throttled,
}

/// A text that contains `part`, in lower case, and none of `but`.
struct Rule {
    part: &'static str,
    but: &'static [&'static str],
    meaning: Meaning,
}

const fn says(part: &'static str, meaning: Meaning) -> Rule {
    Rule { part, but: &[], meaning }
}

/// The first that applies counts. Those about the login to a registry come before those about
/// secrets: ECS tells of both as "unable to pull secrets or registry auth".
const RULES: &[Rule] = &[
    says("cannotpull", Meaning::ImagePull),
    says("retrieve ecr registry auth", Meaning::ImagePull),
    says("pull registry auth from amazon ecr", Meaning::ImagePull),
    says("unable to retrieve secret", Meaning::Secret),
    says("can't retrieve the secret", Meaning::Secret),
    says("failed to fetch secret", Meaning::Secret),
    says("registry auth from asm", Meaning::Secret),
    says("invalid ssm parameters", Meaning::Secret),
    says("unable to pull secrets", Meaning::Secret),
    says("insufficientfreeaddresses", Meaning::NoIpAddress),
    says("insufficient free addresses", Meaning::NoIpAddress),
    says("no available ip address", Meaning::NoIpAddress),
    says("enough free addresses", Meaning::NoIpAddress),
    says("enough free ip addresses", Meaning::NoIpAddress),
    says("resource:eni", Meaning::NoIpAddress),
    // The guide explains it by a lack of addresses; where EC2 says something else, that counts.
    Rule {
        part: "attempting to create network interface",
        but: &["authfailure", "unauthorized", "accessdenied", "policyviolation", "invalid"],
        meaning: Meaning::NoIpAddress,
    },
    says("number of vcpus you can run", Meaning::VcpuQuota),
    says("number of tasks you can run", Meaning::VcpuQuota),
    says("configuration is above your limit", Meaning::VcpuQuota),
    says("capacity is unavailable at this time", Meaning::NoCapacity),
    says("resource:fargate", Meaning::NoCapacity),
    says("spot task was interrupted", Meaning::NoCapacity),
    says("failed container health checks", Meaning::ContainerHealthCheck),
    says("failed elb health checks", Meaning::LoadBalancerHealthCheck),
    says("is unhealthy in", Meaning::LoadBalancerHealthCheck),
    says("is not healthy in", Meaning::LoadBalancerHealthCheck),
    says("of the service deployment configuration", Meaning::Percentages),
    says("tasks under protection", Meaning::ProtectedTasks),
    says("number of protected tasks", Meaning::ProtectedTasks),
    says("operations are being throttled", Meaning::Throttled),
    says("tasks provisioning capacity limit was exceeded", Meaning::Throttled),
];

/// The texts that ECS writes whenever all is well.
const ROUTINE: &[&str] = &[
    "has reached a steady state",
    "has started ",
    "has stopped ",
    " pending tasks",
    " targets in ",
    "has begun draining",
    "deployment completed",
    "scaling activity",
];

/// What a text tells of, with what only the texts say. The caller adds what it knows better.
pub(super) fn read(text: &str) -> Option<Finding> {
    let said = quote(text);
    // Both forms of the apostrophe are in use. The quote is in the one of the text.
    let lower = said.to_lowercase().replace('\u{2019}', "'");
    let applies =
        |rule: &&Rule| lower.contains(rule.part) && !rule.but.iter().any(|but| lower.contains(but));
    Some(match RULES.iter().find(applies)?.meaning {
        Meaning::ImagePull => Finding::ImagePull { said },
        Meaning::Secret => Finding::Secret { said },
        Meaning::NoIpAddress => Finding::NoIpAddress { said },
        Meaning::VcpuQuota => Finding::VcpuQuota { said },
        Meaning::NoCapacity => Finding::NoCapacity { spot: is_about_spot(&lower), said },
        Meaning::ContainerHealthCheck => Finding::ContainerHealthCheck { said },
        Meaning::LoadBalancerHealthCheck => {
            Finding::LoadBalancerHealthCheck { why: reason_in(&said), said }
        }
        Meaning::Percentages => Finding::Percentages { minimum_healthy: 0, maximum: 0, desired: 0 },
        Meaning::ProtectedTasks => {
            Finding::ProtectedTasks { tasks: number_before(&lower, " tasks under"), until: None }
        }
        Meaning::Throttled => Finding::Throttled { said },
    })
}

/// Whether a text is no more than what ECS always says.
pub(super) fn is_routine(text: &str) -> bool {
    let lower = text.to_lowercase();
    ROUTINE.iter().any(|part| lower.contains(part)) && !lower.contains("unhealthy")
}

/// A text as it is shown.
pub(super) fn quote(text: &str) -> String {
    one_line(text, QUOTE_MAX_CHARS)
}

/// Service actions call a lack of Spot capacity `RESOURCE:FARGATE` (Amazon ECS developer guide,
/// "Amazon ECS service action events").
fn is_about_spot(lower: &str) -> bool {
    ["resource:fargate", "spot task", "fargate_spot"].iter().any(|part| lower.contains(part))
}

/// What stands in the last `(reason ...)`, or behind `due to`.
fn reason_in(text: &str) -> Option<String> {
    let bare = |text: &str| {
        let bare = text.trim().trim_end_matches(['.', ')']).trim_matches(['`', ' ']);
        (!bare.is_empty()).then(|| bare.to_owned())
    };
    let (_, reason) = text.rsplit_once("(reason ").or_else(|| text.rsplit_once(" due to "))?;
    bare(reason)
}

/// The number that stands right before `mark`.
fn number_before(text: &str, mark: &str) -> Option<u32> {
    let (before, _) = text.split_once(mark)?;
    before.rsplit(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}
