data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# The way in for people. Its power comes from an administrator's grant; what
# defines it is the door (main.trust below) and the fence (main.fence.tf).
resource "aws_iam_role" "operator" {
  name                 = var.role_name
  description          = "Operator of ${var.name}: with MFA, in the allowed regions"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = var.max_session_seconds
  tags                 = var.tags
}

# After the fence: an administrator without a fence must not exist for a moment.
resource "aws_iam_role_policy_attachment" "administrator" {
  role       = aws_iam_role_policy.fence.role
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/AdministratorAccess"
}

# The root principal of this account stands for the account: an identity of it that
# its own IAM policy lets assume the role may come in, and nobody else. A user of
# another account cannot, whatever that account allows.
data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "PeopleWithFreshMFA"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"]
    }

    # Absent from a request with long-lived keys and no code, and then not true:
    # Bool and not BoolIfExists.
    condition {
      test     = "Bool"
      variable = "aws:MultiFactorAuthPresent"
      values   = ["true"]
    }

    # Seconds since the code was given. Absent without MFA, and then no number is
    # small enough.
    condition {
      test     = "NumericLessThanEquals"
      variable = "aws:MultiFactorAuthAge"
      values   = [tostring(var.mfa_max_age_seconds)]
    }
  }
}
