# The baseline, every input of which that can change does so from the first generation
# to the second; and a second region beside it.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

variable "generation" {
  type = number
}

# Whether what old deliveries are worth changes too: the provider waits a minute over
# each lifecycle configuration.
variable "slow" {
  type    = bool
  default = false
}

provider "aws" {
  region = "eu-west-2"
}

provider "aws" {
  alias  = "further"
  region = "eu-west-1"
}

data "aws_caller_identity" "this" {}

locals {
  first = var.generation == 1
  tags  = { Generation = tostring(var.generation) }
}

resource "aws_iam_policy" "boundary" {
  name = "foundations-boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }]
  })
}

module "baseline" {
  source = "./baseline"

  name                     = "foundations"
  permissions_boundary_arn = local.first ? null : aws_iam_policy.boundary.arn
  tags                     = local.tags

  account_hardening = [{}, {
    password_policy = {
      minimum_length    = 20
      reuse_prevention  = 5
      max_age_days      = 90
      hard_expiry       = true
      require_lowercase = false
      require_uppercase = false
      require_numbers   = false
      require_symbols   = false
      users_may_change  = false
    }
    account_alias                = "acme-foundations"
    ebs_kms_deletion_window_days = 7
    ebs_service_role_arns        = [aws_iam_service_linked_role.autoscaling.arn]
  }][var.generation - 1]

  audit_logging = [{}, {
    state_bucket_arn         = "arn:aws:s3:::acme-foundations-state"
    retention_days           = 731
    expire_days              = var.slow ? 365 : null
    key_deletion_window_days = 7
  }][var.generation - 1]

  aws_config = [{}, {
    global_resources         = false
    recording_frequency      = "DAILY"
    snapshot_frequency       = "One_Hour"
    expire_days              = var.slow ? 365 : null
    key_deletion_window_days = 7
  }][var.generation - 1]

  threat_detection = [{}, {
    enable_access_analyzer      = false
    guardduty_finding_frequency = "SIX_HOURS"
    guardduty_features          = { RUNTIME_MONITORING = true, S3_DATA_EVENTS = true }
    enable_fsbp                 = false
    cis_version                 = "1.2.0"
    auto_enable_controls        = false
  }][var.generation - 1]

  alerts = {
    emails                     = local.first ? ["security@example.com"] : ["operations@example.com"]
    guardduty_minimum_severity = local.first ? null : 4
    securityhub_severities     = local.first ? null : ["CRITICAL"]
    key_deletion_window_days   = local.first ? null : 7
  }

  operator_role = {
    allowed_regions     = local.first ? ["eu-west-2"] : ["eu-west-1", "eu-west-2"]
    mfa_max_age_seconds = local.first ? null : 900
    max_session_seconds = local.first ? null : 7200
  }
}

# The key policy names it, and KMS wants the principals of a policy to be there.
resource "aws_iam_service_linked_role" "autoscaling" {
  aws_service_name = "autoscaling.amazonaws.com"
}

module "threat_detection_further" {
  source    = "./baseline/threat-detection"
  providers = { aws = aws.further }

  name = "foundations"
  tags = local.tags
}

module "aws_config_further" {
  source    = "./baseline/aws-config"
  providers = { aws = aws.further }

  name             = "foundations"
  global_resources = !local.first
  delivery_bucket = {
    name        = module.baseline.aws_config.bucket
    kms_key_arn = module.baseline.aws_config.kms_key_arn
    role_arn    = module.baseline.aws_config.role_arn
  }
  tags = local.tags
}

module "account_hardening_further" {
  source    = "./baseline/account-hardening"
  providers = { aws = aws.further }

  name          = "foundations"
  regional_only = true
  tags          = local.tags
}

output "trail" {
  value = module.baseline.audit_logging.trail_arn
}
