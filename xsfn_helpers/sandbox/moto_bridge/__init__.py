"""The only package that knows moto's internals: what it has stored, how to hand it a call, and how its tasks act.

Tested with the moto version that pyproject.toml pins; `tests/sandbox/test_moto_bridge.py` says in plain words when a
name used here has moved.
"""

import xsfn_helpers.sandbox.moto_bridge.moto_start  # noqa: F401 - before anything of moto

# isort: split
from xsfn_helpers.sandbox.moto_bridge.administrator import Administrator
from xsfn_helpers.sandbox.moto_bridge.bridge import MotoBridge
from xsfn_helpers.sandbox.moto_bridge.corrections.users import keep_users_whole
from xsfn_helpers.sandbox.moto_bridge.iam_answers import answer_like_iam
from xsfn_helpers.sandbox.moto_bridge.running import behave_like_aws, run_tasks_through

# Before the first principal is made.
answer_like_iam()
keep_users_whole()

__all__ = ["Administrator", "MotoBridge", "behave_like_aws", "run_tasks_through"]
