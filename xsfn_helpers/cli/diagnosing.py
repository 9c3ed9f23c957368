"""`xsfn diagnose`: why a setup doesn't work, from AWS's words, two accounts, or files.

Exit codes: 0 every link is allowed, 1 one is denied, 3 can't tell, 2 the input can't be used.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xsfn_helpers.cli.labs import open_lab
from xsfn_helpers.cli.parsing import (
    FAILED,
    OK,
    UNDECIDED,
    add_choices,
    add_command,
    add_json,
    chosen,
    installed_version,
    print_json,
)
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr

if TYPE_CHECKING:
    from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout
    from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis

_STANDARD_INPUT: Final = "-"
_SEVERAL: Final = "xsfn.diagnoses/1"


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    diagnose = add_command(
        commands,
        "diagnose",
        _diagnose,
        tr(
            'why a task "is not authorized to assume the task state\'s role", or anything else of a setup, and the '
            "smallest change that helps; only reads (0 allowed, 1 denied, 3 can't tell)"
        ),
    )
    diagnose.add_argument(
        "what",
        nargs="*",
        metavar="WHAT",
        help=tr(
            "in any mix: the ARN of an execution, a state machine or a role; AWS's sentence; a CloudTrail event or a "
            "history as JSON; a file or folder of templates, definitions, policies, exports; - for standard input; "
            "else the lab's Operator state machine"
        ),
    )
    diagnose.add_argument(
        "--all", action="store_true", help=tr("tell every link, fix and risk, after the short answer")
    )
    diagnose.add_argument("--html", type=Path, metavar="FILE", help=tr("write the report as a page of its own"))
    diagnose.add_argument("--from-files", type=Path, metavar="FOLDER", help=tr("read exported JSON; ask no AWS at all"))
    diagnose.add_argument("--export", type=Path, metavar="FOLDER", help=tr("write what was read, for --from-files"))
    diagnose.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=tr("the value of a template's parameter; may be given several times"),
    )
    diagnose.add_argument(
        "--ci", action="store_true", help=tr("print problems as FILE:LINE, and as annotations in GitHub's workflows")
    )
    diagnose.add_argument(
        "--sarif", type=Path, metavar="FILE", help=tr("write the problems as SARIF, for code scanning")
    )
    add_choices(diagnose)
    add_json(diagnose)


def _diagnose(options: argparse.Namespace) -> int:
    found = _diagnoses(options)
    for diagnosis in found:
        _written(options, diagnosis)
    if options.json:
        _print_json(found)
    elif not options.ci:
        _print_text(found, everything=options.all)
    _for_builds(options, found)
    return max(map(_exit_code, found), key=(OK, UNDECIDED, FAILED).index)


def _exit_code(diagnosis: Diagnosis) -> int:
    from xsfn_helpers.deployment.diagnose.as_json import EXIT_CODES

    return EXIT_CODES[diagnosis.verdict]


# --- what is asked about


def _diagnoses(options: argparse.Namespace) -> list[Diagnosis]:
    """From files and AWS's words, from the profiles that were chosen, or from the lab's two accounts."""
    from xsfn_helpers.aws.settings import Platform, load_settings
    from xsfn_helpers.deployment.diagnose.ask import (
        diagnose_given,
        diagnose_profiles,
        diagnose_words_by_profile,
        is_about_a_set_up,
    )

    asked = _asked(options)
    if asked.paths or any(map(is_about_a_set_up, asked.answers)):
        return diagnose_given(asked, _told(options))
    settings = load_settings(chosen(options))
    by_profile = settings.target is Platform.AWS or any(settings.profiles.values())
    if (asked.arn or asked.told) and by_profile:
        return [diagnose_profiles(asked.arn or asked.told, settings)]
    if asked.refused and by_profile and not asked.answers:
        return [diagnose_words_by_profile(asked, settings)]
    if asked.refused or asked.answers:
        return diagnose_given(asked, _told(options))
    if asked.roles:
        raise ConfigError(
            tr("A role by itself doesn't tell which state machine takes it on."),
            where=asked.roles[0],
            fix=tr("Give the files as well, or the ARN of the state machine or of an execution."),
        )
    return [open_lab(options).diagnose(asked.arn or None)]


def _asked(options: argparse.Namespace) -> AskedAbout:
    from dataclasses import replace

    from xsfn_helpers.deployment.diagnose.asking.asked_about import asked_about

    given = [sys.stdin.read() if one == _STANDARD_INPUT else one for one in options.what]
    asked = asked_about(given)
    if options.from_files is not None:
        if not options.from_files.is_dir():
            fix = tr("Give the folder with the exported JSON.")
            raise ConfigError(tr("There is no such folder."), where=str(options.from_files), fix=fix)
        asked = replace(asked, paths=(*asked.paths, options.from_files))
    return asked


def _told(options: argparse.Namespace) -> Any:
    from xsfn_helpers.deployment.diagnose.reading.repository import Told

    parameters = {}
    for one in options.parameter:
        name, given, value = one.partition("=")
        if not given or not name:
            raise ConfigError(tr("{text!r} is no NAME=VALUE.", text=one), where="--parameter")
        parameters[name] = value
    return Told(options.operator_account_id or "", options.subject_account_id or "", options.region or "", parameters)


# --- what is said


def _written(options: argparse.Namespace, diagnosis: Diagnosis) -> None:
    if options.export is not None:
        from xsfn_helpers.deployment.diagnose.reading.export import export

        export(diagnosis.evidence, options.export)
    if options.html is not None:
        from xsfn_helpers.display.diagnosis import diagnosis_page

        _write(options.html, diagnosis_page(diagnosis))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(tr("The report can't be written: {error}.", error=error), where=str(path)) from error


def _print_json(found: list[Diagnosis]) -> None:
    from xsfn_helpers.deployment.diagnose.as_json import diagnosis_json

    if len(found) == 1:
        print_json(diagnosis_json(found[0]))
    else:
        print_json({"schema": _SEVERAL, "diagnoses": [diagnosis_json(one) for one in found]})


def _print_text(found: list[Diagnosis], *, everything: bool) -> None:
    from xsfn_helpers.deployment.diagnose.asking.short import short_answer

    for number, diagnosis in enumerate(found):
        if number:
            print()
        if len(found) > 1:
            print(diagnosis.evidence.machine.arn)
        print("\n".join(short_answer(diagnosis)))
        if everything:
            print()
            print(diagnosis)


def _for_builds(options: argparse.Namespace, found: list[Diagnosis]) -> None:
    if not options.ci and options.sarif is None:
        return
    from xsfn_helpers.cli.findings import github_annotations, problem_lines, problems_of, sarif

    problems = problems_of(found)
    if options.ci and not options.json:
        for line in problem_lines(problems):
            print(line)
        if os.environ.get("GITHUB_ACTIONS") == "true":
            for line in github_annotations(problems):
                print(line)
    if options.sarif is not None:
        _write(options.sarif, json.dumps(sarif(problems, installed_version()), indent=2) + "\n")
