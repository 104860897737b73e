# The policies as text. The real provider renders them without any AWS call: its
# checks are off, and the one data source that would call AWS is overridden.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "unused"
  secret_key                  = "unused"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "111122223333" }
}

variables {
  name = "acme"
}

# The bucket policy names the key, whose ARN is not known in a plan: so it is read
# statement by statement.
run "bucket_refusals" {
  command = plan

  assert {
    condition = { for statement in data.aws_iam_policy_document.bucket.statement : statement.sid => sort(statement.actions) if statement.effect == "Deny" } == {
      DenyPlainHTTP             = tolist(["s3:*"])
      DenyDeletion              = tolist(["s3:DeleteObject", "s3:DeleteObjectVersion"])
      DenyTheBucketsEnd         = tolist(["s3:DeleteBucket", "s3:PutLifecycleConfiguration"])
      DenyWritingByHand         = tolist(["s3:PutObject"])
      DenyUploadWithoutSSEKMS   = tolist(["s3:PutObject"])
      DenyUploadThatNamesNoKey  = tolist(["s3:PutObject"])
      DenyUploadUnderAnotherKey = tolist(["s3:PutObject"])
    }
    error_message = "the refusals are others: ${jsonencode([for statement in data.aws_iam_policy_document.bucket.statement : statement.sid])}"
  }

  assert {
    condition = alltrue([for statement in data.aws_iam_policy_document.bucket.statement :
      [for principal in statement.principals : "${principal.type} ${join(" ", principal.identifiers)}"] == ["* *"] && try(length(statement.not_actions), 0) + try(length(statement.not_resources), 0) + length(statement.not_principals) == 0
      if statement.effect == "Deny"
    ])
    error_message = "a refusal has an exception for somebody or something"
  }

  assert {
    condition     = alltrue([for statement in data.aws_iam_policy_document.bucket.statement : length(statement.condition) == 0 if contains(["DenyDeletion", "DenyTheBucketsEnd"], statement.sid)])
    error_message = "a deletion is refused under a condition"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.bucket.statement : statement.sid => sort(statement.resources) if statement.effect == "Deny" } == {
      DenyPlainHTTP             = tolist(["arn:aws:s3:::acme-audit-111122223333", "arn:aws:s3:::acme-audit-111122223333/*"])
      DenyDeletion              = tolist(["arn:aws:s3:::acme-audit-111122223333/*"])
      DenyTheBucketsEnd         = tolist(["arn:aws:s3:::acme-audit-111122223333"])
      DenyWritingByHand         = tolist(["arn:aws:s3:::acme-audit-111122223333/*"])
      DenyUploadWithoutSSEKMS   = tolist(["arn:aws:s3:::acme-audit-111122223333/*"])
      DenyUploadThatNamesNoKey  = tolist(["arn:aws:s3:::acme-audit-111122223333/*"])
      DenyUploadUnderAnotherKey = tolist(["arn:aws:s3:::acme-audit-111122223333/*"])
    }
    error_message = "a refusal is not about the whole bucket"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.bucket.statement : statement.sid => sort([
      for condition in statement.condition : "${condition.test} ${condition.variable} ${condition.test == "ArnNotEquals" ? "" : join(" ", condition.values)}"
      ]) if length(statement.condition) > 0 } == {
      DenyPlainHTTP             = tolist(["Bool aws:SecureTransport false"])
      DenyWritingByHand         = tolist(["Bool aws:PrincipalIsAWSService false"])
      DenyUploadWithoutSSEKMS   = tolist(["StringNotEquals s3:x-amz-server-side-encryption aws:kms"])
      DenyUploadThatNamesNoKey  = tolist(["Null s3:x-amz-server-side-encryption-aws-kms-key-id true", "StringEquals s3:x-amz-server-side-encryption aws:kms"])
      DenyUploadUnderAnotherKey = tolist(["ArnNotEquals s3:x-amz-server-side-encryption-aws-kms-key-id ", "Null s3:x-amz-server-side-encryption-aws-kms-key-id false"])
      AllowTrailToSeeTheBucket  = tolist(["ArnEquals aws:SourceArn arn:aws:cloudtrail:eu-west-2:111122223333:trail/acme-audit"])
      AllowTrailToWrite         = tolist(["ArnEquals aws:SourceArn arn:aws:cloudtrail:eu-west-2:111122223333:trail/acme-audit", "StringEquals s3:x-amz-acl bucket-owner-full-control"])
    }
    error_message = "a condition is another"
  }
}

