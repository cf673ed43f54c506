//! The task that sends announcements: begun with a command, drained at its end.

use std::future::pending;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::announce::{AnnounceMetrics, Announcer};
use crate::aws::EventBus;

/// Sends what a command announces, if it announces anything.
#[derive(Debug)]
pub struct Announcing {
    task: Option<JoinHandle<()>>,
}

impl Announcing {
    /// Begins to send to `bus`. Without one, nobody is told anything.
    pub fn begin(bus: Option<EventBus>, metrics: AnnounceMetrics) -> (Announcer, Self) {
        let Some(bus) = bus else { return (Announcer::silent(), Self { task: None }) };
        tracing::info!("outcomes are announced on event bus {}", bus.name());
        let (announcer, outbox) = Announcer::new(metrics);
        (announcer, Self { task: Some(tokio::spawn(outbox.run(bus))) })
    }

    /// Waits for the task to end, which it does not while there is an announcer: says why it did.
    pub async fn ended(&mut self) -> String {
        match &mut self.task {
            Some(task) => match task.await {
                Ok(()) => "nobody announces any more".to_owned(),
                Err(error) => error.to_string(),
            },
            None => pending().await,
        }
    }

    /// Lets what was announced be sent, at most for this long. Every announcer must be gone.
    pub async fn drain(self, time_max: Duration) {
        let Some(mut task) = self.task else { return };
        if tokio::time::timeout(time_max, &mut task).await.is_err() {
            task.abort();
            tracing::warn!("some announcements could not be sent before the end");
        }
    }
}
