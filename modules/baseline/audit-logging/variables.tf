variable "name" {
  description = "Beginning of all names: trail, key alias and log group are NAME-audit, the role is /NAME/NAME-audit-logs."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 44 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "\"${var.name}\" must have at most 44 lower-case letters, digits and single hyphens, a letter first: NAME-audit-ACCOUNT has to fit into the 63 characters of a bucket's name."
  }
}

variable "bucket" {
  description = "Name of the bucket for the log files. Null: NAME-audit-ACCOUNT. It is kept for ever, so choose it once: another name is another bucket, and the plan that would drop the first one fails."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null ? true : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "The bucket name \"${coalesce(var.bucket, "null")}\" must have 3 to 63 lower-case letters, digits and hyphens, and begin and end with a letter or digit. Dots are refused as well: they break the TLS certificate of BUCKET.s3.REGION.amazonaws.com."
  }
}

variable "state_bucket_arn" {
  description = "ARN of the state bucket: every read and write of an object in it is recorded. Null: management events only."
  type        = string
  default     = null

  validation {
    condition     = var.state_bucket_arn == null ? true : can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket_arn))
    error_message = "\"${coalesce(var.state_bucket_arn, "null")}\" must be the ARN of one bucket, without \"/\" and wildcards, as in arn:aws:s3:::acme-state."
  }
}

variable "retention_days" {
  description = "Days that CloudWatch Logs keeps the events. The log group is what the alarms read and what a person searches; the bucket is the archive."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "CloudWatch Logs has fixed retentions, and less than a month is too short to look into anything: 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; not ${var.retention_days}."
  }
}

variable "expire_days" {
  description = "Days after which log files are removed from the bucket. Null keeps them for ever; then the bucket has no lifecycle rule, and its policy lets nobody set one."
  type        = number
  default     = null

  validation {
    condition     = var.expire_days == null ? true : (var.expire_days >= 90 && floor(var.expire_days) == var.expire_days)
    error_message = "expire_days must be a whole number, 90 or more: what an intruder did is often looked for months later. Null keeps log files for ever. Not so: ${coalesce(var.expire_days, 0)}."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for the key's deletion and losing it. Every log file is lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30 && floor(var.key_deletion_window_days) == var.key_deletion_window_days
    error_message = "AWS KMS waits 7 to 30 whole days before it deletes a key; ${var.key_deletion_window_days} is not one of them."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of a policy that bounds the role CloudTrail writes to CloudWatch Logs with. Null: no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]+$", var.permissions_boundary_arn))
    error_message = "\"${coalesce(var.permissions_boundary_arn, "null")}\" is not the ARN of an IAM policy."
  }
}

variable "tags" {
  description = "Tags for everything that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
