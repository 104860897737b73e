# The policies as text. The real provider renders them without any AWS call: its
# checks are off, and the one data source that would call AWS is overridden.
provider "aws" {
  region                      = "eu-west-2"
  access_key                  = "unused"
  secret_key                  = "unused"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "111122223333" }
}

variables {
  name           = "foundations"
  plan_subjects  = ["project_path:acme/infra:ref_type:branch:ref:*", "project_path:acme/infra:ref_type:tag:ref:v1"]
  apply_subjects = ["project_path:acme/infra:ref_type:branch:ref:main"]
  state = {
    bucket_arn  = "arn:aws:s3:::acme-state"
    kms_key_arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    keys        = ["src/terraform.tfstate"]
  }
}

run "trust" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.apply.assume_role_policy).Statement == [{
      Sid       = "ForgeExact"
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = "arn:aws:iam::111122223333:oidc-provider/gitlab.com" }
      Condition = { StringEquals = {
        "gitlab.com:aud" = "https://gitlab.com"
        "gitlab.com:sub" = "project_path:acme/infra:ref_type:branch:ref:main"
      } }
    }]
    error_message = "the apply role's trust is not exactly one subject with its audience: ${aws_iam_role.apply.assume_role_policy}"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role.plan.assume_role_policy).Statement : keys(statement.Condition)] == [["StringEquals"], ["StringEquals", "StringLike"]]
    error_message = "a subject without wildcard is not compared exactly, or one with a wildcard is: ${aws_iam_role.plan.assume_role_policy}"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role.plan.assume_role_policy).Statement : statement.Condition.StringEquals["gitlab.com:aud"] == "https://gitlab.com"])
    error_message = "a trust statement without an exact audience: ${aws_iam_role.plan.assume_role_policy}"
  }
}

run "self_hosted_issuer_with_a_path" {
  command = plan

  variables {
    issuer_url = "https://git.example.com/forge"
  }

  assert {
    condition     = jsondecode(aws_iam_role.apply.assume_role_policy).Statement[0].Condition.StringEquals["git.example.com/forge:aud"] == "https://git.example.com/forge"
    error_message = "the condition keys do not follow the issuer"
  }
}

run "plan_only_reads" {
  command = plan

  variables {
    plan_locks = false
  }

  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : [
        for action in flatten([statement.Action]) : can(regex("^[a-z0-9-]+:(Get|List|Describe|Decrypt$)", action)) && !can(regex("^[a-z0-9-]+:(\\*|Get\\*)$", replace(action, "/^(access-analyzer|guardduty|iam):/", "")))
      ]
    ]))
    error_message = "the plan role can do more than read: ${aws_iam_role_policy.plan.policy}"
  }
}

run "plan_locks_and_writes_nothing_else" {
  command = plan

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.plan.policy).Statement : statement.Resource
      if contains(flatten([statement.Action]), "s3:PutObject") || contains(flatten([statement.Action]), "s3:DeleteObject")
    ] == ["arn:aws:s3:::acme-state/src/terraform.tfstate.tflock"]
    error_message = "the plan role writes something else than the lock: ${aws_iam_role_policy.plan.policy}"
  }
}

run "fence_and_boundary" {
  command = plan

  variables {
    allowed_regions          = ["eu-west-2"]
    permissions_boundary_arn = "arn:aws:iam::111122223333:policy/boundary"
  }

  assert {
    condition     = aws_iam_role.plan.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary" && aws_iam_role.apply.permissions_boundary == "arn:aws:iam::111122223333:policy/boundary"
    error_message = "a role is without the boundary"
  }

  assert {
    condition = keys(aws_iam_role_policy.fence) == ["apply", "plan"] && jsondecode(aws_iam_role_policy.fence["apply"].policy).Statement[0].Condition == {
      StringNotEquals = { "aws:RequestedRegion" = "eu-west-2" }
    }
    error_message = "the fence is not around both roles"
  }

  assert {
    condition     = contains(jsondecode(aws_iam_role_policy.fence["apply"].policy).Statement[0].NotAction, "iam:*")
    error_message = "the fence locks the roles out of IAM, which has no region"
  }
}

