"""What botocore works out anew for each session and client, though it comes out the same each time: here, once.

The tests make some thousands of clients. Which arguments a handler takes, what an event is called today and what a
service's model says took half the time of making one, and a part of each first call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import botocore.client
import botocore.hooks
import botocore.model

from xsfn_helpers.aws.sessions import service_models


@contextmanager
def remembering() -> Iterator[None]:
    """For the while, of this process."""
    with ExitStack() as back:
        for owner, name, replacement in (
            (botocore.hooks, "accepts_kwargs", _once_for_each_code(botocore.hooks.accepts_kwargs)),
            (botocore.hooks.EventAliaser, "__init__", _with_common_names(botocore.hooks.EventAliaser.__init__)),
            (botocore.client.ClientCreator, "_load_service_model", _once(_creator._load_service_model)),
        ):
            back.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, replacement)
        yield


_creator: Any = botocore.client.ClientCreator


def _once_for_each_code(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Functions and methods of the same code take the same arguments."""
    known: dict[Any, Any] = {}

    def asked(handler: Any) -> Any:
        code = getattr(handler, "__code__", None)
        if code is None or hasattr(handler, "__signature__"):
            return ask(handler)
        if code not in known:
            known[code] = ask(handler)
        return known[code]

    return asked


def _with_common_names(make: Callable[..., None]) -> Callable[..., None]:
    """What an event is called today depends on its name alone, where the aliases are botocore's own."""
    names: dict[str, str] = {}

    def made(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
        make(self, event_emitter, event_aliases)
        if self._event_aliases == botocore.hooks.EVENT_ALIASES:
            self._alias_name_cache = names

    return made


def _once(load: Callable[..., Any]) -> Callable[..., Any]:
    """A service's model, where the session reads the models that all read."""
    known: dict[tuple[str, str | None], botocore.model.ServiceModel] = {}

    def loaded(self: Any, service_name: str, api_version: str | None = None) -> Any:
        if self._loader is not service_models():
            return load(self, service_name, api_version)
        key = service_name, api_version
        if key not in known:
            known[key] = load(self, service_name, api_version)
        return known[key]

    return loaded
