//! What the fleet and the refreshes look like as metrics.
//!
//! Gauges are computed from the newest status when they are scraped, so that series of policies and
//! services that went away go away by themselves; counters and histograms are fed by the loop. Owns
//! these families' names and help texts and knows nothing of HTTP.

mod family;
mod fleet;
mod outcomes;
mod preflight;
mod retirements;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use prometheus::{IntGaugeVec, Opts};

pub use fleet::FleetCollector;
pub use outcomes::Outcomes;

use crate::metrics::Metrics;
use crate::reconciler::status::VERSION;

/// The source revision that the program was built from, where the build told it.
const REVISION: &str = match option_env!("ECS_REFRESH_REVISION") {
    Some(revision) => revision,
    None => "unknown",
};

/// Registers `build_info`.
pub fn register_build_info(metrics: &Metrics) {
    let options = Opts::new("build_info", "The version and source revision of this program, as 1.");
    let family = IntGaugeVec::new(options, &["version", "revision"])
        .expect("a fixed name and fixed labels are valid");
    metrics.register(family).with_label_values(&[VERSION, REVISION]).set(1);
}
