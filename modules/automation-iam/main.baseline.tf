# CI builds the baseline (trail, detectors, alerts, the people's role) and must
# not be able to take it down again. A policy that said so from the start would
# keep CI from building it: a new trail is told what to record after it was
# made. So the guard is written here, by a person, and the src stack attaches it
# to the apply role as its last act. CI closes the door behind itself: it may not
# detach the guard, nor change what it says (main.apply.tf). Whoever wants the
# baseline otherwise applies that change as a person, with the operator's role.
resource "aws_iam_policy" "baseline_guard" {
  count = var.baseline == null ? 0 : 1

  name        = "${var.name}-baseline-guard"
  description = "What the apply role may no longer do once the baseline is built"
  policy      = data.aws_iam_policy_document.baseline_guard[0].json
  tags        = var.tags
}

# Without this, CI would make itself another role that the guard is not attached
# to. Every role it makes must carry this boundary: everything, less the same
# denials.
resource "aws_iam_policy" "boundary" {
  count = var.baseline == null ? 0 : 1

  name        = "${var.name}-boundary"
  description = "The most that a role made by CI can do"
  policy      = data.aws_iam_policy_document.boundary[0].json
  tags        = var.tags
}

data "aws_iam_policy_document" "boundary" {
  count = var.baseline == null ? 0 : 1

  source_policy_documents = [data.aws_iam_policy_document.baseline_guard[0].json]

  # And what the apply role's own guard denies, in fewer characters.
  statement {
    sid    = "DenyLongLivedCredentials"
    effect = "Deny"
    actions = [
      "iam:CreateAccessKey",
      "iam:CreateLoginProfile",
      "iam:CreateServiceSpecificCredential",
      "iam:CreateUser",
      "iam:UpdateLoginProfile",
      "iam:UploadS*",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "DenyTheFoundations"
    effect = "Deny"
    actions = [
      "iam:AddClientID*",
      "iam:CreatePolicyVersion",
      "iam:DeleteOpen*",
      "iam:DeletePolicy*",
      "iam:RemoveClientID*",
      "iam:SetDefaultPolicyVersion",
      "iam:UpdateOpen*",
    ]
    resources = [local.provider_arn, local.baseline_guard_arn, local.boundary_arn]
  }

  statement {
    sid    = "DenyTheStateBucket"
    effect = "Deny"
    actions = [
      "s3:DeleteBucket*",
      "s3:DeleteObjectVersion*",
      "s3:PutBucket*",
      "s3:PutEncryptionConfiguration",
      "s3:PutLifecycleConfiguration",
      "s3:PutReplicationConfiguration",
    ]
    resources = [var.state.bucket_arn, "${var.state.bucket_arn}/*"]
  }

  statement {
    sid       = "AllowTheRest"
    actions   = ["*"]
    resources = ["*"]
  }
}

locals {
  # The baseline's keys, and those of the states.
  aliases = concat(["alias/${var.name}-*"], var.state.key_alias == null ? [] : [var.state.key_alias, "${var.state.key_alias}-*"])

  # What is made for a room is called after it. A star stands for the region, or
  # for what follows the room's name.
  baseline = {
    trail      = "arn:${local.partition}:cloudtrail:*:${local.account}:trail/${var.name}-*"
    log_groups = ["arn:${local.partition}:logs:*:${local.account}:log-group:${var.name}-*"]
    rules      = "arn:${local.partition}:events:*:${local.account}:rule/${var.name}-*"
    topics     = "arn:${local.partition}:sns:*:${local.account}:${var.name}-*"
    alarms     = "arn:${local.partition}:cloudwatch:*:${local.account}:alarm:${var.name}-*"
    functions  = "arn:${local.partition}:lambda:*:${local.account}:function:${var.name}-*"
    parameters = "arn:${local.partition}:ssm:*:${local.account}:parameter/${var.name}/*"
    # Roles that CI makes stand under this path; the baseline's own begin with
    # the name once more.
    roles     = "arn:${local.partition}:iam::${local.account}:role/${var.name}/*"
    own_roles = "arn:${local.partition}:iam::${local.account}:role/${var.name}/${var.name}-*"
  }
}

# Short action patterns, because a managed policy has 6,144 characters.
data "aws_iam_policy_document" "baseline_guard" {
  count = var.baseline == null ? 0 : 1

  # Stopped, redirected, blinded.
  statement {
    sid    = "DenyTheTrail"
    effect = "Deny"
    actions = [
      "cloudtrail:DeleteTrail",
      "cloudtrail:PutEventSelectors",
      "cloudtrail:StopLogging",
      "cloudtrail:UpdateTrail",
    ]
    resources = [local.baseline.trail]
  }

  # What the bucket policies say holds as long as nobody changes the bucket
  # policies. Services still write: that is s3:PutObject.
  dynamic "statement" {
    for_each = length(var.baseline.buckets) == 0 ? [] : [sort(var.baseline.buckets)]

    content {
      sid    = "DenyTheLogs"
      effect = "Deny"
      actions = [
        "s3:Delete*",
        "s3:PutBucket*",
        "s3:PutEncryptionConfiguration",
        "s3:PutLifecycleConfiguration",
        "s3:PutReplicationConfiguration",
      ]
      resources = flatten([for bucket in statement.value : [
        "arn:${local.partition}:s3:::${bucket}", "arn:${local.partition}:s3:::${bucket}/*",
      ]])
    }
  }

  # A key is known by its alias here: its ID does not exist yet. So the aliases
  # must not move either.
  statement {
    sid    = "DenyTheKeys"
    effect = "Deny"
    actions = [
      "kms:DisableKey*",
      "kms:PutKeyPolicy",
      "kms:ScheduleKeyDeletion",
    ]
    resources = ["*"]

    condition {
      test     = "ForAnyValue:StringLike"
      variable = "kms:ResourceAliases"
      values   = local.aliases
    }
  }

  statement {
    sid       = "DenyTheAliases"
    effect    = "Deny"
    actions   = ["kms:DeleteAlias", "kms:UpdateAlias"]
    resources = [for alias in local.aliases : "arn:${local.partition}:kms:*:${local.account}:${alias}"]
  }

  # Turned off, or told to look away: filters, trusted lists, suppression.
  statement {
    sid    = "DenyDetection"
    effect = "Deny"
    actions = [
      "access-analyzer:ApplyArchiveRule",
      "access-analyzer:CreateArchiveRule",
      "access-analyzer:Delete*",
      "access-analyzer:Update*",
      "config:DeleteConfigurationRecorder",
      "config:DeleteDeliveryChannel",
      "config:PutConfigurationRecorder",
      "config:PutDeliveryChannel",
      "config:StopConfigurationRecorder",
      "guardduty:ArchiveFindings",
      "guardduty:Create*Set",
      "guardduty:CreateFilter",
      "guardduty:Delete*",
      "guardduty:Disassociate*",
      "guardduty:Update*",
      "securityhub:BatchDeleteAutomationRules",
      "securityhub:BatchDisable*",
      "securityhub:BatchUpdate*",
      "securityhub:CreateAutomationRule*",
      "securityhub:Disable*",
      "securityhub:Update*",
    ]
    resources = ["*"]
  }

  statement {
    sid    = "DenyTheAlerts"
    effect = "Deny"
    actions = [
      "cloudwatch:Delete*",
      "cloudwatch:DisableAlarmActions",
      "cloudwatch:Put*",
      "cloudwatch:SetAlarmState",
      "events:DeleteRule",
      "events:DisableRule",
      "events:Put*",
      "events:RemoveTargets",
      "lambda:Delete*",
      "lambda:Put*",
      "lambda:*Permission",
      "lambda:Update*",
      "logs:*KmsKey",
      "logs:Delete*",
      "logs:PutDataProtectionPolicy",
      "logs:PutMetricFilter",
      "logs:PutRetentionPolicy",
      "logs:PutTransformer",
      "sns:*Permission",
      "sns:Delete*",
      "sns:Set*",
      "sns:Unsubscribe",
      "ssm:Delete*",
      "ssm:PutParameter",
    ]
    resources = concat(local.baseline.log_groups, [
      local.baseline.alarms,
      local.baseline.functions,
      local.baseline.parameters,
      local.baseline.rules,
      local.baseline.topics,
    ])
  }

  statement {
    sid    = "DenyTheHardening"
    effect = "Deny"
    actions = [
      "cloudwatch:PutAlarmMuteRule",
      "ec2:DisableEbsEncryptionByDefault",
      "ec2:ModifyEbsDefaultKmsKeyId",
      "ec2:ResetEbsDefaultKmsKeyId",
      "iam:DeleteAccountPasswordPolicy",
      "iam:UpdateAccountPasswordPolicy",
      "s3:PutAccountPublicAccessBlock",
    ]
    resources = ["*"]
  }

  # The people's role, the pipelines' own, and those that the baseline's services
  # work with.
  statement {
    sid    = "DenyTheRoles"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DeleteRole*",
      "iam:DetachRolePolicy",
      "iam:PutRole*",
      "iam:Update*Role*",
    ]
    resources = concat(local.role_arns, [
      local.baseline.own_roles,
      "arn:${local.partition}:iam::${local.account}:role/${var.baseline.operator_role}",
    ])
  }

  # A negated operator is also true when there is no boundary at all.
  statement {
    sid    = "DenyRolesWithoutTheBoundary"
    effect = "Deny"
    actions = [
      "iam:AttachRolePolicy",
      "iam:CreateRole",
      "iam:DeleteRolePolicy",
      "iam:DetachRolePolicy",
      "iam:PutRole*",
      "iam:UpdateAssumeRolePolicy",
    ]
    resources = ["*"]

    condition {
      test     = "ArnNotEquals"
      variable = "iam:PermissionsBoundary"
      values   = [local.boundary_arn]
    }
  }

  # The other ways to somebody else's rights: users, groups, taking the boundary
  # off again.
  statement {
    sid    = "DenyEmpoweringOthers"
    effect = "Deny"
    actions = [
      "iam:AddUserToGroup",
      "iam:AttachGroupPolicy",
      "iam:AttachUserPolicy",
      "iam:DeleteRolePermissionsBoundary",
      "iam:DeleteUserP*",
      "iam:PutGroupPolicy",
      "iam:PutUserP*",
    ]
    resources = ["*"]
  }

  # And the roles that were in the account before: neither assumed nor passed on.
  statement {
    sid           = "DenyOtherRoles"
    effect        = "Deny"
    actions       = ["iam:PassRole", "sts:AssumeRole"]
    not_resources = [local.baseline.roles]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }
}
