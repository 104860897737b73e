# One key for the log files and the log group: the same events, the same readers.
resource "aws_kms_key" "audit" {
  description             = "Audit logs of ${local.bucket}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "audit" {
  name          = "alias/${local.full_name}"
  target_key_id = aws_kms_key.audit.key_id
}

# Source: CloudTrail User Guide "Configure AWS KMS key policies for CloudTrail";
# CloudWatch Logs User Guide "Encrypt log data in CloudWatch Logs using AWS KMS".
data "aws_iam_policy_document" "key" {
  # The account's root principal is the account itself: this statement lets IAM
  # policies of this account grant the use of the key (kms:Decrypt to whoever reads
  # log files), and keeps the key from becoming unmanageable.
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  # A new data key for each file. CloudTrail never reads what it wrote, so it gets
  # no Decrypt.
  statement {
    sid       = "TrailEncrypts"
    actions   = ["kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    # As documented, with a star for the region that delivers.
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:cloudtrail:arn"
      values   = ["arn:${local.partition}:cloudtrail:*:${local.account}:trail/${local.full_name}"]
    }
  }

  statement {
    sid       = "TrailSeesTheKey"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }
  }

  # CloudWatch Logs encrypts what comes in, and decrypts for the metric filters and
  # for whoever may read the log group.
  statement {
    sid = "LogGroupUsesTheKey"
    actions = [
      "kms:Decrypt*",
      "kms:Describe*",
      "kms:Encrypt*",
      "kms:GenerateDataKey*",
      "kms:ReEncrypt*",
    ]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = [local.log_group_arn]
    }
  }
}
