resource "aws_iam_role" "sink" {
  name                 = local.full_name
  path                 = "/${var.name}/"
  description          = "What the function ${local.full_name} may do"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "sink" {
  name   = "tell"
  role   = aws_iam_role.sink.id
  policy = data.aws_iam_policy_document.sink.json
}

data "aws_iam_policy_document" "sink" {
  statement {
    sid       = "WriteItsLog"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:log-stream:*"]
  }

  dynamic "statement" {
    for_each = length(local.parameter_arns) == 0 ? [] : [local.parameter_arns]

    content {
      sid       = "ReadItsSecrets"
      actions   = ["ssm:GetParameters"]
      resources = statement.value
    }
  }

  # These parameters, by way of SSM, and nothing else that is under the key.
  # Source: Systems Manager User Guide "AWS KMS encryption for Parameter Store
  # SecureString parameters".
  dynamic "statement" {
    for_each = length(local.parameter_arns) == 0 ? [] : [local.parameter_arns]

    content {
      sid       = "DecryptItsSecrets"
      actions   = ["kms:Decrypt"]
      resources = [aws_kms_key.sink.arn]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["ssm.${local.region}.amazonaws.com"]
      }

      condition {
        test     = "ArnEquals"
        variable = "kms:EncryptionContext:PARAMETER_ARN"
        values   = statement.value
      }
    }
  }
}
