"""`xsfn doctor`, `decide` and `lab`: what needs no lab to be open."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from xsfn_helpers.cli.parsing import FAILED, OK, add_command, add_json, print_json
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    add_json(
        add_command(commands, "doctor", _doctor, tr("say whether this machine is ready for the lab, and what helps"))
    )
    add_command(commands, "decide", _decide, tr("IAM decisions: JSON lines in, JSON lines out"))
    add_command(
        commands, "lab", open_jupyterlab, tr("open JupyterLab on the first notebook; options after it are JupyterLab's")
    )


def _doctor(options: argparse.Namespace) -> int:
    from xsfn_helpers.cli.doctor.read import read_machine
    from xsfn_helpers.cli.doctor.rules import diagnose

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


def open_jupyterlab(options: argparse.Namespace) -> int:
    """Become JupyterLab on the first notebook. Raises `ConfigError` where it, or the notebooks, aren't there."""
    if importlib.util.find_spec("jupyterlab") is None:
        raise ConfigError(
            tr("JupyterLab isn't installed here."), fix=tr("Type: pip install 'xsfn-helpers[lab]' (or make lab).")
        )
    script = _repository() / "scripts" / "lab.sh"
    sys.stdout.flush()
    os.execv("/bin/sh", ["sh", str(script), sys.executable, *options.arguments])  # noqa: S606 - our own script


def _repository() -> Path:
    """The copy that the program runs in, else the one it is installed from."""
    here = Path.cwd()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks" / "00-start-here.ipynb").is_file():
            return folder
    raise ConfigError(
        tr("The notebooks aren't here."), fix=tr("Call `xsfn lab` in a copy of the repository, which holds notebooks/.")
    )
