//! The alarm clock: it wakes the loop when a window opens.
//!
//! Whether a window is open is decided in `plan`. The scheduler keeps a job's zone as the fixed
//! offset that it had when the job was added, so that after a daylight-saving change an alarm may
//! come an hour off; the next resync notices the opening all the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono_tz::Tz;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

use crate::plan::policy::Policies;

/// Alarms at the openings of all windows of a set of policies.
pub struct Alarm {
    scheduler: JobScheduler,
}

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

/// The alarm clock could not be set. Openings are then noticed by the resync.
#[derive(Debug, thiserror::Error)]
#[error("the alarm clock for window openings could not be set; the resync notices them instead")]
pub struct AlarmError(#[from] JobSchedulerError);

impl Alarm {
    /// Calls `wake` with a reason for people at every opening of a window of `policies`.
    ///
    /// # Errors
    /// When the scheduler refuses a job or cannot run.
    pub async fn set(
        policies: &Policies,
        wake: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Self, AlarmError> {
        let scheduler = JobScheduler::new().await?;
        let wake = Arc::new(wake);
        for ((cron, _), zone) in openings(policies) {
            let wake = Arc::clone(&wake);
            let reason = format!("a window opens: {cron} {zone}");
            // The scheduler's cron begins with seconds.
            let job = Job::new_tz(format!("0 {cron}"), zone, move |_, _| wake(reason.clone()))?;
            scheduler.add(job).await?;
        }
        scheduler.start().await?;
        Ok(Self { scheduler })
    }

    /// Stops all alarms.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the alarm clock did not stop cleanly");
        }
    }
}

/// Every different opening of an enabled policy.
fn openings(policies: &Policies) -> BTreeMap<(String, &'static str), Tz> {
    let mut openings = BTreeMap::new();
    for policy in policies.policies.iter().filter(|policy| policy.enabled) {
        let zone = policy.schedule.zone();
        for window in policy.schedule.windows().unwrap_or_default() {
            openings.insert((window.text().to_owned(), zone.name()), zone);
        }
    }
    openings
}
