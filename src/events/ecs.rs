//! Events of Amazon ECS about a service or one of its tasks.

use super::arn::{Arn, Resource, is_name};
use super::field::Fields;
use super::fragment::harmless;
use super::{EcsEvent, Fragment, Message};

/// Reads an `ECS Task State Change`.
pub fn read_task(event: &Fields) -> Message {
    let message = event.inner("detail").and_then(|detail| task(event, &detail));
    message.unwrap_or_else(Message::NotUnderstood)
}

fn task(event: &Fields, detail: &Fields) -> Result<Message, Fragment> {
    let group = detail.text("group")?.unwrap_or("no group");
    let Some(service) = group.strip_prefix("service:") else {
        return Ok(Message::Ignored(format!("a task of {}: of no service", harmless(group))));
    };
    if !is_name(service) {
        return Err(detail.unexpected("group", "a service's name"));
    }
    let cluster = cluster(detail)?;
    let task = detail.arn("taskArn")?;
    let id = match task.map(|task| task.resource) {
        Some(Resource::Task { id, .. }) => Some(id),
        Some(_) => return Err(detail.unexpected("taskArn", "a task's ARN")),
        None => None,
    };
    let version = detail.count("version")?;
    let task_version = id.map(str::to_owned).zip(version);
    let event = about(event, service, &[cluster, task])?;
    Ok(Message::Ecs(EcsEvent { task_version, ..event }))
}

/// Reads an `ECS Deployment State Change` or an `ECS Service Action`.
pub fn read_service(event: &Fields) -> Message {
    service(event).map_or_else(Message::NotUnderstood, Message::Ecs)
}

fn service(event: &Fields) -> Result<EcsEvent, Fragment> {
    let first = event.list("resources")?.first();
    let unexpected = || Fragment::of_value("resources[0]", "a service's ARN", first);
    let arn = first.and_then(|value| value.as_str()).and_then(|text| Arn::read(text.trim()));
    let arn = arn.ok_or_else(unexpected)?;
    let Resource::Service { name, .. } = arn.resource else { return Err(unexpected()) };
    // Deployment state changes do not state the cluster: the service's long ARN names it.
    let cluster = match event.get("detail") {
        Some(_) => cluster(&event.inner("detail")?)?,
        None => None,
    };
    about(event, name, &[Some(arn), cluster])
}

fn cluster<'a>(detail: &Fields<'a>) -> Result<Option<Arn<'a>>, Fragment> {
    match detail.arn("clusterArn")? {
        Some(arn) if !matches!(arn.resource, Resource::Cluster(_)) => {
            Err(detail.unexpected("clusterArn", "a cluster's ARN"))
        }
        cluster => Ok(cluster),
    }
}

/// An event about `service`, for which these ARNs and the event itself have to agree. The cluster
/// comes from one of them, so that account and Region are always those of an ARN.
fn about(event: &Fields, service: &str, arns: &[Option<Arn>]) -> Result<EcsEvent, Fragment> {
    let arns = || arns.iter().flatten();
    let account = one("account", event.text("account")?, arns().map(|arn| arn.account))?;
    let region = one("region", event.text("region")?, arns().map(|arn| arn.region))?;
    let cluster = one("detail.clusterArn", None, arns().filter_map(Arn::cluster))?;
    Ok(EcsEvent {
        account: account.to_owned(),
        region: region.to_owned(),
        cluster: cluster.to_owned(),
        service: service.to_owned(),
        at: event.date("time")?.ok_or_else(|| event.unexpected("time", "a date"))?,
        task_version: None,
    })
}

/// What is `stated` and what the ARNs say, if there is any and it is the same.
fn one<'a>(
    place: &str,
    stated: Option<&'a str>,
    said: impl Iterator<Item = &'a str>,
) -> Result<&'a str, Fragment> {
    let mut all = stated.into_iter().chain(said);
    let first = all.next().ok_or_else(|| Fragment::of_text(place, "a name", ""))?;
    match all.find(|other| *other != first) {
        Some(other) => Err(Fragment::of_text(place, &format!("{first} everywhere"), other)),
        None => Ok(first),
    }
}
