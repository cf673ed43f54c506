terraform {
  # The oldest with object types that have optional attributes.
  required_version = ">= 1.3"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # From 6.0 on the Region is data.aws_region's `region`.
      version = ">= 6.0, < 7.0"
    }
  }
}
