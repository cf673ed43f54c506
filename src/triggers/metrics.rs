//! What is counted of the events that come in.

use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts};

use crate::metrics::{Label, Metrics};

/// What a message of the queue turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    /// A page of a retirement notice that is durable, now or from an earlier delivery.
    Retirement,
    /// One that could not be stored: it stays in the queue.
    NotStored,
    /// One of an account or Region that is not watched.
    Foreign,
    /// Something happened to a service.
    Ecs,
    /// The same, about a state of a task that was told of before.
    Duplicate,
    /// Understood, and none of our business.
    Ignored,
    /// Not understood: it stays in the queue until its redrive policy takes it.
    Poison,
}

impl Label for EventKind {
    const ALL: &'static [Self] = &[
        Self::Retirement,
        Self::NotStored,
        Self::Foreign,
        Self::Ecs,
        Self::Duplicate,
        Self::Ignored,
        Self::Poison,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Retirement => "retirement",
            Self::NotStored => "not_stored",
            Self::Foreign => "foreign",
            Self::Ecs => "ecs",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
            Self::Poison => "poison",
        }
    }
}

/// The families about events; cheap to clone.
#[derive(Clone, Debug)]
pub struct EventMetrics {
    received: IntCounterVec,
    not_understood: IntCounter,
}

impl EventMetrics {
    /// Registers the families, with every series in them, in `metrics`.
    pub fn register(metrics: &Metrics) -> Self {
        let received = IntCounterVec::new(
            Opts::new(
                "events_received_total",
                "Messages received from the queue, every delivery counted, by what they were.",
            ),
            &["kind"],
        )
        .expect("a fixed name with fixed labels is valid");
        let not_understood = IntCounter::new(
            "events_not_understood_total",
            "Parts of retirement notices that were not understood; the log has their text.",
        )
        .expect("a fixed name is valid");
        for kind in EventKind::ALL {
            received.with_label_values(&[kind.label()]);
        }
        Self {
            received: metrics.register(received),
            not_understood: metrics.register(not_understood),
        }
    }

    pub(super) fn received(&self, kind: EventKind) {
        self.received.with_label_values(&[kind.label()]).inc();
    }

    pub(super) fn not_understood(&self, fragments: usize) {
        self.not_understood.inc_by(fragments as u64);
    }
}

/// Whether the queue can be read. It exists only where there is a queue, and is optimistic until
/// the first reading fails: a restart, and a dry run, which reads nothing, are no reason to alert.
pub(super) fn register_queue_up(metrics: &Metrics) -> IntGauge {
    let up = IntGauge::new(
        "events_queue_up",
        "0 while the queue cannot be read or its messages cannot be deleted, else 1.",
    )
    .expect("a fixed name is valid");
    up.set(1);
    metrics.register(up)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_exists_before_the_first_message() {
        let metrics = Metrics::new();
        EventMetrics::register(&metrics);
        let text = metrics.render();
        let kinds = text.lines().filter(|l| l.starts_with("ecs_refresh_events_received_total{"));
        assert_eq!(kinds.count(), EventKind::ALL.len(), "{text}");
        assert!(text.contains("ecs_refresh_events_not_understood_total 0"), "{text}");
    }
}
