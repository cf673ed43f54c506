//! How traffic shifts from one task set to another: deployment configurations and their names.
//!
//! Source: AWS CodeDeploy User Guide, "Deployment configurations on an Amazon ECS compute platform".

use std::time::Duration;

use serde_json::{Value, json};

/// How traffic shifts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrafficRouting {
    /// All of it in one step.
    AllAtOnce,
    /// This percentage at once, and as much again every so many minutes.
    Linear {
        /// The percentage of one step.
        percent: u32,
        /// The minutes between two steps.
        minutes: u32,
    },
    /// This percentage at once, and after so many minutes the rest.
    Canary {
        /// The percentage of the first step.
        percent: u32,
        /// The minutes until the second step.
        minutes: u32,
    },
}

/// A step of traffic, and how long the next one waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    pub(crate) percent: f64,
    pub(crate) wait: Duration,
}

/// The configurations that every account has.
const PREDEFINED: &[TrafficRouting] = &[
    TrafficRouting::AllAtOnce,
    TrafficRouting::Linear { percent: 10, minutes: 1 },
    TrafficRouting::Linear { percent: 10, minutes: 3 },
    TrafficRouting::Canary { percent: 10, minutes: 5 },
    TrafficRouting::Canary { percent: 10, minutes: 15 },
];

impl TrafficRouting {
    /// The configuration of a name among AWS's own.
    pub(crate) fn predefined(name: &str) -> Option<Self> {
        PREDEFINED.iter().copied().find(|routing| routing.config_name() == name)
    }

    /// `deploymentConfigName`: AWS's own, or one that the account would have for it.
    pub(crate) fn config_name(self) -> String {
        let prefix = if PREDEFINED.contains(&self) { "CodeDeployDefault." } else { "Custom." };
        match self {
            TrafficRouting::AllAtOnce => format!("{prefix}ECSAllAtOnce"),
            TrafficRouting::Linear { percent, minutes } => {
                format!("{prefix}ECSLinear{percent}PercentEvery{minutes}Minutes")
            }
            TrafficRouting::Canary { percent, minutes } => {
                format!("{prefix}ECSCanary{percent}Percent{minutes}Minutes")
            }
        }
    }

    /// `trafficRoutingConfig`.
    pub(crate) fn describe(self) -> Value {
        match self {
            TrafficRouting::AllAtOnce => json!({ "type": "AllAtOnce" }),
            TrafficRouting::Linear { percent, minutes } => json!({
                "type": "TimeBasedLinear",
                "timeBasedLinear": { "linearPercentage": percent, "linearInterval": minutes },
            }),
            TrafficRouting::Canary { percent, minutes } => json!({
                "type": "TimeBasedCanary",
                "timeBasedCanary": { "canaryPercentage": percent, "canaryInterval": minutes },
            }),
        }
    }

    /// The steps, the last of which is everything.
    pub(crate) fn shifts(self) -> Vec<Shift> {
        let span = |minutes: u32| Duration::from_secs(60 * u64::from(minutes));
        let step =
            |percent: u32, minutes| Shift { percent: f64::from(percent), wait: span(minutes) };
        let mut shifts = match self {
            TrafficRouting::AllAtOnce => Vec::new(),
            TrafficRouting::Canary { percent, minutes } => vec![step(percent.min(99), minutes)],
            TrafficRouting::Linear { percent, minutes } => {
                let percents = (1..100).map(|nth: u32| nth.saturating_mul(percent.max(1)));
                percents.take_while(|sum| *sum < 100).map(|sum| step(sum, minutes)).collect()
            }
        };
        shifts.push(step(100, 0));
        shifts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_add_up_to_everything() {
        use TrafficRouting::*;
        let cases: [(TrafficRouting, &[f64]); 5] = [
            (AllAtOnce, &[100.0]),
            (Linear { percent: 30, minutes: 1 }, &[30.0, 60.0, 90.0, 100.0]),
            (Linear { percent: 50, minutes: 1 }, &[50.0, 100.0]),
            (Linear { percent: 100, minutes: 1 }, &[100.0]),
            (Canary { percent: 10, minutes: 5 }, &[10.0, 100.0]),
        ];
        for (routing, expected) in cases {
            let percents: Vec<f64> = routing.shifts().iter().map(|shift| shift.percent).collect();
            assert_eq!(percents, expected, "{routing:?}");
        }
        let waits: u64 =
            Linear { percent: 10, minutes: 3 }.shifts().iter().map(|s| s.wait.as_secs()).sum();
        assert_eq!(waits, 9 * 180);
    }

    #[test]
    fn names_are_those_that_aws_gives() {
        let name = "CodeDeployDefault.ECSCanary10Percent5Minutes";
        let canary = TrafficRouting::Canary { percent: 10, minutes: 5 };
        assert_eq!(TrafficRouting::predefined(name), Some(canary));
        assert_eq!(TrafficRouting::predefined("CodeDeployDefault.OneAtATime"), None);
    }
}
