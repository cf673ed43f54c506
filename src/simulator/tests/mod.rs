//! The simulator against what AWS documents, through its router and through the real SDK.

mod api;
mod breaker;
mod deletion;
mod events;
mod faulty;
mod health;
mod paging;
mod retirement;
mod rolling;
mod scale;
mod sdk;
mod service_deployments;
mod sqs;
mod state_changes;
mod support;
mod tcp;
