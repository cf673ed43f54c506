//! The text of a lifecycle policy (Amazon ECR user guide, "Lifecycle policy properties").

use serde_json::Value;

use crate::aws::error::bounded;
use crate::plan::surroundings::{LifecycleAction, LifecycleLimit, LifecycleRule, TagSelection};

/// The longest text that is read; Amazon ECR takes 30,720 characters (Amazon ECR API reference,
/// PutLifecyclePolicy).
const TEXT_BYTES_MAX: usize = 256 << 10;

/// The rules of a policy by their priority, or why it is none. Whatever a rule says that is not known
/// here is kept as such: it may be about any image.
pub(super) fn parse(text: &str) -> Result<Vec<LifecycleRule>, String> {
    if text.len() > TEXT_BYTES_MAX {
        return Err("the lifecycle policy is too long to be one".to_owned());
    }
    let policy: Value = serde_json::from_str(text)
        .map_err(|error| bounded(&format!("the lifecycle policy is not JSON: {error}")))?;
    let rules = policy["rules"].as_array().ok_or("the lifecycle policy has no list of rules")?;
    let mut rules: Vec<_> = rules.iter().map(rule).collect();
    rules.sort_by_key(|rule| rule.priority);
    Ok(rules)
}

fn rule(rule: &Value) -> LifecycleRule {
    LifecycleRule {
        // One without a number comes last, as the rule does that is about all images.
        priority: number(&rule["rulePriority"]).unwrap_or(u32::MAX),
        selects: selection(&rule["selection"]),
        limit: limit(&rule["selection"]),
        action: action(&rule["action"]),
        counted: None,
    }
}

fn selection(selection: &Value) -> TagSelection {
    let texts = |key: &str| -> Vec<String> {
        let list = selection[key].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    match &selection["tagStatus"] {
        Value::String(status) if status == "any" => TagSelection::Any,
        Value::String(status) if status == "untagged" => TagSelection::Untagged,
        Value::String(status) if status == "tagged" => {
            let (prefixes, patterns) = (texts("tagPrefixList"), texts("tagPatternList"));
            match prefixes.is_empty() && patterns.is_empty() {
                true => TagSelection::Unknown("tagged, with no prefix and no pattern".to_owned()),
                false => TagSelection::Tagged { prefixes, patterns },
            }
        }
        other => TagSelection::Unknown(unknown("tagStatus", other)),
    }
}

fn limit(selection: &Value) -> LifecycleLimit {
    let unknown = |key: &str| LifecycleLimit::Unknown(unknown(key, &selection[key]));
    match &selection["storageClass"] {
        Value::Null => {}
        Value::String(class) if class == "standard" => {}
        Value::String(class) if class == "archive" => return LifecycleLimit::Archived,
        _ => return unknown("storageClass"),
    }
    let kind = selection["countType"].as_str().unwrap_or_default();
    let in_days = matches!(selection["countUnit"].as_str(), None | Some("day" | "days"));
    match (kind, number(&selection["countNumber"])) {
        ("sinceImageTransitioned", _) => LifecycleLimit::Archived,
        ("imageCountMoreThan" | "sinceImagePushed" | "sinceImagePulled", None) => {
            unknown("countNumber")
        }
        ("imageCountMoreThan", Some(count)) => LifecycleLimit::CountMoreThan(count),
        ("sinceImagePushed" | "sinceImagePulled", _) if !in_days => unknown("countUnit"),
        ("sinceImagePushed", Some(days)) => LifecycleLimit::SincePushedDays(days),
        ("sinceImagePulled", Some(days)) => LifecycleLimit::SincePulledDays(days),
        _ => unknown("countType"),
    }
}

fn action(action: &Value) -> LifecycleAction {
    match (action["type"].as_str(), action["targetStorageClass"].as_str()) {
        (Some("expire"), _) => LifecycleAction::Expire,
        (Some("transition"), Some("archive")) => LifecycleAction::Archive,
        _ => LifecycleAction::Unknown,
    }
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| number.try_into().ok())
}

