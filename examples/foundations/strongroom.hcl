# The example room: what "strongroom rehearse" builds and attacks when it is given
# no room of yours. Account IDs and names are examples; nothing of it exists.
name    = "foundations"
account = "111122223333"
region  = "eu-west-2"

forge "gitlab" {
  project = "acme/infra"
}

state {
  bucket    = "acme-foundations-state"
  key_alias = "alias/acme-foundations-state"

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
    # Without expire_days log files stay for ever.
    bucket = "acme-foundations-audit"
  }

  config {
    bucket = "acme-foundations-config"
  }

  alerts {
    emails = ["security@acme.example"]
  }
}
