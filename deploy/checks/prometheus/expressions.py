"""What an expression of PromQL names, held against a scrape.

This is no parser: promtool is asked whether an expression is well formed. It finds the selectors and the
groupings, which is where names are misspelt.
"""

import re
from typing import Iterator

from scrape import OF_TARGETS, Scrape

SELECTOR = re.compile(r"\b(ecs_refresh_\w+)\s*(?:\{([^{}]*)\})?\s*(\[)?")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^()]*)\)")
# What a text is made of, in an alert and in a legend; not the words of an alert's template.
IN_TEXT = re.compile(r"\$labels\.(\w+)|\{\{\s*(?!end\b|else\b)(\w+)\s*\}\}")

# Labels whose values are names that people give, which no scrape has all of.
NAMES = {"region", "account", "cluster", "service", "policy", "version", "revision"}


def problems(expression: str, scrape: Scrape, texts: str = "") -> Iterator[str]:
    """What `expression`, and the texts made of its labels, name that is not there."""
    known = set(OF_TARGETS)
    for metric, matchers, ranged in SELECTOR.findall(expression):
        if not scrape.has(metric):
            yield f"there is no metric {metric}"
            continue
        labels = scrape.labels[metric]
        known |= labels.keys()
        if scrape.is_cumulative(metric) and not ranged:
            yield f"{metric} only grows: it needs rate or increase"
        for label, operator, value in MATCHER.findall(matchers):
            if label in OF_TARGETS:
                continue
            if label not in labels:
                yield f"{metric} has no label {label}"
            elif label not in NAMES and "$" not in value:
                asked = value.split("|") if "~" in operator else [value]
                yield from (
                    f"{metric} has no {label} {one!r}" for one in asked if one not in labels[label]
                )
    for grouping in GROUPING.findall(expression):
        for label in filter(None, (one.strip() for one in grouping.split(","))):
            if label not in known:
                yield f"nothing in it has the label {label}"
    for label in (first or second for first, second in IN_TEXT.findall(texts)):
        if label not in known:
            yield f"the text has the label {label}, which nothing has"


def metrics(expression: str) -> set[str]:
    return {found[0] for found in SELECTOR.findall(expression)}
