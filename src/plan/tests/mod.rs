//! The plan, tested as its reader meets it: scenarios in, verdicts, steps and looks out.

mod fixture;

mod at_risk;
mod by_hand;
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
mod proof;
mod properties;
mod retirement;
mod sentences;
mod starts;
mod views;
mod windows;
