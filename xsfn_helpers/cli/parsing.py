"""What the commands have in common: exit codes, choices, JSON, and a parser that complains in one line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, NoReturn

from xsfn_helpers.cli.complaints import complaint
from xsfn_helpers.common.language import mark, tr

OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
# Neither holds nor fails for certain: `xsfn diagnose` alone ends so.
UNDECIDED: Final = 3
# As shells count an end by signal: 128 and its number, SIGINT and SIGPIPE.
INTERRUPTED: Final = 130
READER_GONE: Final = 141

CHOICES: Final = {
    "operator_account_id": mark("12-digit id of the Operator account"),
    "subject_account_id": mark("12-digit id of the Subject account"),
    "region": mark("one region for both"),
    "operator_machine_name": mark("name of the Operator state machine"),
    "operator_role_name": mark("name of the Operator role"),
    "subject_machine_name": mark("name of the Subject state machine"),
    "subject_role_name": mark("name of the Subject role"),
    "execute_role_name": mark("name of the execute role"),
    "lab_id": mark("value of the tag xsfn:lab on what is made"),
    "port": mark("port of the sandbox on 127.0.0.1"),
    "target": mark("sandbox, or aws for two accounts of your own"),
    "operator_profile": mark("AWS profile of the Operator account"),
    "subject_profile": mark("AWS profile of the Subject account"),
    "deny_accounts": mark("account IDs, with commas, that nothing may be done in"),
    "adopt": mark("roles and machines, with commas, that are there already and are used"),
}


class _Formatter(argparse.HelpFormatter):
    """Says "usage" in the reader's language."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, tr("usage: ") if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage first; and says it in one language."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, add_help=False, formatter_class=_Formatter, **options)
        self._positionals.title = tr("positional arguments")
        self._optionals.title = tr("options")
        self.add_argument("-h", "--help", action="help", help=tr("show this help message and exit"))

    def error(self, message: str) -> NoReturn:
        self.exit(
            BAD_INPUT,
            tr("xsfn: {message}; see `{program} --help`", message=complaint(message), program=self.prog) + "\n",
        )


def add_command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], meaning: str
) -> argparse.ArgumentParser:
    """A command (or an action of one) that runs `function`, with its meaning in the help."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(command=function)
    return parser


def add_choices(parser: argparse.ArgumentParser) -> None:
    """Options for every setting of `xsfn_helpers.aws.settings`."""
    group = parser.add_argument_group(tr("choices (else XSFN_… variables, xsfn.toml, defaults)"))
    for key, meaning in CHOICES.items():
        group.add_argument(f"--{key.replace('_', '-')}", metavar="VALUE", help=tr(meaning))


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help=tr("print JSON and nothing else"))


def chosen(options: argparse.Namespace) -> dict[str, Any]:
    """The settings that were given as options."""
    return {key: value for key in CHOICES if (value := getattr(options, key)) is not None}


def installed_version() -> str:
    """The version that is installed."""
    try:
        return version("xsfn-helpers")
    except PackageNotFoundError:  # `xsfn doctor` tells what that means
        return tr("(not installed)")


def print_json(answer: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(answer, indent=2))
