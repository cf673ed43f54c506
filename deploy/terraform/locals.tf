data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

locals {
  partition  = data.aws_partition.current.partition
  dns_suffix = data.aws_partition.current.dns_suffix
  region     = data.aws_region.current.region
  account    = data.aws_caller_identity.current.account_id

  listens   = var.events != "none"
  announces = var.event_bus_name != null
}
