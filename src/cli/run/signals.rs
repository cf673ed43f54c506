//! SIGTERM, SIGINT and SIGHUP.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ends at the first SIGTERM or SIGINT. Where signals cannot be had, it never ends.
pub async fn first() {
    let mut signals = Ending::listen();
    signals.next().await;
}

/// Ends at the second SIGTERM or SIGINT.
pub async fn second() {
    let mut signals = Ending::listen();
    signals.next().await;
    signals.next().await;
}

/// Ends when the process is told to end.
pub async fn interrupted() {
    first().await;
}

/// The signals that ask to read the configuration again.
pub fn hangups() -> Option<Signal> {
    listen(SignalKind::hangup())
}

struct Ending {
    terminate: Option<Signal>,
    interrupt: Option<Signal>,
}

impl Ending {
    fn listen() -> Self {
        Self {
            terminate: listen(SignalKind::terminate()),
            interrupt: listen(SignalKind::interrupt()),
        }
    }

    async fn next(&mut self) {
        tokio::select! {
            biased;
            () = received(&mut self.terminate) => {}
            () = received(&mut self.interrupt) => {}
        }
    }
}

/// Waits for one signal, for ever where it cannot be listened for.
pub async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

fn listen(kind: SignalKind) -> Option<Signal> {
    signal(kind)
        .inspect_err(|error| tracing::warn!(%error, "signals cannot be listened for: {error}"))
        .ok()
}
