//! What owners of services do with AWS CodeDeploy, and what can be seen of it without the API.
//!
//! All methods that name a service panic when there is none: the scenario that calls them is
//! wrong, and should hear of it where it is.

use super::Simulator;
use super::codedeploy::CodeDeployment;
use super::moment::Moment;
use super::world::World;

impl Simulator {
    /// Somebody else creates a deployment in CodeDeploy, with a new task definition revision or with
    /// the current one. Returns its id.
    ///
    /// # Panics
    /// When there is no such service, no group deploys it, or one of its deployments is under way:
    /// that has to be stopped first.
    pub fn code_deploy(&self, cluster: &str, service: &str, new_revision: bool) -> String {
        self.on_code_deploy(cluster, service, |world, index, now| {
            let made = world.code_deploy.deploy(index, new_revision, &mut world.ecs, now);
            made.unwrap_or_else(|error| {
                panic!("CodeDeploy cannot deploy {cluster}/{service}: {}", error.message)
            })
        })
    }

    /// Somebody ends the wait that the service's deployment is in, be it Ready or about to end the
    /// old tasks. Returns whether it was in one.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn continue_code_deploy(&self, cluster: &str, service: &str) -> bool {
        self.on_code_deploy(cluster, service, |world, index, now| {
            let open = world.code_deploy.under_way(index);
            open.is_some_and(|open| world.code_deploy.go_on(open, &mut world.ecs, now))
        })
    }

    /// Somebody stops the service's deployment, with a rollback or without one. Returns its id.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn stop_code_deploy(&self, cluster: &str, service: &str, back: bool) -> Option<String> {
        self.on_code_deploy(cluster, service, |world, index, now| {
            let open = world.code_deploy.under_way(index)?;
            Some(world.code_deploy.stop(open, Some(back), now))
        })
    }

    /// Somebody deletes an application, and with it all that CodeDeploy knows of its deployments.
    /// Task sets stay as they are.
    ///
    /// # Panics
    /// When there is no such application.
    pub fn delete_code_deploy_application(&self, name: &str) {
        let deleted = self.with_world(|world, _| world.code_deploy.delete_application(name));
        assert!(deleted, "the simulated account has no application {name}");
    }

    /// The revision that the service's group deployed last is no longer there.
    ///
    /// # Panics
    /// When no group deploys such a service, or it has deployed nothing.
    pub fn delete_code_deploy_revision(&self, cluster: &str, service: &str) {
        let deleted =
            self.with_world(|world, _| world.code_deploy.delete_revision(cluster, service));
        assert!(deleted, "no deployment group has a revision of {cluster}/{service}");
    }

    /// How many deployments of the service CreateDeployment has made.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn started_code_deploys(&self, cluster: &str, service: &str) -> usize {
        self.on_code_deploy(cluster, service, |world, index, _| world.code_deploy.created(index))
    }

    /// The deployments that CodeDeploy has made of the service, rollbacks included, oldest first.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn code_deployments(&self, cluster: &str, service: &str) -> Vec<CodeDeployment> {
        self.on_code_deploy(cluster, service, |world, index, _| {
            world.code_deploy.of_service(index).map(|deployment| deployment.view()).collect()
        })
    }

    /// Somebody changes who controls the service's deployments: `ECS`, `CODE_DEPLOY`, `EXTERNAL`, or
    /// nobody named, which is ECS. The PRIMARY stays, everything else goes.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_controller(&self, cluster: &str, service: &str, kind: Option<&str>) {
        self.on_service(cluster, service, |ecs, at, now| ecs.set_controller(at, kind, now));
    }

    fn on_code_deploy<T>(
        &self,
        cluster: &str,
        service: &str,
        run: impl FnOnce(&mut World, usize, Moment) -> T,
    ) -> T {
        self.with_world(|world, now| match world.ecs.known_service(cluster, service) {
            Some(index) => run(world, index, now),
            None => panic!("the simulated account has no service {cluster}/{service}"),
        })
    }
}
