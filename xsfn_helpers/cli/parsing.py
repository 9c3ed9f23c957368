"""What the commands have in common: exit codes, choices, JSON, and a parser that complains in one line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
# As shells count an end by signal: 128 and its number, SIGINT and SIGPIPE.
INTERRUPTED: Final = 130
READER_GONE: Final = 141

CHOICES: Final = {
    "operator_account_id": "12-digit id of the Operator account",
    "subject_account_id": "12-digit id of the Subject account",
    "region": "one region for both",
    "operator_machine_name": "name of the Operator state machine",
    "operator_role_name": "name of the Operator role",
    "subject_machine_name": "name of the Subject state machine",
    "subject_role_name": "name of the Subject role",
    "execute_role_name": "name of the execute role",
    "lab_id": "value of the tag xsfn:lab on what is made",
    "port": "port of the sandbox on 127.0.0.1",
    "target": "sandbox, or aws for two accounts of your own",
    "operator_profile": "AWS profile of the Operator account",
    "subject_profile": "AWS profile of the Subject account",
    "deny_accounts": "account ids, with commas, that nothing may be done in",
    "adopt": "roles and machines, with commas, that are there already and are used",
}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage first."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"xsfn: {message}; see `{self.prog} --help`\n")


def add_command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], meaning: str
) -> argparse.ArgumentParser:
    """A command (or an action of one) that runs `function`, with its meaning in the help."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(command=function)
    return parser


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Options for every setting of `xsfn_helpers.config`."""
    group = parser.add_argument_group("choices (else XSFN_… variables, xsfn.toml, defaults)")
    for key, meaning in CHOICES.items():
        group.add_argument(f"--{key.replace('_', '-')}", metavar="VALUE", help=meaning)


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")


def chosen(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given as options."""
    return {key: value for key in CHOICES if (value := getattr(options, key)) is not None}


def print_json(answer: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(answer, indent=2))
