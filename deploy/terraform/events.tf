# How retirement notices get in: AWS Health tells EventBridge of them in the Region whose tasks are
# concerned, a rule puts them into a queue, and the daemon reads that. Notices come from then on only:
# those of before are found by asking the AWS Health API, see poll_health.

locals {
  rules = {
    for rule, wanted in {
      # AWS Health takes the source in this form only, without a wildcard.
      retirements = local.listens
      # A reason to look at a service sooner, nothing more. Changes of single tasks are left out:
      # there are many, and what they lead to is told of here.
      deployments = var.events == "retirements-and-deployments"
    } : rule => file("${path.module}/patterns/${rule}.json") if wanted
  }
  # Two weeks, the longest: a notice outlasts a dry run or a daemon that does not run.
  retention_seconds = 1209600
}

# What EventBridge delivers waits here until the daemon has stored it.
resource "aws_sqs_queue" "events" {
  count = local.listens ? 1 : 0

  name                      = var.name
  message_retention_seconds = local.retention_seconds
  # What the daemon asks for itself, for whoever else looks into the queue.
  visibility_timeout_seconds = 120
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key == null ? true : null
  kms_master_key_id          = one(var.kms_key[*].arn)
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    # What cannot be read or stored comes again every two minutes: this is some three hours.
    maxReceiveCount = 100
  })
}

# What the daemon could not make sense of or not store, and what EventBridge could not deliver.
resource "aws_sqs_queue" "dead_letters" {
  count = local.listens ? 1 : 0

  name                      = "${var.name}-dead-letters"
  message_retention_seconds = local.retention_seconds
  sqs_managed_sse_enabled   = var.kms_key == null ? true : null
  kms_master_key_id         = one(var.kms_key[*].arn)
  tags                      = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  count = local.listens ? 1 : 0

  queue_url = aws_sqs_queue.dead_letters[0].url

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events[0].arn]
  })
}

locals {
  queues = local.listens ? {
    events       = { url = aws_sqs_queue.events[0].url, arn = aws_sqs_queue.events[0].arn }
    dead_letters = { url = aws_sqs_queue.dead_letters[0].url, arn = aws_sqs_queue.dead_letters[0].arn }
  } : {}
}

# The rules may write to the queues, and nobody else; nobody may do anything without TLS.
resource "aws_sqs_queue_policy" "this" {
  for_each = local.queues

  queue_url = each.value.url

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Rules"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = each.value.arn
        Condition = {
          ArnEquals = { "aws:SourceArn" = [for rule in aws_cloudwatch_event_rule.this : rule.arn] }
        }
      },
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = each.value.arn
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.rules

  name          = "${var.name}-${each.key}"
  description   = "For ecs-refresh: ${each.key}"
  event_pattern = each.value
  tags          = var.tags
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each = local.rules

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "ecs-refresh"
  arn       = aws_sqs_queue.events[0].arn

  # A notice comes once. One that cannot be delivered within a day would be gone.
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[0].arn
  }

  # What is sent before the queue lets it in is lost.
  depends_on = [aws_sqs_queue_policy.this]
}
