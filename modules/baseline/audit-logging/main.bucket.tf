# What happened, for as long as anybody may ask. It is worth most to the person
# who would like it gone.
resource "aws_s3_bucket" "audit" {
  bucket = local.bucket
  tags   = var.tags

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "audit" {
  bucket = aws_s3_bucket.audit.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "audit" {
  bucket = aws_s3_bucket.audit.id

  rule {
    # No data key for the whole bucket: each log file is encrypted under the trail's
    # ARN, which the key policy asks for, and each one that is read is an event of
    # KMS that names the file.
    bucket_key_enabled = false

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.audit.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "audit" {
  bucket = aws_s3_bucket.audit.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# No ACLs: what CloudTrail writes belongs to this account at once.
resource "aws_s3_bucket_ownership_controls" "audit" {
  bucket = aws_s3_bucket.audit.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "audit" {
  count = var.expire_days == null ? 0 : 1

  # Rules about noncurrent versions mean nothing before versioning is on.
  bucket = aws_s3_bucket_versioning.audit.bucket

  rule {
    id     = "expire-log-files"
    status = "Enabled"

    filter {}

    # With versions, an expired file is only hidden; its version goes later.
    expiration {
      days = var.expire_days
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }
  }

  # The policy refuses such rules where there should be none, so the rule comes
  # after the policy that lets it in, and goes before the one that does not.
  depends_on = [aws_s3_bucket_policy.audit]
}
