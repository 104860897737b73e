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
  # OpenTofu makes up what a plan does not know yet, and the provider checks ARNs.
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-2:111122223333:log-group:acme-audit" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/acme/acme-audit-logs" }
  }
}

variables {
  name             = "acme"
  state_bucket_arn = "arn:aws:s3:::acme-state"
}

run "names" {
  command = plan

  assert {
    condition     = aws_cloudtrail.audit.name == "acme-audit" && aws_cloudwatch_log_group.audit.name == "acme-audit" && aws_kms_alias.audit.name == "alias/acme-audit"
    error_message = "trail, log group and alias are not called NAME-audit"
  }

  assert {
    condition     = aws_s3_bucket.audit.bucket == "acme-audit-111122223333"
    error_message = "the bucket is not called NAME-audit-ACCOUNT: ${aws_s3_bucket.audit.bucket}"
  }

  assert {
    condition     = aws_iam_role.logs.name == "acme-audit-logs" && aws_iam_role.logs.path == "/acme/" && aws_iam_role.logs.permissions_boundary == null
    error_message = "the role is not /NAME/NAME-audit-logs without a boundary"
  }
}

run "the_trail_sees_everything" {
  command = plan

  assert {
    condition     = aws_cloudtrail.audit.is_multi_region_trail && aws_cloudtrail.audit.include_global_service_events && aws_cloudtrail.audit.enable_logging && aws_cloudtrail.audit.enable_log_file_validation
    error_message = "the trail misses regions, global services or validation, or does not log"
  }

  assert {
    condition = [for selector in aws_cloudtrail.audit.advanced_event_selector : {
      for field in selector.field_selector : field.field => coalescelist(field.equals, field.starts_with)
      }] == [
      { "eventCategory" = tolist(["Management"]) },
      { "eventCategory" = tolist(["Data"]), "resources.type" = tolist(["AWS::S3::Object"]), "resources.ARN" = tolist(["arn:aws:s3:::acme-state/"]) },
    ]
    error_message = "the trail does not record all management events and the state bucket's data events: ${jsonencode(aws_cloudtrail.audit.advanced_event_selector)}"
  }
}

run "no_state_bucket" {
  command = plan

  variables {
    state_bucket_arn = null
  }

  assert {
    condition     = [for selector in aws_cloudtrail.audit.advanced_event_selector : selector.name] == ["management"]
    error_message = "data events that nobody asked for"
  }
}

run "bucket_and_key_are_guarded" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.audit.versioning_configuration[0].status == "Enabled"
    error_message = "old versions are not kept"
  }

  assert {
    condition = alltrue([for rule in aws_s3_bucket_server_side_encryption_configuration.audit.rule :
      !rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    ])
    error_message = "the default is not SSE-KMS with a data key for each object"
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.audit.block_public_acls
      && aws_s3_bucket_public_access_block.audit.block_public_policy
      && aws_s3_bucket_public_access_block.audit.ignore_public_acls
      && aws_s3_bucket_public_access_block.audit.restrict_public_buckets
    )
    error_message = "public access is not blocked altogether"
  }

  assert {
    condition     = aws_s3_bucket_ownership_controls.audit.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs are on"
  }

  assert {
    condition     = aws_kms_key.audit.enable_key_rotation && aws_kms_key.audit.deletion_window_in_days == 30
    error_message = "the key does not rotate or dies too soon"
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.audit) == 0 && aws_cloudwatch_log_group.audit.retention_in_days == 365
    error_message = "log files expire without being asked to, or the log group keeps events for another time than a year"
  }
}

run "everything_otherwise" {
  command = plan

  variables {
    bucket                   = "acme-logs"
    retention_days           = 90
    expire_days              = 400
    key_deletion_window_days = 7
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/acme-boundary"
    tags                     = { Team = "security" }
  }

  assert {
    condition     = aws_s3_bucket.audit.bucket == "acme-logs" && aws_cloudwatch_log_group.audit.retention_in_days == 90 && aws_kms_key.audit.deletion_window_in_days == 7
    error_message = "bucket, retention or deletion window are not as asked"
  }

  assert {
    condition     = aws_s3_bucket_lifecycle_configuration.audit[0].rule[0].expiration[0].days == 400
    error_message = "log files do not expire when they should"
  }

  assert {
    condition     = aws_iam_role.logs.permissions_boundary == "arn:aws:iam::111122223333:policy/acme-boundary"
    error_message = "the role has no boundary"
  }

  assert {
    condition     = alltrue([for tags in [aws_cloudtrail.audit.tags, aws_s3_bucket.audit.tags, aws_kms_key.audit.tags, aws_cloudwatch_log_group.audit.tags, aws_iam_role.logs.tags] : tags == tomap({ Team = "security" })])
    error_message = "something goes without its tags"
  }
}

run "the_state_bucket_is_another" {
  command = plan

  variables {
    bucket = "acme-state"
  }

  expect_failures = [aws_cloudtrail.audit]
}

run "bad_values" {
  command = plan

  variables {
    name                     = "Acme"
    bucket                   = "acme.logs"
    state_bucket_arn         = "arn:aws:s3:::acme-state/*"
    retention_days           = 7
    expire_days              = 30
    key_deletion_window_days = 31
    permissions_boundary_arn = "AdministratorAccess"
  }

  expect_failures = [
    var.name, var.bucket, var.state_bucket_arn, var.retention_days, var.expire_days, var.key_deletion_window_days,
    var.permissions_boundary_arn,
  ]
}

run "a_name_too_long_for_the_bucket" {
  command = plan

  variables {
    name = "a23456789-123456789-123456789-123456789-12345"
  }

  expect_failures = [var.name]
}

run "half_a_day" {
  command = plan

  variables {
    expire_days              = 90.5
    key_deletion_window_days = 7.5
  }

  expect_failures = [var.expire_days, var.key_deletion_window_days]
}
