//! What others do to the account, and what can be seen of it without the API.
//!
//! All methods that name a service panic when there is none: the scenario that calls them is
//! wrong, and should hear of it where it is.

use std::time::SystemTime;

use super::Simulator;
use super::ecs::{Behaviour, Ecs, HookAction, ServiceSpec, ServiceView};
use super::moment::Moment;

impl Simulator {
    /// Adds a cluster. Adding a service adds its cluster too.
    pub fn add_cluster(&self, name: &str) {
        self.with_world(|world, _| world.ecs.add_cluster(name));
    }

    /// Adds a service whose tasks run and whose deployment is completed. Returns its ARN.
    pub fn add_service(&self, spec: ServiceSpec) -> String {
        self.with_world(|world, now| world.add_service(spec, now))
    }

    /// Somebody else starts a deployment, with a new task definition revision or with the
    /// current one. Returns its id.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn deploy(&self, cluster: &str, service: &str, new_revision: bool) -> String {
        self.on_service(cluster, service, |ecs, at, now| ecs.deploy(at, new_revision, now))
    }

    /// Somebody else changes the desired count.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_desired(&self, cluster: &str, service: &str, count: u32) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.set_desired(count));
        });
    }

    /// Sets how the tasks of deployments behave that start from now on.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_behaviour(&self, cluster: &str, service: &str, behaviour: Behaviour) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.set_next_revision(behaviour));
        });
    }

    /// Lets the last completed revision behave otherwise from now on, as when its image is gone:
    /// running tasks stay, but replacements and rollbacks follow the new behaviour.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_completed_behaviour(&self, cluster: &str, service: &str, behaviour: Behaviour) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.set_completed_behaviour(behaviour));
        });
    }

    /// Somebody deletes the service by force: it is DRAINING until its last task has stopped,
    /// then INACTIVE.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn delete_service(&self, cluster: &str, service: &str) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.start_draining(false));
        });
    }

    /// Makes the service DRAINING, and lets it stay so.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn drain_service(&self, cluster: &str, service: &str) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.start_draining(true));
        });
    }

    /// The oldest task dies. ECS replaces it under its own deployment. Returns its id.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn kill_task(&self, cluster: &str, service: &str) -> Option<String> {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.stop_oldest(
                at,
                "EssentialContainerExited",
                "Essential container in task exited",
                now,
            )
        })
    }

    /// Lets a CloudWatch alarm of the service go into ALARM, which fails a deployment that watches
    /// it.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn raise_alarm(&self, cluster: &str, service: &str, alarm: &str) {
        self.with_world(|world, now| world.cloud_watch.set_alarm(alarm, "ALARM", now));
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| {
                service.ringing.insert(alarm.to_owned());
            });
        });
    }

    /// Lets a CloudWatch alarm of the service go back to OK.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn clear_alarm(&self, cluster: &str, service: &str, alarm: &str) {
        self.with_world(|world, now| world.cloud_watch.set_alarm(alarm, "OK", now));
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| {
                service.ringing.remove(alarm);
            });
        });
    }

    /// Somebody answers every pause that the service's deployment waits in. Returns how many.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn continue_deployment(&self, cluster: &str, service: &str, action: HookAction) -> usize {
        self.on_service(cluster, service, |ecs, at, now| ecs.resolve_pauses(at, action, now))
    }

    /// Somebody stops the deployment under way: it is rolled back, or left where it stands, neither
    /// done nor taken back.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn stop_deployment(&self, cluster: &str, service: &str, rollback: bool) {
        self.on_service(cluster, service, |ecs, at, now| ecs.stop_deployment(at, rollback, now));
    }

    /// ECS moves the oldest healthy task of the PRIMARY to another Availability Zone: one of the same
    /// deployment takes its place. Returns the id of the one that goes.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn rebalance_task(&self, cluster: &str, service: &str) -> Option<String> {
        self.on_service(cluster, service, |ecs, at, now| ecs.rebalance(at, now))
    }

    /// The owner protects those tasks until another moment that are protected; one that has passed
    /// lifts the protection.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn protect_anew(&self, cluster: &str, service: &str, until: SystemTime) {
        let until = Moment::from(until);
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.protect_anew(until, now));
        });
    }

    /// The owner protects the oldest task that is not protected yet. Returns its id.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn protect_task(&self, cluster: &str, service: &str, until: SystemTime) -> Option<String> {
        let until = Moment::from(until);
        self.on_service(cluster, service, |ecs, at, now| ecs.protect_oldest(at, until, now))
    }

    /// Adds or changes a tag of a service.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn tag_service(&self, cluster: &str, service: &str, key: &str, value: &str) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.set_tag(key, Some(value)));
        });
    }

    /// Removes a tag of a service.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn untag_service(&self, cluster: &str, service: &str, key: &str) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.set_tag(key, None));
        });
    }

    /// Lets DescribeServices show any text as the PRIMARY's `rolloutState`; an empty one leaves
    /// the member out, `None` shows the true one again.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_rollout_state_raw(&self, cluster: &str, service: &str, state: Option<&str>) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.override_rollout_state(state));
        });
    }

    /// Lets the newest service deployment show any text as its `status`; `None` shows the true one
    /// again.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_deployment_status_raw(&self, cluster: &str, service: &str, status: Option<&str>) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.override_status(status));
        });
    }

    /// Lets service deployments that shift traffic show any text as their `lifecycleStage`; `None`
    /// shows the true one again.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_stage_raw(&self, cluster: &str, service: &str, stage: Option<&str>) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.override_stage(stage));
        });
    }

    /// Hides `createdAt` of all tasks that the service has now, or shows it again.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn hide_created_at(&self, cluster: &str, service: &str, hidden: bool) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.hide_created_at(hidden));
        });
    }

    /// The true state of a service, whatever reads show.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn service(&self, cluster: &str, service: &str) -> ServiceView {
        self.on_service(cluster, service, |ecs, at, now| ecs.view(at, now))
    }

    /// How many deployments `UpdateService` with `forceNewDeployment` has started.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn started_deployments(&self, cluster: &str, service: &str) -> usize {
        self.on_service(cluster, service, |ecs, at, _| ecs.forced_deployments(at))
    }

    pub(super) fn on_service<T>(
        &self,
        cluster: &str,
        service: &str,
        run: impl FnOnce(&mut Ecs, usize, Moment) -> T,
    ) -> T {
        self.with_world(|world, now| match world.ecs.known_service(cluster, service) {
            Some(index) => run(&mut world.ecs, index, now),
            None => panic!("the simulated account has no service {cluster}/{service}"),
        })
    }
}
