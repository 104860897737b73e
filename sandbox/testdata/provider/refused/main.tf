# What the sandbox does not implement. Every one of these must end at once with
# an error that says so by name: a 5xx or a vague answer is retried for minutes.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }
}

provider "aws" {
  region = "eu-west-2"
}

locals {
  bucket = "refused-test" # made by the test
}

resource "aws_s3_bucket_cors_configuration" "this" {
  bucket = local.bucket

  cors_rule {
    allowed_methods = ["GET"]
    allowed_origins = ["*"]
  }
}

resource "aws_s3_bucket_website_configuration" "this" {
  bucket = local.bucket

  index_document {
    suffix = "index.html"
  }
}

resource "aws_s3_bucket_notification" "this" {
  bucket      = local.bucket
  eventbridge = true
}

resource "aws_s3_bucket_accelerate_configuration" "this" {
  bucket = local.bucket
  status = "Enabled"
}

resource "aws_s3_bucket_request_payment_configuration" "this" {
  bucket = local.bucket
  payer  = "Requester"
}

resource "aws_s3_bucket_object_lock_configuration" "this" {
  bucket = local.bucket

  rule {
    default_retention {
      mode = "GOVERNANCE"
      days = 1
    }
  }
}

resource "aws_s3_bucket_intelligent_tiering_configuration" "this" {
  bucket = local.bucket
  name   = "all"

  tiering {
    access_tier = "ARCHIVE_ACCESS"
    days        = 90
  }
}

resource "aws_s3_bucket_metric" "this" {
  bucket = local.bucket
  name   = "all"
}

resource "aws_s3_bucket_inventory" "this" {
  bucket                   = local.bucket
  name                     = "all"
  included_object_versions = "All"

  schedule {
    frequency = "Daily"
  }

  destination {
    bucket {
      format     = "CSV"
      bucket_arn = "arn:aws:s3:::${local.bucket}"
    }
  }
}

resource "aws_s3_bucket" "this" {
  bucket              = "refused-test-locked"
  object_lock_enabled = true
}

resource "aws_s3_object" "this" {
  bucket                        = local.bucket
  key                           = "legal"
  content                       = "x"
  object_lock_legal_hold_status = "ON"
}

resource "aws_iam_user_ssh_key" "this" {
  username   = "person"
  encoding   = "SSH"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE9s8XbGmqJ7r0bcWqTt8Qq9r9gJ4m3m0t2y6n0n3v5x nobody"
}

resource "aws_iam_service_specific_credential" "this" {
  service_name = "codecommit.amazonaws.com"
  user_name    = "person"
}

resource "aws_iam_saml_provider" "this" {
  name                   = "saml"
  saml_metadata_document = "<EntityDescriptor>${join("", [for i in range(1000) : "x"])}</EntityDescriptor>"
}

resource "aws_iam_server_certificate" "this" {
  name             = "web"
  certificate_body = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
  private_key      = "not a key"
}

resource "aws_kms_key" "this" {
  multi_region = true
}

resource "aws_kms_replica_key" "this" {
  primary_key_arn = "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab"
}

resource "aws_kms_external_key" "this" {
  description = "its material comes from elsewhere"
}

resource "aws_kms_custom_key_store" "this" {
  custom_key_store_name    = "hsm"
  cloud_hsm_cluster_id     = "cluster-1a23b4cdefg"
  key_store_password       = "noPassword1"
  trust_anchor_certificate = "x"
}

resource "aws_iam_organizations_features" "this" {
  enabled_features = ["RootSessions"]
}
