"""The score: what counts, what is kept, and that it outlives the kernel."""

from __future__ import annotations

import json
import stat
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import forks
from xsfn_helpers import Lab
from xsfn_helpers.deployment.practice.exercise import Practice
from xsfn_helpers.deployment.practice.score import FaultAttempt, Record, Result, Row, ScoreBook, ScoreCard, duration

pytestmark = pytest.mark.usefixtures("no_http")

ALONE = Result(hints=0, tries=1, seconds=75.0, solution_shown=False)
SHOWN = Result(hints=1, tries=2, seconds=9.0, solution_shown=True)
LAST_HINT = Result(hints=3, tries=1, seconds=9.0, solution_shown=False)
CARD = ScoreCard((Row(1, "One & only", ALONE), Row(2, "Two", SHOWN), Row(3, "Three", LAST_HINT), Row(4, "Four", None)))


@pytest.fixture
def practice(lab: Lab) -> Practice:
    return lab.practice()


class TestCard:
    def test_it_tells_each_fault_and_counts_the_answer_as_help(self) -> None:
        assert str(CARD) == (
            "Score card: 1 of 4 faults solved by yourself, and 2 more with the answer\n"
            "  ✓  1 One & only: no hint, 1 try\n"
            "  ·  2 Two: with the answer\n"
            "  ·  3 Three: with the answer\n"
            "  … not solved yet: 4"
        )

    def test_times_are_told_only_when_asked_for(self) -> None:
        assert "75" not in str(CARD)
        assert "One & only: no hint, 1 try, 1 min 15 s" in CARD.with_times()

    def test_the_table_says_the_same_and_is_escaped(self) -> None:
        shown = CARD._repr_mimebundle_()
        html = shown["text/html"]

        assert shown["text/plain"] == str(CARD)
        assert html.count("<tr>") == 1 + len(CARD.rows)
        for words in (
            CARD.headline,
            "One &amp; only",
            "1 min 15 s",
            "✓ solved",
            "· with the answer",
            "… not solved yet",
        ):
            assert words in html

    @pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s")])
    def test_durations(self, seconds: float, words: str) -> None:
        assert duration(seconds) == words


class TestRecord:
    @pytest.mark.parametrize(
        ("better", "worse"),
        [
            (Result(2, 9, 900, solution_shown=False), Result(0, 1, 1, solution_shown=True)),
            (Result(2, 9, 900, solution_shown=False), Result(3, 1, 1, solution_shown=False)),
            (Result(0, 9, 900, solution_shown=False), Result(1, 1, 1, solution_shown=False)),
            (Result(1, 1, 900, solution_shown=False), Result(1, 2, 1, solution_shown=False)),
            (Result(1, 1, 1, solution_shown=False), Result(1, 1, 2, solution_shown=False)),
        ],
        ids=["solution", "last-hint", "hints", "tries", "time"],
    )
    def test_the_best_result_stays(self, better: Result, worse: Result) -> None:
        def attempt(result: Result) -> FaultAttempt:
            return FaultAttempt("f", 0.0, result.hints, result.tries, solution_shown=result.solution_shown)

        first = Record().solved(attempt(better), at=better.seconds).solved(attempt(worse), at=worse.seconds)
        last = Record().solved(attempt(worse), at=worse.seconds).solved(attempt(better), at=better.seconds)

        assert first.results == last.results == {"f": better}
        assert first.attempt is not None
        assert first.attempt.solved

    def test_a_clock_that_was_put_back_gives_no_negative_time(self) -> None:
        assert Record().solved(FaultAttempt("f", 100.0), at=90.0).results["f"].seconds == 0


