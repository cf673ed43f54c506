//! There are addresses and vCPUs for the tasks that run beside each other.
//!
//! Every task on Fargate has an address of its own in one of the service's subnets, and its vCPUs count
//! against the account's quota in the Region. A rollout that gets less room than it may use is slower; one
//! that gets none stands still.

use std::collections::BTreeSet;

use super::unread::{known, unreadable};
use super::worst::worst;
use super::{Found, Name, Subject, task_definition};
use crate::plan::fleet::{Description, Percents};
use crate::plan::surroundings::{Market, Want};
use crate::plan::words::count;

/// What `cpu` of a task counts of one vCPU.
const UNITS_PER_VCPU: f64 = 1_024.0;

/// How many tasks a rollout starts beside those that run.
#[derive(Clone, Copy, Debug)]
struct Surge {
    /// As many as it may.
    full: u32,
    /// As many as it needs to get anywhere.
    least: u32,
}

pub(super) fn find(subject: &Subject<'_>) -> Found {
    let surge = surge(subject.description);
    if surge.full == 0 {
        return Found::fine("no task is started before another has stopped");
    }
    let found = [addresses(subject, surge), vcpus(subject, surge)];
    worst(found.into_iter().flatten().collect(), subject.action(Name::Room))
}

fn surge(description: &Description) -> Surge {
    let desired = description.desired_count;
    if description.shifts_traffic() {
        return Surge { full: desired, least: desired };
    }
    let (lower, upper) = description.percents.unwrap_or(Percents::DEFAULT).bounds(desired);
    // Where tasks may stop first, what they leave is room enough.
    let least = u32::from(lower >= desired);
    Surge { full: upper.saturating_sub(desired), least }
}

fn addresses(subject: &Subject<'_>, surge: Surge) -> Option<Found> {
    let subnets = &subject.description.subnets;
    if subnets.is_empty() {
        return None;
    }
    let mut free: u64 = 0;
    let mut unread = None;
    for id in subnets {
        match known(subject.known.subnets.get(id), &format!("subnet {id}")) {
            Ok(subnet) => free = free.saturating_add(subnet.free_addresses.into()),
            Err(found) => unread = unread.or(Some(found)),
        }
    }
    let of = match subnets.len() {
        1 => format!("its subnet {}", subnets[0]),
        many => format!("its {many} subnets"),
    };
    let enough = free >= surge.full.into();
    match unread.filter(|_| !enough) {
        Some(found) => Some(found),
        None => {
            let free_are = if free == 1 { "address is" } else { "addresses are" };
            let what = format!("{free} {free_are} free in {of}");
            Some(fit(what, free, surge, "give the service subnets with more free addresses"))
        }
    }
}

fn vcpus(subject: &Subject<'_>, surge: Surge) -> Option<Found> {
    let market = market(subject.description);
    let named = match market {
        Market::OnDemand => "Fargate vCPUs",
        Market::Spot => "Fargate Spot vCPUs",
    };
    let definition = known(
        task_definition::named(subject).and_then(|arn| subject.known.task_definitions.get(arn)),
        "its task definition",
    );
    let quota = known(subject.known.quotas.get(&market), &format!("the quota of {named}"));
    let (definition, quota) = match (definition, quota) {
        (Ok(definition), Ok(quota)) => (definition, quota),
        (Err(unread), _) | (_, Err(unread)) => return Some(unread),
    };
    let Some(units) = definition.cpu_units.filter(|units| *units > 0) else {
        return Some(Found::unknown("its task definition does not say how many vCPUs a task has"));
    };
    let used = match &quota.used_vcpus {
        Ok(used) => *used,
        Err(problem) => return Some(unreadable("what of the quota is in use", problem)),
    };
    let Some(used) = used else {
        return Some(Found::unknown(format!(
            "CloudWatch does not say how many of the {} {named} are in use",
            quota.vcpus
        )));
    };
    if !quota.vcpus.is_finite() || !used.is_finite() {
        return Some(Found::unknown(format!("the quota of {named} makes no sense")));
    }
    let each = f64::from(units) / UNITS_PER_VCPU;
    let free = (quota.vcpus - used).max(0.0);
    // The conversion saturates.
    let tasks = (free / each).floor() as u64;
    let what = format!("{used} of {} {named} are in use, and a task takes {each}", quota.vcpus);
    Some(fit(
        what,
        tasks,
        surge,
        "ask AWS for a higher quota of vCPUs, or wait until fewer are used",
    ))
}

/// What it means that there is room for so many tasks.
fn fit(what: String, room: u64, surge: Surge, hint: &str) -> Found {
    let Surge { full, least } = surge;
    if room >= full.into() {
        return Found::fine(format!("{what}: room for {}", count(full, "more task")));
    }
    let short = format!("{what}: room for {room} of {}", count(full, "more task"));
    match room >= least.into() {
        true => Found::notable(format!("{short}, and the rollout is slower")).hint(hint),
        false => Found::bad(format!("{short}, and at least {least} must fit")).hint(hint),
    }
}

fn market(description: &Description) -> Market {
    if description.spot { Market::Spot } else { Market::OnDemand }
}

pub(super) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    if surge(subject.description).full == 0 {
        return;
    }
    wants.extend(subject.description.subnets.iter().cloned().map(Want::Subnet));
    wants.extend(task_definition::named(subject).cloned().map(Want::TaskDefinition));
    wants.insert(Want::FargateQuota(market(subject.description)));
}
