"""Each fault both ways: broken it is denied where it should be, repaired it passes, and a wrong repair doesn't."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import nbformat
import pytest

from tests.conftest import fresh_names
from tests.notebooks.references import NOTEBOOKS
from tests.support.interruptions import Death, Killed, dies_at, interrupted_at
from xsfn_helpers import Lab, json_text, open_lab
from xsfn_helpers.chain import documents
from xsfn_helpers.chain.blueprint import Blueprint
from xsfn_helpers.chain.plan import Action
from xsfn_helpers.chain.report import Report
from xsfn_helpers.chain.scenario import Scenario, Side
from xsfn_helpers.common.errors import ConfigError, StepError
from xsfn_helpers.deployment.practice.catalogue import catalogue
from xsfn_helpers.deployment.practice.exercise import Exercise, Practice
from xsfn_helpers.deployment.practice.extras import extras, twin_role
from xsfn_helpers.deployment.practice.fault import Shows
from xsfn_helpers.deployment.runs import Timeline
from xsfn_helpers.iam import PolicyError
from xsfn_helpers.sandbox.process.here import sandbox_here

pytestmark = pytest.mark.usefixtures("no_http")

FAULTS: Final = {fault.id: fault for fault in catalogue(Scenario())}
each_fault = pytest.mark.parametrize("name", FAULTS)

# What AWS says: the task's error and words of its cause. The assume step has one sentence for every reason.
ASSUME: Final = ("States.TaskFailed", "is not authorized to assume the task state's role")
NO_START: Final = (
    "StepFunctions.AWSStepFunctionsException",
    "because no identity-based policy allows the states:StartExecution action",
)
NO_LOOK: Final = (
    "StepFunctions.AWSStepFunctionsException",
    "because no identity-based policy allows the states:DescribeExecution action",
)
AWS_SAYS: Final = {
    **dict.fromkeys(("new-name", "other-region", "star", "twins", "from-the-log", "fresh-start", "loud-name"), ASSUME),
    **dict.fromkeys(("two-names", "whose-call", "incident", "platform-fence", "too-soon"), ASSUME),
    **dict.fromkeys(("copied-task", "whole-account"), ASSUME),
    **dict.fromkeys(("twelve-digits", "simpler-task"), NO_START),
    **dict.fromkeys(("started-and-then", "one-word"), NO_LOOK),
    "freeze": (NO_START[0], "states:StartExecution on resource: arn:aws:states"),
    "clean-up": ("StepFunctions.StateMachineDoesNotExistException", "State Machine Does Not Exist: 'arn:aws:states"),
    "copied-trust": (
        "States.TaskFailed",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
        "provided role.",
    ),
}
# Where the policies of the chain are right, or too wide, and something else is wrong.
POLICIES_ALLOW: Final = {"copied-task", "simpler-task", "clean-up", "all-values", "too-soon", "second-machine"}

KEEP_LOOKING: Final = "fault.hint() helps a step further; lab.evaluate(n) explains link n in full."
SOON: Final = "The policies allow it: if you have changed one a moment ago, check again. "


@pytest.fixture(scope="module")
def practice() -> Iterator[Practice]:
    """One practice for all tests of single faults: each begins by breaking its own."""
    lab = open_lab(**fresh_names())
    yield lab.practice()
    lab.clean()


def failed(report: Report) -> list[str]:
    return [check.id for check in report if not check.passed]


def refused_links(lab: Lab) -> set[int]:
    return {link.number for link in lab.links if not lab.evaluate(link.number).allowed}


def standing(lab: Lab) -> list[str]:
    """What is there of the setup and of what faults add."""
    things = [*(resource for step in lab.steps for resource in step.resources), *extras(lab.environment)]
    return [change.thing for change in (thing.plan() for thing in things) if change.action is not Action.CREATE]


class TestEachFault:
    @each_fault
    def test_it_shows_as_on_aws_and_its_last_hint_and_its_solution_repair_it(
        self, practice: Practice, name: str
    ) -> None:
        """At its link, time and again; the hint is taken literally; the solution says why, and can be repeated."""
        exercise = practice.fault(name)
        told = exercise.inject()
        refused = refused_links(Lab(practice.deployment))
        symptom = exercise.symptom()
        run, links = symptom.run, set(FAULTS[name].links)

        assert refused == (set() if name in POLICIES_ALLOW else links)
        if name in AWS_SAYS:
            error, words = AWS_SAYS[name]
            assert (run.status, run.error) == ("FAILED", error)
            assert run.cause is not None
            assert words in run.cause
            assert run.broken_link in links
        assert [exercise.guess(link).right for link in range(1, 7)] == [link in links for link in range(1, 7)]
        assert exercise.inject() == told
        assert str(exercise.symptom()) == str(symptom)

        before = exercise.check()
        nudge, rule, answer = (exercise.hint() for _ in range(3))
        exec(answer.code, {"lab": Lab(practice.deployment), "fault": exercise, "json_text": json_text})
        after = exercise.check()

        assert before.ok is (FAULTS[name].shows is Shows.FOR_A_MOMENT)
        if FAULTS[name].shows not in (Shows.TO_A_STRANGER, Shows.TO_A_SECOND_MACHINE):
            told_by_checks = {check.hint for check in before if not check.passed}
            assert told_by_checks <= {KEEP_LOOKING, SOON + KEEP_LOOKING}, "a failed check mustn't give the fault away"
        assert [nudge.level, rule.level, answer.level] == [1, 2, 3]
        assert (nudge.code, rule.code) == ("", ""), "the answer comes last"
        assert failed(after) == []
        assert after.title.endswith(": solved")

        exercise.inject()
        solution = exercise.apply_solution()
        report = exercise.check()

        assert failed(report) == []
        assert exercise.fault.rule in str(solution)
        assert exercise.apply_solution().title == solution.title, "it can be repeated"

    def test_those_that_show_outside_a_run(self, practice: Practice) -> None:
        seen = {}
        for name in ("stop-button", "deployment", "all-values", "second-machine"):
            exercise = practice.fault(name)
            exercise.inject()
            seen[name] = exercise.symptom()

        assert (seen["stop-button"].run.status, seen["stop-button"].run.subject_status) == ("ABORTED", "RUNNING")
        assert seen["deployment"].run.succeeded
        assert "Neither the global service principal states.amazonaws.com" in str(seen["deployment"])
        assert seen["all-values"].run.succeeded
        assert "without an external ID: the execute role was given" in str(seen["all-values"])
        assert seen["second-machine"].run.succeeded
        assert "with the right external ID: the execute role was given" in str(seen["second-machine"])


TRUST: Final = "execute_role_trust"
PERMISSIONS: Final = "execute_role_permissions"
OPERATOR: Final = "operator_role_permissions"
CHAIN: Final = "chain.decided"
RUN: Final = "chain.live"


def statement(document: str, **changes: Any) -> Callable[[Exercise], object]:
    """A repair of the document's first statement; None removes a key."""
    return statement_at(document, 0, **changes)


