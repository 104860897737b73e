output "topic_arn" {
  description = "ARN of the topic that every alert is sent to, once it may be published to."
  value       = aws_sns_topic.alerts.arn

  depends_on = [aws_sns_topic_policy.alerts]
}

output "rule_arns" {
  description = "For each rule (guardduty, securityhub): its ARN."
  value       = { for name, rule in aws_cloudwatch_event_rule.finding : name => rule.arn }
}

output "alarm_arns" {
  description = "For each tripwire (root-sign-in, root-api-call): the ARN of its alarm."
  value       = { for name, alarm in aws_cloudwatch_metric_alarm.root : name => alarm.arn }
}

output "kms_key_arn" {
  description = "ARN of the key that the topic's messages are under."
  value       = aws_kms_key.alerts.arn
}
