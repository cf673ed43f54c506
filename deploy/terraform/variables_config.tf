# How the daemon's configuration gets in. README.md says how each way is updated.

variable "config_source" {
  description = "inline: config_toml in the environment. ssm: a parameter of Systems Manager. s3: an object, looked at every minute. efs: a directory of a file system. image: it is in the image, where the image's own ECS_REFRESH_CONFIG points."
  type        = string
  default     = "inline"

  validation {
    condition     = contains(["inline", "ssm", "s3", "efs", "image"], var.config_source)
    error_message = "config_source is inline, ssm, s3, efs or image."
  }
}

variable "config_toml" {
  description = "The text of the configuration, such as file(\"ecs-refresh.toml\"). For inline, and for ssm where config_ssm is null. It holds no secrets: whoever may describe task definitions reads it."
  type        = string
  default     = null

  validation {
    # A task definition holds 64 KiB, and what is escaped in it counts double.
    condition     = var.config_toml == null ? true : length(var.config_toml) > 0 && length(var.config_toml) <= 24576
    error_message = "config_toml has up to 24,576 characters; what is longer belongs to s3 or efs."
  }
}

variable "config_ssm" {
  description = "For ssm: the full name of a parameter that is there already, and the key if it is a SecureString with a key of yours. null: a parameter is made of config_toml."
  type = object({
    parameter_name = string
    kms_key_arn    = optional(string)
  })
  default = null

  validation {
    condition     = var.config_ssm == null ? true : startswith(var.config_ssm.parameter_name, "/")
    error_message = "config_ssm.parameter_name is a parameter's full name, which starts with a slash."
  }
}

variable "config_s3" {
  description = "For s3: the object that holds the configuration, and the key if it is encrypted with a key of yours."
  type = object({
    bucket      = string
    key         = optional(string, "ecs-refresh.toml")
    kms_key_arn = optional(string)
  })
  default = null
}

variable "config_efs" {
  description = "For efs: the file system, an access point whose root directory holds *.toml and whose user may read them, and the security group of its mount targets. That one has to let NFS in from security_group_id, see outputs."
  type = object({
    file_system_id    = string
    access_point_id   = string
    security_group_id = string
  })
  default = null
}

variable "config_fetcher_image" {
  description = "For s3: an image with a shell and the AWS CLI, for the container that fetches the file."
  type        = string
  default     = "public.ecr.aws/aws-cli/aws-cli:2.31.0"
}
