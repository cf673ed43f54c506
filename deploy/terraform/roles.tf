# Two roles: one for what Amazon ECS does to start the task, one for what the daemon does. The latter
# has one policy for each feature that is switched on, out of ../iam; in a dry run none of those that
# change anything. Roles belong to the whole account: the Region in their names keeps those of another
# Region's daemon apart.

locals {
  features = {
    observe        = true
    refresh        = !var.dry_run && var.refresh_tag == null
    refresh-tagged = !var.dry_run && var.refresh_tag != null
    rollback       = !var.dry_run && var.rollback
    code-deploy    = !var.dry_run && var.code_deploy
    preflight      = var.preflight
    events         = !var.dry_run && local.listens
    health         = var.poll_health
    announce       = !var.dry_run && local.announces
    store-dynamodb = !var.dry_run
  }

  # The words that policies leave open.
  policy_words = {
    partition     = local.partition
    region        = local.region
    account       = local.account
    clusters      = var.clusters
    services      = var.services
    # A notice may be about tasks of any cluster.
    noticed       = local.listens || var.poll_health ? "*" : var.clusters
    tag_key       = try(var.refresh_tag.key, "")
    tag_value     = try(var.refresh_tag.value, "")
    queue_arn     = try(aws_sqs_queue.events[0].arn, "")
    table_arn     = aws_dynamodb_table.ledger.arn
    event_bus_arn = "arn:${local.partition}:events:${local.region}:${local.account}:event-bus/${coalesce(var.event_bus_name, "default")}"
  }

  task_policies = merge(
    {
      for feature, wanted in local.features :
      feature => templatefile("${path.module}/../iam/${feature}.json", local.policy_words) if wanted
    },
    local.ledger_policies,
    local.config_policies,
    local.key_policies,
  )

  # What a dry run has of store-dynamodb: it reads the ledger, and writes nothing.
  ledger_policies = {
    for dry in [var.dry_run] : "read-ledger" => jsonencode({
      Version = "2012-10-17"
      Statement = [
        for statement in jsondecode(templatefile("${path.module}/../iam/store-dynamodb.json", local.policy_words)).Statement :
        statement if statement.Sid == "ReadLedger"
      ]
    }) if dry
  }

  # DynamoDB and SQS use the key in the name of whoever reads and writes.
  key_policies = {
    for key in var.kms_key[*] : "key" => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "KeyOfTableAndQueue"
        Effect   = "Allow"
        Action   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
        Resource = key.arn
        Condition = {
          StringEquals = { "kms:ViaService" = [for service in ["dynamodb", "sqs"] : "${service}.${local.region}.${local.dns_suffix}"] }
        }
      }]
    })
  }
}

resource "aws_iam_role" "task" {
  name                 = "${var.name}-${local.region}-task"
  description          = "What ecs-refresh may do"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      # Nobody else's tasks may borrow the role through the service.
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "task" {
  for_each = local.task_policies

  name   = each.key
  role   = aws_iam_role.task.name
  policy = each.value
}

resource "aws_iam_role" "execution" {
  name                 = "${var.name}-${local.region}-execution"
  description          = "What Amazon ECS needs to start ecs-refresh; the daemon never holds it"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "execution" {
  name = "start-the-task"
  role = aws_iam_role.execution.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          # The action knows no resources.
          Sid      = "LogInToRegistry"
          Effect   = "Allow"
          Action   = ["ecr:GetAuthorizationToken"]
          Resource = ["*"]
        },
        {
          Sid      = "PullImages"
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = coalesce(var.ecr_repository_arns, ["arn:${local.partition}:ecr:${local.region}:${local.account}:repository/*"])
        },
        {
          Sid      = "WriteLog"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
        },
      ],
      local.config_execution_statements,
    )
  })
}
