"""Which tests stay together, and which come first, when test processes share the work: so that all end at once.

Left to itself, pytest-xdist begins with the files that have the most tests. Those that take longest have few, so one
process would run the last of them alone; and what a folder's files share, a browser and a JupyterLab, would be started
for each of them anew.
"""

from __future__ import annotations

from typing import Any, Final

from xdist.scheduler import LoadFileScheduling

# Each is one piece, for one process: its files share a browser that takes longer to start than a test.
_TOGETHER: Final = ("tests/browser/", "tests/lite/", "tests/publish/")
# What takes longest as a piece, or has the machine to itself, longest first. All others follow, by number of tests.
_FIRST: Final = (
    "tests/browser/",
    "tests/lite/",
    "tests/test_types.py",
    "tests/hub/",
    "tests/lab/classroom/test_crowd.py",
    "tests/deployment/practice/test_faults.py",
    "tests/aws/test_ownership.py",
    "tests/publish/",
    "tests/aws/test_notebooks_on_aws.py",
    "tests/lab/classroom/",
    "tests/notebooks/test_jupyterlab.py",
    "tests/deployment/export/test_cdk.py",
    "notebooks/",
    "tests/sandbox/test_kills.py",
    "tests/lab/test_lab.py",
    "tests/deployment/test_stages.py",
    "tests/deployment/test_fan_out.py",
    "tests/iam/differential/",
)


def piece_of(nodeid: str) -> str:
    """The folder or file whose tests one process runs, this one among them."""
    file = nodeid.split("::", 1)[0]
    return next((folder for folder in _TOGETHER if file.startswith(folder)), file)


def next_piece(waiting: dict[str, Any]) -> str:
    """Of the pieces that wait, with their tests: the one to begin."""
    return min(waiting, key=lambda piece: (_rank(piece), -len(waiting[piece])))


def _rank(piece: str) -> int:
    return next((at for at, start in enumerate(_FIRST) if piece.startswith(start)), len(_FIRST))


class LongestFirst(LoadFileScheduling):
    """As --dist=loadfile, which it stands in for."""

    def _split_scope(self, nodeid: str) -> str:
        return piece_of(nodeid)

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(next_piece(self.workqueue), last=False)
        super()._assign_work_unit(node)
