"""Parameters that the template is tried with, and the values that stand for what resources give."""

from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[2]
ROOT = DEPLOY.parent
TEMPLATE = DEPLOY / "cloudformation.yaml"
DOCUMENTS = DEPLOY / "iam"

NEEDED = {"Subnets": "subnet-11111111,subnet-22222222", "Image": "registry.example/ecs-refresh:1"}

# What is asked for at least, which is a dry run.
LEAST = NEEDED | {"SecurityGroup": "sg-11111111"}
DRY = {"DryRun": "true"}
ACTING = LEAST | {"DryRun": "false"}

# Everything that can be switched on together.
MOST = NEEDED | {
    "Cluster": "tools",
    "Vpc": "vpc-11111111",
    "MetricsSecurityGroup": "sg-22222222",
    "MetricsCidr": "10.0.0.0/8",
    "Replicas": "3",
    "ConfigToml": '[[policy]]\nname = "nightly"\n',
    "DryRun": "false",
    "Clusters": "prd-*",
    "RefreshableServices": "prd-*/api-*",
    "RefreshTagKey": "opt-in",
    "RefreshTagValue": "weekly",
    "PermissionsBoundary": "arn:aws:iam::123456789012:policy/boundary",
    "ImageRepository": "arn:aws:ecr:eu-central-1:210987654321:repository/tools/ecs-refresh",
    "Cpu": "512",
    "Memory": "1024",
    "RollBack": "true",
    "CodeDeploy": "true",
    "Events": "retirements-and-deployments",
    "PollHealth": "true",
    "EventBus": "default",
    "AlarmTopic": "arn:aws:sns:eu-central-1:123456789012:ops",
}

# One replica with its ledger in a file, and its configuration beside it.
FILES = ACTING | {
    "FileSystem": "fs-11111111",
    "AccessPoint": "fsap-11111111",
    "ConfigAccessPoint": "fsap-22222222",
}


def stand_in(resource: str, attribute: str) -> str:
    """What a resource gives, where nothing makes one."""
    return f"<{resource}.{attribute}>"


def placeholders(parameters: dict[str, str]) -> dict[str, str]:
    """The values of the placeholders in deploy/iam that these parameters mean."""
    clusters, services = parameters.get("RefreshableServices", "*/*").split("/")
    assert clusters == parameters.get("Clusters", "*"), "the documents have one pattern for both"
    hears = parameters.get("Events", "retirements") != "none" or parameters.get("PollHealth") == "true"
    return {
        "partition": "aws",
        "region": "eu-central-1",
        "account": "123456789012",
        "clusters": clusters,
        "services": services,
        "noticed": "*" if hears else clusters,
        "queue_arn": stand_in("Queue", "Arn"),
        "table_arn": stand_in("Table", "Arn"),
        "event_bus_arn": "arn:aws:events:eu-central-1:123456789012:event-bus/"
        + parameters.get("EventBus", ""),
        "tag_key": parameters.get("RefreshTagKey", "refresh"),
        "tag_value": parameters.get("RefreshTagValue", ""),
    }
