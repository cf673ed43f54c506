"""Says what disagrees between the Terraform module and what else says the same thing."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from module import Module

# What the inline policies of a role may hold together, without white space ("IAM and AWS STS quotas").
ROLE_CHARACTERS_MAX = 10_240

# Generous: what the words of a policy may become.
WORD_CHARACTERS = {"clusters": 40, "services": 40, "noticed": 40, "region": 14, "account": 12, "partition": 10}
OTHER_WORD_CHARACTERS = 120

# How actions begin that change nothing.
READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan")

# Either way of refreshing, never both.
NOT_TOGETHER = "refresh-tagged"


class Template(yaml.SafeLoader):
    """CloudFormation's YAML, whose functions are of no interest here."""


Template.add_multi_constructor("!", lambda loader, suffix, node: suffix)


def problems(root: Path) -> Iterator[str]:
    module = Module.read(root / "deploy/terraform")
    yield from patterns(root)
    yield from policies(root, module)
    yield from dry_runs(root, module)
    yield from program(root, module)
    yield from readme(root, module)


def patterns(root: Path) -> Iterator[str]:
    """Both templates let the same events in."""
    template = yaml.load((root / "deploy/cloudformation.yaml").read_text(), Template)
    rules = [one for one in template["Resources"].values() if one["Type"] == "AWS::Events::Rule"]
    theirs = [canonical(rule["Properties"]["EventPattern"]) for rule in rules]
    ours = [canonical(json.loads(path.read_text())) for path in root.glob("deploy/terraform/patterns/*.json")]
    for pattern in set(ours) ^ set(theirs):
        where = "deploy/terraform/patterns" if pattern in ours else "deploy/cloudformation.yaml"
        yield f"{where} alone has the pattern {pattern}"


def canonical(pattern: Any) -> str:
    if isinstance(pattern, dict):
        pattern = {key: json.loads(canonical(value)) for key, value in pattern.items()}
    elif isinstance(pattern, list):
        pattern = sorted(pattern)
    return json.dumps(pattern, sort_keys=True)


def policies(root: Path, module: Module) -> Iterator[str]:
    """Every policy can be switched on, all of its words are filled in, and all of them fit a role."""
    files = {path.stem: path for path in root.glob("deploy/iam/*.json")}
    features = set(module.locals["features"])
    words = set(module.locals["policy_words"])
    for name in sorted(features ^ set(files)):
        where = "local.features" if name in features else "deploy/iam"
        yield f"{where} alone has {name}"
    characters = 0
    for name, path in sorted(files.items()):
        text = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
        for word in sorted(set(re.findall(r"\$\{([^}]*)\}", text)) - words):
            yield f"{path.name}: local.policy_words has no {word}"
        if name != NOT_TOGETHER:
            filled = re.sub(
                r"\$\{([^}]*)\}", lambda word: "x" * WORD_CHARACTERS.get(word[1], OTHER_WORD_CHARACTERS), text
            )
            characters += len(filled)
    if characters > ROLE_CHARACTERS_MAX:
        yield f"deploy/iam: all policies together have {characters} characters, a role takes {ROLE_CHARACTERS_MAX}"


def dry_runs(root: Path, module: Module) -> Iterator[str]:
    """In a dry run no policy is granted that changes anything."""
    for path in sorted(root.glob("deploy/iam/*.json")):
        said = json.loads(path.read_text())["Statement"]
        actions = {action for statement in said for action in statement["Action"]}
        changes = sorted(action for action in actions if not action.split(":")[-1].startswith(READS))
        if changes and "!var.dry_run" not in str(module.locals["features"].get(path.stem)):
            yield f"local.features has {path.stem} in a dry run, which allows {changes[0]}"


def program(root: Path, module: Module) -> Iterator[str]:
    """The health check runs what the image has."""
    ours = module.locals["program"].strip('"')
    theirs = re.findall(r'^ENTRYPOINT \["([^"]*)"\]', (root / "Dockerfile").read_text(), re.MULTILINE)
    if theirs != [ours]:
        yield f"local.program is {ours}, and the image's entry point {theirs}"


def readme(root: Path, module: Module) -> Iterator[str]:
    """The README has every variable and every output."""
    text = (root / "deploy/terraform/README.md").read_text().partition("\n## Variables\n")[2]
    for name in sorted(module.variables.keys() | module.outputs.keys()):
        if f"| `{name}` |" not in text:
            yield f"README.md has no row for {name}"
    for name in re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE):
        if name not in module.variables.keys() | module.outputs.keys():
            yield f"README.md has a row for {name}, which the module does not"


def main(root: Path) -> int:
    found = list(problems(root))
    for problem in found:
        print(problem, file=sys.stderr)
    print(f"agreement: {len(found)} problems")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
