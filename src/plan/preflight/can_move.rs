//! The percentages let a rollout move.
//!
//! ECS stops tasks down to the minimum and starts them up to the maximum, both rounded so that neither is
//! crossed. Where that leaves not one task in between, a rollout stands still for ever (Amazon ECS
//! developer guide, "Deploy Amazon ECS services by replacing tasks").

use super::{Found, Subject};
use crate::plan::fleet::Percents;
use crate::plan::words::count;

pub(super) fn find(subject: &Subject<'_>) -> Found {
    let description = subject.description;
    let desired = description.desired_count;
    if desired == 0 {
        return Found::fine("desired count is 0: nothing has to move");
    }
    if description.shifts_traffic() {
        return Found::fine("all new tasks come before old ones go, whatever the percentages are");
    }
    let percents = description.percents.unwrap_or(Percents::DEFAULT);
    let (lower, upper) = percents.bounds(desired);
    let bounds = format!(
        "{}, {} to {} percent{}: never fewer than {lower}, never more than {upper}",
        count(desired, "task"),
        percents.minimum_healthy,
        percents.maximum,
        if description.percents.is_some() { "" } else { " (ECS's default, as it reports none)" },
    );
    if upper < desired {
        return Found::bad(format!("{bounds}, so that new tasks have no room"))
            .hint("a maximum percent of 100 is the least, and one of 200 takes nothing away");
    }
    if percents.batch(desired) == 0 {
        return Found::bad(bounds).hint(what_moves(percents, desired));
    }
    match (lower == 0, upper == desired) {
        (true, true) if subject.policy().preflight.allow_downtime => {
            Found::fine(format!("{bounds}; the policy allows that all of them stop first"))
        }
        (true, true) => {
            let all = if desired == 1 { "the only task stops" } else { "all of them may stop" };
            Found::bad(format!("{bounds}; {all} before a new one starts")).hint(
                "set the maximum percent to 200, or allow_downtime = true if it can do without",
            )
        }
        (true, false) => {
            Found::notable(format!("{bounds}; old tasks may stop before a new one is healthy"))
                .hint("set the minimum healthy percent to 100")
        }
        (false, true) => Found::notable(format!(
            "{bounds}; tasks stop before others start, down to {lower} of {desired}"
        ))
        .hint("a maximum percent of 200 takes nothing away"),
        (false, false) => Found::fine(bounds),
    }
}

/// The least change of either percentage that lets one task move.
fn what_moves(percents: Percents, desired: u32) -> String {
    let (lower, _) = percents.bounds(desired);
    let desired = u64::from(desired);
    let one_more = u64::from(lower).max(desired) + 1;
    let maximum = (one_more * 100).div_ceil(desired);
    let start = format!("a maximum percent of {maximum} lets it start one more");
    match desired {
        0 | 1 => start,
        _ => format!(
            "{start}, a minimum healthy percent of {} lets it stop one first",
            (desired - 1) * 100 / desired
        ),
    }
}
