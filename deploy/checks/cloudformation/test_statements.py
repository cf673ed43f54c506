"""The task role allows what the documents in deploy/iam allow, and nothing else."""

import copy
import unittest

from scenarios import ACTING, DOCUMENTS, DRY, FILES, LEAST, MOST, TEMPLATE, placeholders, stand_in
from statements import compare, normal, statements
from template import Template

ALWAYS = {"observe", "refresh", "preflight", "events"}

# How actions begin that change nothing.
READS = ("BatchGet", "Describe", "Get", "List", "Query", "Scan")
# The same by a name that does not say so: whoever mounts may read.
READS_TOO = {"elasticfilesystem:ClientMount"}


def policies(parameters: dict[str, str]) -> list[dict]:
    resolved = Template(TEMPLATE).with_parameters(parameters, stand_in)
    return resolved.properties("TaskRole")["Policies"]


class StatementsTest(unittest.TestCase):
    def test_they_are_those_of_the_documents(self) -> None:
        every = {path.stem for path in DOCUMENTS.glob("*.json")}
        cases = [
            (LEAST, {"observe", "preflight", "read-ledger"}),
            (ACTING, ALWAYS | {"store-dynamodb"}),
            (MOST, every - {"refresh"}),
            (FILES, ALWAYS),
            (ACTING | {"Preflight": "false", "Events": "none"}, {"observe", "refresh", "store-dynamodb"}),
        ]
        for parameters, names in cases:
            with self.subTest(sorted(names)):
                found = compare(DOCUMENTS, policies(parameters), placeholders(parameters))
                self.assertEqual(found, (names, []))

    def test_a_dry_run_may_change_nothing(self) -> None:
        def allowed(parameters: dict[str, str]) -> set[str]:
            every = [one for policy in policies(parameters) for one in statements(policy)]
            actions = {action for one in every for action in normal(one)["Action"]}
            return {action for action in actions - READS_TOO if not action.split(":")[1].startswith(READS)}

        for parameters in (LEAST, MOST, FILES, MOST | {"RefreshTagValue": ""}):
            self.assertEqual(allowed(parameters | DRY), set())
        changing = {"ecs:UpdateService", "ecs:StopServiceDeployment", "sqs:ReceiveMessage", "events:PutEvents"}
        self.assertLessEqual(changing | {"codedeploy:CreateDeployment", "dynamodb:PutItem"}, allowed(MOST))
        self.assertIn("elasticfilesystem:ClientWrite", allowed(FILES))

    def test_a_table_that_exists_is_named_by_its_arn(self) -> None:
        parameters = ACTING | {"TableName": "ledger"}
        arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/ledger"
        values = placeholders(parameters) | {"table_arn": arn}
        self.assertEqual(compare(DOCUMENTS, policies(parameters), values)[1], [])

    def test_every_difference_is_named(self) -> None:
        """The comparison itself: what is planted is found, one thing at a time."""

        def observed(changed: list[dict]) -> list[dict]:
            (policy,) = [one for one in changed if one["PolicyName"] == "observe"]
            return policy["PolicyDocument"]["Statement"]

        def more_actions(changed: list[dict]) -> None:
            observed(changed)[1]["Action"] = ["ecs:DescribeClusters", "ecs:DeleteCluster"]

        def other_resource(changed: list[dict]) -> None:
            observed(changed)[1]["Resource"] = "*"

        def no_condition(changed: list[dict]) -> None:
            del observed(changed)[2]["Condition"]

        def denied(changed: list[dict]) -> None:
            observed(changed)[0]["Effect"] = "Deny"

        def missing(changed: list[dict]) -> None:
            observed(changed).pop(0)

        def added(changed: list[dict]) -> None:
            observed(changed).append({"Sid": "More", "Effect": "Allow", "Action": "*", "Resource": "*"})

        def twice(changed: list[dict]) -> None:
            observed(changed).append(observed(changed)[0])

        def nameless(changed: list[dict]) -> None:
            observed(changed).append({"Effect": "Allow", "Action": "*", "Resource": "*"})

        def unknown(changed: list[dict]) -> None:
            changed.append({"PolicyName": "admin", "PolicyDocument": {"Statement": []}})

        planted = [
            (more_actions, "observe: SeeClusters: Action: "),
            (other_resource, "observe: SeeClusters: Resource: "),
            (no_condition, "observe: FindServicesAndTasks: Condition: None and not "),
            (denied, "observe: FindClusters: Effect: "),
            (missing, "observe: FindClusters is missing"),
            (added, "observe: More is allowed by no document"),
            (twice, "observe: a statement FindClusters comes twice"),
            (nameless, "observe: a statement without a Sid"),
            (unknown, "admin: there is no such document"),
        ]
        right = policies(LEAST)
        for plant, says in planted:
            with self.subTest(plant.__name__):
                changed = copy.deepcopy(right)
                plant(changed)
                (found,) = compare(DOCUMENTS, changed, placeholders(LEAST))[1]
                self.assertTrue(found.startswith(says), found)
