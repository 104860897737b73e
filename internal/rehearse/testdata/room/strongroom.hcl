# The example room without lifecycle rules, so that tests can build it often.
name    = "foundations"
account = "111122223333"
region  = "eu-west-2"

forge "gitlab" {
  project = "acme/infra"
}

state {
  bucket    = "acme-foundations-state"
  key_alias = "alias/acme-foundations-state"

  # The provider waits 55 s over lifecycle rules; the example room has them.
  lifecycle = false

  # Two environments of other accounts, each under a key of its own.
  environment "staging" {
    principals = ["arn:aws:iam::222233334444:role/terraform"]
    state_keys = ["staging/terraform.tfstate"]
  }

  environment "production" {
    principals = ["arn:aws:iam::333344445555:role/terraform"]
    state_keys = ["production/terraform.tfstate"]
  }
}

automation {
  # Every branch plans; main applies.
  plan_subjects   = ["project_path:acme/infra:ref_type:branch:ref:*"]
  apply_subjects  = ["project_path:acme/infra:ref_type:branch:ref:main"]
  allowed_regions = ["eu-west-2"]
}

nuke {
  blocklist = ["999999999999"]
}

# The security baseline that CI builds.
baseline {
  account_alias = "acme-foundations"

  audit {
    # Log files stay for ever: the provider waits 55 s over a rule that ends them.
    bucket = "acme-foundations-audit"
  }

  config {
    bucket = "acme-foundations-config"
  }

  alerts {
    emails = ["security@acme.example"]
  }
}
