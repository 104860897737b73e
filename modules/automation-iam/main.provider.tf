# AWS keeps no thumbprint for an issuer whose certificate comes from a public
# authority, so none is set: it reads the forge's keys over verified TLS.
resource "aws_iam_openid_connect_provider" "forge" {
  url            = local.issuer_url
  client_id_list = [local.audience]
  tags           = var.tags
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  dynamic "statement" {
    for_each = {
      for sid, trust in {
        ForgeExact   = { test = "StringEquals", subjects = local.exact_subjects[each.key] }
        ForgePattern = { test = "StringLike", subjects = local.pattern_subjects[each.key] }
      } : sid => trust if length(trust.subjects) > 0
    }
    iterator = trust

    content {
      sid     = trust.key
      actions = ["sts:AssumeRoleWithWebIdentity"]

      principals {
        type        = "Federated"
        identifiers = [local.provider_arn]
      }

      # A token that was issued for somebody else is not for AWS, whoever
      # presents it.
      condition {
        test     = "StringEquals"
        variable = "${local.issuer}:aud"
        values   = [local.audience]
      }

      condition {
        test     = trust.value.test
        variable = "${local.issuer}:sub"
        values   = trust.value.subjects
      }
    }
  }
}
