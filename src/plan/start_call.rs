//! By which call a refresh begins, and what has to be known for it.

use std::time::Duration;

use chrono::TimeDelta;

use super::code_deploy;
use super::fleet::{Controller, Description, Service};
use super::planner::Planner;
use super::step::StartCall;
use super::surroundings::{CodeDeployGroup, Known, Tier, Want};

/// A deployment of CodeDeploy rests on a reading of its group that is at most so old.
const GROUP_FRESH_ENOUGH: TimeDelta = TimeDelta::seconds(60);

impl<'a> Planner<'a> {
    /// Where CodeDeploy deploys a service, as far as that was read.
    pub(super) fn code_deploy_group(
        &self,
        service: &Service,
    ) -> Option<&'a Known<CodeDeployGroup>> {
        let Want::CodeDeployGroup(key, deployment) = want(service)? else { return None };
        self.fleet.surroundings().code_deploy_group(&key, &deployment)
    }

    /// Asks where CodeDeploy deploys a service, unless that is known.
    pub(super) fn want_code_deploy_group(&mut self, service: &Service) {
        let want = want(service);
        self.wants.extend(
            want.filter(|want| !self.fleet.surroundings().knows(want, Tier::Start, self.now)),
        );
    }

    /// The call that refreshes a service, and how long the rollout may take then. `None`: what it
    /// rests on is asked for.
    pub(super) fn start_call(
        &mut self,
        service: &Service,
        description: &Description,
        rollout_timeout: Duration,
    ) -> Option<(StartCall, Duration)> {
        if description.controller != Controller::CodeDeploy {
            return Some((StartCall::ForceNewDeployment, rollout_timeout));
        }
        let known = self.code_deploy_group(service);
        let Some(known) = known.filter(|known| known.is_current(self.now, GROUP_FRESH_ENOUGH))
        else {
            self.wants.extend(want(service));
            return None;
        };
        let call = code_deploy::call(known.value.as_ref().ok()?, description, rollout_timeout)?;
        let takes = call.target.takes;
        Some((StartCall::CreateDeployment(Box::new(call)), takes))
    }
}

fn want(service: &Service) -> Option<Want> {
    let description = service.description.as_ref()?;
    let deployed = description.controller == Controller::CodeDeploy;
    let primary = description.primary().filter(|_| deployed)?;
    Some(Want::CodeDeployGroup(service.key.clone(), primary.id.clone()))
}
