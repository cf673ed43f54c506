//! SIGTERM, SIGINT and SIGHUP.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a daemon listens for, from the moment that this was made: a signal that arrives before
/// anybody waits for it is kept.
pub struct Signals {
    /// For whoever begins to end at the first SIGTERM or SIGINT.
    pub first: Ending,
    /// For whoever aborts at the second one.
    pub second: Ending,
    /// SIGHUP asks to read the configuration again.
    pub hangups: Option<Signal>,
}

impl Signals {
    /// Starts listening. Where signals cannot be had, none ever arrives.
    pub fn listen() -> Self {
        Self {
            first: Ending::listen(),
            second: Ending::listen(),
            hangups: listen(SignalKind::hangup()),
        }
    }
}

/// Ends when the process is told to end, from the call of this function on.
pub fn interrupted() -> impl Future<Output = ()> + Send + 'static {
    let mut ending = Ending::listen();
    async move { ending.next().await }
}

/// Ends when the process is told to end for the second time.
pub async fn second() {
    Ending::listen().second().await;
}

/// SIGTERM and SIGINT.
pub struct Ending {
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

    /// Ends at the next but one.
    pub async fn second(&mut self) {
        self.next().await;
        self.next().await;
    }

    /// Ends at the next of them.
    pub async fn next(&mut self) {
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
