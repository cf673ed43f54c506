"""The stack as moto makes it, looked up again by boto3.

moto does not know all of CloudFormation. Conditions are decided before it gets the template; a queue's
policy, and a table's expiry and backups, are applied here as the template has them.
"""

import ast
import json
import logging
import os
import unittest

import boto3
from moto import mock_aws

from scenarios import DOCUMENTS, LEAST, MOST, TEMPLATE, placeholders, stand_in
from statements import compare
from template import REGION, Template

# It says of every resource that it does not know, and of every use of one.
logging.getLogger("moto").setLevel(logging.CRITICAL)

# Whatever the machine is configured with, no request leaves it.
os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION=REGION)

# As the documentation of Amazon ECS has it ("Task retirement and maintenance for AWS Fargate").
NOTICE = {
    "eventArn": "arn:aws:health:us-east-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/test1",
    "service": "ECS",
    "eventTypeCode": "AWS_ECS_TASK_PATCHING_RETIREMENT",
    "eventTypeCategory": "scheduledChange",
    "startTime": "Wed, 23 Aug 2023 23:18:51 GMT",
    "affectedEntities": [{"entityValue": "prd|api"}],
}

EVENTS = [
    ("aws.health", "AWS Health Event", NOTICE, True),
    ("aws.health", "AWS Health Event", NOTICE | {"eventTypeCode": "AWS_ECS_OPERATIONAL_ISSUE"}, False),
    ("aws.health", "AWS Health Event", NOTICE | {"service": "EC2"}, False),
    ("aws.ecs", "ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}, True),
    ("aws.ecs", "ECS Service Action", {"eventName": "SERVICE_STEADY_STATE"}, True),
    ("aws.ecs", "ECS Task State Change", {"lastStatus": "RUNNING"}, False),
    ("somebody", "AWS Health Event", NOTICE, False),
]


class Stack:
    """A stack with these parameters, in the account that moto is."""

    def __init__(self, parameters: dict[str, str]):
        self.template = Template(TEMPLATE)
        self.resolved = self.template.with_parameters(parameters, stand_in)
        ec2 = boto3.client("ec2")
        subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
        vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        scraper = ec2.create_security_group(GroupName="scraper", Description="scraper")["GroupId"]
        real = {"Subnets": ",".join(subnets), "Vpc": vpc, "MetricsSecurityGroup": scraper}
        self.parameters = parameters | {name: real[name] for name in real.keys() & parameters.keys()}
        boto3.client("ecs").create_cluster(clusterName=self.resolved.values["Cluster"])
        formation = boto3.client("cloudformation")
        formation.create_stack(
            StackName="ecs-refresh",
            TemplateBody=json.dumps(self.resolved.unconditional()),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        made = formation.describe_stack_resources(StackName="ecs-refresh")["StackResources"]
        # What moto does not make has no name here.
        named = [one for one in made if {"LogicalResourceId", "PhysicalResourceId"} <= one.keys()]
        self.ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in named}

    def policies(self, role: str) -> list[dict]:
        iam, name = boto3.client("iam"), self.ids[role]
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        policies = [iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in names]

        # moto keeps the documents of a stack's role as Python prints them, unless they were texts.
        def read(document: str | dict) -> dict:
            return ast.literal_eval(document) if isinstance(document, str) else document

        return [one | {"PolicyDocument": read(one["PolicyDocument"])} for one in policies]

    def applied(self, resource: str) -> dict:
        """The properties of what moto makes no resource of."""

        def attribute(name: str, what: str) -> str:
            kind = self.template.resources[name]["Type"]
            match kind, what:
                case ("AWS::SQS::Queue", "Arn"):
                    return self.queue_arn(name)
                case ("AWS::SQS::Queue", "QueueName"):
                    return self.queue_arn(name).split(":")[-1]
                case ("AWS::Events::Rule", "Arn"):
                    return self.rule_arn(name)
                case ("AWS::Events::Rule", "Ref"):
                    return self.rule_arn(name).split("/")[-1]
                case (_, "Ref" | "Name"):
                    return self.ids[name]
            raise ValueError(f"{name}.{what} is not known here")

        return self.template.with_parameters(self.parameters, attribute).properties(resource)

    def queue_arn(self, queue: str) -> str:
        asked = {"QueueUrl": self.ids[queue], "AttributeNames": ["QueueArn"]}
        return boto3.client("sqs").get_queue_attributes(**asked)["Attributes"]["QueueArn"]

    def rule_arn(self, rule: str) -> str:
        return boto3.client("events").describe_rule(Name=self.ids[rule].split("/")[-1])["Arn"]


class StackTest(unittest.TestCase):
    """One stack with everything, which the tests look at and leave as it is."""

    parameters = MOST

    @classmethod
    def setUpClass(cls) -> None:
        aws = mock_aws()
        aws.start()
        cls.addClassCleanup(aws.stop)
        cls.stack = Stack(cls.parameters)

    def test_the_table_is_the_one_that_the_daemon_wants(self) -> None:
        dynamodb, name = boto3.client("dynamodb"), self.stack.ids["Table"]
        table = dynamodb.describe_table(TableName=name)["Table"]
        keys = [(one["AttributeName"], one["KeyType"]) for one in table["KeySchema"]]
        self.assertEqual(keys, [("pk", "HASH"), ("sk", "RANGE")])
        types = {one["AttributeName"]: one["AttributeType"] for one in table["AttributeDefinitions"]}
        self.assertEqual(types, {"pk": "S", "sk": "S"})
        self.assertEqual(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
        self.assertTrue(table["DeletionProtectionEnabled"])
        wanted = self.stack.resolved.properties("Table")
        self.assertEqual(wanted["SSESpecification"], {"SSEEnabled": True})
        expiry, backups = wanted["TimeToLiveSpecification"], wanted["PointInTimeRecoverySpecification"]
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry)
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=backups)
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        self.assertEqual(expiry, {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"})
        backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        status = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        self.assertEqual(status, "ENABLED")

    def test_the_queue_keeps_what_is_not_read_and_puts_aside_what_cannot_be(self) -> None:
        asked = {"QueueUrl": self.stack.ids["Queue"], "AttributeNames": ["All"]}
        queue = boto3.client("sqs").get_queue_attributes(**asked)["Attributes"]
        self.assertEqual(queue["MessageRetentionPeriod"], str(14 * 24 * 3600))
        self.assertEqual(queue["SqsManagedSseEnabled"], "true")
        redrive = json.loads(queue["RedrivePolicy"])
        self.assertEqual(redrive["deadLetterTargetArn"], self.stack.queue_arn("DeadLetterQueue"))
        self.assertEqual(int(redrive["maxReceiveCount"]), 100)

    def test_the_queue_lets_both_rules_in_and_nobody_else(self) -> None:
        sqs, url = boto3.client("sqs"), self.stack.ids["Queue"]
        policy = self.stack.applied("QueuePolicy")["PolicyDocument"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
        allow, deny = json.loads(asked["Attributes"]["Policy"])["Statement"]
        queue = self.stack.queue_arn("Queue")
        rules = [self.stack.rule_arn("RetirementRule"), self.stack.rule_arn("DeploymentRule")]
        self.assertEqual(allow["Principal"], {"Service": "events.amazonaws.com"})
        self.assertEqual((allow["Action"], allow["Resource"]), ("sqs:SendMessage", queue))
        self.assertEqual(allow["Condition"], {"ArnEquals": {"aws:SourceArn": rules}})
        self.assertEqual((deny["Effect"], deny["Resource"]), ("Deny", queue))
        self.assertEqual(deny["Condition"], {"Bool": {"aws:SecureTransport": "false"}})

    def test_the_rules_put_into_the_queue_what_the_daemon_reads(self) -> None:
        events, sqs, url = boto3.client("events"), boto3.client("sqs"), self.stack.ids["Queue"]
        for source, kind, detail, arrives in EVENTS:
            with self.subTest(source=source, kind=kind, arrives=arrives):
                entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail)}
                self.assertEqual(events.put_events(Entries=[entry])["FailedEntryCount"], 0)
                received = sqs.receive_message(QueueUrl=url).get("Messages", [])
                self.assertEqual(len(received), int(arrives))
                for message in received:
                    body = json.loads(message["Body"])
                    self.assertEqual((body["detail-type"], body["detail"]), (kind, detail))
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def test_the_roles_have_the_policies_of_the_documents(self) -> None:
        made = {
            "queue_arn": self.stack.queue_arn("Queue"),
            "table_arn": boto3.client("dynamodb").describe_table(TableName=self.stack.ids["Table"])[
                "Table"
            ]["TableArn"],
        }
        names, found = compare(
            DOCUMENTS, self.stack.policies("TaskRole"), placeholders(self.parameters) | made
        )
        self.assertEqual(found, [])
        self.assertIn("store-dynamodb", names)
        execution = [one["PolicyName"] for one in self.stack.policies("ExecutionRole")]
        self.assertEqual(execution, ["start-the-task"])

    def test_the_service_runs_the_task_definition(self) -> None:
        ecs = boto3.client("ecs")
        (service,) = ecs.describe_services(cluster="tools", services=["ecs-refresh"])["services"]
        self.assertEqual(service["desiredCount"], int(MOST["Replicas"]))
        # moto takes neither of these from a stack.
        wanted = self.stack.applied("Service")
        self.assertEqual(wanted["LaunchType"], "FARGATE")
        network = wanted["NetworkConfiguration"]["AwsvpcConfiguration"]
        self.assertEqual(network["SecurityGroups"], [self.stack.ids["TaskSecurityGroup"]])
        self.assertEqual(network["Subnets"], self.stack.parameters["Subnets"])
        asked = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])
        definition = asked["taskDefinition"]
        (container,) = definition["containerDefinitions"]
        environment = {one["name"]: one["value"] for one in container["environment"]}
        self.assertEqual(environment["ECS_REFRESH_CONFIG_TOML"], MOST["ConfigToml"])
        self.assertEqual(environment["ECS_REFRESH_STORE__TABLE"], self.stack.ids["Table"])
        self.assertEqual(environment["ECS_REFRESH_EVENTS__QUEUE_URL"], self.stack.ids["Queue"])
        self.assertTrue(container["readonlyRootFilesystem"])

    def test_only_who_scrapes_gets_in(self) -> None:
        asked = {"GroupIds": [self.stack.ids["TaskSecurityGroup"]]}
        (group,) = boto3.client("ec2").describe_security_groups(**asked)["SecurityGroups"]
        let_in = group["IpPermissions"]
        self.assertEqual({(one["FromPort"], one["ToPort"]) for one in let_in}, {(8080, 8080)})
        sources = [pair["GroupId"] for one in let_in for pair in one["UserIdGroupPairs"]]
        self.assertEqual(sources, [self.stack.parameters["MetricsSecurityGroup"]])
        ranges = [pair["CidrIp"] for one in let_in for pair in one["IpRanges"]]
        self.assertEqual(ranges, ["10.0.0.0/8"])
        # moto adds the rule that Amazon EC2 adds to a group without any.
        out = self.stack.resolved.properties("TaskSecurityGroup")["SecurityGroupEgress"]
        self.assertEqual({(one["IpProtocol"], one["FromPort"], one["ToPort"]) for one in out}, {("tcp", 443, 443)})

    def test_alarms_look_at_what_is_there(self) -> None:
        cloudwatch = boto3.client("cloudwatch")
        names = [name for name in self.stack.template.resources if name.endswith("Alarm")]
        for name in filter(self.stack.resolved.exists, names):
            cloudwatch.put_metric_alarm(AlarmName=name, **self.stack.applied(name))
        alarms = cloudwatch.describe_alarms()["MetricAlarms"]
        watched = {
            one.get("MetricName"): {dimension["Name"]: dimension["Value"] for dimension in one["Dimensions"]}
            for one in alarms
        }
        service = self.stack.ids["Service"]
        self.assertEqual(watched["CPUUtilization"], {"ClusterName": "tools", "ServiceName": service})
        (throttled,) = [one for one in alarms if one["AlarmName"] == "ThrottledTableAlarm"]
        metrics = [one["MetricStat"]["Metric"] for one in throttled["Metrics"] if "MetricStat" in one]
        self.assertEqual(
            {one["MetricName"]: [dimension["Value"] for dimension in one["Dimensions"]] for one in metrics},
            {name: [self.stack.ids["Table"]] for name in ("ReadThrottleEvents", "WriteThrottleEvents")},
        )
        dead = self.stack.queue_arn("DeadLetterQueue").split(":")[-1]
        self.assertEqual(watched["ApproximateNumberOfMessagesVisible"], {"QueueName": dead})
        rule = self.stack.rule_arn("RetirementRule").split("/")[-1]
        self.assertEqual(watched["FailedInvocations"], {"RuleName": rule})
        for alarm in alarms:
            self.assertEqual(alarm["AlarmActions"], [MOST["AlarmTopic"]])


class LeastTest(unittest.TestCase):
    @mock_aws
    def test_a_stack_needs_no_more_than_an_image_and_where_to_run(self) -> None:
        made = Stack(LEAST).ids
        self.assertNotIn("DeploymentRule", made)
        self.assertNotIn("TaskSecurityGroup", made)
        self.assertTrue({"Table", "Queue", "RetirementRule", "Service", "TaskRole"} <= made.keys())
