"""Denials on their way to the client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from xsfn_helpers.sandbox.gateway.errors import Refusal


@contextmanager
def somewhere() -> Iterator[None]:
    yield


def test_a_refusal_passes_a_context_manager_as_it_is() -> None:
    """Python sets an exception's traceback there, which mustn't turn it into another error."""
    refusal = Refusal("ThrottlingException", "Rate exceeded")

    with pytest.raises(Refusal) as caught, somewhere():
        raise refusal

    assert caught.value is refusal