def statement_at(document: str, position: int, **changes: Any) -> Callable[[Exercise], object]:
    def repair(exercise: Exercise) -> object:
        text = exercise.document(document)
        found = {**text["Statement"][position], **changes}
        text["Statement"][position] = {key: value for key, value in found.items() if value is not None}
        return exercise.repair(**{document: text})

    return repair


def right_but(document: str, **changes: Any) -> Callable[[Exercise], object]:
    """The recommended policy with its first statement changed."""

    def repair(exercise: Exercise) -> object:
        make = getattr(documents, document)
        text = make(Lab(exercise.practice.deployment).scenario)
        found = {**text["Statement"][0], **changes}
        text["Statement"][0] = {key: value for key, value in found.items() if value is not None}
        return exercise.repair(**{document: text})

    return repair


def external_id(operator: str, pattern: str) -> Callable[[Exercise], object]:
    """The recommended trust policy with another condition on the external ID; `{}` in the pattern is the right one."""

    def repair(exercise: Exercise) -> object:
        value = pattern.format(Lab(exercise.practice.deployment).scenario.external_id)
        return right_but(TRUST, Condition={operator: {"sts:ExternalId": value}})(exercise)

    return repair


def external_ids(*patterns: str) -> Callable[[Exercise], object]:
    """The recommended trust policy with several external IDs, each as `external_id` takes it."""

    def repair(exercise: Exercise) -> object:
        right = Lab(exercise.practice.deployment).scenario.external_id
        values = [pattern.format(right) for pattern in patterns]
        return right_but(TRUST, Condition={"StringEquals": {"sts:ExternalId": values}})(exercise)

    return repair


