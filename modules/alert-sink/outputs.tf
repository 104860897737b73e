output "function_arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.sink.arn
}

output "role_arn" {
  description = "ARN of the function's role."
  value       = aws_iam_role.sink.arn
}

output "kms_key_arn" {
  description = "ARN of the key that the secrets must be put under."
  value       = aws_kms_key.sink.arn
}

output "parameters" {
  description = "Names of the SSM parameters that have to be there before the first alert, sorted."
  value       = sort(values(local.parameters))
}

output "log_group_name" {
  description = "Name of the function's log group."
  value       = aws_cloudwatch_log_group.sink.name
}
