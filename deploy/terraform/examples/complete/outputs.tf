output "service" {
  description = "The daemon's cluster and service."
  value       = "${module.ecs_refresh.cluster_name}/${module.ecs_refresh.service_name}"
}

output "log_group_name" {
  description = "Where the daemon's log is."
  value       = module.ecs_refresh.log_group_name
}

output "scrape_from" {
  description = "The security group to give to Prometheus."
  value       = aws_security_group.prometheus.id
}
