//! What AWS Identity and Access Management has to allow, for every feature and for a configuration.
//!
//! Owns the grants: which operations, on what, under which condition, and why. `deploy/iam` is made from
//! them. It is pure, knows no account, and must not ask AWS what somebody has been granted.

mod demand;
mod document;
mod feature;
mod grant;
mod needs;
mod values;
mod wildcard;

#[cfg(test)]
mod tests;

pub use document::{Document, ROLE_POLICY_CHARS_MAX, Statement};
pub use feature::Feature;
pub use needs::{Needs, Scope, Tag};
