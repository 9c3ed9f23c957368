"""A resource that couldn't be made, changed or removed."""

from __future__ import annotations

from typing import Final

GONE: Final = ("NoSuchEntity", "StateMachineDoesNotExist", "ResourceNotFoundException", "NoSuchBucket")


class CallFailed(Exception):
    """A call of a resource's handler was denied; the text is what the stack's event tells."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)
