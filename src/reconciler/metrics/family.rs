//! Gauge families that are written anew at each scrape.

use std::collections::HashMap;

use prometheus::core::Desc;
use prometheus::proto::{Gauge, LabelPair, Metric, MetricFamily, MetricType};

use crate::clock::Time;
use crate::plan::key::ServiceKey;

/// The labels of what is said of one service.
pub const BY_SERVICE: &[&str] = &["region", "account", "cluster", "service"];

/// The values of [`BY_SERVICE`].
pub fn by_service(key: &ServiceKey) -> [&str; 4] {
    let cluster = key.cluster();
    [cluster.region(), cluster.account(), cluster.name(), key.name()]
}

/// Since the epoch. Whole milliseconds are exact in a double for thousands of years.
pub fn seconds(at: Time) -> f64 {
    at.timestamp_millis() as f64 / 1_000.0
}

/// One gauge family.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
    pub labels: &'static [&'static str],
}

impl Family {
    pub fn description(&self) -> Desc {
        let labels = self.labels.iter().map(|label| (*label).to_owned()).collect();
        Desc::new(self.name.to_owned(), self.help.to_owned(), labels, HashMap::new())
            .expect("fixed names and labels are valid")
    }

    pub fn rows(self) -> Rows {
        Rows { family: self, metrics: Vec::new() }
    }
}

/// The series of one family as they come up.
pub struct Rows {
    family: Family,
    metrics: Vec<Metric>,
}

impl Rows {
    /// Adds a series; `values` are those of the family's labels, in their order.
    pub fn push(&mut self, values: &[&str], value: f64) {
        let mut gauge = Gauge::default();
        gauge.set_value(value);
        let mut metric = Metric::from_gauge(gauge);
        metric.set_label(self.family.labels.iter().zip(values).map(pair).collect());
        self.metrics.push(metric);
    }

    pub fn finish(self) -> MetricFamily {
        let mut family = MetricFamily::default();
        family.set_name(self.family.name.to_owned());
        family.set_help(self.family.help.to_owned());
        family.set_field_type(MetricType::GAUGE);
        family.set_metric(self.metrics);
        family
    }
}

fn pair((name, value): (&&str, &&str)) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name((*name).to_owned());
    pair.set_value((*value).to_owned());
    pair
}
