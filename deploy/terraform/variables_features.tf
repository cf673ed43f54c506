# What the daemon may do, hear and tell. Each switch grants one policy of ../iam and no more.

variable "dry_run" {
  description = "true: nothing is changed, not even the ledger, and the role may not. false: the configuration decides, so that its dry_run = true goes on being the emergency stop."
  type        = bool
  default     = true
}

variable "clusters" {
  description = "Pattern of the clusters' names, with * and ?, that the role is limited to. Policies choose among them."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[A-Za-z0-9_*?-]+$", var.clusters))
    error_message = "clusters is one name, in which * and ? are wildcards."
  }
}

variable "services" {
  description = "Pattern of the services' names, with * and ?, that the role is limited to."
  type        = string
  default     = "*"

  validation {
    condition     = can(regex("^[A-Za-z0-9_*?-]+$", var.services))
    error_message = "services is one name, in which * and ? are wildcards."
  }
}

variable "refresh_tag" {
  description = "A tag that a service has to have for the role to be allowed to refresh it: opt-in by IAM. null: no tag is needed."
  type        = object({ key = string, value = string })
  default     = null

  validation {
    # "$" begins a variable of IAM, and a quote would end the text in the policy.
    condition = var.refresh_tag == null ? true : (
      can(regex("^[A-Za-z0-9 _.:/=+@-]{1,128}$", var.refresh_tag.key)) &&
      can(regex("^[A-Za-z0-9 _.:/=+@-]{0,256}$", var.refresh_tag.value)) &&
      !startswith(lower(var.refresh_tag.key), "aws:")
    )
    error_message = "refresh_tag has a key of up to 128 characters, not of aws:, and a value of up to 256: letters, digits, spaces and _.:/=+@-."
  }
}

variable "preflight" {
  description = "Whether it may read what its checks before a refresh look at: images, alarms, quotas, subnets and the health of targets."
  type        = bool
  default     = true
}

variable "rollback" {
  description = "Whether it may roll back refreshes that time out, for policies with on_failure = \"rollback\"."
  type        = bool
  default     = false
}

variable "code_deploy" {
  description = "Whether it may refresh services that CodeDeploy deploys, for policies with code_deploy = true. Its reads and writes come in one piece, so that in a dry run these services wait: what is in CodeDeploy may not be read then."
  type        = bool
  default     = false
}

variable "events" {
  description = "What comes in through a queue. retirements: what AWS Health says about the retirement of Fargate tasks. retirements-and-deployments: also what ECS says of services, so that changes are seen at once. none: no queue."
  type        = string
  default     = "retirements"

  validation {
    condition     = contains(["none", "retirements", "retirements-and-deployments"], var.events)
    error_message = "events is none, retirements or retirements-and-deployments."
  }
}

variable "poll_health" {
  description = "Whether the AWS Health API is asked for retirements too, which needs a Business, Enterprise On-Ramp or Enterprise Support plan."
  type        = bool
  default     = false
}

variable "event_bus_name" {
  description = "Name of an event bus of this account and Region on which outcomes are announced, such as default. null: nothing is announced."
  type        = string
  default     = null
}
