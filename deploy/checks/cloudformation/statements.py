"""What a role's policies allow, held against the policy documents in deploy/iam.

A policy of the template has the name of a document and says the same, statement by statement; what it
says differently is named by the statement's Sid.
"""

import json
import re
from pathlib import Path
from typing import Any, Iterator

# The template's own: what is mounted is known to the template alone.
OWN_POLICIES = {"store-file", "config-file"}

# A part of a document: what a dry run has of it.
PARTS = {"read-ledger": ("store-dynamodb", {"ReadLedger"})}


def document(path: Path, values: dict[str, str]) -> list[dict[str, Any]]:
    """The statements of a document, with `values` in place of its placeholders."""

    def substitute(node: Any) -> Any:
        if isinstance(node, dict):
            return {substitute(name): substitute(member) for name, member in node.items()}
        if isinstance(node, list):
            return [substitute(item) for item in node]
        if isinstance(node, str):
            return re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], node)
        return node

    return substitute(json.loads(path.read_text()))["Statement"]


def statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Those of a policy, whose document may be a text."""
    said = policy["PolicyDocument"]
    return (json.loads(said) if isinstance(said, str) else said)["Statement"]


def normal(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement in one form: IAM takes a text for a list of one, and lists in any order."""

    def listed(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: listed(member) for name, member in node.items()}
        return sorted(node) if isinstance(node, list) else [node]

    return {name: listed(member) for name, member in statement.items() if name != "Sid"}


def differences(name: str, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> Iterator[str]:
    """What `found` says differently, for people."""
    wanted = {statement["Sid"]: normal(statement) for statement in expected}
    seen: dict[str, dict[str, Any]] = {}
    for statement in found:
        sid = statement.get("Sid")
        if sid is None or sid in seen:
            yield f"{name}: a statement {'without a Sid' if sid is None else f'{sid} comes twice'}"
            continue
        seen[sid] = normal(statement)
    for sid in sorted(wanted.keys() - seen.keys()):
        yield f"{name}: {sid} is missing"
    for sid in sorted(seen.keys() - wanted.keys()):
        yield f"{name}: {sid} is allowed by no document"
    for sid in sorted(wanted.keys() & seen.keys()):
        for member in sorted(wanted[sid].keys() | seen[sid].keys()):
            should, does = wanted[sid].get(member), seen[sid].get(member)
            if should != does:
                yield f"{name}: {sid}: {member}: {does} and not {should}"


def compare(
    documents: Path, policies: list[dict[str, Any]], values: dict[str, str]
) -> tuple[set[str], list[str]]:
    """Which documents the policies of a role are, and how they differ from them."""
    names: set[str] = set()
    found: list[str] = []
    for policy in policies:
        name = policy["PolicyName"]
        if name in OWN_POLICIES:
            continue
        whole, sids = PARTS.get(name, (name, None))
        path = documents / f"{whole}.json"
        if not path.is_file():
            found.append(f"{name}: there is no such document")
            continue
        names.add(name)
        expected = [one for one in document(path, values) if sids is None or one["Sid"] in sids]
        found.extend(differences(name, expected, statements(policy)))
    return names, found
