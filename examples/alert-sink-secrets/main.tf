locals {
  secrets = {
    "ntfy-topic"     = var.ntfy_topic
    "ntfy-token"     = var.ntfy_token
    "pushover-token" = var.pushover_token
    "pushover-user"  = var.pushover_user
  }

  # Which secrets there are is not secret, and for_each has to show it.
  given = toset([for name, value in local.secrets : name if nonsensitive(value != null)])
}

# The value stands in the state in clear text, as every value that an engine manages:
# this stack's state must be under a key that its principal alone may use. No
# ignore_changes, no placeholder: what is in SSM is what was reviewed, and a new secret
# is an apply.
resource "aws_ssm_parameter" "secret" {
  for_each = local.given

  name   = "/${var.name}/alert-sink/${each.key}"
  type   = "SecureString"
  key_id = var.kms_key_arn
  value  = local.secrets[each.key]
}
