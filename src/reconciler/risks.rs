//! Which risks are news: services that will hardly be refreshed before AWS retires their tasks.
//!
//! A risk is told when it begins, and that it is over. Whether a service at the end of a long queue
//! comes in time changes with every refresh that ends, so a risk is over only when it has been away
//! for a while.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::plan::Plan;
use crate::plan::key::ServiceKey;
use crate::plan::notice::EventKey;
use crate::plan::verdict::{RetirementAhead, Verdict};

/// A risk that was away for so long is over.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);

/// So many services are told by name at one time. The metrics and the API name all of them.
const NAMED_MAX: usize = 20;

/// What was told.
#[derive(Debug, Default)]
pub struct Risks {
    told: BTreeMap<ServiceKey, Told>,
}

#[derive(Debug)]
struct Told {
    event: EventKey,
    missed: bool,
    /// Since when it is not at risk any more, if it is not.
    away_since: Option<Time>,
}

/// What is to be told now.
#[derive(Debug, Default)]
pub struct RiskNews<'a> {
    /// At risk since this plan, or too late.
    pub begun: Vec<(&'a ServiceKey, &'a Verdict, &'a RetirementAhead)>,
    /// So many more, too many to name.
    pub begun_unnamed: usize,
    /// Not at risk any more, though the notice is still to be satisfied.
    pub over: Vec<(&'a ServiceKey, &'a Verdict)>,
}

impl Risks {
    /// What `plan` says that was not told before. Of services whose notice is satisfied nothing more
    /// is told here.
    pub fn news<'a>(&mut self, plan: &'a Plan) -> RiskNews<'a> {
        let now = plan.now;
        let mut news = RiskNews::default();
        let mut before = std::mem::take(&mut self.told);
        for (service, verdict) in &plan.verdicts {
            let Some(ahead) = verdict.retirement.as_deref() else { continue };
            let known = before.remove(service).filter(|known| known.event == ahead.event);
            let (missed, event) = (ahead.missed, ahead.event.clone());
            let told = match (known, ahead.at_risk) {
                (Some(known), true) if known.missed == missed => Told { away_since: None, ..known },
                (_, true) => {
                    news.begun.push((service, verdict, ahead));
                    Told { event, missed, away_since: None }
                }
                (Some(known), false) => {
                    // A time to come is one of a clock that was set back since.
                    let since = known.away_since.map_or(now, |since| since.min(now));
                    if now - since >= PATIENCE {
                        news.over.push((service, verdict));
                        continue;
                    }
                    Told { away_since: Some(since), ..known }
                }
                (None, false) => continue,
            };
            self.told.insert(service.clone(), told);
        }
        news.begun_unnamed = news.begun.len().saturating_sub(NAMED_MAX);
        news.begun.truncate(NAMED_MAX);
        news
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::plan::key::ClusterKey;
    use crate::plan::verdict::{Prospect, Reason};

    /// The services of each plan: name, event, whether it is at risk and whether it is too late.
    type Seen = (&'static str, &'static str, bool, bool);

    fn plan(
        minute: i64,
        services: impl IntoIterator<Item = (String, &'static str, bool, bool)>,
    ) -> Plan {
        let now = Time::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minute);
        let cluster = ClusterKey::new("eu-west-1", "123456789012", "prd");
        let verdict = |(name, arn, at_risk, missed): (String, &str, bool, bool)| {
            let event = EventKey { account: "123456789012".into(), arn: arn.into() };
            let ahead = RetirementAhead {
                event,
                cutoff: now,
                deadline: None,
                missed,
                reopened: false,
                prospect: Prospect::Undated,
                at_risk,
            };
            let verdict = Verdict {
                policy: Arc::from("weekly"),
                also_selected_by: Vec::new(),
                reason: Reason::NotObservedYet,
                oldest_created_at: None,
                due: None,
                deadline: None,
                next_window: None,
                finding: None,
                retirement: Some(Box::new(ahead)),
            };
            (ServiceKey::new(&cluster, &name), verdict)
        };
        let verdicts = services.into_iter().map(verdict).collect();
        Plan { verdicts, ..Plan::empty(now) }
    }

    /// What is told minute by minute: `+` for a risk that begins, `-` for one that is over.
    fn told(minutes: impl IntoIterator<Item = (i64, Option<Seen>)>) -> String {
        let mut risks = Risks::default();
        let mut text = String::new();
        for (minute, seen) in minutes {
            let seen = seen.map(|(name, arn, risk, missed)| (name.to_owned(), arn, risk, missed));
            let plan = plan(minute, seen);
            let news = risks.news(&plan);
            text += &"+".repeat(news.begun.len());
            text += &"-".repeat(news.over.len());
            text += ".";
        }
        text
    }

    #[test]
    fn a_risk_is_told_when_it_begins_and_when_it_has_been_away_for_a_while() {
        let at = |risk| Some(("api", "one", risk, false));
        let late = Some(("api", "one", true, true));
        for (minutes, expected) in [
            (vec![(0, at(false)), (1, at(true)), (2, at(true))], ".+.."),
            // What comes and goes is told once.
            (vec![(0, at(true)), (5, at(false)), (9, at(true)), (39, at(false))], "+...."),
            (vec![(0, at(true)), (5, at(false)), (34, at(false)), (35, at(false))], "+...-."),
            (vec![(0, at(true)), (5, at(false)), (35, at(false)), (40, at(true))], "+..-.+."),
            // The clock goes back.
            (vec![(0, at(true)), (90, at(false)), (0, at(false)), (29, at(false))], "+...."),
            // From at risk to too late, and another notice.
            (vec![(0, at(true)), (1, late), (2, late)], "+.+.."),
            (vec![(0, at(true)), (1, Some(("api", "two", true, false)))], "+.+."),
            // It is satisfied: that is told elsewhere.
            (vec![(0, at(true)), (1, None), (40, None)], "+..."),
        ] {
            assert_eq!(told(minutes.clone()), expected, "{minutes:?}");
        }
    }

    #[test]
    fn a_whole_fleet_is_not_told_service_by_service() {
        let fleet = || (0..5_000).map(|number| (format!("s{number:04}"), "one", true, false));
        let mut risks = Risks::default();
        let plan = plan(0, fleet());
        let news = risks.news(&plan);
        assert_eq!((news.begun.len(), news.begun_unnamed), (20, 4_980));
        let news = risks.news(&plan);
        assert_eq!((news.begun.len(), news.begun_unnamed), (0, 0));
    }
}