run "no_fence_by_default" {
  command = plan

  assert {
    condition     = length(aws_iam_role_policy.fence) == 0 && aws_iam_role.apply.permissions_boundary == null
    error_message = "a fence or a boundary that nobody asked for"
  }
}

run "bad_inputs" {
  command = plan

  variables {
    issuer_url               = "http://gitlab.example.com"
    audience                 = "*"
    plan_policy_arns         = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    permissions_boundary_arn = "boundary"
    allowed_regions          = []
    max_session_seconds      = 60
  }

  expect_failures = [
    var.issuer_url,
    var.audience,
    var.plan_policy_arns,
    var.permissions_boundary_arn,
    var.allowed_regions,
    var.max_session_seconds,
  ]
}

run "without_a_baseline_there_is_no_guard_of_it" {
  command = plan

  assert {
    condition     = length(aws_iam_policy.baseline_guard) == 0 && length(aws_iam_policy.boundary) == 0
    error_message = "a guard without a baseline"
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.apply_guard.policy).Statement : keys(statement) if statement.Sid == "DenyAttachingToItself"] == [["Action", "Effect", "Resource", "Sid"]]
    error_message = "without a baseline the apply role may attach something to itself"
  }
}

run "guard_of_the_baseline" {
  command = plan

  variables {
    baseline = { buckets = ["foundations-audit-111122223333", "foundations-config-111122223333"] }
    state = {
      bucket_arn  = "arn:aws:s3:::acme-state"
      kms_key_arn = "arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
      key_alias   = "alias/acme-state"
      keys        = ["src/terraform.tfstate"]
    }
  }

  # Source: IAM and AWS STS quotas: a managed policy has 6,144 characters without
  # white space. Names may be longer than these: some room is left.
  assert {
    condition     = alltrue([for policy in [aws_iam_policy.baseline_guard[0].policy, aws_iam_policy.boundary[0].policy] : length(jsonencode(jsondecode(policy))) < 5900])
    error_message = "too long for a managed policy: ${jsonencode([for policy in [aws_iam_policy.baseline_guard[0].policy, aws_iam_policy.boundary[0].policy] : length(jsonencode(jsondecode(policy)))])}"
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_policy.baseline_guard[0].policy).Statement : statement.Effect == "Deny"])
    error_message = "the guard gives something"
  }

  # A refresh reads what the guard protects.
  assert {
    condition = alltrue(flatten([for statement in jsondecode(aws_iam_policy.baseline_guard[0].policy).Statement : [
      for action in flatten([statement.Action]) : can(regex("^[a-z0-9-]+:(Add|Apply|Archive|Assume|Attach|BatchD|BatchU|Create|Delete|Detach|Disable|Disassociate|Modify|Pass|Put|Remove|Reset|Schedule|Set|Stop|Unsubscribe|Update|[*](KmsKey|Permission)$)", action))
    ]]))
    error_message = "the guard denies reading: ${aws_iam_policy.baseline_guard[0].policy}"
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.apply_guard.policy).Statement : statement.Condition if statement.Sid == "DenyAttachingToItself"] == [
      { ArnNotEquals = { "iam:PolicyARN" = "arn:aws:iam::111122223333:policy/foundations-baseline-guard" } }
    ]
    error_message = "the apply role may attach more to itself than the guard: ${aws_iam_role_policy.apply_guard.policy}"
  }

  assert {
    condition     = jsonencode([for statement in jsondecode(aws_iam_role_policy.apply_guard.policy).Statement : sort(statement.Resource) if statement.Sid == "DenyRewritingTheGuard"]) == jsonencode([["arn:aws:iam::111122223333:policy/foundations-baseline-guard", "arn:aws:iam::111122223333:policy/foundations-boundary"]])
    error_message = "the apply role may rewrite what holds it: ${aws_iam_role_policy.apply_guard.policy}"
  }

  # Whatever a role of CI's making may not do, the guard says as well as the boundary.
  assert {
    condition     = length(setsubtract([for statement in jsondecode(aws_iam_policy.baseline_guard[0].policy).Statement : statement.Sid], [for statement in jsondecode(aws_iam_policy.boundary[0].policy).Statement : statement.Sid])) == 0
    error_message = "the boundary leaves out a denial of the guard"
  }
}
