//! What AWS tells the account by itself: notices of AWS Health, and events of Amazon ECS.

use std::time::SystemTime;

use super::Simulator;
use super::health::HealthNotice;

impl Simulator {
    /// A notice about a retirement in this account and Region, published now, that starts at
    /// `start`. It has no entities yet, and nobody knows of it before it is published.
    pub fn notice(&self, start: SystemTime) -> HealthNotice {
        self.with_world(|world, now| {
            let (account, region) = (&world.identity.account, &world.identity.region);
            HealthNotice::new(account, region, now.to_system_time(), start)
        })
    }

    /// Delivers a notice into a queue, as EventBridge does, and lets the Health API tell it.
    ///
    /// # Panics
    /// When there is no such queue.
    pub fn publish_notice(&self, queue: &str, notice: &HealthNotice) {
        self.publish_to_health(notice);
        self.send(queue, &notice.body().to_string());
    }

    /// Lets only the Health API tell a notice, or what is new in it: its event never arrives.
    pub fn publish_to_health(&self, notice: &HealthNotice) {
        self.with_world(|world, _| world.health.publish(notice));
    }

    /// Delivers what Amazon ECS tells of its tasks, deployments and services into a queue from now
    /// on, as EventBridge does: one queue, which takes the place of any before.
    pub fn emit_ecs_events_to(&self, queue: &str) {
        self.with_world(|world, _| world.emit_ecs_events_to(queue));
    }

    /// Whether the account has no support plan that includes the Health API.
    pub fn unsubscribe_health(&self, on: bool) {
        self.with_world(|world, _| world.health.set_unsubscribed(on));
    }
}
