variable "bucket" {
  description = "Name of the state bucket. Bucket names are shared by every AWS account in the world, so put your organisation in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "The bucket name \"${var.bucket}\" must have 3 to 63 lower-case letters, digits and hyphens, and begin and end with a letter or digit. Dots are refused as well: they break the TLS certificate of BUCKET.s3.REGION.amazonaws.com."
  }
}

variable "key_alias" {
  description = "Alias of the customer managed key that encrypts the state, with its \"alias/\" prefix. An environment's key is called \"KEY_ALIAS-ENVIRONMENT\"."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^alias/[A-Za-z0-9/_-]{1,200}$", var.key_alias)) && !startswith(var.key_alias, "alias/aws/")
    error_message = "The key alias \"${var.key_alias}\" must be \"alias/\" followed by letters, digits, \"/\", \"_\" and \"-\", and must not begin with \"alias/aws/\", which AWS keeps for itself."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for a key's deletion and losing it. Whatever the key encrypted is lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30 && floor(var.key_deletion_window_days) == var.key_deletion_window_days
    error_message = "AWS KMS waits 7 to 30 whole days before it deletes a key; ${var.key_deletion_window_days} is not one of them."
  }
}

variable "lifecycle_rules" {
  description = "When old versions of a state and unfinished uploads are removed. Null leaves the rules out: every version is kept for ever, and an apply is about a minute shorter, because the provider waits that long over a lifecycle configuration."
  type = object({
    noncurrent_days       = optional(number, 90)
    newer_noncurrent_kept = optional(number, 10)
    abort_incomplete_days = optional(number, 7)
  })
  default = {}

  validation {
    condition = var.lifecycle_rules == null ? true : alltrue([
      for days in [var.lifecycle_rules.noncurrent_days, var.lifecycle_rules.abort_incomplete_days] :
      days >= 1 && floor(days) == days
    ])
    error_message = "noncurrent_days and abort_incomplete_days must be whole numbers, 1 or more. To keep every version for ever set lifecycle_rules to null."
  }

  validation {
    condition     = var.lifecycle_rules == null ? true : (var.lifecycle_rules.newer_noncurrent_kept >= 1 && var.lifecycle_rules.newer_noncurrent_kept <= 100 && floor(var.lifecycle_rules.newer_noncurrent_kept) == var.lifecycle_rules.newer_noncurrent_kept)
    error_message = "newer_noncurrent_kept must be a whole number from 1 to 100, S3's own limit. A state without old versions cannot be brought back after a bad write."
  }
}

variable "environments" {
  description = "Environments in other accounts that keep their state in this bucket, each under a key of its own. `principals` are IAM user or role ARNs of other accounts; `state_keys` are the exact object keys they may use. The principals also need s3 and kms permissions in their own account: across accounts both sides must allow."
  type = map(object({
    principals = set(string)
    state_keys = set(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.environments) : length(name) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", name))])
    error_message = "An environment's name becomes part of its key's alias: at most 32 lower-case letters, digits and single hyphens, a letter first and after each hyphen. Not so: ${join(", ", [for name in keys(var.environments) : "\"${name}\"" if length(name) > 32 || !can(regex("^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", name))])}."
  }

  validation {
    condition     = alltrue(flatten([for environment in var.environments : [for arn in environment.principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))]]))
    error_message = "A principal must be the ARN of one IAM user or role, without wildcards: a whole account or \"*\" would hand the state to everyone whom that account lets in. Not so: ${join(", ", flatten([for environment in var.environments : [for arn in environment.principals : "\"${arn}\"" if !can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))]]))}."
  }

  validation {
    condition     = alltrue(flatten([for environment in var.environments : [for key in environment.state_keys : can(regex("^[A-Za-z0-9!_.'()/-]+$", key)) && !startswith(key, "/") && !endswith(key, "/") && !endswith(key, ".tflock")]]))
    error_message = "A state key must be one exact object key: no wildcard, no \"/\" at its beginning or end, and not the lock file, which is added for you. Not so: ${join(", ", flatten([for environment in var.environments : [for key in environment.state_keys : "\"${key}\"" if !can(regex("^[A-Za-z0-9!_.'()/-]+$", key)) || startswith(key, "/") || endswith(key, "/") || endswith(key, ".tflock")]]))}."
  }

  validation {
    condition     = alltrue([for environment in var.environments : length(environment.principals) > 0 && length(environment.state_keys) > 0])
    error_message = "An environment needs at least one principal and one state key: without them it has a key that nobody uses and that costs money every month. Empty: ${join(", ", [for name, environment in var.environments : "\"${name}\"" if length(environment.principals) == 0 || length(environment.state_keys) == 0])}."
  }

  validation {
    condition     = length(distinct(flatten([for environment in var.environments : tolist(environment.state_keys)]))) == length(flatten([for environment in var.environments : tolist(environment.state_keys)]))
    error_message = "A state key belongs to one environment only: two environments that share a state can read each other's secrets."
  }

  validation {
    condition     = length(distinct(flatten([for environment in var.environments : tolist(environment.principals)]))) == length(flatten([for environment in var.environments : tolist(environment.principals)]))
    error_message = "A principal belongs to one environment only: a principal of two environments carries whatever happens to the one into the other."
  }
}

variable "tags" {
  description = "Tags for the bucket and the keys."
  type        = map(string)
  default     = {}
  nullable    = false
}
