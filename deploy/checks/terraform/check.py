"""Says what is wrong with Terraform modules: what the provider does not have, and what leads nowhere."""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from module import Body, Module, arguments, blocks, references
from provider import Kind, Provider, plain

# What every resource takes, whatever the provider says.
META_ARGUMENTS = {"count", "for_each", "provider", "depends_on"}
META_BLOCKS = {
    "lifecycle": {"create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by"},
    "precondition": {"condition", "error_message"},
    "postcondition": {"condition", "error_message"},
}
OF_VARIABLES = {"description", "type", "default", "sensitive", "nullable", "ephemeral"}
OF_OUTPUTS = {"description", "value", "sensitive", "depends_on", "ephemeral"}
OF_MODULES = {"source", "version", "providers", "count", "for_each", "depends_on"}


def problems(module: Module, provider: Provider) -> Iterator[str]:
    for name in module.duplicates:
        yield f"{name}: declared twice"
    for address, body in module.resources.items():
        kind_name = address.rsplit(".", 1)[0]
        if (kind := provider.kind(kind_name)) is None:
            yield f"{address}: the provider has no {kind_name}"
        else:
            yield from of_body(address, body, kind, "")
    yield from of_declarations(module)
    yield from of_references(module, provider)
    for name, body in module.modules.items():
        yield from of_call(module, name, body)


def of_body(address: str, body: Body, kind: Kind, type_name: str) -> Iterator[str]:
    """What is wrong with the body of a resource, or of a block in one."""
    known = kind.types[type_name]
    meta = META_ARGUMENTS if type_name == "" else set()
    given = set(arguments(body))
    for name in given - meta:
        if name not in known:
            yield f"{address}: no argument {name}"
        elif known[name].block is not None:
            yield f"{address}: {name} is a block"
    for name, block in blocks(body):
        given.add(name)
        if type_name == "" and name in META_BLOCKS:
            yield from of_meta_block(f"{address}.{name}", name, block)
        elif name not in known:
            yield f"{address}: no block {name}"
        elif (inner := known[name].block) is None:
            yield f"{address}: {name} is an argument"
        else:
            yield from of_body(f"{address}.{name}", block, kind, inner)
    for name in sorted(known.keys() - given):
        if known[name].required:
            yield f"{address}: {name} is missing"


def of_meta_block(address: str, name: str, body: Body) -> Iterator[str]:
    for argument in arguments(body).keys() - META_BLOCKS[name]:
        yield f"{address}: no argument {argument}"
    for inner, block in blocks(body):
        if inner not in META_BLOCKS or inner == "lifecycle":
            yield f"{address}: no block {inner}"
        else:
            yield from of_meta_block(f"{address}.{inner}", inner, block)


def of_declarations(module: Module) -> Iterator[str]:
    for word, declared, known, needed in [
        ("variable", module.variables, OF_VARIABLES, ["description", "type"]),
        ("output", module.outputs, OF_OUTPUTS, ["description", "value"]),
    ]:
        for name, body in declared.items():
            for argument in arguments(body).keys() - known:
                yield f"{word} {name}: no argument {argument}"
            for argument in needed:
                if argument not in body:
                    yield f"{word} {name}: {argument} is missing"


def of_references(module: Module, provider: Provider) -> Iterator[str]:
    """References that lead nowhere, and declarations that nothing refers to."""
    used: set[str] = set()
    for name, body in module.variables.items():
        # A rule that refers to another variable needs a later Terraform than the module asks for.
        for other in {match["name"] for match in references(body) if match["word"] == "var"} - {name}:
            yield f"variable {name}: its rule refers to var.{other}"
    elsewhere = [{word: body for word, body in file.items() if word != "variable"} for file in module.bodies]
    for match in references(elsewhere):
        if match["word"] == "var":
            used.add(f"variable {match['name']}")
            if match["name"] not in module.variables:
                yield f"var.{match['name']}: not declared"
        elif match["word"] == "local":
            used.add(f"local {match['name']}")
            if match["name"] not in module.locals:
                yield f"local.{match['name']}: not declared"
        elif match["word"] == "module":
            yield from of_output(module, match["name"], match["output"])
        elif match["type"]:
            yield from of_attribute(module, provider, match)
    for word, declared in {"variable": module.variables, "local": module.locals}.items():
        for name in declared:
            if f"{word} {name}" not in used:
                yield f"{word} {name}: not used"


def of_attribute(module: Module, provider: Provider, match: re.Match[str]) -> Iterator[str]:
    address = f"{match['type']}.{match['label']}"
    if address not in module.resources:
        yield f"{address}: not declared"
        return
    kind = provider.kind(match["type"])
    if kind and match["attribute"] and plain(match["attribute"]) not in kind.attributes:
        yield f"{address}: no attribute {match['attribute']}"


def of_output(module: Module, name: str, output: str | None) -> Iterator[str]:
    if name not in module.modules:
        yield f"module.{name}: not declared"
    elif output and output not in called(module, module.modules[name]).outputs:
        yield f"module.{name}: no output {output}"


def of_call(module: Module, name: str, body: Body) -> Iterator[str]:
    variables = called(module, body).variables
    given = arguments(body).keys() - OF_MODULES
    for argument in given - variables.keys():
        yield f"module {name}: no variable {argument}"
    for variable in variables.keys() - given:
        if "default" not in variables[variable]:
            yield f"module {name}: {variable} is missing"


def called(module: Module, body: Body) -> Module:
    """The module that a call names, which is one of this repository."""
    return Module.read(module.directory / body["source"].strip('"'))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bindings", type=Path, required=True, help="what fetch.py printed")
    parser.add_argument("--expect-problems", action="store_true", help="those of the comments `# says:`, and no others")
    parser.add_argument("modules", type=Path, nargs="+")
    options = parser.parse_args()
    provider = Provider(options.bindings)
    wrong = False
    for directory in options.modules:
        module = Module.read(directory)
        if not module.bodies:
            sys.exit(f"{directory}: no *.tf")
        found = set(problems(module, provider))
        expected = set(re.findall(r"# says: (.*)", texts(directory))) if options.expect_problems else set()
        for problem in sorted(found - expected):
            print(f"{directory}: {problem}", file=sys.stderr)
        for problem in sorted(expected - found):
            print(f"{directory}: not found: {problem}", file=sys.stderr)
        wrong |= found != expected
        print(f"{directory}: {len(module.resources)} resources, {len(found)} problems, {len(expected)} expected")
    return int(wrong)


def texts(directory: Path) -> str:
    return "\n".join(path.read_text() for path in sorted(directory.glob("*.tf")))


if __name__ == "__main__":
    sys.exit(main())
