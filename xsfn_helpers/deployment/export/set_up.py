"""A setup exported: the recommended documents, under the setup's own names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.export.folder import Export, write_export
from xsfn_helpers.deployment.export.routes import exported_files, route_named

if TYPE_CHECKING:
    from xsfn_helpers.deployment.deployment import Deployment


def export_set_up(deployment: Deployment, route: str, folder: Path | str | None = None) -> Export:
    """Write the setup as the files of this route; into `exported/` and the route's name unless told.

    Raises `ConfigError` for another route, for files in the way, and for a setup with documents of its own.
    """
    chosen = route_named(route)
    if deployment.blueprint != Blueprint.recommended(deployment.scenario):
        raise ConfigError(
            tr("This lab has documents of its own; what is exported are the recommended ones."),
            fix=tr("Export the lab that open_lab() gives."),
        )
    texts = exported_files(chosen, deployment.scenario, deployment.environment.lab_id)
    return write_export(chosen, Path(folder) if folder is not None else Path("exported", chosen.value), texts)
