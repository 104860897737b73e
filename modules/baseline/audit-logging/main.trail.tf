# Everything that is done in the account, in every region. A trail of one region
# would not see what is done in the others, nor a sign-in of the root user, which
# AWS records in us-east-1.
resource "aws_cloudtrail" "audit" {
  name           = local.full_name
  s3_bucket_name = aws_s3_bucket.audit.id
  kms_key_id     = aws_kms_key.audit.arn
  tags           = var.tags

  is_multi_region_trail         = true
  include_global_service_events = true
  enable_logging                = true

  # An hourly digest, signed by AWS, names the hash of every log file: a file that
  # was changed or taken away is found by `aws cloudtrail validate-logs`.
  enable_log_file_validation = true

  # CloudTrail wants the group's ARN with a star for its streams.
  cloud_watch_logs_group_arn = "${aws_cloudwatch_log_group.audit.arn}:*"
  cloud_watch_logs_role_arn  = aws_iam_role.logs.arn

  # All of them, reads too: who looked around before the change is half the story.
  advanced_event_selector {
    name = "management"

    field_selector {
      field  = "eventCategory"
      equals = ["Management"]
    }
  }

  # Who read or wrote a state. Not of the trail's own bucket: each delivery would
  # be an event that leads to the next delivery.
  dynamic "advanced_event_selector" {
    for_each = var.state_bucket_arn == null ? [] : [var.state_bucket_arn]

    content {
      name = "state"

      field_selector {
        field  = "eventCategory"
        equals = ["Data"]
      }

      field_selector {
        field  = "resources.type"
        equals = ["AWS::S3::Object"]
      }

      field_selector {
        field       = "resources.ARN"
        starts_with = ["${advanced_event_selector.value}/"]
      }
    }
  }

  # AWS tries the bucket and the role when the trail is made.
  depends_on = [
    aws_iam_role_policy.logs,
    aws_s3_bucket_ownership_controls.audit,
    aws_s3_bucket_policy.audit,
    aws_s3_bucket_server_side_encryption_configuration.audit,
    aws_s3_bucket_versioning.audit,
  ]

  lifecycle {
    precondition {
      condition     = var.state_bucket_arn != local.bucket_arn
      error_message = "The state bucket and the trail's bucket are both ${local.bucket}: every log file that CloudTrail writes there would be an event of its own, for ever."
    }
  }
}
