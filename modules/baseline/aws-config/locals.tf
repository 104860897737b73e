data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  root_arn = "arn:${local.partition}:iam::${local.account}:root"

  # The first region makes the bucket, the key and the role; the others use them.
  own    = var.delivery_bucket == null ? 1 : 0
  bucket = var.delivery_bucket == null ? coalesce(var.bucket, "${var.name}-config-${local.account}") : var.delivery_bucket.name

  # Made from the names, not read from the resources: the policies of the bucket, of
  # the key and of the role name each other.
  bucket_arn = "arn:${local.partition}:s3:::${local.bucket}"
  # Through locals: a data source that names a resource directly is read during the
  # apply whenever the resource changes, and a reviewer would see no policy.
  role_arn = var.delivery_bucket == null ? aws_iam_role.config[0].arn : var.delivery_bucket.role_arn
  key_arn  = var.delivery_bucket == null ? aws_kms_key.config[0].arn : var.delivery_bucket.kms_key_arn

  # Where Config writes. Its other object there, ConfigWritabilityCheckFile, is in the
  # same folder.
  delivered = "${local.bucket_arn}/AWSLogs/${local.account}/Config/*"
}
