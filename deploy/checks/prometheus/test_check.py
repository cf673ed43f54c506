"""The check itself: what is planted is found."""

import tempfile
import unittest
from pathlib import Path

from expressions import problems
from places import anchors, kebab, of_dashboard, runbook_problems
from check import ALERTS, DASHBOARD
from scrape import Scrape

SCRAPE = Scrape(
    """
# HELP ecs_refresh_refreshes_total Refreshes that have ended.
# TYPE ecs_refresh_refreshes_total counter
ecs_refresh_refreshes_total{policy="nightly",outcome="failed"} 1
ecs_refresh_refreshes_total{policy="nightly",outcome="succeeded"} 7
# TYPE ecs_refresh_look_duration_seconds histogram
ecs_refresh_look_duration_seconds_bucket{le="1"} 3
ecs_refresh_look_duration_seconds_bucket{le="+Inf"} 3
ecs_refresh_look_duration_seconds_sum 1.5
ecs_refresh_look_duration_seconds_count 3
# TYPE ecs_refresh_leader gauge
ecs_refresh_leader 1
"""
)
COUNTER = "ecs_refresh_refreshes_total"
BUCKETS = "ecs_refresh_look_duration_seconds_bucket"


class CheckTest(unittest.TestCase):
    def test_what_is_there_is_no_problem(self) -> None:
        for expression, text in [
            ("ecs_refresh_leader == 0", "{{ $labels.job }} at {{ $labels.instance }}"),
            (f'sum by (job, policy) (increase({COUNTER}{{outcome=~"failed|succeeded"}}[1h]))', "{{policy}}"),
            (f'rate({COUNTER}{{job="$job",policy=~"$policy",outcome!="failed"}} [5m])', "__auto"),
            (f'{COUNTER}{{policy="of somebody else"}}[5m]', ""),
            (f"histogram_quantile(0.9, sum by (le) (rate({BUCKETS}[5m])))", ""),
        ]:
            with self.subTest(expression):
                self.assertEqual(list(problems(expression, SCRAPE, text)), [])

    def test_what_is_not_there_is_named(self) -> None:
        for expression, text, says in [
            ("ecs_refresh_leaders == 0", "", "there is no metric ecs_refresh_leaders"),
            (f'increase({COUNTER}{{result="failed"}}[1h])', "", f"{COUNTER} has no label result"),
            (f'increase({COUNTER}{{outcome="fialed"}}[1h])', "", f"{COUNTER} has no outcome 'fialed'"),
            (f'increase({COUNTER}{{outcome=~"failed|lost"}}[1h])', "", f"{COUNTER} has no outcome 'lost'"),
            (f'increase({COUNTER}{{outcome!="okay"}}[1h])', "", f"{COUNTER} has no outcome 'okay'"),
            (f"{COUNTER} > 0", "", f"{COUNTER} only grows: it needs rate or increase"),
            (f"{BUCKETS} > 0", "", f"{BUCKETS} only grows: it needs rate or increase"),
            ("sum by (polcy) (ecs_refresh_leader)", "", "nothing in it has the label polcy"),
            ("ecs_refresh_leader", "{{ $labels.policy }}", "the text has the label policy, which nothing has"),
            ("ecs_refresh_leader", "{{cluster}}", "the text has the label cluster, which nothing has"),
        ]:
            with self.subTest(says):
                self.assertEqual(list(problems(expression, SCRAPE, text)), [says])

    def test_an_alert_leads_to_its_part_of_the_readme(self) -> None:
        self.assertEqual(kebab("EcsRefreshNoLeader"), "ecs-refresh-no-leader")
        with tempfile.TemporaryDirectory() as directory:
            readme = Path(directory) / "README.md"
            readme.write_text("## Runbook: ecs-refresh-absent\n\n### Runbook: ecs-refresh-old\n")
            self.assertEqual(anchors(readme), {"runbook-ecs-refresh-absent", "runbook-ecs-refresh-old"})
            found = list(runbook_problems(ALERTS, readme))
        self.assertIn("README.md: #runbook-ecs-refresh-old is of no alert", found)
        missing = "EcsRefreshNoLeader: README.md has no heading that becomes #runbook-ecs-refresh-no-leader"
        self.assertIn(missing, found)
        self.assertFalse([one for one in found if one.startswith("EcsRefreshAbsent")])

    def test_every_panel_is_looked_at(self) -> None:
        places = list(of_dashboard(DASHBOARD))
        self.assertGreater(len(places), 30)
        self.assertTrue(all("ecs_refresh_" in place.expression for place in places))
