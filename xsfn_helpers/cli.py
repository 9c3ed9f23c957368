"""`xsfn`, the same work without Jupyter (also `python -m xsfn_helpers`).

Exit codes: 0 it holds, 1 a check failed or AWS refused a step, 2 the input can't be used (one sentence on stderr,
nothing made), 130 interrupted. With `--json`, standard output carries JSON and nothing else.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from xsfn_helpers.errors import ConfigError, RunError, SandboxError, StepError, XsfnError

if TYPE_CHECKING:
    from xsfn_helpers.lab import Lab

OK: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
# As shells count an end by signal: 128 and its number, SIGINT and SIGPIPE.
INTERRUPTED: Final = 130
READER_GONE: Final = 141

_CHOICES: Final = {
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
}
_DOCUMENTS: Final = {
    "execute_role_trust": "trust policy of the execute role (stage 1)",
    "execute_role_permissions": "permission policy of the execute role (stage 1)",
    "operator_role_permissions": "permission policy of the Operator role (stage 2)",
    "operator_definition": "definition of the Operator state machine (stage 3)",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show ✓ shows its number instead of ending in an error.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        options = _options(arguments)
        command: Callable[[argparse.Namespace], int] = options.command
        code = command(options)
        sys.stdout.flush()
        return code
    except XsfnError as error:
        _complain(error)
        return FAILED if isinstance(error, StepError | RunError) else BAD_INPUT
    except KeyboardInterrupt:
        print("xsfn: interrupted; do the same again to complete it, or `xsfn clean`", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _sandbox_start(options: argparse.Namespace) -> int:
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.lab import start_sandbox

    _, sandbox = start_sandbox(load_settings(_chosen(options)))
    if options.json:
        _print_json(sandbox.to_json())
        return OK
    print(f"The sandbox is at {sandbox.endpoint_url} ({sandbox.region}, process {sandbox.pid}).")
    for side, account in sandbox.accounts.items():
        print(f"{side.value.capitalize()} account {account.account_id}:")
        print(f"  AWS_ACCESS_KEY_ID={account.access_key_id}")
        print(f"  AWS_SECRET_ACCESS_KEY={account.secret_access_key}")
    print("The keys mean nothing outside this sandbox.")
    return OK


def _sandbox_status(options: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        if options.json:
            _print_json({"running": False})
        else:
            print("No sandbox is running. `xsfn sandbox start` starts it.")
        return FAILED
    accounts = {side.value: account.account_id for side, account in sandbox.accounts.items()}
    if options.json:
        _print_json(
            {
                "running": True,
                "endpoint_url": sandbox.endpoint_url,
                "region": sandbox.region,
                "pid": sandbox.pid,
                "accounts": accounts,
            }
        )
        return OK
    print(f"The sandbox is at {sandbox.endpoint_url} ({sandbox.region}, process {sandbox.pid}).")
    for side, account_id in accounts.items():
        print(f"{side.capitalize()} account {account_id}")
    return OK


def _sandbox_stop(_: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        print("No sandbox is running.")
        return OK
    sandbox.stop()
    print("The sandbox has been stopped.")
    return OK


def _sandbox_reset(_: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        raise SandboxError(
            "No sandbox is running, so there is nothing to reset.", fix="`xsfn sandbox start` starts it."
        )
    print(f"Both accounts are empty again, at {sandbox.reset().endpoint_url}.")
    return OK


def _walkthrough(options: argparse.Namespace) -> int:
    from xsfn_helpers.walkthrough import walk

    lab = _open_lab(options, documents=_own_documents(options))
    outcome = walk(lab, (lambda _: None) if options.json else lambda text: print(text, flush=True))
    if options.json:
        _print_json(outcome.to_json())
    else:
        print("Everything holds. What was built stays until `xsfn clean`." if outcome.ok else "Not everything holds.")
    return OK if outcome.ok else FAILED


def _check(options: argparse.Namespace) -> int:
    from xsfn_helpers.walkthrough import checks_json

    report = _open_lab(options).check(live=not options.no_live)
    if options.json:
        _print_json({"ok": report.ok, "checks": checks_json(report)})
    else:
        print(report)
    return OK if report.ok else FAILED


def _clean(options: argparse.Namespace) -> int:
    plan = _open_lab(options).clean()
    print(plan)
    return OK


def _export(options: argparse.Namespace) -> int:
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.export import exported_files, route_named, write_export

    # Only writes text, so no sandbox is started for it.
    settings = load_settings(_chosen(options))
    route = route_named(options.route)
    folder = options.to or Path("exported", route.value)
    print(write_export(route, folder, exported_files(route, settings.scenario, settings.lab_id)))
    print(f"In: {folder}")
    return OK


def _decide(_: argparse.Namespace) -> int:
    from xsfn_helpers.iam.jsonlines import decide_lines

    def write(answer: str) -> None:
        # Whoever sends one line at a time waits for its answer.
        sys.stdout.write(answer)
        sys.stdout.flush()

    decide_lines(sys.stdin.buffer, write)
    return OK


def _lab(options: argparse.Namespace) -> int:
    if importlib.util.find_spec("jupyterlab") is None:
        raise ConfigError(
            "JupyterLab isn't installed here.", fix="Type: pip install 'xsfn-helpers[lab]' (or make lab)."
        )
    script = _first_notebook().parent.parent / "scripts" / "lab.sh"
    sys.stdout.flush()
    os.execv("/bin/sh", ["sh", str(script), sys.executable, *options.arguments])  # noqa: S606 - our own script


def _first_notebook() -> Path:
    for root in (Path.cwd(), Path(__file__).resolve().parent.parent):
        for folder in (root, root / "notebooks"):
            if (found := folder / "00-start-here.ipynb").is_file():
                return found
    raise ConfigError(
        "The notebooks aren't here.", fix="Call `xsfn lab` in a copy of the repository, which holds notebooks/."
    )


def _open_lab(options: argparse.Namespace, documents: dict[str, str] | None = None) -> Lab:
    """The lab as chosen. The reader's documents are checked first: nothing starts when one of them is wrong."""
    from xsfn_helpers.blueprint import Blueprint
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.lab import open_lab

    choices = _chosen(options)
    if documents:
        Blueprint.recommended(load_settings(choices).scenario).using(**documents)
    lab = open_lab(**choices)
    return lab.using(**documents) if documents else lab


