"""Calls every ECS operation that the simulator has, and holds the raw answers to botocore's service
model: no member that the model does not know, no value of another type, no error of an unknown
code, and nothing that botocore's own parser would not read. Prints what is wrong, a line each.

Arguments: the cluster, a service in it with running tasks, and one whose deployments shift traffic and
pause at their beginning."""

import json
import sys

import boto3
import botocore.exceptions

CLUSTER, SERVICE, SHIFTING = sys.argv[1:]
KINDS = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "structure": dict,
    "map": dict,
    "list": list,
}
wrong, called = [], set()


def compare(shape, value, where):
    kind = KINDS[shape.type_name]
    is_number = shape.type_name in ("integer", "long", "float", "double", "timestamp")
    if not isinstance(value, kind) or (is_number and isinstance(value, bool)):
        wrong.append(f"{where}: {value!r} is no {shape.type_name}")
    elif shape.type_name == "structure":
        for name, member in value.items():
            if name in shape.members:
                compare(shape.members[name], member, f"{where}.{name}")
            else:
                wrong.append(f"{where}.{name}: the model does not know it")
    elif shape.type_name == "list":
        for member in value:
            compare(shape.member, member, f"{where}[]")
    elif shape.type_name == "map":
        for name, member in value.items():
            compare(shape.value, member, f"{where}[{name}]")


def before_parse(operation_model, response_dict, **_):
    operation = operation_model.name
    called.add(operation)
    content_type = response_dict["headers"].get("content-type")
    if content_type != "application/x-amz-json-1.1":
        wrong.append(f"{operation}: its content type is {content_type}")
    body = json.loads(response_dict["body"])
    if response_dict["status_code"] < 300:
        compare(operation_model.output_shape, body, operation)
        return
    code = body.pop("__type", None)
    known = [shape.name for shape in operation_model.error_shapes]
    # The last ones are common to all operations, and in no model.
    if code not in known + ["ValidationException", "InvalidParameterException"]:
        wrong.append(f"{operation}: the error {code} is none of its own")
    if not isinstance(body.get("message"), str):
        wrong.append(f"{operation}: an error without a message: {body}")


ecs = boto3.client("ecs")
ecs.meta.events.register("before-parse.ecs", before_parse)


def refused(code, call, **arguments):
    try:
        call(**arguments)
        wrong.append(f"{code} was expected for {arguments}")
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != code:
            wrong.append(f"{code} was expected for {arguments}, not {error}")


here = {"cluster": CLUSTER}
container = {"name": "web", "image": "busybox", "essential": True}
ecs.create_cluster(clusterName="made", tags=[{"key": "a", "value": "b"}])
ecs.list_clusters()
ecs.describe_clusters(clusters=[CLUSTER, "ghost"])
fargate = {"requiresCompatibilities": ["FARGATE"], "networkMode": "awsvpc"}
made = ecs.register_task_definition(
    family="made", containerDefinitions=[container], cpu="256", memory="512", **fargate
)["taskDefinition"]["taskDefinitionArn"]
ecs.describe_task_definition(taskDefinition=made)
ecs.list_task_definitions()
arn = ecs.create_service(
    cluster="made", serviceName="made", taskDefinition=made, desiredCount=1, launchType="FARGATE"
)["service"]["serviceArn"]
ecs.tag_resource(resourceArn=arn, tags=[{"key": "refresh", "value": "weekly"}])
ecs.list_tags_for_resource(resourceArn=arn)
ecs.untag_resource(resourceArn=arn, tagKeys=["refresh"])
ecs.list_services(**here)
ecs.describe_services(**here, services=[SERVICE, "ghost"], include=["TAGS"])
tasks = ecs.list_tasks(**here, serviceName=SERVICE)["taskArns"]
ecs.describe_tasks(**here, tasks=[*tasks, "0" * 32])
ecs.update_service(**here, service=SERVICE, forceNewDeployment=True)
described = ecs.describe_services(**here, services=[SERVICE])["services"][0]
deployments = ecs.list_service_deployments(**here, service=SERVICE)["serviceDeployments"]
arns = [deployment["serviceDeploymentArn"] for deployment in deployments]
deployed = ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
revisions = [deployment["targetServiceRevision"]["arn"] for deployment in deployed]
ecs.describe_service_revisions(serviceRevisionArns=revisions)
ecs.stop_task(**here, task=tasks[0], reason="shapes")
ecs.describe_tasks(**here, tasks=tasks)
of_service = ecs.list_tasks(**here, serviceName=SHIFTING)["taskArns"]
ecs.update_task_protection(**here, tasks=[*of_service, "0" * 32], protectionEnabled=True)
ecs.get_task_protection(**here, tasks=of_service)
ecs.update_service(**here, service=SHIFTING, forceNewDeployment=True)
ecs.describe_services(**here, services=[SHIFTING])
newest = ecs.list_service_deployments(**here, service=SHIFTING)["serviceDeployments"][0]
arn = newest["serviceDeploymentArn"]
newest = ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]
hook = newest["lifecycleHookDetails"][0]["hookId"]
ecs.continue_service_deployment(serviceDeploymentArn=arn, hookId=hook)
ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
ecs.describe_service_deployments(serviceDeploymentArns=[arn])
if described["createdAt"].tzinfo is None:
    wrong.append("DescribeServices: createdAt is no time")
refused("ClusterNotFoundException", ecs.list_services, cluster="ghost")
refused("ServiceNotFoundException", ecs.update_service, **here, service="ghost")
older = [each["serviceDeploymentArn"] for each in deployments][-1]
refused("ConflictException", ecs.stop_service_deployment, serviceDeploymentArn=older)
refused(
    "ServiceDeploymentNotFoundException",
    ecs.stop_service_deployment,
    serviceDeploymentArn=arn[:-1],
)
refused("InvalidParameterException", ecs.list_tasks, **here, maxResults=101)
refused("InvalidParameterException", ecs.describe_services, **here, services=list("abcdefghijk"))
ecs.deregister_task_definition(taskDefinition=made)
ecs.delete_service(cluster="made", service="made", force=True)
refused("ClusterContainsServicesException", ecs.delete_cluster, cluster="made")
ecs.create_cluster(clusterName="empty")
ecs.delete_cluster(cluster="empty")
print(len(called), "operations")
print(*wrong, sep="\n", end="")
