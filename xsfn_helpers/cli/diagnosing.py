"""`xsfn diagnose`: why a set-up doesn't work, from two accounts or from files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsfn_helpers.cli.labs import open_lab
from xsfn_helpers.cli.parsing import add_choices, add_command, add_json, chosen, print_json
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr

if TYPE_CHECKING:
    from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    diagnose = add_command(
        commands,
        "diagnose",
        _diagnose,
        tr(
            "why a set-up doesn't work, and the smallest change that makes it; only reads (0 fine, 1 a link is broken, "
            "3 can't tell)"
        ),
    )
    diagnose.add_argument(
        "arn",
        nargs="?",
        metavar="ARN",
        help=tr("of a state machine or an execution; else the lab's Operator state machine"),
    )
    diagnose.add_argument("--html", type=Path, metavar="FILE", help=tr("write the report as a page of its own"))
    diagnose.add_argument("--from-files", type=Path, metavar="FOLDER", help=tr("read exported JSON; ask no AWS at all"))
    diagnose.add_argument("--export", type=Path, metavar="FOLDER", help=tr("write what was read, for --from-files"))
    add_choices(diagnose)
    add_json(diagnose)


def _diagnose(options: argparse.Namespace) -> int:
    from xsfn_helpers.deployment.diagnose.as_json import EXIT_CODES, diagnosis_json
    from xsfn_helpers.deployment.diagnose.reading.export import export
    from xsfn_helpers.display.diagnosis import diagnosis_page

    diagnosis = _diagnosis(options)
    if options.export is not None:
        export(diagnosis.evidence, options.export)
    if options.html is not None:
        try:
            options.html.write_text(diagnosis_page(diagnosis), encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                tr("The report can't be written: {error}.", error=error), where=str(options.html)
            ) from error
    if options.json:
        print_json(diagnosis_json(diagnosis))
    else:
        print(diagnosis)
    return EXIT_CODES[diagnosis.verdict]


def _diagnosis(options: argparse.Namespace) -> Diagnosis:
    """From files, from the profiles that were chosen, or from the lab's two accounts."""
    from xsfn_helpers.aws.settings import Platform, load_settings
    from xsfn_helpers.deployment.diagnose.ask import diagnose_files, diagnose_profiles

    if options.from_files is not None:
        return diagnose_files(options.from_files, options.arn)
    settings = load_settings(chosen(options))
    by_profile = settings.target is Platform.AWS or any(settings.profiles.values())
    if options.arn is not None and by_profile:
        return diagnose_profiles(options.arn, settings)
    return open_lab(options).diagnose(options.arn)
