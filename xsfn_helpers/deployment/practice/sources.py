"""The pages behind the rules that the faults break."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.common.language import mark

_STATES: Final = "docs.aws.amazon.com/step-functions/latest/dg"
_IAM: Final = "docs.aws.amazon.com/IAM/latest/UserGuide"

CROSS_ACCOUNT: Final = f"{_STATES}/concepts-access-cross-acct-resources.html"
SERVICE_ROLE: Final = f"{_STATES}/procedure-create-iam-role.html"
NESTED: Final = f"{_STATES}/connect-stepfunctions.html"
RUN_A_JOB: Final = f"{_STATES}/connect-to-resource.html"
STATES_POLICIES: Final = f"{_STATES}/security_iam_service-with-iam.html"
PRINCIPAL: Final = f"{_IAM}/reference_policies_elements_principal.html"
OPERATORS: Final = f"{_IAM}/reference_policies_elements_condition_operators.html"
SET_OPERATORS: Final = f"{_IAM}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
EVALUATION: Final = f"{_IAM}/reference_policies_evaluation-logic.html"
CROSS_ACCOUNT_LOGIC: Final = f"{_IAM}/reference_policies_evaluation-logic-cross-account.html"
BOUNDARIES: Final = f"{_IAM}/access_policies_boundaries.html"
CONFUSED_DEPUTY: Final = f"{_IAM}/confused-deputy.html"
SPREADING: Final = f"{_IAM}/troubleshoot.html"
ARTICLE: Final = mark("the article, stage {stage}")
