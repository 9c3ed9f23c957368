"""What isn't established of AWS, and what the sandbox does there: the likeliest, and why it is.

Data for the notebooks and the README; `tests/sandbox/test_recorded_choices.py` holds the sandbox to each. What is
established is a fact with a source and a test (`tests/sandbox/facts.py`). Whoever's own accounts show something else
should believe them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from xsfn_helpers.common.language import mark, tr
from xsfn_helpers.common.renderable import Renderable


class About(StrEnum):
    """When a learner may meet the point."""

    ROLES = "roles and their sessions"
    RUNS = "running executions"
    CREATION = "creating state machines"
    CHECKS = "calls that check something"


@dataclass(frozen=True, slots=True)
class Assumption:
    """One point nobody has written down: what it is, what the sandbox does, why, and in which file."""

    id: str
    about: About
    question: str
    answer: str
    why: str
    where: str


def as_markdown(choices: Iterable[Assumption]) -> str:
    """The choices as a table of questions and answers."""
    rows = [f"| {tr(choice.question)} | {tr(choice.answer)} |" for choice in choices]
    heads = tr("| not documented | what the sandbox does |")
    return "\n".join((heads, "|---|---|", *rows))


CHOICES: Final = (
    # --- roles and their sessions
    Assumption(
        "one-text",
        About.ROLES,
        mark(
            "whether a missing permission, a wrong principal, a wrong external ID and a missing role "
            "read alike in a run"
        ),
        mark("gives all of them the one sentence that was recorded"),
        mark("recorded of one of them; the sentence names no reason, and no other was found"),
        "xsfn_helpers/sandbox/tasks.py",
    ),
    Assumption(
        "external-id",
        About.ROLES,
        mark("the external ID of a run that was started through a version or an alias, or inside a Distributed Map"),
        mark("passes the state machine's own ARN, whatever a run was started through"),
        mark("documented as the ARN of the state machine, and a trust policy couldn't foresee the others"),
        "xsfn_helpers/sandbox/tasks.py",
    ),
    Assumption(
        "session-name",
        About.ROLES,
        mark("the name of the session that a task with `Credentials` opens"),
        mark("takes 32 random letters; so write no policy on it"),
        mark("seen of the state machine role's own sessions"),
        "xsfn_helpers/sandbox/gateway/sessions.py",
    ),
    Assumption(
        "session-length",
        About.ROLES,
        mark("how long a task's credentials last, and whether they are fetched again"),
        mark("fetches them once for each task, for one hour"),
        mark("an hour is the most that a chained role allows"),
        "xsfn_helpers/sandbox/tasks.py",
    ),
    Assumption(
        "machine-role-lost",
        About.ROLES,
        mark("what a task says whose state machine's role no longer trusts Step Functions"),
        mark("fails with States.TaskFailed and the words that CreateStateMachine has for such a role"),
        mark("the only words known for it"),
        "xsfn_helpers/sandbox/tasks.py",
    ),
    Assumption(
        "no-role",
        About.ROLES,
        mark("what a task says whose `RoleArn` turns out to be a number, an object or nothing at all"),
        mark("denies it as a role that can't be assumed"),
        mark("it can't; and nobody else's rights may stand in for it"),
        "xsfn_helpers/sandbox/moto_bridge/running.py",
    ),
    Assumption(
        "external-id-signs",
        About.ROLES,
        mark("what becomes of `Credentials` in a state machine whose name has a sign that no external ID can have"),
        mark("denies to assume the role, in the one sentence"),
        mark("documented that such a name doesn't work, not how"),
        "xsfn_helpers/sandbox/tasks.py",
    ),
    Assumption(
        "denial-across",
        About.ROLES,
        mark("whether a denied AssumeRole across accounts gives a reason"),
        mark("gives it where the caller's own policies are the reason, never of the other account's"),
        mark("AWS tells nobody what another account's policies say"),
        "xsfn_helpers/sandbox/gateway/gateway.py",
    ),
    Assumption(
        "packed-size",
        About.ROLES,
        mark("how PackedPolicySize is counted"),
        mark("gives session policies and tags as a share of 2,048 characters"),
        mark("AWS documents a binary format without describing it"),
        "xsfn_helpers/sandbox/gateway/sts.py",
    ),
    # --- running executions
    Assumption(
        "describe-refused",
        About.RUNS,
        mark("the exact error when the execute role lacks `states:DescribeExecution`"),
        mark("fails the task with the denial of that call, after `TaskSubmitted`; the child runs on"),
        mark(
            "Step Functions can't know more without it; documented is only that it may be unable to "
            "determine the status"
        ),
        "xsfn_helpers/sandbox/moto_bridge/running.py",
    ),
    Assumption(
        "suffix",
        About.RUNS,
        mark("today's error name and suffix of a call that a `states:` task isn't allowed"),
        mark("takes StepFunctions.AWSStepFunctionsException and the suffix of 2023"),
        mark("recorded of other failed calls of such tasks"),
        "xsfn_helpers/sandbox/moto_bridge/running.py",
    ),
    Assumption(
        "polling",
        About.RUNS,
        mark("how often Step Functions polls a child of another account"),
        mark("polls when the child ends, and every half second until then"),
        mark("a poll is an ordinary DescribeExecution either way"),
        "xsfn_helpers/sandbox/moto_bridge/running.py",
    ),
    Assumption(
        "parameters-order",
        About.RUNS,
        mark("the order of a task's parameters in `TaskScheduled`"),
        mark("keeps the order of the definition"),
        mark("recordings show another, which looks like that of a hash table"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/events.py",
    ),
    Assumption(
        "abort-events",
        About.RUNS,
        mark("whether states inside branches are reported when the whole execution is stopped or runs out of time"),
        mark("reports the end of the execution alone"),
        mark("recorded of an execution with one state"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/events.py",
    ),
    Assumption(
        "nested-branches",
        About.RUNS,
        mark("what is reported of a cut branch that has branches itself"),
        mark("reports the state of the outer branch alone"),
        mark("recorded of branches without any"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/branches.py",
    ),
    Assumption(
        "variable-to-nowhere",
        About.RUNS,
        mark(
            "what a `$variable` without a value says where JSONPath is spoken, and a path inside an intrinsic function"
        ),
        mark("says what is recorded of a path to nowhere, with the key that holds it"),
        mark("the same mistake in the same place"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/data_errors.py",
    ),
    Assumption(
        "credentials-place",
        About.RUNS,
        mark("how a JSONata mistake in `Credentials` is located"),
        mark("takes `Credentials/RoleArn`"),
        mark("recorded of other fields in this form"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/data_errors.py",
    ),
    Assumption(
        "sdk-json",
        About.RUNS,
        mark("how an object is written where an `aws-sdk:` task's call takes a text"),
        mark("writes it as compact JSON"),
        mark("recorded that it is turned into JSON; the recording keeps no white space"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/sdk_tasks.py",
    ),
    # --- creating state machines
    Assumption(
        "managed-rule",
        About.CREATION,
        mark("whether a `.sync` task with `Credentials` asks for the permissions of EventBridge's managed rule, too"),
        mark("asks for them only where a `.sync` task has no `Credentials`"),
        mark("across accounts Step Functions only polls, and the documented permissions don't have them"),
        "xsfn_helpers/asl/definition_rules.py",
    ),
    Assumption(
        "beside-role-arn",
        About.CREATION,
        mark("whether `Credentials` may hold anything beside `RoleArn`"),
        mark("denies it as a field that isn't supported"),
        mark("measured of every other object of a definition"),
        "xsfn_helpers/asl/definition_rules.py",
    ),
    Assumption(
        "no-next",
        About.CREATION,
        mark("the words for a state with neither Next nor End"),
        mark("says that Next is required"),
        mark("recorded of other missing fields in this form"),
        "xsfn_helpers/asl/definition_rules.py",
    ),
    Assumption(
        "sync-2-express",
        About.CREATION,
        mark("the words for a `.sync:2` task in an Express machine"),
        mark("takes those recorded of `.sync`, with `.sync:2`'s ARN in it"),
        mark("the same rule"),
        "xsfn_helpers/asl/definition_rules.py",
    ),
    Assumption(
        "order-of-checks",
        About.CREATION,
        mark("which of several faults of one request is told"),
        mark(
            "checks parameters, then the caller's rights, the definition, the role, the managed rule, "
            "and the name at last"
        ),
        mark("cheap checks come first; pairs that were recorded fit"),
        "xsfn_helpers/sandbox/gateway/machine_rules.py",
    ),
    Assumption(
        "json-faults",
        About.CREATION,
        mark("the words for JSON that can't be read, beyond the recorded ones"),
        mark("takes those of Jackson, the parser that the recorded ones come from"),
        mark("the recorded ones are Jackson's, word for word"),
        "xsfn_helpers/asl/json_errors.py",
    ),
    Assumption(
        "foreign-machine-role",
        About.CREATION,
        mark("in which words a state machine's role of another account is denied"),
        mark("takes the sentence that was recorded of other services"),
        mark("iam:PassRole never goes across accounts"),
        "xsfn_helpers/sandbox/gateway/calls.py",
    ),
    Assumption(
        "service-principals",
        About.CREATION,
        mark("which service principals IAM accepts in a trust policy"),
        mark("accepts any that look like one, and denies what is nearly Step Functions' own"),
        mark("AWS has no complete list; a slip of the pen is what a learner makes"),
        "xsfn_helpers/sandbox/gateway/rules.py",
    ),
    # --- calls that check something
    Assumption(
        "warnings",
        About.CHECKS,
        mark("which warnings ValidateStateMachineDefinition gives"),
        mark("gives errors alone"),
        mark("warnings don't keep a definition from being accepted, and few are known"),
        "xsfn_helpers/sandbox/moto_bridge/definitions.py",
    ),
    Assumption(
        "test-state-waiting",
        About.CHECKS,
        mark("the words of TestState for a `.sync` or `.waitForTaskToken` task"),
        mark("says that they aren't supported without a mock"),
        mark("documented, without the words"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/one_state.py",
    ),
    Assumption(
        "test-state-external-id",
        About.CHECKS,
        mark("which external ID TestState passes for a task with `Credentials`, as there is no state machine"),
        mark("passes the ARN of one called StateName, the name it has for the state itself"),
        mark("recorded in the context object that such a state sees"),
        "xsfn_helpers/sandbox/moto_bridge/corrections/one_state.py",
    ),
    Assumption(
        "simulation-results",
        About.CHECKS,
        mark("how SimulatePrincipalPolicy's answer is divided when there are several actions and resources"),
        mark("gives one result for each action with each resource, and nothing of an organization that isn't there"),
        mark("documented for several resources in words that allow it"),
        "xsfn_helpers/sandbox/gateway/simulation.py",
    ),
    Assumption(
        "enum-order",
        About.CHECKS,
        mark("the order in which a denied value's alternatives are listed"),
        mark("keeps the order of AWS's service model"),
        mark("recorded once, in another order, which is kept there"),
        "xsfn_helpers/sandbox/gateway/request_model/constraints.py",
    ),
)


# Those that somebody who does the walkthrough on accounts of their own is likely to meet.
LIKELY_MET: Final = ("one-text", "describe-refused", "external-id", "session-name", "session-length")


@dataclass(frozen=True, slots=True)
class NotEstablished(Renderable):
    """Points that nobody has written down of AWS, each with what the sandbox does there."""

    choices: tuple[Assumption, ...]

    @classmethod
    def likely_met(cls) -> Self:
        """The few of the walkthrough."""
        return cls(tuple(choice for choice in CHOICES if choice.id in LIKELY_MET))

    @classmethod
    def everything(cls) -> Self:
        """All of them, in the order in which a learner may meet them."""
        return cls(CHOICES)

    @property
    def title(self) -> str:
        count, whole = len(self.choices), len(CHOICES)
        if count == whole:
            return tr("Not documented by AWS: all {whole} points.", whole=whole)
        return tr(
            "Not documented by AWS: {count} of {whole} points. lab.undocumented(everything=True) has the rest.",
            count=count,
            whole=whole,
        )

    def __str__(self) -> str:
        lines = [self.title]
        for choice in self.choices:
            lines += [
                f"  ? {tr(choice.question)}",
                tr("    The sandbox {answer}.", answer=tr(choice.answer)),
                tr("    Why: {why}.", why=tr(choice.why)),
            ]
        return "\n".join(lines)
