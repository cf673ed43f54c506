//! What a policy makes of the checks before a refresh.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Name;

/// What is done about a check that found something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Nothing: the check is not made, and nothing is read for it.
    Allow,
    /// It is said, and the refresh starts.
    Warn,
    /// The refresh does not start.
    Hold,
    /// The refresh does not start, nor while the check cannot tell.
    Require,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Warn, Self::Hold, Self::Require];

    /// As policies write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Hold => "hold",
            Self::Require => "require",
        }
    }
}

/// The keys of a policy that are about these checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreflightRule {
    /// What the policy says otherwise than [`Name::default_action`].
    pub actions: BTreeMap<Name, Action>,
    /// Whether a service may be refreshed whose only task has to stop before another starts.
    pub allow_downtime: bool,
    /// Names of CloudWatch alarms that stop all starts while they are in ALARM.
    pub hold_while_alarm: Vec<Arc<str>>,
}

impl PreflightRule {
    /// What is done about what this check finds.
    pub fn action(&self, name: Name) -> Action {
        self.actions.get(&name).copied().unwrap_or_else(|| name.default_action())
    }
}
