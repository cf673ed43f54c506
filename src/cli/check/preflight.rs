//! What `check` says of the checks before a refresh: what differs from the default.

use crate::plan::preflight::{Action, PreflightRule};

/// In one line; `None` where all is as it is without being said.
pub fn rule(rule: &PreflightRule) -> Option<String> {
    let actions = rule.actions.iter().filter(|(name, action)| name.default_action() != **action);
    let actions = actions.map(|(name, action)| match action {
        Action::Allow => format!("no check of {}", name.name()),
        Action::Warn => format!("{} only warns", name.name()),
        Action::Hold => format!("{} holds", name.name()),
        Action::Require => format!("{} holds, also when it cannot tell", name.name()),
    });
    let downtime = rule.allow_downtime.then(|| "downtime is allowed".to_owned());
    let alarms = (!rule.hold_while_alarm.is_empty()).then(|| {
        format!("nothing starts while an alarm is on: {}", rule.hold_while_alarm.join(", "))
    });
    let said: Vec<String> = actions.chain(downtime).chain(alarms).collect();
    (!said.is_empty()).then(|| said.join("; "))
}
