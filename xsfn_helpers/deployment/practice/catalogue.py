"""All faults, in the order in which they are best met: one rule at a time, the tricky ones last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.practice import machine_faults, permission_faults, trust_faults
from xsfn_helpers.deployment.practice.fault import Fault

_FAULTS: Final[tuple[Callable[[Scenario], Fault], ...]] = (
    trust_faults.new_name,
    permission_faults.two_names,
    machine_faults.copied_task,
    permission_faults.whose_call,
    permission_faults.started_and_then,
    permission_faults.twelve_digits,
    permission_faults.one_word,
    trust_faults.twins,
    trust_faults.from_the_log,
    trust_faults.fresh_start,
    permission_faults.incident,
    permission_faults.freeze,
    trust_faults.star,
    permission_faults.platform_fence,
    trust_faults.all_values,
    permission_faults.too_soon,
    trust_faults.other_region,
    machine_faults.clean_up,
    trust_faults.copied_trust,
    permission_faults.stop_button,
    machine_faults.simpler_task,
    trust_faults.deployment,
    trust_faults.loud_name,
    trust_faults.whole_account,
    trust_faults.second_machine,
)


def catalogue(scenario: Scenario) -> tuple[Fault, ...]:
    """Every fault, with the scenario's own names. Its number is its place, from 1."""
    return tuple(make(scenario) for make in _FAULTS)


def find(scenario: Scenario, which: int | str) -> tuple[int, Fault]:
    """Number and fault, by number or id. Raises `ConfigError` where there is no such fault."""
    faults = catalogue(scenario)
    for number, fault in enumerate(faults, start=1):
        if which in (number, fault.id) and not isinstance(which, bool):
            return number, fault
    ids = ", ".join(fault.id for fault in faults)
    raise ConfigError(
        tr("There is no fault {which!r}.", which=which),
        fix=tr("There are 1 to {count}, or by name: {ids}.", count=len(faults), ids=ids),
    )
