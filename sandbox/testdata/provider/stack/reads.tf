# Every reading data source of the three services that a person may use.
data "aws_iam_policy" "audit" {
  name = "IAMReadOnlyAccess"
}

data "aws_iam_policy" "read" {
  arn = aws_iam_policy.read.arn
}

data "aws_iam_role" "worker" {
  name = aws_iam_role.worker.name
}

data "aws_iam_roles" "room" {
  path_prefix = "/room/"
  depends_on  = [aws_iam_role.worker]
}

data "aws_iam_user" "bob" {
  user_name = aws_iam_user.bob.name
}

data "aws_iam_users" "all" {
  depends_on = [aws_iam_user.bob]
}

data "aws_iam_access_keys" "bob" {
  user       = aws_iam_user.bob.name
  depends_on = [aws_iam_access_key.bob]
}

data "aws_iam_group" "readers" {
  group_name = aws_iam_group.readers.name
  depends_on = [aws_iam_user_group_membership.bob]
}

data "aws_iam_instance_profile" "worker" {
  name = aws_iam_instance_profile.worker.name
}

data "aws_iam_instance_profiles" "worker" {
  role_name  = aws_iam_instance_profile.worker.role
  depends_on = [aws_iam_instance_profile.worker]
}

data "aws_iam_openid_connect_provider" "gitlab" {
  arn = aws_iam_openid_connect_provider.gitlab.arn
}

data "aws_iam_openid_connect_provider" "github" {
  url        = "https://token.actions.githubusercontent.com"
  depends_on = [aws_iam_openid_connect_provider.github]
}

data "aws_iam_account_alias" "this" {
  depends_on = [aws_iam_account_alias.this]
}

data "aws_iam_principal_policy_simulation" "bob" {
  action_names      = ["s3:GetObject", "sts:AssumeRole"]
  policy_source_arn = aws_iam_user.bob.arn
  resource_arns     = ["arn:aws:s3:::provider-test-data/bob/x"]

  context {
    key    = "aws:SecureTransport"
    type   = "boolean"
    values = ["true"]
  }

  depends_on = [aws_iam_user_policy.bob, aws_iam_user_policy_attachment.bob, aws_iam_group_policy_attachment.readers, aws_iam_policy_attachment.boundary]
}

data "aws_kms_key" "data" {
  key_id = aws_kms_alias.data.name
}

data "aws_kms_alias" "data" {
  name = aws_kms_alias.data.name
}

data "aws_kms_alias" "s3" {
  name       = "alias/aws/s3"
  depends_on = [aws_s3_object.managed]
}

data "aws_kms_public_key" "rsa" {
  key_id = aws_kms_key.rsa.arn
}

data "aws_kms_public_key" "ecc" {
  key_id = aws_kms_key.ecc.arn
}

data "aws_kms_secrets" "hello" {
  secret {
    name    = "hello"
    payload = aws_kms_ciphertext.hello.ciphertext_blob
    context = { room = "test" }
  }
}

data "aws_s3_bucket" "data" {
  bucket = aws_s3_bucket.data.bucket
}

data "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket_policy.data.bucket
}

data "aws_s3_object" "text" {
  bucket        = aws_s3_object.text.bucket
  key           = aws_s3_object.text.key
  checksum_mode = "ENABLED"
}

data "aws_s3_bucket_object" "kms" {
  bucket = aws_s3_object.kms.bucket
  key    = aws_s3_object.kms.key
}

data "aws_s3_objects" "all" {
  bucket     = aws_s3_bucket.data.bucket
  prefix     = "text/"
  delimiter  = "/"
  depends_on = [aws_s3_object.text]
}

data "aws_s3_account_public_access_block" "this" {
  depends_on = [aws_s3_account_public_access_block.this]
}

output "reads" {
  value = {
    audit     = data.aws_iam_policy.audit.arn
    group     = [for u in data.aws_iam_group.readers.users : u.user_name]
    roles     = sort(data.aws_iam_roles.room.names)
    simulated = { for r in data.aws_iam_principal_policy_simulation.bob.results : r.action_name => r.decision }
    spec      = data.aws_kms_public_key.rsa.customer_master_key_spec
    text      = data.aws_s3_object.text.body
    keys      = data.aws_s3_objects.all.keys
    blocked   = data.aws_s3_account_public_access_block.this.block_public_policy
    keyed     = data.aws_s3_bucket_object.kms.sse_kms_key_id == aws_kms_key.data.arn
    context   = data.aws_iam_account_alias.this.account_alias
  }
}

output "secret" {
  value     = data.aws_kms_secrets.hello.plaintext["hello"]
  sensitive = true
}
