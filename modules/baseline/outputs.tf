output "account_hardening" {
  description = "Outputs of account-hardening. Null: it is off."
  value       = one(module.account_hardening[*])
}

output "audit_logging" {
  description = "Outputs of audit-logging. Null: it is off."
  value       = one(module.audit_logging[*])
}

output "aws_config" {
  description = "Outputs of aws-config. Null: it is off."
  value       = one(module.aws_config[*])
}

output "threat_detection" {
  description = "Outputs of threat-detection. Null: it is off."
  value       = one(module.threat_detection[*])
}

output "alerts" {
  description = "Outputs of alerts. Null: it is off."
  value       = one(module.alerts[*])
}

output "operator_role" {
  description = "Outputs of operator-role. Null: it is off."
  value       = one(module.operator_role[*])
}
