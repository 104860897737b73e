# The same events a few minutes after they happened, for the alarms and for a
# person in a hurry.
resource "aws_cloudwatch_log_group" "audit" {
  name              = local.full_name
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.audit.arn
  tags              = var.tags
}

# What CloudTrail writes the events with.
resource "aws_iam_role" "logs" {
  name                 = "${local.full_name}-logs"
  path                 = "/${var.name}/"
  description          = "CloudTrail writes the events of ${local.full_name} to CloudWatch Logs"
  assume_role_policy   = data.aws_iam_policy_document.logs_trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

# No aws:SourceArn: that CloudTrail sends it when it assumes a role is not
# documented, and a trail that cannot assume it writes nothing. Another account's
# trail cannot be told to use the role: that takes iam:PassRole in this account.
data "aws_iam_policy_document" "logs_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "logs" {
  name   = "write-events"
  role   = aws_iam_role.logs.id
  policy = data.aws_iam_policy_document.logs.json
}

# Source: CloudTrail User Guide "Role policy document for CloudTrail to use
# CloudWatch Logs for monitoring".
data "aws_iam_policy_document" "logs" {
  statement {
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    # The streams are called ACCOUNT_CloudTrail_REGION, of the trail's own region.
    resources = ["${local.log_group_arn}:log-stream:${local.account}_CloudTrail_${local.region}*"]
  }
}
