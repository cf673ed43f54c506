# Everything that the module can do: the configuration in a bucket, all features, a key of one's own,
# alarms to a topic, and a Prometheus that may scrape. Most installations need a third of it.

module "ecs_refresh" {
  # From elsewhere: git::https://HOST/PATH/ecs-refresh.git//deploy/terraform?ref=vX.Y.Z
  source = "../.."

  name = var.name
  tags = var.tags

  # Where it runs.
  vpc_id                    = var.vpc_id
  subnet_ids                = var.subnet_ids
  assign_public_ip          = false
  security_group_ids        = []
  egress_cidr_blocks        = ["0.0.0.0/0"]
  egress_ipv6_cidr_blocks   = ["::/0"]
  egress_prefix_list_ids    = []
  scrape_security_group_ids = [aws_security_group.prometheus.id]
  scrape_cidr_blocks        = []
  cluster_name              = null
  container_insights        = "enhanced"

  # What runs.
  image                    = var.image
  cpu_architecture         = "ARM64"
  cpu                      = 256
  memory                   = 512
  desired_count            = 2
  stop_timeout_seconds     = 30
  wait_for_steady_state    = true
  permissions_boundary_arn = null
  ecr_repository_arns      = null
  environment              = { ECS_REFRESH_LOG = "info" }

  # Its configuration, which it takes up within two minutes of a change of the object.
  config_source = "s3"
  config_s3 = {
    bucket      = var.config_bucket
    key         = aws_s3_object.config.key
    kms_key_arn = null
  }

  # What it may do. Look at what it says first, and then apply dry_run = false.
  dry_run     = var.dry_run
  clusters    = "prd-*"
  services    = "*"
  refresh_tag = { key = "refresh", value = "weekly" }
  preflight   = true
  rollback    = true
  code_deploy = true

  # What it hears and tells.
  events         = "retirements-and-deployments"
  poll_health    = true
  event_bus_name = "default"

  # What is kept.
  deletion_protection = true
  kms_key             = { arn = aws_kms_key.this.arn }
  log_retention_days  = 365

  # Who is told.
  alarms           = true
  alarm_topic_arns = [aws_sns_topic.alarms.arn]
}

# A bucket with versions keeps each configuration that there was.
resource "aws_s3_object" "config" {
  # checkov:skip=CKV_AWS_186:it is encrypted as the bucket says
  bucket       = var.config_bucket
  key          = "${var.name}.toml"
  source       = "${path.module}/ecs-refresh.toml"
  source_hash  = filemd5("${path.module}/ecs-refresh.toml")
  content_type = "application/toml"
}

# Give it to the task that scrapes.
resource "aws_security_group" "prometheus" {
  # checkov:skip=CKV2_AWS_5:it is for a Prometheus of yours, which is not here
  name_prefix = "${var.name}-prometheus-"
  description = "May scrape ecs-refresh"
  vpc_id      = var.vpc_id
  tags        = var.tags
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.this.id
  tags              = var.tags
}
