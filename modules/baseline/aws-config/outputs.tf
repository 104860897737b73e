output "bucket" {
  description = "Name of the bucket that Config delivers to, once everything that guards it is in place."
  value       = local.bucket

  depends_on = [
    aws_s3_bucket_ownership_controls.config,
    aws_s3_bucket_policy.config,
    aws_s3_bucket_server_side_encryption_configuration.config,
    aws_s3_bucket_versioning.config,
  ]
}

output "bucket_arn" {
  description = "ARN of that bucket."
  value       = local.bucket_arn

  depends_on = [aws_s3_bucket.config]
}

output "kms_key_arn" {
  description = "ARN of the key of that bucket."
  value       = local.key_arn
}

output "role_arn" {
  description = "ARN of the role that Config reads and delivers with."
  value       = local.role_arn
}

output "recorder_name" {
  description = "Name of the recorder, once it records."
  value       = aws_config_configuration_recorder_status.this.name
}
