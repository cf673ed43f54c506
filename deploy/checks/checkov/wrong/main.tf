# What checkov has to find.

resource "aws_sqs_queue" "plain" {
  name                    = "x"
  sqs_managed_sse_enabled = false
}

resource "aws_ecs_task_definition" "writable" {
  family                = "x"
  container_definitions = jsonencode([{ name = "x", image = "x", readonlyRootFilesystem = false }])
}
