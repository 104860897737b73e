# Alerts wait encrypted until they are delivered.
resource "aws_kms_key" "alerts" {
  description             = "Alerts of ${var.name}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "alerts" {
  name          = "alias/${var.name}-alerts"
  target_key_id = aws_kms_key.alerts.key_id
}

# The key that AWS has ready for topics (alias/aws/sns) would not do: its policy
# cannot be changed, and it lets no service publish.
# Source: SNS Developer Guide "Managing Amazon SNS encryption keys and costs".
data "aws_iam_policy_document" "key" {
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  # No aws:SourceArn or aws:SourceAccount: for EventBridge and encrypted topics AWS
  # does not support them in a key policy, and nothing would be delivered. The topic's
  # ARN, under which SNS encrypts, confines it as well, and who may publish to the
  # topic is in the topic's policy.
  dynamic "statement" {
    for_each = length(local.rule_arns) == 0 ? [] : [1]

    content {
      sid       = "RulesPublish"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "kms:EncryptionContext:aws:sns:topicArn"
        values   = [local.topic_arn]
      }
    }
  }

  dynamic "statement" {
    for_each = length(local.alarm_arns) == 0 ? [] : [values(local.alarm_arns)]

    content {
      sid       = "AlarmsPublish"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
      resources = ["*"]

      principals {
        type        = "Service"
        identifiers = ["cloudwatch.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "kms:EncryptionContext:aws:sns:topicArn"
        values   = [local.topic_arn]
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
}
