data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  # `name` became `region` in version 6 of the provider; `id` is the same in both.
  region = data.aws_region.this.id

  standards = var.enable_security_hub ? merge(
    var.enable_fsbp ? { fsbp = "arn:${data.aws_partition.this.partition}:securityhub:${local.region}::standards/aws-foundational-security-best-practices/v/1.0.0" } : {},
    # The first version of the benchmark is a ruleset and has no region.
    var.cis_version == null ? {} : { cis = (
      var.cis_version == "1.2.0"
      ? "arn:${data.aws_partition.this.partition}:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0"
      : "arn:${data.aws_partition.this.partition}:securityhub:${local.region}::standards/cis-aws-foundations-benchmark/v/${var.cis_version}"
    ) },
  ) : {}
}

resource "aws_securityhub_account" "this" {
  count = var.enable_security_hub ? 1 : 0

  # Its idea of default standards is an old CIS benchmark; they are named below.
  enable_default_standards = false
  auto_enable_controls     = var.auto_enable_controls
  # One finding for a control that is in two standards, not two.
  control_finding_generator = "SECURITY_CONTROL"
}

resource "aws_securityhub_standards_subscription" "this" {
  for_each = local.standards

  standards_arn = each.value

  depends_on = [aws_securityhub_account.this]
}
