# The Subject account: the state machine that is started, its role, and the execute role that the Operator becomes.

data "aws_iam_policy_document" "subject_trust" {
  provider = aws.subject

  statement {
    sid     = "StepFunctions"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.subject_account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${local.subject_machines}:*"]
    }
  }
}

resource "aws_iam_role" "subject" {
  provider = aws.subject

  name               = var.subject_role_name
  assume_role_policy = data.aws_iam_policy_document.subject_trust.json
  tags               = local.tags
}

resource "aws_sfn_state_machine" "subject" {
  provider = aws.subject

  name     = var.subject_machine_name
  role_arn = aws_iam_role.subject.arn
  tags     = local.tags

  definition = templatefile("${path.module}/subject.asl.json", {
    subject_machine_name = var.subject_machine_name
    subject_account_id   = var.subject_account_id
  })
}

data "aws_iam_policy_document" "execute_trust" {
  provider = aws.subject

  statement {
    sid     = "OperatorStateMachine"
    actions = ["sts:AssumeRole"]

    # A reference and not a name, so that Terraform makes the Operator role first: IAM refuses a principal that
    # doesn't exist.
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.operator.arn]
    }

    # What Step Functions passes: the ARN of the state machine that it works for.
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.operator_machine_arn]
    }
  }
}

resource "aws_iam_role" "execute" {
  provider = aws.subject

  name               = var.execute_role_name
  assume_role_policy = data.aws_iam_policy_document.execute_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "execute_permissions" {
  provider = aws.subject

  statement {
    sid       = "StartSubjectStateMachine"
    actions   = ["states:StartExecution"]
    resources = [local.subject_machine_arn]
  }

  # Executions, not the state machine: their ARNs have another form.
  statement {
    sid       = "FollowAndStopItsExecutions"
    actions   = ["states:DescribeExecution", "states:StopExecution"]
    resources = [local.subject_executions]
  }
}

resource "aws_iam_role_policy" "execute" {
  provider = aws.subject

  name   = "execute-subject-statemachine"
  role   = aws_iam_role.execute.name
  policy = data.aws_iam_policy_document.execute_permissions.json
}

output "execute_role_arn" {
  description = "What the Operator's task names in Credentials.RoleArn"
  value       = aws_iam_role.execute.arn
}
