//! The simulator against what AWS documents, through its router and through the real SDK.

mod alarms;
mod api;
mod breaker;
mod configuration;
mod deletion;
mod early_success;
mod events;
mod faulty;
mod health;
mod hooks;
mod paging;
mod protection;
mod retirement;
mod rollbacks;
mod rolling;
mod scale;
mod sdk;
mod service_deployments;
mod sqs;
mod staged;
mod state_changes;
mod support;
mod tcp;
