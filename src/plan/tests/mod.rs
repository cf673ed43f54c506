//! The plan, tested as its reader meets it: scenarios in, verdicts, steps and looks out.

mod fixture;

mod by_hand;
mod deployed;
mod due;
mod failures;
mod held;
mod ledger;
mod limits;
mod order;
mod overflow;
mod proof;
mod properties;
mod sentences;
mod starts;
mod views;
mod windows;
