variable "environment" {
  description = "Name of the environment whose states the key is for. It ends the key's alias."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.environment) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$", var.environment))
    error_message = "The environment's name \"${var.environment}\" becomes part of its key's alias: at most 32 lower-case letters, digits and single hyphens, a letter first and after each hyphen."
  }
}

variable "principals" {
  description = "IAM users or roles, as ARNs, that read and write this environment's states, of this account or of another. They must exist: AWS refuses a key policy that names nobody. A principal of another account also needs the same four actions on the key in an IAM policy of its own account; across accounts both sides must allow."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.principals : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))])
    error_message = "A principal must be the ARN of one IAM user or role, without wildcards: a whole account or \"*\" would hand the state to everyone whom that account lets in. Not so: ${join(", ", [for arn in var.principals : "\"${arn}\"" if !can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/[A-Za-z0-9+=,.@_/-]+$", arn))])}."
  }

  validation {
    condition     = length(var.principals) > 0
    error_message = "The environment needs at least one principal: a key that nobody uses costs money every month and guards nothing."
  }
}

variable "key_alias" {
  description = "How the aliases of all environments' keys begin, with the \"alias/\" prefix: the key is called \"KEY_ALIAS-ENVIRONMENT\". Give the same one to every environment, and to `key_alias` of the spec."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^alias/[A-Za-z0-9/_-]{1,200}$", var.key_alias)) && !startswith(var.key_alias, "alias/aws/")
    error_message = "The key alias \"${var.key_alias}\" must be \"alias/\" followed by letters, digits, \"/\", \"_\" and \"-\", and must not begin with \"alias/aws/\", which AWS keeps for itself."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for the key's deletion and losing it. Whatever the key encrypted is lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30 && floor(var.key_deletion_window_days) == var.key_deletion_window_days
    error_message = "AWS KMS waits 7 to 30 whole days before it deletes a key; ${var.key_deletion_window_days} is not one of them."
  }
}

variable "only_through_s3" {
  description = "Narrows the principals' use of the key to what S3 asks for them, for the objects of one bucket: a state copied elsewhere is unreadable to them, and they cannot use the key on anything else. Both forms of the encryption context are let in, the bucket's (with an S3 Bucket Key) and the object's (without). Null: the four actions without conditions, which is what a hand-made bucket's runbook asks for."
  type = object({
    bucket     = string
    state_keys = set(string)
  })
  default = null

  validation {
    condition     = var.only_through_s3 == null ? true : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.only_through_s3.bucket))
    error_message = "The name of the bucket, without \"arn:\" and without \"s3://\", must be one that S3 has: 3 to 63 lower-case letters, digits, dots and hyphens."
  }

  validation {
    condition = var.only_through_s3 == null ? true : length(var.only_through_s3.state_keys) > 0 && alltrue([
      for key in var.only_through_s3.state_keys : can(regex("^[A-Za-z0-9!_.'()/:-]+$", key)) && !startswith(key, "/") && !endswith(key, "/") && !endswith(key, ".tflock")
    ])
    error_message = "state_keys must name at least one exact object key: no wildcard, no \"/\" at its beginning or end, and not the lock file, which is added for you."
  }
}

variable "tags" {
  description = "Tags for the key, besides `Environment`."
  type        = map(string)
  default     = {}
  nullable    = false
}
