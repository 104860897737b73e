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
  name           = "acme"
  log_group_name = "acme-audit"
  emails         = ["security@example.com"]
}

run "topic" {
  command = plan

  assert {
    condition = jsondecode(aws_sns_topic_policy.alerts.policy).Statement == [
      {
        Sid       = "AllowRules"
        Effect    = "Allow"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
        Principal = { Service = "events.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:events:eu-west-2:111122223333:rule/acme-guardduty", "arn:aws:events:eu-west-2:111122223333:rule/acme-securityhub"] }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
      {
        Sid       = "AllowAlarms"
        Effect    = "Allow"
        Action    = "sns:Publish"
        Resource  = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Condition = {
          ArnEquals    = { "aws:SourceArn" = ["arn:aws:cloudwatch:eu-west-2:111122223333:alarm:acme-root-api-call", "arn:aws:cloudwatch:eu-west-2:111122223333:alarm:acme-root-sign-in"] }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
      {
        Sid       = "DenyPlainHTTP"
        Effect    = "Deny"
        Action    = ["sns:Subscribe", "sns:Publish"]
        Resource  = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
    error_message = "the topic's policy is another: ${aws_sns_topic_policy.alerts.policy}"
  }
}

# No aws:SourceArn for EventBridge: AWS does not support it there, and nothing
# would be delivered.
run "key" {
  command = plan

  assert {
    condition = jsondecode(aws_kms_key.alerts.policy).Statement == [
      {
        Sid       = "AccountAdministersTheKey"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:aws:iam::111122223333:root" }
      },
      {
        Sid       = "RulesPublish"
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Resource  = "*"
        Principal = { Service = "events.amazonaws.com" }
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-west-2:111122223333:acme-alerts" } }
      },
      {
        Sid       = "AlarmsPublish"
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey*", "kms:Decrypt"]
        Resource  = "*"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Condition = {
          ArnEquals = {
            "aws:SourceArn"                          = ["arn:aws:cloudwatch:eu-west-2:111122223333:alarm:acme-root-api-call", "arn:aws:cloudwatch:eu-west-2:111122223333:alarm:acme-root-sign-in"]
            "kms:EncryptionContext:aws:sns:topicArn" = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
          }
          StringEquals = { "aws:SourceAccount" = "111122223333" }
        }
      },
    ]
    error_message = "the key's policy is another: ${aws_kms_key.alerts.policy}"
  }

  assert {
    condition     = aws_kms_key.alerts.enable_key_rotation
    error_message = "the key does not rotate"
  }
}

# Who does not publish is not let in.
run "grants_follow_the_toggles" {
  command = plan

  variables {
    enable_guardduty      = false
    enable_securityhub    = false
    enable_root_tripwires = true
  }

  assert {
    condition     = [for statement in jsondecode(aws_sns_topic_policy.alerts.policy).Statement : statement.Sid] == ["AllowAlarms", "DenyPlainHTTP"] && [for statement in jsondecode(aws_kms_key.alerts.policy).Statement : statement.Sid] == ["AccountAdministersTheKey", "AlarmsPublish"]
    error_message = "EventBridge may publish without a rule"
  }
}

run "no_alarms_no_grant" {
  command = plan

  variables {
    enable_securityhub    = false
    enable_root_tripwires = false
    log_group_name        = null
  }

  assert {
    condition     = jsondecode(aws_sns_topic_policy.alerts.policy).Statement[0].Condition.ArnEquals["aws:SourceArn"] == "arn:aws:events:eu-west-2:111122223333:rule/acme-guardduty" && [for statement in jsondecode(aws_kms_key.alerts.policy).Statement : statement.Sid] == ["AccountAdministersTheKey", "RulesPublish"]
    error_message = "CloudWatch may publish without an alarm, or a rule that is not there"
  }
}
