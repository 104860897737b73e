# The fence, apart from the grant so that each can be read by itself: whatever is
# granted, nothing is done outside the allowed regions. NotAction, so that a service
# that AWS adds tomorrow is behind the fence too.
resource "aws_iam_role_policy" "fence" {
  name   = "region-fence"
  role   = aws_iam_role.operator.id
  policy = data.aws_iam_policy_document.fence.json
}

locals {
  # What has no region answers from one region (mostly us-east-1) wherever the
  # caller is. Each entry says why it is there; the README shows them as a table.
  global = jsondecode(file("${path.module}/global_services.json"))
}

data "aws_iam_policy_document" "fence" {
  statement {
    sid         = "DenyOtherRegions"
    effect      = "Deny"
    not_actions = [for entry in local.global.outside : entry.action]
    resources   = ["*"]

    condition {
      test     = "StringNotEquals"
      variable = "aws:RequestedRegion"
      values   = sort(var.allowed_regions)
    }
  }
}
