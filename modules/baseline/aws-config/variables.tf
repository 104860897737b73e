variable "name" {
  description = "Name of the room: the recorder is called NAME, the role NAME-config, the key alias/NAME-config."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "The name \"${var.name}\" becomes part of the names of buckets, keys and roles, so it has to suit all of them: at most 32 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "bucket" {
  description = "Name of the bucket that this module makes for what Config delivers. Null: NAME-config-ACCOUNT. Not used when `delivery_bucket` is given."
  type        = string
  default     = null

  validation {
    condition     = var.bucket == null ? true : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "The bucket name \"${coalesce(var.bucket, "null")}\" must have 3 to 63 lower-case letters, digits and hyphens, and begin and end with a letter or digit. Dots are refused as well: they break the TLS certificate of BUCKET.s3.REGION.amazonaws.com."
  }
}

variable "delivery_bucket" {
  description = "For the second region and those after it: the outputs `bucket`, `kms_key_arn` and `role_arn` of this module in the first. This region then delivers there, and makes no bucket, key or role."
  type = object({
    name        = string
    kms_key_arn = string
    role_arn    = string
  })
  default = null

  validation {
    condition     = var.delivery_bucket == null || var.bucket == null
    error_message = "`bucket` names a bucket to make, `delivery_bucket` one that is there: give one of them."
  }
}

variable "global_resources" {
  description = "Whether IAM's users, groups, roles and policies are recorded here. True in one region only: every region that records them costs, and says the same."
  type        = bool
  default     = true
  nullable    = false
}

variable "recording_frequency" {
  description = "CONTINUOUS records every change, DAILY once a day what differs. Security Hub's checks expect CONTINUOUS."
  type        = string
  default     = "CONTINUOUS"
  nullable    = false

  validation {
    condition     = contains(["CONTINUOUS", "DAILY"], var.recording_frequency)
    error_message = "recording_frequency must be CONTINUOUS or DAILY, not \"${var.recording_frequency}\"."
  }
}

variable "snapshot_frequency" {
  description = "How often a snapshot of everything is delivered besides the changes: One_Hour, Three_Hours, Six_Hours, Twelve_Hours or TwentyFour_Hours."
  type        = string
  default     = "TwentyFour_Hours"
  nullable    = false

  validation {
    condition     = contains(["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"], var.snapshot_frequency)
    error_message = "snapshot_frequency must be One_Hour, Three_Hours, Six_Hours, Twelve_Hours or TwentyFour_Hours, not \"${var.snapshot_frequency}\"."
  }
}

variable "expire_days" {
  description = "Days after which what was delivered is removed. Null: never, and the apply is about a minute shorter, because the provider waits that long over a lifecycle configuration."
  type        = number
  default     = null

  validation {
    condition     = var.expire_days == null ? true : (var.expire_days >= 90 && floor(var.expire_days) == var.expire_days)
    error_message = "expire_days must be a whole number, 90 or more, or null for never: a history that is gone before somebody asks for it is none."
  }

  validation {
    condition     = var.expire_days == null || var.delivery_bucket == null
    error_message = "expire_days belongs to the module that makes the bucket, not to one that delivers to it."
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

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "The permissions boundary must be the ARN of a managed policy, not \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "tags" {
  description = "Tags for the bucket, the key and the role."
  type        = map(string)
  default     = {}
  nullable    = false
}
