//! What is measured of announcements.

use prometheus::{IntCounterVec, Opts};

use super::announcement::Kind;
use crate::metrics::{Label, Metrics};

/// What became of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// EventBridge has it.
    Sent,
    /// EventBridge did not take it.
    Failed,
    /// It was not sent at all.
    Dropped,
}

impl Label for Sending {
    const ALL: &'static [Self] = &[Self::Sent, Self::Failed, Self::Dropped];

    fn label(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }
}

/// The family about announcements; cheap to clone.
#[derive(Clone, Debug)]
pub struct AnnounceMetrics {
    announcements: IntCounterVec,
}

impl AnnounceMetrics {
    /// Registers the family, with every series in it.
    pub fn register(metrics: &Metrics) -> Self {
        let announcements = IntCounterVec::new(
            Opts::new(
                "announcements_total",
                "Outcomes announced as EventBridge events, by kind and by what became of them.",
            ),
            &["type", "result"],
        )
        .expect("a fixed name with fixed labels is valid");
        for kind in Kind::ALL {
            for sending in Sending::ALL {
                announcements.with_label_values(&[kind.label(), sending.label()]);
            }
        }
        Self { announcements: metrics.register(announcements) }
    }

    pub(super) fn count(&self, kind: Kind, sending: Sending) {
        self.announcements.with_label_values(&[kind.label(), sending.label()]).inc();
    }
}
