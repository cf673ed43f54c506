//! The affected resources of a page: how they are named, and each of them once.

use std::collections::BTreeMap;

use super::arn::{Arn, Resource, is_name, is_task_id};
use super::{AffectedEntity, Entity};

/// Reads what an entity of `account` in `region` is called; `None` for anything that leaves room
/// for a doubt, an ARN of another account or Region among it.
pub fn read(text: &str, account: &str, region: &str) -> Option<Entity> {
    let text = text.trim();
    if text.starts_with("arn:") {
        let arn = Arn::read(text).filter(|arn| arn.account == account && arn.region == region)?;
        return match arn.resource {
            Resource::Cluster(_) => None,
            Resource::Service { cluster: Some(cluster), name } => service(cluster, name),
            Resource::Service { cluster: None, name } => {
                Some(Entity::ShortService { service: name.to_owned() })
            }
            Resource::Task { cluster, id } => {
                Some(Entity::Task { cluster: cluster.map(str::to_owned), id: id.to_owned() })
            }
        };
    }
    if is_task_id(text) {
        return Some(Entity::Task { cluster: None, id: text.to_owned() });
    }
    if let Some((cluster, name)) = text.split_once('|') {
        return service(cluster, name);
    }
    // Behind a slash, what looks like a task's id may be one: a task's ARN ends so.
    let (cluster, name) = text.split_once('/')?;
    if is_task_id(name.trim()) { None } else { service(cluster, name) }
}

fn service(cluster: &str, name: &str) -> Option<Entity> {
    let (cluster, name) = (cluster.trim(), name.trim());
    let both = is_name(cluster) && is_name(name);
    both.then(|| Entity::Service { cluster: cluster.to_owned(), service: name.to_owned() })
}

/// Collects the entities of one page, each once, in the order in which they are first named.
#[derive(Default)]
pub struct Entities {
    /// With what was stated about it: whether it is resolved.
    list: Vec<(Entity, Option<bool>)>,
    at: BTreeMap<Entity, usize>,
}

impl Entities {
    /// Adds an entity. Where it is named without a word about its state, nothing is said about it.
    pub fn add(&mut self, entity: Entity, resolved: Option<bool>) {
        match self.at.get(&entity) {
            Some(at) => self.list[*at].1 = both(self.list[*at].1, resolved),
            None => {
                self.at.insert(entity.clone(), self.list.len());
                self.list.push((entity, resolved));
            }
        }
    }

    pub fn finish(mut self) -> Vec<AffectedEntity> {
        self.place_tasks();
        let entity = |(entity, resolved): (Entity, Option<bool>)| AffectedEntity {
            entity,
            resolved: resolved.unwrap_or(false),
        };
        self.list.into_iter().map(entity).collect()
    }

    /// Makes one of a task that is named by its ARN as well as by its id alone: ids are unique.
    fn place_tasks(&mut self) {
        let placed: BTreeMap<String, usize> = self
            .list
            .iter()
            .enumerate()
            .filter_map(|(at, (entity, _))| match entity {
                Entity::Task { cluster: Some(_), id } => Some((id.clone(), at)),
                _ => None,
            })
            .collect();
        for at in 0..self.list.len() {
            let (entity, resolved) = &self.list[at];
            if let Some(other) = twin(entity, &placed) {
                self.list[other].1 = both(self.list[other].1, *resolved);
            }
        }
        self.list.retain(|(entity, _)| twin(entity, &placed).is_none());
    }
}

/// Where the same task stands with its cluster, if this one is without.
fn twin(entity: &Entity, placed: &BTreeMap<String, usize>) -> Option<usize> {
    match entity {
        Entity::Task { cluster: None, id } => placed.get(id).copied(),
        _ => None,
    }
}

/// Two statements about one entity: where they contradict each other, something is left to do.
fn both(one: Option<bool>, other: Option<bool>) -> Option<bool> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one && other),
        _ => one.or(other),
    }
}
