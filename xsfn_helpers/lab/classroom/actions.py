"""What the instructor can do with everybody's accounts: empty them, break something in them, free a place."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import RoomError, XsfnError
from xsfn_helpers.common.language import listed, tr, tr_n
from xsfn_helpers.deployment.practice.catalogue import find
from xsfn_helpers.deployment.practice.exercise import Practice
from xsfn_helpers.deployment.practice.score import Record
from xsfn_helpers.lab.classroom.participant_lab import lab_of
from xsfn_helpers.lab.classroom.people import Participant
from xsfn_helpers.lab.classroom.store import RoomStore
from xsfn_helpers.sandbox.process.server import Sandbox

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredBook:
    """A participant's record of faults, as the room keeps it."""

    store: RoomStore
    number: int

    def read(self) -> Record:
        return self.store.record(self.number)

    def write(self, record: Record) -> None:
        self.store.keep(self.number, record, at=time.time())


@dataclass(frozen=True, slots=True)
class Actions:
    """Works through what the instructor has asked for, one participant after another, while the page goes on."""

    store: RoomStore
    sandbox: Callable[[], Sandbox]
    _work: queue.SimpleQueue[Callable[[], None] | None] = field(default_factory=queue.SimpleQueue)
    _troubles: dict[int, str] = field(default_factory=dict)

    def begin(self) -> threading.Thread:
        """Start working; ends after `end`."""
        thread = threading.Thread(target=self._go_through, name="xsfn-room-desk", daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        self._work.put(None)

    def trouble(self, number: int) -> str:
        """Why the last thing asked for couldn't be done with this participant's accounts; empty as a rule."""
        return self._troubles.get(number, "")

    def reset(self, numbers: Iterable[int] | None) -> str:
        """Empty the accounts of these participants, or of everybody, and begin their progress anew."""
        chosen = self._chosen(numbers)
        for one in chosen:
            self._ask(one, self._empty)
        return tr_n(
            "The accounts of {count} participant are being emptied.",
            "The accounts of {count} participants are being emptied.",
            len(chosen),
        )

    def free(self, number: int) -> str:
        """Empty somebody's accounts and give the place and the name free."""
        one = self.store.participant(number)
        self.sandbox().empty_accounts(one.account_ids)
        self.store.remove(number, at=time.time())
        return tr("Place {number} is free again, and so is the name {name!r}.", number=number, name=one.name)

    def push(self, fault: str, numbers: Iterable[int] | None) -> str:
        """Break this fault in the accounts of these participants, or of everybody, where the setup is built.

        Raises `ConfigError` for a fault there isn't.
        """
        _, known = find(Scenario(), fault)
        chosen = self._chosen(numbers)
        ready = [one for one in chosen if self._is_ready(one)]
        for one in ready:
            self._ask(one, lambda who: self._break(who, known.id))
        told = tr_n(
            "The fault is being put into the accounts of {count} participant.",
            "The fault is being put into the accounts of {count} participants.",
            len(ready),
        )
        waiting = [one.name for one in chosen if one not in ready]
        if not waiting:
            return told
        not_ready = tr("Not ready, for a stage is missing: {names}.", names=listed(waiting))
        return f"{told} {not_ready}"

    def _is_ready(self, one: Participant) -> bool:
        """Whether the setup is built; with a fault in it, it was, though its documents aren't as they should be."""
        return one.progress.built or self.store.record(one.number).attempt is not None

    def _chosen(self, numbers: Iterable[int] | None) -> tuple[Participant, ...]:
        everybody = self.store.participants
        if numbers is None:
            return everybody
        wanted = set(numbers)
        if strangers := wanted - {one.number for one in everybody}:
            raise RoomError(tr("Nobody is on place {number}.", number=min(strangers)))
        return tuple(one for one in everybody if one.number in wanted)

    def _ask(self, one: Participant, deed: Callable[[Participant], None]) -> None:
        def work() -> None:
            try:
                deed(one)
                self._troubles.pop(one.number, None)
            except XsfnError as error:
                self._troubles[one.number] = str(error)

        self._work.put(work)

    def _go_through(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:
                _log.exception("The desk couldn't do what was asked for")

    def _empty(self, one: Participant) -> None:
        self.sandbox().empty_accounts(one.account_ids)
        self.store.begin_anew(one.number, at=time.time())

    def _break(self, one: Participant, fault: str) -> None:
        practice = Practice(lab_of(self.sandbox(), one).deployment, StoredBook(self.store, one.number))
        practice.fault(fault).inject()
