variable "name" {
  description = "The alert sink's name, as modules/alert-sink has it: the parameters are /NAME/alert-sink/..."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the key to put the parameters under: output `kms_key_arn` of modules/alert-sink."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "\"${var.kms_key_arn}\" is not the ARN of a key. The function may decrypt with its own key and no other."
  }
}

# The secrets. A pipeline fills them: TF_VAR_ntfy_token and so on, from its own masked
# secrets. Null: the sink does not use it. Messages never name a value.

variable "ntfy_topic" {
  description = "The ntfy topic, where knowing it is reading along."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.ntfy_topic == null ? true : can(regex("^[A-Za-z0-9_-]{1,64}$", var.ntfy_topic))
    error_message = "An ntfy topic has 1 to 64 letters, digits, _ and -."
  }
}

variable "ntfy_token" {
  description = "The ntfy publisher's access token."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.ntfy_token == null ? true : can(regex("^tk_[A-Za-z0-9]+$", var.ntfy_token))
    error_message = "An ntfy access token begins with tk_. Is the pipeline's secret empty, or a placeholder?"
  }
}

variable "pushover_token" {
  description = "The Pushover application's token."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.pushover_token == null ? true : can(regex("^[A-Za-z0-9]{30}$", var.pushover_token))
    error_message = "A Pushover token has 30 letters and digits. Is the pipeline's secret empty, or a placeholder?"
  }
}

variable "pushover_user" {
  description = "The Pushover user's or group's key."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.pushover_user == null ? true : can(regex("^[A-Za-z0-9]{30}$", var.pushover_user))
    error_message = "A Pushover user key has 30 letters and digits. Is the pipeline's secret empty, or a placeholder?"
  }

  validation {
    condition     = (var.pushover_user == null) == (var.pushover_token == null)
    error_message = "Pushover needs both its token and a user key."
  }
}
