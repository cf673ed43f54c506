//! The checks, one by one: services in, sentences out.

mod alarms;
mod can_move;
mod drain;
mod fits_window;
mod room;
mod steady;
mod task_definition;
mod total;
