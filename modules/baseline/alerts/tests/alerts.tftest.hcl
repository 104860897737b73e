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
  # OpenTofu makes up what a plan does not know yet, and the provider checks ARNs.
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-2:111122223333:acme-alerts" }
  }
}

variables {
  name           = "acme"
  log_group_name = "acme-audit"
  emails         = ["security@example.com"]
}

run "names" {
  command = plan

  assert {
    condition     = aws_sns_topic.alerts.name == "acme-alerts" && aws_kms_alias.alerts.name == "alias/acme-alerts"
    error_message = "topic and alias are not called NAME-alerts"
  }

  assert {
    condition     = sort([for rule in aws_cloudwatch_event_rule.finding : rule.name]) == tolist(["acme-guardduty", "acme-securityhub"])
    error_message = "the rules have other names"
  }

  assert {
    condition = alltrue([for name in ["root-sign-in", "root-api-call"] :
      aws_cloudwatch_log_metric_filter.root[name].name == "acme-${name}"
      && aws_cloudwatch_log_metric_filter.root[name].log_group_name == "acme-audit"
      && aws_cloudwatch_log_metric_filter.root[name].metric_transformation[0].namespace == "acme"
      && aws_cloudwatch_metric_alarm.root[name].alarm_name == "acme-${name}"
    ])
    error_message = "filters and alarms have other names, or read another log group"
  }
}

run "guardduty_pattern" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.finding["guardduty"].event_pattern) == {
      source        = ["aws.guardduty"]
      "detail-type" = ["GuardDuty Finding"]
      detail        = { severity = [{ numeric = [">=", 7] }] }
    }
    error_message = "the pattern is another: ${aws_cloudwatch_event_rule.finding["guardduty"].event_pattern}"
  }
}

run "securityhub_pattern" {
  command = plan

  assert {
    condition = jsondecode(aws_cloudwatch_event_rule.finding["securityhub"].event_pattern) == {
      source        = ["aws.securityhub"]
      "detail-type" = ["Security Hub Findings - Imported"]
      detail = { findings = {
        ProductName = [{ "anything-but" = ["GuardDuty"] }]
        RecordState = ["ACTIVE"]
        Severity    = { Label = ["CRITICAL", "HIGH"] }
        Workflow    = { Status = ["NEW"] }
      } }
    }
    error_message = "the pattern is another: ${aws_cloudwatch_event_rule.finding["securityhub"].event_pattern}"
  }
}

run "thresholds_as_asked" {
  command = plan

  variables {
    guardduty_minimum_severity = 8.5
    securityhub_severities     = ["CRITICAL"]
    key_deletion_window_days   = 7
    tags                       = { Team = "security" }
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.finding["guardduty"].event_pattern).detail.severity == [{ numeric = [">=", 8.5] }]
    error_message = "GuardDuty's threshold is another"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.finding["securityhub"].event_pattern).detail.findings.Severity.Label == ["CRITICAL"]
    error_message = "Security Hub's labels are others"
  }

  assert {
    condition = aws_kms_key.alerts.deletion_window_in_days == 7 && alltrue([for tags in concat(
      [aws_kms_key.alerts.tags, aws_sns_topic.alerts.tags],
      values(aws_cloudwatch_event_rule.finding)[*].tags,
      values(aws_cloudwatch_metric_alarm.root)[*].tags,
    ) : tags == tomap({ Team = "security" })])
    error_message = "the deletion window is another, or something goes without its tags"
  }
}

# Whoever else finds GuardDuty's findings: the copy in Security Hub is not left out
# when nobody tells of the original.
run "without_guardduty" {
  command = plan

  variables {
    enable_guardduty = false
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.finding) == ["securityhub"] && !can(jsondecode(aws_cloudwatch_event_rule.finding["securityhub"].event_pattern).detail.findings.ProductName)
    error_message = "GuardDuty's findings are told by nobody"
  }
}

run "without_securityhub" {
  command = plan

  variables {
    enable_securityhub = false
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.finding) == ["guardduty"] && keys(aws_cloudwatch_event_target.finding) == ["guardduty"]
    error_message = "there are other rules than GuardDuty's"
  }
}

