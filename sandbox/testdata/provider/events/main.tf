# Topics, subscriptions, rules, targets and buses, every argument of which changes from
# the first generation to the second.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }
}

variable "generation" {
  type = number
}

variable "hook" {
  description = "An HTTP endpoint that confirms by itself."
  type        = string
}

provider "aws" {
  region = "eu-west-2"

  default_tags {
    tags = { Stack = "events-${var.generation}" }
  }
}

locals {
  first = var.generation == 1
}

data "aws_caller_identity" "this" {}

resource "aws_kms_key" "alerts" {
  description             = "alerts"
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Account", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.this.account_id}:root" }, Action = "kms:*", Resource = "*" },
      { Sid = "Publishers", Effect = "Allow", Principal = { Service = "events.amazonaws.com" }, Action = ["kms:GenerateDataKey*", "kms:Decrypt"], Resource = "*" },
    ]
  })
}

resource "aws_sns_topic" "alerts" {
  name              = "alerts"
  display_name      = local.first ? "Alerts" : "All alerts"
  kms_master_key_id = local.first ? aws_kms_key.alerts.id : aws_kms_key.alerts.arn
  signature_version = local.first ? 1 : 2
  tracing_config    = "PassThrough"

  http_success_feedback_sample_rate = local.first ? 0 : 50

  delivery_policy = jsonencode({
    http = {
      defaultHealthyRetryPolicy = {
        minDelayTarget     = local.first ? 20 : 10
        maxDelayTarget     = 20
        numRetries         = 3
        numMaxDelayRetries = 0
        numNoDelayRetries  = 0
        numMinDelayRetries = 0
        backoffFunction    = "linear"
      }
      disableSubscriptionOverrides = false
    }
  })

  tags = local.first ? { Team = "a", Gone = "soon" } : { Team = "b" }
}

resource "aws_sns_topic" "plain" {
  name_prefix = "plain-"
}

data "aws_iam_policy_document" "alerts" {
  statement {
    sid       = local.first ? "Rules" : "RulesOfThisAccount"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alerts.arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.findings.arn]
    }
  }
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.alerts.json
}

resource "aws_sns_topic_subscription" "mail" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = "duty@example.com"
}

resource "aws_sns_topic_subscription" "hook" {
  topic_arn                       = aws_sns_topic.alerts.arn
  protocol                        = "http"
  endpoint                        = var.hook
  endpoint_auto_confirms          = true
  confirmation_timeout_in_minutes = 1
  raw_message_delivery            = local.first
  filter_policy_scope             = local.first ? "MessageBody" : "MessageAttributes"
  filter_policy                   = local.first ? jsonencode({ source = ["aws.guardduty", "app"] }) : jsonencode({ team = ["a"] })
  delivery_policy                 = local.first ? null : jsonencode({ healthyRetryPolicy = { minDelayTarget = 5, maxDelayTarget = 5, numRetries = 2 } })
}

resource "aws_cloudwatch_event_rule" "findings" {
  name        = "findings"
  description = local.first ? "findings" : "findings of note"
  state       = local.first ? "ENABLED" : "DISABLED"
  event_pattern = jsonencode({
    source        = ["aws.guardduty", "app"]
    "detail-type" = ["GuardDuty Finding"]
    detail        = { severity = [{ numeric = [">=", local.first ? 7 : 8] }] }
  })
  tags = local.first ? { Team = "a", Gone = "soon" } : { Team = "b" }
}

resource "aws_cloudwatch_event_rule" "hourly" {
  name_prefix         = "hourly-"
  schedule_expression = local.first ? "rate(1 hour)" : "cron(0 12 * * ? *)"
}

resource "aws_cloudwatch_event_rule" "calls" {
  name          = "calls"
  state         = local.first ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"
  event_pattern = jsonencode({ "detail-type" = ["AWS API Call via CloudTrail"], detail = { eventName = [{ prefix = "Stop" }] } })
}

resource "aws_cloudwatch_event_target" "alerts" {
  rule      = aws_cloudwatch_event_rule.findings.name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts.arn

  dynamic "input_transformer" {
    for_each = local.first ? [] : [1]
    content {
      input_paths    = { title = "$.detail.title", severity = "$.detail.severity" }
      input_template = "\"<title> (<severity>)\""
    }
  }

  retry_policy {
    maximum_event_age_in_seconds = local.first ? 3600 : 7200
    maximum_retry_attempts       = 5
  }
}

resource "aws_cloudwatch_event_target" "path" {
  rule       = aws_cloudwatch_event_rule.calls.name
  arn        = aws_sns_topic.plain.arn
  input_path = local.first ? "$.detail" : null
  input      = local.first ? null : jsonencode({ what = "a call" })
}

resource "aws_cloudwatch_event_bus" "orders" {
  name        = "orders"
  description = local.first ? "orders" : "orders and returns"
  tags        = local.first ? { Team = "a", Gone = "soon" } : { Team = "b" }
}

resource "aws_cloudwatch_event_bus_policy" "orders" {
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Other"
      Effect    = "Allow"
      Principal = { AWS = local.first ? "999988887777" : "999988887778" }
      Action    = "events:PutEvents"
      Resource  = aws_cloudwatch_event_bus.orders.arn
    }]
  })
}

resource "aws_cloudwatch_event_permission" "default" {
  principal    = "999988887777"
  statement_id = local.first ? "Other" : "Another"
}

resource "aws_cloudwatch_event_rule" "orders" {
  name           = "orders"
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  event_pattern  = jsonencode({ source = [local.first ? "shop" : "store"] })
}

resource "aws_cloudwatch_event_target" "orders" {
  rule           = aws_cloudwatch_event_rule.orders.name
  event_bus_name = aws_cloudwatch_event_bus.orders.name
  arn            = aws_sns_topic.plain.arn
}

data "aws_sns_topic" "alerts" {
  name       = aws_sns_topic.alerts.name
  depends_on = [aws_sns_topic.alerts]
}

data "aws_cloudwatch_event_bus" "default" {
  name       = "default"
  depends_on = [aws_cloudwatch_event_permission.default]
}

output "read" {
  value = {
    topic = data.aws_sns_topic.alerts.arn == aws_sns_topic.alerts.arn
    bus   = data.aws_cloudwatch_event_bus.default.arn
  }
}
