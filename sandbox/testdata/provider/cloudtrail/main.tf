# A trail with its bucket and key, every argument of which changes from the first
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
    tags = { Stack = "cloudtrail-${var.generation}" }
  }
}

locals {
  first   = var.generation == 1
  account = data.aws_caller_identity.this.account_id
  trail   = "arn:aws:cloudtrail:eu-west-2:${local.account}:trail/main"
}

data "aws_caller_identity" "this" {}

resource "aws_kms_key" "trail" {
  description             = "trail"
  deletion_window_in_days = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Account", Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" },
      {
        Sid = "Trail", Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "kms:GenerateDataKey*", Resource = "*"
        Condition = {
          StringEquals = { "aws:SourceArn" = local.trail }
          StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:${local.account}:trail/*" }
        }
      },
    ]
  })
}

resource "aws_s3_bucket" "logs" {
  for_each      = toset(["one", "two"])
  bucket        = "cloudtrail-provider-${each.key}"
  force_destroy = true
}

resource "aws_s3_bucket_policy" "logs" {
  for_each = aws_s3_bucket.logs
  bucket   = each.value.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "AclCheck", Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:GetBucketAcl", Resource = each.value.arn
        Condition = { StringEquals = { "aws:SourceArn" = local.trail } }
      },
      {
        Sid       = "Write", Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = "s3:PutObject"
        Resource  = ["${each.value.arn}/AWSLogs/${local.account}/*", "${each.value.arn}/audit/AWSLogs/${local.account}/*"]
        Condition = { StringEquals = { "s3:x-amz-acl" = "bucket-owner-full-control", "aws:SourceArn" = local.trail } }
      },
    ]
  })
}

resource "aws_cloudtrail" "main" {
  name                          = "main"
  s3_bucket_name                = local.first ? aws_s3_bucket.logs["one"].id : aws_s3_bucket.logs["two"].id
  s3_key_prefix                 = local.first ? null : "audit"
  kms_key_id                    = local.first ? aws_kms_key.trail.arn : null
  is_multi_region_trail         = local.first
  include_global_service_events = local.first
  enable_log_file_validation    = local.first
  enable_logging                = local.first
  tags                          = local.first ? { Purpose = "audit", Old = "yes" } : { Purpose = "watch" }

  dynamic "event_selector" {
    for_each = local.first ? [1] : []
    content {
      read_write_type                  = "WriteOnly"
      include_management_events        = true
      exclude_management_event_sources = ["kms.amazonaws.com"]
      data_resource {
        type   = "AWS::S3::Object"
        values = ["${aws_s3_bucket.logs["one"].arn}/state/"]
      }
    }
  }

  dynamic "advanced_event_selector" {
    for_each = local.first ? [] : [1]
    content {
      name = "state"
      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }
      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }
      field_selector {
        field       = "resources.ARN"
        starts_with = ["${aws_s3_bucket.logs["two"].arn}/"]
      }
    }
  }

  depends_on = [aws_s3_bucket_policy.logs]
}
