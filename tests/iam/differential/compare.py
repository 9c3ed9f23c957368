"""Asks both engines the same questions and sorts their differences into explained and unexplained ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

from tests.iam.differential.explained import EXPLAINED, Explained
from tests.iam.differential.generate import case
from tests.iam.differential.independent import Answer, IndependentEngine
from tests.iam.differential.ours import outcome, without_derived_keys
from tests.iam.differential.questions import Json
from tests.iam.differential.shrink import shrunk
from xsfn_helpers.common.errors import XsfnError

_AT_ONCE: Final = 1000
_SEVERAL: Final = "several of these at once"


@dataclass(frozen=True, slots=True)
class Difference:
    """One case that the engines answer differently."""

    number: int
    question: Json
    ours: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came out of it. `explained` counts differences by the names of the rules that they come from."""

    seed: int
    outcomes: Counter[str]
    explained: Counter[str]
    unexplained: tuple[Difference, ...]

    def __str__(self) -> str:
        count, same = self.outcomes.total(), self.outcomes.total() - self.explained.total() - len(self.unexplained)
        lines = [
            f"{count} cases of seed {self.seed}: {same} answered alike, {self.explained.total()} differ as explained, "
            f"{len(self.unexplained)} unexplained",
            "outcomes: " + ", ".join(f"{name} {number}" for name, number in sorted(self.outcomes.items())),
            *(f"  {number:>6}  {name}" for name, number in self.explained.most_common()),
        ]
        return "\n".join(lines)


def compare(engine: IndependentEngine, seed: int, count: int) -> Comparison:
    """Both engines' answers to the first `count` cases of a seed; node works on a core of its own."""
    outcomes: Counter[str] = Counter()
    differences: list[Difference] = []
    with ThreadPoolExecutor(1) as pool:
        under_way: list[tuple[list[tuple[int, Json, str]], Future[list[Answer]]]] = []
        numbers = iter(range(count))
        while batch := list(islice(numbers, _AT_ONCE)):
            questions = [case(seed, number) for number in batch]
            answers = pool.submit(engine.all_answers, questions)
            decided = [
                (number, question, _decided(number, question))
                for number, question in zip(batch, questions, strict=True)
            ]
            under_way.append((decided, answers))
        for decided, answers in under_way:
            for (number, question, ours), answer in zip(decided, answers.result(), strict=True):
                outcomes[ours] += 1
                if answer.outcome != ours or answer.ignored:
                    differences.append(Difference(number, question, ours, answer))
    explained: Counter[str] = Counter()
    unexplained: list[Difference] = []
    for difference, rule in _explanations(engine, differences):
        if rule:
            explained[rule] += 1
        else:
            unexplained.append(difference)
    return Comparison(seed, outcomes, explained, tuple(unexplained))


def _decided(number: int, question: Json) -> str:
    """Our answer. Every other case leaves it to the engine to work out what follows from caller and resource."""
    return outcome(without_derived_keys(question) if number % 2 else question)


def _explanations(engine: IndependentEngine, differences: list[Difference]) -> Iterator[tuple[Difference, str]]:
    """Each difference with the name of the rule that explains it; "" if none does, nor all of them together."""
    left = differences
    for rule in EXPLAINED:
        explained = _explained_by(engine, left, (rule,))
        yield from ((one, rule.name) for one, is_so in zip(left, explained, strict=True) if is_so)
        left = [one for one, is_so in zip(left, explained, strict=True) if not is_so]
    # Twice, since one rule may lay open what an earlier one looks at.
    for one, is_so in zip(left, _explained_by(engine, left, EXPLAINED * 2), strict=True):
        yield one, _SEVERAL if is_so else ""


def _explained_by(
    engine: IndependentEngine, differences: Sequence[Difference], rules: Sequence[Explained]
) -> list[bool]:
    """Whether, rewritten by the rules one after another, both engines give each the answer that ours gave at first."""
    questions = [one.question for one in differences]
    answers = [one.answer for one in differences]
    for rule in rules:
        rewritten = [rule.rewrite(question, answer) for question, answer in zip(questions, answers, strict=True)]
        changed = [at for at, question in enumerate(rewritten) if question != questions[at]]
        for at, answer in zip(changed, engine.answers([rewritten[at] for at in changed]), strict=True):
            questions[at], answers[at] = rewritten[at], answer
    return [
        answer.outcome == one.ours and not answer.ignored and outcome(question) == one.ours
        for one, question, answer in zip(differences, questions, answers, strict=True)
    ]


def smallest(engine: IndependentEngine, difference: Difference) -> Difference:
    """The difference with everything left out that it doesn't need."""

    def of(question: Json) -> Difference | None:
        try:
            ours = outcome(question)
        except XsfnError:
            return None  # what was left out made it invalid
        (answer,) = engine.answers([question])
        found = Difference(difference.number, question, ours, answer)
        different = not answer.error and answer.outcome != ours
        return found if different and not any(name for _, name in _explanations(engine, [found])) else None

    def differs(question: Json) -> bool:
        return of(question) is not None

    return of(shrunk(difference.question, differs)) or difference