run "without_tripwires" {
  command = plan

  variables {
    enable_root_tripwires = false
    log_group_name        = null
  }

  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.root) + length(aws_cloudwatch_metric_alarm.root) == 0
    error_message = "there are tripwires without a log group"
  }
}

run "filters" {
  command = plan

  assert {
    condition = { for name, filter in aws_cloudwatch_log_metric_filter.root : name => filter.pattern } == {
      "root-sign-in"  = "{ ($.userIdentity.type = \"Root\") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != \"AwsServiceEvent\") && (($.eventName = \"ConsoleLogin\") || ($.eventName = \"CheckMfa\")) }"
      "root-api-call" = "{ ($.userIdentity.type = \"Root\") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != \"AwsServiceEvent\") && ($.eventName != \"ConsoleLogin\") && ($.eventName != \"CheckMfa\") }"
    }
    error_message = "a filter pattern is another"
  }

  assert {
    condition = alltrue([for filter in aws_cloudwatch_log_metric_filter.root :
      filter.metric_transformation[0].value == "1" && filter.metric_transformation[0].default_value == null
    ])
    error_message = "a filter does not count one for each event"
  }
}

run "one_event_is_one_alert" {
  command = plan

  assert {
    condition = alltrue([for alarm in aws_cloudwatch_metric_alarm.root : (
      alarm.statistic == "Sum" && alarm.comparison_operator == "GreaterThanOrEqualToThreshold" && alarm.threshold == 1
      && alarm.period == 300 && alarm.evaluation_periods == 1 && alarm.datapoints_to_alarm == 1
      && alarm.treat_missing_data == "notBreaching" && alarm.namespace == "acme" && alarm.metric_name == alarm.alarm_name
    )])
    error_message = "one event does not set an alarm off, or silence does"
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.root : length(coalesce(alarm.ok_actions, [])) + length(coalesce(alarm.insufficient_data_actions, [])) == 0])
    error_message = "an alarm tells more than once"
  }
}

run "everybody_is_told" {
  command = plan

  variables {
    emails          = ["a@example.com", "b@example.com"]
    https_endpoints = ["https://alerts.example.com:8443/sns"]
    lambda_arns     = ["arn:aws:lambda:eu-west-2:111122223333:function:page"]
  }

  assert {
    condition = sort([for subscription in concat(
      values(aws_sns_topic_subscription.email), values(aws_sns_topic_subscription.https), values(aws_sns_topic_subscription.lambda),
      ) : "${subscription.protocol} ${subscription.endpoint}"]) == tolist([
      "email a@example.com", "email b@example.com", "https https://alerts.example.com:8443/sns",
      "lambda arn:aws:lambda:eu-west-2:111122223333:function:page",
    ])
    error_message = "somebody is not told"
  }
}

run "nobody_is_told" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [check.somebody_is_told]
}

run "somebody_else_tells" {
  command = plan

  variables {
    emails         = []
    told_elsewhere = true
  }

  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "a subscription out of nowhere"
  }
}

run "bad_values" {
  command = plan

  variables {
    name                       = "-acme"
    emails                     = ["security"]
    https_endpoints            = ["https://user:password@example.com/"]
    lambda_arns                = ["arn:aws:lambda:eu-west-2:111122223333:function:*"]
    guardduty_minimum_severity = 7.25
    securityhub_severities     = ["High"]
    log_group_name             = "acme audit"
    key_deletion_window_days   = 6
  }

  expect_failures = [
    var.name, var.emails, var.https_endpoints, var.lambda_arns, var.guardduty_minimum_severity, var.securityhub_severities,
    var.log_group_name, var.key_deletion_window_days,
  ]
}

run "plain_http" {
  command = plan

  variables {
    https_endpoints = ["http://alerts.example.com/"]
  }

  expect_failures = [var.https_endpoints]
}

run "no_severity_at_all" {
  command = plan

  variables {
    securityhub_severities     = []
    guardduty_minimum_severity = 10.1
  }

  expect_failures = [var.securityhub_severities, var.guardduty_minimum_severity]
}

run "tripwires_without_a_log_group" {
  command = plan

  variables {
    log_group_name = null
  }

  expect_failures = [var.log_group_name]
}
