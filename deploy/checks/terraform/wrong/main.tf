# A module of which everything is wrong that the check is to find. What it has to say of each thing
# stands beside it; it may say nothing else.

# says: aws_sqs_que.type: the provider has no aws_sqs_que
resource "aws_sqs_que" "type" {
  name = "x"
}

# says: aws_sqs_queue.argument: no argument nmae
# says: aws_sqs_queue.argument: no block retention
resource "aws_sqs_queue" "argument" {
  nmae = "x"

  retention {
    seconds = 1
  }
}

# says: aws_ecs_task_definition.missing: container_definitions is missing
# says: aws_ecs_task_definition.missing.volume.efs_volume_configuration: file_system_id is missing
# says: aws_ecs_task_definition.missing.volume.efs_volume_configuration.authorization_config: no argument access_point
resource "aws_ecs_task_definition" "missing" {
  family = "x"

  dynamic "volume" {
    for_each = [1]

    content {
      name = "x"

      dynamic "efs_volume_configuration" {
        for_each = [1]

        content {
          authorization_config {
            access_point = "x"
          }
        }
      }
    }
  }
}

# says: aws_ecs_service.shape: network_configuration is a block
# says: aws_ecs_service.shape: tags is an argument
resource "aws_ecs_service" "shape" {
  name                  = "x"
  network_configuration = []

  tags {
    name = "x"
  }
}

# says: aws_sqs_queue.lifecycle.lifecycle: no argument prevent_destruction
# says: aws_sqs_queue.lifecycle.lifecycle.precondition: no argument message
resource "aws_sqs_queue" "lifecycle" {
  lifecycle {
    prevent_destruction = true

    precondition {
      condition     = true
      error_message = "x"
      message       = "x"
    }
  }
}

# says: resource aws_sqs_queue.twice: declared twice
resource "aws_sqs_queue" "twice" {}

resource "aws_sqs_queue" "twice" {}

# says: aws_sqs_queue.twice: no attribute queue_arn
# says: aws_sqs_queue.nowhere: not declared
# says: data.aws_region.nowhere: not declared
# says: data.aws_region.current: no attribute zone
# says: var.nowhere: not declared
# says: var.in_text: not declared
# says: local.nowhere: not declared
resource "aws_sqs_queue_policy" "references" {
  queue_url = aws_sqs_queue.twice.queue_arn
  policy    = jsonencode({ A = [for word in ["{", "var.word"] : "${word}-${upper("${var.in_text}")}" if var.nowhere] })
  region    = "${local.nowhere}-${data.aws_region.current.zone}-${data.aws_region.nowhere.region}-$${var.escaped}"

  depends_on = [aws_sqs_queue.nowhere]
}

data "aws_region" "current" {}

# says: variable unused: not used
# says: variable unused: description is missing
variable "unused" {
  type = string
}

# says: variable other: its rule refers to var.used
# says: variable other: no argument nulable
variable "other" {
  description = "x"
  type        = string
  nulable     = false

  validation {
    condition     = var.other != var.used
    error_message = "x"
  }
}

variable "used" {
  description = "x"
  type        = string
}

# says: local unused: not used
locals {
  unused = "${var.used}${var.other}"
}

# says: module inner: no variable strange
# says: module inner: needed is missing
module "inner" {
  source = "./inner"

  strange = 1
}

# says: output value: value is missing
output "value" {
  description = "x"
}

# says: module.inner: no output nowhere
# says: module.nowhere: not declared
output "nowhere" {
  description = "x"
  value       = [module.inner.nowhere, module.nowhere.there, module.inner.there]
}
