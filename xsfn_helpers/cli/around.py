"""`xsfn doctor` and `decide`: what needs no lab to be open."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from xsfn_helpers.cli.parsing import FAILED, OK, add_command, add_json, print_json
from xsfn_helpers.common.browser import in_browser
from xsfn_helpers.common.language import tr


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    add_json(
        add_command(commands, "doctor", _doctor, tr("say whether this machine is ready for the lab, and what helps"))
    )
    add_command(commands, "decide", _decide, tr("IAM decisions: JSON lines in, JSON lines out"))


def _doctor(options: argparse.Namespace) -> int:
    from xsfn_helpers.cli.doctor.read import read_machine
    from xsfn_helpers.cli.doctor.rules import diagnose

    if in_browser():
        # Loaded there alone: on a machine the doctor works in a Python with nothing installed.
        from xsfn_helpers.cli.doctor.tab import diagnose_tab

        diagnosis = diagnose_tab()
    else:
        diagnosis = diagnose(read_machine())
    if options.json:
        print_json(diagnosis.to_json())
    else:
        print(diagnosis)
    return OK if diagnosis.ok else FAILED


def _decide(_: argparse.Namespace) -> int:
    from xsfn_helpers.iam.jsonlines import decide_lines

    def write(answer: str) -> None:
        # Whoever sends one line at a time waits for its answer.
        sys.stdout.write(answer)
        sys.stdout.flush()

    decide_lines(sys.stdin.buffer, write)
    return OK
