//! `ecs-refresh iam-policy`: prints what AWS has to allow for a configuration. Touches no network.

use std::io::{self, Write};

use super::args::{Format, IamPolicyArgs};
use super::columns;
use super::exit::Exit;
use super::look::print;
use crate::iam::{Document, Needs, ROLE_POLICY_CHARS_MAX, Scope, Tag};
use crate::settings;

/// Amazon ECS developer guide, tags: keys of 128 and values of 256 characters.
const TAG_KEY_CHARS_MAX: usize = 128;
const TAG_VALUE_CHARS_MAX: usize = 256;

const ACCOUNT_DIGITS: usize = 12;

/// Prints the policy. What has to be said of it goes to standard error.
pub fn iam_policy(args: &IamPolicyArgs) -> Exit {
    let sources = match args.config.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let scope = Scope {
        partition: args.partition.clone(),
        region: args.region.clone(),
        account: args.account.clone(),
    };
    let needs = Needs::of(&settings, &scope, args.tag.as_ref());
    for warning in needs.warnings.iter().chain(&too_large(&needs.document)) {
        eprintln!("warning: {warning}");
    }
    print(|out| match args.format {
        Format::Text => write_table(&needs.document, out),
        Format::Json => out.write_all(needs.document.to_json()?.as_bytes()),
    })
}

fn too_large(document: &Document) -> Option<String> {
    let chars = document.chars();
    (chars > ROLE_POLICY_CHARS_MAX).then(|| {
        format!(
            "the policy has {chars} characters, and all inline policies of a role together may have \
             {ROLE_POLICY_CHARS_MAX}: let fewer patterns say the same, or split it"
        )
    })
}

fn write_table(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = Vec::new();
    for statement in &document.statements {
        let condition = statement.condition.values().flatten();
        let condition = condition.map(|(key, values)| format!("if {key} is {}", values.join(", ")));
        let about: Vec<String> = statement.resources.iter().cloned().chain(condition).collect();
        let height = statement.actions.len().max(about.len());
        let cell = |list: &[String], line: usize| list.get(line).cloned().unwrap_or_default();
        let first = |text: &str, line: usize| if line == 0 { text } else { "" }.to_owned();
        rows.extend((0..height).map(|line| {
            [
                first(statement.sid, line),
                cell(&statement.actions, line),
                cell(&about, line),
                first(statement.why, line),
            ]
        }));
    }
    columns::write(out, "", ["SID", "ACTION", "RESOURCE", "WHY"], &rows, &[])
}

/// A tag as the command line names it.
pub fn tag(text: &str) -> Result<Tag, String> {
    let (key, value) = text.split_once('=').ok_or("say KEY=VALUE, such as refresh=weekly")?;
    let is_sign = |sign: char| sign.is_alphanumeric() || " +-=._:/@".contains(sign);
    let fits = (1..=TAG_KEY_CHARS_MAX).contains(&key.chars().count())
        && value.chars().count() <= TAG_VALUE_CHARS_MAX;
    match fits && text.chars().all(is_sign) {
        true => Ok(Tag { key: key.to_owned(), value: value.to_owned() }),
        false => {
            Err("tags have letters, digits, spaces and + - = . _ : / @; a key has 1 to 128 and a \
                      value up to 256 characters"
                .to_owned())
        }
    }
}

/// The id of an account.
pub fn account(text: &str) -> Result<String, String> {
    match text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account has 12 digits".to_owned()),
    }
}

/// A Region or a partition.
pub fn part_of_arn(text: &str) -> Result<String, String> {
    let is_sign = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '-';
    match !text.is_empty() && text.chars().all(is_sign) {
        true => Ok(text.to_owned()),
        false => Err("it has small letters, digits and \"-\"".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{RawFiles, Settings, Sources};

    fn settings(clusters: &str) -> Settings {
        let text = format!(
            "[[policy]]\nname = \"a\"\nservices = {{ clusters = [{clusters}] }}\n\
             windows = \"always\"\nmax_task_age = \"7d\"\n"
        );
        settings::parse(&RawFiles::embedded("a.toml", &text), &Sources::default()).unwrap()
    }

    fn needs(clusters: &str) -> Needs {
        Needs::of(&settings(clusters), &Scope::default(), None)
    }

    #[test]
    fn the_table_says_why() {
        let mut out = Vec::new();
        write_table(&needs("\"prd\"").document, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let line = text.lines().find(|line| line.contains("ecs:UpdateService")).unwrap();
        assert!(line.starts_with("RefreshServices "), "{line}");
        assert!(line.contains("  forces a new deployment"), "{line}");
        assert!(line.contains(" arn:*:ecs:*:*:service/prd/* "), "{line}");
        assert!(text.contains("if ecs:cluster is arn:*:ecs:*:*:cluster/prd\n"), "{text}");
    }

    #[test]
    fn a_policy_that_is_too_large_for_a_role_is_told() {
        assert_eq!(too_large(&needs("\"prd\"").document), None);
        let many: Vec<String> = (0..60).map(|number| format!("\"production-{number}\"")).collect();
        let said = too_large(&needs(&many.join(", ")).document).unwrap();
        assert!(said.contains("10240"), "{said}");
    }

    #[test]
    fn what_could_change_the_meaning_of_a_policy_is_refused() {
        assert_eq!(tag("a=b=c").unwrap(), Tag { key: "a".to_owned(), value: "b=c".to_owned() });
        assert_eq!(tag("a=").unwrap().value, "");
        for wrong in ["a", "=b", "a=*", "a=${aws:username}", "a\"=b"] {
            assert!(tag(wrong).is_err(), "{wrong}");
        }
        assert_eq!(account("123456789012"), Ok("123456789012".to_owned()));
        for wrong in ["", "*", "12345678901", "1234567890123", "12345678901a"] {
            assert!(account(wrong).is_err(), "{wrong}");
        }
        assert_eq!(part_of_arn("us-gov-west-1"), Ok("us-gov-west-1".to_owned()));
        for wrong in ["", "*", "eu:west", "EU"] {
            assert!(part_of_arn(wrong).is_err(), "{wrong}");
        }
    }
}
