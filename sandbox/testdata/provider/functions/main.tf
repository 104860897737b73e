# A function, who may invoke it, and what does: every argument of which that can change does
# so from the first generation to the second.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }
}

variable "generation" {
  type = number
}

variable "packages" {
  description = "A zip file for each generation."
  type        = list(string)
}

variable "architecture" {
  type = string
}

provider "aws" {
  region = "eu-west-2"

  default_tags {
    tags = { Stack = "functions-${var.generation}" }
  }
}

locals {
  first   = var.generation == 1
  package = var.packages[var.generation - 1]
}

resource "aws_iam_role" "function" {
  for_each = toset(["one", "two"])

  name = "function-${each.key}"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = aws_iam_role.function

  name = "own"
  role = each.value.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "${aws_cloudwatch_log_group.function.arn}:*" },
      { Effect = "Allow", Action = "sns:Publish", Resource = aws_sns_topic.out.arn },
      { Effect = "Allow", Action = "xray:PutTraceSegments", Resource = "*" },
    ]
  })
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/sink"
  retention_in_days = 30
}

resource "aws_kms_key" "function" {
  description             = "environment"
  deletion_window_in_days = 7
}

resource "aws_sns_topic" "in" {
  name = "in"
}

# What the function publishes by its own rights.
resource "aws_sns_topic" "out" {
  name = "out"
}

resource "aws_sns_topic_subscription" "person" {
  topic_arn = aws_sns_topic.out.arn
  protocol  = "email"
  endpoint  = "person@example.com"
}

resource "aws_lambda_function" "sink" {
  function_name    = "sink"
  description      = local.first ? "takes alerts" : ""
  role             = aws_iam_role.function[local.first ? "one" : "two"].arn
  runtime          = local.first ? "provided.al2" : "provided.al2023"
  handler          = local.first ? "bootstrap" : "other"
  architectures    = [var.architecture]
  filename         = local.package
  source_code_hash = filebase64sha256(local.package)
  timeout          = local.first ? 60 : 90
  memory_size      = local.first ? 128 : 256
  kms_key_arn      = local.first ? null : aws_kms_key.function.arn
  publish          = true

  reserved_concurrent_executions = local.first ? 5 : -1

  environment {
    variables = local.first ? { TOPIC = aws_sns_topic.out.arn } : { TOPIC = aws_sns_topic.out.arn, EXTRA = "yes" }
  }

  ephemeral_storage {
    size = local.first ? 512 : 1024
  }

  tracing_config {
    mode = local.first ? "PassThrough" : "Active"
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  tags = local.first ? { Owner = "one" } : { Team = "two" }

  depends_on = [aws_iam_role_policy.function]
}

# From a bucket, without anything that is optional.
resource "aws_s3_bucket" "code" {
  bucket        = "functions-code"
  force_destroy = true
}

resource "aws_s3_object" "code" {
  bucket = aws_s3_bucket.code.bucket
  key    = "code-${var.generation}.zip"
  source = local.package
}

resource "aws_lambda_function" "plain" {
  function_name = "plain"
  role          = aws_iam_role.function["one"].arn
  runtime       = "python3.13"
  handler       = "main.handler"
  s3_bucket     = aws_s3_bucket.code.bucket
  s3_key        = aws_s3_object.code.key
}

resource "aws_lambda_function_event_invoke_config" "sink" {
  function_name                = aws_lambda_function.sink.function_name
  maximum_event_age_in_seconds = local.first ? 60 : 120
  maximum_retry_attempts       = local.first ? 0 : 1
}

resource "aws_lambda_permission" "topic" {
  statement_id  = "topic"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.sink.function_name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.in.arn
}

resource "aws_lambda_permission" "rule" {
  statement_id   = "rule"
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.sink.arn
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.all.arn
  source_account = local.first ? null : data.aws_caller_identity.this.account_id
}

data "aws_caller_identity" "this" {}

resource "aws_sns_topic_subscription" "sink" {
  topic_arn = aws_sns_topic.in.arn
  protocol  = "lambda"
  endpoint  = aws_lambda_function.sink.arn
}

resource "aws_cloudwatch_event_rule" "all" {
  name          = "all"
  event_pattern = jsonencode({ source = ["app"] })
}

resource "aws_cloudwatch_event_target" "sink" {
  rule      = aws_cloudwatch_event_rule.all.name
  target_id = "sink"
  arn       = aws_lambda_function.sink.arn
}

data "aws_lambda_function" "sink" {
  function_name = aws_lambda_function.sink.function_name
}

data "aws_lambda_functions" "all" {
  depends_on = [aws_lambda_function.sink, aws_lambda_function.plain]
}

output "seen" {
  value = "${data.aws_lambda_function.sink.version} ${length(data.aws_lambda_functions.all.function_names)}"
}
