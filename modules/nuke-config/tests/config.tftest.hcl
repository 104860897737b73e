variables {
  account_id = "111122223333"
  blocklist  = ["999999999999"]
  regions    = ["eu-west-2"]
  protect = {
    buckets        = ["acme-state"]
    kms_key_ids    = ["1234abcd-12ab-34cd-56ef-1234567890ab"]
    kms_aliases    = ["alias/acme-state"]
    role_names     = ["foundations-plan", "foundations-apply"]
    policy_arns    = ["arn:aws:iam::111122223333:policy/foundations-boundary"]
    oidc_providers = ["arn:aws:iam::111122223333:oidc-provider/gitlab.com"]
  }
}

run "renders" {
  command = plan

  assert {
    condition     = yamldecode(output.yaml).blocklist == ["999999999999"] && yamldecode(output.yaml).regions == ["global", "eu-west-2"]
    error_message = "blocklist or regions are not as given: ${output.yaml}"
  }

  assert {
    condition     = yamldecode(output.yaml).presets.bootstrap.filters.S3Bucket == [{ property = "Name", value = "acme-state" }]
    error_message = "the state bucket is not protected: ${output.yaml}"
  }

  assert {
    condition     = [for filter in yamldecode(output.yaml).presets.bootstrap.filters.IAMRolePolicy : filter.value] == ["foundations-apply -> *", "foundations-plan -> *"]
    error_message = "the roles' policies are not protected: ${output.yaml}"
  }

  assert {
    condition     = yamldecode(output.yaml).presets.bootstrap.filters.IAMPolicy == [{ property = "ARN", value = "arn:aws:iam::111122223333:policy/foundations-boundary" }]
    error_message = "the managed policies are not protected: ${output.yaml}"
  }

  assert {
    condition     = keys(yamldecode(output.yaml).accounts) == ["111122223333"] && yamldecode(output.yaml).accounts["111122223333"].presets == ["bootstrap"]
    error_message = "the account is not the one given, or does not use the filters: ${output.yaml}"
  }

  assert {
    condition     = contains(yamldecode(output.yaml)["resource-types"].excludes, "S3Object")
    error_message = "objects of a protected bucket would go: ${output.yaml}"
  }
}

run "nothing_to_protect_is_no_empty_filter" {
  command = plan

  variables {
    protect                  = {}
    blocklist_alias_keywords = []
  }

  assert {
    condition     = length(yamldecode(output.yaml).presets.bootstrap.filters) == 0 && !can(yamldecode(output.yaml)["blocklist-alias-keywords"])
    error_message = "an empty filter or list: ${output.yaml}"
  }
}

run "no_blocklist" {
  command = plan

  variables {
    blocklist = []
  }

  expect_failures = [var.blocklist]
}

run "the_account_itself_is_blocked" {
  command = plan

  variables {
    blocklist = ["111122223333"]
  }

  expect_failures = [var.blocklist]
}

run "bad_account_and_regions" {
  command = plan

  variables {
    account_id = "1234"
    regions    = ["all"]
  }

  expect_failures = [var.account_id, var.regions]
}
