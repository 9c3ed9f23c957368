"""In place of the package `regex`, which is compiled: python-hcl2 imports it to write HCL, and here it only reads."""

from __future__ import annotations

from typing import Any, NoReturn

from regex import regex

__all__ = ["compile", "regex"]


def compile(*_: Any) -> NoReturn:  # noqa: A001 - the package's name for it
    """Raise `ImportError`."""
    return regex.compile()
