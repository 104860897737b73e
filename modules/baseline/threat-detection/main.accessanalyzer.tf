# The account is the zone of trust: what an identity outside of it can reach is a
# finding.
resource "aws_accessanalyzer_analyzer" "this" {
  count = var.enable_access_analyzer ? 1 : 0

  analyzer_name = var.name
  type          = "ACCOUNT"
  tags          = var.tags
}
