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

# Each run costs a start of the provider, so each has one fault of every kind.
run "bad_names_and_a_whole_account" {
  command = plan

  variables {
    environment              = "EU_prod"
    principals               = ["arn:aws:iam::175059541256:root"]
    key_alias                = "alias/aws/s3"
    key_deletion_window_days = 3
    only_through_s3          = { bucket = "cabal-tf-backend", state_keys = ["development*"] }
  }

  expect_failures = [var.environment, var.principals, var.key_alias, var.key_deletion_window_days, var.only_through_s3]
}

run "everyone_and_a_lock" {
  command = plan

  variables {
    principals      = ["*"]
    only_through_s3 = { bucket = "cabal-tf-backend", state_keys = ["development.tflock"] }
  }

  expect_failures = [var.principals, var.only_through_s3]
}

run "nobody_and_an_arn" {
  command = plan

  variables {
    principals      = []
    only_through_s3 = { bucket = "arn:aws:s3:::cabal-tf-backend", state_keys = ["development"] }
  }

  expect_failures = [var.principals, var.only_through_s3]
}
