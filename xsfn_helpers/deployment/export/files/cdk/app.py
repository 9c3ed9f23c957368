"""The CDK app: one stack for each account, with the names from names.json.

`npx aws-cdk deploy Operator --profile …` with a profile of the Operator account, then `npx aws-cdk deploy Subject
--exclusively --profile …` with one of the Subject account; `python app.py` only writes the templates, to $CDK_OUTDIR.
"""

import json
from pathlib import Path

import aws_cdk as cdk
from cross_account import CrossAccountTask, execute_role, machine_role, subject_machine

NAMES = json.loads((Path(__file__).parent / "names.json").read_text(encoding="utf-8"))


def stack(app: cdk.App, side: str) -> cdk.Stack:
    made = cdk.Stack(
        app,
        side.capitalize(),
        stack_name=NAMES[f"{side}_stack_name"],
        env=cdk.Environment(account=NAMES[f"{side}_account_id"], region=NAMES["region"]),
        # No assets, so no account has to be bootstrapped: the CDK deploys with your own credentials.
        synthesizer=cdk.LegacyStackSynthesizer(),
    )
    cdk.Tags.of(made).add("xsfn:lab", NAMES["lab_id"])
    return made


app = cdk.App()
operator = stack(app, "operator")
subject = stack(app, "subject")
# The Subject's trust policy names the Operator role, and IAM denies a role that doesn't exist.
subject.add_stack_dependency(operator)

task = CrossAccountTask(
    operator,
    "CrossAccount",
    account_id=NAMES["subject_account_id"],
    region=NAMES["region"],
    machine_name=NAMES["subject_machine_name"],
    execute_role_name=NAMES["execute_role_name"],
)
operator_role = machine_role(
    operator, "OperatorRole", NAMES["operator_role_name"], task, machine_name=NAMES["operator_machine_name"]
)
# `-c cdk_grants=yes` shows what the CDK would grant this role, were it let.
with_grants = app.node.try_get_context("cdk_grants") == "yes"
task.state_machine(
    name=NAMES["operator_machine_name"],
    role=operator_role if with_grants else operator_role.without_policy_updates(),
)

started = subject_machine(
    subject, name=NAMES["subject_machine_name"], role=machine_role(subject, "SubjectRole", NAMES["subject_role_name"])
)
execute_role(
    subject,
    name=NAMES["execute_role_name"],
    started=started,
    operator_account_id=NAMES["operator_account_id"],
    operator_role_name=NAMES["operator_role_name"],
    operator_machine_name=NAMES["operator_machine_name"],
)
app.synth()
