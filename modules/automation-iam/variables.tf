variable "name" {
  description = "Beginning of the names of the two roles: NAME-plan and NAME-apply."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@-]{1,58}$", var.name))
    error_message = "\"${var.name}\" must have 1 to 58 of the characters that IAM allows in a role's name: letters, digits and _+=,.@- (NAME-apply has 64 at most)."
  }
}

variable "forge" {
  description = "Where the pipelines run: \"gitlab\" (gitlab.com, self-managed or dedicated) or \"github\"."
  type        = string
  default     = "gitlab"
  nullable    = false

  validation {
    condition     = contains(["gitlab", "github"], var.forge)
    error_message = "The forge must be \"gitlab\" or \"github\", not \"${var.forge}\": the module checks subjects against the tokens that these two issue."
  }
}

variable "issuer_url" {
  description = "Issuer of the tokens, exactly as in their `iss` claim. Null: https://gitlab.com, or https://token.actions.githubusercontent.com for GitHub."
  type        = string
  default     = null

  validation {
    condition     = var.issuer_url == null ? true : can(regex("^https://[a-z0-9][a-z0-9.-]*[a-z0-9](/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$", var.issuer_url))
    error_message = "The issuer must be an https address without port, query or \"/\" at its end, as in the token's iss claim. AWS fetches the forge's public keys from it, so it must be reachable from the internet. Not so: \"${coalesce(var.issuer_url, "null")}\"."
  }
}

variable "audience" {
  description = "The only `aud` that is accepted: what the job asks for in `id_tokens: aud:` (GitLab) or `audience:` (GitHub). Null: the issuer for GitLab, \"sts.amazonaws.com\" for GitHub."
  type        = string
  default     = null

  validation {
    condition     = var.audience == null ? true : can(regex("^[A-Za-z0-9:_.~/-]{1,255}$", var.audience))
    error_message = "The audience must be 1 to 255 letters, digits and :_.~/- without wildcards; not \"${coalesce(var.audience, "null")}\"."
  }
}

variable "plan_subjects" {
  description = "`sub` claims that may assume the plan role. `*` and `?` are wildcards after the project. The rules are in subjects.json."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.plan_subjects) > 0
    error_message = "A role that no subject may assume is of no use: name at least one subject for the plan role."
  }
}

variable "apply_subjects" {
  description = "`sub` claims that may assume the apply role: each names the ref (or the GitHub environment) that may apply. The rules are in subjects.json."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.apply_subjects) > 0
    error_message = "A role that no subject may assume is of no use: name at least one subject for the apply role."
  }
}

variable "state" {
  description = "The state that the roles work with: the bucket, the key of the room's own states, the keys of environments (protected, not used), the alias that the aliases of all of them begin with (what roles made by CI are kept from, under `baseline`), and the exact object keys of the stacks that CI plans."
  type = object({
    bucket_arn           = string
    kms_key_arn          = string
    environment_key_arns = optional(list(string), [])
    key_alias            = optional(string)
    keys                 = set(string)
  })
  nullable = false

  validation {
    condition     = var.state.key_alias == null ? true : can(regex("^alias/[A-Za-z0-9/_-]+$", var.state.key_alias))
    error_message = "state.key_alias must be the name of an alias, alias/NAME."
  }

  validation {
    condition     = length(var.state.keys) > 0 && alltrue([for key in var.state.keys : can(regex("^[A-Za-z0-9!_.'()/-]+$", key)) && !startswith(key, "/") && !endswith(key, "/")])
    error_message = "state.keys must hold at least one exact object key, without wildcards and without \"/\" at its beginning or end: the plan role reads these states and no other."
  }
}

variable "plan_locks" {
  description = "Whether the plan role may take the state lock, that is write and delete STATE_KEY.tflock and nothing else. False: run plans with -lock=false; the plan role then writes nothing at all."
  type        = bool
  default     = true
  nullable    = false
}

variable "plan_policy_arns" {
  description = "Managed policies for the plan role beside its own, for services that plan_reads.tf does not know. Keep them to Describe, Get and List on configuration."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.plan_policy_arns : !endswith(arn, ":policy/AdministratorAccess") && !endswith(arn, ":policy/PowerUserAccess")])
    error_message = "The plan role can only read: a pipeline that nobody has reviewed runs as it. AdministratorAccess and PowerUserAccess belong to the apply role."
  }
}

variable "apply_policy_arns" {
  description = "Managed policies of the apply role. Empty: the role has only what the caller of this module attaches to it."
  type        = set(string)
  default     = ["arn:aws:iam::aws:policy/AdministratorAccess"]
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of both roles. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "The permissions boundary must be the ARN of a managed policy, not \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "baseline" {
  description = "What the security baseline that CI builds is called, for the guard that keeps CI from taking it down again: the buckets of its logs, the role that people assume, the beginning of its key aliases (`alias/NAME-`), the alert sink's function. Null: there is no guard."
  type = object({
    buckets       = optional(set(string), [])
    operator_role = optional(string, "InfraAdmin")
  })
  default = null

  validation {
    condition     = var.baseline == null ? true : alltrue([for bucket in var.baseline.buckets : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "baseline.buckets takes names of buckets without wildcards: lower-case letters, digits, dots and hyphens."
  }

  validation {
    condition     = var.baseline == null ? true : can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.baseline.operator_role))
    error_message = "baseline.operator_role must be the name of a role, without its path and without wildcards."
  }
}

variable "allowed_regions" {
  description = "Regions that the roles may work in, besides the services that have no region. Null: all."
  type        = set(string)
  default     = null

  validation {
    condition     = var.allowed_regions == null ? true : (length(var.allowed_regions) > 0 && alltrue([for region in var.allowed_regions : can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]$", region))]))
    error_message = "allowed_regions must name at least one region in full (eu-west-2). An empty set would fence the roles out of everything; null takes the fence down."
  }
}

variable "max_session_seconds" {
  description = "How long a session of a role may last, in seconds."
  type        = number
  default     = 3600
  nullable    = false

  validation {
    condition     = var.max_session_seconds >= 3600 && var.max_session_seconds <= 43200 && floor(var.max_session_seconds) == var.max_session_seconds
    error_message = "IAM takes 3600 to 43200 whole seconds; ${var.max_session_seconds} is not one of them."
  }
}

variable "tags" {
  description = "Tags for the provider and the roles."
  type        = map(string)
  default     = {}
  nullable    = false
}
