//! `ecs-refresh plan`: look once, and print what would be done about every service, and why not.

mod retirements;
mod table;

#[cfg(test)]
mod tests;

use super::args::{Format, ViewArgs};
use super::exit::Exit;
use super::look::{look_as_configured, print};
use super::survey::Survey;
use crate::clock::Clock;
use crate::http::write_document;

/// Looks once and prints.
pub async fn plan(args: ViewArgs, clock: Clock) -> Exit {
    let seen = match look_as_configured(&args.config, &clock, Survey::brief()).await {
        Ok(seen) => seen,
        Err(exit) => return exit,
    };
    print(|out| match args.format {
        Format::Text => table::write(&seen, out),
        Format::Json => write_document(&seen, clock.now(), out),
    })
}
