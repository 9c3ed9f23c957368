"""Names of things that faults add, and ARNs with another last part."""

from __future__ import annotations

from typing import Final

from xsfn_helpers.chain.scenario import Scenario

# IAM's and Step Functions' limits; a scenario's names may use them up.
_LONGEST_ROLE: Final = 64
_LONGEST_MACHINE: Final = 80


def twin_role_name(scenario: Scenario) -> str:
    """Another role of the Operator account."""
    return _longer(scenario.operator_role_name, "-blue", _LONGEST_ROLE)


def loud_machine_name(scenario: Scenario) -> str:
    """The Operator state machine's name with a character that STS denies in an external ID."""
    return _longer(scenario.operator_machine_name, "!", _LONGEST_MACHINE)


def misspelt_role_name(scenario: Scenario) -> str:
    return _longer(scenario.execute_role_name.removesuffix("-role"), "-roll", _LONGEST_ROLE)


def boundary_arn(scenario: Scenario) -> str:
    name = _longer(scenario.operator_role_name, "-fence", _LONGEST_ROLE)
    return f"arn:{scenario.partition}:iam::{scenario.operator_account_id}:policy/{name}"


def renamed(arn: str, name: str, other: str) -> str:
    """The ARN, whose last part is `name`, with `other` in its place."""
    return arn.removesuffix(name) + other


def _longer(name: str, suffix: str, longest: int) -> str:
    return name[: longest - len(suffix)] + suffix
