"""What the instructor's page shows and asks for: everybody's progress as JSON, the results as CSV, its own words."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.common.language import language, mark, tr
from xsfn_helpers.deployment.practice.catalogue import catalogue
from xsfn_helpers.deployment.practice.score import Record
from xsfn_helpers.lab.classroom.actions import Actions
from xsfn_helpers.lab.classroom.people import Participant
from xsfn_helpers.lab.classroom.store import RoomStore

STUCK_MINUTES: Final = 5
# A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\u2212", "\u2010", "|", "%")
_COLUMNS: Final = (
    mark("name"),
    mark("steps"),
    mark("checks that passed"),
    mark("checks"),
    mark("last run"),
    mark("green"),
    mark("faults solved"),
    mark("by themselves"),
)
WORDS: Final[Mapping[str, str]] = {
    "title": mark("The room"),
    "tab": mark("{green} of {count} green · xsfn"),
    "join": mark("Join at"),
    "code": mark("with the code"),
    "summary": mark("{green} of {count} green, {stuck} stuck, {places} places"),
    "token": mark("Instructor's token"),
    "open": mark("Open"),
    "only_stuck": mark("Only those who are stuck"),
    "fault": mark("Fault"),
    "push_all": mark("Break it for everyone"),
    "push": mark("Break"),
    "push_one": mark("Break the chosen fault for {name}"),
    "csv": mark("Results as CSV"),
    "reset_all": mark("Reset everyone"),
    "reset": mark("Reset"),
    "reset_one": mark("Empty the accounts of {name}"),
    "free": mark("Free"),
    "free_one": mark("Free the place and the name {name}"),
    "people": mark("Participants"),
    "name": mark("Name"),
    "steps": mark("Steps"),
    "steps_done": mark("{done} of {count} steps applied"),
    "checks": mark("Checks"),
    "run": mark("Last run"),
    "now_at": mark("Current fault"),
    "solved": mark("Solved"),
    "state": mark("State"),
    "actions": mark("Actions"),
    "nobody": mark("No one has joined yet."),
    "green": mark("✓ green"),
    "stuck": mark("stuck for {minutes} min"),
    "away": mark("away for {minutes} min"),
    "lost": mark("The room doesn't answer. The page goes on asking."),
    "sure_reset_all": mark("Empty everybody's accounts, and begin their progress anew?"),
    "sure_reset_one": mark("Empty the accounts of {name}, and begin their progress anew?"),
    "sure_push_all": mark("Break “{fault}” in the accounts of everybody who has built the setup?"),
    "sure_push_one": mark("Break “{fault}” in the accounts of {name}?"),
    "sure_free": mark("Empty the accounts of {name}, and give the place and the name free?"),
    "yes": mark("Do it"),
    "no": mark("Leave it"),
}


def words() -> dict[str, Any]:
    """The page's words, in the language that is spoken."""
    return {"language": language(), "words": {name: tr(text) for name, text in WORDS.items()}}


@dataclass(frozen=True, slots=True)
class InstructorsView:
    """The room as its instructor sees it. `join_url` and `code` are what participants type."""

    store: RoomStore
    desk: Actions
    join_url: str
    code: str
    places: int

    def room(self, now: float) -> dict[str, Any]:
        """Everybody, by place, and what there is to break. No key and no token is in it."""
        faults = [
            {"id": fault.id, "number": number, "title": fault.title}
            for number, fault in enumerate(catalogue(Scenario()), start=1)
        ]
        titles = {str(fault["id"]): f"{fault['number']} · {fault['title']}" for fault in faults}
        return {
            "join_url": self.join_url,
            "code": self.code,
            "places": self.places,
            "faults": faults,
            "participants": [self._seen(one, titles, now) for one in self.store.participants],
        }

    def _seen(self, one: Participant, titles: Mapping[str, str], now: float) -> dict[str, Any]:
        record, progress = self.store.record(one.number), one.progress
        at_work = record.attempt is not None and not record.attempt.solved
        idle = one.idle_minutes(now)
        stuck = idle >= STUCK_MINUTES and one.is_present(now) and (at_work or not progress.green)
        return {
            "id": one.id,
            "name": one.name,
            "present": one.is_present(now),
            "away_minutes": int(max(0.0, now - one.seen) // 60),
            "steps": list(progress.steps),
            "checks": progress.checks.to_json() if progress.checks else None,
            "run": progress.run,
            "green": progress.green,
            "fault": titles.get(record.attempt.fault, "") if record.attempt is not None and at_work else "",
            "solved": len(record.results),
            "stuck_minutes": idle if stuck else 0,
            "trouble": self.desk.trouble(one.number),
        }

    def results(self) -> str:
        """Everybody's results as CSV: one line each, with a column for every fault."""
        faults = catalogue(Scenario())
        table = io.StringIO()
        rows = csv.writer(table)
        rows.writerow([*(tr(column) for column in _COLUMNS), *(fault.id for fault in faults)])
        for one in self.store.participants:
            rows.writerow([_harmless(cell) for cell in _line(one, self.store.record(one.number), faults)])
        return table.getvalue()


def _line(one: Participant, record: Record, faults: Any) -> list[str]:
    progress, results = one.progress, record.results
    checks = (str(progress.checks.passed), str(progress.checks.count)) if progress.checks else ("", "")
    alone = sum(result.by_yourself for result in results.values())
    solved = [f"{round(results[fault.id].seconds)} s" if fault.id in results else "" for fault in faults]
    green = tr("yes") if progress.green else tr("no")
    return [one.name, str(sum(progress.steps)), *checks, progress.run, green, str(len(results)), str(alone), *solved]


def _harmless(cell: str) -> str:
    """The cell, marked as text where a spreadsheet might take it for a formula: also in full width, as in Japanese."""
    begins = unicodedata.normalize("NFKC", cell.lstrip())[:1]
    is_hidden = cell[:1] != "" and unicodedata.category(cell[0])[0] in "CZ"
    return f"'{cell}" if begins in _FORMULA or is_hidden else cell


def places_of(ids: object) -> list[int] | None:
    """The numbers of `["place-3", …]`; None, everybody, for null. Raises `RoomError` for anything else."""
    if ids is None:
        return None
    if not isinstance(ids, list):
        raise RoomError(tr("The participants are a list."), where="participants")
    numbers = [one.removeprefix("place-") for one in ids if isinstance(one, str)]
    if len(numbers) != len(ids) or not all(number.isascii() and number.isdigit() for number in numbers):
        raise RoomError(tr("The participants are a list."), where="participants")
    return [int(number) for number in numbers]
