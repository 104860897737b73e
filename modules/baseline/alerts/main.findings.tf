# Which findings interrupt somebody. What is left out is not lost: it stays in the
# consoles of GuardDuty and Security Hub, for whoever reviews them.
locals {
  patterns = merge(
    var.enable_guardduty ? { guardduty = {
      source        = ["aws.guardduty"]
      "detail-type" = ["GuardDuty Finding"]
      detail        = { severity = [{ numeric = [">=", var.guardduty_minimum_severity] }] }
    } } : {},
    var.enable_securityhub ? { securityhub = {
      source        = ["aws.securityhub"]
      "detail-type" = ["Security Hub Findings - Imported"]
      detail = { findings = merge(
        {
          Severity = { Label = sort(var.securityhub_severities) }

          # Security Hub sends a finding again whenever something about it changes.
          # A new finding is ACTIVE and NEW, so its first alert is not lost; one that
          # somebody has taken note of (NOTIFIED), suppressed or resolved, or that is
          # archived, is not told again. When a control fails anew, Security Hub sets
          # it back to NEW.
          RecordState = ["ACTIVE"]
          Workflow    = { Status = ["NEW"] }
        },
        # One finding, one alert: GuardDuty's come by the rule above.
        var.enable_guardduty ? { ProductName = [{ "anything-but" = ["GuardDuty"] }] } : {},
      ) }
    } } : {},
  )

  descriptions = {
    guardduty   = "GuardDuty findings of severity ${var.guardduty_minimum_severity} and above"
    securityhub = "Security Hub findings: ${join(", ", sort(var.securityhub_severities))}"
  }
}

resource "aws_cloudwatch_event_rule" "finding" {
  for_each = local.patterns

  name          = "${var.name}-${each.key}"
  description   = local.descriptions[each.key]
  event_pattern = jsonencode(each.value)
  tags          = var.tags
}

# The event as it is: whoever gets it can tell findings apart by their ID.
resource "aws_cloudwatch_event_target" "finding" {
  for_each = local.patterns

  rule      = aws_cloudwatch_event_rule.finding[each.key].name
  target_id = "alerts"
  arn       = aws_sns_topic.alerts.arn

  # A rule that fires before the topic lets it publish loses its first alert.
  depends_on = [aws_sns_topic_policy.alerts]
}
