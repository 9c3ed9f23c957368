# The Operator account: the role that may become the execute role, and the state machine with the task.

data "aws_iam_policy_document" "operator_trust" {
  provider = aws.operator

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
      values   = [var.operator_account_id]
    }

    # This one state machine: another with this role could send the right external ID itself.
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.operator_machine_arn]
    }
  }
}

resource "aws_iam_role" "operator" {
  provider = aws.operator

  name               = var.operator_role_name
  assume_role_policy = data.aws_iam_policy_document.operator_trust.json
  tags               = local.tags
}

data "aws_iam_policy_document" "operator_permissions" {
  provider = aws.operator

  # This and nothing else: every call in the Subject account is made as the execute role.
  statement {
    sid       = "AssumeSubjectExecuteRole"
    actions   = ["sts:AssumeRole"]
    resources = [local.execute_role_arn]
  }
}

resource "aws_iam_role_policy" "operator" {
  provider = aws.operator

  name   = "assume-subject-execute-role"
  role   = aws_iam_role.operator.name
  policy = data.aws_iam_policy_document.operator_permissions.json
}

resource "aws_sfn_state_machine" "operator" {
  provider = aws.operator

  name     = var.operator_machine_name
  role_arn = aws_iam_role.operator.arn
  tags     = local.tags

  definition = templatefile("${path.module}/operator.asl.json", {
    partition           = data.aws_partition.current.partition
    execute_role_arn    = local.execute_role_arn
    subject_machine_arn = local.subject_machine_arn
  })
}

output "operator_state_machine_arn" {
  description = "What you start, and what Step Functions passes as sts:ExternalId"
  value       = aws_sfn_state_machine.operator.arn
}
