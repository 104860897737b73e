# Every new volume and every copy of a snapshot is encrypted, whether the request
# asks for it or not. The setting is the region's.
resource "aws_ebs_encryption_by_default" "this" {
  enabled = true

  # Not before the key: what is made between the two would be under AWS's own.
  depends_on = [aws_ebs_default_kms_key.this]
}

resource "aws_ebs_default_kms_key" "this" {
  key_arn = aws_kms_key.ebs.arn
}

resource "aws_kms_key" "ebs" {
  description             = "EBS volumes of ${var.name}"
  deletion_window_in_days = var.ebs_kms_deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.ebs_key.json
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "ebs" {
  name          = "alias/${var.name}-ebs"
  target_key_id = aws_kms_key.ebs.key_id
}

data "aws_iam_policy_document" "ebs_key" {
  # The account's root principal is the account itself: IAM policies of this account
  # grant the use of the key, and the key never becomes unmanageable.
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root_arn]
    }
  }

  # What AWS's own key for EBS allows: whoever may make a volume here may make an
  # encrypted one. Without it, turning the default on would stop everybody who has
  # no permissions on keys. Through EC2 only, and this account only.
  # Source: AWS KMS Developer Guide, "Amazon EBS and AWS KMS"; the policy of aws/ebs.
  statement {
    sid       = "AccountUsesTheKeyThroughEC2"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${local.region}.amazonaws.com"]
    }
  }

  # EC2 holds on to the key by a grant, for as long as the volume is attached.
  statement {
    sid       = "AccountGrantsTheKeyThroughEC2"
    actions   = ["kms:CreateGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:CallerAccount"
      values   = [local.account]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ec2.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  # Source: Amazon EC2 Auto Scaling User Guide, "Required AWS KMS key policy for use
  # with encrypted volumes".
  dynamic "statement" {
    for_each = length(var.ebs_service_role_arns) == 0 ? [] : [sort(var.ebs_service_role_arns)]

    content {
      sid       = "ServiceRolesUseTheKey"
      actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.ebs_service_role_arns) == 0 ? [] : [sort(var.ebs_service_role_arns)]

    content {
      sid       = "ServiceRolesGrantTheKey"
      actions   = ["kms:CreateGrant"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }

      condition {
        test     = "Bool"
        variable = "kms:GrantIsForAWSResource"
        values   = ["true"]
      }
    }
  }
}
