"""Draws the pictures that the README and the notebooks use: `python -m xsfn_helpers.display.draw diagrams/`.

For each picture a DOT source and an SVG; a test says when they are stale.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from xsfn_helpers.chain.links import LINK_NUMBERS, Node
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import NoDotProgram
from xsfn_helpers.common.language import ENGLISH, LANGUAGES, mark, speaking
from xsfn_helpers.display.palette import LinkState
from xsfn_helpers.display.pictures.diagram import Diagram

# Possible from the start: both state machine roles trust Step Functions before stage 1.
_PREREQUISITES: Final = (1, 6)
_STAGE_1: Final = (3, 4, 5)


def pictures(scenario: Scenario) -> Mapping[str, Diagram]:
    """Every picture by its file name: the whole chain, and what each stage of the article makes possible."""
    return {
        "access-chain": Diagram(scenario, _allowed(*LINK_NUMBERS)),
        "stage-1": Diagram(
            scenario,
            {**_allowed(*_PREREQUISITES, *_STAGE_1), 2: LinkState.REFUSED},
            {
                2: mark("Half way: the execute role trusts the Operator role, which has no permission yet."),
                **dict.fromkeys(_STAGE_1, mark("New in stage 1")),
            },
            title=mark("After stage 1: the Subject's execute role may start, follow and stop the Subject"),
            absent={Node.OPERATOR_MACHINE, Node.SUBJECT_EXECUTION},
        ),
        "stage-2": Diagram(
            scenario,
            _allowed(*LINK_NUMBERS),
            {2: mark("New in stage 2: now both accounts allow it.")},
            title=mark("After stage 2: the Operator role may assume the execute role"),
            absent={Node.OPERATOR_MACHINE, Node.SUBJECT_EXECUTION},
        ),
        "stage-3": Diagram(
            scenario,
            _allowed(*LINK_NUMBERS),
            {
                2: mark("New in stage 3: the task's Credentials name the execute role."),
                5: mark("Only when the Operator's run is stopped or times out"),
            },
            title=mark("After stage 3: a run of the Operator's task goes through the whole chain"),
        ),
    }


def draw(folder: Path, scenario: Scenario) -> tuple[Path, ...]:
    """Write every source and picture into `folder` and give their paths.

    Raises `NoDotProgram` where nothing can draw; the DOT sources are written all the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawings = pictures(scenario)
    sources = {folder / f"{name}.dot": diagram.dot for name, diagram in drawings.items()}
    for path, source in sources.items():
        path.write_text(source, encoding="utf-8", newline="\n")
    images = {folder / f"{name}.svg": diagram for name, diagram in drawings.items()}
    for path, diagram in images.items():
        diagram.write(path)
    return tuple(sorted([*sources, *images]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw into the folder given on the command line: English there, each other language in a folder of its name.

    Exit code 2 where nothing can draw.
    """
    parser = argparse.ArgumentParser(prog="python -m xsfn_helpers.display.draw", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the pictures go, such as diagrams/")
    folder: Path = parser.parse_args(arguments).folder
    missing = None
    for language in LANGUAGES:
        with speaking(language):
            try:
                written = draw(folder_of(folder, language), Scenario())
            except NoDotProgram as error:
                missing = missing or error  # the sources of the other languages are written all the same
            else:
                sys.stdout.writelines(f"{path}\n" for path in written)
    if missing is not None:
        sys.stderr.write(f"{missing}\n")
        return 2
    return 0


def folder_of(folder: Path, language: str) -> Path:
    """Where the pictures of a language are."""
    return folder if language == ENGLISH else folder / language


def _allowed(*numbers: int) -> dict[int, LinkState]:
    return dict.fromkeys(numbers, LinkState.ALLOWED)


if __name__ == "__main__":
    sys.exit(main())
