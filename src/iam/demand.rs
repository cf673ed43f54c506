//! Which operations a configuration asks for, within the features that it uses.
//!
//! What is read for a start, its checks and its deadline, is read for policies that are enabled; the
//! services of the others are watched, and nothing is granted for what they might do one day.

use crate::aws::Operation;
use crate::plan::policy::{Policy, RolloutTimeout};
use crate::plan::preflight::{Action, Name};
use crate::plan::selector::Pattern;
use crate::settings::Settings;

/// The checks that look at images, all of which are described first.
const OF_IMAGES: &[Name] = &[Name::ImageExists, Name::ImageKept, Name::ImageDrift];

/// The checks that need the task definition, whatever the windows are.
const OF_TASK_DEFINITIONS: &[Name] = &[
    Name::TaskDefinition,
    Name::ImageExists,
    Name::ImageKept,
    Name::ImageDrift,
    Name::Drain,
    Name::Room,
];

/// The policies that may start something.
pub fn enabled(settings: &Settings) -> impl Iterator<Item = &Policy> {
    settings.policies.policies.iter().filter(|policy| policy.enabled)
}

/// Whether retirement notices are heard: a dry run takes none from anywhere.
pub fn hears(settings: &Settings) -> bool {
    settings.has_notices() && !settings.policies.dry_run
}

/// Whether `settings` ask for `operation`, where they use the feature that it is for.
pub fn asks_for(settings: &Settings, operation: Operation) -> bool {
    let checks = |names: &[Name]| {
        enabled(settings).any(|policy| names.iter().any(|name| is_made(policy, *name)))
    };
    match operation {
        // Tasks of a notice that names no cluster are looked for in all of them.
        Operation::ListClusters => {
            hears(settings) || clusters(settings).any(|pattern| !pattern.is_literal())
        }
        Operation::DescribeClusters => clusters(settings).any(Pattern::is_literal),
        Operation::DescribeTaskDefinition => {
            checks(OF_TASK_DEFINITIONS) || enabled(settings).any(computes_times)
        }
        Operation::DescribeTargetGroups | Operation::DescribeTargetGroupAttributes => {
            checks(&[Name::Drain]) || enabled(settings).any(computes_times)
        }
        Operation::DescribeTargetHealth => checks(&[Name::Steady]),
        Operation::DescribeImages => checks(OF_IMAGES),
        Operation::GetLifecyclePolicy => checks(&[Name::ImageKept]),
        Operation::DescribePullThroughCacheRules => checks(&[Name::ImageExists, Name::ImageKept]),
        Operation::DescribeAlarms => checks(&[Name::Alarms]),
        Operation::GetMetricData | Operation::GetServiceQuota | Operation::DescribeSubnets => {
            checks(&[Name::Room])
        }
        _ => true,
    }
}

/// The clusters of every policy: those of one that is not enabled are watched too.
fn clusters(settings: &Settings) -> impl Iterator<Item = &Pattern> {
    settings.policies.policies.iter().flat_map(|policy| policy.selector.clusters())
}

/// Whether something is read for a check.
fn is_made(policy: &Policy, name: Name) -> bool {
    let rule = &policy.preflight;
    let has_subject = name != Name::Alarms || !rule.hold_while_alarm.is_empty();
    has_subject && rule.action(name) != Action::Allow
}

/// Whether it is computed from a service's settings how long its rollout takes: for a deadline, or to
/// see whether it fits a window.
fn computes_times(policy: &Policy) -> bool {
    let has_windows = policy.schedule.windows().is_some();
    policy.rollout_timeout == RolloutTimeout::Auto
        || (has_windows && is_made(policy, Name::FitsWindow))
}
