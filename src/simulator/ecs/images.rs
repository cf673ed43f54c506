//! The images that tasks run: what a task definition names, and what a deployment made of it.
//!
//! Amazon ECS resolves tags to digests when the first task of a deployment starts, and launches all later
//! ones from these digests (Amazon ECS Developer Guide, "Container image resolution").

use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::deployment::Revision;
use super::service::Service;
use super::task::Task;
use crate::simulator::ecr::{Ecr, Pulled};
use crate::simulator::moment::Moment;

/// The units of a task definition that does not say its `cpu`.
const CPU_UNITS: u32 = 256;

/// What a task definition runs.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) cpu_units: u32,
    pub(crate) containers: Vec<Container>,
    /// What the images of the containers were resolved to, once the first task has pulled them.
    resolved: OnceLock<Vec<Option<String>>>,
}

/// A container definition.
#[derive(Debug, Clone)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    /// `versionConsistency` is not `disabled`.
    pinned: bool,
}

/// The digest of each container's image that is in the simulated registry.
pub(crate) type Digests = Vec<Option<String>>;

impl Workload {
    /// Reads the members of a task definition.
    pub(crate) fn of(definition: &Value) -> Self {
        let containers = definition["containerDefinitions"].as_array();
        let text =
            |container: &Value, key: &str| container[key].as_str().unwrap_or_default().to_owned();
        let container = |container: &Value| Container {
            name: text(container, "name"),
            image: text(container, "image"),
            pinned: container["versionConsistency"] != "disabled",
        };
        Workload {
            cpu_units: definition["cpu"].as_str().and_then(cpu_units).unwrap_or(CPU_UNITS),
            containers: containers.into_iter().flatten().map(container).collect(),
            resolved: OnceLock::new(),
        }
    }

    /// The containers, with the digests that tasks are launched from, where they are known.
    pub(crate) fn resolved(&self) -> impl Iterator<Item = (&Container, Option<&str>)> {
        self.containers.iter().enumerate().map(|(at, container)| (container, self.pin(at)))
    }

    fn pin(&self, at: usize) -> Option<&str> {
        let pinned = self.resolved.get().filter(|_| self.containers[at].pinned);
        pinned.and_then(|digests| digests.get(at)?.as_deref())
    }
}

/// Pulls what a task of a revision runs.
///
/// # Errors
/// The reason for which the task cannot start.
pub(crate) fn pull(
    revision: &Revision,
    reports_platform: bool,
    ecr: &mut Ecr,
    now: Moment,
) -> Result<Arc<Digests>, String> {
    let workload = &revision.workload;
    let (mut found, mut reported) = (Vec::new(), Vec::new());
    for (container, pinned) in workload.resolved() {
        let pulled = ecr.pull(&container.image, pinned, now)?;
        reported.push(pulled.as_ref().map(|pulled| pulled.reported(reports_platform)));
        found.push(pulled.map(|pulled| pulled.digest));
    }
    workload.resolved.get_or_init(|| found);
    Ok(Arc::new(reported))
}

/// `imageDigest` of a container. Of an image in this registry nothing is told before it is pulled; one
/// elsewhere has a digest that changes with the task definition.
pub(crate) fn digest(ecr: &Ecr, task: &Task, at: usize) -> Option<String> {
    let container = task.revision.workload.containers.get(at)?;
    match ecr.holds(&container.image) {
        true => task.digests.as_ref()?.get(at)?.clone(),
        false => Some(elsewhere(&task.revision)),
    }
}

fn elsewhere(revision: &Revision) -> String {
    format!("sha256:{:064x}", revision.number)
}

impl Service {
    /// Lets the tasks that are there from the beginning have pulled what they run. What the registry does
    /// not have any more has a digest that nothing else has.
    pub(crate) fn settle_images(&mut self, ecr: &mut Ecr, now: Moment) {
        let Some(revision) = self.revision().cloned().filter(|_| !self.tasks.is_empty()) else {
            return;
        };
        let (mut found, mut reported) = (Vec::new(), Vec::new());
        for container in &revision.workload.containers {
            let pulled = ecr.pull(&container.image, None, now);
            let gone = pulled.is_err().then(|| elsewhere(&revision));
            let pulled = pulled.ok().flatten();
            reported.push(self.reported(pulled.as_ref()).or(gone.clone()));
            found.push(pulled.map(|pulled| pulled.digest).or(gone));
        }
        revision.workload.resolved.get_or_init(|| found);
        let digests = Arc::new(reported);
        self.tasks.values_mut().for_each(|task| task.digests = Some(digests.clone()));
    }

    fn reported(&self, pulled: Option<&Pulled>) -> Option<String> {
        pulled.map(|pulled| pulled.reported(self.spec.reports_platform_digest))
    }
}

/// Units, or vCPUs where the text says so.
fn cpu_units(text: &str) -> Option<u32> {
    let text = text.trim();
    let vcpus = text.to_ascii_lowercase();
    match vcpus.strip_suffix("vcpu") {
        Some(count) => count.trim().parse().ok().map(|count: f64| (count * 1024.0) as u32),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_said_in_units_or_in_vcpus() {
        for (text, units) in
            [("256", Some(256)), (" 1024 ", Some(1024)), (".5 vCPU", Some(512)), ("x", None)]
        {
            assert_eq!(cpu_units(text), units, "{text}");
        }
    }
}
