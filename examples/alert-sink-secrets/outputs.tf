output "versions" {
  description = "The version of each parameter: one more after a rotation."
  value       = { for name, parameter in aws_ssm_parameter.secret : parameter.name => parameter.version }
}
