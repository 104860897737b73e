# A user's name and tags cannot change in one apply (provider issue 45607), so
# that this one keeps its tags.
resource "aws_iam_user" "ann" {
  name                 = local.changed ? "ann.renamed" : "ann"
  path                 = local.changed ? "/staff/" : "/people/"
  permissions_boundary = local.changed ? aws_iam_policy.read.arn : null
  force_destroy        = true
  tags                 = { Generation = "any" }
}

resource "aws_iam_user" "bob" {
  name          = "bob"
  force_destroy = true
  tags          = { Team = local.word }
}

resource "aws_iam_group" "staff" {
  name = local.changed ? "staff-renamed" : "staff"
  path = "/teams/"
}

resource "aws_iam_group" "readers" {
  name = "readers"
}

resource "aws_iam_group_membership" "staff" {
  name  = "staff"
  group = aws_iam_group.staff.name
  users = local.changed ? [aws_iam_user.ann.name, aws_iam_user.bob.name] : [aws_iam_user.ann.name]
}

resource "aws_iam_user_group_membership" "bob" {
  user   = aws_iam_user.bob.name
  groups = [aws_iam_group.readers.name]
}

resource "aws_iam_access_key" "bob" {
  user   = aws_iam_user.bob.name
  status = local.changed ? "Inactive" : "Active"
}

resource "aws_iam_user_login_profile" "bob" {
  user                    = aws_iam_user.bob.name
  password_length         = 24
  password_reset_required = true
}

resource "aws_iam_virtual_mfa_device" "ann" {
  virtual_mfa_device_name = "ann-phone"
  path                    = "/people/"
  tags                    = { Team = local.word }
}

resource "aws_iam_user_policy" "bob" {
  name   = "own"
  user   = aws_iam_user.bob.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_group_policy" "staff" {
  name   = "own"
  group  = aws_iam_group.staff.name
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_user_policy_attachment" "bob" {
  user       = aws_iam_user.bob.name
  policy_arn = "arn:aws:iam::aws:policy/IAMUserChangePassword"
}

resource "aws_iam_group_policy_attachment" "readers" {
  group      = aws_iam_group.readers.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
}

resource "aws_iam_policy" "read" {
  name        = "read"
  path        = "/room/"
  description = "Reads the room."
  policy      = data.aws_iam_policy_document.read.json
  tags        = { Team = local.word }
}

resource "aws_iam_policy" "boundary" {
  name_prefix = "boundary-"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = ["s3:*", "kms:*"], Resource = "*" }
  })
}

resource "aws_iam_policy_attachment" "boundary" {
  name       = "everywhere"
  policy_arn = aws_iam_policy.boundary.arn
  roles      = [aws_iam_role.worker.name]
  users      = local.changed ? [aws_iam_user.bob.name] : []
  groups     = [aws_iam_group.readers.name]
}

data "aws_iam_policy_document" "read" {
  statement {
    sid       = "ReadObjects"
    actions   = local.changed ? ["s3:GetObject", "s3:ListBucket", "s3:GetObjectVersion"] : ["s3:GetObject", "s3:ListBucket"]
    resources = ["arn:aws:s3:::provider-test-data", "arn:aws:s3:::provider-test-data/$${aws:username}/*"]

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["true"]
    }
  }
}

resource "aws_iam_account_alias" "this" {
  account_alias = local.changed ? "provider-test-2" : "provider-test-1"
}

resource "aws_iam_account_password_policy" "this" {
  minimum_password_length        = local.changed ? 20 : 14
  require_lowercase_characters   = true
  require_uppercase_characters   = true
  require_numbers                = true
  require_symbols                = true
  allow_users_to_change_password = true
  password_reuse_prevention      = 24
  max_password_age               = local.changed ? 90 : 0
}

resource "aws_iam_security_token_service_preferences" "this" {
  global_endpoint_token_version = "v2Token"
}