def _own_documents(options: argparse.Namespace) -> dict[str, str]:
    documents = {}
    for name in _DOCUMENTS:
        path: Path | None = getattr(options, name)
        if path is not None:
            try:
                documents[name] = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"The file can't be read: {error}.", where=f"--{name.replace('_', '-')}") from error
    return documents


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    return {key: value for key in _CHOICES if (value := getattr(options, key)) is not None}


def _print_json(answer: Any) -> None:
    print(json.dumps(answer, indent=2))


def _complain(error: XsfnError) -> None:
    print(f"xsfn: {' '.join(str(error).split())}", file=sys.stderr)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if rest and options.command is not _lab:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    options.arguments = rest
    return options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage first."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"xsfn: {message}; see `{self.prog} --help`\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="xsfn", description="Run a Step Functions state machine in another AWS account, step by step."
    )
    parser.add_argument("--version", action="version", version=f"xsfn {version('xsfn-helpers')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    sandbox = commands.add_parser("sandbox", help="two AWS accounts on this machine")
    actions = sandbox.add_subparsers(title="actions", required=True, metavar="ACTION")
    start = _command(actions, "start", _sandbox_start, "start it, or find it, and print its address and keys")
    _add_choices(start)
    _add_json(start)
    _add_json(_command(actions, "status", _sandbox_status, "say whether it is running, and where"))
    _command(actions, "stop", _sandbox_stop, "stop it")
    _command(actions, "reset", _sandbox_reset, "empty both accounts")

    walkthrough = _command(commands, "walkthrough", _walkthrough, "apply all stages, make all checks, run once")
    check = _command(commands, "check", _check, "check what stands")
    check.add_argument("--no-live", action="store_true", help="only read and decide; make no call that changes a thing")
    clean = _command(commands, "clean", _clean, "remove everything the lab made")
    for command in (walkthrough, check, clean):
        _add_choices(command)
    for command in (walkthrough, check):
        _add_json(command)
    documents = walkthrough.add_argument_group("documents of your own, each a file with JSON")
    for name, meaning in _DOCUMENTS.items():
        documents.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="FILE", help=meaning)

    export = _command(commands, "export", _export, "write the set-up as infrastructure code")
    export.add_argument("route", metavar="ROUTE", help="cdk, cloudformation or terraform")
    export.add_argument("--to", type=Path, metavar="DIR", help="folder (default: exported/ROUTE)")
    _add_choices(export)

    _command(commands, "decide", _decide, "IAM decisions: JSON lines in, JSON lines out")
    _command(commands, "lab", _lab, "open JupyterLab on the first notebook; options after it are JupyterLab's")
    return parser


def _command(
    commands: Any, name: str, function: Callable[[argparse.Namespace], int], meaning: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=meaning, description=meaning)
    parser.set_defaults(command=function)
    return parser


def _add_choices(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("choices (else XSFN_… variables, xsfn.toml, defaults)")
    for key, meaning in _CHOICES.items():
        group.add_argument(f"--{key.replace('_', '-')}", metavar="VALUE", help=meaning)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
