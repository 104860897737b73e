variable "account_id" {
  description = "The account that aws-nuke may empty, as 12 digits."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "An account ID has 12 digits, in quotes so that leading zeros stay; not \"${var.account_id}\"."
  }
}

variable "blocklist" {
  description = "Accounts that aws-nuke must never touch, whatever else it is told: your production accounts."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.blocklist) > 0 && alltrue([for id in var.blocklist : can(regex("^[0-9]{12}$", id))])
    error_message = "aws-nuke does not start without a blocklist: name at least one account of 12 digits. If you have no account to protect, name 999999999999."
  }

  validation {
    condition     = !contains(var.blocklist, var.account_id)
    error_message = "Account ${var.account_id} is on the blocklist, so aws-nuke would refuse the very account that this configuration is for."
  }
}

variable "blocklist_alias_keywords" {
  description = "Words in an account's alias that make aws-nuke refuse it."
  type        = set(string)
  default     = ["prod", "live"]
  nullable    = false
}

variable "regions" {
  description = "Regions to empty. The services without a region (\"global\") are always included."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.regions) > 0 && alltrue([for region in var.regions : can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", region))])
    error_message = "Name each region in full (eu-west-2). \"all\" is refused: a configuration for tearing down says what it tears down."
  }
}

variable "protect" {
  description = "What bootstrap made and aws-nuke must leave: bucket names, KMS key IDs and aliases, role names, ARNs of managed policies, OIDC provider ARNs."
  type = object({
    buckets        = optional(set(string), [])
    kms_key_ids    = optional(set(string), [])
    kms_aliases    = optional(set(string), [])
    role_names     = optional(set(string), [])
    policy_arns    = optional(set(string), [])
    oidc_providers = optional(set(string), [])
  })
  nullable = false
}

variable "excluded_resource_types" {
  description = "Types that aws-nuke leaves alone altogether, beside S3Object (a bucket that goes takes its objects with it, and one that stays keeps them)."
  type        = set(string)
  default     = []
  nullable    = false
}
