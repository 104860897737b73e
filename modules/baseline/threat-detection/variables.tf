variable "name" {
  description = "Name of the room: the analyzer is called NAME."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "The name \"${var.name}\" becomes part of the names of buckets, keys and roles, so it has to suit all of them: at most 32 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "enable_guardduty" {
  description = "Whether GuardDuty watches this region."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_security_hub" {
  description = "Whether Security Hub checks this region against the standards below. It needs AWS Config to record here."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_access_analyzer" {
  description = "Whether IAM Access Analyzer looks for what this region shares with the outside."
  type        = bool
  default     = true
  nullable    = false
}

variable "guardduty_finding_frequency" {
  description = "How often GuardDuty repeats a finding that happens again: FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS. The first is sent at once in any case."
  type        = string
  default     = "FIFTEEN_MINUTES"
  nullable    = false

  validation {
    condition     = contains(["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"], var.guardduty_finding_frequency)
    error_message = "guardduty_finding_frequency must be FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS, not \"${var.guardduty_finding_frequency}\"."
  }
}

variable "guardduty_features" {
  description = "GuardDuty's protection plans and whether each is on. One that is not named is off. Each costs by what it reads."
  type        = map(bool)
  default = {
    EBS_MALWARE_PROTECTION = true
    EKS_AUDIT_LOGS         = true
    LAMBDA_NETWORK_LOGS    = true
    RDS_LOGIN_EVENTS       = true
    RUNTIME_MONITORING     = false
    S3_DATA_EVENTS         = true
  }
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.guardduty_features), ["EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"])) == 0
    error_message = "The protection plans are EBS_MALWARE_PROTECTION, EKS_AUDIT_LOGS, LAMBDA_NETWORK_LOGS, RDS_LOGIN_EVENTS, RUNTIME_MONITORING (which covers what EKS_RUNTIME_MONITORING did) and S3_DATA_EVENTS. Not so: ${join(", ", setsubtract(keys(var.guardduty_features), ["EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"]))}."
  }
}

variable "enable_fsbp" {
  description = "Whether Security Hub checks AWS Foundational Security Best Practices."
  type        = bool
  default     = true
  nullable    = false
}

variable "cis_version" {
  description = "Version of the CIS AWS Foundations Benchmark that Security Hub checks: 1.2.0, 1.4.0, 3.0.0 or 5.0.0. Null: none."
  type        = string
  default     = "3.0.0"

  validation {
    condition     = var.cis_version == null ? true : contains(["1.2.0", "1.4.0", "3.0.0", "5.0.0"], var.cis_version)
    error_message = "Security Hub has versions 1.2.0, 1.4.0, 3.0.0 and 5.0.0 of the CIS benchmark, not \"${coalesce(var.cis_version, "null")}\"."
  }
}

variable "auto_enable_controls" {
  description = "Whether controls that AWS adds to an enabled standard are on at once."
  type        = bool
  default     = true
  nullable    = false
}

variable "tags" {
  description = "Tags for the detector and the analyzer."
  type        = map(string)
  default     = {}
  nullable    = false
}
