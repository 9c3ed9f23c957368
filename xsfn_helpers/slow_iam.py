"""IAM as slow as AWS's can be, for a while: a change is shown at once, and counts for decisions some seconds later.

docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html, "Changes that I make are not always immediately visible"
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from xsfn_helpers.accounts import Accounts, SandboxAccounts
from xsfn_helpers.language import tr
from xsfn_helpers.probes import surely


@contextmanager
def slow_iam(accounts: Accounts, seconds: float) -> Iterator[None]:
    """For the while, changes in both accounts take so many seconds to count (0: at once); then it is as before.

    On AWS, IAM is as slow as it is: that is told on standard error, and nothing else done. Raises `SandboxError` for a
    delay that the sandbox doesn't have.
    """
    if not isinstance(accounts, SandboxAccounts):
        sys.stderr.write(tr("IAM can be slowed down in the sandbox only; here it has a delay of its own, or none.\n"))
        yield
        return
    sandbox = accounts.sandbox
    before = sandbox.propagation_seconds
    try:
        sandbox.delay_propagation(seconds)
        yield
    finally:
        surely(lambda: sandbox.delay_propagation(before))
