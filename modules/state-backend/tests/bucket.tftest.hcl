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
  bucket    = "acme-state"
  key_alias = "alias/acme-state"
}

run "guards_are_on" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled"
    error_message = "old versions are not kept"
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.state.rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "the default is not SSE-KMS with a bucket key"
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.state.block_public_acls
      && aws_s3_bucket_public_access_block.state.block_public_policy
      && aws_s3_bucket_public_access_block.state.ignore_public_acls
      && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    )
    error_message = "public access is not blocked altogether"
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.state.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs are on"
  }

  assert {
    condition     = aws_kms_key.state.enable_key_rotation && aws_kms_key.state.deletion_window_in_days == 30 && aws_kms_alias.state.name == "alias/acme-state"
    error_message = "the key does not rotate, dies too soon or has another alias"
  }

  assert {
    condition     = length(aws_kms_key.environment) == 0
    error_message = "a key for an environment that nobody named"
  }
}

run "lifecycle_by_default" {
  command = plan

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.state[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 90 && aws_s3_bucket_lifecycle_configuration.state[0].rule[0].noncurrent_version_expiration[0].newer_noncurrent_versions == 10
    error_message = "old versions do not go after 90 days with 10 kept"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.state[0].rule[1].abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "unfinished uploads are not aborted"
  }
}

run "null_lifecycle_keeps_everything" {
  command = plan

  variables {
    lifecycle_rules = null
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.state) == 0
    error_message = "lifecycle rules that were asked not to be there"
  }
}

run "a_key_for_each_environment" {
  command = plan

  variables {
    environments = {
      staging    = { principals = ["arn:aws:iam::222233334444:role/terraform"], state_keys = ["staging/terraform.tfstate"] }
      production = { principals = ["arn:aws:iam::333344445555:user/terraform"], state_keys = ["production/terraform.tfstate"] }
    }
  }

  assert {
    condition     = keys(aws_kms_key.environment) == ["production", "staging"] && alltrue([for key in aws_kms_key.environment : key.enable_key_rotation])
    error_message = "an environment is without a rotating key of its own"
  }

  assert {
    condition     = aws_kms_alias.environment["staging"].name == "alias/acme-state-staging"
    error_message = "an environment's alias does not follow its name"
  }
}

run "principal_of_this_account" {
  command = plan

  variables {
    environments = {
      staging = { principals = ["arn:aws:iam::111122223333:role/terraform"], state_keys = ["staging/terraform.tfstate"] }
    }
  }

  expect_failures = [aws_s3_bucket_policy.state]
}

run "bad_names" {
  command = plan

  variables {
    bucket                   = "Acme.State"
    key_alias                = "alias/aws/s3"
    key_deletion_window_days = 3
    lifecycle_rules          = { noncurrent_days = 0, newer_noncurrent_kept = 0 }
  }

  expect_failures = [var.bucket, var.key_alias, var.key_deletion_window_days, var.lifecycle_rules]
}

run "a_whole_account_is_no_principal" {
  command = plan

  variables {
    environments = { staging = { principals = ["arn:aws:iam::222233334444:root"], state_keys = ["staging"] } }
  }

  expect_failures = [var.environments]
}

run "a_wildcard_is_no_state_key" {
  command = plan

  variables {
    environments = { staging = { principals = ["arn:aws:iam::222233334444:role/terraform"], state_keys = ["staging/*"] } }
  }

  expect_failures = [var.environments]
}

run "two_environments_share_a_state" {
  command = plan

  variables {
    environments = {
      staging    = { principals = ["arn:aws:iam::222233334444:role/terraform"], state_keys = ["shared"] }
      production = { principals = ["arn:aws:iam::333344445555:role/terraform"], state_keys = ["shared"] }
    }
  }

  expect_failures = [var.environments]
}

run "two_environments_share_a_principal" {
  command = plan

  variables {
    environments = {
      staging    = { principals = ["arn:aws:iam::222233334444:role/terraform"], state_keys = ["staging"] }
      production = { principals = ["arn:aws:iam::222233334444:role/terraform"], state_keys = ["production"] }
    }
  }

  expect_failures = [var.environments]
}

run "an_environment_name_that_makes_no_alias" {
  command = plan

  variables {
    environments = { "EU_prod" = { principals = ["arn:aws:iam::222233334444:role/terraform"], state_keys = ["production"] } }
  }

  expect_failures = [var.environments]
}
