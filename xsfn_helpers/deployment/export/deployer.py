"""Somebody who deploys with few rights: a service role of CloudFormation, for a trial; `lab.clean()` removes it."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.chain.documents import POLICY_VERSION
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.json_text import json_text
from xsfn_helpers.deployment.checks.probes import PREFIX
from xsfn_helpers.deployment.environment import Environment
from xsfn_helpers.deployment.resources.iam import InlinePolicy, Role

NAME: Final = f"{PREFIX}deployer"
_POLICY: Final = "may-deploy"


def make_deployer(environment: Environment, side: Side, actions: tuple[str, ...]) -> str:
    """The ARN of a role that CloudFormation may assume, allowed `actions` on everything and nothing else.

    Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """
    trust = _policy(Principal={"Service": "cloudformation.amazonaws.com"}, Action="sts:AssumeRole")
    Role(environment, side, NAME, trust, policies=frozenset({_POLICY})).apply()
    InlinePolicy(environment, side, NAME, _POLICY, _policy(Action=sorted(actions), Resource="*")).apply()
    scenario = environment.scenario
    return f"arn:{scenario.partition}:iam::{scenario.account(side).id}:role/{NAME}"


def _policy(**elements: object) -> str:
    document = {"Version": POLICY_VERSION, "Statement": [{"Sid": "Deployer", "Effect": "Allow", **elements}]}
    return json_text(document)
