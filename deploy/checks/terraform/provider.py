"""What the provider takes and gives, read from the declarations of its bindings."""

import re
from dataclasses import dataclass
from pathlib import Path

INTERFACE = re.compile(
    r"^export interface (?P<name>\w+)(?: extends cdktf\.TerraformMetaArguments)? \{\n(?P<body>.*?)^\}",
    re.MULTILINE | re.DOTALL,
)
# A comment whose link ends in the name that Terraform knows, and a field.
FIELD = re.compile(
    r"/\*\*(?P<comment>(?:(?!\*/).)*?#(?P<name>\w+) \w+#\w+\}.*?)\*/\s*readonly \w+(?P<optional>\??): (?P<type>.*?);",
    re.DOTALL,
)
RESOURCE = re.compile(
    r"^export declare class \w+ extends cdktf\.Terraform(?:Resource|DataSource) \{\n(?P<body>.*)",
    re.MULTILINE | re.DOTALL,
)
GETTER = re.compile(r"^    (?:get|private) (?:_)?(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Field:
    name: str
    required: bool
    # The type of what is in the block; None if it is an argument.
    block: str | None


@dataclass(frozen=True)
class Kind:
    """A type of resource or data source."""

    # By the name of a type: the one of the resource itself is "".
    types: dict[str, dict[str, Field]]
    attributes: frozenset[str]


class Provider:
    def __init__(self, declarations: Path) -> None:
        self._declarations = declarations
        self._kinds: dict[str, Kind | None] = {}

    def kind(self, name: str) -> Kind | None:
        """`aws_ecs_service`, or `data.aws_region`."""
        if name not in self._kinds:
            file = name.replace("data.aws_", "data-aws-").removeprefix("aws_").replace("_", "-")
            path = self._declarations / f"{file}.d.ts"
            self._kinds[name] = parse(path.read_text()) if path.exists() else None
        return self._kinds[name]


def parse(text: str) -> Kind:
    types: dict[str, dict[str, Field]] = {}
    for interface in INTERFACE.finditer(text):
        own = "TerraformMetaArguments" in interface.group(0).split("\n", 1)[0]
        types["" if own else interface["name"]] = fields(interface["body"])
    resource = RESOURCE.search(text)
    getters = GETTER.findall(resource["body"]) if resource else []
    given = frozenset(plain(name) for name in getters) | {plain(name) for name in types.get("", {})}
    return Kind(types, given)


def fields(body: str) -> dict[str, Field]:
    found = {}
    for match in FIELD.finditer(body):
        is_block = re.search(rf"^\s*\* {match['name']} block$", match["comment"], re.MULTILINE)
        of = match["type"].split("|")[0].strip().removesuffix("[]")
        found[match["name"]] = Field(match["name"], match["optional"] == "", of if is_block else None)
    return found


def plain(name: str) -> str:
    """What `account_id` and `accountId` have in common."""
    return name.replace("_", "").lower()
