//! The task definition is ACTIVE.
//!
//! Services keep running tasks of one that was deregistered, but nothing may refer to it anew (Amazon ECS
//! API reference, DeregisterTaskDefinition). Whether a forced deployment of what the service has counts as
//! that is not documented, and a refresh is no time to find out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::unread::known;
use super::{Found, Subject, arn};
use crate::plan::surroundings::{TaskDefinition, Want};

pub(super) fn find(subject: &Subject<'_>) -> Found {
    let Some(named) = named(subject) else {
        return Found::unknown("the service names no task definition");
    };
    let what = format!("task definition {}", arn::task_definition(named));
    match known(subject.known.task_definitions.get(named), &what) {
        Ok(definition) if definition.active => Found::fine(format!("{what} is ACTIVE")),
        Ok(_) => Found::bad(format!(
            "{what} is not ACTIVE any more, and ECS may refuse to deploy it again"
        ))
        .hint("register what it says as a new revision, and deploy that"),
        Err(found) => found,
    }
}

pub(super) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    wants.extend(named(subject).cloned().map(Want::TaskDefinition));
}

/// The ARN of the one that a refresh deploys again.
pub(super) fn named<'a>(subject: &Subject<'a>) -> Option<&'a Arc<str>> {
    let primary = subject.description.primary()?;
    Some(&primary.task_definition).filter(|arn| !arn.is_empty())
}

/// What that one says, where it could be read.
pub(super) fn value<'a>(subject: &Subject<'a>) -> Option<&'a TaskDefinition> {
    subject.known.task_definitions.get(named(subject)?)?.value.as_ref().ok()
}
