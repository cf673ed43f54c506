//! The metric registry, and what a label value may be.
//!
//! Each module registers its own families in the one registry that is passed in. Label values come
//! from closed sets ([`Label`]) or from ECS names, never from error texts.

use std::sync::Arc;

use prometheus::Registry;
use prometheus::core::Collector;

/// The prefix of every metric of this project.
pub const PREFIX: &str = "ecs_refresh";

/// A value from a closed set, used as a metric label.
pub trait Label: Sized + Copy + 'static {
    /// Every value there is, so that all series exist from the first scrape.
    const ALL: &'static [Self];

    /// The label's text: lower case, words joined by `_`.
    fn label(self) -> &'static str;
}

/// The registry that all modules share; cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Registry>,
}

impl Metrics {
    /// An empty registry whose families all carry [`PREFIX`].
    pub fn new() -> Self {
        let registry = Registry::new_custom(Some(PREFIX.to_owned()), None)
            .expect("a fixed prefix without labels is valid");
        Self { registry: Arc::new(registry) }
    }

    /// Adds a family.
    ///
    /// # Panics
    /// When two modules register the same name: a mistake in this program, found by its first test.
    pub fn register<C: Collector + Clone + 'static>(&self, family: C) -> C {
        self.registry.register(Box::new(family.clone())).expect("metric names are unique");
        family
    }

    /// The exposition text, Prometheus format 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::new();
        prometheus::TextEncoder::new()
            .encode_utf8(&self.registry.gather(), &mut text)
            .expect("writing into a string cannot fail");
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
