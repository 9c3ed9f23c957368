"""AWS's denials turned into errors that say where and what next, and told apart by code and words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NobodyAnswers

from xsfn_helpers.aws.advice import NETWORK, after_refusal, before_sending, is_loopback
from xsfn_helpers.chain.scenario import Account
from xsfn_helpers.common.errors import AwsUnavailable, SandboxError, StepError
from xsfn_helpers.common.language import tr

T = TypeVar("T")

# CreateStateMachine while IAM hasn't spread the role yet, or the role doesn't trust Step Functions.
ROLE_NOT_ASSUMABLE: Final = "nor the regional one is authorized to assume the provided role"
_INVALID_PRINCIPAL: Final = re.compile(r'^Invalid principal in policy: "AWS":"(?P<principal>[^"]+)"')


def code_of(error: ClientError) -> str:
    """AWS's error code, such as `NoSuchEntity`."""
    return error.response.get("Error", {}).get("Code", "")


def message_of(error: ClientError) -> str:
    """AWS's message, without botocore's words around it."""
    return error.response.get("Error", {}).get("Message", "")


def missing_principal(error: ClientError) -> str | None:
    """The ARN that IAM calls an invalid principal of a trust policy, if that is what this error says."""
    if code_of(error) != "MalformedPolicyDocument":
        return None
    found = _INVALID_PRINCIPAL.match(message_of(error))
    return found["principal"] if found else None


def cause_code(error: BaseException) -> str:
    """The AWS error code behind an error of ours; empty when there is none."""
    return code_of(error.__cause__) if isinstance(error.__cause__, ClientError) else ""


@contextmanager
def translated(account: Account | str) -> Iterator[None]:
    """AWS errors inside become errors of ours, in AWS's own words, with the next step.

    `StepError` for a denial, `SandboxError` when the sandbox doesn't answer, `AwsUnavailable` when AWS can't be
    reached or there are no credentials to ask with. `account` says where; a text will do before the account is known.
    """
    try:
        yield
    except ClientError as error:
        raise StepError(
            tr(
                "AWS answered {operation} with {code}: {message}",
                operation=error.operation_name,
                code=code_of(error),
                message=message_of(error),
            ),
            where=str(account),
            fix=after_refusal(error),
        ) from error
    except (HTTPClientError, NobodyAnswers) as error:
        if is_loopback(str(error.kwargs.get("endpoint_url", ""))):
            raise SandboxError(
                tr("No answer: {error}.", error=error),
                where=str(account),
                fix=tr("Is the sandbox running? `xsfn sandbox start` starts it; then call open_lab() again."),
            ) from error
        raise AwsUnavailable(
            tr("AWS can't be reached: {error}.", error=error), where=str(account), fix=tr(NETWORK)
        ) from error
    except BotoCoreError as error:
        fix = before_sending(error)
        unavailable = AwsUnavailable if fix else StepError
        raise unavailable(
            tr("The call couldn't be made: {error}.", error=error), where=str(account), fix=fix
        ) from error


def retry_while(
    call: Callable[[], T],
    not_yet: Callable[[ClientError], bool],
    *,
    budget: float,
    sleep: Callable[[float], None] = time.sleep,
    say: Callable[[float], None] | None = None,
) -> T:
    """The result of `call`, tried again while AWS says "not yet", for at most `budget` seconds of waiting.

    Waits 0.25 s, then twice as long each time, up to 5 s; `say` is given the seconds so far, before each. Raises the
    last denial when the budget is spent, and any other error at once.
    """
    pause, left = 0.25, budget
    while True:
        try:
            return call()
        except ClientError as error:
            if left <= 0 or not not_yet(error):
                raise
        pause = min(pause, left)
        if say is not None:
            say(budget - left)
        sleep(pause)
        left -= pause
        pause = min(pause * 2, 5.0)
