output "key_arn" {
  description = "ARN of the key: the backend's `kms_key_id`, and what `STATE_KMS_KEY_ID` holds. Use the ARN, not the alias: engines and bucket policies compare ARNs."
  value       = aws_kms_key.state.arn
}

output "key_id" {
  description = "ID of the key."
  value       = aws_kms_key.state.key_id
}

output "alias" {
  description = "Alias of the key, by which people find it."
  value       = aws_kms_alias.state.name
}
