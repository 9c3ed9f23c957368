variable "region" {
  description = "One region for both accounts: Step Functions crosses accounts, not regions"
  type        = string
}

variable "operator_profile" {
  description = "Profile of the AWS CLI that acts in the Operator account; null takes what the environment has"
  type        = string
  default     = null
}

variable "subject_profile" {
  description = "Profile of the AWS CLI that acts in the Subject account; null takes what the environment has"
  type        = string
  default     = null
}

variable "operator_account_id" {
  description = "The account whose state machine starts the other"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.operator_account_id))
    error_message = "An account ID has exactly 12 digits."
  }
}

variable "subject_account_id" {
  description = "The account whose state machine is started"
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.subject_account_id))
    error_message = "An account ID has exactly 12 digits."
  }
}

variable "operator_machine_name" {
  description = "The state machine that starts the other; its ARN travels as external id, which takes fewer characters"
  type        = string
  default     = "operator-statemachine"

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=.@-]{1,80}$", var.operator_machine_name))
    error_message = "A state machine's name has 1 to 80 of A-Z a-z 0-9 _ + = . @ -"
  }
}

variable "operator_role_name" {
  description = "The role it runs as"
  type        = string
  default     = "operator-statemachine-iam-role"
}

variable "subject_machine_name" {
  description = "The state machine that is started"
  type        = string
  default     = "subject-statemachine"

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=.@-]{1,80}$", var.subject_machine_name))
    error_message = "A state machine's name has 1 to 80 of A-Z a-z 0-9 _ + = . @ -"
  }
}

variable "subject_role_name" {
  description = "The role it runs as"
  type        = string
  default     = "subject-statemachine-iam-role"
}

variable "execute_role_name" {
  description = "The role the Operator's task becomes in the Subject account"
  type        = string
  default     = "subject-statemachine-execute-role"
}

variable "lab_id" {
  description = "Value of the tag xsfn:lab, by which the lab knows its own things"
  type        = string
  default     = "xsfn"
}

locals {
  tags = { "xsfn:lab" = var.lab_id }

  operator_machines    = "arn:${data.aws_partition.current.partition}:states:${var.region}:${var.operator_account_id}:stateMachine"
  subject_machines     = "arn:${data.aws_partition.current.partition}:states:${var.region}:${var.subject_account_id}:stateMachine"
  operator_machine_arn = "${local.operator_machines}:${var.operator_machine_name}"
  subject_machine_arn  = "${local.subject_machines}:${var.subject_machine_name}"
  subject_executions   = "arn:${data.aws_partition.current.partition}:states:${var.region}:${var.subject_account_id}:execution:${var.subject_machine_name}:*"

  # By name and not by reference: the two roles name each other, and one of them has to be first.
  execute_role_arn = "arn:${data.aws_partition.current.partition}:iam::${var.subject_account_id}:role/${var.execute_role_name}"
}
