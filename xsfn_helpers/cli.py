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
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from xsfn_helpers.errors import ConfigError, RunError, SandboxError, StepError, XsfnError

if TYPE_CHECKING:
    from xsfn_helpers.diagnose.diagnosis import Diagnosis
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
    "target": "sandbox, or aws for two accounts of your own",
    "operator_profile": "AWS profile of the Operator account",
    "subject_profile": "AWS profile of the Subject account",
    "deny_accounts": "account ids, with commas, that nothing may be done in",
    "adopt": "roles and machines, with commas, that are there already and are used",
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

    _, sandbox = start_sandbox(load_settings(_chosen(options)), further=options.account)
    if options.json:
        _print_json(sandbox.to_json())
        return OK
    print(f"The sandbox is at {sandbox.endpoint_url} ({sandbox.region}, process {sandbox.pid}).")
    named = [(side.value, account) for side, account in sandbox.accounts.items()]
    for name, account in (*named, *(("further", account) for account in sandbox.further.values())):
        print(f"{name.capitalize()} account {account.account_id}:")
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
                **({"further_accounts": list(sandbox.further)} if sandbox.further else {}),
                "propagation_seconds": sandbox.propagation_seconds,
            }
        )
        return OK
    print(f"The sandbox is at {sandbox.endpoint_url} ({sandbox.region}, process {sandbox.pid}).")
    for side, account_id in accounts.items():
        print(f"{side.capitalize()} account {account_id}")
    for account_id in sandbox.further:
        print(f"Further account {account_id}")
    print(_delay_told(sandbox.propagation_seconds))
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
    which = "All accounts are" if sandbox.further else "Both accounts are"
    print(f"{which} empty again, at {sandbox.reset().endpoint_url}.")
    return OK