def whole_account(exercise: Exercise) -> object:
    account = Lab(exercise.practice.deployment).scenario.operator_account_id
    return right_but(TRUST, Principal={"AWS": account})(exercise)


def without_boundary(exercise: Exercise) -> object:
    role = Lab(exercise.practice.deployment).scenario.operator_role_name
    return Lab(exercise.practice.deployment).operator.client("iam").delete_role_permissions_boundary(RoleName=role)


def any_machine_beginning_alike(exercise: Exercise) -> object:
    scenario = Lab(exercise.practice.deployment).scenario
    trust = documents.service_trust(scenario, scenario.operator, machine_name=f"{scenario.operator_machine_name}*")
    return exercise.repair(operator_role_trust=trust)


def nothing(_: Exercise) -> object:
    return None


EVERYTHING: Final = {"Action": "*", "Resource": "*"}
WRONG_REPAIRS: Final[dict[str, tuple[Callable[[Exercise], object], str]]] = {
    "new-name, anybody may come": (right_but(TRUST, Principal={"AWS": "*"}), "limit.principal"),
    "new-name, no condition": (right_but(TRUST, Condition=None), "limit.external-id"),
    "new-name, any machine": (external_id("StringLike", "*"), "limit.external-id"),
    "new-name, tags as well": (right_but(TRUST, Action=["sts:AssumeRole", "sts:TagSession"]), "limit.all-requests"),
    "star, one more": (external_ids("{}", "an-id-that-nobody-tries"), "limit.all-requests"),
    "other-region, any region": (
        external_id("StringLike", "arn:aws:states:*:111111111111:stateMachine:*"),
        "limit.external-id",
    ),
    "star, with wildcards": (external_id("StringLike", "{}*"), "limit.external-id"),
    "star, case ignored": (external_id("StringEqualsIgnoreCase", "{}"), "limit.external-id"),
    "twins, the account": (whole_account, "limit.principal"),
    "from-the-log, the account": (whole_account, "limit.principal"),
    "fresh-start, the account": (whole_account, "limit.principal"),
    "fresh-start, the other side": (right_but(OPERATOR), CHAIN),
    "loud-name, a wildcard": (external_id("StringLike", "{}*"), RUN),
    "all-values, if it exists": (external_id("StringEqualsIfExists", "{}"), "limit.external-id"),
    "all-values, nothing": (nothing, "limit.external-id"),
    "second-machine, nothing": (nothing, "limit.operator-machine"),
    "second-machine, names that begin alike": (any_machine_beginning_alike, "limit.operator-machine"),
    "whole-account, one side": (right_but(OPERATOR), "limit.principal"),
    "whole-account, the other side": (right_but(TRUST), CHAIN),
    "two-names, any role": (statement(OPERATOR, Resource="*"), "limit.operator-role"),
    "whose-call, everything": (statement(OPERATOR, **EVERYTHING), "limit.operator-role"),
    "too-soon, everything": (statement(OPERATOR, **EVERYTHING), "limit.operator-role"),
    "incident, more permission": (statement(OPERATOR, **EVERYTHING), CHAIN),
    "platform-fence, more permission": (statement(OPERATOR, **EVERYTHING), CHAIN),
    "platform-fence, taken away": (without_boundary, "boundary.kept"),
    "started-and-then, everything": (statement(PERMISSIONS, **EVERYTHING), "limit.execute-role"),
    "started-and-then, one of two": (statement(PERMISSIONS, Action="states:*"), CHAIN),
    "one-word, everything": (statement_at(PERMISSIONS, 1, Resource="*"), "limit.execute-role"),
    "twelve-digits, any machine": (statement(PERMISSIONS, Resource="*"), "limit.execute-role"),
    "freeze, more permission": (statement(PERMISSIONS, **EVERYTHING), CHAIN),
    "stop-button, everything": (statement(PERMISSIONS, **EVERYTHING), "limit.execute-role"),
    "copied-trust, no condition": (statement("operator_role_trust", Condition=None), "limit.service-trust"),
    "deployment, both services": (
        statement("subject_role_trust", Principal={"Service": ["states.amazonaws.com", "lambda.amazonaws.com"]}),
        "limit.service-trust",
    ),
    "copied-task, more permission": (statement(OPERATOR, Resource="*"), RUN),
    "simpler-task, more permission": (statement(OPERATOR, **EVERYTHING), RUN),
    "clean-up, more permission": (statement(PERMISSIONS, Resource="*"), RUN),
}


