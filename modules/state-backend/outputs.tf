output "bucket" {
  description = "Name of the state bucket, once everything that guards it is in place."
  value       = aws_s3_bucket.state.bucket

  depends_on = [
    aws_s3_bucket_ownership_controls.state,
    aws_s3_bucket_policy.state,
    aws_s3_bucket_server_side_encryption_configuration.state,
    aws_s3_bucket_versioning.state,
  ]
}

output "bucket_arn" {
  description = "ARN of the state bucket."
  value       = aws_s3_bucket.state.arn
}

output "kms_key_arn" {
  description = "ARN of the key of the room's own states: `kms_key_id` of the backend. Use the ARN, not the alias: the bucket policy compares ARNs."
  value       = aws_kms_key.state.arn
}

output "kms_key_id" {
  description = "ID of the key of the room's own states."
  value       = aws_kms_key.state.key_id
}

output "key_alias" {
  description = "Alias of that key."
  value       = aws_kms_alias.state.name
}

output "region" {
  description = "Region of the bucket and of the keys."
  value       = local.region
}

output "environments" {
  description = "For each environment: ARN, ID and alias of its key, and its state keys."
  value = { for name, environment in var.environments : name => {
    kms_key_arn = aws_kms_key.environment[name].arn
    kms_key_id  = aws_kms_key.environment[name].key_id
    key_alias   = aws_kms_alias.environment[name].name
    state_keys  = sort(environment.state_keys)
  } }
}
