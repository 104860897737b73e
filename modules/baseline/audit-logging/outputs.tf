output "trail_arn" {
  description = "ARN of the trail."
  value       = aws_cloudtrail.audit.arn
}

output "trail_name" {
  description = "Name of the trail."
  value       = aws_cloudtrail.audit.name
}

output "bucket" {
  description = "Name of the bucket that the log files are in."
  value       = aws_s3_bucket.audit.id
}

output "bucket_arn" {
  description = "ARN of that bucket."
  value       = aws_s3_bucket.audit.arn
}

output "kms_key_arn" {
  description = "ARN of the key that log files and log group are under. Who reads them needs kms:Decrypt on it."
  value       = aws_kms_key.audit.arn
}

output "log_group_name" {
  description = "Name of the log group that the trail writes to."
  value       = aws_cloudwatch_log_group.audit.name
}

output "log_group_arn" {
  description = "ARN of that log group."
  value       = aws_cloudwatch_log_group.audit.arn
}
