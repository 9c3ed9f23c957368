"""This engine beside the others that can be had from PyPI and npm, on link 2: a cross-account sts:AssumeRole.

All in one run: rounds take turns, so that a busy moment of the machine hits everybody; the median of the rounds counts.
First each is asked a dozen questions about link 2: a fast wrong answer is worth little.
"""

from __future__ import annotations

import argparse
import copy
import platform
import statistics
import sys
from typing import Any

from benchmarks.bench_iam import line_2
from benchmarks.peers import CONTESTANTS, NotHere, Running

Question = dict[str, Any]
COMPARED = ("compiled", "raw JSON")


def questions() -> list[tuple[str, Question, bool]]:
    """Questions about link 2 with AWS's answers: what is asked, whether it is allowed."""
    asked: list[tuple[str, Question, bool]] = []

    def variant(name: str, *, allowed: bool) -> Question:
        question = copy.deepcopy(line_2())
        asked.append((name, question, allowed))
        return question

    def external_id(question: Question, value: str | None) -> None:
        context = question["request"]["context"]
        context.pop("sts:ExternalId")
        if value is not None:
            context["sts:ExternalId"] = value

    def conditions(question: Question) -> Question:
        found: Question = question["resourcePolicy"]["Statement"][0]["Condition"]
        return found

    right: str = line_2()["request"]["context"]["sts:ExternalId"]
    variant("the right external ID", allowed=True)
    external_id(variant("a wrong external ID", allowed=False), f"{right}2")
    external_id(variant("no external ID", allowed=False), None)
    external_id(variant("an external ID in other letter case", allowed=False), right.swapcase())
    question = variant("a wildcard under StringEquals", allowed=False)
    conditions(question)["StringEquals"]["sts:ExternalId"] = "arn:*"
    question = variant("a wildcard under StringLike", allowed=True)
    conditions(question)["StringLike"] = {"sts:ExternalId": f"{right[:-4]}*"}
    question = variant("no external ID, with IfExists", allowed=True)
    conditions(question)["StringEqualsIfExists"] = conditions(question).pop("StringEquals")
    external_id(question, None)
    question = variant("no external ID, with ForAllValues", allowed=True)
    conditions(question)["ForAllValues:StringEquals"] = conditions(question).pop("StringEquals")
    external_id(question, None)
    question = variant("another role asks", allowed=False)
    question["request"]["principal"] = question["request"]["principal"].replace("role/", "role/other-")
    question = variant("the caller's account is trusted", allowed=True)
    question["resourcePolicy"]["Statement"][0]["Principal"] = {"AWS": question["request"]["principal"].split(":")[4]}
    question = variant("the caller has no permission", allowed=False)
    question["identityPolicies"][0]["Statement"][0]["Action"] = ["states:StartExecution"]
    question = variant("an explicit deny in the trust policy", allowed=False)
    statement = question["resourcePolicy"]["Statement"][0]
    question["resourcePolicy"]["Statement"].append(
        {key: value for key, value in statement.items() if key != "Condition"} | {"Sid": "Denied", "Effect": "Deny"}
    )
    return asked


def started() -> list[Running]:
    """Every contestant that can be had; the others say why not."""
    found = []
    for contestant in CONTESTANTS:
        try:
            found.append(Running(contestant))
        except NotHere as missing:
            print(f"NOT MEASURED: {contestant.name}: {missing}")
    return found


def wrong_answers(running: Running) -> list[str]:
    wrong = []
    for name, question, allowed in questions():
        try:
            right = running.allows(question) is allowed
        except NotHere:
            right = False
        if not right:
            wrong.append(name)
    return wrong


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="how long each round of each engine takes")
    chosen = parser.parse_args(arguments)
    contestants = started()
    wrong = {running.contestant.name: wrong_answers(running) for running in contestants}
    question = line_2()
    rates: dict[tuple[str, str], list[float]] = {}
    for _ in range(chosen.rounds):
        for running in contestants:
            for way in running.ways:
                rate = running.rate(way, question, chosen.seconds)
                rates.setdefault((running.contestant.name, way), []).append(rate)
    medians = {key: statistics.median(values) for key, values in rates.items()}
    _print(contestants, wrong, medians, chosen.rounds)
    for running in contestants:
        running.close()
    return 0


def _print(
    contestants: list[Running], wrong: dict[str, list[str]], medians: dict[tuple[str, str], float], rounds: int
) -> None:
    ours = contestants[0].contestant.name
    asked = len(questions())
    print(f"Link 2, decisions per second: medians of {rounds} rounds (Python {platform.python_version()})\n")
    heads = "".join(f"{head:>12}{'ours is':>10}" for head in COMPARED)
    print(f"{'':<38}{heads}  {'right answers':>15}")
    for running in contestants:
        name = running.contestant.name
        columns = ""
        for way in COMPARED:
            median = medians[name, way]
            ratio = "" if name == ours else f"{medians[ours, way] / median:,.1f} x"
            columns += f"{median:>12,.0f}{ratio:>10}"
        print(f"{name:<38}{columns}  {asked - len(wrong[name]):>9} of {asked}")
    print("\nThis engine's other ways:")
    for way in contestants[0].ways:
        if way not in COMPARED:
            print(f"  {way:<36}{medians[ours, way]:>12,.0f}")
    print("\nNotes:")
    for running in contestants:
        name, note = running.contestant.name, running.contestant.note
        if note:
            print(f"  {name}: {note}")
        if wrong[name]:
            print(f"  {name} answers wrongly: {'; '.join(wrong[name])}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
