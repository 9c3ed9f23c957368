"""This project's engine."""

from __future__ import annotations

import json

from protocol import Question, Work, serve

from xsfn_helpers.iam import Decision, decide, explain
from xsfn_helpers.iam.jsonlines import answer, decide_line, read_line
from xsfn_helpers.iam.request import Request


def compiled(question: Question) -> Work:
    """Policies compiled once; each request is made and decided."""
    request, policies = read_line(json.dumps(question))
    asked = question["request"]

    def work() -> Decision:
        again = Request(
            request.principal, asked["action"], asked["resource"], asked["resourceAccount"], asked["context"]
        )
        return decide(again, policies)

    return work


def explained(question: Question) -> Work:
    """As compiled, with the whole text of the explanation."""
    work = compiled(question)
    return lambda: explain(work()).text


def raw(question: Question) -> Work:
    """A JSON line read, validated and decided; policies seen before are found again by their text."""
    line = json.dumps(question)
    return lambda: decide_line(line)


def unseen(question: Question) -> Work:
    """The same, with policies that were never seen before."""
    line = json.dumps(question).replace('"Sid": "', '"Sid": "NUMBER')
    numbers = iter(range(10**9))
    return lambda: decide_line(line.replace("NUMBER", f"n{next(numbers)}"))


def answered(question: Question) -> Work:
    """From a JSON line to a JSON line, as `xsfn decide` does it: with explanation."""
    line = json.dumps(question)
    return lambda: answer(line)


if __name__ == "__main__":
    serve(
        lambda question: decide_line(json.dumps(question)).allowed,
        {
            "compiled": compiled,
            "raw JSON": raw,
            "raw JSON, unseen": unseen,
            "explained": explained,
            "JSON to JSON, explained": answered,
        },
    )