fn unknown(key: &str, value: &Value) -> String {
    match value {
        Value::Null => format!("no {key}"),
        value => bounded(&format!("{key} {value}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(selection: &Value, action: &Value) -> LifecycleRule {
        let rule = json!({ "rulePriority": 1, "selection": selection, "action": action });
        let mut rules = parse(&json!({ "rules": [rule] }).to_string()).unwrap();
        rules.remove(0)
    }

    #[test]
    fn every_documented_limit_is_known_and_no_other() {
        let days = |kind: &str, number: Value| json!({ "tagStatus": "any", "countType": kind, "countUnit": "days", "countNumber": number });
        let unknown = |words: &str| LifecycleLimit::Unknown(words.to_owned());
        for (selection, expected) in [
            (
                json!({ "countType": "imageCountMoreThan", "countNumber": 10 }),
                LifecycleLimit::CountMoreThan(10),
            ),
            (days("sinceImagePushed", json!(14)), LifecycleLimit::SincePushedDays(14)),
            (days("sinceImagePulled", json!(90)), LifecycleLimit::SincePulledDays(90)),
            (
                json!({ "countType": "sinceImagePushed", "countNumber": 3, "storageClass": "standard" }),
                LifecycleLimit::SincePushedDays(3),
            ),
            (
                json!({ "storageClass": "archive", "countType": "sinceImageTransitioned",
                    "countUnit": "days", "countNumber": 365 }),
                LifecycleLimit::Archived,
            ),
            (
                json!({ "storageClass": "archive", "countType": "imageCountMoreThan", "countNumber": 1 }),
                LifecycleLimit::Archived,
            ),
            (days("sinceImageTransitioned", json!(90)), LifecycleLimit::Archived),
            (days("sinceImageSmiled", json!(1)), unknown("countType \"sinceImageSmiled\"")),
            (days("sinceImagePushed", json!("1")), unknown("countNumber \"1\"")),
            (days("sinceImagePushed", json!(-1)), unknown("countNumber -1")),
            (days("sinceImagePushed", Value::Null), unknown("no countNumber")),
            (
                json!({ "countType": "sinceImagePushed", "countNumber": 1, "countUnit": "hours" }),
                unknown("countUnit \"hours\""),
            ),
            (
                json!({ "storageClass": "cold", "countType": "imageCountMoreThan", "countNumber": 1 }),
                unknown("storageClass \"cold\""),
            ),
            (json!({}), unknown("no countType")),
            (Value::Null, unknown("no countType")),
        ] {
            assert_eq!(parsed(&selection, &Value::Null).limit, expected, "{selection}");
        }
    }

    #[test]
    fn every_documented_selection_and_action_is_known_and_no_other() {
        let tagged = |prefixes: &[&str], patterns: &[&str]| TagSelection::Tagged {
            prefixes: prefixes.iter().map(ToString::to_string).collect(),
            patterns: patterns.iter().map(ToString::to_string).collect(),
        };
        for (selection, expected) in [
            (json!({ "tagStatus": "any" }), TagSelection::Any),
            (json!({ "tagStatus": "untagged" }), TagSelection::Untagged),
            (
                json!({ "tagStatus": "tagged", "tagPrefixList": ["v", "w"] }),
                tagged(&["v", "w"], &[]),
            ),
            (json!({ "tagStatus": "tagged", "tagPatternList": ["v*"] }), tagged(&[], &["v*"])),
            (
                json!({ "tagStatus": "tagged" }),
                TagSelection::Unknown("tagged, with no prefix and no pattern".to_owned()),
            ),
            (
                json!({ "tagStatus": "signed" }),
                TagSelection::Unknown("tagStatus \"signed\"".to_owned()),
            ),
            (json!([]), TagSelection::Unknown("no tagStatus".to_owned())),
        ] {
            assert_eq!(parsed(&selection, &Value::Null).selects, expected, "{selection}");
        }
        for (action, expected) in [
            (json!({ "type": "expire" }), LifecycleAction::Expire),
            (
                json!({ "type": "transition", "targetStorageClass": "archive" }),
                LifecycleAction::Archive,
            ),
            (json!({ "type": "transition" }), LifecycleAction::Unknown),
            (json!({ "type": "smile" }), LifecycleAction::Unknown),
            (Value::Null, LifecycleAction::Unknown),
        ] {
            assert_eq!(parsed(&json!({}), &action).action, expected, "{action}");
        }
    }

    #[test]
    fn rules_come_by_their_priority_and_one_without_any_last() {
        let rules = json!({ "rules": [{}, { "rulePriority": 20 }, { "rulePriority": 3 }] });
        let rules = parse(&rules.to_string()).unwrap();
        let priorities: Vec<_> = rules.iter().map(|rule| rule.priority).collect();
        assert_eq!(priorities, [3, 20, u32::MAX]);
    }

    #[test]
    fn what_is_no_policy_is_said_to_be_none() {
        for (text, says) in [
            ("", "the lifecycle policy is not JSON: EOF while parsing a value at line 1 column 0"),
            ("{}", "the lifecycle policy has no list of rules"),
            ("[1]", "the lifecycle policy has no list of rules"),
            ("{\"rules\": 3}", "the lifecycle policy has no list of rules"),
            (&" ".repeat(TEXT_BYTES_MAX + 1), "the lifecycle policy is too long to be one"),
            (
                &"[".repeat(100_000),
                "the lifecycle policy is not JSON: recursion limit exceeded at line 1 column 128",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), says);
        }
    }
}
