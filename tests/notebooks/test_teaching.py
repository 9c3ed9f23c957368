"""What this kit promises to teach is in its notebooks, shown by their own outputs and not only told.

The outputs are compared with a real run by nbval; here it is checked that they are the ones that teach.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re

import nbformat
import pytest
from nbformat import NotebookNode

from tests.notebooks.references import NOTEBOOKS
from xsfn_helpers import Article, Lab, open_lab
from xsfn_helpers.chain.annotations import NOTES
from xsfn_helpers.chain.blueprint import DOCUMENT_NAMES
from xsfn_helpers.deployment.stages import STAGE_NUMBERS
from xsfn_helpers.sandbox.assumptions import CHOICES, LIKELY_MET

WALKTHROUGH = ("00-start-here", "01-subject-execute-role", "02-operator-role", "03-operator-task")
MOST_LINES = 6
LINK_2 = "is not authorized to assume the task state's role"
AFTER = "03b-when-a-run-fails"
NO_DESCRIBE = r"Operator execution: FAILED\n.*states:DescribeExecution.*\n.*link 4.*\nSubject execution.*: "


def notebook(stem: str) -> list[NotebookNode]:
    return list(nbformat.read(NOTEBOOKS / f"{stem}.ipynb", as_version=4).cells)


def code(stem: str) -> list[str]:
    return [cell.source for cell in notebook(stem) if cell.cell_type == "code"]


def prose(stem: str) -> str:
    return "\n".join(cell.source for cell in notebook(stem) if cell.cell_type == "markdown")


def shown_by(cell: NotebookNode) -> str:
    """What a code cell printed and gave, as words."""
    return "\n".join(output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def shown(stem: str) -> str:
    return "\n".join(shown_by(cell) for cell in notebook(stem) if cell.cell_type == "code")


def stem_of(number: str) -> str:
    [path] = NOTEBOOKS.glob(f"{number}-*.ipynb")
    return path.stem


walkthrough = pytest.mark.parametrize("stem", WALKTHROUGH)


@pytest.mark.parametrize("number", STAGE_NUMBERS)
def test_each_stage_is_refused_before_applied_and_checked_after(number: int) -> None:
    stem = WALKTHROUGH[number]
    calls = code(stem)
    checks = [f"lab.stage({number}).check()", "lab.check()", f"report = lab.check(stage={number})"]

    before = calls.index(f"lab.stage({number}).check_denied()")
    applied = next(place for place, call in enumerate(calls) if f"stage({number}).apply()" in call)
    after = max(place for place, call in enumerate(calls) for check in checks if check in call)

    assert before < applied < after
    assert re.search(rf"Before stage {number}: (\d+) of \1 passed", shown(stem))
    assert re.search(r"(Checks at stage \d|All checks): (\d+) of \2 passed", shown(stem))


@walkthrough
def test_a_live_picture_is_at_the_start_and_a_still_one_at_the_end(stem: str) -> None:
    calls = code(stem)
    live = [place for place, call in enumerate(calls) if "lab.live_diagram()" in call]
    still = [place for place, call in enumerate(calls) if "lab.diagram()" in call]

    # One display that changes in place is enough.
    assert len(live) == 1
    assert live[0] < len(calls) / 2 <= still[-1]


# Each live display where it teaches: the notebook, and the calls that show it.
LIVE_DISPLAYS = {
    "status": ("00", "03"),
    "edit": ("01", "02"),
    "what_if": ("01", "02"),
    "task_form": ("03",),
    "workflow": ("03",),
    "run(live=True": ("00", "02", "03"),
}


@pytest.mark.parametrize("display", LIVE_DISPLAYS)
def test_the_live_displays_are_where_they_teach(display: str) -> None:
    calls = {number: "\n".join(code(stem_of(number))) for number in LIVE_DISPLAYS[display]}

    assert [number for number, text in calls.items() if f"lab.{display}" not in text] == []


def test_the_effect_of_an_edit_is_seen_before_it_is_applied() -> None:
    would_break = r"What if, nothing applied(.*\n)*? *4 ✗ would break(.*\n)*.*changed inline policy"
    would_let_in = r"What if, nothing applied(.*\n)*? *Lets in more than the chain needs(.*\n)*.*changed role"

    assert re.search(would_break, shown("01-subject-execute-role"))
    assert re.search(would_let_in, shown("02-operator-role"))


def test_a_change_that_has_not_spread_is_met_and_waited_for() -> None:
    seen = shown(AFTER)

    assert re.search(rf"\nallowed by (.*\n)+?Operator execution: FAILED\n.*{LINK_2}.*\n.*link 2", seen)
    assert re.search(r"✓ Link 2\..*in a real run: the task went on as the execute role", seen)


def test_every_check_there_is_passed_in_the_notebook(standing_lab: Lab) -> None:
    """As many as a real report has. They are folded; `report.details` has their titles."""
    report = standing_lab.check()

    assert report.ok
    assert f"All checks: {len(report)} of {len(report)} passed" in shown("03-operator-task")


@pytest.mark.parametrize("name", DOCUMENT_NAMES)
def test_every_document_is_shown_in_full_where_it_matters(name: str) -> None:
    assert any(f'lab.document("{name}")' in call.splitlines() for stem in WALKTHROUGH for call in code(stem))


@pytest.mark.parametrize("name", [name for name in DOCUMENT_NAMES if not name.endswith("_definition")])
def test_each_element_of_each_statement_has_its_why(lab: Lab, name: str) -> None:
    """Principal, action, resource and condition, each statement; what is the same everywhere is told in notebook 00."""
    told_once = {"Sid", "Effect"}
    told = {path.partition("/")[2].split("/")[0] for path in NOTES["subject_role_trust"]}

    missing = [
        f"{statement['Sid']}/{element}"
        for statement in lab.document(name).document["Statement"]
        for element in statement
        if element not in told_once
        and not any(path.startswith(f"{statement['Sid']}/{element}") for path in NOTES[name])
    ]

    assert missing == []
    assert told_once <= told


# The article's slips and what it leaves out, each with the notebook and the words that show it.
SLIPS = {
    "no JSON, to IAM": ("02", r"AWS rejected it: MalformedPolicyDocument\n.*Syntax errors in policy\."),
    "no JSON, with its place": ("02", r"PolicyError\n.*line 14, column 1: MalformedPolicyDocument"),
    "two names, denied": ("02", rf"\nStates\.TaskFailed: The role .*{LINK_2}.*\n(?:.*\n)*.*role/execute-subject-"),
    "two names, explained": ("02", r"role/execute-subject-.*, requested was .*role/subject-statemachine-execute-role"),
    "two names, repaired": ("02", r"✓ Link 2.*in a real run: the task went on as the execute role"),
    "superfluous grant, not asked": (
        "02",
        r"Link 3\..*\nAllowed.*\nOne account, 222222222222.*\n.*execute role's inline",
    ),
    "superfluous grant, alone": (
        "02",
        rf'States\.TaskFailed: .*{LINK_2}.*\n(?:.*\n){{0,4}} *-.*"states:StartExecution".*\n'
        r'(?:.*\n){0,12} *\+.*"sts:AssumeRole"',
    ),
    "superfluous grant, removed": ("02", r"✓ Link 3.*in a real run: the Subject execution exists"),
    "StartExecution alone": ("01", r'"Sid": "ExecuteSubjectStateMachine"'),
    "StartExecution alone, in a run": ("03b", rf"{NO_DESCRIBE}SUCCEEDED"),
    "StartExecution alone, an orphan": ("03b", rf"{NO_DESCRIBE}RUNNING"),
    "StartExecution alone, explained": ("03b", r"Action is .states:StartExecution., requested was states:Describe"),
    "execution or state machine": ("01", r'Resource is "[^"]*:stateMachine:[^"]*", requested was .*:execution:'),
    "order": ("01", r'Invalid principal in policy: "AWS":"arn:aws:iam::111111111111:role/not-made-yet"'),
    "no external ID": ("02", r"\nthe execute role was given\n"),
    "external ID": (
        "02",
        r"✓ .*another state machine's external ID: User: .* is not authorized to perform: sts:AssumeRole",
    ),
    "second state machine": ("02", r"✓ A second state machine.*nor the regional one is authorized to assume"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_each_slip_of_the_article_is_shown_live(slip: str) -> None:
    number, words = SLIPS[slip]

    assert re.search(words, shown(stem_of(number)))


# N1 to N17: what fails as on AWS (tests/sandbox/test_denials.py has each against the running sandbox).
FAULTS = {
    "N1 Operator role without sts:AssumeRole": ("02", rf"The role .*{LINK_2}"),
    "N2 trust names another role": (
        "02",
        r"Another role of the Operator account.*: User: .* is not authorized to perform",
    ),
    "N3 wrong external ID": ("02", r"another state machine's external ID: User: .* is not authorized to perform"),
    "N4 no execute role": ("01", r"Before stage 1: 4 of 4 passed"),
    "N5 no StartExecution": ("03b", r"AWSStepFunctionsException: .*states:StartExecution on resource.*\n.*link 3"),
    "N6 no DescribeExecution": ("03b", NO_DESCRIBE),
    "N7 no Subject machine": ("03b", r"StateMachineDoesNotExistException: State Machine Does Not Exist"),
    "N8 the Subject fails": ("03b", r"States\.TaskFailed: the Subject execution ended FAILED by itself: OutOfStock"),
    "N9 trust names a missing role": ("01", r"MalformedPolicyDocument\n *Invalid principal in policy"),
    "N10 role re-created": ("01", r'principal: names "AROA…", not'),
    "N11 Deny on the Operator role": ("05", r"Fault 11 · After the incident: solved: (\d+) of \1 passed"),
    "N12 direct AssumeRole": ("01", r"user/administrator is not authorized to perform: sts:AssumeRole on resource"),
    "N13 Deny on the execute role": ("05", r"StartExecution on resource.*with an explicit deny in an identity-based"),
    "N14 wrong account's machine": ("05", r"Fault 6 · Twelve digits: solved: (\d+) of \1 passed"),
    "N15 a role that can't be passed": ("03", r"Cross-account pass role is not allowed\."),
    "N16 unknown key": ("00", r"InvalidClientTokenId\n *The security token included in the request is invalid\."),
    "N17 no role at all": ("00", r"because no resource-based policy allows the states:StartExecution action"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_met_in_a_notebook(fault: str) -> None:
    number, words = FAULTS[fault]

    assert re.search(words, shown(stem_of(number)))


def test_the_run_is_seen_on_both_sides() -> None:
    seen = shown("03-operator-task")

    assert re.search(r"Operator: TaskSubmitted · link 3\n.*Subject: ExecutionStarted · link 6", seen)
    assert (
        '"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": "arn:aws:states:ap-northeast-1:111111111111:execution:' in seen
    )
    assert "'Hello from subject-statemachine in account 222222222222'" in seen
    assert "Operator execution: ABORTED\nSubject execution, in the Subject account: ABORTED" in shown(AFTER)


def test_what_is_not_established_is_said_and_no_more_of_it_than_matters() -> None:
    seen = shown(AFTER).partition("Not documented by AWS: ")[2]
    likely = [choice for choice in CHOICES if choice.id in LIKELY_MET]

    assert [choice.id for choice in likely if f"? {choice.question}\n" not in seen] == []
    assert seen.count("\n  ? ") == len(likely) == len(LIKELY_MET)
    assert "lab.undocumented(everything=True) has the rest" in seen
    assert "The sandbox has no console" in prose(AFTER)


@walkthrough
def test_cells_are_small_and_the_reader_predicts_sees_and_tries(stem: str) -> None:
    assert [call for call in code(stem) if len(call.splitlines()) > MOST_LINES] == []
    told = prose(stem)
    assert "Predict" in told
    assert "**You should see:**" in told
    assert re.search(r"^## Your turn$", told, re.MULTILINE)
    assert told.count("<details>") == told.count("</details>") >= 2


@walkthrough
def test_it_says_where_to_go_on(stem: str) -> None:
    ending = notebook(stem)[-1].source
    link = re.search(r"Next: \[.+\]\((.+)\)$", ending)

    assert link is not None
    assert (NOTEBOOKS / link[1]).exists()


def test_the_first_notebook_welcomes_in_four_points() -> None:
    welcome = notebook(WALKTHROUGH[0])[0].source.partition("Welcome.")[2]

    assert re.findall(r"^(\d)\. \S", welcome, re.MULTILINE) == ["1", "2", "3", "4"]


def test_the_last_notebook_says_farewell_and_what_comes_next() -> None:
    farewell = notebook(WALKTHROUGH[-1])[-1].source

    assert "Well done" in farewell
    assert {"**04**", "**05**"} <= set(re.findall(r"\*\*0\d\*\*", farewell))


# The words that each solution shows, in the order of the notebook.
SOLUTIONS = {
    "00-start-here": (
        r"Operator role's permissions policy in .*\nexecute role's trust policy in",
        "NoSuchEntity",
    ),
    "01-subject-execute-role": (
        r"Implicitly denied.*\n.*\n.*\n.*\n *action: .*StopExecution\n *resource: ",
        r"✗ identity-based policy of account 111111111111.*\n.*\n✓ role trust policy of account 222222222222: allows",
    ),
    "02-operator-role": (
        r"condition StringEquals sts:ExternalId: wanted .*us-east-1.*, the request has .*ap-northeast-1",
        r"Explicitly denied(.*\n)*Smallest change that would allow it: no added permission helps",
    ),
    "03-operator-task": (r"\{'order': 7\}\n\['AWS.*', 'StatePayload'\]\n.*\n7\n", r"<class 'str'>"),
}
_FOLDED = re.compile(r"<details>(?:(?!</details>).)*</details>", re.DOTALL)
_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


def solutions(stem: str) -> list[str]:
    """The code of each folded solution under "Your turn", its blocks together."""
    exercises = prose(stem).partition("## Your turn")[2]
    return ["".join(_BLOCK.findall(folded)) for folded in _FOLDED.findall(exercises) if _BLOCK.search(folded)]


def told_by(source: str, names: dict[str, object]) -> str:
    """What a notebook would show for `source`: what it prints, and the values of its expressions."""
    with contextlib.redirect_stdout(io.StringIO()) as told:
        for statement in ast.parse(source).body:
            exec(compile(ast.Interactive([statement]), "solution", "single"), names)
    return told.getvalue()


@walkthrough
def test_the_folded_solutions_work_and_leave_everything_as_it_was(stem: str) -> None:
    """They run where the notebook has brought the reader: after its first cell, and with its stage applied."""
    names: dict[str, object] = {}
    told_by(code(stem)[0], names)
    lab = open_lab()
    lab.set_stage(WALKTHROUGH.index(stem))
    names["article"] = Article(lab.scenario)
    before = str(lab.status())

    told = [told_by(solution, names) for solution in solutions(stem)]

    assert len(told) == len(SOLUTIONS[stem])
    assert [words for words, text in zip(SOLUTIONS[stem], told, strict=True) if not re.search(words, text)] == []
    assert str(lab.status()) == before
