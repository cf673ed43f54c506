# HTTPS out, NFS if the configuration is on a file system, and whoever scrapes metrics in. Names are
# resolved by the VPC's own resolver, which no security group keeps out.

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-"
  description = "ecs-refresh: HTTPS out, metrics in"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  lifecycle {
    # The tasks hold it: the next one has to be there before this one can go.
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = length(var.egress_cidr_blocks)

  security_group_id = aws_security_group.this.id
  description       = "APIs of AWS"
  cidr_ipv4         = var.egress_cidr_blocks[count.index]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "https_ipv6" {
  count = length(var.egress_ipv6_cidr_blocks)

  security_group_id = aws_security_group.this.id
  description       = "APIs of AWS"
  cidr_ipv6         = var.egress_ipv6_cidr_blocks[count.index]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

# A gateway endpoint is a route to public addresses, which only its prefix list names.
resource "aws_vpc_security_group_egress_rule" "https_prefix_list" {
  count = length(var.egress_prefix_list_ids)

  security_group_id = aws_security_group.this.id
  description       = "APIs of AWS"
  prefix_list_id    = var.egress_prefix_list_ids[count.index]
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "nfs" {
  count = var.config_source == "efs" ? 1 : 0

  security_group_id            = aws_security_group.this.id
  description                  = "The configuration's file system"
  referenced_security_group_id = one(var.config_efs[*].security_group_id)
  ip_protocol                  = "tcp"
  from_port                    = 2049
  to_port                      = 2049
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "scrape_group" {
  # By number, because a group that is made in the same run has no id yet.
  count = length(var.scrape_security_group_ids)

  security_group_id            = aws_security_group.this.id
  description                  = "Metrics and status"
  referenced_security_group_id = var.scrape_security_group_ids[count.index]
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8080
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "scrape_addresses" {
  count = length(var.scrape_cidr_blocks)

  security_group_id = aws_security_group.this.id
  description       = "Metrics and status"
  cidr_ipv4         = var.scrape_cidr_blocks[count.index]
  ip_protocol       = "tcp"
  from_port         = 8080
  to_port           = 8080
  tags              = var.tags
}