def _sandbox_delay(options: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        raise SandboxError(
            "No sandbox is running, so there is nothing to slow down.", fix="`xsfn sandbox start` starts it."
        )
    if options.seconds is not None:
        sandbox.delay_propagation(options.seconds)
    print(_delay_told(sandbox.propagation_seconds))
    return OK


def _delay_told(seconds: float) -> str:
    if seconds:
        return f"Changes in IAM count after {seconds:g} s. `xsfn sandbox delay 0` lets them count at once."
    return "Changes in IAM count at once."


def _walkthrough(options: argparse.Namespace) -> int:
    from xsfn_helpers.walkthrough import walk

    lab = _open_lab(options, documents=_own_documents(options))
    _agree(lab, options, "A walkthrough")
    outcome = walk(lab, (lambda _: None) if options.json else lambda text: print(text, flush=True))
    if options.json:
        _print_json(outcome.to_json())
    else:
        print("Everything holds. What was built stays until `xsfn clean`." if outcome.ok else "Not everything holds.")
    return OK if outcome.ok else FAILED


def _check(options: argparse.Namespace) -> int:
    from xsfn_helpers.walkthrough import checks_json

    lab = _open_lab(options)
    if not options.no_live:
        _agree(lab, options, "A check with real calls")
    report = lab.check(live=not options.no_live)
    opinion = lab.second_opinion() if options.second_opinion else None
    if opinion is not None:
        report = report + opinion.report
    if options.json:
        _print_json({"ok": report.ok, "checks": checks_json(report)})
    else:
        print(report if opinion is None else f"{report}\n{opinion}")
    return OK if report.ok else FAILED


def _clean(options: argparse.Namespace) -> int:
    lab = _open_lab(options)
    if options.find:
        return _find(lab, options)
    if options.dry_run:
        print(lab.plan_clean())
        return OK
    _agree(lab, options, "Cleaning up")
    print(lab.clean())
    return OK


def _export(options: argparse.Namespace) -> int:
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.export import exported_files, route_named, write_export
    from xsfn_helpers.lab import placed

    route = route_named(options.route)
    # Only writes text, so no sandbox is started for it.
    settings = placed(load_settings(_chosen(options)))
    folder = options.to or Path("exported", route.value)
    print(write_export(route, folder, exported_files(route, settings.scenario, settings.lab_id)))
    print(f"In: {folder}")
    return OK


def _find(lab: Lab, options: argparse.Namespace) -> int:
    """Tell what is left of labs; with --yes, remove what is this one's. A find that was asked for nothing more ends
    with 1 where something is left, so that a script can tell."""
    left = lab.leftovers()
    print(left)
    if not left.own:
        return OK
    if not options.yes:
        print("Nothing was removed: with --yes it is.")
        return FAILED
    _agree(lab, options, "Removing what is left")
    with lab.turn():
        print(left.remove())
    return OK


def _preflight(options: argparse.Namespace) -> int:
    looked = _open_lab(options).preflight()
    print(looked)
    print("Nothing was changed. To go on: xsfn apply --yes" if looked.ok else "Nothing was changed. Not ready yet.")
    return OK if looked.ok else FAILED


def _apply(options: argparse.Namespace) -> int:
    lab = _open_lab(options, documents=_own_documents(options))
    if options.change:
        lab = lab.may_change(*(name.strip() for name in options.change.split(",")))
    steps = [step for step in lab.steps if step.number <= options.stage]
    if options.dry_run:
        for step in steps:
            print(step.plan())
        print("Nothing was changed: this was a dry run.")
        return OK
    _agree(lab, options, "Applying the stages")
    with lab.turn():
        for step in steps:
            print(step.apply(), flush=True)
    return OK


def _agree(lab: Lab, options: argparse.Namespace, what: str) -> None:
    """Take --yes for this command alone. Raises `AgreementNeeded` where a yes is needed and nobody has given it."""
    agreement = lab.ground.accounts.agreement
    if options.yes:
        agreement.give_once()
    agreement.check(what, f"{lab.scenario.operator}, {lab.scenario.subject}")


def _diagnose(options: argparse.Namespace) -> int:
    from xsfn_helpers.diagnose.export import export

    diagnosis = _diagnosis(options)
    if options.export is not None:
        export(diagnosis.evidence, options.export)
    if options.html is not None:
        try:
            options.html.write_text(diagnosis.html(), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"The report can't be written: {error}.", where=str(options.html)) from error
    if options.json:
        _print_json(diagnosis.to_json())
    else:
        print(diagnosis)
    return OK if diagnosis.ok else FAILED


def _diagnosis(options: argparse.Namespace) -> Diagnosis:
    """From files, from the profiles that were chosen, or from the lab's two accounts."""
    from xsfn_helpers.chosen_values import Target
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.diagnose.ask import diagnose_files, diagnose_profiles

    if options.from_files is not None:
        return diagnose_files(options.from_files, options.arn)
    settings = load_settings(_chosen(options))
    by_profile = settings.target is Target.AWS or any(settings.profiles.values())
    if options.arn is not None and by_profile:
        return diagnose_profiles(options.arn, settings)
    return _open_lab(options).diagnose(options.arn)


def _decide(_: argparse.Namespace) -> int:
    from xsfn_helpers.iam.jsonlines import decide_lines

    def write(answer: str) -> None:
        # Whoever sends one line at a time waits for its answer.
        sys.stdout.write(answer)
        sys.stdout.flush()

    decide_lines(sys.stdin.buffer, write)
    return OK


def _doctor(options: argparse.Namespace) -> int:
    from xsfn_helpers.doctor.read import read_machine
    from xsfn_helpers.doctor.rules import diagnose

    diagnosis = diagnose(read_machine())
    if options.json:
        _print_json(diagnosis.to_json())
    else:
        print(diagnosis)
    return OK if diagnosis.ok else FAILED


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


def _version() -> str:
    try:
        return version("xsfn-helpers")
    except PackageNotFoundError:  # `xsfn doctor` tells what that means
        return "(not installed)"


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
    parser.add_argument("--version", action="version", version=f"xsfn {_version()}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    sandbox = commands.add_parser("sandbox", help="two AWS accounts on this machine")
    actions = sandbox.add_subparsers(title="actions", required=True, metavar="ACTION")
    start = _command(actions, "start", _sandbox_start, "start it, or find it, and print its address and keys")
    _add_choices(start)
    start.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ID",
        help="a further Subject account; as often as you like (it then stays, whoever starts the sandbox)",
    )
    _add_json(start)
    _add_json(_command(actions, "status", _sandbox_status, "say whether it is running, and where"))
    _command(actions, "stop", _sandbox_stop, "stop it")
    _command(actions, "reset", _sandbox_reset, "empty both accounts")
    delay = _command(actions, "delay", _sandbox_delay, "let changes in IAM take a while to count, as on AWS")
    delay.add_argument(
        "seconds", type=float, nargs="?", metavar="SECONDS", help="0 (at once) to 120; left out: tell what it is"
    )

    walkthrough = _command(commands, "walkthrough", _walkthrough, "apply all stages, make all checks, run once")
    check = _command(commands, "check", _check, "check what stands")
    check.add_argument("--no-live", action="store_true", help="only read and decide; make no call that changes a thing")
    check.add_argument("--second-opinion", action="store_true", help="ask AWS's own simulation and validation, too")
    clean = _command(commands, "clean", _clean, "remove everything the lab made")
    clean.add_argument("--find", action="store_true", help="look for what labs have left, by their tag")
    preflight = _command(
        commands,
        "preflight",
        _preflight,
        "before any change: who you are, what is missing, what would be made, the cost",
    )
    apply = _command(commands, "apply", _apply, "apply the prerequisites and the stages, and no more")
    apply.add_argument("--change", default="", metavar="NAMES", help="adopted things, with commas, that may be changed")
    apply.add_argument(
        "--stage", type=int, choices=range(4), default=3, help="the last one to apply; 0 is the prerequisites alone"
    )
    for command in (clean, apply):
        command.add_argument("--dry-run", action="store_true", help="tell what would be done, and do nothing")
    for command in (walkthrough, check, clean, apply):
        command.add_argument("--yes", action="store_true", help="agree to changes in AWS accounts, this once")
    diagnose = _command(
        commands,
        "diagnose",
        _diagnose,
        "why a set-up doesn't work, and the smallest change that makes it; only reads (0 fine, 1 a link is broken)",
    )
    diagnose.add_argument(
        "arn",
        nargs="?",
        metavar="ARN",
        help="of a state machine or an execution; else the lab's Operator state machine",
    )
    diagnose.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page of its own")
    diagnose.add_argument("--from-files", type=Path, metavar="FOLDER", help="read exported JSON; ask no AWS at all")
    diagnose.add_argument("--export", type=Path, metavar="FOLDER", help="write what was read, for --from-files")
    for command in (walkthrough, check, clean, preflight, apply, diagnose):
        _add_choices(command)
    for command in (walkthrough, check, diagnose):
        _add_json(command)
    for command in (walkthrough, apply):
        documents = command.add_argument_group("documents of your own, each a file with JSON")
        for name, meaning in _DOCUMENTS.items():
            documents.add_argument(f"--{name.replace('_', '-')}", type=Path, metavar="FILE", help=meaning)

    export = _command(commands, "export", _export, "write the set-up as infrastructure code")
    export.add_argument("route", metavar="ROUTE", help="cdk, cloudformation or terraform")
    export.add_argument("--to", type=Path, metavar="DIR", help="folder (default: exported/ROUTE)")
    _add_choices(export)

    _add_json(_command(commands, "doctor", _doctor, "say whether this machine is ready for the lab, and what helps"))
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
