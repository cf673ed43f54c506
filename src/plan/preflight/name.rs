//! The checks, by name.

use super::Action;
use crate::metrics::Label;

/// One of the checks before a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// The task definition is ACTIVE.
    TaskDefinition,
    /// The images that the task definition names are there, and can be pulled.
    ImageExists,
    /// The images that run are there still, and stay.
    ImageKept,
    /// The tags mean what runs.
    ImageDrift,
    /// The percentages let a rollout move.
    CanMove,
    /// Old tasks are given the time that they need to go, and new ones to come.
    Drain,
    /// What is left of the window is long enough.
    FitsWindow,
    /// Nothing is wrong with the service as it stands.
    Steady,
    /// There are addresses and vCPUs for the tasks that run beside each other.
    Room,
    /// No alarm that the policy names is in ALARM.
    Alarms,
}

impl Name {
    /// As policies, commands and the API write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TaskDefinition => "task-definition",
            Self::ImageExists => "image-exists",
            Self::ImageKept => "image-kept",
            Self::ImageDrift => "image-drift",
            Self::CanMove => "can-move",
            Self::Drain => "drain",
            Self::FitsWindow => "fits-window",
            Self::Steady => "steady",
            Self::Room => "room",
            Self::Alarms => "alarms",
        }
    }

    /// The label of a service that is held by it.
    pub fn reason_label(self) -> &'static str {
        match self {
            Self::TaskDefinition => "preflight_task_definition",
            Self::ImageExists => "preflight_image_exists",
            Self::ImageKept => "preflight_image_kept",
            Self::ImageDrift => "preflight_image_drift",
            Self::CanMove => "preflight_can_move",
            Self::Drain => "preflight_drain",
            Self::FitsWindow => "preflight_fits_window",
            Self::Steady => "preflight_steady",
            Self::Room => "preflight_room",
            Self::Alarms => "preflight_alarms",
        }
    }

    /// What is done about it where the policy does not say.
    pub fn default_action(self) -> Action {
        match self {
            // A refresh is what cures a service whose images are gone.
            Self::ImageKept | Self::Drain => Action::Warn,
            // Whoever names an alarm wants to be held, by one that cannot be read, too.
            Self::Alarms => Action::Require,
            Self::TaskDefinition
            | Self::ImageExists
            | Self::ImageDrift
            | Self::CanMove
            | Self::FitsWindow
            | Self::Steady
            | Self::Room => Action::Hold,
        }
    }
}

impl Label for Name {
    const ALL: &'static [Self] = &[
        Self::TaskDefinition,
        Self::ImageExists,
        Self::ImageKept,
        Self::ImageDrift,
        Self::CanMove,
        Self::Drain,
        Self::FitsWindow,
        Self::Steady,
        Self::Room,
        Self::Alarms,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::TaskDefinition => "task_definition",
            Self::ImageExists => "image_exists",
            Self::ImageKept => "image_kept",
            Self::ImageDrift => "image_drift",
            Self::CanMove => "can_move",
            Self::Drain => "drain",
            Self::FitsWindow => "fits_window",
            Self::Steady => "steady",
            Self::Room => "room",
            Self::Alarms => "alarms",
        }
    }
}
