"""Says what is wrong with the alerts and the dashboard.

check.py runbooks README            whether every alert leads to its part of the README
check.py rules                      the dashboard's expressions as rules, for promtool
check.py metrics SCRAPE...          whether everything that is named is in these scrapes
check.py demo BINARY                whether it comes up while this binary runs its demo
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from demo import scrapes
from expressions import metrics, problems
from places import of_alerts, of_dashboard, plain, runbook_problems
from scrape import Scrape

DEPLOY = Path(__file__).resolve().parents[2]
ALERTS = DEPLOY / "prometheus" / "alerts.yaml"
DASHBOARD = DEPLOY / "grafana" / "dashboard.json"


def metric_problems(scrape: Scrape) -> Iterator[str]:
    used = set()
    for file, places in ((ALERTS, of_alerts(ALERTS)), (DASHBOARD, of_dashboard(DASHBOARD))):
        for place in places:
            used |= {scrape.family(metric) for metric in metrics(place.expression)}
            for problem in problems(place.expression, scrape, place.texts):
                yield f"{file.name}: {place.name}: {problem}"
    for family in sorted(scrape.families.keys() - used):
        yield f"{family} is on no dashboard and in no alert"


def rules() -> str:
    named = [
        {"record": f"dashboard:{number}", "expr": plain(place.expression)}
        for number, place in enumerate(of_dashboard(DASHBOARD))
    ]
    return yaml.safe_dump({"groups": [{"name": "dashboard", "rules": named}]})


def demo_problems(binary: Path) -> list[str]:
    """What has come up in no scrape of a demo. Some series are there for a while only."""
    text, found = "", ["the demo was not scraped"]
    running = scrapes(binary)
    for scrape in running:
        text += scrape
        found = list(metric_problems(Scrape(text)))
        if not found:
            break
    running.close()
    return found


def main(arguments: list[str]) -> int:
    match arguments:
        case ["rules"]:
            print(rules())
            return 0
        case ["runbooks", readme]:
            found = list(runbook_problems(ALERTS, Path(readme)))
        case ["metrics", *files] if files:
            text = "\n".join(Path(file).read_text() for file in files)
            found = list(metric_problems(Scrape(text)))
        case ["demo", binary]:
            found = demo_problems(Path(binary))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
