resource "aws_cloudwatch_log_group" "this" {
  # checkov:skip=CKV_AWS_338:what became of refreshes is kept in the table; the log's retention is a variable
  # checkov:skip=CKV_AWS_158:CloudWatch Logs encrypts every log; a key of yours is a variable
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = one(var.kms_key[*].arn)
  tags              = var.tags
}

locals {
  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.this.name
      awslogs-region        = local.region
      awslogs-stream-prefix = var.name
      # A log that cannot be delivered must not stop the daemon.
      mode            = "non-blocking"
      max-buffer-size = "4m"
    }
  }
}
