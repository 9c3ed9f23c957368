"""A diagnosis asked for: the two accounts of a lab, sessions of one's own, or a folder of exported files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xsfn_helpers.aws.settings import Platform
from xsfn_helpers.common.arns import Arn
from xsfn_helpers.common.errors import ConfigError
from xsfn_helpers.common.language import language, speaking, tr
from xsfn_helpers.deployment.diagnose.asking.asked_about import AskedAbout, asked_about
from xsfn_helpers.deployment.diagnose.asking.guesses import agreed
from xsfn_helpers.deployment.diagnose.asking.refusal import RefusedCall, is_event
from xsfn_helpers.deployment.diagnose.asking.refused_link import (
    evidence_of_words,
    is_by_itself,
    refused_link,
    with_refusal,
)
from xsfn_helpers.deployment.diagnose.diagnosis import Diagnosis, analyse, answers_of
from xsfn_helpers.deployment.diagnose.evidence import Evidence
from xsfn_helpers.deployment.diagnose.reading.assemble import Assembly
from xsfn_helpers.deployment.diagnose.reading.files import read_files
from xsfn_helpers.deployment.diagnose.reading.live import Doors, doors_of, doors_of_sessions, machines_in, read_live
from xsfn_helpers.deployment.diagnose.reading.repository import Beside, RepositoryReading, Told, read_repository

if TYPE_CHECKING:
    import boto3

    from xsfn_helpers.aws.accounts import Accounts
    from xsfn_helpers.aws.settings import Settings


def diagnose_accounts(arn: str, accounts: Accounts) -> Diagnosis:
    """The diagnosis of a state machine or an execution, read from the two accounts of a lab.

    Raises `ConfigError` where the ARN is none, or there is no such thing, and `AwsUnavailable` when AWS can't be asked.
    """
    # The sandbox has no organizations, so no service control policies either.
    organized = accounts.target is not Platform.SANDBOX
    return _diagnosed(arn, lambda region: doors_of(accounts, region, organized=organized))


def diagnose_sessions(arn: str, sessions: Iterable[boto3.Session], denied: Collection[str] = ()) -> Diagnosis:
    """The same, read through boto3 sessions: of both accounts, or of one, when the other stays unseen.

    Nothing is read in `denied` accounts.
    """
    return _diagnosed(arn, lambda region: doors_of_sessions(sessions, region, denied=denied))


def diagnose_profiles(arn: str, settings: Settings) -> Diagnosis:
    """The same, through the AWS profiles that were chosen; through AWS's default credentials where none was."""
    return diagnose_sessions(arn, _sessions(_region(arn), settings), settings.denied)


def _sessions(region: str, settings: Settings) -> list[boto3.Session]:
    from xsfn_helpers.aws.sessions import session_for

    named = {side: profile for side, profile in settings.profiles.items() if profile}
    return [session_for(side, profile, region or None) for side, profile in (named or settings.profiles).items()]


def diagnose_words(words: str, accounts: Accounts) -> Diagnosis:
    """The same, from AWS's words as they were pasted: of the state machine whose role they say was denied.

    Where that is in neither account, the words are all there is to go on. Raises `ConfigError` where they tell of no
    denial.
    """
    asked = asked_about([words])
    if asked.arn or asked.told:
        return diagnose_accounts(asked.arn or asked.told, accounts)
    organized = accounts.target is not Platform.SANDBOX
    return of_words(asked, lambda region: doors_of(accounts, region, organized=organized))


def diagnose_words_by_profile(asked: AskedAbout, settings: Settings) -> Diagnosis:
    """The same, through the AWS profiles that were chosen."""
    return of_words(
        asked, lambda region: doors_of_sessions(_sessions(region, settings), region, denied=settings.denied)
    )


def of_words(asked: AskedAbout, doors: Callable[[str], Doors]) -> Diagnosis:
    """The same, through these doors (by the region that the words name), from AWS's words alone.

    Raises `ConfigError` where they tell of no denial.
    """
    if not asked.refused:
        raise ConfigError(tr("There is nothing to go on."), fix=tr("Give files, an ARN, or AWS's sentence."))
    refused = asked.refused[0]
    named = (Arn.parse(arn) for arn in (refused.about, refused.resource, refused.asker))
    regions = [one.region for one in named if one is not None and one.region]
    # The region that is named may be what is wrong: then the state machine is where the profiles are at home.
    for region in dict.fromkeys((*regions[:1], "")):
        ways = doors(region)
        machines = machines_in(ways)
        for arn in machines.concerned(refused):
            found = _answered(replace(read_live(arn, ways, machines), refused=asked.refused))
            if refused_link(found) is not None:
                return found
    return _answered(evidence_of_words(asked.refused))


def diagnose_files(folder: Path, arn: str | None = None) -> Diagnosis:
    """The same, from exported files or a repository, see `reading.files`. Raises `ConfigError` that names the file."""
    return _answered(read_files(folder, arn))


def diagnose_given(asked: AskedAbout, told: Told) -> list[Diagnosis]:
    """A diagnosis of each state machine that the given files, answers and words of AWS's are about; no AWS is asked.

    Raises `ConfigError` where nothing can be read.
    """
    moment = now()
    if not asked.paths and not any(is_about_a_set_up(one) for one in asked.answers):
        refused = asked.refused or _denied_in(asked.answers)
        if not refused:
            raise ConfigError(tr("There is nothing to go on."), fix=tr("Give files, an ARN, or AWS's sentence."))
        return [_answered(evidence_of_words(refused))]
    beside = Beside(asked.answers, asked.refused, asked.roles, asked.told)
    # Which language it is doesn't change meanwhile; asking for it with each of thousands of messages takes long.
    with speaking(language()):
        readings = read_repository(asked.paths, asked.arn or None, told, beside)
        found = [with_refusal(_agreed(one, moment), moment) for one in readings]
        # Of several state machines that a role has, AWS's words are about those that ask for it.
        meant = [one for one in found if (link := refused_link(one)) is not None and not is_by_itself(link)]
        return meant or found


def _agreed(reading: RepositoryReading, moment: str) -> Diagnosis:
    """What holds whatever the files don't tell turns out to be."""
    guesses = ((None if one is None else answers_of(one, moment), about) for one, about in reading.guesses)
    return agreed(analyse(reading.evidence, moment), guesses)


def _denied_in(answers: Iterable[Mapping[str, Any]]) -> tuple[RefusedCall, ...]:
    """What AWS denied in the executions and histories that these answers are."""
    assembly = Assembly()
    for one in answers:
        assembly.take("", one)
    return assembly.denials()


def _answered(evidence: Evidence) -> Diagnosis:
    moment = now()
    return with_refusal(analyse(evidence, moment), moment)


def is_about_a_set_up(answer: Mapping[str, Any]) -> bool:
    """Whether an answer describes more than what happened: a state machine, a role, a policy."""
    return not is_event(answer) and "events" not in answer and "executionArn" not in answer


def _diagnosed(arn: str, doors: Callable[[str], Doors]) -> Diagnosis:
    return _answered(read_live(arn, doors(_region(arn))))


def _region(arn: str) -> str:
    found = Arn.parse(arn)
    if found is None or not found.region:
        fix = tr("Give the ARN of a state machine, or of one of its executions.")
        raise ConfigError(tr("{arn!r} is no ARN of a state machine or an execution.", arn=arn), fix=fix)
    return found.region


def now() -> str:
    """The time as conditions on aws:CurrentTime compare it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
