# Plans only: prevent_destroy would keep a test from cleaning up after an apply.
mock_provider "aws" {
  # OpenTofu makes up what a plan does not know, and the provider checks its form.
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/foundations/foundations-config" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:111122223333:foundations-alerts" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-2:111122223333:log-group:foundations-audit" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-2" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}


variables {
  name = "foundations"
}

run "all_on" {
  command = plan

  variables {
    alerts = { emails = ["security@example.com"] }
  }

  assert {
    condition     = output.audit_logging.trail_name == "foundations-audit" && output.aws_config.recorder_name == "foundations" && output.operator_role.role_name == "InfraAdmin"
    error_message = "a concern is off that nobody took off, or has another name"
  }

  assert {
    condition     = length(output.alerts.rule_arns) == 2 && length(output.alerts.alarm_arns) == 2
    error_message = "something that watches is not listened to"
  }
}

run "all_off" {
  command = plan

  variables {
    enable_account_hardening = false
    enable_audit_logging     = false
    enable_aws_config        = false
    enable_threat_detection  = false
    enable_alerts            = false
    enable_operator_role     = false
  }

  assert {
    condition     = output.account_hardening == null && output.audit_logging == null && output.aws_config == null && output.threat_detection == null && output.alerts == null && output.operator_role == null
    error_message = "a concern is on that was taken off"
  }
}

run "no_trail_no_tripwires" {
  command = plan

  variables {
    enable_audit_logging = false
    alerts               = { told_elsewhere = true }
  }

  assert {
    condition     = length(output.alerts.alarm_arns) == 0 && length(output.alerts.rule_arns) == 2
    error_message = "an alarm on a trail that is not there, or a rule too few"
  }
}

run "no_detection_no_rules" {
  command = plan

  variables {
    enable_threat_detection = false
    alerts                  = { told_elsewhere = true }
  }

  assert {
    condition     = length(output.alerts.rule_arns) == 0 && length(output.alerts.alarm_arns) == 2
    error_message = "a rule for findings that nobody makes, or an alarm too few"
  }
}

run "findings_of_a_detector_elsewhere" {
  command = plan

  variables {
    enable_threat_detection = false
    alerts                  = { told_elsewhere = true, enable_guardduty = true }
  }

  assert {
    condition     = length(output.alerts.rule_arns) == 1
    error_message = "the rule that was asked for is not there"
  }
}

run "a_part_that_is_off_is_not_listened_to" {
  command = plan

  variables {
    threat_detection = { enable_guardduty = false, cis_version = "none" }
    alerts           = { told_elsewhere = true }
  }

  assert {
    condition     = length(output.alerts.rule_arns) == 1 && output.threat_detection.detector_id == null
    error_message = "GuardDuty is on, or listened to all the same"
  }
}

run "inputs_reach_the_modules" {
  command = plan

  variables {
    alerts        = { told_elsewhere = true }
    aws_config    = { bucket = "acme-config" }
    audit_logging = { bucket = "acme-audit" }
    operator_role = { role_name = "Operator" }
  }

  assert {
    condition     = output.aws_config.bucket == "acme-config" && output.aws_config.bucket_arn == "arn:aws:s3:::acme-config" && output.operator_role.role_name == "Operator"
    error_message = "an input does not reach its module"
  }
}

run "bad_name" {
  command = plan

  variables {
    name   = "Foundations"
    alerts = { told_elsewhere = true }
  }

  expect_failures = [var.name]
}
