resource "aws_s3_bucket_policy" "state" {
  # Through the public access block: a policy must never be public for a moment.
  bucket = aws_s3_bucket_public_access_block.state.bucket
  policy = data.aws_iam_policy_document.bucket.json

  lifecycle {
    precondition {
      condition     = length(local.principals_of_this_account) == 0
      error_message = "Principals of environments must belong to other accounts, because in one account IAM policies and the bucket policy add up and this module could not confine them to their state. In account ${local.account}: ${join(", ", local.principals_of_this_account)}. Give them their rights with an IAM policy on the exact state keys instead."
    }
  }
}

# Default encryption is what a client gets that does not ask. A request that asks
# for something else is honoured, unless the bucket policy refuses it. Each
# refusal is one statement, and no two of them cover the same request, so that
# each can be tested by taking it off.
data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "DenyPlainHTTP"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

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

  # A negated operator is also true when the header is missing: an upload that
  # asks for no encryption at all is refused here, with AES256 and aws:kms:dsse.
  statement {
    sid       = "DenyUploadWithoutSSEKMS"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringNotEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }
  }

  # aws:kms without a key is not the bucket's default: it is aws/s3, AWS's own key,
  # which serves everyone in the account who may read the object.
  # Source: PutObject, x-amz-server-side-encryption-aws-kms-key-id.
  statement {
    sid       = "DenyUploadThatNamesNoKey"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-server-side-encryption"
      values   = ["aws:kms"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["true"]
    }
  }

  # The room's own states, that is whatever is not an environment's: the room's
  # key. not_resources takes no exception for a prefix, only the exact objects.
  statement {
    sid           = "DenyUploadUnderAnotherKey"
    effect        = "Deny"
    actions       = ["s3:PutObject"]
    resources     = length(var.environments) == 0 ? ["${local.bucket_arn}/*"] : null
    not_resources = length(var.environments) == 0 ? null : local.all_environment_objects

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = ["false"]
    }

    condition {
      test     = "ArnNotEquals"
      variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
      values   = [aws_kms_key.state.arn]
    }
  }

  # An environment's states: that environment's key.
  dynamic "statement" {
    for_each = var.environments
    iterator = environment

    content {
      sid       = "DenyUploadUnderAnotherKey${local.sid[environment.key]}"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = local.environment_objects[environment.key]

      principals {
        type        = "*"
        identifiers = ["*"]
      }

      condition {
        test     = "Null"
        variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        values   = ["false"]
      }

      condition {
        test     = "ArnNotEquals"
        variable = "s3:x-amz-server-side-encryption-aws-kms-key-id"
        values   = [aws_kms_key.environment[environment.key].arn]
      }
    }
  }

  dynamic "statement" {
    for_each = var.environments
    iterator = environment

    content {
      sid       = "AllowState${local.sid[environment.key]}"
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = local.environment_states[environment.key]

      principals {
        type        = "AWS"
        identifiers = environment.value.principals
      }
    }
  }

  # Only the lock may be deleted: a lock that cannot be released locks for ever,
  # a state that can be deleted is lost.
  dynamic "statement" {
    for_each = var.environments
    iterator = environment

    content {
      sid       = "AllowLock${local.sid[environment.key]}"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      resources = local.environment_locks[environment.key]

      principals {
        type        = "AWS"
        identifiers = environment.value.principals
      }
    }
  }

  # Both engines list "env:/" for workspaces, and both need s3:ListBucket for the
  # HEAD of a state that does not exist yet to be a 404 and not a 403. That HEAD
  # has no prefix, hence IfExists. The price: a list without any prefix is allowed
  # as well and shows the names of all states, never their contents.
  dynamic "statement" {
    for_each = var.environments
    iterator = environment

    content {
      sid       = "AllowList${local.sid[environment.key]}"
      actions   = ["s3:ListBucket"]
      resources = [local.bucket_arn]

      principals {
        type        = "AWS"
        identifiers = environment.value.principals
      }

      condition {
        test     = "StringEqualsIfExists"
        variable = "s3:prefix"
        values   = concat(["env:/"], sort(environment.value.state_keys))
      }
    }
  }
}

locals {
  # A statement id may only hold letters and digits; "eu-prod" becomes "EuProd".
  sid = { for name in keys(var.environments) : name => join("", [for part in split("-", name) : title(part)]) }
}
