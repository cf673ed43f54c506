"""What a scrape says there is: metrics, their labels, and the values of those."""

import re
from collections import defaultdict

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

# Labels that Prometheus adds.
OF_TARGETS = {"job", "instance"}


class Scrape:
    """The text of one or more scrapes, in the exposition format."""

    def __init__(self, text: str):
        self.labels: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.families: dict[str, str] = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                self.families[name] = kind
            elif found := SAMPLE.match(line):
                labels = self.labels[found[1]]
                for name, value in LABEL.findall(found[2] or ""):
                    labels[name].add(value)

    def has(self, metric: str) -> bool:
        return metric in self.labels

    def family(self, metric: str) -> str:
        """The family of a sample: that of a histogram has three kinds of them."""
        for ending in ("_bucket", "_sum", "_count"):
            base = metric.removesuffix(ending)
            if base != metric and self.families.get(base) == "histogram":
                return base
        return metric

    def is_cumulative(self, metric: str) -> bool:
        return self.families.get(self.family(metric)) in ("counter", "histogram")
