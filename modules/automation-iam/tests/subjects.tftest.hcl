# Which subjects are refused, and on which role. Every rule has its cases in the
# Go tests of internal/room, which read the same subjects.json; here one of each
# kind shows that the module enforces them at plan time.
mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-2" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name           = "foundations"
  plan_subjects  = ["project_path:acme/infra:ref_type:branch:ref:*"]
  apply_subjects = ["project_path:acme/infra:ref_type:branch:ref:main"]
  state = {
    bucket_arn  = "arn:aws:s3:::acme-state"
    kms_key_arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    keys        = ["src/terraform.tfstate"]
  }
}

run "good_gitlab" {
  command = plan

  assert {
    condition     = aws_iam_openid_connect_provider.forge.url == "https://gitlab.com" && aws_iam_openid_connect_provider.forge.client_id_list == toset(["https://gitlab.com"])
    error_message = "gitlab.com is not the default issuer and audience"
  }
}

run "good_github_both_formats" {
  command = plan

  variables {
    forge = "github"
    plan_subjects = [
      "repo:acme/infra:pull_request",
      "repo:acme@1234/infra@5678:ref:refs/heads/*",
    ]
    apply_subjects = [
      "repo:acme/infra:environment:production",
      "repo:acme@1234/infra@5678:environment:production",
    ]
  }

  assert {
    condition     = aws_iam_openid_connect_provider.forge.url == "https://token.actions.githubusercontent.com" && aws_iam_openid_connect_provider.forge.client_id_list == toset(["sts.amazonaws.com"])
    error_message = "GitHub's issuer and audience are not the defaults"
  }
}

run "no_token_says_ref_type_mr" {
  command = plan

  variables {
    plan_subjects = ["project_path:acme/infra:ref_type:mr:ref:*"]
  }

  expect_failures = [aws_iam_role.plan]
}

run "a_strangers_group_matches" {
  command = plan

  variables {
    plan_subjects = ["project_path:acme*/infra:ref_type:branch:ref:main"]
  }

  expect_failures = [aws_iam_role.plan]
}

run "apply_names_no_ref" {
  command = plan

  variables {
    apply_subjects = ["project_path:acme/infra:ref_type:branch:ref:*"]
  }

  expect_failures = [aws_iam_role.apply]
}

run "both_roles_are_told" {
  command = plan

  variables {
    plan_subjects  = ["project_path:acme/infra"]
    apply_subjects = ["project_path:acme/infra:*"]
  }

  expect_failures = [aws_iam_role.plan, aws_iam_role.apply]
}

run "gitlab_subject_at_github" {
  command = plan

  variables {
    forge          = "github"
    plan_subjects  = ["repo:acme/infra:pull_request"]
    apply_subjects = ["repo:acme/infra:ref_type:branch:ref:main"]
  }

  expect_failures = [aws_iam_role.apply]
}

run "apply_from_a_pull_request" {
  command = plan

  variables {
    forge          = "github"
    plan_subjects  = ["repo:acme/infra:pull_request"]
    apply_subjects = ["repo:acme/infra:pull_request"]
  }

  expect_failures = [aws_iam_role.apply]
}

run "no_subjects" {
  command = plan

  variables {
    plan_subjects  = []
    apply_subjects = []
  }

  expect_failures = [var.plan_subjects, var.apply_subjects]
}
