# The fence around both roles. Services without a region answer from one region
# (mostly us-east-1) wherever the caller is, so a fence that did not leave them
# out would lock the roles out of IAM.
resource "aws_iam_role_policy" "fence" {
  for_each = var.allowed_regions == null ? {} : {
    plan  = aws_iam_role.plan.id
    apply = aws_iam_role.apply.id
  }

  name   = "region-fence"
  role   = each.value
  policy = data.aws_iam_policy_document.fence[0].json
}

data "aws_iam_policy_document" "fence" {
  count = var.allowed_regions == null ? 0 : 1

  statement {
    sid    = "DenyOtherRegions"
    effect = "Deny"
    not_actions = [
      "account:*",
      "budgets:*",
      "ce:*",
      "cloudfront:*",
      "globalaccelerator:*",
      "health:*",
      "iam:*",
      "organizations:*",
      "route53:*",
      "route53domains:*",
      "s3:GetAccountPublicAccessBlock",
      "s3:ListAllMyBuckets",
      "s3:PutAccountPublicAccessBlock",
      "shield:*",
      "sts:*",
      "support:*",
      "trustedadvisor:*",
      "waf:*",
    ]
    resources = ["*"]

    condition {
      test     = "StringNotEquals"
      variable = "aws:RequestedRegion"
      values   = sort(var.allowed_regions)
    }
  }
}
