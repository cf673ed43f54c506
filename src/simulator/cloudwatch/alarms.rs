//! Alarms, and DescribeAlarms.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{CloudWatch, invalid};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

const NAMES_MAX: usize = 100;
const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 100;

/// An alarm on a metric, or on other alarms.
#[derive(Debug, Clone)]
pub(super) struct Alarm {
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    state: String,
    /// `AlarmRule` of a composite alarm.
    rule: Option<String>,
    since: Moment,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribeAlarms {
    alarm_names: Option<Vec<String>>,
    alarm_name_prefix: Option<String>,
    alarm_types: Option<Vec<String>>,
    state_value: Option<String>,
    max_records: Option<i64>,
    next_token: Option<String>,
}

impl CloudWatch {
    /// Sets the state of an alarm. One that is not there is made, on a metric.
    pub(crate) fn set_alarm(&mut self, name: &str, state: &str, now: Moment) {
        let rule = self.alarms.get(name).and_then(|alarm| alarm.rule.clone());
        let alarm = Alarm { state: state.to_owned(), rule, since: now };
        self.alarms.insert(name.to_owned(), alarm);
    }

    /// Makes an alarm on other alarms, which is OK until somebody sets another state.
    pub(crate) fn add_composite(&mut self, name: &str, rule: &str, now: Moment) {
        let alarm = Alarm { state: "OK".to_owned(), rule: Some(rule.to_owned()), since: now };
        self.alarms.insert(name.to_owned(), alarm);
    }

    /// Makes an alarm that is OK, if it is not there.
    pub(crate) fn ensure_alarm(&mut self, name: &str, now: Moment) {
        if !self.alarms.contains_key(name) {
            self.set_alarm(name, "OK", now);
        }
    }

    /// Returns whether it was there.
    pub(crate) fn delete_alarm(&mut self, name: &str) -> bool {
        self.alarms.remove(name).is_some()
    }

    pub(crate) fn is_ringing(&self, name: &str) -> bool {
        self.alarms.get(name).is_some_and(|alarm| alarm.state == "ALARM")
    }

    /// Names of alarms that are not there are passed over in silence, and so are composite alarms where they
    /// are not asked for.
    pub(super) fn describe_alarms(&self, input: &DescribeAlarms) -> Result<Value, ApiError> {
        input.check()?;
        let size = input.max_records;
        if size.is_some_and(|size| !(1..=PAGE_MAX as i64).contains(&size)) {
            return Err(invalid(format!("MaxRecords must be between 1 and {PAGE_MAX}")));
        }
        let page = Page::parse(input.next_token.as_deref(), size, PAGE_DEFAULT, PAGE_MAX)
            .map_err(|error| ApiError { code: "InvalidNextToken", ..error })?;
        let selected = self.alarms.iter().filter(|(name, alarm)| {
            input.selects(name, alarm) && page.after.as_ref().is_none_or(|after| *name > after)
        });
        let (alarms, next_token) = page.take(selected, |(name, _)| (*name).clone());
        let shapes = |composite: bool| {
            let some = alarms.iter().filter(|(_, alarm)| alarm.rule.is_some() == composite);
            some.map(|(name, alarm)| self.shape(name, alarm)).collect::<Vec<Value>>()
        };
        Ok(json!({
            "MetricAlarms": shapes(false),
            "CompositeAlarms": shapes(true),
            "NextToken": next_token,
        }))
    }

    fn shape(&self, name: &str, alarm: &Alarm) -> Value {
        let mut shape = json!({
            "AlarmName": name,
            "AlarmArn": self.identity.arn("cloudwatch", &format!("alarm:{name}")),
            "ActionsEnabled": true,
            "OKActions": [],
            "AlarmActions": [],
            "InsufficientDataActions": [],
            "AlarmConfigurationUpdatedTimestamp": alarm.since.to_json(),
            "StateValue": alarm.state,
            "StateReason": "Set by its owner",
            "StateUpdatedTimestamp": alarm.since.to_json(),
            "StateTransitionedTimestamp": alarm.since.to_json(),
        });
        let members = match &alarm.rule {
            Some(rule) => vec![("AlarmRule", json!(rule))],
            None => vec![
                ("Namespace", json!("AWS/ApplicationELB")),
                ("MetricName", json!("HTTPCode_Target_5XX_Count")),
                ("Statistic", json!("Sum")),
                ("Dimensions", json!([])),
                ("Period", json!(60)),
                ("EvaluationPeriods", json!(1)),
                ("Threshold", json!(1.0)),
                ("ComparisonOperator", json!("GreaterThanOrEqualToThreshold")),
            ],
        };
        for (name, value) in members {
            shape[name] = value;
        }
        shape
    }
}

impl DescribeAlarms {
    fn check(&self) -> Result<(), ApiError> {
        let names = self.alarm_names.as_deref().unwrap_or_default();
        if names.len() > NAMES_MAX {
            return Err(invalid(format!(
                "1 validation error detected: Value at 'alarmNames' failed to satisfy constraint: \
                 Member must have length less than or equal to {NAMES_MAX}"
            )));
        }
        if !names.is_empty() && self.alarm_name_prefix.is_some() {
            return Err(invalid("AlarmNames and AlarmNamePrefix cannot be used together"));
        }
        Ok(())
    }

    fn selects(&self, name: &str, alarm: &Alarm) -> bool {
        let kind = if alarm.rule.is_some() { "CompositeAlarm" } else { "MetricAlarm" };
        let kinds = self.alarm_types.as_deref().filter(|kinds| !kinds.is_empty());
        let names = self.alarm_names.as_deref().filter(|names| !names.is_empty());
        kinds.map_or(kind == "MetricAlarm", |kinds| kinds.iter().any(|asked| asked == kind))
            && names.is_none_or(|names| names.iter().any(|asked| asked == name))
            && self.alarm_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && self.state_value.as_ref().is_none_or(|state| alarm.state == *state)
    }
}
