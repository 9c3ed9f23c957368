"""The services behind the gateway besides IAM, STS and Step Functions; each is loaded when it is first asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Final

from xsfn_helpers.common.arns import service_of
from xsfn_helpers.sandbox.journal import Journal
from xsfn_helpers.sandbox.services.service import Service

# service, as signatures name it -> (module, class)
_HOMES: Final = {
    "dynamodb": ("tables", "Tables"),
    "lambda": ("functions", "Functions"),
    "s3": ("objects", "Objects"),
    "sqs": ("queues", "Queues"),
}
# Those that are asked by paths and methods, not by POST to / alone.
REST: Final = frozenset(("lambda", "s3"))


class Offered:
    """The services on one journal; those in `ready` are there already."""

    def __init__(self, journal: Journal, ready: Mapping[str, Service]) -> None:
        self._journal = journal
        self._made = dict(ready)
        self._making = threading.Lock()

    def service(self, name: str) -> Service | None:
        """The service of this name; None for one that the sandbox doesn't have."""
        if name in self._made:
            return self._made[name]
        if name not in _HOMES:
            return None
        with self._making:
            if name not in self._made:
                module, kind = _HOMES[name]
                make: Callable[[Journal], Service] = getattr(import_module(f"{__package__}.{module}"), kind)
                self._made[name] = make(self._journal)
            return self._made[name]

    def empty(self, account_ids: Collection[str]) -> None:
        """Forget all that these accounts have in any of the services, those of `ready` first."""
        for name in dict.fromkeys((*self._made, *_HOMES)):
            if (service := self.service(name)) is not None:
                service.empty(account_ids)

    def tags_of(self, arn: str) -> Mapping[str, str]:
        """The tags of a thing of one of these services; none for other things."""
        service = self.service(service_of(arn))
        return service.tags_of(arn) if service is not None else {}
