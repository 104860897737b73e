data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  full_name = "${var.name}-audit"
  bucket    = var.bucket == null ? "${local.full_name}-${local.account}" : var.bucket

  # Made from names, not read from the resources: trail, bucket, key and log group
  # name each other in their policies.
  bucket_arn    = "arn:${local.partition}:s3:::${local.bucket}"
  trail_arn     = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${local.full_name}"
  log_group_arn = "arn:${local.partition}:logs:${local.region}:${local.account}:log-group:${local.full_name}"
}
