"""Processes that begin as copies are as those that don't: streams, arguments, folder, environment, end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forks

SAYS = "import os, sys; print(sys.argv[1:], os.getcwd(), os.environ.get('A'), sys.stdin.read(), __name__)"
both = pytest.mark.parametrize("popen", [subprocess.Popen, forks.Popen], ids=["afresh", "a-copy"])


def says(popen: type[subprocess.Popen[str]], code: str, *arguments: str, **more: object) -> tuple[str, str, int]:
    process = popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )
    with process:
        return (*process.communicate(timeout=60), process.returncode)


@both
def test_it_has_what_it_was_given(popen: type[subprocess.Popen[str]], tmp_path: Path) -> None:
    (tmp_path / "in").write_text("read")
    with (tmp_path / "in").open() as stdin:
        output, errors, code = says(popen, SAYS, "x", "ü", stdin=stdin, cwd=tmp_path, env={**os.environ, "A": "1"})

    assert (output, errors, code) == (f"['x', 'ü'] {tmp_path} 1 read __main__\n", "", 0)


@both
@pytest.mark.parametrize(
    ("code", "ended", "told"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("import os; os._exit(4)", 4, ""),
        ("raise ValueError('so')", 1, "ValueError: so\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("import atexit; atexit.register(lambda: print('last', end=''))", 0, ""),
    ],
)
def test_it_ends_as_it_would(popen: type[subprocess.Popen[str]], code: str, ended: int, told: str) -> None:
    output, errors, returned = says(popen, code)

    assert returned == ended
    assert errors.endswith(told)
    assert output == ("last" if "atexit" in code else "")


@both
def test_it_can_be_waited_for_and_ended(popen: type[subprocess.Popen[str]]) -> None:
    with popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
        process.terminate()
        assert process.wait(60) == -signal.SIGTERM
        assert process.poll() == -signal.SIGTERM


def test_two_copies_make_other_unique_ids() -> None:
    code = "from moto.iam.utils import random_role_id; print(random_role_id('111111111111'))"

    assert says(forks.Popen, code)[0] != says(forks.Popen, code)[0]


def test_two_copies_have_nothing_of_each_other() -> None:
    code = "import xsfn_helpers, random; print(getattr(xsfn_helpers, 'left', 'nothing'), random.random())"
    left, *others = (says(forks.Popen, one)[0] for one in ("import xsfn_helpers; xsfn_helpers.left = 1", code, code))

    assert left == ""
    assert [other.split()[0] for other in others] == ["nothing", "nothing"]
    assert others[0] != others[1], "chance is each one's own"
    assert random.random() not in others


def test_what_is_not_python_starts_as_ever() -> None:
    with forks.Popen(["/bin/sh", "-c", "echo $0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.communicate()[0] == "/bin/sh\n"
