//! Several replicas over one store: whatever befalls them, every service is refreshed, and once.

mod cost;
mod gate;
mod stage;
mod store;
mod stories;
mod sweep;
mod wire;
