# Runs in pipelines that nobody has reviewed yet, so it can only read.
resource "aws_iam_role" "plan" {
  name                 = "${var.name}-plan"
  description          = "Plans from CI: reads configuration and state, changes nothing"
  assume_role_policy   = data.aws_iam_policy_document.trust["plan"].json
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = var.max_session_seconds
  tags                 = var.tags

  # IAM refuses a trust policy that names a provider it does not have.
  depends_on = [aws_iam_openid_connect_provider.forge]

  lifecycle {
    precondition {
      condition     = length(local.refusals["plan"]) == 0
      error_message = "Subjects that the plan role must not trust:\n${join("\n", local.refusals["plan"])}"
    }
  }
}

resource "aws_iam_role_policy" "plan" {
  name   = "plan"
  role   = aws_iam_role.plan.id
  policy = data.aws_iam_policy_document.plan.json
}

resource "aws_iam_role_policy_attachment" "plan" {
  for_each = var.plan_policy_arns

  role       = aws_iam_role.plan.name
  policy_arn = each.value
}

# Not AWS's ReadOnlyAccess: that one reads data too (objects, messages, log
# events), and a pipeline of an unreviewed branch must not.
data "aws_iam_policy_document" "plan" {
  statement {
    sid       = "ReadConfiguration"
    actions   = local.configuration_reads
    resources = ["*"]
  }

  statement {
    sid       = "ReadState"
    actions   = ["s3:GetObject"]
    resources = [for key in sort(var.state.keys) : "${var.state.bucket_arn}/${key}"]
  }

  statement {
    sid       = "SeeTheBuckets"
    actions   = ["s3:ListBucket"]
    resources = local.seen_bucket_arns
  }

  # With a bucket key the context of the encryption is the bucket.
  statement {
    sid       = "DecryptState"
    actions   = ["kms:Decrypt"]
    resources = [var.state.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }

  dynamic "statement" {
    for_each = var.plan_locks ? ["lock"] : []

    content {
      sid       = "TakeAndReleaseTheLock"
      actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
      resources = [for key in sort(var.state.keys) : "${var.state.bucket_arn}/${key}.tflock"]
    }
  }

  dynamic "statement" {
    for_each = var.plan_locks ? ["lock"] : []

    content {
      sid       = "EncryptTheLock"
      actions   = ["kms:GenerateDataKey"]
      resources = [var.state.kms_key_arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${local.region}.amazonaws.com"]
      }
    }
  }
}
