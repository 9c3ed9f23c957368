"""Keeps a run of the tests away from the user's own things: sandbox, choices, AWS credentials, settings of Jupyter."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

# The state folder's name in the folder of this process's tests.
STATE_FOLDER: Final = "sandbox"


@contextmanager
def isolated() -> Iterator[Path]:
    """For the while, this process and its children have a sandbox and settings of their own, in the folder it gives.

    The sandbox is empty at first, starts when somebody asks for it, and is stopped at the end.
    """
    before = dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="xsfn-tests-"))
    for name in [name for name in os.environ if name.startswith(("AWS_", "XSFN_")) or name == "LANGUAGE"]:
        del os.environ[name]
    os.environ.update(
        {
            "XSFN_STATE_DIR": str(folder / STATE_FOLDER),
            "LC_ALL": "C.UTF-8",  # English, except in a folder named as another language
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "jupyter-config"),
            "JUPYTER_DATA_DIR": str(folder / "jupyter-data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "jupyter-runtime"),
        }
    )
    try:
        yield folder
    finally:
        if (folder / STATE_FOLDER).exists():
            _stop_sandbox()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(folder, ignore_errors=True)


def _stop_sandbox() -> None:
    # Imported here: a run that starts no sandbox needs none of its machinery.
    from xsfn_helpers.sandbox.process.server import Sandbox

    if sandbox := Sandbox.find():
        sandbox.stop()
