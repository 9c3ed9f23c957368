"""What the reader chose: ids, names, region and port, from keywords, environment, `xsfn.toml` and defaults.

The first of these that names a key wins:

1. a keyword of `open_lab(...)` or an option of `xsfn`
2. an environment variable: `XSFN_` and the key in capitals, such as `XSFN_OPERATOR_ACCOUNT_ID`
3. the nearest `xsfn.toml`, in the working folder or one above it
4. the default

| key                     | meaning                                              | default                             |
|-------------------------|------------------------------------------------------|-------------------------------------|
| `operator_account_id`   | 12 digits, as text                                   | `111111111111`                      |
| `subject_account_id`    | 12 digits, as text, another one                      | `222222222222`                      |
| `region`                | one region for both accounts                         | `ap-northeast-1`                    |
| `operator_machine_name` | the state machine that starts                        | `operator-statemachine`             |
| `operator_role_name`    | its role                                             | `operator-statemachine-iam-role`    |
| `subject_machine_name`  | the state machine that is started                    | `subject-statemachine`              |
| `subject_role_name`     | its role                                             | `subject-statemachine-iam-role`     |
| `execute_role_name`     | the role the Operator assumes in the Subject account | `subject-statemachine-execute-role` |
| `lab_id`                | value of the tag `xsfn:lab` on what the lab makes    | `xsfn`; on AWS a random one, kept   |
| `port`                  | the sandbox's port on 127.0.0.1                      | any free one                        |
| `target`                | `sandbox`, or `aws` for two accounts of your own     | `sandbox`                           |
| `operator_profile`      | AWS profile that leads to the Operator account       | AWS's own default                   |
| `subject_profile`       | AWS profile that leads to the Subject account        | AWS's own default                   |
| `deny_accounts`         | account IDs that nothing may be done in              | none                                |
| `adopt`                 | roles and machines that are there already, to be used | none                               |

In a room (`XSFN_ROOM_URL`, `XSFN_ROOM_CODE` and `XSFN_ROOM_NAME` join one, as `join_room` does) accounts and region are
those of one's place there, and `port` is the room's own affair.

On the sandbox, account IDs and region that nobody chose are those of the one that is running, or that ran last. On AWS
they are those that the profiles lead to. `adopt` lists any of `operator_role`, `operator_machine`, `subject_role`,
`subject_machine` and `execute_role`; each is found by the name that the key `…_name` gives it.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common import language
from xsfn_helpers.common.aws_names import check_account_id
from xsfn_helpers.common.errors import ConfigError, InvalidScenario
from xsfn_helpers.common.language import tr

# What AWS allows in a tag's value, less what is awkward in a shell.
_LAB_ID: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# The roles and state machines of the setup that may be there already.
ADOPTABLE: Final = ("operator_role", "operator_machine", "subject_role", "subject_machine", "execute_role")


class Platform(StrEnum):
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


def target(choice: Choice) -> Platform:
    try:
        return Platform(str(choice.value))
    except ValueError:
        raise ConfigError(
            tr("There is no target {value!r}.", value=choice.value),
            where=choice.source or "target",
            fix=tr("There are: {names}.", names=", ".join(Platform)),
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
    """Account IDs, as a list or as one text with commas."""
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


CONFIG_FILE: Final = "xsfn.toml"
SCENARIO_KEYS: Final = tuple(one.name for one in fields(Scenario))
PROFILE_KEYS: Final = {Side.OPERATOR: "operator_profile", Side.SUBJECT: "subject_profile"}
KEYS: Final = (*SCENARIO_KEYS, "lab_id", "port", "target", *PROFILE_KEYS.values(), "deny_accounts", "adopt")
ENVIRONMENT_PREFIX: Final = "XSFN_"
# Variables that belong to others: where the sandbox keeps its state, for one.
_OTHER_VARIABLES: Final = frozenset(
    {"XSFN_STATE_DIR", "XSFN_ROOM_URL", "XSFN_ROOM_CODE", "XSFN_ROOM_NAME", language.VARIABLE}
)


@dataclass(frozen=True, slots=True)
class Settings:
    """A valid set of choices. `chosen` names the keys that the reader set; the others are defaults."""

    scenario: Scenario
    lab_id: str
    port: int | None
    chosen: frozenset[str]
    target: Platform = Platform.SANDBOX
    profiles: Mapping[Side, str | None] = field(default_factory=dict)
    denied: frozenset[str] = frozenset()
    adopted: frozenset[str] = frozenset()

    def on_sandbox(self, sandbox: AccountsPlace, *, room: str = "") -> Settings:
        """The same choices on this running sandbox, or in this place of a `room`: what nobody chose follows it.

        Raises `ConfigError` when a choice and the sandbox disagree.
        """
        for key, value in sandbox.values():
            wanted = getattr(self.scenario, key)
            if key in self.chosen and wanted != value:
                if room:
                    raise ConfigError(
                        tr(
                            "Your place in the room has {key} {value}, not {wanted}.",
                            key=key.replace("_", " "),
                            value=value,
                            wanted=wanted,
                        ),
                        where=room,
                        fix=tr("Leave the choice out, or leave the room: xsfn room leave"),
                    )
                raise ConfigError(
                    tr(
                        "The sandbox that is running has {key} {value}, not {wanted}.",
                        key=key.replace("_", " "),
                        value=value,
                        wanted=wanted,
                    ),
                    fix=tr("Stop it with `xsfn sandbox stop` and do the same again, or choose what it has."),
                )
        return replace(self, scenario=replace(self.scenario, **dict(sandbox.values())))

    def after_sandbox(self, last: AccountsPlace) -> Settings:
        """The same choices on the sandbox that ran last, whose accounts are kept; elsewhere if one of them differs."""
        try:
            return self.on_sandbox(last)
        except ConfigError:
            return self


@dataclass(frozen=True, slots=True)
class AccountsPlace:
    """Which accounts, in which region, a sandbox has."""

    operator_account_id: str
    subject_account_id: str
    region: str

    def values(self) -> tuple[tuple[str, str], ...]:
        return tuple((one.name, getattr(self, one.name)) for one in fields(self))


def load_settings(
    overrides: Mapping[str, object] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Every choice, checked.

    `overrides` are keywords or options (a None value counts as not given); `environment` is `os.environ` and `folder`
    the working folder unless given. Raises `ConfigError` for an unknown key, a wrong type or unreadable TOML, and
    `InvalidScenario` for a value that AWS or the chain would deny; both name the place it came from.
    """
    choices = _from_file(folder or Path.cwd())
    choices |= _from_environment(os.environ if environment is None else environment)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    _refuse_unknown(given, tr("the call"), KEYS)
    choices |= {key: Choice(value, "") for key, value in given.items()}
    return Settings(
        scenario=_scenario({key: choices[key] for key in SCENARIO_KEYS if key in choices}),
        lab_id=lab_id(choices.get("lab_id", Choice("xsfn", ""))),
        port=port(choices.get("port", Choice(None, ""))),
        chosen=frozenset(choices),
        target=target(choices.get("target", Choice(Platform.SANDBOX, ""))),
        profiles={side: profile(choices.get(key, Choice(None, "")), key) for side, key in PROFILE_KEYS.items()},
        denied=account_ids(choices.get("deny_accounts", Choice((), ""))),
        adopted=adopted(choices.get("adopt", Choice((), ""))),
    )


