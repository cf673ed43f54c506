# What tells of trouble without anybody scraping metrics. Those of the daemon itself say more.

locals {
  alarm_queues = var.alarms && local.listens
}

# Every running task reports its use of CPU once a minute, so that samples count tasks, without
# Container Insights.
resource "aws_cloudwatch_metric_alarm" "no_task" {
  count = var.alarms && var.desired_count > 0 ? 1 : 0

  alarm_name          = "${var.name}-no-task"
  alarm_description   = "No task of ecs-refresh runs: nothing is refreshed. See the service's events and its stopped tasks."
  namespace           = "AWS/ECS"
  metric_name         = "CPUUtilization"
  dimensions          = { ClusterName = local.cluster_name, ServiceName = aws_ecs_service.this.name }
  statistic           = "SampleCount"
  period              = 60
  evaluation_periods  = 10
  datapoints_to_alarm = 10
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  count = local.alarm_queues ? 1 : 0

  alarm_name          = "${var.name}-dead-letters"
  alarm_description   = "Messages that ecs-refresh could not read or store, or that EventBridge could not deliver. A retirement notice may be among them."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[0].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  # A queue that nobody uses reports nothing.
  treat_missing_data = "notBreaching"
  alarm_actions      = var.alarm_topic_arns
  ok_actions         = var.alarm_topic_arns
  tags               = var.tags
}

resource "aws_cloudwatch_metric_alarm" "queue_age" {
  # In a dry run the queue is not read, and messages wait.
  count = local.alarm_queues && !var.dry_run ? 1 : 0

  alarm_name          = "${var.name}-queue-age"
  alarm_description   = "A message waits for half an hour: no replica acts, or none can read the queue or write the table."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = aws_sqs_queue.events[0].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 1800
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "not_delivered" {
  count = local.alarm_queues ? 1 : 0

  alarm_name          = "${var.name}-not-delivered"
  alarm_description   = "EventBridge could not put a retirement notice into the queue."
  namespace           = "AWS/Events"
  metric_name         = "FailedInvocations"
  dimensions          = { RuleName = aws_cloudwatch_event_rule.this["retirements"].name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "table_throttled" {
  count = var.alarms ? 1 : 0

  alarm_name          = "${var.name}-table-throttled"
  alarm_description   = "DynamoDB turns calls away: the lease may be lost, and nothing is started without it."
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags

  metric_query {
    id          = "throttled"
    label       = "Throttled calls"
    expression  = "FILL(reads, 0) + FILL(writes, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { reads = "ReadThrottleEvents", writes = "WriteThrottleEvents" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/DynamoDB"
        metric_name = metric_query.value
        dimensions  = { TableName = aws_dynamodb_table.ledger.name }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}
