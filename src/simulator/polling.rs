//! Calls that are answered later: long polls, which wait for messages.
//!
//! Nothing runs in the background for them. A waiting call looks again when a message has come,
//! when the world has something due, and when its time is up.

use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Simulator;
use super::reply::{Answer, Reply};

/// Ends the waiting early, because the server that it waits in ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stopping(pub(crate) CancellationToken);

/// The world counts in milliseconds; a shorter sleep would look at the same one again.
const SLEEP_MIN: Duration = Duration::from_millis(1);

impl Simulator {
    /// Answers a call, now or when what it waits for has come.
    pub(crate) async fn call(&self, target: &str, request: Value, stopping: &Stopping) -> Reply {
        let mut reply = self.with_world(|world, now| {
            world.log.caller = self.caller.clone();
            world.call(target, request, now)
        });
        while let Answer::Wait(poll) = reply.answer {
            // Registered before the look, so that nothing can come unseen in between.
            let mut arrival = std::pin::pin!(self.arrivals.notified());
            arrival.as_mut().enable();
            let (answer, pause) = self.with_world(|world, now| {
                let pause = world.next_due(&poll, now).since(now);
                (world.resume(poll, now), pause)
            });
            reply.answer = answer;
            if let Answer::Wait(poll) = &mut reply.answer {
                tokio::select! {
                    biased;
                    () = stopping.0.cancelled() => poll.give_up(),
                    () = arrival => {}
                    () = tokio::time::sleep(pause.max(SLEEP_MIN)) => {}
                }
            }
        }
        reply
    }
}
