//! Tasks that somebody ran by themselves: no service keeps them, and nothing replaces them.

use super::Ecs;
use super::behaviour::Behaviour;
use super::deployment::Deployment;
use super::service::Service;
use super::spec::ServiceSpec;
use crate::simulator::moment::Moment;

/// What RunTask says of a task beside its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standalone {
    /// By default `family:NAME`; any other text is possible, even one like a service's.
    pub(crate) group: String,
    pub(crate) started_by: Option<String>,
}

impl Ecs {
    /// Puts a running task into a cluster. It is kept like a service that nobody can see and whose
    /// scheduler is idle. Returns its id.
    pub(crate) fn run_standalone(
        &mut self,
        cluster: &str,
        family: &str,
        standalone: Standalone,
        now: Moment,
    ) -> u128 {
        self.add_cluster(cluster);
        let spec = ServiceSpec::new(cluster, family).desired(0);
        self.ensure_family(&spec, now);
        let mut holder = Service::new(spec, &self.identity, now);
        holder.standalone = Some(standalone);
        let revision = self.revision_of(family, 1, Behaviour::Healthy);
        holder.deployments.push(Deployment::start(self.ids.deployment(), revision, now));
        let id = holder.launch_task(0, now, &mut self.ids);
        // Only launching needs one.
        holder.deployments.clear();
        if let Some(task) = holder.tasks.get_mut(&id) {
            *task = task.clone().settled_since(now, &holder.spec);
        }
        holder.hush();
        let index = self.hold(holder);
        self.run_service(index, now);
        id
    }

    /// The index of what keeps a standalone task that is still visible.
    pub(crate) fn keeper(&self, cluster: &str, task: u128) -> Option<usize> {
        let index = *self.clusters.get(cluster)?.tasks.get(&task)?;
        self.services[index].standalone.is_some().then_some(index)
    }
}
