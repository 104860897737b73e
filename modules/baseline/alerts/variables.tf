variable "name" {
  description = "Beginning of all names: topic and key alias are NAME-alerts; the rules, filters and alarms are NAME-guardduty, NAME-securityhub, NAME-root-sign-in and NAME-root-api-call; the metrics are in the namespace NAME."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 44 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "\"${var.name}\" must have at most 44 lower-case letters, digits and single hyphens, a letter first, as the other modules of the baseline ask for."
  }
}

variable "emails" {
  description = "Addresses that get every alert. AWS sends each of them a link first, and nothing until somebody followed it."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for email in var.emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", email))])
    error_message = "Not an e-mail address: ${join(", ", [for email in var.emails : "\"${email}\"" if !can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", email))])}."
  }
}

variable "https_endpoints" {
  description = "Addresses that get every alert by HTTPS POST, such as an alert sink that runs as a server. They must confirm the subscription, which AWS asks them to by a first POST."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for url in var.https_endpoints : can(regex("^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[^[:space:]]*)?$", url))])
    error_message = "An endpoint must be an https address: alerts say what is wrong with the account, and plain http shows that to everybody on the way. Name and password (user:password@) are refused, they would be in the state. Not so: ${join(", ", [for url in var.https_endpoints : "\"${url}\"" if !can(regex("^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[^[:space:]]*)?$", url))])}."
  }
}

variable "lambda_arns" {
  description = "ARNs of functions that get every alert. Each must let this topic invoke it (lambda:InvokeFunction for sns.amazonaws.com with the topic as source). The alert-sink module subscribes its own function: name it not here but say `told_elsewhere`."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.lambda_arns : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?$", arn))])
    error_message = "Not the ARN of a function: ${join(", ", [for arn in var.lambda_arns : "\"${arn}\"" if !can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9$_-]+)?$", arn))])}."
  }
}

variable "told_elsewhere" {
  description = "True if something outside this module subscribes to the topic, such as the alert-sink module. It only silences the warning that nobody is told."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_guardduty" {
  description = "Alerts for GuardDuty findings. Without them Security Hub's copies of GuardDuty findings are not left out."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_securityhub" {
  description = "Alerts for Security Hub findings."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_root_tripwires" {
  description = "Alarms for anything that the root user does. They read `log_group_name`."
  type        = bool
  default     = true
  nullable    = false
}

variable "guardduty_minimum_severity" {
  description = "GuardDuty findings of this severity and above are alerts. GuardDuty calls 7.0 to 8.9 high and 9.0 and above critical."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.guardduty_minimum_severity >= 1 && var.guardduty_minimum_severity <= 10 && floor(var.guardduty_minimum_severity * 10) == var.guardduty_minimum_severity * 10
    error_message = "GuardDuty's severities go from 1.0 to 10.0 by tenths; ${var.guardduty_minimum_severity} is not one of them."
  }
}

variable "securityhub_severities" {
  description = "Severity labels of Security Hub findings that are alerts."
  type        = set(string)
  default     = ["HIGH", "CRITICAL"]
  nullable    = false

  validation {
    condition     = length(var.securityhub_severities) > 0 && alltrue([for label in var.securityhub_severities : contains(["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"], label)])
    error_message = "Security Hub's severity labels are INFORMATIONAL, LOW, MEDIUM, HIGH and CRITICAL, and at least one must be named: to have no such alerts set enable_securityhub to false."
  }
}

variable "log_group_name" {
  description = "Name of the log group that a trail of all regions writes to: output `log_group_name` of audit-logging. Needed for the tripwires."
  type        = string
  default     = null

  validation {
    condition     = var.log_group_name == null ? !var.enable_root_tripwires : can(regex("^[A-Za-z0-9_./#-]+$", var.log_group_name)) && length(var.log_group_name) <= 512
    error_message = "The tripwires read the trail's log group: give its name (letters, digits and _./#-), or set enable_root_tripwires to false. Not so: \"${coalesce(var.log_group_name, "null")}\"."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for the key's deletion and losing it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30 && floor(var.key_deletion_window_days) == var.key_deletion_window_days
    error_message = "AWS KMS waits 7 to 30 whole days before it deletes a key; ${var.key_deletion_window_days} is not one of them."
  }
}

variable "tags" {
  description = "Tags for everything that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
