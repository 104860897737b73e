# The key of the room's own stacks.
resource "aws_kms_key" "state" {
  description             = "State of ${var.bucket}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "state" {
  name          = var.key_alias
  target_key_id = aws_kms_key.state.key_id
}

# One key for each environment: whoever gets hold of one environment's identity
# can decrypt that environment's state and no other.
resource "aws_kms_key" "environment" {
  for_each = var.environments

  description             = "State of ${each.key} in ${var.bucket}"
  deletion_window_in_days = var.key_deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.environment_key[each.key].json
  tags                    = merge(var.tags, { Environment = each.key })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "environment" {
  for_each = var.environments

  name          = "${var.key_alias}-${each.key}"
  target_key_id = aws_kms_key.environment[each.key].key_id
}

# The account's root principal is the account itself: this statement lets IAM
# policies of this account grant the use of the key, and keeps the key from
# becoming unmanageable. It lets in nobody from another account.
data "aws_iam_policy_document" "key" {
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.root_arn]
    }
  }
}

data "aws_iam_policy_document" "environment_key" {
  for_each = var.environments

  source_policy_documents = [data.aws_iam_policy_document.key.json]

  # GenerateDataKey to write, Decrypt to read (and to write again while a bucket
  # key is in use). Encrypt is not among them: S3 never calls it.
  statement {
    sid       = "EnvironmentUsesTheKeyThroughS3"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = each.value.principals
    }

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }

    # The bucket under a bucket key; the object itself for a client that turns
    # the bucket key off.
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:s3:arn"
      values   = concat([local.bucket_arn], local.environment_objects[each.key])
    }
  }

  statement {
    sid       = "EnvironmentSeesTheKey"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = each.value.principals
    }
  }
}
