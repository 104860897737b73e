# Plans only: prevent_destroy would keep a test from cleaning up after an apply.
mock_provider "aws" {
  # OpenTofu makes up what a plan does not know, and the provider checks its form.
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/foundations/foundations-config" }
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

run "records_everything" {
  command = plan

  assert {
    condition     = aws_config_configuration_recorder.this.name == "foundations" && aws_config_configuration_recorder.this.recording_group[0].all_supported && aws_config_configuration_recorder.this.recording_group[0].include_global_resource_types && aws_config_configuration_recorder.this.recording_mode[0].recording_frequency == "CONTINUOUS"
    error_message = "the recorder leaves something out"
  }

  assert {
    condition     = aws_config_configuration_recorder_status.this.is_enabled
    error_message = "the recorder is not started"
  }

  assert {
    condition     = aws_config_delivery_channel.this.s3_bucket_name == "foundations-config-111122223333" && aws_config_delivery_channel.this.snapshot_delivery_properties[0].delivery_frequency == "TwentyFour_Hours"
    error_message = "what is recorded goes elsewhere, or no snapshot is taken"
  }
}

run "the_role" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/foundations-boundary"
  }

  assert {
    condition     = aws_iam_role.config[0].name == "foundations-config" && aws_iam_role.config[0].path == "/foundations/" && aws_iam_role.config[0].permissions_boundary == "arn:aws:iam::111122223333:policy/foundations-boundary"
    error_message = "the role has another name or path, or no boundary"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.trust.statement[0].principals).identifiers == toset(["config.amazonaws.com"]) && { for c in data.aws_iam_policy_document.trust.statement[0].condition : c.variable => c.values } == { "aws:SourceAccount" = tolist(["111122223333"]) }
    error_message = "somebody else than Config, for this account, is trusted"
  }

  assert {
    condition     = { for s in data.aws_iam_policy_document.delivery.statement : s.sid => s.resources if s.sid != "UseTheKey" } == { SeeTheBucket = toset(["arn:aws:s3:::foundations-config-111122223333"]), Deliver = toset(["arn:aws:s3:::foundations-config-111122223333/AWSLogs/111122223333/Config/*"]) }
    error_message = "the role writes elsewhere"
  }
}

run "guards_are_on" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.config[0].versioning_configuration[0].status == "Enabled" && aws_s3_bucket_ownership_controls.config[0].rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "old versions are not kept, or ACLs are on"
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.config[0].rule :
      rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "the default is not SSE-KMS with a bucket key"
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.config[0].block_public_acls
      && aws_s3_bucket_public_access_block.config[0].block_public_policy
      && aws_s3_bucket_public_access_block.config[0].ignore_public_acls
      && aws_s3_bucket_public_access_block.config[0].restrict_public_buckets
    )
    error_message = "public access is not blocked altogether"
  }

  assert {
    condition     = aws_kms_key.config[0].enable_key_rotation && aws_kms_key.config[0].deletion_window_in_days == 30 && aws_kms_alias.config[0].name == "alias/foundations-config"
    error_message = "the key does not rotate, dies too soon or has another alias"
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.config) == 0
    error_message = "lifecycle rules that nobody asked for"
  }
}

run "policies" {
  command = plan

  assert {
    condition     = [for s in data.aws_iam_policy_document.bucket[0].statement : s.sid if s.effect == "Deny"] == ["DenyPlainHTTP", "DenyUploadWithoutSSEKMS", "DenyUploadThatNamesNoKey", "DenyUploadUnderAnotherKey"]
    error_message = "the bucket policy refuses something else"
  }

  assert {
    condition = alltrue([for s in concat(data.aws_iam_policy_document.bucket[0].statement, data.aws_iam_policy_document.key.statement) :
      one(s.principals).identifiers == toset(["config.amazonaws.com"]) && anytrue([for c in s.condition : c.test == "StringEquals" && c.variable == "aws:SourceAccount" && c.values == tolist(["111122223333"])])
      if s.effect != "Deny" && s.sid != "AccountAdministersTheKey"
    ])
    error_message = "somebody else than Config, for this account, is let in"
  }

  assert {
    condition     = one([for s in data.aws_iam_policy_document.bucket[0].statement : s.resources if s.sid == "AllowConfigToDeliver"]) == toset(["arn:aws:s3:::foundations-config-111122223333/AWSLogs/111122223333/Config/*"])
    error_message = "Config may write elsewhere"
  }
}

run "a_further_region" {
  command = plan

  variables {
    global_resources = false
    delivery_bucket = {
      name        = "foundations-config-111122223333"
      kms_key_arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      role_arn    = "arn:aws:iam::111122223333:role/foundations/foundations-config"
    }
  }

  assert {
    condition     = length(aws_s3_bucket.config) + length(aws_kms_key.config) + length(aws_iam_role.config) + length(aws_s3_bucket_policy.config) == 0
    error_message = "the second region makes a bucket, key or role of its own"
  }

  assert {
    condition = (
      aws_config_delivery_channel.this.s3_bucket_name == "foundations-config-111122223333"
      && aws_config_delivery_channel.this.s3_kms_key_arn == "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      && aws_config_configuration_recorder.this.role_arn == "arn:aws:iam::111122223333:role/foundations/foundations-config"
      && !aws_config_configuration_recorder.this.recording_group[0].include_global_resource_types
    )
    error_message = "the second region does not deliver to the first one's bucket"
  }
}

run "expiry" {
  command = plan

  variables {
    expire_days = 365
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.config[0].rule[0].expiration[0].days == 365 && aws_s3_bucket_lifecycle_configuration.config[0].rule[0].noncurrent_version_expiration[0].noncurrent_days == 365
    error_message = "what is old stays"
  }
}

run "bad_inputs" {
  command = plan

  variables {
    name                     = "foundations-"
    bucket                   = "Acme.Config"
    recording_frequency      = "HOURLY"
    snapshot_frequency       = "Two_Hours"
    key_deletion_window_days = 3
    permissions_boundary_arn = "foundations-boundary"
  }

  expect_failures = [var.name, var.bucket, var.recording_frequency, var.snapshot_frequency, var.key_deletion_window_days, var.permissions_boundary_arn]
}

run "a_history_that_is_gone_too_soon" {
  command = plan

  variables {
    expire_days = 30
  }

  expect_failures = [var.expire_days]
}

run "a_bucket_to_make_and_one_that_is_there" {
  command = plan

  variables {
    bucket = "acme-config"
    delivery_bucket = {
      name        = "foundations-config-111122223333"
      kms_key_arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      role_arn    = "arn:aws:iam::111122223333:role/foundations/foundations-config"
    }
  }

  expect_failures = [var.delivery_bucket]
}

run "expiry_of_a_bucket_that_is_not_made_here" {
  command = plan

  variables {
    expire_days = 365
    delivery_bucket = {
      name        = "foundations-config-111122223333"
      kms_key_arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      role_arn    = "arn:aws:iam::111122223333:role/foundations/foundations-config"
    }
  }

  expect_failures = [var.expire_days]
}
