//! One queue and its messages: which are visible, and what receiving and deleting does to them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::attributes::{Attributes, Redrive};
use super::receipt::Receipt;
use crate::simulator::moment::Moment;

/// A message.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) body: String,
    pub(super) sent_at: Moment,
    pub(super) first_received_at: Option<Moment>,
    /// How often it was received.
    pub(super) received: u32,
    /// It can be received from this instant on.
    visible_at: Moment,
    /// Deleted, but still to be delivered once more.
    is_ghost: bool,
    was_ghost: bool,
    /// The queue that it was a dead letter of.
    pub(super) dead_letter_of: Option<String>,
}

impl Message {
    pub(super) fn new(id: String, body: String, now: Moment, delay: Duration) -> Self {
        Message {
            id,
            body,
            sent_at: now,
            first_received_at: None,
            received: 0,
            visible_at: now + delay,
            is_ghost: false,
            was_ghost: false,
            dead_letter_of: None,
        }
    }

    fn is_visible(&self, now: Moment) -> bool {
        self.visible_at <= now
    }

    /// Whether it was received and can still be deleted before anybody else gets it.
    fn is_in_flight(&self, now: Moment) -> bool {
        self.received > 0 && !self.is_visible(now) && !self.is_ghost
    }
}

/// How many messages there are, and in what state.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) visible: usize,
    pub(super) in_flight: usize,
    pub(super) delayed: usize,
}

/// A queue.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) attributes: Attributes,
    pub(super) created_at: Moment,
    pub(super) modified_at: Moment,
    /// In the order in which they were sent.
    messages: BTreeMap<u64, Message>,
}

impl Queue {
    pub(super) fn new(name: &str, attributes: Attributes, now: Moment) -> Self {
        let (created_at, modified_at) = (now, now);
        Queue {
            name: name.to_owned(),
            attributes,
            created_at,
            modified_at,
            messages: BTreeMap::new(),
        }
    }

    pub(super) fn put(&mut self, sequence: u64, message: Message) {
        self.messages.insert(sequence, message);
    }

    /// Forgets what is older than the queue keeps messages.
    pub(super) fn expire(&mut self, now: Moment) {
        let kept = self.attributes.seconds("MessageRetentionPeriod");
        self.messages.retain(|_, message| now.since(message.sent_at) <= kept);
    }

    /// The numbers of the messages that can be received now, in order.
    pub(super) fn visible(&self, now: Moment) -> Vec<u64> {
        let visible = self.messages.iter().filter(|(_, message)| message.is_visible(now));
        visible.map(|(sequence, _)| *sequence).collect()
    }

    /// When the next message becomes visible.
    pub(super) fn next_visible(&self, now: Moment) -> Option<Moment> {
        self.messages.values().map(|message| message.visible_at).filter(|at| *at > now).min()
    }

    /// Takes messages out that have been received too often.
    pub(super) fn take_dead(&mut self, now: Moment) -> Option<(Redrive, Vec<(u64, Message)>)> {
        let redrive = self.attributes.redrive.clone()?;
        let is_dead = |_: &u64, message: &mut Message| {
            let is_due = message.is_visible(now) && !message.is_ghost;
            is_due && message.received >= redrive.receives_max
        };
        let dead = self.messages.extract_if(.., is_dead).map(|(sequence, mut message)| {
            message.dead_letter_of = Some(self.name.clone());
            (sequence, message)
        });
        let dead = dead.collect();
        Some((redrive, dead))
    }

    /// Receives a message, which nobody else gets while `invisible`.
    pub(super) fn receive(
        &mut self,
        sequence: u64,
        invisible: Duration,
        now: Moment,
    ) -> Option<(Receipt, &Message)> {
        let message = self.messages.get_mut(&sequence)?;
        message.received += 1;
        message.first_received_at.get_or_insert(now);
        message.visible_at = now + invisible;
        message.is_ghost = false;
        Some((Receipt { sequence, count: message.received }, message))
    }

    /// Deletes a message, if this is its latest receipt; an older one does nothing. One that is
    /// to be `redelivered` comes back once, when it would have been visible again.
    pub(super) fn delete(&mut self, receipt: Receipt, redelivered: bool) {
        let Some(message) = self.messages.get_mut(&receipt.sequence) else { return };
        if message.received != receipt.count {
            return;
        }
        if redelivered && !message.was_ghost {
            message.is_ghost = true;
            message.was_ghost = true;
        } else {
            self.messages.remove(&receipt.sequence);
        }
    }

    /// The message of a receipt, if it is the latest one of a message that is still there.
    pub(super) fn received(&self, receipt: Receipt) -> Option<&Message> {
        let message = self.messages.get(&receipt.sequence)?;
        (message.received == receipt.count && !message.is_ghost).then_some(message)
    }

    pub(super) fn is_in_flight(&self, sequence: u64, now: Moment) -> bool {
        self.messages.get(&sequence).is_some_and(|message| message.is_in_flight(now))
    }

    /// Makes a message visible `after` this long.
    pub(super) fn show(&mut self, sequence: u64, after: Duration, now: Moment) {
        if let Some(message) = self.messages.get_mut(&sequence) {
            message.visible_at = now + after;
        }
    }

    pub(super) fn counts(&self, now: Moment) -> Counts {
        let count = |condition: &dyn Fn(&Message) -> bool| {
            self.messages.values().filter(|message| condition(message)).count()
        };
        Counts {
            visible: count(&|message| message.is_visible(now) && !message.is_ghost),
            in_flight: count(&|message| message.is_in_flight(now)),
            delayed: count(&|message| message.received == 0 && !message.is_visible(now)),
        }
    }

    /// The messages that have not been deleted, in the order in which they were sent.
    pub(super) fn undeleted(&self) -> impl Iterator<Item = &Message> {
        self.messages.values().filter(|message| !message.is_ghost)
    }
}
