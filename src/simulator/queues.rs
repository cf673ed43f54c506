//! Queues, as their owner sees and fills them beside the API.
//!
//! All methods that name a queue panic when there is none: the scenario that calls them is wrong,
//! and should hear of it where it is.

use super::Simulator;

impl Simulator {
    /// Makes a standard queue with the defaults of Amazon SQS, if it is not there. Returns its URL.
    ///
    /// # Panics
    /// When no queue can have this name.
    pub fn create_queue(&self, name: &str) -> String {
        self.with_world(|world, now| world.sqs.add_queue(name, now))
            .unwrap_or_else(|error| panic!("{name}: {}", error.message))
    }

    /// Lets a queue send what was received `receives_max` times and not deleted to another queue,
    /// which is made if it is not there.
    ///
    /// # Panics
    /// When no queue can have this name, or the number is not between 1 and 1000.
    pub fn set_dead_letters(&self, queue: &str, dead_letter_queue: &str, receives_max: u32) {
        self.with_world(|world, now| {
            world.sqs.redrive(queue, dead_letter_queue, receives_max, now)
        })
        .unwrap_or_else(|error| panic!("{queue}: {}", error.message));
    }

    /// Deletes a queue with all its messages.
    ///
    /// # Panics
    /// When there is no such queue.
    pub fn delete_queue(&self, queue: &str) {
        self.with_world(|world, _| world.sqs.remove_queue(queue))
            .unwrap_or_else(|error| panic!("{queue}: {}", error.message));
    }

    /// Puts a message into a queue, and wakes who waits for one. Returns its id.
    ///
    /// # Panics
    /// When there is no such queue.
    pub fn send(&self, queue: &str, body: &str) -> String {
        self.with_world(|world, now| world.sqs.enqueue(queue, body, None, now))
            .unwrap_or_else(|| missing(queue))
    }

    /// How many messages a queue has that were not deleted, invisible ones included.
    ///
    /// # Panics
    /// When there is no such queue.
    pub fn queue_depth(&self, queue: &str) -> usize {
        self.messages(queue).len()
    }

    /// The bodies of the messages that a queue has and that were not deleted, in the order in
    /// which they were sent.
    ///
    /// # Panics
    /// When there is no such queue.
    pub fn messages(&self, queue: &str) -> Vec<String> {
        self.with_world(|world, now| world.sqs.bodies(queue, now)).unwrap_or_else(|| missing(queue))
    }

    /// The bodies of the messages in a queue's dead-letter queue. A message goes there when it is
    /// asked for once too often, not before.
    ///
    /// # Panics
    /// When there is no such queue, or it has no dead-letter queue.
    pub fn dead_letters(&self, queue: &str) -> Vec<String> {
        let target = self.with_world(|world, _| world.sqs.dead_letter_queue(queue));
        self.messages(&target.unwrap_or_else(|| missing(&format!("{queue} with dead letters"))))
    }

    /// Whether a message that was deleted is delivered once more, when it would have been visible
    /// again had nobody deleted it. Standard queues may do so; a queue's depth counts it no more.
    pub fn redeliver_deleted(&self, on: bool) {
        self.with_world(|world, _| world.sqs.set_redelivers_deleted(on));
    }

    /// Whether messages are delivered in any order, instead of that in which they were sent.
    pub fn shuffle_messages(&self, on: bool) {
        self.with_world(|world, _| world.sqs.set_shuffled(on));
    }
}

fn missing(queue: &str) -> ! {
    panic!("the simulated account has no queue {queue}")
}
