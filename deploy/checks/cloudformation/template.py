"""A CloudFormation template, and what it says for given parameters.

It knows the intrinsic functions that the templates here use and refuses all others. Nothing in here
knows what a resource is.
"""

import re
from pathlib import Path
from typing import Any, Callable

from cfnlint.decode import cfn_yaml

Attributes = Callable[[str, str], Any]

ACCOUNT = "123456789012"
REGION = "eu-central-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "ecs-refresh",
}


class NoValue:
    """What AWS::NoValue stands for: the property or the item is not there."""


class Refused(Exception):
    """The template's rules refuse the parameters, with what they say."""


class Template:
    def __init__(self, path: Path):
        self.body: dict[str, Any] = plain(cfn_yaml.load(str(path)))
        self.parameters: dict[str, Any] = self.body["Parameters"]
        self.resources: dict[str, Any] = self.body["Resources"]

    def with_parameters(self, given: dict[str, str], attributes: Attributes) -> "Resolved":
        return Resolved(self, given, attributes)


class Resolved:
    """A template with its parameters; `attributes` knows what GetAtt and Ref of resources give."""

    def __init__(self, template: Template, given: dict[str, str], attributes: Attributes):
        self.template = template
        self.attributes = attributes
        unknown = given.keys() - template.parameters.keys()
        if unknown:
            raise Refused(f"no such parameters: {sorted(unknown)}")
        self.values = {name: self._parameter(name, given) for name in template.parameters}
        for name, rule in template.body.get("Rules", {}).items():
            for assertion in rule["Assertions"]:
                if not self.holds(assertion["Assert"]):
                    raise Refused(f"{name}: {assertion['AssertDescription']}")

    def _parameter(self, name: str, given: dict[str, str]) -> str:
        parameter = self.template.parameters[name]
        value = given.get(name, parameter.get("Default"))
        if value is None:
            raise Refused(f"{name}: has no default")
        text = str(value)
        if not re.fullmatch(parameter.get("AllowedPattern", "(?s:.*)"), text):
            raise Refused(f"{name}: {text!r} does not match {parameter['AllowedPattern']}")
        allowed = [str(one) for one in parameter.get("AllowedValues", [])]
        if allowed and text not in allowed:
            raise Refused(f"{name}: {text!r} is none of {allowed}")
        return text

    def condition(self, name: str) -> bool:
        return self.holds(self.template.body["Conditions"][name])

    def holds(self, test: Any) -> bool:
        """Whether a condition or an assertion is true."""
        ((function, arguments),) = test.items()
        match function:
            case "Condition":
                return self.condition(arguments)
            case "Fn::Equals":
                return self.value(arguments[0]) == self.value(arguments[1])
            case "Fn::Not":
                return not self.holds(arguments[0])
            case "Fn::And":
                return all(self.holds(one) for one in arguments)
            case "Fn::Or":
                return any(self.holds(one) for one in arguments)
        raise ValueError(f"not a condition: {function}")

    def exists(self, resource: str) -> bool:
        condition = self.template.resources[resource].get("Condition")
        return condition is None or self.condition(condition)

    def properties(self, resource: str) -> dict[str, Any]:
        return self.value(self.template.resources[resource].get("Properties", {}))

    def unconditional(self) -> dict[str, Any]:
        """The template with every condition decided, and with references left as they are."""
        body = {name: self._decided(part) for name, part in self.template.body.items()}
        for part in ("Resources", "Outputs"):
            members = body[part].items()
            body[part] = {
                name: {key: value for key, value in member.items() if key != "Condition"}
                for name, member in members
                if "Condition" not in member or self.condition(member["Condition"])
            }
        return {name: part for name, part in body.items() if name not in ("Conditions", "Rules")}

    def _decided(self, node: Any) -> Any:
        if isinstance(node, list):
            return [one for one in map(self._decided, node) if one is not NoValue]
        if not isinstance(node, dict):
            return node
        if node == {"Ref": "AWS::NoValue"}:
            return NoValue
        if node.keys() == {"Fn::If"}:
            condition, yes, no = node["Fn::If"]
            return self._decided(yes if self.condition(condition) else no)
        members = {name: self._decided(member) for name, member in node.items()}
        return {name: member for name, member in members.items() if member is not NoValue}

    def value(self, node: Any) -> Any:
        """`node` without intrinsic functions."""
        if isinstance(node, list):
            items = [self.value(item) for item in node]
            return [item for item in items if item is not NoValue]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((key, argument),) = node.items()
            if key == "Ref" or key.startswith("Fn::"):
                return self._call(key, argument)
        members = {name: self.value(member) for name, member in node.items()}
        return {name: member for name, member in members.items() if member is not NoValue}

    def _call(self, function: str, argument: Any) -> Any:
        match function:
            case "Ref":
                return self._ref(argument)
            case "Fn::GetAtt":
                resource, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
                return self._attribute(resource, attribute)
            case "Fn::Sub":
                return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._ref(found[1])), argument)
            case "Fn::If":
                return self.value(argument[1 if self.condition(argument[0]) else 2])
        raise ValueError(f"unknown function: {function}")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NoValue
        return PSEUDO.get(name) or (self.values[name] if name in self.values else self._attribute(name, "Ref"))

    def _attribute(self, resource: str, attribute: str) -> Any:
        if not self.exists(resource):
            raise ValueError(f"{resource} is not there, and its {attribute} is asked for")
        return self.attributes(resource, attribute)


def plain(node: Any) -> Any:
    """Without the places that cfn-lint's loader notes at texts and maps."""
    if isinstance(node, dict):
        return {str(name): plain(member) for name, member in node.items()}
    if isinstance(node, list):
        return [plain(item) for item in node]
    return str(node) if isinstance(node, str) else node
