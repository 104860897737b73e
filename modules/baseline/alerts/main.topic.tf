resource "aws_sns_topic" "alerts" {
  name              = "${var.name}-alerts"
  kms_master_key_id = aws_kms_key.alerts.arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "alerts" {
  arn    = aws_sns_topic.alerts.arn
  policy = data.aws_iam_policy_document.topic.json
}

# Only these rules and alarms publish. The policy that AWS gives a topic lets in the
# whole account; without it, identities of this account need sns:Publish of their own.
data "aws_iam_policy_document" "topic" {
  dynamic "statement" {
    for_each = length(local.rule_arns) == 0 ? [] : [values(local.rule_arns)]

    content {
      sid       = "AllowRules"
      actions   = ["sns:Publish"]
      resources = [local.topic_arn]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.alarm_arns) == 0 ? [] : [values(local.alarm_arns)]

    content {
      sid       = "AllowAlarms"
      actions   = ["sns:Publish"]
      resources = [local.topic_arn]

      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [local.account]
      }
    }
  }

  # Nobody publishes or subscribes in the clear.
  statement {
    sid       = "DenyPlainHTTP"
    effect    = "Deny"
    actions   = ["sns:Publish", "sns:Subscribe"]
    resources = [local.topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.emails

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "email"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "https" {
  for_each = var.https_endpoints

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "https"
  endpoint  = each.value
}

resource "aws_sns_topic_subscription" "lambda" {
  for_each = var.lambda_arns

  topic_arn = aws_sns_topic.alerts.arn
  protocol  = "lambda"
  endpoint  = each.value
}

check "somebody_is_told" {
  assert {
    condition     = length(var.emails) + length(var.https_endpoints) + length(var.lambda_arns) > 0 || var.told_elsewhere
    error_message = "Nobody is told: alerts go to ${local.topic_arn}, and this module subscribes no one to it. Give emails, https_endpoints or lambda_arns, or set told_elsewhere if something else subscribes."
  }
}
