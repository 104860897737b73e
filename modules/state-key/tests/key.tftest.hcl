# Plans only: prevent_destroy would keep a test from cleaning up after an apply.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "101246931230" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  environment = "development"
  principals  = ["arn:aws:iam::175059541256:user/terraform"]
  key_alias   = "alias/cabal-tf-state"
}

run "the_key_is_as_safe_as_a_key_can_be" {
  command = plan

  assert {
    condition     = aws_kms_key.state.enable_key_rotation && aws_kms_key.state.deletion_window_in_days == 30 && !aws_kms_key.state.multi_region
    error_message = "the key does not rotate, dies too soon or can be replicated"
  }

  assert {
    condition     = aws_kms_alias.state.name == "alias/cabal-tf-state-development"
    error_message = "the alias does not follow the environment's name: ${aws_kms_alias.state.name}"
  }

  assert {
    condition     = output.alias == "alias/cabal-tf-state-development"
    error_message = "the output alias is ${output.alias}"
  }

  assert {
    condition     = aws_kms_key.state.tags == tomap({ Environment = "development" })
    error_message = "the key does not say whose it is"
  }
}

run "tags_do_not_hide_the_environment" {
  command = plan

  variables {
    tags = { Owner = "platform", Environment = "production" }
  }

  assert {
    condition     = aws_kms_key.state.tags == tomap({ Environment = "development", Owner = "platform" })
    error_message = "the key's tags are ${jsonencode(aws_kms_key.state.tags)}"
  }
}

run "bad_names" {
  command = plan

  variables {
    environment              = "EU_prod"
    key_alias                = "alias/aws/s3"
    key_deletion_window_days = 3
  }

  expect_failures = [var.environment, var.key_alias, var.key_deletion_window_days]
}

run "a_whole_account_is_no_principal" {
  command = plan

  variables {
    principals = ["arn:aws:iam::175059541256:root"]
  }

  expect_failures = [var.principals]
}

run "everyone_is_no_principal" {
  command = plan

  variables {
    principals = ["*"]
  }

  expect_failures = [var.principals]
}

run "nobody_is_no_principal" {
  command = plan

  variables {
    principals = []
  }

  expect_failures = [var.principals]
}

run "a_wildcard_is_no_state_key" {
  command = plan

  variables {
    only_through_s3 = { bucket = "cabal-tf-backend", state_keys = ["development*"] }
  }

  expect_failures = [var.only_through_s3]
}

run "a_lock_is_no_state_key" {
  command = plan

  variables {
    only_through_s3 = { bucket = "cabal-tf-backend", state_keys = ["development.tflock"] }
  }

  expect_failures = [var.only_through_s3]
}

run "an_arn_is_no_bucket" {
  command = plan

  variables {
    only_through_s3 = { bucket = "arn:aws:s3:::cabal-tf-backend", state_keys = ["development"] }
  }

  expect_failures = [var.only_through_s3]
}
