resource "aws_kms_key" "config" {
  count = local.own

  description             = "What AWS Config delivers to ${local.bucket}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "config" {
  count = local.own

  name          = "alias/${var.name}-config"
  target_key_id = aws_kms_key.config[0].key_id
}

data "aws_iam_policy_document" "key" {
  # The account's root principal is the account itself: IAM policies of this account
  # grant the use of the key, the role's among them.
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root_arn]
    }
  }

  # Config delivers as itself when it cannot as the role.
  # Source: AWS Config Developer Guide, "Permissions for the KMS Key".
  statement {
    sid       = "ConfigUsesTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["config.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
}
