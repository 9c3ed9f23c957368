"""The instructor's guide keeps its word: what it says that AWS says is what the sandbox says today; times add up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import fresh_names
from xsfn_helpers import Article, Lab, attempt, open_lab
from xsfn_helpers.chain.scenario import Scenario
from xsfn_helpers.common.stable_text import stable_cause
from xsfn_helpers.deployment.practice.catalogue import catalogue

ROOT: Final = Path(__file__).parents[2]
GUIDES: Final = sorted((ROOT / "docs").rglob("instructor-guide.md"))
FAULTS: Final = {fault.id: fault for fault in catalogue(Scenario())}
each_guide = pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.relative_to(ROOT).as_posix())


def messages(guide: Path) -> dict[str, str]:
    """What the guide says that is said, by the name of what brings it about."""
    found = re.findall(r"<!-- said: ([\w-]+) -->\n```text\n(.*?)\n```", guide.read_text(encoding="utf-8"), re.DOTALL)
    assert len(dict(found)) == len(found)
    return dict(found)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    lab = open_lab(**fresh_names())
    yield lab
    lab.clean()


def in_a_run(lab: Lab) -> str:
    run = lab.run()
    return f"{run.error}: {stable_cause(run.cause)}"


def one_sided(lab: Lab) -> str:
    """Stage 1 without stage 2, as everybody meets it first."""
    lab.set_stage(3)
    lab.stage(2).undo()
    return in_a_run(lab)


def of_fault(name: str) -> Callable[[Lab], str]:
    def said(lab: Lab) -> str:
        practice = lab.practice()
        exercise = practice.fault(name)
        exercise.inject()
        try:
            run = exercise.symptom().run
        finally:
            practice.restore()
        return f"{run.error}: {stable_cause(run.cause)}"

    return said


def refusal(call: Callable[..., object], **parameters: Any) -> str:
    answer = attempt(call, **parameters)
    assert not answer.allowed
    return f"{answer.code}: {answer.message}"


def principal_too_early(lab: Lab) -> str:
    trust = lab.blueprint.execute_role_trust.replace(lab.scenario.operator_role_name, "not-made-yet")
    return refusal(lab.subject.client("iam").create_role, RoleName="too-early", AssumeRolePolicyDocument=trust)


def article_as_printed(lab: Lab) -> str:
    return refusal(
        lab.operator.client("iam").put_role_policy,
        RoleName=lab.scenario.operator_role_name,
        PolicyName="as-printed",
        PolicyDocument=Article(lab.scenario).operator_role_permissions,
    )


def pass_role(lab: Lab) -> str:
    lab.set_stage(2)
    return refusal(
        lab.operator.client("stepfunctions").create_state_machine,
        name="shortcut",
        definition=lab.blueprint.operator_definition,
        roleArn=lab.scenario.execute_role_arn,
    )


def administrator(lab: Lab) -> str:
    lab.prepare()
    return refusal(
        lab.operator.client("stepfunctions").start_execution, stateMachineArn=lab.scenario.subject_machine_arn
    )


SAID: Final[dict[str, Callable[[Lab], str]]] = {
    "one-sided": one_sided,
    **{name: of_fault(name) for name in ("copied-task", "started-and-then", "twelve-digits", "freeze")},
    **{name: of_fault(name) for name in ("copied-trust", "clean-up")},
    "principal-too-early": principal_too_early,
    "article-as-printed": article_as_printed,
    "pass-role": pass_role,
    "administrator": administrator,
}


def with_the_articles_names(text: str, scenario: Scenario) -> str:
    """Every test has names of its own; the guide has the article's."""
    article = Scenario()
    # The misspelt name of one fault is made from the name, less its ending.
    text = text.replace(
        scenario.execute_role_name.removesuffix("-role"), article.execute_role_name.removesuffix("-role")
    )
    for one in fields(Scenario):
        text = text.replace(getattr(scenario, one.name), getattr(article, one.name))
    return text


@pytest.mark.parametrize("name", SAID)
def test_what_people_see_is_word_for_word_what_the_sandbox_says(lab: Lab, name: str) -> None:
    said = with_the_articles_names(SAID[name](lab), lab.scenario)

    assert {guide: messages(guide).get(name) for guide in GUIDES} == dict.fromkeys(GUIDES, said)


@each_guide
def test_nothing_is_said_that_no_test_brings_about(guide: Path) -> None:
    assert set(messages(guide)) == set(SAID)


@each_guide
def test_the_minutes_of_each_agenda_add_up(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    agendas = re.findall(r"^### (\d+) .*?\n\n\|[^\n]*\n\|---[^\n]*\n((?:\|[^\n]*\n)+)", text, re.MULTILINE | re.DOTALL)
    sums = {int(total): sum(map(int, re.findall(r"^\| (\d+) \|", rows, re.MULTILINE))) for total, rows in agendas}

    assert sums == {45: 45, 90: 90, 180: 180}


@each_guide
def test_what_it_points_at_is_there(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    links = set(re.findall(r"\]\(([^)#:]+)\)", text))
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    numbers = {int(number) for number in re.findall(r"(?:[Ff]ault|故障) (\d+)", text)}

    assert links
    assert {link for link in links if not (guide.parent / link).exists()} == set()
    assert {name for name in targets if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()
    assert numbers <= set(range(1, len(FAULTS) + 1))
