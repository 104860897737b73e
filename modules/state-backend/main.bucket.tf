# The most sensitive file of the repository lives here. It can be lost, read by
# the wrong reader, or written by two writers at once: versions and
# prevent_destroy answer the first, the keys and the bucket policy the second, the
# backend's own lock file (use_lockfile, no DynamoDB table) the third.
resource "aws_s3_bucket" "state" {
  bucket = var.bucket
  tags   = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "state" {
  bucket = aws_s3_bucket.state.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    # A data key for the bucket instead of one for each object: far fewer calls
    # to KMS. It also makes the bucket's ARN the encryption context, which the
    # key policies rely on.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.state.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "state" {
  bucket = aws_s3_bucket.state.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# No ACLs: an object that another account uploads belongs to this account at
# once, so that the bucket policy governs it too.
resource "aws_s3_bucket_ownership_controls" "state" {
  bucket = aws_s3_bucket.state.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "state" {
  count = var.lifecycle_rules == null ? 0 : 1

  # Rules about noncurrent versions mean nothing before versioning is on.
  bucket = aws_s3_bucket_versioning.state.bucket

  rule {
    id     = "expire-noncurrent-versions"
    status = "Enabled"

    filter {}

    # Both must be true before a version goes: it is old, and enough newer ones
    # are left to go back to.
    noncurrent_version_expiration {
      noncurrent_days           = var.lifecycle_rules.noncurrent_days
      newer_noncurrent_versions = var.lifecycle_rules.newer_noncurrent_kept
    }

    # Every released lock leaves a delete marker behind.
    expiration {
      expired_object_delete_marker = true
    }
  }

  rule {
    id     = "abort-incomplete-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.lifecycle_rules.abort_incomplete_days
    }
  }
}
