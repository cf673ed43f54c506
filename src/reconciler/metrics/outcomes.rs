//! Counters and histograms that the loop feeds: what became of refreshes, and how long looks take.

use std::collections::BTreeSet;
use std::time::Duration;

use prometheus::core::Collector;
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounterVec, Opts};

use crate::metrics::{Label, Metrics};
use crate::plan::ledger::{Cause, Finished, Outcome};
use crate::plan::policy::Policies;

/// From the quickest rollout of a single task to the longest timeout that anybody sets.
const REFRESH_BUCKETS_SECONDS: [f64; 14] = [
    30.0, 60.0, 120.0, 180.0, 300.0, 450.0, 600.0, 900.0, 1_200.0, 1_800.0, 2_700.0, 3_600.0,
    7_200.0, 14_400.0,
];

/// From one service in one call to thousands of services with a small share of the API.
const LOOK_BUCKETS_SECONDS: [f64; 12] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0];

/// What the loop has done; cheap to clone.
#[derive(Clone, Debug)]
pub struct Outcomes {
    refreshes: IntCounterVec,
    refresh_duration: HistogramVec,
    look_duration: Histogram,
}

impl Outcomes {
    /// Registers the families.
    pub fn register(metrics: &Metrics) -> Self {
        let refreshes = IntCounterVec::new(
            Opts::new("refreshes_total", "Refreshes that have ended, by cause and outcome."),
            &["policy", "cause", "outcome"],
        )
        .expect("a fixed name and fixed labels are valid");
        let refresh_duration = HistogramVec::new(
            HistogramOpts::new(
                "refresh_duration_seconds",
                "How long refreshes took from intent to outcome.",
            )
            .buckets(REFRESH_BUCKETS_SECONDS.to_vec()),
            &["outcome"],
        )
        .expect("a fixed name, label and buckets are valid");
        for outcome in Outcome::ALL {
            refresh_duration.with_label_values(&[outcome.label()]);
        }
        let look_duration = Histogram::with_opts(
            HistogramOpts::new(
                "look_duration_seconds",
                "How long looks at the fleet took, waiting for the API budget included.",
            )
            .buckets(LOOK_BUCKETS_SECONDS.to_vec()),
        )
        .expect("a fixed name and buckets are valid");
        Self {
            refreshes: metrics.register(refreshes),
            refresh_duration: metrics.register(refresh_duration),
            look_duration: metrics.register(look_duration),
        }
    }

    /// Makes every series of these policies exist, so that the first failure is an increase and
    /// not a series that appears.
    pub fn ensure_policies(&self, policies: &Policies) {
        for policy in &policies.policies {
            for cause in Cause::ALL {
                for outcome in Outcome::ALL {
                    let values = [policy.name.as_ref(), cause.label(), outcome.label()];
                    self.refreshes.with_label_values(&values);
                }
            }
        }
    }

    /// Removes the series of all policies but these. The attempts of a removed policy are followed
    /// to their end, so its series may come up once more; the next call removes them.
    pub fn retain(&self, policies: &Policies) {
        let kept: BTreeSet<&str> =
            policies.policies.iter().map(|policy| policy.name.as_ref()).collect();
        let mut seen = BTreeSet::new();
        for family in self.refreshes.collect() {
            for metric in family.get_metric() {
                let policy = metric.get_label().iter().find(|pair| pair.name() == "policy");
                seen.extend(policy.map(|pair| pair.value().to_owned()));
            }
        }
        for policy in seen.iter().filter(|policy| !kept.contains(policy.as_str())) {
            self.remove(policy);
        }
    }

    /// A refresh has ended.
    pub fn refresh_ended(&self, finished: &Finished) {
        let (attempt, outcome) = (&finished.attempt, finished.outcome.label());
        let values = [attempt.policy.as_ref(), attempt.cause.label(), outcome];
        self.refreshes.with_label_values(&values).inc();
        self.refresh_duration
            .with_label_values(&[outcome])
            .observe(finished.duration().as_secs_f64());
    }

    /// A look has ended, well or badly.
    pub fn look_ended(&self, duration: Duration) {
        self.look_duration.observe(duration.as_secs_f64());
    }

    fn remove(&self, policy: &str) {
        for cause in Cause::ALL {
            for outcome in Outcome::ALL {
                let values = [policy, cause.label(), outcome.label()];
                // The one error there is says that the series is not there, which is the aim.
                let _ = self.refreshes.remove_label_values(&values);
            }
        }
    }
}
