# Tells people: reads the topic's messages, remembers what it has told, and sends to
# ntfy and Pushover as loudly as each alert deserves.
resource "aws_lambda_function" "sink" {
  function_name = local.full_name
  description   = "Tells people of the alerts of ${var.topic_arn}"
  role          = aws_iam_role.sink.arn
  tags          = var.tags

  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.architecture]
  filename         = var.package
  source_code_hash = filebase64sha256(var.package)

  memory_size = 128
  timeout     = 60

  # What was told is remembered in the function's memory.
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)

  # Names of parameters, never a secret: whoever may see the function sees these.
  environment {
    variables = local.environment
  }

  # Not /aws/lambda/..., so that the log group bears the room's name and what guards
  # such groups holds for it too.
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.sink.name
  }

  # It reads its secrets when it starts.
  depends_on = [aws_iam_role_policy.sink]
}

resource "aws_cloudwatch_log_group" "sink" {
  name              = local.full_name
  retention_in_days = var.retention_days
  kms_key_id        = aws_kms_key.sink.arn
  tags              = var.tags
}

# This topic and no other invokes it.
resource "aws_lambda_permission" "topic" {
  statement_id  = "topic"
  function_name = aws_lambda_function.sink.function_name
  action        = "lambda:InvokeFunction"
  principal     = "sns.amazonaws.com"
  source_arn    = var.topic_arn
}

resource "aws_sns_topic_subscription" "sink" {
  topic_arn = var.topic_arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.sink.arn

  # A message that the function may not be given is lost.
  depends_on = [aws_lambda_permission.topic]
}
