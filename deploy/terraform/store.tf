# The ledger, and the lease by which one replica acts.

resource "aws_dynamodb_table" "ledger" {
  # checkov:skip=CKV_AWS_119:it is encrypted with a key of AWS; a key of yours is a variable
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.deletion_protection
  tags                        = var.tags

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  # By this DynamoDB deletes old history of services that are gone.
  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = one(var.kms_key[*].arn)
  }
}
