"""`xsfn preflight`, `apply`, `walkthrough`, `check` and `clean`: what is done with the two accounts."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xsfn_helpers.cli.labs import add_documents, agree, open_lab, own_documents
from xsfn_helpers.cli.parsing import FAILED, OK, add_choices, add_command, add_json, print_json
from xsfn_helpers.common.language import tr

if TYPE_CHECKING:
    from xsfn_helpers.lab.lab import Lab


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    walkthrough = add_command(commands, "walkthrough", _walkthrough, tr("apply all stages, run all checks, run once"))
    check = add_command(commands, "check", _check, tr("check the current state"))
    check.add_argument(
        "--no-live", action="store_true", help=tr("only read and evaluate; make no call that changes a resource")
    )
    check.add_argument("--second-opinion", action="store_true", help=tr("ask AWS's own simulation and validation, too"))
    clean = add_command(commands, "clean", _clean, tr("remove everything the lab created"))
    clean.add_argument("--find", action="store_true", help=tr("look for what labs have left, by their tag"))
    preflight = add_command(
        commands,
        "preflight",
        _preflight,
        tr("before any change: who you are, what is missing, what would be created, the cost"),
    )
    apply = add_command(commands, "apply", _apply, tr("apply the prerequisites and the stages, and no more"))
    apply.add_argument(
        "--change", default="", metavar="NAMES", help=tr("existing resources, with commas, that may be changed")
    )
    apply.add_argument(
        "--stage", type=int, choices=range(4), default=3, help=tr("the last one to apply; 0 is the prerequisites alone")
    )
    for command in (clean, apply):
        command.add_argument("--dry-run", action="store_true", help=tr("show what would be done, and do nothing"))
    for command in (walkthrough, check, clean, apply):
        command.add_argument("--yes", action="store_true", help=tr("confirm changes in AWS accounts, this once"))
    for command in (walkthrough, check, clean, preflight, apply):
        add_choices(command)
    for command in (walkthrough, check):
        add_json(command)
    for command in (walkthrough, apply):
        add_documents(command)


def _walkthrough(options: argparse.Namespace) -> int:
    from xsfn_helpers.lab.walkthrough import walk

    lab = open_lab(options, documents=own_documents(options))
    agree(lab, options, tr("A walkthrough"))
    outcome = walk(lab.deployment, (lambda _: None) if options.json else lambda text: print(text, flush=True))
    if options.json:
        print_json(outcome.to_json())
    else:
        holds = tr("Every check passed. What was built stays until `xsfn clean`.")
        print(holds if outcome.ok else tr("Not every check passed."))
    return OK if outcome.ok else FAILED


def _check(options: argparse.Namespace) -> int:
    from xsfn_helpers.lab.walkthrough import checks_json

    lab = open_lab(options)
    if not options.no_live:
        agree(lab, options, tr("A check with real calls"))
    report = lab.check(live=not options.no_live)
    opinion = lab.compare_with_aws() if options.second_opinion else None
    if opinion is not None:
        report = report + opinion.report
    if options.json:
        print_json({"ok": report.ok, "checks": checks_json(report)})
    else:
        print(report.details if opinion is None else f"{report.details}\n{opinion}")
    return OK if report.ok else FAILED


def _clean(options: argparse.Namespace) -> int:
    lab = open_lab(options)
    if options.find:
        return _find(lab, options)
    if options.dry_run:
        print(lab.plan_clean())
        return OK
    agree(lab, options, tr("Cleaning up"))
    print(lab.clean())
    return OK


def _find(lab: Lab, options: argparse.Namespace) -> int:
    """Tell what is left of labs; with --yes, remove what is this one's. A find that was asked for nothing more ends
    with 1 where something is left, so that a script can tell."""
    left = lab.find_resources()
    print(left)
    if not left.own:
        return OK
    if not options.yes:
        print(tr("Nothing was removed: with --yes it is."))
        return FAILED
    agree(lab, options, tr("Removing what is left"))
    with lab.turn():
        print(left.remove())
    return OK


def _preflight(options: argparse.Namespace) -> int:
    looked = open_lab(options).preflight()
    print(looked)
    ready = tr("Nothing was changed. To go on: xsfn apply --yes")
    print(ready if looked.ok else tr("Nothing was changed. Not ready yet."))
    return OK if looked.ok else FAILED


def _apply(options: argparse.Namespace) -> int:
    lab = open_lab(options, documents=own_documents(options))
    if options.change:
        lab = lab.may_change(*(name.strip() for name in options.change.split(",")))
    steps = [step for step in lab.steps if step.number <= options.stage]
    if options.dry_run:
        for step in steps:
            print(step.plan())
        print(tr("Nothing was changed: this was a dry run."))
        return OK
    agree(lab, options, tr("Applying the stages"))
    with lab.turn():
        for step in steps:
            print(step.apply(), flush=True)
    return OK
