# The key policy as text. The real provider renders it without any AWS call: its
# checks are off, and the one data source that would call AWS is overridden.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "unused"
  secret_key                  = "unused"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "101246931230" }
}

variables {
  environment = "development"
  principals  = ["arn:aws:iam::175059541256:user/terraform"]
  key_alias   = "alias/cabal-tf-state"
}

run "root_and_four_actions" {
  command = plan

  assert {
    condition = jsondecode(aws_kms_key.state.policy) == {
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "AccountAdministersTheKey"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::101246931230:root" }
          Action    = "kms:*"
          Resource  = "*"
        },
        {
          Sid       = "EnvironmentUsesTheKey"
          Effect    = "Allow"
          Principal = { AWS = "arn:aws:iam::175059541256:user/terraform" }
          Action    = ["kms:GenerateDataKey", "kms:Encrypt", "kms:DescribeKey", "kms:Decrypt"]
          Resource  = "*"
        },
      ]
    }
    error_message = "the key policy is not root's administration and exactly the four actions: ${aws_kms_key.state.policy}"
  }
}

run "narrowed_to_one_bucket" {
  command = plan

  variables {
    only_through_s3 = { bucket = "cabal-tf-backend", state_keys = ["development-bootstrap", "development"] }
    tags            = { Owner = "platform", Environment = "production" }
  }

  assert {
    condition     = aws_kms_key.state.tags == tomap({ Environment = "development", Owner = "platform" })
    error_message = "tags hide whose key it is: ${jsonencode(aws_kms_key.state.tags)}"
  }

  assert {
    condition = jsondecode(aws_kms_key.state.policy).Statement[1] == {
      Sid       = "EnvironmentUsesTheKey"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::175059541256:user/terraform" }
      Action    = ["kms:GenerateDataKey", "kms:Encrypt", "kms:Decrypt"]
      Resource  = "*"
      Condition = { StringEquals = {
        "kms:ViaService" = "s3.us-east-1.amazonaws.com"
        "kms:EncryptionContext:aws:s3:arn" = [
          "arn:aws:s3:::cabal-tf-backend",
          "arn:aws:s3:::cabal-tf-backend/development",
          "arn:aws:s3:::cabal-tf-backend/development.tflock",
          "arn:aws:s3:::cabal-tf-backend/development-bootstrap",
          "arn:aws:s3:::cabal-tf-backend/development-bootstrap.tflock",
        ]
      } }
    }
    error_message = "the use of the key is not narrowed to the bucket's states and locks: ${aws_kms_key.state.policy}"
  }

  assert {
    condition     = jsondecode(aws_kms_key.state.policy).Statement[2].Action == "kms:DescribeKey" && !contains(keys(jsondecode(aws_kms_key.state.policy).Statement[2]), "Condition")
    error_message = "the key cannot be described, which nothing does through S3: ${aws_kms_key.state.policy}"
  }
}
