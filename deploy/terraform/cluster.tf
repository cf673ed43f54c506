# The cluster that the daemon itself runs in; it watches those that its policies name.

resource "aws_ecs_cluster" "this" {
  count = var.cluster_name == null ? 1 : 0

  name = var.name
  tags = var.tags

  setting {
    name  = "containerInsights"
    value = var.container_insights
  }
}

# Looked up, so that a wrong name is found by the plan.
data "aws_ecs_cluster" "existing" {
  count = var.cluster_name == null ? 0 : 1

  cluster_name = var.cluster_name
}

locals {
  cluster_arn  = var.cluster_name == null ? one(aws_ecs_cluster.this[*].arn) : one(data.aws_ecs_cluster.existing[*].arn)
  cluster_name = var.cluster_name == null ? var.name : var.cluster_name
}
