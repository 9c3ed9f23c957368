"""`xsfn`, the same work without Jupyter (also `python -m xsfn_helpers`).

Exit codes: 0 it holds, 1 a check failed or AWS denied a step, 2 the input can't be used, or a yes is missing (one
sentence on stderr, nothing made), 130 interrupted. With `--json`, standard output carries JSON and nothing else.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence

from xsfn_helpers.cli import around, building, diagnosing, exporting, notebooks, room, sandbox
from xsfn_helpers.cli.parsing import BAD_INPUT, FAILED, INTERRUPTED, OK, READER_GONE, Parser, installed_version
from xsfn_helpers.common.errors import RunError, StepError, XsfnError
from xsfn_helpers.common.language import tr

__all__ = ["BAD_INPUT", "FAILED", "INTERRUPTED", "OK", "READER_GONE", "main"]


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
        print(tr("xsfn: interrupted; do the same again to complete it, or `xsfn clean`"), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _complain(error: XsfnError) -> None:
    print(f"xsfn: {' '.join(str(error).split())}", file=sys.stderr)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if hasattr(options, "what"):
        # argparse takes a list of arguments in one piece only; these stand behind an option.
        options.what += [one for one in rest if one == "-" or not one.startswith("-")]
        rest = [one for one in rest if one != "-" and one.startswith("-")]
    if rest and options.command is not notebooks.open_jupyterlab:
        parser.error(tr("unknown arguments: {arguments}", arguments=" ".join(rest)))
    options.arguments = rest
    return options


def _parser() -> argparse.ArgumentParser:
    about = tr("Run a Step Functions state machine in another AWS account, step by step.")
    failing = tr(
        "A task \"is not authorized to assume the task state's role\"? `xsfn diagnose` with AWS's sentence, an ARN or "
        "your templates tells why."
    )
    parser = Parser(prog="xsfn", description=f"{about} {failing}")
    parser.add_argument(
        "--version",
        action="version",
        version=f"xsfn {installed_version()}",
        help=tr("show program's version number and exit"),
    )
    commands = parser.add_subparsers(title=tr("commands"), required=True, metavar="COMMAND")
    for group in (sandbox, building, diagnosing, exporting, room, around, notebooks):
        group.add(commands)
    return parser
