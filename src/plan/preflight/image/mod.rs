//! The images of a service: whether they are there, stay, and are what runs.
//!
//! Only images of the service's own account and Region are looked at. All others are not known, which is
//! never taken for missing.

mod absent;
mod compare;
mod container;
pub(super) mod drift;
pub(super) mod exists;
mod horizon;
pub(super) mod kept;
mod lifecycle;
mod reference;
#[cfg(test)]
mod tests;
mod together;

pub use lifecycle::selects;
