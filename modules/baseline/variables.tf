variable "name" {
  description = "Name of the room: the beginning of the names of everything that is made."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "The name \"${var.name}\" becomes part of the names of buckets, keys and roles, so it has to suit all of them: at most 32 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "enable_account_hardening" {
  description = "Whether the account's own settings are tightened."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_audit_logging" {
  description = "Whether every call is recorded. Off, the alarms on the root user are off too: they read the trail."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_aws_config" {
  description = "Whether AWS Config records what changes."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_threat_detection" {
  description = "Whether GuardDuty, Security Hub and Access Analyzer watch."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_alerts" {
  description = "Whether somebody is told."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_operator_role" {
  description = "Whether there is a role for people."
  type        = bool
  default     = true
  nullable    = false
}

variable "account_hardening" {
  description = "Inputs of account-hardening. What is left out is that module's default."
  type = object({
    password_policy = optional(object({
      minimum_length    = optional(number, 14)
      reuse_prevention  = optional(number, 24)
      max_age_days      = optional(number)
      hard_expiry       = optional(bool, false)
      require_lowercase = optional(bool, true)
      require_uppercase = optional(bool, true)
      require_numbers   = optional(bool, true)
      require_symbols   = optional(bool, true)
      users_may_change  = optional(bool, true)
    }))
    account_alias                = optional(string)
    ebs_kms_deletion_window_days = optional(number)
    ebs_service_role_arns        = optional(set(string))
  })
  default  = {}
  nullable = false
}

variable "audit_logging" {
  description = "Inputs of audit-logging. What is left out is that module's default."
  type = object({
    bucket                   = optional(string)
    state_bucket_arn         = optional(string)
    retention_days           = optional(number)
    expire_days              = optional(number)
    key_deletion_window_days = optional(number)
  })
  default  = {}
  nullable = false
}

variable "aws_config" {
  description = "Inputs of aws-config. What is left out is that module's default."
  type = object({
    bucket                   = optional(string)
    global_resources         = optional(bool)
    recording_frequency      = optional(string)
    snapshot_frequency       = optional(string)
    expire_days              = optional(number)
    key_deletion_window_days = optional(number)
  })
  default  = {}
  nullable = false
}

variable "threat_detection" {
  description = "Inputs of threat-detection. What is left out is that module's default; `cis_version` \"none\" is its null, no CIS benchmark at all."
  type = object({
    enable_guardduty            = optional(bool, true)
    enable_security_hub         = optional(bool, true)
    enable_access_analyzer      = optional(bool, true)
    guardduty_finding_frequency = optional(string)
    guardduty_features          = optional(map(bool))
    enable_fsbp                 = optional(bool)
    cis_version                 = optional(string, "3.0.0")
    auto_enable_controls        = optional(bool)
  })
  default  = {}
  nullable = false
}

variable "alerts" {
  description = "Inputs of alerts. What is left out is that module's default; a part is on when what it listens to is, unless `enable_guardduty` or `enable_securityhub` says otherwise (findings of a detector that is managed elsewhere)."
  type = object({
    emails                     = optional(set(string))
    https_endpoints            = optional(set(string))
    lambda_arns                = optional(set(string))
    told_elsewhere             = optional(bool)
    enable_guardduty           = optional(bool)
    enable_securityhub         = optional(bool)
    guardduty_minimum_severity = optional(number)
    securityhub_severities     = optional(set(string))
    key_deletion_window_days   = optional(number)
  })
  default  = {}
  nullable = false
}

variable "operator_role" {
  description = "Inputs of operator-role. What is left out is that module's default; `allowed_regions` left out is the provider's region alone."
  type = object({
    role_name           = optional(string)
    allowed_regions     = optional(set(string))
    mfa_max_age_seconds = optional(number)
    max_session_seconds = optional(number)
  })
  default  = {}
  nullable = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles that AWS's services work with; not of the operator's. Null: none."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for everything that takes tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
