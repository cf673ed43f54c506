variable "name" {
  description = "Name of the service and of everything around it."
  type        = string
  default     = "ecs-refresh"
}

variable "region" {
  description = "The Region whose services are refreshed."
  type        = string
}

variable "vpc_id" {
  description = "The VPC of the subnets."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones."
  type        = list(string)
}

variable "image" {
  description = "The image of ecs-refresh, with an exact tag or a digest."
  type        = string
}

variable "config_bucket" {
  description = "A bucket that is there already, for the configuration."
  type        = string
}

variable "dry_run" {
  description = "false once what it says is what is wanted."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
}
