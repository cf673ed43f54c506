//! GetMetricData of the account's usage of Fargate.
//!
//! Source: Amazon ECS Developer Guide, "AWS Fargate usage metrics". Nothing is remembered: there is one
//! data point, for the last period that is over, and what it says is the use now. Metrics that are not
//! simulated have none, as in CloudWatch those that do not exist.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{CloudWatch, invalid};
use crate::simulator::ecs::Ecs;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

const QUERIES_MAX: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMetricData {
    metric_data_queries: Vec<Query>,
    start_time: f64,
    end_time: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Query {
    id: String,
    metric_stat: Option<MetricStat>,
    label: Option<String>,
    return_data: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricStat {
    metric: Metric,
    period: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    name: String,
    value: String,
}

impl CloudWatch {
    pub(super) fn get_metric_data(
        &self,
        input: &GetMetricData,
        ecs: &Ecs,
        now: Moment,
    ) -> Result<Value, ApiError> {
        if input.metric_data_queries.is_empty() || input.metric_data_queries.len() > QUERIES_MAX {
            return Err(invalid(format!("MetricDataQueries must be between 1 and {QUERIES_MAX}")));
        }
        if input.start_time >= input.end_time {
            let message = "The parameter EndTime must be greater than StartTime.";
            return Err(invalid(message));
        }
        let mut results = Vec::new();
        for query in &input.metric_data_queries {
            let Some(stat) = &query.metric_stat else {
                return Err(invalid(format!("{}: expressions are not simulated", query.id)));
            };
            if stat.period <= 0 || stat.period % 60 != 0 {
                return Err(invalid(format!("{}: Period must be a multiple of 60", query.id)));
            }
            if query.return_data == Some(false) {
                continue;
            }
            let point = self.usage(&stat.metric, ecs).zip(input.last_period(stat.period, now));
            results.push(json!({
                "Id": query.id,
                "Label": query.label.as_ref().unwrap_or(&stat.metric.metric_name),
                "Timestamps": point.iter().map(|(_, at)| json!(at)).collect::<Vec<Value>>(),
                "Values": point.iter().map(|(value, _)| json!(value)).collect::<Vec<Value>>(),
                "StatusCode": "Complete",
            }));
        }
        Ok(json!({ "MetricDataResults": results, "Messages": [] }))
    }

    /// The vCPUs in use, where a metric is about them. All dimensions have to be named.
    fn usage(&self, metric: &Metric, ecs: &Ecs) -> Option<f64> {
        let mut named: Vec<(&str, &str)> =
            metric.dimensions.iter().map(|d| (d.name.as_str(), d.value.as_str())).collect();
        named.sort_unstable();
        let [("Class", class), ("Resource", "vCPU"), ("Service", "Fargate"), ("Type", "Resource")] =
            named.as_slice()
        else {
            return None;
        };
        if (metric.namespace.as_str(), metric.metric_name.as_str())
            != ("AWS/Usage", "ResourceCount")
        {
            return None;
        }
        match *class {
            "Standard/OnDemand" => {
                Some(self.usage_vcpus.unwrap_or_else(|| ecs.fargate_vcpus(false)))
            }
            "Standard/Spot" => Some(ecs.fargate_vcpus(true)),
            _ => None,
        }
    }
}

impl GetMetricData {
    /// When the last period began that is over, if it is within the span that is asked for.
    fn last_period(&self, period_seconds: i64, now: Moment) -> Option<f64> {
        let period = period_seconds as f64;
        let begun = (now.epoch_seconds() / period).floor() * period - period;
        // The start of the span is rounded down to a whole period.
        let start = (self.start_time / period).floor() * period;
        (start <= begun && begun < self.end_time).then_some(begun)
    }
}
