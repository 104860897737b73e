output "detector_id" {
  description = "ID of GuardDuty's detector. Null: it is off."
  value       = one(aws_guardduty_detector.this[*].id)
}

output "hub_arn" {
  description = "ARN of Security Hub's hub. Null: it is off."
  value       = one(aws_securityhub_account.this[*].arn)
}

output "analyzer_arn" {
  description = "ARN of the analyzer. Null: it is off."
  value       = one(aws_accessanalyzer_analyzer.this[*].arn)
}
