"""Where expressions are: alerts, the dashboard, and where a person is sent by an alert."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

import yaml

# What Grafana puts in for its own variables, so that an expression can be read by others.
VARIABLES = {
    "$__rate_interval": "5m",
    "$__range": "1h",
    "$job": "any",
    "$policy": ".*",
    "$cluster": ".*",
}


@dataclass(frozen=True)
class Place:
    name: str
    expression: str
    texts: str = ""


def alerts(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for group in yaml.safe_load(path.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule


def of_alerts(path: Path) -> Iterator[Place]:
    for name, rule in alerts(path):
        yield Place(name, rule["expr"], " ".join(rule["annotations"].values()))


def of_dashboard(path: Path) -> Iterator[Place]:
    dashboard = json.loads(path.read_text())
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            # label_values(selector, label)
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            yield Place(f"variable {variable['name']}", f"group by ({label}) ({selector})")
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield Place(f"panel {panel['title']!r}", target["expr"], target["legendFormat"])


def plain(expression: str) -> str:
    """Without Grafana's variables."""
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    return expression


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def anchors(readme: Path) -> set[str]:
    """The places in a document that GitHub makes of its headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", readme.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def runbook_problems(rules: Path, readme: Path) -> Iterator[str]:
    """Alerts that send nobody anywhere, and runbooks that no alert leads to."""
    places = {anchor for anchor in anchors(readme) if anchor.startswith("runbook-")}
    named = set()
    for name, rule in alerts(rules):
        anchor = f"runbook-{kebab(name)}"
        named.add(anchor)
        if rule["annotations"]["runbook_url"] != f"README.md#{anchor}":
            yield f"{name}: its runbook_url is not README.md#{anchor}"
        if anchor not in places:
            yield f"{name}: {readme.name} has no heading that becomes #{anchor}"
    for anchor in sorted(places - named):
        yield f"{readme.name}: #{anchor} is of no alert"
