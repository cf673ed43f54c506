//! `ecs-refresh preflight`: look once, and print what would break if what is due were refreshed.

mod text;

use super::args::{Format, PreflightArgs};
use super::exit::Exit;
use super::look::{look_as_configured, print};
use super::survey::Survey;
use crate::clock::Clock;
use crate::http::write_preflight;
use crate::plan::key::ServiceKey;
use crate::plan::preflight::Outcome;

/// Looks once and prints. The answer is no when a refresh would be held.
pub async fn preflight(args: PreflightArgs, clock: Clock) -> Exit {
    let service = args.service.as_ref();
    let is_asked = |key: &ServiceKey| {
        service.is_some_and(|asked| {
            asked.service == key.name() && asked.cluster == key.cluster().name()
        })
    };
    let asked: Option<&dyn Fn(&ServiceKey) -> bool> = service.map(|_| &is_asked as _);
    let survey = Survey::complete(asked);
    let seen = match look_as_configured(&args.view.config, &clock, survey).await {
        Ok(seen) => seen,
        Err(exit) => return exit,
    };
    let checked: Vec<_> = seen.preflight.services.iter().collect();
    if let Some(service) = service.filter(|_| checked.is_empty()) {
        return Exit::no(format!(
            "no policy selects {}/{} on Fargate, or there is nothing to refresh in it now; \
             `ecs-refresh plan` says what is known of it",
            service.cluster, service.service
        ));
    }
    let held = checked.iter().any(|(_, preflight)| preflight.outcome() == Outcome::Hold);
    let printed = print(|out| match args.view.format {
        Format::Text => text::write(&seen, &checked, out),
        Format::Json => write_preflight(&checked, clock.now(), out),
    });
    match printed {
        Exit::Fine if held => Exit::No(None),
        exit => exit,
    }
}
