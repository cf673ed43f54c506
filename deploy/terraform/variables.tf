# Where the daemon runs, what runs, and what is kept. What it may do and hear is in
# variables_features.tf, how its configuration gets in is in variables_config.tf.

variable "name" {
  description = "Name of the service and of everything around it. Unique in the account and Region."
  type        = string
  default     = "ecs-refresh"

  validation {
    # With the Region and "execution" behind it, it still fits into the 64 characters of a role's name.
    condition     = can(regex("^[A-Za-z][A-Za-z0-9-]{2,31}$", var.name))
    error_message = "name is 3 to 32 letters, digits and hyphens, and begins with a letter."
  }
}

variable "tags" {
  description = "Tags of everything that is made here, the tasks included."
  type        = map(string)
  default     = {}
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is the id of a VPC, such as vpc-0123456789abcdef0."
  }
}

variable "subnet_ids" {
  description = "Subnets, in at least two zones, that reach the APIs of AWS by NAT or by VPC endpoints: ecs, ecr.api, ecr.dkr, s3, logs and dynamodb; elasticloadbalancing, monitoring, servicequotas and ec2 for its checks; sqs, events, ssm and codedeploy as far as they are used. AWS Health is reached by NAT alone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "subnet_ids names at least one subnet."
  }
}

variable "assign_public_ip" {
  description = "true in a public subnet; false behind a NAT gateway or VPC endpoints."
  type        = bool
  default     = false
}

variable "security_group_ids" {
  description = "Security groups that the tasks have besides the one that is made here."
  type        = list(string)
  default     = []
}

variable "egress_cidr_blocks" {
  description = "Where HTTPS may go. Narrow it to the VPC's own addresses if every API has an interface endpoint there. S3 and DynamoDB by gateway endpoints keep their public addresses: name those by egress_prefix_list_ids."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "egress_ipv6_cidr_blocks" {
  description = "The same by IPv6, for subnets that have it."
  type        = list(string)
  default     = ["::/0"]
}

variable "egress_prefix_list_ids" {
  description = "Prefix lists that HTTPS may go to as well, such as those of the gateway endpoints of S3 and DynamoDB."
  type        = list(string)
  default     = []
}

variable "scrape_security_group_ids" {
  description = "Security groups whose members may reach port 8080, for metrics and status. Nobody else may: there is no authentication."
  type        = list(string)
  default     = []
}

variable "scrape_cidr_blocks" {
  description = "Addresses that may reach port 8080."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for block in var.scrape_cidr_blocks : !endswith(block, "/0")])
    error_message = "scrape_cidr_blocks may not be everybody: port 8080 has no authentication."
  }
}

variable "cluster_name" {
  description = "Name of a cluster that is there already. null: one is made, with the name of the service."
  type        = string
  default     = null
}

variable "container_insights" {
  description = "Container Insights of the cluster that is made: enabled, enhanced or disabled."
  type        = string
  default     = "enabled"

  validation {
    condition     = contains(["enabled", "enhanced", "disabled"], var.container_insights)
    error_message = "container_insights is enabled, enhanced or disabled."
  }
}

variable "image" {
  description = "The image of ecs-refresh, with an exact tag or a digest."
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]*)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image has an exact tag or a digest, and is not :latest."
  }
}

variable "cpu_architecture" {
  description = "What the image was built for: ARM64 or X86_64."
  type        = string
  default     = "ARM64"

  validation {
    condition     = contains(["ARM64", "X86_64"], var.cpu_architecture)
    error_message = "cpu_architecture is ARM64 or X86_64."
  }
}

variable "cpu" {
  description = "CPU units of a task. 256 are enough for 5,000 services and 50,000 tasks."
  type        = number
  default     = 256

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu is 256, 512, 1024, 2048 or 4096."
  }
}

variable "memory" {
  description = "Memory of a task in MiB, as Fargate offers it for that many CPU units."
  type        = number
  default     = 512

  validation {
    condition     = var.memory >= 512 && floor(var.memory) == var.memory
    error_message = "memory is a whole number of MiB, 512 or more."
  }
}

variable "desired_count" {
  description = "Replicas. One acts, by a lease, and the others stand by. A dry run has one at most."
  type        = number
  default     = 2

  validation {
    condition     = var.desired_count >= 0 && var.desired_count <= 10 && floor(var.desired_count) == var.desired_count
    error_message = "desired_count is a whole number from 0 to 10."
  }
}

variable "stop_timeout_seconds" {
  description = "From SIGTERM to SIGKILL. Longer than daemon.shutdown_grace, which is 25 s unless it is configured."
  type        = number
  default     = 30

  validation {
    condition     = var.stop_timeout_seconds >= 2 && var.stop_timeout_seconds <= 120
    error_message = "stop_timeout_seconds is from 2 to 120, the most that Fargate allows."
  }
}

variable "environment" {
  description = "More environment of the daemon, such as ECS_REFRESH_LOG or ECS_REFRESH_DAEMON__API_SHARE. It wins over the configuration, and over what this module sets."
  type        = map(string)
  default     = {}
}

variable "wait_for_steady_state" {
  description = "true: apply ends when the tasks are healthy, or fails."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "A permissions boundary for both roles."
  type        = string
  default     = null
}

variable "ecr_repository_arns" {
  description = "Repositories that images are pulled from. null: those of this account and Region."
  type        = list(string)
  default     = null

  validation {
    condition     = var.ecr_repository_arns == null ? true : length(var.ecr_repository_arns) > 0
    error_message = "ecr_repository_arns names at least one repository, or is null."
  }
}

variable "deletion_protection" {
  description = "Whether the table refuses to be deleted. To destroy everything, apply false first."
  type        = bool
  default     = true
}

variable "kms_key" {
  description = "A key of yours for table, queues and log. Its policy has to let in what README.md names. null: keys of AWS."
  # An object, so that a key that is made in the same run is known to be one.
  type    = object({ arn = string })
  default = null
}

variable "log_retention_days" {
  description = "How many days the log is kept."
  type        = number
  default     = 90

  validation {
    condition     = contains([7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days is one of the figures that CloudWatch Logs takes, 7 or more."
  }
}

variable "alarms" {
  description = "Whether there are CloudWatch alarms: no running task, a dead letter, an old message, a throttled table."
  type        = bool
  default     = true
}

variable "alarm_topic_arns" {
  description = "SNS topics that alarms are sent to, when they begin and when they end."
  type        = list(string)
  default     = []
}
