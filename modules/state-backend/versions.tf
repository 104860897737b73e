terraform {
  # OpenTofu 1.10 and Terraform 1.11 are the first with `use_lockfile` in the S3
  # backend. The lower bound has to suit both engines, so it is OpenTofu's.
  required_version = ">= 1.10.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}
