//! The gauge over the checks of what is due within days.

use std::collections::BTreeMap;

use prometheus::proto::MetricFamily;

use super::family::Family;
use crate::metrics::Label;
use crate::plan::preflight::{Name, Outcome, Report};

pub const PREFLIGHT: Family = Family {
    name: "preflight",
    help: "Services that are due within seven days, by what each check before a refresh says.",
    labels: &["check", "result"],
};

/// The gauge, as the newest report has it.
pub fn family(report: &Report) -> MetricFamily {
    let mut numbers: BTreeMap<(Name, Outcome), u32> = BTreeMap::new();
    let checks = report.services.iter().flat_map(|(_, preflight)| &preflight.checks);
    for check in checks {
        *numbers.entry((check.name, check.outcome)).or_default() += 1;
    }
    let mut rows = PREFLIGHT.rows();
    for name in Name::ALL {
        for outcome in Outcome::ALL {
            let number = numbers.get(&(*name, *outcome)).copied().unwrap_or(0);
            rows.push(&[name.label(), outcome.label()], f64::from(number));
        }
    }
    rows.finish()
}
