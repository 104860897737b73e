# Log groups with a key, a stream, a metric filter, a resource policy, a rule that writes to one of them, and a trail that sends to
# the other, every argument of which changes from the first generation to the second.
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
    tags = { Stack = "logs-${var.generation}" }
  }
}

locals {
  first   = var.generation == 1
  account = data.aws_caller_identity.this.account_id
  trail   = "arn:aws:cloudtrail:eu-west-2:${local.account}:trail/main"
  group   = "arn:aws:logs:eu-west-2:${local.account}:log-group"
}

data "aws_caller_identity" "this" {}

resource "aws_kms_key" "logs" {
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Account", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" },
      {
        Sid       = "Logs", Effect = "Allow", Principal = { Service = "logs.eu-west-2.amazonaws.com" }, Resource = "*"
        Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = ["${local.group}:trail", "${local.group}:/aws/events/orders"] } }
      },
    ]
  })
}

resource "aws_cloudwatch_log_group" "trail" {
  name              = "trail"
  kms_key_id        = local.first ? aws_kms_key.logs.arn : null
  retention_in_days = local.first ? 30 : null
  log_group_class   = "STANDARD"
  skip_destroy      = false
  tags              = local.first ? { Purpose = "audit", Old = "yes" } : { Purpose = "watch" }
}

resource "aws_cloudwatch_log_group" "orders" {
  name              = "/aws/events/orders"
  kms_key_id        = local.first ? null : aws_kms_key.logs.arn
  retention_in_days = local.first ? null : 7
}

resource "aws_cloudwatch_log_stream" "own" {
  name           = "own"
  log_group_name = aws_cloudwatch_log_group.trail.name
}

resource "aws_cloudwatch_log_metric_filter" "root" {
  name           = "root"
  log_group_name = aws_cloudwatch_log_group.trail.name
  pattern        = local.first ? "{ $.userIdentity.type = \"Root\" && $.userIdentity.invokedBy NOT EXISTS }" : "{ $.userIdentity.type = \"Root\" }"

  metric_transformation {
    name          = local.first ? "root" : "root-calls"
    namespace     = local.first ? "first" : "second"
    value         = local.first ? "1" : "2"
    default_value = local.first ? "0" : null
    unit          = local.first ? "Count" : "None"
    dimensions    = local.first ? null : { Event = "$.eventName" }
  }
}

resource "aws_cloudwatch_log_resource_policy" "events" {
  policy_name = "events"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = local.first ? "First" : "Second", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Principal = { Service = ["delivery.logs.amazonaws.com", "events.amazonaws.com"] }, Resource = "${local.group}:/aws/events/*:*"
      },
    ]
  })
}

resource "aws_cloudwatch_event_rule" "orders" {
  name          = "orders"
  event_pattern = jsonencode({ source = ["app"] })
}

resource "aws_cloudwatch_event_target" "orders" {
  rule       = aws_cloudwatch_event_rule.orders.name
  target_id  = "logs"
  arn        = aws_cloudwatch_log_group.orders.arn
  depends_on = [aws_cloudwatch_log_resource_policy.events]
}

resource "aws_iam_role" "trail" {
  name = "trail-logs"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "sts:AssumeRole", Condition = { StringEquals = { "aws:SourceArn" = local.trail } } }]
  })
}

resource "aws_iam_role_policy" "trail" {
  name = "logs"
  role = aws_iam_role.trail.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.trail.arn}:log-stream:${local.account}_CloudTrail_eu-west-2*"
    }]
  })
}

resource "aws_s3_bucket" "trail" {
  bucket        = "logs-provider-trail"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "trail" {
  bucket = aws_s3_bucket.trail.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:GetBucketAcl", Resource = aws_s3_bucket.trail.arn },
      {
        Effect    = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:PutObject", Resource = "${aws_s3_bucket.trail.arn}/AWSLogs/${local.account}/*"
        Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control" } }
      },
    ]
  })
}

# In the second generation it sends to no log group any more.
resource "aws_cloudtrail" "main" {
  name                       = "main"
  s3_bucket_name             = aws_s3_bucket.trail.id
  cloud_watch_logs_group_arn = local.first ? "${aws_cloudwatch_log_group.trail.arn}:*" : null
  cloud_watch_logs_role_arn  = local.first ? aws_iam_role.trail.arn : null
  depends_on                 = [aws_s3_bucket_policy.trail, aws_iam_role_policy.trail]
}

data "aws_cloudwatch_log_group" "trail" {
  name       = "trail"
  depends_on = [aws_cloudwatch_log_group.trail]
}

data "aws_cloudwatch_log_groups" "events" {
  log_group_name_prefix = "/aws/"
  depends_on            = [aws_cloudwatch_log_group.orders]
}

output "read" {
  value = join(" ", concat([data.aws_cloudwatch_log_group.trail.arn], tolist(data.aws_cloudwatch_log_groups.events.log_group_names)))
}
