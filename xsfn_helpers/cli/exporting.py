"""`xsfn export`: the setup as infrastructure code."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from xsfn_helpers.cli.parsing import OK, add_choices, add_command, chosen
from xsfn_helpers.common.language import tr


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    export = add_command(commands, "export", _export, tr("write the setup as infrastructure code"))
    export.add_argument("route", metavar="ROUTE", help=tr("cdk, cloudformation or terraform"))
    export.add_argument("--to", type=Path, metavar="DIR", help=tr("folder (default: exported/ROUTE)"))
    add_choices(export)


def _export(options: argparse.Namespace) -> int:
    from xsfn_helpers.aws.settings import load_settings
    from xsfn_helpers.deployment.export import exported_files, route_named, write_export
    from xsfn_helpers.lab.opening import placed

    route = route_named(options.route)
    # Only writes text, so no sandbox is started for it.
    settings = placed(load_settings(chosen(options)))
    folder = options.to or Path("exported", route.value)
    print(write_export(route, folder, exported_files(route, settings.scenario, settings.lab_id)))
    print(tr("In: {folder}", folder=folder))
    return OK
