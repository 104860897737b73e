resource "aws_config_configuration_recorder" "this" {
  name     = var.name
  role_arn = local.role_arn

  recording_group {
    all_supported                 = true
    include_global_resource_types = var.global_resources
  }

  recording_mode {
    recording_frequency = var.recording_frequency
  }

  # The role can do its work before it is asked to.
  depends_on = [aws_iam_role_policy.delivery, aws_iam_role_policy_attachment.reads]
}

resource "aws_config_delivery_channel" "this" {
  name           = var.name
  s3_bucket_name = local.bucket
  # Named, because Config would otherwise ask for no encryption at all, and the
  # bucket refuses that.
  s3_kms_key_arn = local.key_arn

  snapshot_delivery_properties {
    delivery_frequency = var.snapshot_frequency
  }

  # Config tries the bucket before it takes it, and has no channel without a recorder.
  depends_on = [
    aws_config_configuration_recorder.this,
    aws_s3_bucket_ownership_controls.config,
    aws_s3_bucket_policy.config,
    aws_s3_bucket_server_side_encryption_configuration.config,
    aws_s3_bucket_versioning.config,
  ]
}

# A recorder that is not started records nothing.
resource "aws_config_configuration_recorder_status" "this" {
  name       = aws_config_configuration_recorder.this.name
  is_enabled = true

  depends_on = [aws_config_delivery_channel.this]
}
