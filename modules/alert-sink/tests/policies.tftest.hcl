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
  name      = "acme"
  package   = "tests/package.zip"
  topic_arn = "arn:aws:sns:eu-west-2:111122223333:acme-alerts"
  pushover  = true
}

# The policy names the key, whose ARN is not known in a plan: so it is read
# statement by statement.
run "role" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.sink.assume_role_policy).Statement == [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
    error_message = "somebody else than Lambda may assume the role: ${aws_iam_role.sink.assume_role_policy}"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.sink.statement : statement.sid => sort(statement.actions) } == {
      WriteItsLog       = tolist(["logs:CreateLogStream", "logs:PutLogEvents"])
      ReadItsSecrets    = tolist(["ssm:GetParameters"])
      DecryptItsSecrets = tolist(["kms:Decrypt"])
    }
    error_message = "the function may do other things: ${jsonencode([for statement in data.aws_iam_policy_document.sink.statement : statement.actions])}"
  }

  assert {
    condition = { for statement in data.aws_iam_policy_document.sink.statement : statement.sid => sort(statement.resources) if statement.sid != "DecryptItsSecrets" } == {
      WriteItsLog = tolist(["arn:aws:logs:eu-west-2:111122223333:log-group:acme-alert-sink:log-stream:*"])
      ReadItsSecrets = tolist([
        "arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/ntfy-topic",
        "arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/pushover-token",
        "arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/pushover-user",
      ])
    }
    error_message = "the function may write another log or read other parameters"
  }

  assert {
    condition = one([for statement in data.aws_iam_policy_document.sink.statement : sort([
      for condition in statement.condition : "${condition.test} ${condition.variable} ${join(" ", sort(condition.values))}"
      ]) if statement.sid == "DecryptItsSecrets"]) == tolist([
      "ArnEquals kms:EncryptionContext:PARAMETER_ARN arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/ntfy-topic arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/pushover-token arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/pushover-user",
      "StringEquals kms:ViaService ssm.eu-west-2.amazonaws.com",
    ])
    error_message = "the function may decrypt other things under the key"
  }
}

# With a topic in the open and a token there is one secret; what is not used may not
# be read.
run "secrets_that_are_not_used" {
  command = plan

  variables {
    pushover   = false
    ntfy_topic = "acme_alerts"
    ntfy_token = true
  }

  assert {
    condition     = one([for statement in data.aws_iam_policy_document.sink.statement : sort(statement.resources) if statement.sid == "ReadItsSecrets"]) == tolist(["arn:aws:ssm:eu-west-2:111122223333:parameter/acme/alert-sink/ntfy-token"])
    error_message = "the function may read secrets that it does not use"
  }
}

run "key" {
  command = plan

  assert {
    condition = jsondecode(aws_kms_key.sink.policy).Statement == [
      {
        Sid       = "AccountAdministersTheKey"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:aws:iam::111122223333:root" }
      },
      {
        Sid       = "LogGroupUsesTheKey"
        Effect    = "Allow"
        Action    = ["kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Encrypt*", "kms:Describe*", "kms:Decrypt*"]
        Resource  = "*"
        Principal = { Service = "logs.eu-west-2.amazonaws.com" }
        Condition = { ArnEquals = { "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:eu-west-2:111122223333:log-group:acme-alert-sink" } }
      },
    ]
    error_message = "the key policy is another: ${aws_kms_key.sink.policy}"
  }
}
