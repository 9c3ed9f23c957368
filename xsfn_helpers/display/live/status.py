"""What is done and what is next, kept up to date while stages are applied and undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xsfn_helpers.aws.events import Called, Events
from xsfn_helpers.common.errors import XsfnError
from xsfn_helpers.common.language import tr
from xsfn_helpers.deployment.status import Status
from xsfn_helpers.display.live.frontend import StatusFrontend, bundle
from xsfn_helpers.display.live.worker import Worker
from xsfn_helpers.display.markup import escape


class LiveStatus:
    """One lab's status, live; `read` gives it as it is now."""

    def __init__(self, read: Callable[[], Status], events: Events) -> None:
        self._read = read
        self._frontend = StatusFrontend()
        self._worker = Worker(self._refresh, "xsfn-live-status")
        events.subscribe(self._hear)

    def bundle(self, status: Status) -> dict[str, Any]:
        """`status` in every form, the live one as it will become."""
        self._show(status)
        return bundle(self._frontend, text=str(status), html=f"<pre>{escape(str(status))}</pre>")

    def _hear(self, event: object) -> None:
        if isinstance(event, Called):
            self._worker.wake()

    def _refresh(self) -> None:
        try:
            self._show(self._read())
        except XsfnError as error:
            self._frontend.state = {
                **self._frontend.state,
                "fault": tr("The accounts can't be read: {error}", error=error),
            }

    def _show(self, status: Status) -> None:
        self._frontend.state = {
            "title": tr("Lab {id}", id=status.lab_id),
            "headline": status.headline,
            "steps": [{"title": one.title, "applied": one.applied, "minutes": one.minutes} for one in status.steps],
            "done": status.done,
            "next": status.next,
            "left": status.time_left,
            "fault": "",
        }