run "bucket_grants" {
  command = plan

  assert {
    condition = [for statement in data.aws_iam_policy_document.bucket.statement : {
      principals = [for principal in statement.principals : "${principal.type} ${join(" ", principal.identifiers)}"]
      actions    = tolist(statement.actions)
      resources  = tolist(statement.resources)
      } if statement.effect != "Deny"] == [
      {
        principals = ["Service cloudtrail.amazonaws.com"]
        actions    = tolist(["s3:GetBucketAcl"])
        resources  = tolist(["arn:aws:s3:::acme-audit-111122223333"])
      },
      {
        principals = ["Service cloudtrail.amazonaws.com"]
        actions    = tolist(["s3:PutObject"])
        resources  = tolist(["arn:aws:s3:::acme-audit-111122223333/AWSLogs/111122223333/*"])
      },
    ]
    error_message = "somebody else than the trail is let in, or the trail to more than its prefix"
  }
}

# Where log files expire, the rule that does it must be allowed to be there.
run "lifecycle_rules_only_when_asked_for" {
  command = plan

  variables {
    expire_days = 400
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.bucket.statement : sort(statement.actions) if statement.sid == "DenyTheBucketsEnd"]) == tolist(["s3:DeleteBucket"])
    error_message = "the module's own lifecycle rule is refused, or the bucket may be deleted"
  }
}

run "key" {
  command = plan

  assert {
    condition = jsondecode(aws_kms_key.audit.policy).Statement == [
      {
        Sid       = "AccountAdministersTheKey"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:aws:iam::111122223333:root" }
      },
      {
        Sid       = "TrailEncrypts"
        Effect    = "Allow"
        Action    = "kms:GenerateDataKey*"
        Resource  = "*"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Condition = {
          ArnEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:eu-west-2:111122223333:trail/acme-audit" }
          ArnLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:111122223333:trail/acme-audit" }
        }
      },
      {
        Sid       = "TrailSeesTheKey"
        Effect    = "Allow"
        Action    = "kms:DescribeKey"
        Resource  = "*"
        Principal = { Service = "cloudtrail.amazonaws.com" }
        Condition = { ArnEquals = { "aws:SourceArn" = "arn:aws:cloudtrail:eu-west-2:111122223333:trail/acme-audit" } }
      },
      {
        Sid       = "LogGroupUsesTheKey"
        Effect    = "Allow"
        Action    = ["kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Encrypt*", "kms:Describe*", "kms:Decrypt*"]
        Resource  = "*"
        Principal = { Service = "logs.eu-west-2.amazonaws.com" }
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-2:111122223333:log-group:acme-audit" } }
      },
    ]
    error_message = "the key policy is another: ${aws_kms_key.audit.policy}"
  }
}

run "role" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.logs.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "cloudtrail.amazonaws.com" }
    }]
    error_message = "somebody else than CloudTrail may assume the role: ${aws_iam_role.logs.assume_role_policy}"
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.logs.policy).Statement == [{
      Effect   = "Allow"
      Action   = ["logs:PutLogEvents", "logs:CreateLogStream"]
      Resource = "arn:aws:logs:eu-west-2:111122223333:log-group:acme-audit:log-stream:111122223333_CloudTrail_eu-west-2*"
    }]
    error_message = "the role may do other things than write events: ${aws_iam_role_policy.logs.policy}"
  }
}
