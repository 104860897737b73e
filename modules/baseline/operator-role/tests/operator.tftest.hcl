# Plans only: prevent_destroy would keep a test from cleaning up after an apply.
mock_provider "aws" {
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
  name            = "foundations"
  allowed_regions = ["eu-west-2", "eu-west-1"]
}

run "the_door" {
  command = plan

  assert {
    condition     = length(data.aws_iam_policy_document.trust.statement) == 1 && data.aws_iam_policy_document.trust.statement[0].effect != "Deny" && data.aws_iam_policy_document.trust.statement[0].actions == toset(["sts:AssumeRole"])
    error_message = "there is another way in"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.trust.statement[0].principals).type == "AWS" && one(data.aws_iam_policy_document.trust.statement[0].principals).identifiers == toset(["arn:aws:iam::111122223333:root"])
    error_message = "somebody else than this account's root principal is trusted"
  }

  assert {
    condition = { for c in data.aws_iam_policy_document.trust.statement[0].condition : c.variable => "${c.test} ${join(",", c.values)}" } == {
      "aws:MultiFactorAuthPresent" = "Bool true"
      "aws:MultiFactorAuthAge"     = "NumericLessThanEquals 3600"
    }
    error_message = "MFA is not asked for, or may be stale"
  }
}

run "the_role" {
  command = plan

  assert {
    condition     = aws_iam_role.operator.name == "InfraAdmin" && aws_iam_role.operator.max_session_duration == 3600 && aws_iam_role_policy_attachment.administrator.policy_arn == "arn:aws:iam::aws:policy/AdministratorAccess"
    error_message = "the role has another name, length or grant"
  }
}

run "the_fence" {
  command = plan

  assert {
    condition     = length(data.aws_iam_policy_document.fence.statement) == 1 && data.aws_iam_policy_document.fence.statement[0].effect == "Deny" && data.aws_iam_policy_document.fence.statement[0].resources == toset(["*"]) && length(coalesce(data.aws_iam_policy_document.fence.statement[0].actions, [])) == 0
    error_message = "the fence is not one denial of everything but what it names"
  }

  assert {
    condition     = { for c in data.aws_iam_policy_document.fence.statement[0].condition : c.variable => "${c.test} ${join(",", c.values)}" } == { "aws:RequestedRegion" = "StringNotEquals eu-west-1,eu-west-2" }
    error_message = "the fence is around other regions"
  }

  assert {
    condition     = contains(data.aws_iam_policy_document.fence.statement[0].not_actions, "iam:*") && contains(data.aws_iam_policy_document.fence.statement[0].not_actions, "sts:*")
    error_message = "the fence locks the operator out of what has no region"
  }

  assert {
    condition     = length(setintersection(data.aws_iam_policy_document.fence.statement[0].not_actions, ["*", "ec2:*", "kms:*", "s3:*", "lambda:*"])) == 0
    error_message = "a gate lets through what has a region"
  }
}

run "other_bounds" {
  command = plan

  variables {
    role_name           = "Operator"
    mfa_max_age_seconds = 900
    max_session_seconds = 7200
  }

  assert {
    condition     = aws_iam_role.operator.name == "Operator" && aws_iam_role.operator.max_session_duration == 7200 && anytrue([for c in data.aws_iam_policy_document.trust.statement[0].condition : c.variable == "aws:MultiFactorAuthAge" && c.values == tolist(["900"])])
    error_message = "the inputs are not used"
  }
}

run "bad_inputs" {
  command = plan

  variables {
    name                = "9lives"
    role_name           = "Infra Admin"
    allowed_regions     = []
    mfa_max_age_seconds = 43201
    max_session_seconds = 60
  }

  expect_failures = [var.name, var.role_name, var.allowed_regions, var.mfa_max_age_seconds, var.max_session_seconds]
}

run "a_pattern_is_no_region" {
  command = plan

  variables {
    allowed_regions = ["eu-*"]
  }

  expect_failures = [var.allowed_regions]
}

run "half_a_second" {
  command = plan

  variables {
    mfa_max_age_seconds = 900.5
  }

  expect_failures = [var.mfa_max_age_seconds]
}
