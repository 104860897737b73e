# What a plan of the bootstrap stack and of the security baseline reads. Only
# actions that answer with configuration: an action that answers with data (an
# object, a secret, a message, a log event, a decrypted byte) is not for this
# list, whatever its name begins with.
locals {
  configuration_reads = [
    "access-analyzer:Get*",
    "access-analyzer:List*",
    "cloudtrail:Describe*",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetInsightSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:List*",
    "cloudwatch:Describe*",
    "cloudwatch:ListTagsForResource",
    "config:Describe*",
    "config:List*",
    "ec2:GetEbsDefaultKmsKeyId",
    "ec2:GetEbsEncryptionByDefault",
    "events:Describe*",
    "events:List*",
    "guardduty:Get*",
    "guardduty:List*",
    "iam:Get*",
    "iam:List*",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:List*",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:List*",
    "logs:Describe*",
    "logs:ListTagsForResource",
    "s3:GetAccelerateConfiguration",
    "s3:GetAccountPublicAccessBlock",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListAllMyBuckets",
    "s3:ListTagsForResource",
    "securityhub:Describe*",
    "securityhub:GetEnabledStandards",
    "securityhub:List*",
    "sns:GetSubscriptionAttributes",
    "sns:GetTopicAttributes",
    "sns:List*",
  ]

  # Whether a bucket is there is asked with s3:ListBucket, which answers with the
  # names of objects: for the buckets of states and logs, where names say little.
  seen_bucket_arns = concat(
    [var.state.bucket_arn],
    [for bucket in sort(try(var.baseline.buckets, [])) : "arn:${local.partition}:s3:::${bucket}"],
  )
}
