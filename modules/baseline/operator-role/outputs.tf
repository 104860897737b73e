output "role_arn" {
  description = "ARN of the role, once it is fenced."
  value       = aws_iam_role.operator.arn

  depends_on = [aws_iam_role_policy.fence]
}

output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.operator.name
}
