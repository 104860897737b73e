# AWS Config, and the encryption of volumes by default: every argument of which that can change
# does so from the first generation to the second.
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
    tags = { Stack = "config-${var.generation}" }
  }
}

locals {
  first = var.generation == 1
}

data "aws_caller_identity" "this" {}

resource "aws_iam_role" "config" {
  for_each = toset(["one", "two"])

  name = "config-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_s3_bucket" "config" {
  for_each = toset(["one", "two"])

  bucket        = "config-logs-${each.key}"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "config" {
  for_each = { for name, bucket in aws_s3_bucket.config : name => bucket.arn }

  bucket = aws_s3_bucket.config[each.key].bucket
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = ["s3:GetBucketAcl", "s3:ListBucket"], Resource = each.value },
      { Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = "s3:PutObject", Resource = "${each.value}/*" },
    ]
  })
}

resource "aws_kms_key" "this" {
  description             = "delivery and volumes"
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Account", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${data.aws_caller_identity.this.account_id}:root" }, Action = "kms:*", Resource = "*" },
      { Sid = "Config", Effect = "Allow", Principal = { Service = "config.amazonaws.com" }, Action = ["kms:GenerateDataKey", "kms:Decrypt"], Resource = "*" },
    ]
  })
}

resource "aws_config_configuration_recorder" "main" {
  name     = "main"
  role_arn = aws_iam_role.config[local.first ? "one" : "two"].arn

  recording_group {
    all_supported                 = local.first
    include_global_resource_types = local.first
    resource_types                = local.first ? [] : ["AWS::EC2::Instance", "AWS::S3::Bucket"]

    # Without it the provider sends the strategy that it read before.
    recording_strategy {
      use_only = local.first ? "ALL_SUPPORTED_RESOURCE_TYPES" : "INCLUSION_BY_RESOURCE_TYPES"
    }
  }

  recording_mode {
    recording_frequency = local.first ? "CONTINUOUS" : "DAILY"
  }
}

resource "aws_config_delivery_channel" "main" {
  name           = "main"
  s3_bucket_name = aws_s3_bucket.config[local.first ? "one" : "two"].bucket
  s3_key_prefix  = local.first ? null : "config"
  s3_kms_key_arn = local.first ? null : aws_kms_key.this.arn

  snapshot_delivery_properties {
    delivery_frequency = local.first ? "Six_Hours" : "TwentyFour_Hours"
  }

  depends_on = [aws_config_configuration_recorder.main, aws_s3_bucket_policy.config]
}

resource "aws_config_configuration_recorder_status" "main" {
  name       = aws_config_configuration_recorder.main.name
  is_enabled = local.first
  depends_on = [aws_config_delivery_channel.main]
}

resource "aws_config_retention_configuration" "main" {
  retention_period_in_days = local.first ? 90 : 365
}

resource "aws_ebs_encryption_by_default" "this" {
  enabled = local.first
}

resource "aws_ebs_default_kms_key" "this" {
  key_arn = aws_kms_key.this.arn
}

data "aws_ebs_encryption_by_default" "this" {
  depends_on = [aws_ebs_encryption_by_default.this]
}

data "aws_ebs_default_kms_key" "this" {
  depends_on = [aws_ebs_default_kms_key.this]
}
