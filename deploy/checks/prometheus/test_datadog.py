"""What Datadog's agent is told by a file and by a label of the container is the same."""

import json
import unittest

import yaml

from check import DEPLOY

DATADOG = DEPLOY / "datadog"


class DatadogTest(unittest.TestCase):
    def setUp(self) -> None:
        self.file = yaml.safe_load((DATADOG / "openmetrics.yaml").read_text())
        definition = json.loads((DATADOG / "task-definition.json").read_text())
        self.containers = {one["name"]: one for one in definition["containerDefinitions"]}

    def test_the_label_says_what_the_file_says(self) -> None:
        label = self.containers["ecs-refresh"]["dockerLabels"]["com.datadoghq.ad.checks"]
        self.assertEqual(json.loads(label), {"openmetrics": self.file})

    def test_labels_that_datadog_has_for_itself_are_renamed(self) -> None:
        (instance,) = self.file["instances"]
        self.assertLessEqual({"service", "version"}, instance["rename_labels"].keys())

    def test_the_daemon_does_not_end_with_the_agent(self) -> None:
        self.assertFalse(self.containers["datadog-agent"]["essential"])
