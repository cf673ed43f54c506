//! Whether a service can be deployed by CodeDeploy now, and by what.

use std::sync::Arc;
use std::time::Duration;

use super::Target;
use crate::plan::fleet::{Description, ProblemClass};
use crate::plan::step::{CreateDeployment, SentRevision};
use crate::plan::surroundings::{CodeDeployGroup, Known, Revision};
use crate::plan::verdict::{Busy, Reason};

/// CodeDeploy waits so long for a hook (AWS CodeDeploy user guide, AppSpec "hooks" section).
const HOOK_TIMEOUT: Duration = Duration::from_secs(3_600);

/// What no waiting changes: there is nothing to deploy, or it would not end.
pub fn unfit(known: &Known<CodeDeployGroup>, allow_pause: bool) -> Option<Reason> {
    let unfit = |why: &str| Some(Reason::CodeDeployUnfit { why: why.into() });
    let group = match &known.value {
        Ok(group) => group,
        Err(problem) if passes(problem.class) => return None,
        Err(problem) => return unfit(&problem.to_string()),
    };
    if let Revision::Missing(why) = &group.revision {
        return unfit(why);
    }
    if group.termination_wait.is_none() {
        return unfit("its deployment group keeps the old tasks running (KEEP_ALIVE)");
    }
    let waits = group.ready_wait.is_some() && !allow_pause;
    waits.then(|| Reason::PauseHook { stage: "Ready".into() })
}

/// What changes by itself: the group is busy, or could not be read for now.
pub fn waits(known: &Known<CodeDeployGroup>) -> Option<Reason> {
    match &known.value {
        Err(problem) => Some(Reason::CodeDeployUnread { problem: problem.clone() }),
        Ok(group) => group.under_way.clone().map(|deployment| Reason::CodeDeployBusy {
            group: name(group),
            by: Busy::Deployment(deployment),
        }),
    }
}

/// The call that deploys what runs already once more.
pub fn call(
    group: &CodeDeployGroup,
    description: &Description,
    rollout_timeout: Duration,
) -> Option<CreateDeployment> {
    let task_definition = &description.primary()?.task_definition;
    let (revision, hooks) = match &group.revision {
        Revision::AppSpec(app_spec) => {
            let text = app_spec.with(task_definition, description.platform_version.as_deref());
            (SentRevision::AppSpec(text.into()), app_spec.hooks())
        }
        Revision::S3(object) => (SentRevision::S3(object.clone()), 0),
        Revision::Missing(_) => return None,
    };
    let takes = rollout_timeout
        .saturating_add(HOOK_TIMEOUT.saturating_mul(hooks))
        .saturating_add(group.shift)
        .saturating_add(group.termination_wait?);
    let target = Target {
        application: group.application.clone(),
        group: group.group.clone(),
        ready_wait: group.ready_wait,
        rolls_back: group.rolls_back,
        takes,
    };
    Some(CreateDeployment { target, revision })
}

/// The group, as people name it.
pub fn name(group: &CodeDeployGroup) -> Arc<str> {
    format!("{}/{}", group.application, group.group).into()
}

/// Whether a failure to ask is likely to be over soon.
pub fn passes(class: ProblemClass) -> bool {
    match class {
        ProblemClass::Throttled
        | ProblemClass::Server
        | ProblemClass::Timeout
        | ProblemClass::Network
        | ProblemClass::Credentials => true,
        ProblemClass::Denied | ProblemClass::NotFound | ProblemClass::Invalid => false,
    }
}
