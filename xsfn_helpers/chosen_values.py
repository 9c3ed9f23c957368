"""The values that a reader may choose, each checked: what was chosen, where, and what it would have to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from xsfn_helpers.errors import ConfigError, InvalidScenario
from xsfn_helpers.language import tr
from xsfn_helpers.scenario import check_account_id

# What AWS allows in a tag's value, less what is awkward in a shell.
_LAB_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# The roles and state machines of the set-up that may be there already.
ADOPTABLE: Final = ("operator_role", "operator_machine", "subject_role", "subject_machine", "execute_role")


class Target(StrEnum):
    """Where the two accounts are."""

    SANDBOX = "sandbox"
    AWS = "aws"


@dataclass(frozen=True, slots=True)
class Choice:
    """One value and where it was chosen, for error messages."""

    value: object
    source: str


def lab_id(choice: Choice) -> str:
    if not isinstance(choice.value, str) or not _LAB_ID.fullmatch(choice.value):
        raise ConfigError(
            tr("{value!r} is not a lab id.", value=choice.value),
            where=choice.source or "lab id",
            fix=tr("It becomes a tag's value: 1 to 64 of A-Z a-z 0-9 _ . -"),
        )
    return choice.value


def port(choice: Choice) -> int | None:
    value = choice.value
    if value is None:
        return None
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,5}", value) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= 65535:
        raise ConfigError(
            tr("{value!r} is not a port.", value=value),
            where=choice.source or "port",
            fix=tr("A port is a number from 1 to 65535."),
        )
    return number


def target(choice: Choice) -> Target:
    try:
        return Target(str(choice.value))
    except ValueError:
        raise ConfigError(
            tr("There is no target {value!r}.", value=choice.value),
            where=choice.source or "target",
            fix=tr("There are: {names}.", names=", ".join(Target)),
        ) from None


def profile(choice: Choice, key: str) -> str | None:
    """The name of an AWS profile; None leaves it to AWS's own default."""
    if choice.value is None:
        return None
    if not isinstance(choice.value, str) or not choice.value.strip():
        raise ConfigError(
            tr("{value!r} is not the name of an AWS profile.", value=choice.value),
            where=choice.source or key.replace("_", " "),
            fix=tr("`aws configure list-profiles` lists them."),
        )
    return choice.value


def account_ids(choice: Choice) -> frozenset[str]:
    """Account ids, as a list or as one text with commas."""
    ids = _names(choice, "deny accounts")
    for one in ids:
        try:
            check_account_id(one, where=choice.source or "deny accounts")
        except InvalidScenario as error:
            raise ConfigError(error.what, where=error.where, fix=error.fix) from error
    return frozenset(ids)


def adopted(choice: Choice) -> frozenset[str]:
    """Which of the roles and state machines are there already and are to be used."""
    names = _names(choice, "adopt")
    for one in names:
        if one not in ADOPTABLE:
            raise ConfigError(
                tr("{one!r} can't be adopted.", one=one),
                where=choice.source or "adopt",
                fix=tr(
                    "What can be: {names}. Its name is another setting, such as operator_role_name.",
                    names=", ".join(ADOPTABLE),
                ),
            )
    return frozenset(names)


def _names(choice: Choice, key: str) -> tuple[str, ...]:
    value = choice.value
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in value):
        raise ConfigError(
            tr("{value!r} is not a list of texts.", value=choice.value),
            where=choice.source or key,
            fix=tr('In xsfn.toml: ["…", "…"]; elsewhere one text with commas.'),
        )
    return tuple(value)
