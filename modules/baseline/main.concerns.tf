# Six concerns in one graph: what one needs of another is a reference, so the engine
# knows the order and hands over today's value.
module "account_hardening" {
  source = "./account-hardening"
  count  = var.enable_account_hardening ? 1 : 0

  name                         = var.name
  password_policy              = var.account_hardening.password_policy
  account_alias                = var.account_hardening.account_alias
  ebs_kms_deletion_window_days = var.account_hardening.ebs_kms_deletion_window_days
  ebs_service_role_arns        = var.account_hardening.ebs_service_role_arns
  tags                         = var.tags
}

module "audit_logging" {
  source = "./audit-logging"
  count  = var.enable_audit_logging ? 1 : 0

  name                     = var.name
  bucket                   = var.audit_logging.bucket
  state_bucket_arn         = var.audit_logging.state_bucket_arn
  retention_days           = var.audit_logging.retention_days
  expire_days              = var.audit_logging.expire_days
  key_deletion_window_days = var.audit_logging.key_deletion_window_days
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

module "aws_config" {
  source = "./aws-config"
  count  = var.enable_aws_config ? 1 : 0

  name                     = var.name
  bucket                   = var.aws_config.bucket
  global_resources         = var.aws_config.global_resources
  recording_frequency      = var.aws_config.recording_frequency
  snapshot_frequency       = var.aws_config.snapshot_frequency
  expire_days              = var.aws_config.expire_days
  key_deletion_window_days = var.aws_config.key_deletion_window_days
  permissions_boundary_arn = var.permissions_boundary_arn
  tags                     = var.tags
}

# Most of Security Hub's checks ask AWS Config. It is not a depends_on, which would put
# off this module's data sources, and with them replace the standards, whenever
# something of Config's changes; a check that finds no Config is made again.
module "threat_detection" {
  source = "./threat-detection"
  count  = var.enable_threat_detection ? 1 : 0

  name                        = var.name
  enable_guardduty            = var.threat_detection.enable_guardduty
  enable_security_hub         = var.threat_detection.enable_security_hub
  enable_access_analyzer      = var.threat_detection.enable_access_analyzer
  guardduty_finding_frequency = var.threat_detection.guardduty_finding_frequency
  guardduty_features          = var.threat_detection.guardduty_features
  enable_fsbp                 = var.threat_detection.enable_fsbp
  cis_version                 = var.threat_detection.cis_version == "none" ? null : var.threat_detection.cis_version
  auto_enable_controls        = var.threat_detection.auto_enable_controls
  tags                        = var.tags
}

module "alerts" {
  source = "./alerts"
  count  = var.enable_alerts ? 1 : 0

  name                       = var.name
  emails                     = var.alerts.emails
  https_endpoints            = var.alerts.https_endpoints
  lambda_arns                = var.alerts.lambda_arns
  told_elsewhere             = var.alerts.told_elsewhere
  enable_guardduty           = coalesce(var.alerts.enable_guardduty, var.enable_threat_detection && var.threat_detection.enable_guardduty)
  enable_securityhub         = coalesce(var.alerts.enable_securityhub, var.enable_threat_detection && var.threat_detection.enable_security_hub)
  enable_root_tripwires      = var.enable_audit_logging
  guardduty_minimum_severity = var.alerts.guardduty_minimum_severity
  securityhub_severities     = var.alerts.securityhub_severities
  log_group_name             = one(module.audit_logging[*].log_group_name)
  key_deletion_window_days   = var.alerts.key_deletion_window_days
  tags                       = var.tags
}

data "aws_region" "this" {}

module "operator_role" {
  source = "./operator-role"
  count  = var.enable_operator_role ? 1 : 0

  name                = var.name
  role_name           = var.operator_role.role_name
  allowed_regions     = var.operator_role.allowed_regions == null ? [data.aws_region.this.id] : var.operator_role.allowed_regions
  mfa_max_age_seconds = var.operator_role.mfa_max_age_seconds
  max_session_seconds = var.operator_role.max_session_seconds
  tags                = var.tags
}
