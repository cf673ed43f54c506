locals {
  program = "/ecs-refresh"

  # Amazon ECS answers with an empty list; without it here each plan would show a change.
  linux_parameters = { capabilities = { add = [], drop = ["ALL"] } }

  environment = merge(
    local.config_environment,
    {
      # What the health check asks, and what the security group lets in.
      ECS_REFRESH_DAEMON__LISTEN = "0.0.0.0:8080"

      ECS_REFRESH_STORE__KIND  = "dynamodb"
      ECS_REFRESH_STORE__TABLE = aws_dynamodb_table.ledger.name
    },
    local.listens ? { ECS_REFRESH_EVENTS__QUEUE_URL = aws_sqs_queue.events[0].url } : {},
    var.poll_health ? { ECS_REFRESH_HEALTH__POLL = "true" } : {},
    local.announces ? { ECS_REFRESH_ANNOUNCE__EVENT_BUS = var.event_bus_name } : {},
    # Never "false": the environment wins, and dry_run = true in the configuration is the brake.
    var.dry_run ? { ECS_REFRESH_DAEMON__DRY_RUN = "true" } : {},
    var.environment,
  )

  daemon = merge(local.config_labels, {
    name                   = "ecs-refresh"
    image                  = var.image
    essential              = true
    command                = ["run"]
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    privileged             = false
    linuxParameters        = local.linux_parameters
    environment            = [for name, value in local.environment : { name = name, value = value }]
    secrets                = local.config_secrets
    portMappings           = [{ name = "http", containerPort = 8080, hostPort = 8080, protocol = "tcp" }]
    mountPoints            = local.config_mount_points
    dependsOn              = local.config_depends_on
    logConfiguration       = local.log_configuration
    stopTimeout            = var.stop_timeout_seconds
    # An AWS that answers with errors is progress: only a loop that hangs is replaced.
    healthCheck = {
      command     = ["CMD", local.program, "healthcheck"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 60
    }
  })
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  container_definitions    = jsonencode(concat(local.config_containers, [local.daemon]))
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  dynamic "volume" {
    for_each = local.config_volumes

    content {
      name = volume.value.name

      dynamic "efs_volume_configuration" {
        for_each = volume.value.file_systems

        content {
          file_system_id     = efs_volume_configuration.value.file_system_id
          transit_encryption = "ENABLED"

          authorization_config {
            access_point_id = efs_volume_configuration.value.access_point_id
            iam             = "ENABLED"
          }
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = local.config_complete
      error_message = "config_source = \"${var.config_source}\" needs ${var.config_source == "inline" ? "config_toml" : var.config_source == "ssm" ? "config_ssm or config_toml" : "config_${var.config_source}"}."
    }
  }
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = local.cluster_arn
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "FARGATE"
  # In a dry run nobody takes the lease, and every replica would look on its own.
  desired_count   = var.dry_run ? min(var.desired_count, 1) : var.desired_count
  # The replicas are to be in different zones.
  availability_zone_rebalancing = "ENABLED"
  enable_ecs_managed_tags       = true
  propagate_tags                = "SERVICE"
  wait_for_steady_state         = var.wait_for_steady_state
  tags                          = var.tags

  # New replicas come beside the old ones, and stand by: any number may run on one table. An old one
  # is stopped only when they are healthy, gives the lease up as it ends, and another acts about a
  # second later. So an image or a configuration that does not start never takes away what works.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    assign_public_ip = var.assign_public_ip
    security_groups  = concat([aws_security_group.this.id], var.security_group_ids)
    subnets          = var.subnet_ids
  }

  # A task that starts before it may do anything is one that fails.
  depends_on = [
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_ssm_parameter.config,
    aws_vpc_security_group_egress_rule.https,
    aws_vpc_security_group_egress_rule.https_ipv6,
    aws_vpc_security_group_egress_rule.https_prefix_list,
    aws_vpc_security_group_egress_rule.nfs,
  ]
}