def find_config_file(folder: Path) -> Path | None:
    """The nearest `xsfn.toml`, here or in a folder above."""
    for here in (folder, *folder.parents):
        if (here / CONFIG_FILE).is_file():
            return here / CONFIG_FILE
    return None


def _from_file(folder: Path) -> dict[str, Choice]:
    path = find_config_file(folder)
    if path is None:
        return {}
    try:
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            tr("This isn't TOML: {error}.", error=error), where=str(path), fix=tr('A line reads: key = "value"')
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(tr("The file can't be read: {error}.", error=error), where=str(path)) from error
    _refuse_unknown(found, str(path), KEYS)
    return {key: Choice(value, str(path)) for key, value in found.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Choice]:
    _check_language(environment.get(language.VARIABLE, ""))
    ours = {name for name in environment if name.startswith(ENVIRONMENT_PREFIX)} - _OTHER_VARIABLES
    known = {ENVIRONMENT_PREFIX + key.upper(): key for key in KEYS}
    _refuse_unknown(sorted(ours), tr("the environment"), tuple(known))
    return {known[name]: Choice(environment[name], name) for name in sorted(ours) if environment[name]}


def _check_language(wanted: str) -> None:
    if wanted and language.known(wanted) is None:
        raise ConfigError(
            tr("There are no messages in the language {wanted!r}.", wanted=wanted),
            where=language.VARIABLE,
            fix=tr("There are: {languages}.", languages=", ".join(language.LANGUAGES)),
        )


def _refuse_unknown(names: Iterable[str], where: str, known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            meant = (
                tr("Did you mean {close!r}?", close=close[0])
                if close
                else tr("There are: {names}.", names=", ".join(known))
            )
            raise ConfigError(tr("There is no setting {name!r}.", name=name), where=where, fix=meant)


def _scenario(choices: Mapping[str, Choice]) -> Scenario:
    for key, choice in choices.items():
        if not isinstance(choice.value, str):
            raise ConfigError(
                tr("{key} is {value!r}, which is not a text.", key=key, value=choice.value),
                where=choice.source or key.replace("_", " "),
                fix=tr(
                    'Put it in quotes: an account ID such as "012345678901" would lose its leading zero as a number.'
                ),
            )
    try:
        return Scenario(**{key: str(choice.value) for key, choice in choices.items()})
    except InvalidScenario as error:
        source = choices.get(error.where.lower().replace(" ", "_"), Choice("", "")).source
        if not source:
            raise
        raise InvalidScenario(error.what, where=f"{source}, {error.where}", fix=error.fix) from error
