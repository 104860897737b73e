# The world of "strongroom rehearse --scenario state-keys": one state account, whose
# bucket holds the states of three environments of other accounts, each to be put
# under a key of its own. Account IDs and names are examples; nothing of it exists.
name    = "states"
account = "111122223333"
region  = "us-east-1"

forge "github" {
  project = "acme/infra"
}

state {
  bucket    = "acme-tf-backend"
  key_alias = "alias/acme-tf-state"

  # The bucket was there before: its policy lets nobody delete a lock file.
  locking = false

  # Keys are ENVIRONMENT and ENVIRONMENT-bootstrap, and pipelines sign in with the
  # access key of a user. Both stacks serve every environment.
  environment "development" {
    principals = ["arn:aws:iam::222233334444:user/terraform"]
    state_keys = ["development-bootstrap", "development"]

    stack "dns" {
      state_key = "development-bootstrap"
      dir       = "terraform/dns"
    }

    stack "infra" {
      state_key = "development"
      dir       = "terraform/infra"
    }
  }

  environment "staging" {
    principals = ["arn:aws:iam::333344445555:user/terraform"]
    state_keys = ["staging-bootstrap", "staging"]

    stack "dns" {
      state_key = "staging-bootstrap"
      dir       = "terraform/dns"
    }

    stack "infra" {
      state_key = "staging"
      dir       = "terraform/infra"
    }
  }

  environment "production" {
    principals = ["arn:aws:iam::444455556666:user/terraform"]
    state_keys = ["production-bootstrap", "production"]

    stack "dns" {
      state_key = "production-bootstrap"
      dir       = "terraform/dns"
    }

    stack "infra" {
      state_key = "production"
      dir       = "terraform/infra"
    }
  }
}
