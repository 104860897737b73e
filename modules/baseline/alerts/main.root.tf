# Two tripwires on the root user, who has nothing to do in an account that works:
# whatever it does is worth a look at once. Only the root user has the identity type
# "Root"; a role that is called root has "AssumedRole". What an AWS service does in
# the root user's name says so by invokedBy or AwsServiceEvent and does not count.
# Source: CIS AWS Foundations Benchmark, "Ensure usage of the root account is
# monitored"; CloudTrail User Guide "userIdentity element".
locals {
  by_root = "($.userIdentity.type = \"Root\") && ($.userIdentity.invokedBy NOT EXISTS) && ($.eventType != \"AwsServiceEvent\")"

  tripwires = var.enable_root_tripwires ? {
    # Signing in with MFA is two events, CheckMfa and ConsoleLogin, and one alert.
    # A sign-in that fails counts: somebody tries.
    "root-sign-in" = {
      pattern     = "{ ${local.by_root} && (($.eventName = \"ConsoleLogin\") || ($.eventName = \"CheckMfa\")) }"
      description = "The root user signs in to the console, or somebody tries to as root."
    }
    "root-api-call" = {
      pattern     = "{ ${local.by_root} && ($.eventName != \"ConsoleLogin\") && ($.eventName != \"CheckMfa\") }"
      description = "The root user does something, in the console or with an access key."
    }
  } : {}
}

resource "aws_cloudwatch_log_metric_filter" "root" {
  for_each = local.tripwires

  name           = "${var.name}-${each.key}"
  log_group_name = var.log_group_name
  pattern        = each.value.pattern

  metric_transformation {
    name      = "${var.name}-${each.key}"
    namespace = var.name
    value     = "1"

    # No default_value: a 0 for other events ends the alarm while the 1 is still within
    # its range, and in a quiet account one event is then told twice and three times.
  }
}

resource "aws_cloudwatch_metric_alarm" "root" {
  for_each = local.tripwires

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = each.value.description
  tags              = var.tags

  namespace   = aws_cloudwatch_log_metric_filter.root[each.key].metric_transformation[0].namespace
  metric_name = aws_cloudwatch_log_metric_filter.root[each.key].metric_transformation[0].name
  statistic   = "Sum"

  # One event in five minutes is enough. An alarm tells when it goes off, not while
  # it lasts: one event is one alert, and so is an hour of work as root.
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  period              = 300
  evaluation_periods  = 1
  datapoints_to_alarm = 1

  # Silence is how it should be.
  treat_missing_data = "notBreaching"

  alarm_actions = [aws_sns_topic.alerts.arn]

  depends_on = [aws_sns_topic_policy.alerts]
}
