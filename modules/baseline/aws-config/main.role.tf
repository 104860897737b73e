resource "aws_iam_role" "config" {
  count = local.own

  name                 = "${var.name}-config"
  path                 = "/${var.name}/"
  description          = "AWS Config reads the account and delivers to ${local.bucket}"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

# AWS's own list of what Config reads: it grows with every resource type that AWS
# adds, which a list of ours would not.
resource "aws_iam_role_policy_attachment" "reads" {
  count = local.own

  role       = aws_iam_role.config[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/service-role/AWS_ConfigRole"
}

resource "aws_iam_role_policy" "delivery" {
  count = local.own

  name   = "delivery"
  role   = aws_iam_role.config[0].id
  policy = data.aws_iam_policy_document.delivery.json
}

# Source: AWS Config Developer Guide, "Permissions for the IAM Role Assigned to AWS
# Config". The condition keeps Config from being used by somebody else's account.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

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

# Source: the same page, "IAM Role Policy for Amazon S3 Bucket" and "IAM Role Policy
# for KMS Key".
data "aws_iam_policy_document" "delivery" {
  statement {
    sid       = "SeeTheBucket"
    actions   = ["s3:GetBucketAcl", "s3:ListBucket"]
    resources = [local.bucket_arn]
  }

  statement {
    sid       = "Deliver"
    actions   = ["s3:PutObject"]
    resources = [local.delivered]
  }

  statement {
    sid       = "UseTheKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [local.key_arn]
  }
}
