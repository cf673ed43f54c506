variable "needed" {
  description = "x"
  type        = string
}

output "there" {
  description = "x"
  value       = var.needed
}
