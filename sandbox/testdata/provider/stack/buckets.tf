resource "aws_s3_bucket" "data" {
  bucket        = "provider-test-data"
  force_destroy = true
  tags          = { Team = local.word }
}

resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.id

  versioning_configuration {
    status = local.changed ? "Suspended" : "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "data" {
  bucket = aws_s3_bucket.data.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = local.changed
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "data" {
  bucket = aws_s3_bucket.data.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket_public_access_block.data.bucket
  policy = data.aws_iam_policy_document.bucket.json
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "DenyPlainHTTP"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.data.arn, "${aws_s3_bucket.data.arn}/*"]

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

  statement {
    sid       = "WorkerReads"
    actions   = local.changed ? ["s3:GetObject", "s3:GetObjectTagging"] : ["s3:GetObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.inline.arn]
    }
  }
}

resource "aws_s3_object" "text" {
  bucket             = aws_s3_bucket_versioning.data.bucket
  key                = "text/hello.txt"
  content            = "${local.word} text\n"
  content_type       = "text/plain"
  checksum_algorithm = "SHA256"
  metadata           = { room = "test" }
  force_destroy      = true
  tags               = { Team = local.word }

  depends_on = [aws_s3_bucket_server_side_encryption_configuration.data]
}

resource "aws_s3_object" "kms" {
  bucket             = aws_s3_bucket_versioning.data.bucket
  key                = "kms.bin"
  content_base64     = base64encode("secret ${local.word}")
  kms_key_id         = aws_kms_key.data.arn
  bucket_key_enabled = true
  storage_class      = "STANDARD_IA"
  cache_control      = local.changed ? "no-cache" : "no-store"
  force_destroy      = true

  depends_on = [aws_s3_bucket_ownership_controls.data]
}

resource "aws_s3_object" "plain" {
  bucket                 = aws_s3_bucket_versioning.data.bucket
  key                    = "plain.txt"
  source                 = "${path.module}/main.tf"
  etag                   = filemd5("${path.module}/main.tf")
  server_side_encryption = "AES256"
  force_destroy          = true
}

# Under the key that AWS manages, which is made at this moment.
resource "aws_s3_object" "managed" {
  bucket                 = aws_s3_bucket_versioning.data.bucket
  key                    = "managed.txt"
  content                = "managed"
  server_side_encryption = "aws:kms"
  kms_key_id             = null
  force_destroy          = true

  depends_on = [aws_s3_bucket_public_access_block.data]
}

resource "aws_s3_object_copy" "copy" {
  bucket        = aws_s3_bucket.acl.bucket
  key           = "copy.txt"
  source        = "${aws_s3_object.text.bucket}/${aws_s3_object.text.key}"
  force_destroy = true

  # Without it the source's tags come along, which the provider takes for drift.
  tagging_directive = "REPLACE"
  tags              = { Team = local.word }
}

# One with ACLs, as buckets were before 2023.
resource "aws_s3_bucket" "acl" {
  bucket_prefix = "provider-test-acl-"
  force_destroy = true
}

resource "aws_s3_bucket_ownership_controls" "acl" {
  bucket = aws_s3_bucket.acl.id

  rule {
    object_ownership = "BucketOwnerPreferred"
  }
}

resource "aws_s3_bucket_acl" "acl" {
  bucket = aws_s3_bucket_ownership_controls.acl.bucket
  acl    = "private"
}

resource "aws_s3_account_public_access_block" "this" {
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = local.changed
}
