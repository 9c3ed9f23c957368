terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# One provider for each account. Give each its own credentials: a profile of the AWS CLI, or assume_role.
provider "aws" {
  alias               = "operator"
  region              = var.region
  profile             = var.operator_profile
  allowed_account_ids = [var.operator_account_id]
}

provider "aws" {
  alias               = "subject"
  region              = var.region
  profile             = var.subject_profile
  allowed_account_ids = [var.subject_account_id]
}

data "aws_partition" "current" {
  provider = aws.operator
}
