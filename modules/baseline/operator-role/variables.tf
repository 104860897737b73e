variable "name" {
  description = "Name of the room: it is in the description of the role."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 32 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "The name \"${var.name}\" becomes part of the names of buckets, keys and roles, so it has to suit all of them: at most 32 lower-case letters, digits and single hyphens, a letter first."
  }
}

variable "role_name" {
  description = "Name of the role that people assume."
  type        = string
  default     = "InfraAdmin"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.role_name))
    error_message = "\"${var.role_name}\" must have 1 to 64 of the characters that IAM allows in a role's name: letters, digits and _+=,.@-."
  }
}

variable "allowed_regions" {
  description = "The only regions in which the role can act, besides the services that have no region."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.allowed_regions) > 0 && alltrue([for region in var.allowed_regions : can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", region))])
    error_message = "allowed_regions must name at least one region, each in full (eu-west-2): an empty set would fence the role out of everything. Not so: ${join(", ", [for region in var.allowed_regions : "\"${region}\"" if !can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", region))])}."
  }
}

variable "mfa_max_age_seconds" {
  description = "How long ago, in seconds, somebody may have given their MFA code when they assume the role. A second more is refused."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.mfa_max_age_seconds >= 60 && var.mfa_max_age_seconds <= 43200 && floor(var.mfa_max_age_seconds) == var.mfa_max_age_seconds
    error_message = "mfa_max_age_seconds must be a whole number from 60 to 43200 (12 hours); ${var.mfa_max_age_seconds} is not. A code given yesterday says nothing about who is at the keyboard now."
  }
}

variable "max_session_seconds" {
  description = "How long a session of the role may last, in seconds."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.max_session_seconds >= 3600 && var.max_session_seconds <= 43200 && floor(var.max_session_seconds) == var.max_session_seconds
    error_message = "IAM takes 3600 to 43200 whole seconds; ${var.max_session_seconds} is not one of them."
  }
}

variable "tags" {
  description = "Tags for the role."
  type        = map(string)
  default     = {}
  nullable    = false
}
