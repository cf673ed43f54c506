//! What is measured of the calls to AWS: how many, how they ended, how long they took.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts};

use super::operation::Operation;
use crate::metrics::{Label, Metrics};
use crate::plan::fleet::ProblemClass;

/// The class of a request that was answered without an error.
const OK: &str = "ok";

/// From one quick answer to a read's timeout, in seconds.
const BUCKETS: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The families about AWS requests; cheap to clone.
#[derive(Clone, Debug)]
pub struct AwsMetrics {
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl AwsMetrics {
    /// Registers the families, with every series in them, in `metrics`.
    pub fn register(metrics: &Metrics) -> Self {
        let requests = IntCounterVec::new(
            Opts::new(
                "aws_requests_total",
                "Requests sent to AWS, every attempt of the SDK counted, by how they ended.",
            ),
            &["operation", "class"],
        )
        .expect("a fixed name with fixed labels is valid");
        let durations = HistogramVec::new(
            HistogramOpts::new(
                "aws_request_duration_seconds",
                "Time from the start of an attempt of an AWS request to its end; not of long polls.",
            )
            .buckets(BUCKETS.to_vec()),
            &["operation"],
        )
        .expect("a fixed name with fixed labels is valid");
        for operation in Operation::ALL {
            if !operation.is_long_poll() {
                durations.with_label_values(&[operation.name()]);
            }
            requests.with_label_values(&[operation.name(), OK]);
            for class in ProblemClass::ALL {
                requests.with_label_values(&[operation.name(), class.label()]);
            }
        }
        Self { requests: metrics.register(requests), durations: metrics.register(durations) }
    }

    /// Counts one attempt; no class means that it succeeded.
    pub(super) fn observe(
        &self,
        operation: Operation,
        failure: Option<ProblemClass>,
        duration: Duration,
    ) {
        let class = failure.map_or(OK, Label::label);
        self.requests.with_label_values(&[operation.name(), class]).inc();
        if !operation.is_long_poll() {
            self.durations.with_label_values(&[operation.name()]).observe(duration.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_exists_before_the_first_request() {
        let metrics = Metrics::new();
        AwsMetrics::register(&metrics);
        let text = metrics.render();
        for series in [
            r#"ecs_refresh_aws_requests_total{class="ok",operation="ListClusters"} 0"#,
            r#"ecs_refresh_aws_requests_total{class="not_found",operation="UpdateService"} 0"#,
            r#"ecs_refresh_aws_request_duration_seconds_count{operation="DescribeTasks"} 0"#,
        ] {
            assert!(text.contains(series), "{series}\n{text}");
        }
        assert!(!text.contains(r#"duration_seconds_count{operation="ReceiveMessage"}"#), "{text}");
        let counters = text.lines().filter(|l| l.starts_with("ecs_refresh_aws_requests_total{"));
        assert_eq!(counters.count(), Operation::ALL.len() * (ProblemClass::ALL.len() + 1));
    }
}
