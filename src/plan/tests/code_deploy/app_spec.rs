//! AppSpecs: two values are replaced where they stand, and nothing else of the text changes.

use proptest::prelude::*;
use serde_json::Value;

use crate::plan::code_deploy::{APP_SPEC_BYTES_MAX, AppSpec};

const OLD: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:7";
const NEW: &str = "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:8";

const YAML: &str = r#"version: 0.0
# The owner's own words.
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:eu-west-1:123456789012:task-definition/api:7"   # by hand
        LoadBalancerInfo:
          ContainerName: 'api'
          ContainerPort: 8080
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets: ["subnet-1", "subnet-2"]
            AssignPublicIp: DISABLED
Hooks:
  - BeforeInstall: "validate-before"
  - AfterAllowTestTraffic: validate-täst
"#;

const JSON: &str = r#"{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service",
	"Properties":{"TaskDefinition":"arn:aws:ecs:eu-west-1:123456789012:task-definition/api:7",
	"LoadBalancerInfo":{"ContainerName":"api","ContainerPort":8080}}}}],"Hooks":[{"BeforeInstall":"v"}]}"#;

fn read(text: &str) -> AppSpec {
    AppSpec::read(text).unwrap_or_else(|why| panic!("{why}: {text}"))
}

#[test]
fn what_says_so_already_is_sent_as_it_is() {
    for text in [YAML, JSON] {
        assert_eq!(read(text).with(OLD, None), text);
        assert_eq!(read(text).with(OLD, Some("LATEST")), text);
        let pinned = read(text).with(OLD, Some("1.4.0"));
        assert_eq!(read(&pinned).with(OLD, Some("1.4.0")), pinned);
    }
}

#[test]
fn only_the_task_definition_is_replaced() {
    for text in [YAML, JSON] {
        assert_eq!(read(text).with(NEW, None), text.replace(OLD, NEW));
    }
    for (old, new) in [
        ("TaskDefinition: api", "TaskDefinition: \"{NEW}\""),
        ("TaskDefinition: 'api:7'  ", "TaskDefinition: \"{NEW}\"  "),
        ("taskDefinition:   api # c", "taskDefinition:   \"{NEW}\" # c"),
        ("\"TaskDefinition\" : \"api\"", "\"TaskDefinition\" : \"{NEW}\""),
    ] {
        let with = |line: &str| {
            format!("resources:\n- api:\n    properties:\n      {line}\n      x: y\nhooks: []\n")
        };
        assert_eq!(read(&with(old)).with(NEW, None), with(&new.replace("{NEW}", NEW)), "{old}");
    }
}

#[test]
fn the_platform_version_is_that_of_what_runs() {
    let pinned = read(YAML).with(NEW, Some("1.4.0"));
    let line =
        format!("        TaskDefinition: \"{NEW}\"\n        PlatformVersion: \"1.4.0\"   # by");
    assert!(pinned.contains(&line), "{pinned}");
    let back = read(&pinned).with(OLD, Some("LATEST"));
    assert!(back.contains("\n        PlatformVersion: \"LATEST\"   # by hand\n"), "{back}");
    // JSON stays JSON.
    let pinned: Value = serde_json::from_str(&read(JSON).with(NEW, Some("1.4.0"))).unwrap();
    let properties = &pinned["Resources"][0]["TargetService"]["Properties"];
    assert_eq!(
        (&properties["TaskDefinition"], &properties["PlatformVersion"]),
        (&NEW.into(), &"1.4.0".into())
    );
    assert_eq!(pinned["Hooks"][0]["BeforeInstall"], "v");
    assert_eq!(properties["LoadBalancerInfo"]["ContainerPort"], 8080);
}

#[test]
fn hooks_are_counted_because_each_takes_its_time() {
    assert_eq!((read(YAML).hooks(), read(JSON).hooks()), (2, 1));
    assert_eq!(read(&YAML[..YAML.find("Hooks").unwrap()]).hooks(), 0);
}

