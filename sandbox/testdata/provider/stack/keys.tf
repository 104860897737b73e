data "aws_iam_policy_document" "key" {
  statement {
    sid       = "AccountAdministersTheKey"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${local.account}:root"]
    }
  }

  dynamic "statement" {
    for_each = local.changed ? [1] : []

    content {
      sid       = "WorkerReads"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = [aws_iam_role.inline.arn]
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${data.aws_region.this.name}.amazonaws.com"]
      }
    }
  }
}

# The provider waits five seconds over each thing that it changes of a key, and
# thirty over is_enabled: the changes are spread over the keys, and none is
# switched off.
resource "aws_kms_key" "data" {
  description             = "Encrypts the test's data."
  deletion_window_in_days = local.changed ? 7 : 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = { Team = local.word }
}

resource "aws_kms_alias" "data" {
  name          = "alias/provider-test"
  target_key_id = local.changed ? aws_kms_key.plain.key_id : aws_kms_key.data.key_id
}

resource "aws_kms_alias" "rsa" {
  name_prefix   = "alias/provider-test-rsa-"
  target_key_id = aws_kms_key.rsa.arn
}

# Its policy is a resource of its own.
resource "aws_kms_key" "plain" {
  description             = "plain"
  deletion_window_in_days = 7
  enable_key_rotation     = true
  rotation_period_in_days = local.changed ? 180 : 365
}

resource "aws_kms_key_policy" "plain" {
  key_id = aws_kms_key.plain.id
  policy = data.aws_iam_policy_document.key.json
}

resource "aws_kms_key" "rsa" {
  description              = "Signs the ${local.word} release."
  customer_master_key_spec = "RSA_2048"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
}

resource "aws_kms_key" "ecc" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
}

resource "aws_kms_key" "mac" {
  customer_master_key_spec = "HMAC_256"
  key_usage                = "GENERATE_VERIFY_MAC"
  deletion_window_in_days  = 7
}

resource "aws_kms_grant" "worker" {
  name              = "worker"
  key_id            = aws_kms_key.plain.key_id
  grantee_principal = aws_iam_role.inline.arn
  operations        = ["Encrypt", "Decrypt", "GenerateDataKey"]

  constraints {
    encryption_context_equals = { room = "test" }
  }
}

resource "aws_kms_ciphertext" "hello" {
  key_id    = aws_kms_key.data.key_id
  plaintext = "hush"
  context   = { room = "test" }
}
