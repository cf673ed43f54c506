"""A Terraform module as it is written: blocks, arguments, and what expressions refer to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hcl2

# What the parser adds to a body.
MARKS = {"__is_block__", "__comments__", "__inline_comments__"}

REFERENCE = re.compile(
    r"(?<![\w.])(?:"
    r"(?P<word>var|local|module|path|each|count|self|terraform)\.(?P<name>\w+)(?:\[[^\]]*\])?(?:\.(?P<output>\w+))?"
    r"|(?P<type>(?:data\.)?aws_\w+)\.(?P<label>\w+)(?:\[[^\]]*\])?(?:\.(?P<attribute>\w+))?"
    r")"
)

Body = dict[str, Any]


@dataclass
class Module:
    directory: Path
    # `aws_ecs_service.this` and `data.aws_region.current`, as they are referred to.
    resources: dict[str, Body] = field(default_factory=dict)
    variables: dict[str, Body] = field(default_factory=dict)
    outputs: dict[str, Body] = field(default_factory=dict)
    locals: Body = field(default_factory=dict)
    modules: dict[str, Body] = field(default_factory=dict)
    # `variable name`, for what is declared more than once.
    duplicates: list[str] = field(default_factory=list)
    # Everything that is written, in any block.
    bodies: list[Body] = field(default_factory=list)

    @classmethod
    def read(cls, directory: Path) -> "Module":
        module = cls(directory)
        for path in sorted(directory.glob("*.tf")):
            with path.open() as file:
                module._add(hcl2.load(file))
        return module

    def _add(self, file: Body) -> None:
        self.bodies.append(file)
        for block in file.get("locals", []):
            for name, value in arguments(block).items():
                self._declare("local", self.locals, name, value)
        named = {"variable": self.variables, "output": self.outputs, "module": self.modules}
        for word, into in named.items():
            for block in file.get(word, []):
                for name, body in labelled(block):
                    self._declare(word, into, name, body)
        for word, prefix in {"resource": "", "data": "data."}.items():
            for block in file.get(word, []):
                for kind, inner in labelled(block):
                    for name, body in labelled(inner):
                        self._declare(word, self.resources, f"{prefix}{kind}.{name}", body)

    def _declare(self, word: str, into: Body, name: str, value: Any) -> None:
        if name in into:
            self.duplicates.append(f"{word} {name}")
        into[name] = value


def labelled(block: Body) -> Iterator[tuple[str, Body]]:
    for label, body in block.items():
        if label not in MARKS:
            yield label.strip('"'), body


def is_block(value: Any) -> bool:
    """Whether it is a list of blocks; those with a label have the mark one level below."""
    dicts = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    inner = [below for one in dicts for below in one.values() if isinstance(below, dict)]
    return any("__is_block__" in one for one in dicts + inner)


def arguments(body: Body) -> Body:
    return {name: value for name, value in body.items() if name not in MARKS and not is_block(value)}


def blocks(body: Body) -> Iterator[tuple[str, Body]]:
    """Each block of a body; of a dynamic one, what it makes."""
    for name, value in body.items():
        if not is_block(value):
            continue
        for block in value:
            if name != "dynamic":
                yield name, block
                continue
            for label, dynamic in labelled(block):
                for content in dynamic.get("content", []):
                    yield label, content


def references(value: Any) -> Iterator[re.Match[str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in MARKS:
                # The key of an object may be an expression.
                yield from references(name)
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
    elif isinstance(value, str):
        for code in expressions(value):
            yield from REFERENCE.finditer(code)


def expressions(template: str) -> Iterator[str]:
    """The expressions of a template, without the texts in them; then those of the texts."""
    at = 0
    while (found := re.compile(r"(?<!\$)\$\{|(?<!%)%\{").search(template, at)) is not None:
        at, depth, code = found.end(), 1, ""
        while at < len(template) and depth > 0:
            if template[at] == '"':
                end = end_of_text(template, at)
                yield from expressions(template[at + 1 : end - 1])
                at = end
                continue
            depth += {"{": 1, "}": -1}.get(template[at], 0)
            code += template[at]
            at += 1
        yield code


def end_of_text(template: str, at: int) -> int:
    """Behind the quote that ends the text that begins at a quote."""
    depth, at = 0, at + 1
    while at < len(template):
        if template[at] == "\\":
            at += 1
        elif depth == 0 and template[at] == '"':
            return at + 1
        elif template.startswith("${", at) and template[at - 1] != "$":
            depth += 1
            at += 1
        elif depth > 0 and template[at] == '"':
            at = end_of_text(template, at) - 1
        elif depth > 0 and template[at] in "{}":
            depth += 1 if template[at] == "{" else -1
        at += 1
    return at
