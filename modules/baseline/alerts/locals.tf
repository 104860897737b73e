data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  # Made from names, not read from the resources: topic, key, rules and alarms name
  # each other.
  topic_arn = "arn:${local.partition}:sns:${local.region}:${local.account}:${var.name}-alerts"
  rule_arns = { for name in sort(keys(local.patterns)) : name =>
    "arn:${local.partition}:events:${local.region}:${local.account}:rule/${var.name}-${name}"
  }
  alarm_arns = { for name in sort(keys(local.tripwires)) : name =>
    "arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-${name}"
  }
}
