//! What was found out about the things that notices name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Affected, Entity, NoticePage, Owner};
use crate::plan::fleet::TaskId;

/// Answers to what pages leave open, all in one account and Region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Whose a task is, and the cluster where it was found. A task that is gone was found in none.
    pub tasks: BTreeMap<TaskId, (Option<Arc<str>>, Owner)>,
    /// The cluster of a service that was named without one.
    pub services: BTreeMap<Arc<str>, Arc<str>>,
}

impl NoticePage {
    /// The page with what was found out about its entities; nothing if that changes nothing.
    pub fn with(&self, findings: &Findings) -> Option<Self> {
        let mut changed = false;
        let mut entities = Vec::with_capacity(self.entities.len());
        for affected in &self.entities {
            let entity = findings.about(&affected.entity);
            changed |= entity.is_some();
            let entity = entity.unwrap_or_else(|| affected.entity.clone());
            entities.push(Affected { entity, resolved: affected.resolved });
        }
        changed.then(|| Self { entities, ..self.clone() })
    }
}

impl Findings {
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.services.is_empty()
    }

    /// What is known now about an entity that left something open. What was found out once stays.
    fn about(&self, entity: &Entity) -> Option<Entity> {
        match entity {
            Entity::Task { cluster, id, owner: None } => {
                let (found_in, owner) = self.tasks.get(id)?;
                let cluster = found_in.as_ref().or(cluster.as_ref()).cloned();
                Some(Entity::Task { cluster, id: *id, owner: Some(owner.clone()) })
            }
            Entity::ShortService(name) => {
                Some(Entity::Service(self.services.get(name)?.clone(), name.clone()))
            }
            Entity::Service(..) | Entity::Task { .. } => None,
        }
    }
}
