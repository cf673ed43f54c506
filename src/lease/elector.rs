//! What one replica makes of a lease. Pure: times are arguments.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock::Time;
use crate::store::Lease;

/// The longest time between two reads of a replica that waits for the lease.
const READ_PAUSE: Duration = Duration::from_secs(1);

/// What to do next about the lease, and not before when.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    pub at: Instant,
    pub what: What,
}

/// One access to the store.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Read,
    /// Put `next` in the place of `expected`, to claim the lease or to renew it.
    Replace {
        expected: Option<Lease>,
        next: Lease,
    },
}

/// One replica's view of the lease.
#[derive(Clone, Debug)]
pub struct Elector {
    me: Arc<str>,
    duration: Duration,
    /// The lease as it was read last, and since when it is unchanged; absent while it is not known.
    seen: Option<(Option<Lease>, Instant)>,
    /// A write of ours that nobody knows the end of, and when it was sent.
    sent: Option<(Lease, Instant)>,
    /// Until when this replica may act.
    held_until: Option<Instant>,
    /// The next access is not before this.
    next_at: Instant,
}

impl Elector {
    /// A replica called `me`, which nobody else may be called, whose lease is to last for `duration`.
    pub fn new(me: Arc<str>, duration: Duration, now: Instant) -> Self {
        Self { me, duration, seen: None, sent: None, held_until: None, next_at: now }
    }

    /// Until when this replica holds the lease, if it does.
    pub fn held_until(&self) -> Option<Instant> {
        self.held_until
    }

    /// The lease as it was seen last.
    pub fn lease(&self) -> Option<&Lease> {
        self.seen.as_ref()?.0.as_ref()
    }

    /// What to do next.
    pub fn next(&self, wall: Time) -> Next {
        let at = self.next_at;
        let Some((lease, since)) = &self.seen else { return Next { at, what: What::Read } };
        let is_mine = self.is_mine(lease.as_ref());
        if is_mine || self.is_free(lease.as_ref(), *since, at) {
            let next = self.mine(lease.as_ref(), wall);
            return Next { at, what: What::Replace { expected: lease.clone(), next } };
        }
        Next { at, what: What::Read }
    }

    /// The lease was read: it was like this when the answer came.
    pub fn read(&mut self, lease: Option<Lease>, now: Instant) {
        if let Some((sent, sent_at)) = self.sent.take()
            && lease.as_ref() == Some(&sent)
        {
            self.held_until = Some(sent_at + self.duration);
        }
        let unchanged = self.seen.as_ref().is_some_and(|(known, _)| *known == lease);
        if !unchanged {
            self.seen = Some((lease, now));
        }
        if !self.is_mine(self.lease()) {
            self.held_until = None;
        }
        // What is free, or was ours all the time, is taken at once.
        let wait = if self.wants_it_now(now) { Duration::ZERO } else { self.read_pause() };
        self.next_at = now + wait;
    }

    /// A write was sent at `sent_at`, and was it in the store then?
    pub fn replaced(&mut self, next: Lease, sent_at: Instant, done: bool, now: Instant) {
        self.sent = None;
        if !done {
            // Somebody else wrote: who, the next read tells.
            self.seen = None;
            self.held_until = None;
            self.next_at = now;
            return;
        }
        self.held_until = next.holder.is_some().then(|| sent_at + self.duration);
        self.seen = Some((Some(next), now));
        self.next_at = sent_at + self.duration / 3;
    }

    /// An access failed. Of a write nobody knows whether it was done, so the next access is a read.
    pub fn failed(&mut self, sent: Option<(Lease, Instant)>, now: Instant) {
        if sent.is_some() {
            self.sent = sent;
            // The time for which it is seen unchanged goes on only where nothing was written.
            self.seen = None;
        }
        self.next_at = now + (self.duration / 10).min(READ_PAUSE);
    }

    /// The lease given up, and what it is to replace; `None` while it is not held.
    pub fn vacated(&self, wall: Time) -> Option<(Lease, Lease)> {
        let lease = self.lease().filter(|lease| lease.holder.as_ref() == Some(&self.me))?;
        let revision = lease.revision.saturating_add(1);
        let next = Lease { holder: None, renewed_at: wall, revision, ..lease.clone() };
        Some((lease.clone(), next))
    }

    fn is_mine(&self, lease: Option<&Lease>) -> bool {
        lease.is_some_and(|lease| lease.holder.as_ref() == Some(&self.me))
    }

    /// Whether nobody can be acting under it: it was given up, or it stayed unchanged for longer than it
    /// lasts. Clocks may differ a little in their pace.
    fn is_free(&self, lease: Option<&Lease>, since: Instant, now: Instant) -> bool {
        lease.is_none_or(|lease| {
            let lasts = lease.duration.saturating_add(lease.duration / 20);
            lease.holder.is_none() || now.saturating_duration_since(since) >= lasts
        })
    }

    fn wants_it_now(&self, now: Instant) -> bool {
        let Some((lease, since)) = &self.seen else { return false };
        self.is_mine(lease.as_ref()) || self.is_free(lease.as_ref(), *since, now)
    }

    fn mine(&self, lease: Option<&Lease>, wall: Time) -> Lease {
        let known = lease.filter(|lease| lease.holder.as_ref() == Some(&self.me));
        let transitions = lease.map_or(0, |lease| lease.transitions.saturating_add(1));
        Lease {
            holder: Some(Arc::clone(&self.me)),
            acquired_at: known.map_or(wall, |lease| lease.acquired_at),
            renewed_at: wall,
            duration: self.duration,
            transitions: known.map_or(transitions, |lease| lease.transitions),
            revision: lease.map_or(0, |lease| lease.revision.saturating_add(1)),
        }
    }

    fn read_pause(&self) -> Duration {
        READ_PAUSE.min(self.duration / 2)
    }
}

#[cfg(test)]
mod tests;
