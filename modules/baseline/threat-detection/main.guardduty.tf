resource "aws_guardduty_detector" "this" {
  count = var.enable_guardduty ? 1 : 0

  enable                       = true
  finding_publishing_frequency = var.guardduty_finding_frequency
  tags                         = var.tags
}

# A new detector begins with most of them on, and AWS adds plans; so each one is
# said, whether it is on or off.
resource "aws_guardduty_detector_feature" "this" {
  for_each = var.enable_guardduty ? toset(["EBS_MALWARE_PROTECTION", "EKS_AUDIT_LOGS", "LAMBDA_NETWORK_LOGS", "RDS_LOGIN_EVENTS", "S3_DATA_EVENTS", "RUNTIME_MONITORING"]) : []

  detector_id = aws_guardduty_detector.this[0].id
  name        = each.key
  status      = lookup(var.guardduty_features, each.key, false) ? "ENABLED" : "DISABLED"

  # GuardDuty answers with all of them, and the provider compares them in order.
  dynamic "additional_configuration" {
    for_each = each.key == "RUNTIME_MONITORING" ? ["EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"] : []

    content {
      name   = additional_configuration.value
      status = lookup(var.guardduty_features, each.key, false) ? "ENABLED" : "DISABLED"
    }
  }
}
