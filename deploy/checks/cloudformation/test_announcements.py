"""The rule over announcements asks for what the daemon announces, and makes valid messages of it."""

import json
import re
import unittest
from collections.abc import Iterator

from scenarios import DEPLOY, ROOT, stand_in
from template import Refused, Resolved, Template

TEMPLATE = DEPLOY / "eventbridge" / "announcements.yaml"

EVENT = {
    "detail-type": "ECS Refresh Finished",
    "detail": {
        "cluster": "prd",
        "service": "api",
        "service_arn": "arn:aws:ecs:eu-central-1:123456789012:service/prd/api",
        "message": 'refresh of prd/api failed: image "api:latest" not found',
    },
}


def looked_up(path: str) -> str:
    found = EVENT
    for name in path.removeprefix("$.").split("."):
        found = found[name]
    return found


def transformed(transformer: dict) -> str:
    """What EventBridge makes of the event ("Amazon EventBridge input transformation")."""
    values = {name: json.dumps(looked_up(path)) for name, path in transformer["InputPathsMap"].items()}
    # Between quotes the value comes without its own.
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', transformer["InputTemplate"])
    for index, piece in enumerate(pieces):
        quoted = piece.startswith('"')
        pieces[index] = re.sub(
            r"<(\w+)>", lambda found: values[found[1]][1:-1] if quoted else values[found[1]], piece
        )
    return "".join(pieces)


def texts(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for member in node.values():
            yield from texts(member)
    elif isinstance(node, list):
        for item in node:
            yield from texts(item)
    else:
        yield str(node)


class AnnouncementsTest(unittest.TestCase):
    def resolve(self, parameters: dict[str, str]) -> Resolved:
        return Template(TEMPLATE).with_parameters(parameters, stand_in)

    def message(self, parameters: dict[str, str]) -> object:
        (target,) = self.resolve(parameters).properties("Rule")["Targets"]
        return json.loads(transformed(target["InputTransformer"]))

    def test_mail_is_a_sentence(self) -> None:
        detail = EVENT["detail"]
        expected = f"ecs-refresh: {detail['message']} ({detail['service_arn']})"
        self.assertEqual(self.message({}), expected)

    def test_a_channel_gets_the_form_that_it_shows(self) -> None:
        message = self.message({"Form": "chat"})
        self.assertEqual((message["version"], message["source"]), ("1.0", "custom"))
        title, description = message["content"]["title"], message["content"]["description"]
        self.assertEqual((title, description), ("ECS Refresh Finished: prd/api", EVENT["detail"]["message"]))
        self.assertEqual(message["metadata"]["relatedResources"], [EVENT["detail"]["service_arn"]])

    def test_mail_in_the_form_for_a_channel_is_refused(self) -> None:
        with self.assertRaises(Refused):
            self.resolve({"Form": "chat", "Email": "ops@example.com"})

    def test_eventbridge_may_publish_without_a_condition(self) -> None:
        """It gives no context to SNS that one could hold against."""
        (statement,) = self.resolve({}).properties("TopicPolicy")["PolicyDocument"]["Statement"]
        self.assertEqual(statement["Principal"], {"Service": "events.amazonaws.com"})
        self.assertNotIn("Condition", statement)

    def test_it_asks_for_what_is_announced(self) -> None:
        documented = (ROOT / "README.md").read_text()
        pattern = self.resolve({}).properties("Rule")["EventPattern"]
        for text in texts(pattern):
            self.assertIn(text, documented)
