//! The plan, tested as its reader meets it: scenarios in, verdicts, steps and looks out.

pub(super) mod fixture;

mod at_risk;
mod by_hand;
mod code_deploy;
mod deadline;
mod deployed;
mod due;
mod failures;
mod following;
mod held;
mod ledger;
mod limits;
mod notices;
mod order;
mod overflow;
mod preflight;
mod proof;
mod properties;
mod retirement;
mod sentences;
mod starts;
mod surveys;
mod views;
mod windows;
