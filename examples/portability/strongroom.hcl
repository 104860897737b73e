# The world of "strongroom rehearse --scenario portability": one environment with a
# stack for each engine, whose state goes from a local file to S3, on to GitLab, and
# back to S3. Account IDs and names are examples; nothing of it exists.
name    = "portability"
account = "111122223333"
region  = "eu-west-2"

forge "gitlab" {
  project = "acme/infra"
}

state {
  bucket    = "acme-portability-state"
  key_alias = "alias/acme-portability-state"

  environment "production" {
    principals = ["arn:aws:iam::222233334444:user/terraform"]
    state_keys = ["opentofu/terraform.tfstate", "terraform/terraform.tfstate"]

    stack "opentofu" {
      state_key = "opentofu/terraform.tfstate"
      dir       = "stacks/opentofu"
    }

    stack "terraform" {
      state_key = "terraform/terraform.tfstate"
      dir       = "stacks/terraform"
    }
  }
}
