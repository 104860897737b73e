data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  # The account's root principal is the account itself, not a person.
  root_arn = "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  uses = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]

  # The bucket's own ARN under an S3 Bucket Key, the object's without one.
  contexts = var.only_through_s3 == null ? [] : concat(
    ["arn:${data.aws_partition.this.partition}:s3:::${var.only_through_s3.bucket}"],
    flatten([for key in sort(var.only_through_s3.state_keys) : [
      "arn:${data.aws_partition.this.partition}:s3:::${var.only_through_s3.bucket}/${key}",
      "arn:${data.aws_partition.this.partition}:s3:::${var.only_through_s3.bucket}/${key}.tflock",
    ]]),
  )
}

# One key for one environment: whoever gets hold of that environment's identity can
# decrypt that environment's states and no other, though they share a bucket. Every
# state that was ever written under the key is lost with it.
resource "aws_kms_key" "state" {
  description             = "State of ${var.environment}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  # A state stays in its region, and so does the bucket: a replica would be one more
  # place to guard.
  multi_region = false
  policy       = data.aws_iam_policy_document.key.json
  tags         = merge(var.tags, { Environment = var.environment })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "state" {
  name          = "${var.key_alias}-${var.environment}"
  target_key_id = aws_kms_key.state.key_id
}

data "aws_iam_policy_document" "key" {
  # Keeps the key from becoming unmanageable, and lets IAM policies of this account
  # grant its use: to its administrators, who rewrite states. It lets in nobody from
  # another account.
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root_arn]
    }
  }

  # These four and no more: no grants, no policy, no deletion. S3 asks for
  # GenerateDataKey to write and for Decrypt to read, people and tools describe the
  # key; Encrypt makes nothing readable.
  statement {
    sid       = "EnvironmentUsesTheKey"
    actions   = var.only_through_s3 == null ? concat(local.uses, ["kms:DescribeKey"]) : local.uses
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = var.principals
    }

    dynamic "condition" {
      for_each = var.only_through_s3 == null ? [] : [1]

      content {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }
    }

    dynamic "condition" {
      for_each = var.only_through_s3 == null ? [] : [1]

      content {
        test     = "StringEquals"
        variable = "kms:EncryptionContext:aws:s3:arn"
        values   = local.contexts
      }
    }
  }

  # Nothing describes a key through S3, so it stands apart from what is narrowed.
  dynamic "statement" {
    for_each = var.only_through_s3 == null ? [] : [1]

    content {
      sid       = "EnvironmentSeesTheKey"
      actions   = ["kms:DescribeKey"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = var.principals
      }
    }
  }
}
