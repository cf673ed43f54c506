//! What is wrong, or allowed and probably not meant, as far as only all sections and layers together
//! tell.

use super::layers::Layer;
use super::problem::{Place, Problem};
use super::schema::{Store, StoreKind};
use super::{Settings, resources};
use crate::plan::policy::RetirementMode;

/// A policy by which age makes no service due.
pub struct Ageless {
    pub place: Place,
    pub key: String,
    pub mode: RetirementMode,
}

/// The warnings about a valid configuration that was layered from `layers`, the last on top.
pub fn across(settings: &Settings, layers: &[Layer], ageless: Vec<Ageless>) -> Vec<Problem> {
    let hears = settings.has_notices();
    let mut warnings: Vec<Problem> =
        ageless.into_iter().filter_map(|policy| never_due(policy, hears)).collect();
    warnings.extend(of_the_other_store(&settings.store, layers));
    let (queue, bus) = (&settings.events.queue_url, &settings.announce.event_bus);
    let queue_region = queue.as_deref().and_then(resources::queue_region);
    let bus_region = bus.as_deref().and_then(resources::event_bus_region);
    for (section, name, region, what) in [
        ("events", "queue_url", queue_region, "messages are asked for"),
        ("announce", "event_bus", bus_region, "events are put"),
    ] {
        let (Some(found), Some(used)) = (region, settings.aws.region.as_deref()) else { continue };
        let place = layers.iter().rev().find_map(|layer| layer.place(section, name));
        let Some(place) = place.filter(|_| found != used) else { continue };
        let message = format!("is in {found}, but {what} in aws.region, {used}");
        let key = format!("{section}.{name}");
        warnings
            .push(Problem::new(place.clone(), message).key(key).hint("name one Region in both"));
    }
    warnings
}

/// The problem of a store that is a table, when none is named.
pub fn without_table(store: &Store, layers: &[Layer]) -> Option<Problem> {
    let place = place(layers, "kind").filter(|_| store.kind == StoreKind::DynamoDb)?;
    let problem = Problem::new(place.clone(), "no table is named").key("store.table");
    store.table.is_none().then(|| problem.hint("table = \"ecs-refresh\""))
}

/// The warning about a key that belongs to the kind of store that is not in use.
fn of_the_other_store(store: &Store, layers: &[Layer]) -> Option<Problem> {
    let (name, other, kind) = match store.kind {
        StoreKind::File => ("table", "dynamodb", "file"),
        StoreKind::DynamoDb => ("path", "file", "dynamodb"),
    };
    let place = place(layers, name)?;
    let message = format!("has no effect with kind {kind:?}");
    let problem = Problem::new(place.clone(), message).key(format!("store.{name}"));
    Some(problem.hint(format!("remove it, or set kind = {other:?}")))
}

/// Where a key of the store is set, if anywhere.
fn place<'a>(layers: &'a [Layer], name: &'static str) -> Option<&'a Place> {
    layers.iter().rev().find_map(|layer| layer.place("store", name))
}

fn never_due(policy: Ageless, hears: bool) -> Option<Problem> {
    let Ageless { place, key, mode } = policy;
    let warning = |message: &str, hint: &str| Problem::new(place, message).key(key).hint(hint);
    match mode {
        RetirementMode::Ignore => Some(warning(
            "without `max_task_age`, and with retirements ignored, no service is ever due",
            "max_task_age = \"7d\"",
        )),
        _ if hears => None,
        _ => Some(warning(
            "without `max_task_age` only retirements make a service due, but no notice of them \
             arrives",
            "max_task_age = \"7d\", or queue_url in [events], or poll = true in [health]",
        )),
    }
}
