# Plans only: prevent_destroy would keep a test from cleaning up after an apply.
mock_provider "aws" {
  # OpenTofu makes up what a plan does not know, and the provider checks its form.
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-2" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name = "foundations"
}

run "tightened" {
  command = plan

  assert {
    condition = (
      aws_iam_account_password_policy.this[0].minimum_password_length == 14
      && aws_iam_account_password_policy.this[0].password_reuse_prevention == 24
      && aws_iam_account_password_policy.this[0].max_password_age == 0
      && !aws_iam_account_password_policy.this[0].hard_expiry
      && aws_iam_account_password_policy.this[0].require_lowercase_characters
      && aws_iam_account_password_policy.this[0].require_uppercase_characters
      && aws_iam_account_password_policy.this[0].require_numbers
      && aws_iam_account_password_policy.this[0].require_symbols
      && aws_iam_account_password_policy.this[0].allow_users_to_change_password
    )
    error_message = "the password policy is not as stated"
  }

  assert {
    condition = (
      aws_s3_account_public_access_block.this[0].account_id == "111122223333"
      && aws_s3_account_public_access_block.this[0].block_public_acls
      && aws_s3_account_public_access_block.this[0].block_public_policy
      && aws_s3_account_public_access_block.this[0].ignore_public_acls
      && aws_s3_account_public_access_block.this[0].restrict_public_buckets
    )
    error_message = "public access is not blocked altogether"
  }

  assert {
    condition     = aws_ebs_encryption_by_default.this.enabled && aws_kms_key.ebs.enable_key_rotation && aws_kms_key.ebs.deletion_window_in_days == 30 && aws_kms_alias.ebs.name == "alias/foundations-ebs"
    error_message = "volumes are not encrypted by default, or the key does not rotate, dies too soon or has another alias"
  }

  assert {
    condition     = length(aws_iam_account_alias.this) == 0
    error_message = "an alias that nobody named"
  }
}

run "key_policy" {
  command = plan

  assert {
    condition     = [for s in data.aws_iam_policy_document.ebs_key.statement : s.sid] == ["AccountAdministersTheKey", "AccountUsesTheKeyThroughEC2", "AccountGrantsTheKeyThroughEC2"]
    error_message = "the key policy has other statements"
  }

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.ebs_key.statement :
      { for c in s.condition : c.variable => "${c.test} ${join(",", c.values)}" if c.variable != "kms:GrantIsForAWSResource" } == { "kms:CallerAccount" = "StringEquals 111122223333", "kms:ViaService" = "StringEquals ec2.eu-west-2.amazonaws.com" }
      if contains(one(s.principals).identifiers, "*")
    ])
    error_message = "a statement for everybody is not held to this account and to EC2"
  }

  assert {
    condition = alltrue([for s in data.aws_iam_policy_document.ebs_key.statement :
      anytrue([for c in s.condition : c.test == "Bool" && c.variable == "kms:GrantIsForAWSResource" && c.values == tolist(["true"])])
      if contains(s.actions, "kms:CreateGrant")
    ])
    error_message = "a grant for something else than an AWS resource is allowed"
  }
}

run "key_policy_with_service_roles" {
  command = plan

  variables {
    ebs_service_role_arns = ["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]
  }

  assert {
    condition = [for s in data.aws_iam_policy_document.ebs_key.statement : one(s.principals).identifiers if startswith(s.sid, "ServiceRoles")] == [
      toset(["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]),
      toset(["arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]),
    ]
    error_message = "the service-linked role is not in the two statements that AWS documents"
  }
}

run "a_further_region" {
  command = plan

  variables {
    regional_only = true
    account_alias = "acme-foundations"
  }

  assert {
    condition     = length(aws_iam_account_password_policy.this) == 0 && length(aws_s3_account_public_access_block.this) == 0 && length(aws_iam_account_alias.this) == 0
    error_message = "settings of the account are made twice"
  }
}

run "an_alias" {
  command = plan

  variables {
    account_alias = "acme-foundations"
  }

  assert {
    condition     = aws_iam_account_alias.this[0].account_alias == "acme-foundations"
    error_message = "the alias is another one"
  }
}

run "passwords_that_expire" {
  command = plan

  variables {
    password_policy = { minimum_length = 20, reuse_prevention = 1, max_age_days = 90, hard_expiry = true, users_may_change = false }
  }

  assert {
    condition     = aws_iam_account_password_policy.this[0].max_password_age == 90 && aws_iam_account_password_policy.this[0].hard_expiry && aws_iam_account_password_policy.this[0].minimum_password_length == 20
    error_message = "the password policy is not as stated"
  }
}

run "bad_inputs" {
  command = plan

  variables {
    name                         = "Foundations"
    password_policy              = { minimum_length = 13 }
    account_alias                = "acme--foundations"
    ebs_kms_deletion_window_days = 31
    ebs_service_role_arns        = ["arn:aws:iam::111122223333:role/worker"]
  }

  expect_failures = [var.name, var.password_policy, var.account_alias, var.ebs_kms_deletion_window_days, var.ebs_service_role_arns]
}

run "a_name_that_is_too_long" {
  command = plan

  variables {
    name = "abcdefghijklmnopqrstuvwxyz-123456"
  }

  expect_failures = [var.name]
}

run "too_many_passwords_to_remember" {
  command = plan

  variables {
    password_policy = { reuse_prevention = 25 }
  }

  expect_failures = [var.password_policy]
}

run "hard_expiry_of_what_never_expires" {
  command = plan

  variables {
    password_policy = { hard_expiry = true }
  }

  expect_failures = [var.password_policy]
}

run "passwords_that_expire_too_late" {
  command = plan

  variables {
    password_policy = { max_age_days = 1096 }
  }

  expect_failures = [var.password_policy]
}

run "an_alias_like_an_account" {
  command = plan

  variables {
    account_alias = "111122223333"
  }

  expect_failures = [var.account_alias]
}
