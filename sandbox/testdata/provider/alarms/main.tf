# Alarms, parameters and what they need, every argument of which changes from the first
# generation to the second.
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

provider "aws" {
  region = "eu-west-2"

  default_tags {
    tags = { Stack = "alarms-${var.generation}" }
  }
}

locals {
  first = var.generation == 1
}

data "aws_caller_identity" "this" {}

resource "aws_kms_key" "room" {
  description             = "room"
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Account", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.this.account_id}:root" }, Action = "kms:*", Resource = "*" },
      { Sid = "Alarms", Effect = "Allow", Principal = { Service = "cloudwatch.amazonaws.com" }, Action = ["kms:GenerateDataKey*", "kms:Decrypt"], Resource = "*" },
    ]
  })
}

resource "aws_kms_alias" "room" {
  name          = "alias/room"
  target_key_id = aws_kms_key.room.key_id
}

resource "aws_sns_topic" "alerts" {
  name              = "alerts"
  kms_master_key_id = aws_kms_key.room.arn
}

resource "aws_sns_topic" "calm" {
  name = "calm"
}

resource "aws_sns_topic_policy" "alerts" {
  arn = aws_sns_topic.alerts.arn
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = aws_sns_topic.alerts.arn
      Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:cloudwatch:eu-west-2:${data.aws_caller_identity.this.account_id}:alarm:root" } }
    }]
  })
}

resource "aws_sns_topic_subscription" "alerts" {
  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = "alerts@example.com"
}

resource "aws_cloudwatch_metric_alarm" "root" {
  alarm_name                = "root"
  alarm_description         = local.first ? "root signed in" : "root did something"
  namespace                 = local.first ? "room" : "house"
  metric_name               = local.first ? "sign-in" : "call"
  dimensions                = local.first ? { Account = "1" } : { Account = "2", Kind = "root" }
  statistic                 = local.first ? "Sum" : "Maximum"
  unit                      = local.first ? "Count" : null
  period                    = local.first ? 300 : 60
  evaluation_periods        = local.first ? 1 : 3
  datapoints_to_alarm       = local.first ? null : 2
  threshold                 = local.first ? 1 : 0.5
  comparison_operator       = local.first ? "GreaterThanOrEqualToThreshold" : "GreaterThanThreshold"
  treat_missing_data        = local.first ? "notBreaching" : "ignore"
  actions_enabled           = local.first ? true : false
  alarm_actions             = local.first ? [aws_sns_topic.alerts.arn] : [aws_sns_topic.calm.arn]
  ok_actions                = local.first ? [] : [aws_sns_topic.calm.arn]
  insufficient_data_actions = local.first ? null : [aws_sns_topic.alerts.arn]
  tags                      = local.first ? { Concern = "root", Kind = "tripwire" } : { Concern = "every root" }

  depends_on = [aws_sns_topic_policy.alerts]
}

# The least that an alarm has.
resource "aws_cloudwatch_metric_alarm" "bare" {
  alarm_name          = "bare"
  namespace           = "room"
  metric_name         = "bare"
  statistic           = "Average"
  period              = local.first ? 60 : 120
  evaluation_periods  = 2
  threshold           = local.first ? 0 : 3
  comparison_operator = local.first ? "LessThanThreshold" : "LessThanOrEqualToThreshold"
}

resource "aws_ssm_parameter" "plain" {
  name            = "/room/plain"
  type            = "String"
  value           = local.first ? "one" : "two"
  description     = local.first ? "a word" : "another word"
  allowed_pattern = local.first ? "^[a-z]+$" : "^(one|two)$"
  data_type       = "text"
  tier            = local.first ? "Standard" : "Advanced"
  tags            = local.first ? { Kind = "plain" } : { Kind = "plain still", Owner = "room" }
}

resource "aws_ssm_parameter" "list" {
  name  = "list"
  type  = local.first ? "StringList" : "String"
  value = local.first ? "a,b" : "a;b"
  tier  = "Intelligent-Tiering"
}

resource "aws_ssm_parameter" "insecure" {
  name           = "/room/insecure"
  type           = "String"
  insecure_value = local.first ? "shown" : "shown too"
  overwrite      = local.first ? null : true
}

resource "aws_ssm_parameter" "secret" {
  name   = "/room/secret"
  type   = "SecureString"
  value  = local.first ? "hush" : "hush hush"
  key_id = local.first ? aws_kms_alias.room.name : aws_kms_key.room.arn
}

# Its key is the account's, and only its value changes.
resource "aws_ssm_parameter" "managed" {
  name  = "/room/managed"
  type  = "SecureString"
  value = local.first ? "quiet" : "quieter"
}

# Its key stays where only the value changes.
resource "aws_ssm_parameter" "kept" {
  name   = "/room/kept"
  type   = "SecureString"
  value  = local.first ? "hush" : "hush hush"
  key_id = aws_kms_key.room.key_id
}

# Written, and never read back into the state.
resource "aws_ssm_parameter" "written" {
  name             = "/vault/written"
  type             = "SecureString"
  value_wo         = local.first ? "written once" : "written twice"
  value_wo_version = var.generation
  key_id           = aws_kms_alias.room.name
}

data "aws_ssm_parameter" "plain" {
  name = aws_ssm_parameter.plain.name
}

data "aws_ssm_parameters_by_path" "room" {
  path            = "/room"
  recursive       = true
  with_decryption = true

  depends_on = [aws_ssm_parameter.plain, aws_ssm_parameter.secret]
}

output "read" {
  value     = [data.aws_ssm_parameter.plain.value, data.aws_ssm_parameters_by_path.room.names]
  sensitive = true
}
