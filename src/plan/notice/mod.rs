//! Retirement notices: what AWS said, and what became of it for each service.
//!
//! What AWS said is kept as it came, one page per communication, because pages come in any order,
//! more than once, and updated; what a notice means is derived from all its pages. What became of
//! it is kept with the service that it is about.

mod about;
mod derived;
mod findings;
mod notices;
mod page;
mod pending;
mod retirement;
mod superseded;
#[cfg(test)]
mod tests;
mod track;

pub use about::About;
pub use derived::{AffectedTask, Notice};
pub use findings::Findings;
pub use notices::Notices;
pub use page::{Affected, Entity, EventKey, EventStatus, NoticePage, Owner, PageKey};
pub use pending::{Pending, of_notice, pending};
pub use retirement::{Ended, EndedBy, Raised, Retirement, TaskSample};
pub use track::{replaced_by, track};