class TestBook:
    RECORD = Record({"new-name": ALONE, "two-names": SHOWN}, FaultAttempt("twins", 5.0, hints=1, disguised=True))

    def book(self, tmp_path: Path) -> ScoreBook:
        return ScoreBook(tmp_path / "state" / "practice-x.json")

    def test_what_is_written_is_read_and_is_for_its_owner_only(self, tmp_path: Path) -> None:
        book = self.book(tmp_path)
        book.write(Record())
        book.write(self.RECORD)

        assert book.read() == self.RECORD
        assert stat.S_IMODE(book.path.stat().st_mode) == 0o600
        assert [path.name for path in book.path.parent.iterdir()] == [book.path.name]

    def test_a_write_that_was_cut_short_harms_nothing(self, tmp_path: Path) -> None:
        book = self.book(tmp_path)
        book.write(self.RECORD)
        book.path.with_suffix(".partial").write_text('{"version":')

        assert book.read() == self.RECORD
        book.write(replace(self.RECORD, attempt=None))
        assert book.read().attempt is None

    @pytest.mark.parametrize(
        "text", ["", "[]", "{", '{"version": 2}', '{"version": 1, "attempt": null, "results": {"f": {"hints": 1}}}']
    )
    def test_what_cant_be_read_counts_as_nothing(self, tmp_path: Path, text: str) -> None:
        book = self.book(tmp_path)
        book.write(self.RECORD)
        book.path.write_text(text)

        assert book.read() == Record()

    def test_none_is_there_at_first(self, tmp_path: Path) -> None:
        assert self.book(tmp_path).read() == Record()


class TestScore:
    def result(self, practice: Practice, number: int) -> Result | None:
        return practice.score_card().rows[number - 1].result

    def test_tries_and_hints_count_until_it_is_solved_and_then_no_more(self, practice: Practice) -> None:
        began = time.monotonic()
        fault = practice.fault(2)
        fault.inject()
        fault.check()
        fault.guess(3)
        fault.hint(2)
        fault.hint(1)
        text = fault.document("operator_role_permissions")
        text["Statement"][0]["Resource"] = practice.deployment.scenario.execute_role_arn
        fault.repair(operator_role_permissions=text)

        assert self.result(practice, 2) is None
        assert fault.check().ok
        result = self.result(practice, 2)
        assert result is not None
        assert (result.hints, result.tries, result.solution_shown) == (2, 2, False)
        assert result.seconds <= time.monotonic() - began + 1
        fault.hint(3)
        fault.apply_solution()
        fault.check()
        assert self.result(practice, 2) == result

    def test_the_solution_is_no_score_of_ones_own(self, practice: Practice) -> None:
        fault = practice.fault(2)
        fault.inject()
        fault.apply_solution()
        fault.check()

        card = practice.score_card()
        assert (card.solved, card.shown) == (0, 1)

    @pytest.mark.usefixtures("over_http")
    def test_it_outlives_the_kernel(self, practice: Practice) -> None:
        """Another process reads the same card, and works on with the fault that is in place."""
        solved = practice.fault(2)
        solved.inject()
        solved.apply_solution()
        solved.check()
        practice.fault(3).inject()
        practice.fault(3).hint()
        scenario = practice.deployment.scenario
        choices = {
            name: getattr(scenario, name)
            for name in ("operator_machine", "operator_role", "subject_machine", "subject_role", "execute_role")
            for name in [f"{name}_name"]
        }
        program = (
            "import json, sys; from xsfn_helpers import open_lab\n"
            "practice = open_lab(**json.loads(sys.argv[1])).practice()\n"
            "print(json.dumps([str(practice.score_card()), practice.current.number, practice.current.hint().level]))"
        )
        arguments = json.dumps({**choices, "lab_id": practice.deployment.environment.lab_id})
        told = forks.run(
            [sys.executable, "-c", program, arguments], capture_output=True, text=True, check=True, timeout=60
        )

        assert json.loads(told.stdout) == [str(practice.score_card()), 3, 2]

    def test_a_new_card_can_be_begun(self, practice: Practice) -> None:
        fault = practice.fault(2)
        fault.inject()
        fault.apply_solution()
        fault.check()
        practice.forget()

        assert practice.score_card().headline == f"Score card: 0 of {len(practice.faults)} faults solved by yourself"
        assert practice.current == fault

    def test_cleaning_the_lab_keeps_it(self, practice: Practice) -> None:
        fault = practice.fault(2)
        fault.inject()
        fault.apply_solution()
        fault.check()
        practice.deployment.clean()

        assert practice.score_card().shown == 1
