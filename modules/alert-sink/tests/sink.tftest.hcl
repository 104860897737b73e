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
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/acme/acme-alert-sink" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-2:111122223333:function:acme-alert-sink" }
  }
}

variables {
  name      = "acme"
  package   = "tests/package.zip"
  topic_arn = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
}

run "function" {
  command = plan

  assert {
    condition     = aws_lambda_function.sink.function_name == "acme-alert-sink" && aws_cloudwatch_log_group.sink.name == "acme-alert-sink" && aws_kms_alias.sink.name == "alias/acme-alert-sink"
    error_message = "function, log group and alias are not called NAME-alert-sink"
  }

  assert {
    condition     = aws_iam_role.sink.name == "acme-alert-sink" && aws_iam_role.sink.path == "/acme/" && aws_iam_role.sink.permissions_boundary == null
    error_message = "the role is not /NAME/NAME-alert-sink without a boundary"
  }

  assert {
    condition = (
      aws_lambda_function.sink.runtime == "provided.al2023" && aws_lambda_function.sink.handler == "bootstrap"
      && aws_lambda_function.sink.architectures == tolist(["arm64"]) && aws_lambda_function.sink.reserved_concurrent_executions == 1
      && aws_lambda_function.sink.source_code_hash == filebase64sha256("tests/package.zip")
    )
    error_message = "the function is not the package, for arm64, one copy at a time"
  }

  assert {
    condition     = aws_lambda_function.sink.logging_config[0].log_group == "acme-alert-sink" && aws_cloudwatch_log_group.sink.retention_in_days == 90
    error_message = "the function logs elsewhere, or for another time than 90 days"
  }

  assert {
    condition     = aws_lambda_permission.topic.principal == "sns.amazonaws.com" && aws_lambda_permission.topic.source_arn == var.topic_arn && aws_lambda_permission.topic.action == "lambda:InvokeFunction"
    error_message = "somebody else than the topic may invoke the function"
  }

  assert {
    condition     = aws_sns_topic_subscription.sink.protocol == "lambda" && aws_sns_topic_subscription.sink.topic_arn == var.topic_arn
    error_message = "the function is not subscribed to the topic"
  }

  assert {
    condition     = aws_kms_key.sink.enable_key_rotation && aws_kms_key.sink.deletion_window_in_days == 30
    error_message = "the key does not rotate or dies too soon"
  }
}

run "the_least_it_needs_to_know" {
  command = plan

  assert {
    condition = aws_lambda_function.sink.environment[0].variables == tomap({
      SINK_TOPICS               = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
      SINK_NTFY_TOPIC_PARAMETER = "/acme/alert-sink/ntfy-topic"
      SINK_DEDUPE_WINDOW        = "24h"
      SINK_ATTEMPTS             = "3"
      SINK_TIMEOUT              = "8s"
    })
    error_message = "the environment is another: ${jsonencode(aws_lambda_function.sink.environment[0].variables)}"
  }

  assert {
    condition     = output.parameters == tolist(["/acme/alert-sink/ntfy-topic"])
    error_message = "other parameters are asked for: ${jsonencode(output.parameters)}"
  }
}

