output "cluster_name" {
  description = "The cluster that the daemon runs in."
  value       = local.cluster_name
}

output "service_name" {
  description = "The daemon's own service."
  value       = aws_ecs_service.this.name
}

output "task_definition_arn" {
  description = "What runs."
  value       = aws_ecs_task_definition.this.arn
}

output "task_role_arn" {
  description = "The role to grant more to when more is configured."
  value       = aws_iam_role.task.arn
}

output "task_role_name" {
  description = "The same by name, for aws_iam_role_policy."
  value       = aws_iam_role.task.name
}

output "execution_role_arn" {
  description = "The role that starts the tasks."
  value       = aws_iam_role.execution.arn
}

output "security_group_id" {
  description = "The tasks' security group: let it into mount targets and VPC endpoints."
  value       = aws_security_group.this.id
}

output "table_name" {
  description = "The table of ledger and lease."
  value       = aws_dynamodb_table.ledger.name
}

output "queue_url" {
  description = "Where notices wait for the daemon; null without events."
  value       = one(aws_sqs_queue.events[*].url)
}

output "dead_letter_queue_url" {
  description = "What could not be read, stored or delivered; null without events."
  value       = one(aws_sqs_queue.dead_letters[*].url)
}

output "log_group_name" {
  description = "Where the daemon's log is."
  value       = aws_cloudwatch_log_group.this.name
}

output "config_parameter_name" {
  description = "The parameter that was made for the configuration; null unless config_source is ssm without config_ssm."
  value       = one(aws_ssm_parameter.config[*].name)
}
