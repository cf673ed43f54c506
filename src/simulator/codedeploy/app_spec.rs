//! AppSpecs: what is to be deployed, in JSON or YAML.
//!
//! Source: AWS CodeDeploy User Guide, "AppSpec 'resources' section" and "AppSpec 'hooks' section"
//! for Amazon ECS deployments.

use std::collections::BTreeMap;

use serde_json::Value;

use super::yaml;

/// The events at which a function may be called.
const HOOKS: &[&str] = &[
    "BeforeInstall",
    "AfterInstall",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AfterAllowTraffic",
];

/// An AppSpec that can be deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppSpec {
    pub(crate) task_definition: String,
    pub(crate) container: String,
    pub(crate) platform_version: Option<String>,
    /// The functions to call, by event.
    pub(crate) hooks: BTreeMap<String, String>,
}

impl AppSpec {
    /// Reads an AppSpec, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let value = match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| error.to_string())?,
            false => yaml::parse(text)?,
        };
        let known = |key: &String| ["version", "Resources", "Hooks"].contains(&key.as_str());
        let members = value.as_object().ok_or("it is no mapping")?;
        if let Some(unknown) = members.keys().find(|key| !known(key)) {
            return Err(format!("{unknown} is not known at the top level"));
        }
        if members.get("version").and_then(Value::as_f64) != Some(0.0) {
            return Err("version must be 0.0".to_owned());
        }
        let resources = members.get("Resources").and_then(Value::as_array);
        let [resource] = resources.map_or(&[][..], Vec::as_slice) else {
            return Err("Resources must have exactly one entry".to_owned());
        };
        let resource = resource.as_object().and_then(|named| named.values().next());
        let resource = resource.ok_or("Resources has no resource")?;
        if resource["Type"] != "AWS::ECS::Service" {
            return Err("Type must be AWS::ECS::Service".to_owned());
        }
        let properties = &resource["Properties"];
        let text = |value: &Value, name: &str| {
            let text = value[name].as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned).ok_or_else(|| format!("{name} is missing"))
        };
        let balancer = &properties["LoadBalancerInfo"];
        let port = balancer["ContainerPort"].as_u64();
        if port.is_none_or(|port| !(1..=65_535).contains(&port)) {
            return Err("ContainerPort must be a port".to_owned());
        }
        Ok(AppSpec {
            task_definition: text(properties, "TaskDefinition")?,
            container: text(balancer, "ContainerName")?,
            platform_version: properties["PlatformVersion"].as_str().map(str::to_owned),
            hooks: hooks(members.get("Hooks"))?,
        })
    }
}

/// A list of mappings from an event to a function; each event at most once.
fn hooks(value: Option<&Value>) -> Result<BTreeMap<String, String>, String> {
    let mut hooks = BTreeMap::new();
    let entries = match value {
        None | Some(Value::Null) => return Ok(hooks),
        Some(value) => value.as_array().ok_or("Hooks must be a list")?,
    };
    for entry in entries {
        for (event, function) in entry.as_object().ok_or("Hooks must be a list of mappings")? {
            let function = function.as_str().ok_or_else(|| format!("{event} names no function"))?;
            if !HOOKS.contains(&event.as_str()) {
                return Err(format!("{event} is no event for hooks"));
            }
            if hooks.insert(event.clone(), function.to_owned()).is_some() {
                return Err(format!("{event} is there twice"));
            }
        }
    }
    Ok(hooks)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = r#"
version: 0.0
Resources:
  - TargetService:
      Type: AWS::ECS::Service
      Properties:
        TaskDefinition: "arn:aws:ecs:r:1:task-definition/web:7"
        LoadBalancerInfo:
          ContainerName: "web"
          ContainerPort: 80
# Optional properties
        PlatformVersion: "1.4.0"
        NetworkConfiguration:
          AwsvpcConfiguration:
            Subnets: ["subnet-1","subnet-2"]
        CapacityProviderStrategy:
          - Base: 1
            CapacityProvider: "FARGATE_SPOT"
Hooks:
  - BeforeInstall: "before"
  - AfterAllowTraffic: "after"
"#;

    #[test]
    fn both_notations_say_the_same() {
        let json = r#"{"version":0.0,"Resources":[{"TargetService":{"Type":"AWS::ECS::Service",
            "Properties":{"TaskDefinition":"arn:aws:ecs:r:1:task-definition/web:7",
            "LoadBalancerInfo":{"ContainerName":"web","ContainerPort":80},
            "PlatformVersion":"1.4.0"}}}],
            "Hooks":[{"BeforeInstall":"before"},{"AfterAllowTraffic":"after"}]}"#;
        let spec = AppSpec::parse(json).unwrap();
        assert_eq!(AppSpec::parse(YAML), Ok(spec.clone()));
        assert_eq!(spec.task_definition, "arn:aws:ecs:r:1:task-definition/web:7");
        assert_eq!(spec.hooks["AfterAllowTraffic"], "after");
    }

    #[test]
    fn what_cannot_be_deployed_is_refused() {
        for (from, to, why) in [
            ("version: 0.0", "version: 1.0", "version must be 0.0"),
            ("version: 0.0", "os: linux", "os is not known"),
            ("AWS::ECS::Service", "AWS::Lambda::Function", "Type must be"),
            ("  ContainerName: \"web\"", "  Name: \"web\"", "ContainerName is missing"),
            ("ContainerPort: 80", "ContainerPort: http", "ContainerPort must be"),
            ("ContainerPort: 80", "ContainerPort: 0", "ContainerPort must be"),
            ("TaskDefinition: ", "Definition: ", "TaskDefinition is missing"),
            ("AfterAllowTraffic", "BeforeInstall", "BeforeInstall is there twice"),
            ("AfterAllowTraffic", "AllowTraffic", "AllowTraffic is no event"),
            ("Resources:", "Resources: []\nOther:", "Other is not known"),
        ] {
            let error = AppSpec::parse(&YAML.replacen(from, to, 1)).unwrap_err();
            assert!(error.contains(why), "{to}: {error}");
        }
        for text in ["", "{", "hello", "[1]", "\u{0}"] {
            assert!(AppSpec::parse(text).is_err(), "{text:?}");
        }
    }
}