#[test]
fn what_cannot_be_used_says_why() {
    let one = |properties: &str| {
        format!("Resources: [{{ api: {{ Type: AWS::ECS::Service, Properties: {properties} }} }}]")
    };
    let long = "x".repeat(APP_SPEC_BYTES_MAX + 1);
    let deep = "[".repeat(60);
    let many = "- a\n".repeat(25_000);
    for (text, why) in [
        ("", "it is neither JSON nor YAML: it is empty"),
        ("}{", "it is neither JSON nor YAML: "),
        ("{\"a\": ", "it is neither JSON nor YAML: "),
        ("\u{0}\u{7f}", "it is neither JSON nor YAML"),
        ("a: 1\n---\nb: 2\n", "it is neither JSON nor YAML: it holds several documents"),
        (&long, "it has 100001 bytes, 100000 at most"),
        (&deep, "it is neither JSON nor YAML: it is deeper than 32 levels"),
        (&many, "it is neither JSON nor YAML: it has more than 20000 values"),
        ("hello", "Resources has no place"),
        ("version: 0.0", "it names no Resources"),
        ("Resources: []", "it has 0 Resources and not one"),
        ("Resources: [{ a: {} }, { b: {} }]", "it has 2 Resources and not one"),
        ("Resources: [{ a: {}, b: {} }]", "its resource has 2 names"),
        (
            "Resources: [{ f: { Type: AWS::Lambda::Function } }]",
            "its resource is not an ECS service",
        ),
        ("Resources: [{ a: { Type: AWS::ECS::Service } }]", "its service has no Properties"),
        (&one("{}"), "it names no TaskDefinition"),
        (&one("{ TaskDefinition: a, taskDefinition: b }"), "TaskDefinition is there twice"),
        (&one("{ TaskDefinition: [a] }"), "its TaskDefinition is not a plain text"),
        (&one("{ TaskDefinition: &x a, Other: *x }"), "its TaskDefinition is not a plain text"),
        (&one("{ TaskDefinition: !!str a }"), "its TaskDefinition is not a plain text"),
        (&one("{ TaskDefinition: }"), "its TaskDefinition is not a plain text"),
        (
            &one("{ TaskDefinition: a, PlatformVersion: {} }"),
            "its PlatformVersion is not a plain text",
        ),
        (
            "Resources:\n- a:\n    Properties:\n      TaskDefinition: |\n        a\n",
            "its TaskDefinition is not a plain text",
        ),
        ("not an AppSpec: <html>", "it names no Resources"),
    ] {
        let found = AppSpec::read(text).unwrap_err();
        assert!(found.starts_with(why), "{}: {found}", text.chars().take(80).collect::<String>());
        assert!(found.chars().count() <= 200, "{found}");
    }
}

proptest! {
    /// Whatever somebody stored as an AppSpec.
    #[test]
    fn no_text_breaks_the_reader(text in "(?s).{0,200}") {
        let _ = AppSpec::read(&text);
    }

    /// AppSpecs with a piece cut out or put in somewhere.
    #[test]
    fn no_damage_breaks_the_reader_or_changes_more_than_two_values(
        yaml in any::<bool>(),
        at in 0_usize..900,
        cut in 0_usize..12,
        piece in "[ \\-\\[\\]{}:,#&*!|>'\"%@`\\n\\t\\r?~<a0é\u{85}\u{2028}\u{feff}]{0,6}",
    ) {
        let text = if yaml { YAML } else { JSON };
        let chars: Vec<char> = text.chars().collect();
        let at = at.min(chars.len());
        let end = (at + cut).min(chars.len());
        let damaged: String =
            chars[..at].iter().copied().chain(piece.chars()).chain(chars[end..].iter().copied()).collect();
        if let Ok(read) = AppSpec::read(&damaged) {
            let changed = AppSpec::read(&read.with(NEW, Some("1.4.0"))).unwrap();
            prop_assert_eq!(changed.hooks(), read.hooks());
            prop_assert_eq!(changed.with(NEW, Some("1.4.0")), read.with(NEW, Some("1.4.0")));
        }
    }
}
