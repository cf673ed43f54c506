//! DescribeAlarms: how CloudWatch alarms stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types as wire;

use super::bisecting::Batches;
use super::pass::{Answer, Asker, Fault, Pass};
use crate::aws::client::Page;
use crate::aws::error::bounded;
use crate::aws::operation::Operation;
use crate::plan::surroundings::{Alarm, Known};

/// The most names that one call answers about (Amazon CloudWatch API reference, DescribeAlarms).
const ALARMS_MAX: usize = 100;

/// Without it, an answer has 50 alarms.
const PAGE_MAX: i32 = 100;

/// More pages than there are names; a server that never ends must not be followed for ever.
const PAGES_MAX: usize = 10;

type Found = BTreeMap<String, Alarm>;

/// Reads alarms by their names. To be told of composite ones, one has to be allowed to see all (Amazon
/// CloudWatch API reference, DescribeAlarms): whoever is denied some is denied all.
pub(super) async fn read(
    client: &Client,
    asker: &Asker,
    names: &[Arc<str>],
    pass: Pass,
) -> BTreeMap<Arc<str>, Known<Alarm>> {
    let (mut read, mut batches) = (BTreeMap::new(), Batches::of(names, ALARMS_MAX));
    while let Some(batch) = batches.next() {
        let Answer { at, result } = describe(client, asker, &batch, pass).await;
        let denied = result.as_ref().is_err_and(Fault::is_denied);
        let rest = if denied { batches.drain() } else { Vec::new() };
        read.extend(batch.into_iter().chain(rest).map(|name| {
            let value = match &result {
                Ok(found) => Ok(found.get(&*name).cloned().unwrap_or(Alarm::Missing)),
                Err(fault) => Err(fault.problem.clone()),
            };
            (name, Known { read_at: at, value })
        }));
    }
    read
}

/// The alarms of one batch, with all pages of the answer.
async fn describe(client: &Client, asker: &Asker, names: &[Arc<str>], pass: Pass) -> Answer<Found> {
    let Answer { at, result } = page(client, asker, names, None, pass).await;
    let mut found = match result {
        Ok(found) => found,
        Err(fault) => return Answer { at, result: Err(fault) },
    };
    for _ in 1..PAGES_MAX {
        let Some(token) = found.next.take() else { break };
        match page(client, asker, names, Some(token), pass).await.result {
            Ok(more) => {
                found.items.extend(more.items);
                found.next = more.next;
            }
            Err(fault) => return Answer { at, result: Err(fault) },
        }
    }
    Answer { at, result: Ok(found.items.into_iter().collect()) }
}

async fn page(
    client: &Client,
    asker: &Asker,
    names: &[Arc<str>],
    token: Option<String>,
    pass: Pass,
) -> Answer<Page<(String, Alarm)>> {
    let named = names.iter().map(ToString::to_string).collect();
    let answer = asker.ask(Operation::DescribeAlarms, pass, |attempts| {
        client
            .describe_alarms()
            .set_alarm_names(Some(named))
            .alarm_types(wire::AlarmType::MetricAlarm)
            .alarm_types(wire::AlarmType::CompositeAlarm)
            .max_records(PAGE_MAX)
            .set_next_token(token)
            .customize()
            .interceptor(attempts)
            .send()
    });
    let Answer { at, result } = answer.await;
    let page = result.map(|output| {
        let plain = output
            .metric_alarms()
            .iter()
            .map(|of| (of.alarm_name(), alarm(of.state_value(), of.state_reason())));
        let composite = output
            .composite_alarms()
            .iter()
            .map(|of| (of.alarm_name(), alarm(of.state_value(), of.state_reason())));
        let named = |(name, alarm): (Option<&str>, Alarm)| Some((name?.to_owned(), alarm));
        let alarms = plain.chain(composite).filter_map(named).collect();
        Page::new(alarms, output.next_token.clone())
    });
    Answer { at, result: page }
}

fn alarm(state: Option<&wire::StateValue>, reason: Option<&str>) -> Alarm {
    match state {
        Some(wire::StateValue::Ok) => Alarm::Ok,
        Some(wire::StateValue::Alarm) => {
            Alarm::Alarm { reason: reason.map(|reason| bounded(reason).into()) }
        }
        Some(wire::StateValue::InsufficientData) => Alarm::InsufficientData,
        Some(other) => Alarm::Unknown(bounded(other.as_str()).into()),
        None => Alarm::Unknown("an alarm without a state".into()),
    }
}
