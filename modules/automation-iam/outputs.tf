output "provider_arn" {
  description = "ARN of the OIDC provider."
  value       = aws_iam_openid_connect_provider.forge.arn
}

output "issuer_url" {
  description = "Issuer of the tokens that are accepted."
  value       = local.issuer_url
}

output "audience" {
  description = "What a job must ask for as the token's audience."
  value       = local.audience
}

output "plan_role_arn" {
  description = "ARN of the plan role."
  value       = aws_iam_role.plan.arn
}

output "plan_role_name" {
  description = "Name of the plan role."
  value       = aws_iam_role.plan.name
}

output "apply_role_arn" {
  description = "ARN of the apply role."
  value       = aws_iam_role.apply.arn
}

output "apply_role_name" {
  description = "Name of the apply role."
  value       = aws_iam_role.apply.name
}

output "baseline_guard_policy_arn" {
  description = "ARN of the policy that the src stack attaches to the apply role when the baseline is built. Null: there is none."
  value       = one(aws_iam_policy.baseline_guard[*].arn)
}

output "boundary_policy_arn" {
  description = "ARN of the permissions boundary of every role that CI makes. Null: there is none."
  value       = one(aws_iam_policy.boundary[*].arn)
}
