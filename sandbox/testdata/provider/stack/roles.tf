data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]

    principals {
      type        = "AWS"
      identifiers = local.changed ? [aws_iam_user.bob.arn] : ["arn:aws:iam::${local.account}:root"]
    }

    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.word]
    }
  }

  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "worker" {
  name                  = "worker"
  path                  = "/room/"
  description           = "The ${local.word} worker."
  assume_role_policy    = data.aws_iam_policy_document.trust.json
  max_session_duration  = local.changed ? 7200 : 3600
  permissions_boundary  = local.changed ? aws_iam_policy.read.arn : aws_iam_policy.boundary.arn
  force_detach_policies = true
  tags                  = { Team = local.word }
}

resource "aws_iam_role_policy" "worker" {
  name   = "own"
  role   = aws_iam_role.worker.id
  policy = data.aws_iam_policy_document.read.json
}

resource "aws_iam_role_policy_attachment" "worker" {
  for_each = toset(concat(["arn:aws:iam::aws:policy/IAMReadOnlyAccess"], local.changed ? ["arn:aws:iam::aws:policy/AWSDenyAll"] : []))

  role       = aws_iam_role.worker.name
  policy_arn = each.value
}

resource "aws_iam_instance_profile" "worker" {
  name = "worker"
  path = "/room/"
  role = local.changed ? aws_iam_role.spare.name : aws_iam_role.worker.name
  tags = { Team = local.word }
}

# Replaced in generation 2, the new one made before the old one goes.
resource "aws_iam_role" "spare" {
  name_prefix        = local.changed ? "spare-two-" : "spare-one-"
  assume_role_policy = data.aws_iam_policy_document.pipeline.json

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policies_exclusive" "spare" {
  role_name    = aws_iam_role.spare.name
  policy_names = []
}

resource "aws_iam_role_policy_attachments_exclusive" "spare" {
  role_name   = aws_iam_role.spare.name
  policy_arns = []
}

# The older way to say it, inside the role.
resource "aws_iam_role" "inline" {
  name                = "inline"
  assume_role_policy  = data.aws_iam_policy_document.pipeline.json
  managed_policy_arns = [aws_iam_policy.read.arn]

  inline_policy {
    name   = "own"
    policy = data.aws_iam_policy_document.read.json
  }
}

resource "aws_iam_service_linked_role" "config" {
  aws_service_name = "config.amazonaws.com"
  description      = "The ${local.word} description."
}

resource "aws_iam_openid_connect_provider" "gitlab" {
  url             = "https://gitlab.com"
  client_id_list  = local.changed ? ["https://gitlab.com", "sts.amazonaws.com"] : ["https://gitlab.com"]
  thumbprint_list = [local.changed ? "cccccccccccccccccccccccccccccccccccccccc" : "ffffffffffffffffffffffffffffffffffffffff"]
  tags            = { Team = local.word }
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "pipeline" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.gitlab.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "gitlab.com:sub"
      values   = ["project_path:acme/infra:ref_type:branch:ref:main"]
    }
  }
}
