# Detectors, the hub and analyzers, every argument of which that can change does so from
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

provider "aws" {
  region = "eu-west-2"

  default_tags {
    tags = { Stack = "findings-${var.generation}" }
  }
}

locals {
  first = var.generation == 1
}

resource "aws_guardduty_detector" "main" {
  enable                       = true
  finding_publishing_frequency = local.first ? "SIX_HOURS" : "FIFTEEN_MINUTES"
  tags                         = { Generation = var.generation }
}

resource "aws_guardduty_detector_feature" "s3" {
  detector_id = aws_guardduty_detector.main.id
  name        = "S3_DATA_EVENTS"
  status      = local.first ? "ENABLED" : "DISABLED"
}

resource "aws_guardduty_detector_feature" "runtime" {
  detector_id = aws_guardduty_detector.main.id
  name        = "RUNTIME_MONITORING"
  status      = local.first ? "DISABLED" : "ENABLED"

  # GuardDuty answers with all of them, and the provider compares them in order.
  dynamic "additional_configuration" {
    for_each = ["EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"]

    content {
      name   = additional_configuration.value
      status = local.first ? "DISABLED" : "ENABLED"
    }
  }
}

resource "aws_guardduty_filter" "quiet" {
  detector_id = aws_guardduty_detector.main.id
  name        = "quiet"
  action      = local.first ? "NOOP" : "ARCHIVE"
  description = "Generation ${var.generation}"
  rank        = 1
  tags        = { Generation = var.generation }

  finding_criteria {
    criterion {
      field     = "severity"
      less_than = local.first ? "3" : "4"
    }
  }
}

resource "aws_securityhub_account" "main" {
  enable_default_standards  = false
  auto_enable_controls      = local.first
  control_finding_generator = local.first ? "SECURITY_CONTROL" : "STANDARD_CONTROL"
}

resource "aws_securityhub_standards_subscription" "fsbp" {
  standards_arn = "arn:aws:securityhub:eu-west-2::standards/aws-foundational-security-best-practices/v/1.0.0"
  depends_on    = [aws_securityhub_account.main]
}

resource "aws_securityhub_standards_subscription" "cis" {
  standards_arn = local.first ? "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0" : "arn:aws:securityhub:eu-west-2::standards/cis-aws-foundations-benchmark/v/3.0.0"
  depends_on    = [aws_securityhub_account.main]
}

resource "aws_securityhub_product_subscription" "inspector" {
  product_arn = "arn:aws:securityhub:eu-west-2::product/aws/inspector"
  depends_on  = [aws_securityhub_account.main]
}

resource "aws_accessanalyzer_analyzer" "main" {
  analyzer_name = "main"
  type          = "ACCOUNT"
  tags          = { Generation = var.generation }
}

resource "aws_accessanalyzer_archive_rule" "known" {
  analyzer_name = aws_accessanalyzer_analyzer.main.analyzer_name
  rule_name     = "known"

  filter {
    criteria = "isPublic"
    eq       = [local.first ? "false" : "true"]
  }
}

data "aws_guardduty_detector" "main" {
  depends_on = [aws_guardduty_detector.main, aws_guardduty_detector_feature.s3, aws_guardduty_detector_feature.runtime]
}

output "detector" {
  value = data.aws_guardduty_detector.main.id
}
