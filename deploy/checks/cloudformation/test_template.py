"""What the template says, as far as it can be told without making anything of it."""

import itertools
import json
import re
import unittest

from scenarios import ACTING, DRY, FILES, LEAST, MOST, NEEDED, ROOT, TEMPLATE, stand_in
from template import Refused, Resolved, Template

# CloudFormation takes a template of this size without a bucket, and IAM so much in a role's own policies
# ("CloudFormation quotas", "IAM and AWS STS quotas"; white space does not count in the second one).
TEMPLATE_BYTES_MAX = 51_200
ROLE_CHARACTERS_MAX = 10_240

ACCESS_POINT = {"FileSystem": "fs-1", "AccessPoint": "fsap-1"}


class TemplateTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.template = Template(TEMPLATE)

    def resolve(self, parameters: dict[str, str]) -> Resolved:
        return self.template.with_parameters(parameters, stand_in)

    def container(self, parameters: dict[str, str]) -> dict:
        (container,) = self.resolve(parameters).properties("TaskDefinition")["ContainerDefinitions"]
        return container

    def environment(self, parameters: dict[str, str]) -> dict[str, str]:
        return {one["Name"]: one["Value"] for one in self.container(parameters)["Environment"]}

    def test_it_can_be_given_to_cloudformation_as_it_is(self) -> None:
        self.assertLessEqual(TEMPLATE.stat().st_size, TEMPLATE_BYTES_MAX)

    def test_whatever_is_switched_on_resolves(self) -> None:
        switches = {
            "Events": ["none", "retirements", "retirements-and-deployments"],
            "AlarmTopic": ["", MOST["AlarmTopic"]],
            "DryRun": ["false", "true"],
            "RefreshTagValue": ["", "weekly"],
        }
        stores = [{}, {"TableName": "ledger"}, ACCESS_POINT]
        configurations = [{}, {"ConfigToml": "x"}, {"ConfigParameter": ""}, {"FileSystem": "fs-1", "ConfigAccessPoint": "fsap-2"}]
        groups = [{"SecurityGroup": "sg-1"}, {"Vpc": "vpc-1"}]
        for values in itertools.product(*switches.values()):
            for store, configuration, group in itertools.product(stores, configurations, groups):
                chosen = dict(zip(switches, values))
                resolved = self.resolve(NEEDED | chosen | store | configuration | group)
                for resource in filter(resolved.exists, self.template.resources):
                    resolved.properties(resource)
                for output in self.template.body["Outputs"].values():
                    if "Condition" not in output or resolved.condition(output["Condition"]):
                        resolved.value(output["Value"])

    def test_what_does_not_fit_together_is_refused(self) -> None:
        refused = [
            (NEEDED, "name a security group, or the VPC"),
            (LEAST | {"FileSystem": "fs-1"}, "both a file system and an access point"),
            (LEAST | {"AccessPoint": "fsap-1"}, "both a file system and an access point"),
            (LEAST | ACCESS_POINT | {"TableName": "ledger"}, "in a table or on an access point"),
            (FILES | {"ConfigToml": "x = 1"}, "in ConfigToml or on ConfigAccessPoint"),
            (LEAST | {"RefreshableServices": "prd-*"}, "RefreshableServices"),
            (LEAST | {"MetricsCidr": "0.0.0.0/0"}, "MetricsCidr"),
            (LEAST | {"MetricsCidr": "10.0.0.0/33"}, "MetricsCidr"),
            (LEAST | {"RefreshTagKey": ""}, "RefreshTagKey"),
            (LEAST | {"RefreshTagKey": 'a": "b'}, "RefreshTagKey"),
            (LEAST | {"RefreshTagValue": "${aws:username}"}, "RefreshTagValue"),
            (LEAST | {"ImageRepository": "ecs-refresh"}, "ImageRepository"),
            (LEAST | {"AlarmTopic": "ops"}, "AlarmTopic"),
            (LEAST | {"Store": "dynamodb"}, "no such parameters"),
        ]
        for parameters, says in refused:
            with self.subTest(says), self.assertRaisesRegex(Refused, says):
                self.resolve(parameters)

    def test_a_table_is_shared_by_several_replicas_and_a_file_is_not(self) -> None:
        shared = self.resolve(ACTING).properties("Service")
        self.assertEqual(shared["DesiredCount"], "2")
        rollout = shared["DeploymentConfiguration"]
        self.assertEqual((rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]), (100, 200))
        alone = self.resolve(FILES | {"Replicas": "3"}).properties("Service")
        self.assertEqual(alone["DesiredCount"], 1)
        rollout = alone["DeploymentConfiguration"]
        self.assertEqual((rollout["MinimumHealthyPercent"], rollout["MaximumPercent"]), (0, 100))
        dry = self.resolve(MOST | DRY).properties("Service")
        self.assertEqual(dry["DesiredCount"], 1)
        for service in (shared, alone):
            breaker = service["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
            self.assertEqual(breaker, {"Enable": True, "Rollback": True})

    def test_the_configuration_comes_from_one_place(self) -> None:
        name = "ECS_REFRESH_CONFIG_TOML"
        inline = self.container(LEAST | {"ConfigToml": "x = 1"})
        self.assertEqual(inline["Secrets"], [])
        self.assertIn({"Name": name, "Value": "x = 1"}, inline["Environment"])
        parameter = self.container(LEAST)
        self.assertEqual(parameter["MountPoints"], [])
        (secret,) = parameter["Secrets"]
        self.assertEqual(secret["Name"], name)
        self.assertTrue(secret["ValueFrom"].endswith(":parameter/ecs-refresh/config"), secret)
        self.assertNotIn(name, self.environment(LEAST))
        of_image = LEAST | {"ConfigParameter": ""}
        self.assertEqual((self.container(of_image)["Secrets"], self.container(of_image)["MountPoints"]), ([], []))
        self.assertEqual([one for one in self.environment(of_image) if one.startswith("ECS_REFRESH_CONFIG")], [])
        (execution,) = self.resolve(of_image).properties("ExecutionRole")["Policies"]
        self.assertEqual(execution["PolicyName"], "start-the-task")
        files = self.container(FILES)
        self.assertEqual(files["Secrets"], [])
        self.assertNotIn(name, self.environment(FILES))
        self.assertEqual(self.environment(FILES)["ECS_REFRESH_CONFIG"], "/etc/ecs-refresh")
        for container in (inline, parameter, files):
            self.assertEqual(container["Command"], ["run"])
        mounts = {one["ContainerPath"]: one.get("ReadOnly", False) for one in files["MountPoints"]}
        self.assertEqual(mounts, {"/etc/ecs-refresh": True, "/var/lib/ecs-refresh": False})

    def test_the_environment_says_what_the_stack_knows(self) -> None:
        section = "ECS_REFRESH_"
        most = {name.removeprefix(section): value for name, value in self.environment(MOST | DRY).items()}
        self.assertEqual(most.pop("CONFIG_TOML"), MOST["ConfigToml"])
        self.assertEqual(
            most,
            {
                "DAEMON__LISTEN": "0.0.0.0:8080",
                "DAEMON__DRY_RUN": "true",
                "STORE__KIND": "dynamodb",
                "STORE__TABLE": stand_in("Table", "Ref"),
                "EVENTS__QUEUE_URL": stand_in("Queue", "Ref"),
                "HEALTH__POLL": "true",
                "ANNOUNCE__EVENT_BUS": "default",
            },
        )
        named = self.environment(LEAST | {"TableName": "ledger"})
        self.assertEqual(named["ECS_REFRESH_STORE__TABLE"], "ledger")
        least = {"ECS_REFRESH_DAEMON__LISTEN": "0.0.0.0:8080", "ECS_REFRESH_CONFIG": "/etc/ecs-refresh"}
        self.assertEqual(self.environment(FILES | {"Events": "none"}), least)

    def test_every_key_in_the_environment_is_one_of_the_configuration(self) -> None:
        documented = (ROOT / "config" / "default.toml").read_text()
        for name in self.environment(MOST | DRY):
            section, separator, key = name.removeprefix("ECS_REFRESH_").lower().partition("__")
            if separator:
                part = documented.split(f"\n[{section}]\n")[1].split("\n[")[0]
                self.assertRegex(part, rf"(?m)^(# )?{key} = ", name)

    def test_it_runs_on_graviton_unless_it_is_told_otherwise(self) -> None:
        for parameters, architecture in [({}, "ARM64"), ({"CpuArchitecture": "X86_64"}, "X86_64")]:
            platform = self.resolve(LEAST | parameters).properties("TaskDefinition")["RuntimePlatform"]
            self.assertEqual(platform["CpuArchitecture"], architecture)

    def test_it_is_as_large_and_as_bounded_as_it_is_told(self) -> None:
        task = self.resolve(MOST).properties("TaskDefinition")
        self.assertEqual((task["Cpu"], task["Memory"]), ("512", "1024"))
        for role in ("TaskRole", "ExecutionRole"):
            bounded = self.resolve(MOST).properties(role)
            self.assertEqual(bounded["PermissionsBoundary"], MOST["PermissionsBoundary"])
            self.assertNotIn("PermissionsBoundary", self.resolve(LEAST).properties(role))

    def test_images_are_pulled_from_where_they_are(self) -> None:
        every = "arn:aws:ecr:eu-central-1:123456789012:repository/*"
        for parameters, expected in [(MOST, MOST["ImageRepository"]), (LEAST, every)]:
            policies = self.resolve(parameters).properties("ExecutionRole")["Policies"]
            said = policies[0]["PolicyDocument"]["Statement"]
            (pull,) = [one for one in said if one["Sid"] == "PullImages"]
            self.assertEqual(pull["Resource"], expected)

    def test_what_cannot_be_delivered_is_put_aside(self) -> None:
        resolved = self.resolve(MOST)
        for rule in ("RetirementRule", "DeploymentRule"):
            (target,) = resolved.properties(rule)["Targets"]
            self.assertEqual(target["DeadLetterConfig"], {"Arn": stand_in("DeadLetterQueue", "Arn")})
        name = resolved.properties("Queue")["QueueName"]
        allowed = resolved.properties("DeadLetterQueue")["RedriveAllowPolicy"]
        self.assertEqual(allowed["redrivePermission"], "byQueue")
        self.assertEqual(allowed["sourceQueueArns"], [f"arn:aws:sqs:eu-central-1:123456789012:{name}"])
        policies = [resolved.properties(f"{queue}Policy") for queue in ("Queue", "DeadLetterQueue")]
        for queue, policy in zip(("Queue", "DeadLetterQueue"), policies):
            self.assertEqual(policy["Queues"], [stand_in(queue, "Ref")])
            for statement in policy["PolicyDocument"]["Statement"]:
                self.assertEqual(statement["Resource"], stand_in(queue, "Arn"))

    def test_the_container_may_do_as_little_as_possible(self) -> None:
        container = self.container(LEAST)
        self.assertEqual(container["User"], "65532:65532")
        self.assertTrue(container["ReadonlyRootFilesystem"])
        self.assertFalse(container["Privileged"])
        self.assertEqual(container["LinuxParameters"], {"Capabilities": {"Drop": ["ALL"]}})

    def test_the_health_check_asks_the_binary_of_the_image(self) -> None:
        image = (ROOT / "Dockerfile").read_text()
        (entry,) = re.findall(r"(?m)^ENTRYPOINT (\[.*\])$", image)
        command = self.container(LEAST)["HealthCheck"]["Command"]
        self.assertEqual(command, ["CMD", *json.loads(entry), "healthcheck"])

    def test_it_stops_later_than_the_daemon(self) -> None:
        documented = (ROOT / "config" / "default.toml").read_text()
        (grace,) = re.findall(r'(?m)^shutdown_grace = "(\d+)s"$', documented)
        self.assertGreater(self.container(LEAST)["StopTimeout"], int(grace) + 10)

    def test_a_roles_policies_fit_into_it(self) -> None:
        for parameters in (MOST, FILES | MOST | {"ConfigToml": ""}):
            resolved = self.resolve(parameters)
            for role in ("TaskRole", "ExecutionRole"):
                policies = resolved.properties(role)["Policies"]
                documents = [json.dumps(one["PolicyDocument"], separators=(",", ":")) for one in policies]
                # An ARN may be longer than what stands for it here.
                self.assertLessEqual(sum(map(len, documents)) + 500, ROLE_CHARACTERS_MAX)

    def test_what_is_remembered_outlasts_the_stack(self) -> None:
        for resource in ("Table", "LogGroup"):
            kept = self.template.resources[resource]
            self.assertEqual((kept["DeletionPolicy"], kept["UpdateReplacePolicy"]), ("Retain", "Retain"))

    def test_there_are_alarms_for_whoever_wants_them(self) -> None:
        def alarms(parameters: dict[str, str]) -> set[str]:
            resolved = self.resolve(parameters)
            names = {name for name in self.template.resources if name.endswith("Alarm")}
            return {name.removesuffix("Alarm") for name in names if resolved.exists(name)}

        topic = {"AlarmTopic": MOST["AlarmTopic"]}
        every = {"NoTask", "DeadLetters", "WaitingMessages", "NotDelivered", "ThrottledTable"}
        self.assertEqual(alarms(LEAST), set())
        self.assertEqual(alarms(ACTING | topic), every)
        self.assertEqual(alarms(LEAST | topic), every - {"WaitingMessages"})
        self.assertEqual(alarms(FILES | topic | {"Events": "none"}), {"NoTask"})
