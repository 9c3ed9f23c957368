"""JupyterLab as `make lab` starts it: on this computer only, behind its token, with a first notebook that runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from http import HTTPStatus
from importlib.util import find_spec

import pytest

from tests.notebooks.jupyterlab_check import FIRST_NOTEBOOK, ROOT, RunningLab, started

pytestmark = [
    pytest.mark.jupyterlab,
    pytest.mark.skipif(
        find_spec("jupyterlab") is None,
        reason="JupyterLab is NOT INSTALLED, so nothing shows that `make lab` works: pip install -e '.[lab,test]'",
    ),
]


@pytest.fixture(scope="module")
def lab() -> Iterator[RunningLab]:
    with started([str(ROOT / "scripts" / "lab.sh"), sys.executable]) as lab:
        yield lab


def test_the_printed_address_opens_the_first_notebook(lab: RunningLab) -> None:
    status, page = lab.get_page()

    assert status == HTTPStatus.OK
    assert lab.page == f"/lab/workspaces/xsfn/tree/{FIRST_NOTEBOOK}"
    assert "<title>JupyterLab</title>" in page


def test_nobody_gets_in_without_the_token(lab: RunningLab) -> None:
    _, page = lab.get_page(with_token=False)

    assert "<title>JupyterLab</title>" not in page


def test_the_first_notebook_runs_through_the_kernel_it_starts(lab: RunningLab) -> None:
    assert lab.run(FIRST_NOTEBOOK) > 0
