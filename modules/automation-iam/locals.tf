data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  account   = data.aws_caller_identity.this.account_id
  partition = data.aws_partition.this.partition
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  issuer_url = coalesce(var.issuer_url, {
    gitlab = "https://gitlab.com"
    github = "https://token.actions.githubusercontent.com"
  }[var.forge])
  audience = coalesce(var.audience, {
    gitlab = local.issuer_url
    github = "sts.amazonaws.com"
  }[var.forge])

  # STS names its condition keys after the issuer, without the scheme.
  issuer = trimprefix(local.issuer_url, "https://")

  # ARNs made from the names, so that a plan shows the whole trust policy to the
  # person who reviews it, instead of "known after apply".
  provider_arn = "arn:${local.partition}:iam::${local.account}:oidc-provider/${local.issuer}"

  role_arns = [for role in ["plan", "apply"] : "arn:${local.partition}:iam::${local.account}:role/${var.name}-${role}"]

  # Of the account's customer-managed policies, by name: the src stack, which
  # CI applies, knows them by name too.
  baseline_guard_arn = "arn:${local.partition}:iam::${local.account}:policy/${var.name}-baseline-guard"
  boundary_arn       = "arn:${local.partition}:iam::${local.account}:policy/${var.name}-boundary"
}
