# Nobody should have a password here: people assume a role. Where somebody has one
# after all, it is a long one.
resource "aws_iam_account_password_policy" "this" {
  count = local.account_settings

  minimum_password_length        = var.password_policy.minimum_length
  password_reuse_prevention      = var.password_policy.reuse_prevention
  max_password_age               = coalesce(var.password_policy.max_age_days, 0)
  hard_expiry                    = var.password_policy.hard_expiry
  require_lowercase_characters   = var.password_policy.require_lowercase
  require_uppercase_characters   = var.password_policy.require_uppercase
  require_numbers                = var.password_policy.require_numbers
  require_symbols                = var.password_policy.require_symbols
  allow_users_to_change_password = var.password_policy.users_may_change
}

# Above every bucket's own block: whatever a bucket, an object or an access point
# allows, S3 refuses the public.
resource "aws_s3_account_public_access_block" "this" {
  count = local.account_settings

  account_id              = local.account
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# An account has one alias at most: creating one replaces the one that is there,
# without a word. Adopt it first, with an import block in the root module (import
# blocks are not legal anywhere else).
resource "aws_iam_account_alias" "this" {
  count = var.account_alias == null ? 0 : local.account_settings

  account_alias = var.account_alias
}
