# Plans only: prevent_destroy would keep a test from cleaning up after an apply.
mock_provider "aws" {
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

run "all_three_watch" {
  command = plan

  assert {
    condition     = aws_guardduty_detector.this[0].enable && aws_guardduty_detector.this[0].finding_publishing_frequency == "FIFTEEN_MINUTES"
    error_message = "GuardDuty is off or slow"
  }

  assert {
    condition = { for name, feature in aws_guardduty_detector_feature.this : name => feature.status } == {
      EBS_MALWARE_PROTECTION = "ENABLED"
      EKS_AUDIT_LOGS         = "ENABLED"
      LAMBDA_NETWORK_LOGS    = "ENABLED"
      RDS_LOGIN_EVENTS       = "ENABLED"
      RUNTIME_MONITORING     = "DISABLED"
      S3_DATA_EVENTS         = "ENABLED"
    }
    error_message = "a protection plan is not as stated"
  }

  assert {
    condition     = !aws_securityhub_account.this[0].enable_default_standards && aws_securityhub_account.this[0].auto_enable_controls && aws_securityhub_account.this[0].control_finding_generator == "SECURITY_CONTROL"
    error_message = "the hub has standards that nobody named, or one fault makes several findings"
  }

  assert {
    condition = { for name, subscription in aws_securityhub_standards_subscription.this : name => subscription.standards_arn } == {
      fsbp = "arn:aws:securityhub:eu-west-2::standards/aws-foundational-security-best-practices/v/1.0.0"
      cis  = "arn:aws:securityhub:eu-west-2::standards/cis-aws-foundations-benchmark/v/3.0.0"
    }
    error_message = "the standards are other ones"
  }

  assert {
    condition     = aws_accessanalyzer_analyzer.this[0].analyzer_name == "foundations" && aws_accessanalyzer_analyzer.this[0].type == "ACCOUNT"
    error_message = "the analyzer is another one"
  }
}

run "all_three_off" {
  command = plan

  variables {
    enable_guardduty       = false
    enable_security_hub    = false
    enable_access_analyzer = false
  }

  assert {
    condition     = length(aws_guardduty_detector.this) + length(aws_guardduty_detector_feature.this) + length(aws_securityhub_account.this) + length(aws_securityhub_standards_subscription.this) + length(aws_accessanalyzer_analyzer.this) == 0
    error_message = "something is on that was asked to be off"
  }

  assert {
    condition     = output.detector_id == null && output.hub_arn == null && output.analyzer_arn == null
    error_message = "an output of what is off"
  }
}

run "the_first_benchmark_is_a_ruleset" {
  command = plan

  variables {
    enable_fsbp = false
    cis_version = "1.2.0"
  }

  assert {
    condition     = { for name, subscription in aws_securityhub_standards_subscription.this : name => subscription.standards_arn } == { cis = "arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0" }
    error_message = "the standards are other ones"
  }
}

run "no_benchmark" {
  command = plan

  variables {
    cis_version = null
  }

  assert {
    condition     = keys(aws_securityhub_standards_subscription.this) == ["fsbp"]
    error_message = "the standards are other ones"
  }
}

run "a_plan_that_is_not_named_is_off" {
  command = plan

  variables {
    guardduty_features = { RUNTIME_MONITORING = true }
  }

  assert {
    condition     = [for name, feature in aws_guardduty_detector_feature.this : name if feature.status == "ENABLED"] == ["RUNTIME_MONITORING"]
    error_message = "a protection plan is on that nobody named"
  }

  assert {
    condition     = [for c in aws_guardduty_detector_feature.this["RUNTIME_MONITORING"].additional_configuration : c.status] == ["ENABLED", "ENABLED", "ENABLED"]
    error_message = "agents are not managed"
  }
}

run "bad_inputs" {
  command = plan

  variables {
    name                        = "-foundations"
    guardduty_finding_frequency = "DAILY"
    guardduty_features          = { EKS_RUNTIME_MONITORING = true }
    cis_version                 = "2.0.0"
  }

  expect_failures = [var.name, var.guardduty_finding_frequency, var.guardduty_features, var.cis_version]
}
