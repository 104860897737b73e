variable "name" {
  description = "Name of the room: the key's alias is \"alias/NAME-ebs\"."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "The name \"${var.name}\" becomes part of the names of buckets, keys and roles, so it has to suit all of them: at most 32 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "regional_only" {
  description = "Only what AWS keeps for each region, that is EBS encryption: for the second region and those after it. The password policy, the public access block and the alias are the account's and are set once."
  type        = bool
  default     = false
  nullable    = false
}

variable "password_policy" {
  description = "What a console password of an IAM user must be. `max_age_days` null: passwords do not expire. `hard_expiry`: somebody whose password has expired needs an administrator."
  type = object({
    minimum_length    = optional(number, 14)
    reuse_prevention  = optional(number, 24)
    max_age_days      = optional(number)
    hard_expiry       = optional(bool, false)
    require_lowercase = optional(bool, true)
    require_uppercase = optional(bool, true)
    require_numbers   = optional(bool, true)
    require_symbols   = optional(bool, true)
    users_may_change  = optional(bool, true)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.password_policy.minimum_length >= 14 && var.password_policy.minimum_length <= 128 && floor(var.password_policy.minimum_length) == var.password_policy.minimum_length
    error_message = "minimum_length must be a whole number from 14 (what the CIS benchmark asks for) to 128 (IAM's limit); ${var.password_policy.minimum_length} is not."
  }

  validation {
    condition     = var.password_policy.reuse_prevention >= 1 && var.password_policy.reuse_prevention <= 24 && floor(var.password_policy.reuse_prevention) == var.password_policy.reuse_prevention
    error_message = "IAM remembers 1 to 24 old passwords; ${var.password_policy.reuse_prevention} is not one of them."
  }

  validation {
    condition     = var.password_policy.max_age_days == null ? !var.password_policy.hard_expiry : (var.password_policy.max_age_days >= 1 && var.password_policy.max_age_days <= 1095 && floor(var.password_policy.max_age_days) == var.password_policy.max_age_days)
    error_message = "max_age_days must be a whole number from 1 to 1095, or null for passwords that do not expire; hard_expiry says nothing without it."
  }
}

variable "account_alias" {
  description = "Alias of the account in its sign-in address, https://ALIAS.signin.aws.amazon.com/console; it is unique in the world. Null: none is managed. An alias that is there already is adopted by an import block in the root module."
  type        = string
  default     = null

  validation {
    condition     = var.account_alias == null ? true : can(regex("^[a-z0-9]([a-z0-9]|-[a-z0-9])*$", var.account_alias)) && length(var.account_alias) >= 3 && length(var.account_alias) <= 63 && !can(regex("^[0-9]{12}$", var.account_alias))
    error_message = "The account alias \"${coalesce(var.account_alias, "null")}\" must have 3 to 63 lower-case letters, digits and single hyphens, none at either end, and must not look like an account ID."
  }
}

variable "ebs_kms_deletion_window_days" {
  description = "Days between asking for the deletion of the EBS key and losing it. Every volume and snapshot under it is lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.ebs_kms_deletion_window_days >= 7 && var.ebs_kms_deletion_window_days <= 30 && floor(var.ebs_kms_deletion_window_days) == var.ebs_kms_deletion_window_days
    error_message = "AWS KMS waits 7 to 30 whole days before it deletes a key; ${var.ebs_kms_deletion_window_days} is not one of them."
  }
}

variable "ebs_service_role_arns" {
  description = "Service-linked roles that start instances on their own, such as EC2 Auto Scaling's (.../aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling): the key policy names them, as AWS documents. They must exist before the apply."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.ebs_service_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-service-role/[a-z0-9.-]+/[A-Za-z0-9+=,.@_-]+$", arn))])
    error_message = "Only the ARNs of service-linked roles, arn:aws:iam::ACCOUNT:role/aws-service-role/SERVICE/NAME: every other principal of the account gets at the key through EC2 or by an IAM policy. Not so: ${join(", ", [for arn in var.ebs_service_role_arns : "\"${arn}\"" if !can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-service-role/[a-z0-9.-]+/[A-Za-z0-9+=,.@_-]+$", arn))])}."
  }
}

variable "tags" {
  description = "Tags for the key."
  type        = map(string)
  default     = {}
  nullable    = false
}
