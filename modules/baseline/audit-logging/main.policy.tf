resource "aws_s3_bucket_policy" "audit" {
  # Through the public access block: a policy must never be public for a moment.
  bucket = aws_s3_bucket_public_access_block.audit.bucket
  policy = data.aws_iam_policy_document.bucket.json
}

# Who holds what. This policy binds everybody, administrators included, until
# somebody changes the policy. That nobody in CI changes it, and that the trail
# keeps writing here, is for the guard on the apply role (s3:PutBucketPolicy,
# cloudtrail:UpdateTrail and their like).
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

  # Log files and digests are only ever added. Not by people, not by the account's
  # root user, not by CloudTrail: nobody has a reason to take one away.
  statement {
    sid    = "DenyDeletion"
    effect = "Deny"
    actions = [
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
    ]
    resources = ["${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  # A rule that expires everything after a day is a deletion too. Where log files
  # are meant to expire the rule is the module's own, and the guard keeps it.
  statement {
    sid    = "DenyTheBucketsEnd"
    effect = "Deny"
    actions = concat(
      ["s3:DeleteBucket"],
      var.expire_days == null ? ["s3:PutLifecycleConfiguration"] : [],
    )
    resources = [local.bucket_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  # A log file that somebody else wrote is a false witness. No other service is let
  # in below, so this is about the identities of the account.
  statement {
    sid       = "DenyWritingByHand"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:PrincipalIsAWSService"
      values   = ["false"]
    }
  }

  # From here on it is the trail itself that is held to its key: a trail whose key
  # was taken off delivers nothing.
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

  # aws:kms without a key is not the bucket's default: it is aws/s3, AWS's own key.
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

  statement {
    sid       = "DenyUploadUnderAnotherKey"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/*"]

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
      values   = [aws_kms_key.audit.arn]
    }
  }

  # Source: CloudTrail User Guide "Amazon S3 bucket policy for CloudTrail".
  statement {
    sid       = "AllowTrailToSeeTheBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = [local.bucket_arn]

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

  statement {
    sid       = "AllowTrailToWrite"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/AWSLogs/${local.account}/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudtrail.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.trail_arn]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }
  }
}
