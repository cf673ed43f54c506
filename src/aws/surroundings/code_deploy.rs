//! Where CodeDeploy deploys services: by the deployment that made a service's PRIMARY task set, else by
//! a search over all deployment groups.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use crate::aws::client::Ecs;
use crate::aws::code_deploy::{CodeDeploy, Group, Location};
use crate::aws::operation::Operation;
use crate::aws::pool::Pool;
use crate::clock::Time;
use crate::plan::fleet::{DeploymentId, Problem, ProblemClass};
use crate::plan::key::ServiceKey;
use crate::plan::surroundings::{CodeDeployGroup, Known, Revision, Surroundings, Want};

/// So many services are asked about at once. CodeDeploy does not say how often it may be called.
const SERVICES_AT_ONCE: usize = 4;

/// One pass reads so many services, so that it takes seconds: what it leaves, the next one reads.
const SERVICES_MAX: usize = 100;

/// What is asked about one service, or about all groups, takes no longer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// What deployments of CodeDeploy have their ids begin with.
const DEPLOYMENT: &str = "d-";

type Answer = (ServiceKey, DeploymentId, Time, Result<Option<CodeDeployGroup>, Problem>);

/// Reads what is wanted of deployment groups. Each service costs four calls at most; those that no
/// deployment is known of share one search.
pub(super) async fn survey(ecs: &Ecs, wants: &BTreeSet<Want>, read: &mut Surroundings) {
    let wanted = wants.iter().filter_map(|want| match want {
        Want::CodeDeployGroup(service, deployment) => Some((service.clone(), deployment.clone())),
        _ => None,
    });
    let code_deploy = CodeDeploy::beside(ecs);
    let clock = ecs.clock();
    let mut pool = Pool::new(SERVICES_AT_ONCE);
    let mut answers: Vec<Answer> = Vec::new();
    for (service, deployment) in wanted.take(SERVICES_MAX) {
        let (code_deploy, read_at) = (code_deploy.clone(), clock.now());
        answers.extend(
            pool.start(async move {
                let asking = by_deployment(&code_deploy, &deployment);
                let group = in_time(Operation::GetDeployment, read_at, asking).await;
                (service, deployment, read_at, group)
            })
            .await,
        );
    }
    while let Some(answer) = pool.next().await {
        answers.push(answer);
    }
    let mut all = None;
    for (service, deployment, read_at, group) in answers {
        let value = match group {
            Ok(Some(group)) => Ok(group),
            Err(problem) => Err(problem),
            Ok(None) => {
                if all.is_none() {
                    let asking = code_deploy.all_groups();
                    all = Some(in_time(Operation::ListApplications, read_at, asking).await);
                }
                match all.as_ref() {
                    Some(Ok(groups)) => {
                        let asking = by_search(&code_deploy, groups, &service, read_at);
                        in_time(Operation::GetDeployment, read_at, asking).await
                    }
                    Some(Err(problem)) => Err(problem.clone()),
                    None => continue,
                }
            }
        };
        read.code_deploy_groups.insert(service, (deployment, Known { read_at, value }));
    }
}

/// The answer, or that there was none in time: others wait for the pass to end.
async fn in_time<T>(
    operation: Operation,
    at: Time,
    asking: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    tokio::time::timeout(ANSWER_MAX, asking).await.unwrap_or_else(|_| {
        Err(Problem {
            operation: operation.name().to_owned(),
            class: ProblemClass::Timeout,
            message: format!("CodeDeploy did not answer within {} seconds", ANSWER_MAX.as_secs()),
            at,
        })
    })
}

/// The group of the deployment that made the PRIMARY task set; none where there is no such deployment.
async fn by_deployment(
    code_deploy: &CodeDeploy,
    deployment: &DeploymentId,
) -> Result<Option<CodeDeployGroup>, Problem> {
    if !deployment.as_str().starts_with(DEPLOYMENT) {
        return Ok(None);
    }
    let deployed = match code_deploy.deployment(deployment).await {
        Err(problem) if problem.class == ProblemClass::NotFound => return Ok(None),
        other => other?,
    };
    let group = match code_deploy.group(&deployed.application, &deployed.group).await {
        // It has another name now.
        Err(problem) if problem.class == ProblemClass::NotFound => return Ok(None),
        other => other?,
    };
    described(code_deploy, &group, &deployed.revision).await.map(Some)
}

/// The one group that names the service.
async fn by_search(
    code_deploy: &CodeDeploy,
    groups: &[Group],
    service: &ServiceKey,
    now: Time,
) -> Result<CodeDeployGroup, Problem> {
    let names = |group: &&Group| {
        group
            .services
            .iter()
            .any(|(cluster, name)| cluster == service.cluster().name() && name == service.name())
    };
    let mut found = groups.iter().filter(names);
    let none = |message: &str| Problem {
        operation: "BatchGetDeploymentGroups".to_owned(),
        class: ProblemClass::NotFound,
        message: message.to_owned(),
        at: now,
    };
    let group = match (found.next(), found.next()) {
        (Some(group), None) => group,
        (None, _) => return Err(none("no deployment group of CodeDeploy names this service")),
        (Some(_), Some(_)) => {
            return Err(none("several deployment groups of CodeDeploy name this service"));
        }
    };
    let revision = match &group.last_successful {
        Some(last) => code_deploy.deployment(last).await?.revision,
        None => match &group.target {
            Location::Nowhere(_) => Location::Nowhere("CodeDeploy has never deployed it"),
            known => known.clone(),
        },
    };
    described(code_deploy, group, &revision).await
}

async fn described(
    code_deploy: &CodeDeploy,
    group: &Group,
    location: &Location,
) -> Result<CodeDeployGroup, Problem> {
    let revision = match code_deploy.revision(&group.application, location).await {
        Err(problem) if problem.class == ProblemClass::NotFound => {
            Revision::Missing(format!("its last AppSpec is gone: {problem}").into())
        }
        other => other?,
    };
    Ok(CodeDeployGroup {
        application: group.application.clone(),
        group: group.name.clone(),
        termination_wait: group.termination_wait,
        ready_wait: group.ready_wait,
        shift: code_deploy.shift(group).await,
        rolls_back: group.rolls_back,
        under_way: group.under_way.clone(),
        revision,
    })
}
