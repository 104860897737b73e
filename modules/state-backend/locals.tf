data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  root_arn = "arn:${local.partition}:iam::${local.account}:root"

  # Made from the name, not read from the bucket: the key policies name the
  # bucket, and the bucket's encryption names the keys.
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket}"

  environment_states = { for name, environment in var.environments : name => [
    for key in sort(environment.state_keys) : "${local.bucket_arn}/${key}"
  ] }
  environment_locks = { for name, environment in var.environments : name => [
    for key in sort(environment.state_keys) : "${local.bucket_arn}/${key}.tflock"
  ] }
  environment_objects = { for name in keys(var.environments) : name => concat(
    local.environment_states[name], local.environment_locks[name],
  ) }
  all_environment_objects = flatten([for name in sort(keys(var.environments)) : local.environment_objects[name]])

  # An identity of this account gets its rights from IAM policies too, so the
  # bucket policy alone could not confine it to its state.
  principals_of_this_account = sort(flatten([for environment in var.environments : [
    for arn in environment.principals : arn if split(":", arn)[4] == local.account
  ]]))
}
