//! Taking up a changed configuration, and setting the alarm clock by it.
//!
//! Files are compared by content: change notifications miss what happens on EFS and when a mounted
//! symlink is swapped.

use std::time::Duration;

use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};

use super::signals::received;
use crate::plan::policy::Policies;
use crate::reconciler::{Reload, Trigger};
use crate::settings::{self, Problems, RawFiles, Settings, Sources};
use crate::triggers::alarm::Alarm;

/// A change is taken up when two readings so far apart agree: a file may be half written.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// Who is told of values in force, beside the loop.
pub struct Followers {
    pub resync: watch::Sender<Duration>,
    pub dry_run: watch::Sender<bool>,
}

/// Watches the configuration for ever.
pub async fn watch(
    settings: Settings,
    sources: Sources,
    triggers: mpsc::Sender<Trigger>,
    followers: Followers,
    mut hangups: Option<Signal>,
) {
    let alarm = set_alarm(&settings.policies, &triggers).await;
    let in_force = settings.fingerprint;
    let began_dry = settings.policies.dry_run;
    let seen = Ok(in_force);
    let mut watcher = Watcher { settings, sources, triggers, followers, alarm, seen, began_dry };
    loop {
        let wait = watcher.settings.daemon.resync;
        let asked = tokio::select! {
            biased;
            () = received(&mut hangups) => true,
            () = tokio::time::sleep(wait) => false,
        };
        watcher.compare(asked).await;
    }
}

struct Watcher {
    settings: Settings,
    sources: Sources,
    triggers: mpsc::Sender<Trigger>,
    followers: Followers,
    alarm: Option<Alarm>,
    /// The newest content that was judged, or what kept it from being read.
    seen: Result<u64, String>,
    /// A daemon that began as a dry run has opened no ledger, so it must not refresh anything.
    began_dry: bool,
}

impl Watcher {
    /// Reads the files, and takes them up if they changed and have settled.
    async fn compare(&mut self, asked: bool) {
        let first = self.read().await;
        if fingerprint(&first) == self.seen {
            if asked {
                tracing::info!("configuration read again: nothing has changed");
            }
            return;
        }
        tokio::time::sleep(SETTLED_AFTER).await;
        let second = self.read().await;
        if fingerprint(&first) != fingerprint(&second) {
            tracing::debug!("the configuration is still being written");
            return;
        }
        self.seen = fingerprint(&second);
        match second.and_then(|files| settings::parse(&files, &self.sources)) {
            Ok(settings) => self.take_up(settings).await,
            Err(problems) => self.refuse(&problems).await,
        }
    }

    async fn read(&self) -> Result<RawFiles, Problems> {
        let sources = self.sources.clone();
        let reading = tokio::task::spawn_blocking(move || sources.read());
        reading.await.unwrap_or_else(|_| Ok(RawFiles::default()))
    }

    async fn take_up(&mut self, mut settings: Settings) {
        if self.began_dry && !settings.policies.dry_run {
            settings.policies.dry_run = true;
            tracing::warn!(
                key = "daemon.dry_run",
                "this daemon began as a dry run and has no ledger open: dry_run = false needs a \
                 restart, and nothing is refreshed until then"
            );
        }
        for key in self.settings.restart_needed(&settings) {
            tracing::warn!(key, "{key} has changed, which needs a restart: the old value stays");
        }
        for warning in &settings.warnings {
            tracing::warn!("{warning}");
        }
        tracing::info!(
            policies = settings.policies.policies.len(),
            dry_run = settings.policies.dry_run,
            "configuration taken up: {}",
            settings.sources.join(", ")
        );
        self.followers.resync.send_replace(settings.daemon.resync);
        if let Some(alarm) = self.alarm.take() {
            alarm.stop().await;
        }
        self.alarm = set_alarm(&settings.policies, &self.triggers).await;
        let reload = Reload::Valid {
            policies: settings.policies.clone(),
            resync: settings.daemon.resync,
            api_share: settings.daemon.api_share,
        };
        // Events are left alone before the loop enters a dry run, and until it has left one.
        let dry_run = settings.policies.dry_run;
        if dry_run {
            self.followers.dry_run.send_replace(true);
        }
        self.send(reload).await;
        self.followers.dry_run.send_replace(dry_run);
        self.settings = settings;
    }

    async fn refuse(&self, problems: &Problems) {
        for problem in problems.iter() {
            tracing::error!("{problem}");
        }
        tracing::error!("the changed configuration has problems: the old one stays in force");
        self.send(Reload::Invalid).await;
    }

    async fn send(&self, reload: Reload) {
        // An error means that the loop has ended, and the process with it.
        let _ = self.triggers.send(Trigger::Reload(reload)).await;
    }
}

fn fingerprint(read: &Result<RawFiles, Problems>) -> Result<u64, String> {
    read.as_ref().map(RawFiles::fingerprint).map_err(ToString::to_string)
}

/// Openings of windows wake the loop. Without an alarm clock the resync notices them.
pub async fn set_alarm(policies: &Policies, triggers: &mpsc::Sender<Trigger>) -> Option<Alarm> {
    let triggers = triggers.clone();
    let wake = move |reason| {
        // A full queue wakes the loop anyway.
        let _ = triggers.try_send(Trigger::Wake { reason });
    };
    Alarm::set(policies, wake).await.inspect_err(|error| tracing::warn!(%error, "{error}")).ok()
}
