output "ebs_kms_key_arn" {
  description = "ARN of the key that volumes of this region are encrypted with by default."
  value       = aws_kms_key.ebs.arn

  depends_on = [aws_ebs_encryption_by_default.this]
}