class TestWrongRepairs:
    @pytest.mark.parametrize("case", WRONG_REPAIRS)
    def test_what_opens_too_much_or_too_little_doesnt_pass(self, practice: Practice, case: str) -> None:
        repair, check = WRONG_REPAIRS[case]
        exercise = practice.fault(case.partition(",")[0])
        exercise.inject()
        repair(exercise)
        report = exercise.check()

        assert check in failed(report)
        assert report[check].hint
        assert not report.title.endswith("solved")

    def test_every_fault_has_one(self) -> None:
        assert {case.partition(",")[0] for case in WRONG_REPAIRS} == set(FAULTS)

    def test_another_repair_that_is_as_narrow_passes(self, practice: Practice) -> None:
        """Statements may be named, ordered and split as the reader likes."""
        exercise = practice.fault("started-and-then")
        exercise.inject()
        scenario = Lab(practice.deployment).scenario
        text = exercise.document(PERMISSIONS)
        for sid, action in (("Watch", "states:DescribeExecution"), ("Stop", "states:StopExecution")):
            text["Statement"].insert(
                0, {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": scenario.subject_executions_arn}
            )
        exercise.repair(execute_role_permissions=json_text(text))

        assert failed(exercise.check()) == []


class TestCatalogue:
    def test_faults_differ_in_everything_that_is_told_of_them(self) -> None:
        told = [(fault.id, fault.title, fault.story, fault.nudge, fault.rule) for fault in FAULTS.values()]

        assert len(FAULTS) >= 14
        for column in zip(*told, strict=True):
            assert len(set(column)) == len(FAULTS)

    @each_fault
    def test_each_rule_has_its_source(self, name: str) -> None:
        source = FAULTS[name].source

        assert source.startswith(("docs.aws.amazon.com/", "the article, stage "))

    def test_every_link_of_the_chain_is_broken_by_some(self) -> None:
        assert {link for fault in FAULTS.values() for link in fault.links} == {1, 2, 3, 4, 5, 6}

    @pytest.mark.parametrize(
        "scenario",
        [
            Scenario(),
            Scenario(region="us-east-1", execute_role_name="execute-subject-statemachine-role"),
            Scenario(
                region="cn-north-1",
                operator_account_id="333333333333",
                subject_account_id="444444444444",
                operator_machine_name="o" * 80,
                operator_role_name="r" * 64,
                subject_machine_name="s" * 80,
                subject_role_name="t" * 64,
                execute_role_name="x" * 64,
            ),
        ],
        ids=["the article's", "the article's other name", "longest names in China"],
    )
    def test_each_breaks_something_whatever_the_names(self, scenario: Scenario) -> None:
        right = Blueprint.recommended(scenario)
        for fault in catalogue(scenario):
            broken = right.using(**fault.documents)

            assert (broken != right) is bool(fault.documents)
            assert fault.documents or fault.before or fault.after or fault.shows is Shows.FOR_A_MOMENT

    def test_an_unknown_one_is_told_with_those_there_are(self, practice: Practice) -> None:
        assert practice.fault(1).fault.id == practice.fault("new-name").fault.id
        for which in (0, len(FAULTS) + 1, "new_name", True):
            with pytest.raises(ConfigError, match="There is no fault") as caught:
                practice.fault(which)
            assert "new-name" in caught.value.fix

    def test_the_practice_lists_every_fault(self, practice: Practice) -> None:
        listed = str(practice)

        assert all(fault.title in listed and fault.id in listed for fault in FAULTS.values())


class TestExercise:
    def test_only_the_fault_in_place_can_be_worked_on(self, lab: Lab) -> None:
        practice = lab.practice()
        exercise, other = practice.fault(2), practice.fault(3)
        for act in (exercise.symptom, exercise.hint, exercise.check, exercise.solve, lambda: exercise.guess(1)):
            with pytest.raises(StepError, match="No fault is in place"):
                act()
        other.inject()

        with pytest.raises(StepError, match="Another fault is in place"):
            exercise.check()

    def test_a_right_set_up_is_no_solved_fault(self, lab: Lab) -> None:
        practice = lab.practice()
        exercise = practice.fault(1)
        exercise.inject()
        practice.restore()

        with pytest.raises(StepError, match="No fault is in place"):
            exercise.check()

    def test_hints_come_one_after_the_other_or_as_asked(self, practice: Practice) -> None:
        exercise = practice.fault("two-names")
        exercise.inject()

        assert [exercise.hint().level for _ in range(4)] == [1, 2, 3, 3]
        assert exercise.hint(1) == exercise.hint(1)
        exercise.inject()
        assert exercise.hint().level == 1
        for level in (0, 4, True):
            with pytest.raises(ConfigError, match="There is no hint"):
                exercise.hint(level)

    def test_a_guess_names_the_link_but_not_the_answer(self, practice: Practice) -> None:
        exercise = practice.fault("two-names")
        exercise.inject()
        wrong, right = exercise.guess(3), exercise.guess(2)

        assert not wrong
        assert str(wrong).startswith("✗ Not link 3. execute role")
        assert right
        assert str(right) == "✓ Yes, it is link 2. Operator role -> sts:AssumeRole -> execute role"
        with pytest.raises(ConfigError, match="The links are 1, 2, 3, 4, 5, 6"):
            exercise.guess(7)

    def test_a_symptom_keeps_the_link_to_itself(self, practice: Practice) -> None:
        exercise = practice.fault("twelve-digits")
        exercise.inject()
        symptom = exercise.symptom()

        assert "link" not in str(symptom)
        assert isinstance(symptom.timeline, Timeline)
        assert len(symptom.timeline.events) == len(symptom.run.events)

    def test_a_policy_that_aws_would_refuse_is_told_and_nothing_saved(self, practice: Practice) -> None:
        exercise = practice.fault("two-names")
        exercise.inject()
        before = exercise.look()
        right = documents.operator_role_permissions(Lab(practice.deployment).scenario)

        with pytest.raises(PolicyError, match="line 1"):
            exercise.repair(operator_role_permissions=right, execute_role_permissions='{"Version": "2012-10-17",}')
        with pytest.raises(ConfigError, match="no document 'trust'"):
            exercise.document("trust")
        assert exercise.look() == before

    def test_the_scene_shows_what_no_stage_made(self, practice: Practice) -> None:
        exercise = practice.fault("incident")
        exercise.inject()
        operator, subject = exercise.look("operator"), exercise.look(Side.SUBJECT)

        assert "inline policy incident-lockdown" in str(operator)
        assert "incident-lockdown" not in str(subject)
        assert str(exercise.look()) == f"{operator}\n{subject}"
        with pytest.raises(ConfigError, match="There is no account 'nobody'"):
            exercise.look("nobody")

    def test_the_scene_says_what_is_missing(self, practice: Practice) -> None:
        practice.fault("clean-up").inject()

        assert "There is no such state machine." in str(practice.fault("clean-up").look("subject"))

    def test_the_sandbox_is_as_quick_after_the_slow_moment_as_before(self, practice: Practice) -> None:
        sandbox = sandbox_here().find()
        assert sandbox is not None
        before = sandbox.propagation_seconds
        exercise = practice.fault("too-soon")
        exercise.inject()
        exercise.symptom()

        assert sandbox.propagation_seconds == before
        assert Lab(practice.deployment).run().succeeded


class TestPractice:
    def test_a_seed_picks_the_same_surprise_and_no_title_tells_which(self, practice: Practice) -> None:
        first, again = practice.surprise(seed=7), practice.surprise(seed=7)

        assert first == again
        assert first.title == "A surprise"
        assert first.fault.title not in str(first) + str(first.inject()) + str(first.symptom())
        assert first.fault.story not in str(first) + str(first.check())
        assert first.fault.title in str(first.apply_solution())
        assert first.fault.title in first.check().title
        assert len({practice.surprise(seed=seed).fault.id for seed in (1, 2, 3, 4)}) > 1

    def test_the_fault_in_place_is_found_again(self, practice: Practice) -> None:
        surprise = practice.surprise(seed=7)

        assert Lab(practice.deployment).practice().current == surprise
        practice.fault(2).inject()
        assert practice.current == practice.fault(2)
        practice.restore()
        assert practice.current is None

    def test_put_right_leaves_the_complete_set_up_and_nothing_else(self, practice: Practice) -> None:
        for name in ("twins", "platform-fence", "loud-name", "incident"):
            practice.fault(name).inject()
        where = practice.restore()

        assert where.startswith("Both accounts are at stage 3.")
        assert len(standing(Lab(practice.deployment))) == sum(
            len(step.resources) for step in Lab(practice.deployment).steps
        )
        assert failed(Lab(practice.deployment).check()) == []

    @pytest.mark.parametrize("name", ["twins", "platform-fence", "loud-name", "clean-up"])
    def test_cleaning_the_lab_takes_the_faults_things_along(self, lab: Lab, name: str) -> None:
        exercise = lab.practice().fault(name)
        exercise.inject()
        exercise.apply_solution()
        lab.clean()

        assert standing(lab) == []

    def test_documents_of_the_readers_own_dont_matter(self, lab: Lab) -> None:
        own = lab.using(subject_definition={"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
        exercise = own.practice().fault(1)
        exercise.inject()

        assert exercise.document("subject_definition") == documents.subject_definition(lab.scenario)


class TestInterruptions:
    @pytest.mark.parametrize("name", ["platform-fence", "loud-name", "fresh-start"])
    def test_a_break_that_is_interrupted_is_completed_by_the_next(self, lab: Lab, name: str) -> None:
        """Ctrl-C at any call: nothing counts as broken, and breaking again gives the fault, whole."""
        exercise = lab.practice().fault(name)
        exercise.inject()
        links = refused_links(lab)
        interrupted = 0
        for call in itertools.count(1):
            lab.practice().restore()
            try:
                with interrupted_at(lab, call):
                    exercise.inject()
            except KeyboardInterrupt:
                interrupted += 1
                with pytest.raises(StepError, match="No fault is in place"):
                    exercise.check()
            else:
                break
        assert interrupted >= 2
        exercise.inject()

        assert refused_links(lab) == links == set(FAULTS[name].links)

    def test_what_a_killed_break_leaves_is_put_right_and_cleaned(self, lab: Lab) -> None:
        practice = lab.practice()
        practice.restore()
        for call in (1, 2):
            with pytest.raises(Killed), dies_at(lab, call, Death.AFTER):
                practice.fault("loud-name").inject()
        practice.restore()

        assert failed(lab.check()) == []
        lab.clean()
        assert standing(lab) == []

    def test_a_slow_moment_that_is_interrupted_leaves_the_permission_there(self, lab: Lab) -> None:
        sandbox = sandbox_here().find()
        assert sandbox is not None
        exercise = lab.practice().fault("too-soon")
        exercise.inject()
        with pytest.raises(KeyboardInterrupt), interrupted_at(lab, 1):
            exercise.symptom()

        assert lab.stage(2).is_applied
        assert sandbox.propagation_seconds == 0

    def test_somebody_elses_thing_of_that_name_is_left_alone(self, lab: Lab) -> None:
        practice = lab.practice()
        name = twin_role(lab.environment).name
        iam = lab.operator.client("iam")
        trust = json_text(documents.service_trust(lab.scenario, lab.scenario.operator))
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        with pytest.raises(StepError, match="has no tag"):
            practice.fault("twins").inject()
        practice.restore()

        assert iam.get_role(RoleName=name)["Role"]["RoleName"] == name
        iam.delete_role(RoleName=name)


CELLS: Final = nbformat.read(NOTEBOOKS / "05-break-and-fix.ipynb", as_version=4).cells
SECTION: Final = re.compile(r'practice\.(?:fault\("(?P<name>[\w-]+)"\)|surprise\(seed=(?P<seed>\d+)\))')


def sections() -> dict[str, tuple[str, list[str]]]:
    """Each fault that the reader repairs alone: the prose before it, and the Python in its folded solution."""
    found: dict[str, tuple[str, list[str]]] = {}
    name, prose = "", ""
    for cell in CELLS:
        if cell.cell_type == "code":
            if begun := SECTION.search(cell.source):
                name = begun["name"] or random.Random(int(begun["seed"])).choice(list(FAULTS))
                found[name] = (prose, [])
        else:
            prose = cell.source
            if name and "<summary>Solution</summary>" in prose:
                found[name][1].extend(re.findall(r"```python\n(.*?)```", prose, re.DOTALL))
    return found


class TestNotebook:
    """Notebook 05 tells what the catalogue has, and its solutions work as they are printed."""

    def test_a_dozen_faults_have_a_section_with_their_own_title_and_story(self) -> None:
        numbers = {name: number for number, name in enumerate(FAULTS, start=1)}
        told = {name: prose for name, (prose, _) in sections().items() if prose.startswith("## Fault")}

        assert len(told) >= 12
        for name, prose in told.items():
            assert prose == f"## Fault {numbers[name]} · {FAULTS[name].title}\n\n{FAULTS[name].story}"

    def test_every_fault_is_listed(self) -> None:
        outputs = [output for cell in CELLS if cell.cell_type == "code" for output in cell.outputs]
        texts = "\n".join(output.data["text/plain"] for output in outputs if "data" in output)

        assert {name for name, fault in FAULTS.items() if fault.title not in texts or name not in texts} == set()

    def test_every_solution_is_folded_and_tagged(self) -> None:
        solved = [cell for cell in CELLS if cell.cell_type == "code" and "fault.apply_solution()" in cell.source]

        assert len(solved) == len(sections())
        for cell in solved:
            assert cell.metadata == {"tags": ["solution"], "jupyter": {"source_hidden": True}}

    @pytest.mark.parametrize("name", sections())
    def test_its_solutions_work_as_they_are_printed(self, practice: Practice, name: str) -> None:
        (code,) = sections()[name][1]
        exercise = practice.fault(name)
        exercise.inject()
        exec(code, {"lab": Lab(practice.deployment), "fault": exercise, "json_text": json_text})

        assert failed(exercise.check()) == []
