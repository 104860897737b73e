# Who changed what, and what it was before. The same posture as the state bucket.
resource "aws_s3_bucket" "config" {
  count = local.own

  bucket = local.bucket
  tags   = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "config" {
  count = local.own

  bucket = aws_s3_bucket.config[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "config" {
  count = local.own

  bucket = aws_s3_bucket.config[0].id

  rule {
    # A data key for the bucket instead of one for each object: far fewer calls to KMS.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.config[0].arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "config" {
  count = local.own

  bucket = aws_s3_bucket.config[0].id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# No ACLs: what Config writes belongs to this account. Config still asks for
# bucket-owner-full-control, the one ACL that S3 takes then.
resource "aws_s3_bucket_ownership_controls" "config" {
  count = local.own

  bucket = aws_s3_bucket.config[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "config" {
  count = var.expire_days == null ? 0 : local.own

  # Rules about noncurrent versions mean nothing before versioning is on.
  bucket = aws_s3_bucket_versioning.config[0].bucket

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.expire_days
    }

    noncurrent_version_expiration {
      noncurrent_days = var.expire_days
    }
  }
}
