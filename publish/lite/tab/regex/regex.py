"""The name that python-hcl2 takes from the package."""

from __future__ import annotations

from typing import Any, NoReturn


def compile(*_: Any) -> NoReturn:  # noqa: A001 - the package's name for it
    """Raise `ImportError`: no page of the lesson writes HCL."""
    raise ImportError("The package regex isn't there in a browser tab, so HCL can be read and not written.")
