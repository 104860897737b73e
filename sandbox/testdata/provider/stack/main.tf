# What a room's stacks and a person would declare for IAM, KMS, S3 and STS. It
# is applied as generation 1 and changed to generation 2 in place.
terraform {
  required_version = ">= 1.10.0"

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

variable "deployer" {
  description = "ARN of the role that builds everything."
  type        = string
}

locals {
  changed = var.generation > 1
  account = data.aws_caller_identity.this.account_id
  word    = local.changed ? "second" : "first"
}

provider "aws" {
  region = "eu-west-2"

  assume_role {
    role_arn     = var.deployer
    session_name = "provider-test"
    external_id  = "strongroom"
    duration     = "1h"
    tags         = { Purpose = "test" }
    policy       = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ["iam:*", "kms:*", "s3:*", "sts:*"], Resource = "*" }] })
  }

  default_tags {
    tags = {
      Owner      = "provider-test"
      Generation = local.word
    }
  }
}

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}
data "aws_canonical_user_id" "this" {}

data "aws_iam_session_context" "this" {
  arn = data.aws_caller_identity.this.arn
}

output "caller" {
  value = data.aws_caller_identity.this.arn
}

output "issuer" {
  value = data.aws_iam_session_context.this.issuer_arn
}
