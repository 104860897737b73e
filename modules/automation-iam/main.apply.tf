# Runs what a person has reviewed. Powerful, and fenced by the denials below.
resource "aws_iam_role" "apply" {
  name                 = "${var.name}-apply"
  description          = "Applies reviewed plans from CI"
  assume_role_policy   = data.aws_iam_policy_document.trust["apply"].json
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = var.max_session_seconds
  tags                 = var.tags

  # IAM refuses a trust policy that names a provider it does not have.
  depends_on = [aws_iam_openid_connect_provider.forge]

  lifecycle {
    precondition {
      condition     = length(local.refusals["apply"]) == 0
      error_message = "Subjects that the apply role must not trust:\n${join("\n", local.refusals["apply"])}"
    }
  }
}

resource "aws_iam_role_policy_attachment" "apply" {
  for_each = var.apply_policy_arns

  role       = aws_iam_role.apply.name
  policy_arn = each.value
}

resource "aws_iam_role_policy" "apply_guard" {
  name   = "guard"
  role   = aws_iam_role.apply.id
  policy = data.aws_iam_policy_document.guard.json
}

# A person applies the bootstrap stack, CI everything after it. So CI has no
# business with what bootstrap made, and none with credentials that outlive a job.
data "aws_iam_policy_document" "guard" {
  statement {
    sid    = "DenyLongLivedCredentials"
    effect = "Deny"
    actions = [
      "iam:CreateAccessKey",
      "iam:CreateLoginProfile",
      "iam:CreateServiceSpecificCredential",
      "iam:CreateUser",
      "iam:UpdateLoginProfile",
      "iam:UploadSSHPublicKey",
      "iam:UploadSigningCertificate",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "DenyChangingItsOwnDoor"
    effect = "Deny"
    actions = [
      "iam:DeleteRole",
      "iam:DeleteRolePermissionsBoundary",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:PutRolePolicy",
      "iam:UpdateAssumeRolePolicy",
      "iam:UpdateRole",
    ]
    resources = local.role_arns
  }

  # All but the one policy that takes rights away: the src stack closes the door
  # with it (main.baseline.tf), and detaching is denied above.
  statement {
    sid       = "DenyAttachingToItself"
    effect    = "Deny"
    actions   = ["iam:AttachRolePolicy"]
    resources = local.role_arns

    dynamic "condition" {
      for_each = var.baseline == null ? [] : [local.baseline_guard_arn]

      content {
        test     = "ArnNotEquals"
        variable = "iam:PolicyARN"
        values   = [condition.value]
      }
    }
  }

  # The guard and the boundary are a person's: CI uses them as they are.
  dynamic "statement" {
    for_each = var.baseline == null ? [] : [[local.baseline_guard_arn, local.boundary_arn]]

    content {
      sid    = "DenyRewritingTheGuard"
      effect = "Deny"
      actions = [
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:SetDefaultPolicyVersion",
      ]
      resources = statement.value
    }
  }

  statement {
    sid    = "DenyChangingWhoIssuesTokens"
    effect = "Deny"
    actions = [
      "iam:AddClientIDToOpenIDConnectProvider",
      "iam:DeleteOpenIDConnectProvider",
      "iam:RemoveClientIDFromOpenIDConnectProvider",
      "iam:UpdateOpenIDConnectProviderThumbprint",
    ]
    resources = [local.provider_arn]
  }

  statement {
    sid    = "DenyWeakeningTheStateBucket"
    effect = "Deny"
    actions = [
      "s3:DeleteBucket",
      "s3:DeleteBucketPolicy",
      "s3:DeleteObjectVersion",
      "s3:PutBucketOwnershipControls",
      "s3:PutBucketPolicy",
      "s3:PutBucketPublicAccessBlock",
      "s3:PutBucketVersioning",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
    ]
    resources = [var.state.bucket_arn, "${var.state.bucket_arn}/*"]
  }

  statement {
    sid    = "DenyLosingTheStateKeys"
    effect = "Deny"
    actions = [
      "kms:CreateGrant",
      "kms:DisableKey",
      "kms:DisableKeyRotation",
      "kms:PutKeyPolicy",
      "kms:ScheduleKeyDeletion",
    ]
    resources = concat([var.state.kms_key_arn], var.state.environment_key_arns)
  }
}
