variable "name" {
  description = "Beginning of all names: function, role and log group are NAME-alert-sink, the role's path is /NAME/, the parameters are /NAME/alert-sink/..., the key's alias is alias/NAME-alert-sink."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 44 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "\"${var.name}\" must have at most 44 lower-case letters, digits and single hyphens, a letter first, as the modules of the baseline ask for."
  }
}

variable "package" {
  description = "Path of the zip file with the program, which is called bootstrap in it. The README says how to build it. Let it be relative to the root module, so that it is the same on every machine."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.package, ".zip") && fileexists(var.package)
    error_message = "There is no zip file \"${var.package}\". Build it as the README of this module says."
  }
}

variable "architecture" {
  description = "What the program was built for: \"arm64\" or \"x86_64\" (GOARCH=amd64)."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture must be \"arm64\" or \"x86_64\", not \"${var.architecture}\". A program for another one does not start."
  }
}

variable "topic_arn" {
  description = "ARN of the topic whose messages are told: output `topic_arn` of the alerts module."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", var.topic_arn))
    error_message = "\"${var.topic_arn}\" is not the ARN of a standard topic. FIFO topics do not deliver to functions."
  }
}

variable "ntfy_url" {
  description = "Address of the ntfy server. Null: https://ntfy.sh."
  type        = string
  default     = null

  validation {
    condition     = var.ntfy_url == null ? true : can(regex("^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[^?#[:space:]]*)?$", var.ntfy_url))
    error_message = "\"${coalesce(var.ntfy_url, "null")}\" must be an https address without user, query and fragment."
  }
}

variable "ntfy_topic" {
  description = "ntfy topic to publish to, in the open: only for a server that asks for a token. Null: it is a secret and read from the parameter ntfy-topic, because on a public server whoever knows a topic reads along."
  type        = string
  default     = null

  validation {
    condition     = var.ntfy_topic == null ? true : can(regex("^[A-Za-z0-9_-]{1,64}$", var.ntfy_topic))
    error_message = "An ntfy topic has 1 to 64 letters, digits, _ and -; not \"${coalesce(var.ntfy_topic, "null")}\"."
  }

  validation {
    condition     = var.ntfy_topic == null || var.ntfy_token
    error_message = "A topic that stands in the state, and that no token guards, is read by everybody who sees a plan: leave ntfy_topic null and put it into the parameter, or set ntfy_token."
  }
}

variable "ntfy_token" {
  description = "Whether the ntfy server asks for an access token. It is read from the parameter ntfy-token."
  type        = bool
  default     = false
  nullable    = false
}

variable "pushover" {
  description = "Whether critical alerts go to Pushover as well. Token and user key are read from the parameters pushover-token and pushover-user."
  type        = bool
  default     = false
  nullable    = false
}

variable "runbook_url" {
  description = "Address that the type of an alert is added to as a path: the page that says what to do. Null: see `runbooks`."
  type        = string
  default     = null

  validation {
    condition     = var.runbook_url == null ? true : can(regex("^https://[^[:space:]@?#]+$", var.runbook_url)) && length(var.runbook_url) <= 400
    error_message = "\"${coalesce(var.runbook_url, "null")}\" must be an https address of at most 400 characters, without user, query and fragment: the type is added to it as a path."
  }
}

variable "runbooks" {
  description = "For each type of alert the page that says what to do; \"*\" stands for all others. In place of `runbook_url`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for page in var.runbooks : can(regex("^https://[^[:space:]@]+$", page)) && length(page) <= 512])
    error_message = "A runbook must be an https address of at most 512 characters, without a user. Not so: ${join(", ", [for type, page in var.runbooks : "\"${type}\"" if !(can(regex("^https://[^[:space:]@]+$", page)) && length(page) <= 512)])}."
  }

  validation {
    condition     = length(var.runbooks) == 0 || var.runbook_url == null
    error_message = "Give runbook_url or runbooks, not both: the program takes one of them."
  }
}

variable "severities" {
  description = "For types of alert (\"*\" for all others) another severity than the one they come with: critical, warning or info. Info is told to nobody."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for severity in var.severities : contains(["critical", "warning", "info"], severity)])
    error_message = "A severity is critical, warning or info. Not so: ${join(", ", [for type, severity in var.severities : "\"${type}\"" if !contains(["critical", "warning", "info"], severity)])}."
  }
}

variable "dedupe_hours" {
  description = "Hours that a finding stays told: it is told again after them, or when it gets worse."
  type        = number
  default     = 24
  nullable    = false

  validation {
    condition     = var.dedupe_hours >= 1 && var.dedupe_hours <= 168 && floor(var.dedupe_hours) == var.dedupe_hours
    error_message = "dedupe_hours must be a whole number from 1 to 168, a week; not ${var.dedupe_hours}."
  }
}

variable "reserved_concurrency" {
  description = "How many copies of the function may run at once. Each remembers for itself what it has told, so more than one may tell a finding twice. Null reserves nothing: an account whose limit is small (new accounts have 10) cannot reserve."
  type        = number
  default     = 1

  validation {
    condition     = var.reserved_concurrency == null ? true : (var.reserved_concurrency >= 1 && floor(var.reserved_concurrency) == var.reserved_concurrency)
    error_message = "reserved_concurrency must be a whole number, 1 or more: with 0 the function never runs. Not ${coalesce(var.reserved_concurrency, 0)}."
  }
}

variable "retention_days" {
  description = "Days that CloudWatch Logs keeps what the function logs. It logs no alert's text and no secret."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.retention_days)
    error_message = "CloudWatch Logs has fixed retentions: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; not ${var.retention_days}."
  }
}

variable "key_deletion_window_days" {
  description = "Days between asking for the key's deletion and losing it. The secrets are lost with it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.key_deletion_window_days >= 7 && var.key_deletion_window_days <= 30 && floor(var.key_deletion_window_days) == var.key_deletion_window_days
    error_message = "AWS KMS waits 7 to 30 whole days before it deletes a key; ${var.key_deletion_window_days} is not one of them."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of a policy that bounds the function's role. Null: no boundary."
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
