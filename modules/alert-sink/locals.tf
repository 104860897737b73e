data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  full_name     = "${var.name}-alert-sink"
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.full_name}"

  # The secrets, by the variable that tells the program where they are. The module
  # only names the parameters. It must not make them, not even with a placeholder and
  # ignore_changes: the provider reads a parameter's value, decrypted, into the state
  # with every refresh, and ignore_changes is about the plan alone. And a placeholder
  # looks like a secret to the program; a parameter that is missing it refuses.
  secrets = merge(
    var.ntfy_topic == null ? { SINK_NTFY_TOPIC_PARAMETER = "ntfy-topic" } : {},
    var.ntfy_token ? { SINK_NTFY_TOKEN_PARAMETER = "ntfy-token" } : {},
    var.pushover ? { SINK_PUSHOVER_TOKEN_PARAMETER = "pushover-token", SINK_PUSHOVER_USER_PARAMETER = "pushover-user" } : {},
  )
  parameters     = { for variable, secret in local.secrets : variable => "/${var.name}/alert-sink/${secret}" }
  parameter_arns = [for variable in sort(keys(local.parameters)) : "arn:${local.partition}:ssm:${local.region}:${local.account}:parameter${local.parameters[variable]}"]

  environment = merge(
    local.parameters,
    {
      SINK_TOPICS        = var.topic_arn
      SINK_DEDUPE_WINDOW = "${var.dedupe_hours}h"
      SINK_ATTEMPTS      = "3"
      # Three attempts at two targets, one after the other, within the function's
      # minute.
      SINK_TIMEOUT = "8s"
    },
    var.ntfy_url == null ? {} : { SINK_NTFY_URL = var.ntfy_url },
    var.ntfy_topic == null ? {} : { SINK_NTFY_TOPIC = var.ntfy_topic },
    length(var.severities) == 0 ? {} : { SINK_SEVERITIES = jsonencode(var.severities) },
    length(var.runbooks) == 0 ? {} : { SINK_RUNBOOKS = jsonencode(var.runbooks) },
    var.runbook_url == null ? {} : { SINK_RUNBOOKS = var.runbook_url },
  )
}
