//! Event buses, as their owner sees them beside the API.

use super::Simulator;
use super::events::PutEvent;

impl Simulator {
    /// Adds an event bus. The bus `default` is there from the beginning.
    pub fn add_event_bus(&self, name: &str) {
        self.with_world(|world, _| world.events.add_bus(name));
    }

    /// What PutEvents put onto buses that exist, oldest first; of very many events only the last
    /// 10,000.
    pub fn put_events(&self) -> Vec<PutEvent> {
        self.with_world(|world, _| world.events.put())
    }
}
