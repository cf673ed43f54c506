//! CloudWatch alarms that watch deployments: when they fail one, and how long they hold it open.
//!
//! Source: Amazon ECS Developer Guide, "How CloudWatch alarms detect Amazon ECS deployment
//! failures".

use std::time::Duration;

use super::deployment::Progress;
use super::failure::{self, Failure};
use super::service::{Service, ServiceStatus};
use super::staged::{self, Stage};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// How long a rolling deployment bakes whose configuration does not say: ECS derives less than
/// five minutes from the alarms.
const BAKE_TIME: Duration = Duration::from_secs(240);

/// What alarms mean to one service deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Watch {
    /// Alarms are configured, and none was in ALARM when the deployment started.
    pub(crate) monitoring: bool,
    /// The alarms that went off.
    pub(crate) triggered: Vec<String>,
    /// When a rolling deployment has baked.
    pub(crate) baked_at: Option<Moment>,
}

/// What a deployment that starts now has to expect.
pub(crate) fn watch(service: &Service) -> Watch {
    let enabled = service.spec.alarms.as_ref().is_some_and(|alarms| alarms.enable);
    Watch { monitoring: enabled && ringing(service).is_empty(), ..Watch::default() }
}

/// Fails the PRIMARY when an alarm goes off. Returns whether it did.
pub(crate) fn check(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let Some(alarms) = &service.spec.alarms else { return false };
    let rollback = alarms.rollback;
    let triggered = ringing(service);
    let cleaning_up = staged::stage(service) == Some(Stage::CleanUp);
    if triggered.is_empty() || cleaning_up || service.status != ServiceStatus::Active {
        return false;
    }
    let Some(watch) = watched(service).filter(|watch| watch.monitoring) else { return false };
    watch.triggered = triggered;
    failure::fail(service, Failure::Alarm, rollback, now, ids);
    true
}

/// Whether a rolling deployment whose tasks are all there still waits for alarms.
pub(crate) fn baking(service: &mut Service, now: Moment) -> bool {
    let span =
        service.spec.bake_minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
    let Some(watch) = watched(service).filter(|watch| watch.monitoring) else { return false };
    let baked_at = *watch.baked_at.get_or_insert(now + span.unwrap_or(BAKE_TIME));
    now < baked_at
}

/// The names of the service's alarms that are in ALARM.
fn ringing(service: &Service) -> Vec<String> {
    let Some(alarms) = service.spec.alarms.as_ref().filter(|a| a.enable) else { return Vec::new() };
    alarms.names.iter().filter(|name| service.ringing.contains(*name)).cloned().collect()
}

fn watched(service: &mut Service) -> Option<&mut Watch> {
    let record = service.history.last_mut()?;
    (record.progress == Progress::Running).then_some(&mut record.alarms)
}
