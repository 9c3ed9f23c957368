"""An export to try, in a folder of the test's own, of a lab of which nothing stands yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from xsfn_helpers import Lab
from xsfn_helpers.deployment.export import Export
from xsfn_helpers.deployment.export.synthesis import missing_tool

needs_cdk = pytest.mark.skipif(missing_tool() is not None, reason=f"no CDK here: {missing_tool()}")
Exporting = Callable[[str], Export]


@pytest.fixture
def exported(lab: Lab, tmp_path: Path) -> Exporting:
    """Write one route's files."""
    return lambda route: lab.export(route, tmp_path / route)