run "everything_otherwise" {
  command = plan

  variables {
    architecture             = "x86_64"
    ntfy_url                 = "https://ntfy.example.com:8443/base"
    ntfy_topic               = "acme_alerts"
    ntfy_token               = true
    pushover                 = true
    runbooks                 = { "root-sign-in" = "https://wiki.example.com/root?tab=1#now", "*" = "https://wiki.example.com/alerts" }
    severities               = { "alarm/disk" = "warning" }
    dedupe_hours             = 48
    reserved_concurrency     = null
    retention_days           = 7
    key_deletion_window_days = 7
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
    tags                     = { Team = "security" }
  }

  assert {
    condition = aws_lambda_function.sink.environment[0].variables == tomap({
      SINK_TOPICS                   = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
      SINK_NTFY_URL                 = "https://ntfy.example.com:8443/base"
      SINK_NTFY_TOPIC               = "acme_alerts"
      SINK_NTFY_TOKEN_PARAMETER     = "/acme/alert-sink/ntfy-token"
      SINK_PUSHOVER_TOKEN_PARAMETER = "/acme/alert-sink/pushover-token"
      SINK_PUSHOVER_USER_PARAMETER  = "/acme/alert-sink/pushover-user"
      SINK_RUNBOOKS                 = "{\"*\":\"https://wiki.example.com/alerts\",\"root-sign-in\":\"https://wiki.example.com/root?tab=1#now\"}"
      SINK_SEVERITIES               = "{\"alarm/disk\":\"warning\"}"
      SINK_DEDUPE_WINDOW            = "48h"
      SINK_ATTEMPTS                 = "3"
      SINK_TIMEOUT                  = "8s"
    })
    error_message = "the environment is another: ${jsonencode(aws_lambda_function.sink.environment[0].variables)}"
  }

  assert {
    condition     = output.parameters == tolist(["/acme/alert-sink/ntfy-token", "/acme/alert-sink/pushover-token", "/acme/alert-sink/pushover-user"])
    error_message = "other parameters are asked for: ${jsonencode(output.parameters)}"
  }

  assert {
    condition     = aws_lambda_function.sink.architectures == tolist(["x86_64"]) && aws_lambda_function.sink.reserved_concurrent_executions == -1 && aws_cloudwatch_log_group.sink.retention_in_days == 7 && aws_kms_key.sink.deletion_window_in_days == 7
    error_message = "architecture, concurrency, retention or deletion window are not as asked"
  }

  assert {
    condition     = aws_iam_role.sink.permissions_boundary == "arn:aws:iam::111122223333:policy/acme-boundary"
    error_message = "the role has no boundary"
  }

  assert {
    condition     = alltrue([for tags in [aws_lambda_function.sink.tags, aws_kms_key.sink.tags, aws_cloudwatch_log_group.sink.tags, aws_iam_role.sink.tags] : tags == tomap({ Team = "security" })])
    error_message = "something goes without its tags"
  }
}

run "one_runbook_address" {
  command = plan

  variables {
    runbook_url = "https://runbooks.example.com/alerts"
  }

  assert {
    condition     = aws_lambda_function.sink.environment[0].variables["SINK_RUNBOOKS"] == "https://runbooks.example.com/alerts"
    error_message = "the program is not told of the runbooks"
  }
}

run "bad_values" {
  command = plan

  variables {
    name                     = "acme_"
    package                  = "tests/sink.tftest.hcl"
    architecture             = "amd64"
    topic_arn                = "arn:aws:sns:eu-west-2:111122223333:acme-alerts.fifo"
    ntfy_url                 = "http://ntfy.example.com"
    ntfy_topic               = "acme alerts"
    runbook_url              = "https://runbooks.example.com/?page="
    severities               = { "*" = "high" }
    dedupe_hours             = 0
    reserved_concurrency     = 0
    retention_days           = 2
    key_deletion_window_days = 60
    permissions_boundary_arn = "acme-boundary"
  }

  expect_failures = [
    var.name, var.package, var.architecture, var.topic_arn, var.ntfy_url, var.ntfy_topic, var.runbook_url, var.severities,
    var.dedupe_hours, var.reserved_concurrency, var.retention_days, var.key_deletion_window_days, var.permissions_boundary_arn,
  ]
}

run "a_package_that_is_not_there" {
  command = plan

  variables {
    package = "tests/nothing.zip"
  }

  expect_failures = [var.package]
}

run "a_topic_in_the_open_without_a_token" {
  command = plan

  variables {
    ntfy_topic = "acme_alerts"
  }

  expect_failures = [var.ntfy_topic]
}

run "two_kinds_of_runbooks" {
  command = plan

  variables {
    runbook_url = "https://runbooks.example.com"
    runbooks    = { "*" = "https://wiki.example.com" }
  }

  expect_failures = [var.runbooks]
}

run "a_runbook_in_the_clear" {
  command = plan

  variables {
    runbooks = { "*" = "http://wiki.example.com" }
  }

  expect_failures = [var.runbooks]
}
