"""What a function leaves behind ends with it, what it tells is not believed, and it sees nothing of whoever runs it."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from pathlib import Path

import pytest

from xsfn_helpers.sandbox.process import launch
from xsfn_helpers.sandbox.services.function_run import Function, Invoked, Runner

LINUX = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux gives the abandoned to somebody")


def run(source: str, *, seconds: int = 20) -> Invoked:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("index.py", source)
    arn = "arn:aws:lambda:ap-northeast-1:111111111111:function:f"
    made = Function("f", arn, "ap-northeast-1", "index.handler", archive.getvalue(), seconds, 128, {})
    return Runner().run(made, {"a": 1}, "an-id")


def _lives(mark: Path) -> bool:
    """Whether something goes on writing its mark."""
    before = mark.read_text() if mark.exists() else ""
    time.sleep(1.0)
    return mark.exists() and mark.read_text() != before


_LEFT_BEHIND = {
    "a child": "pass",
    "a session of its own": "os.setsid()",
    "a child of a child of a session": "os.setsid()\n        if os.fork(): os._exit(0)\n        os.setsid()",
    "one that ignores signals": "import signal\n        for one in (1, 2, 15): signal.signal(one, signal.SIG_IGN)",
}


@LINUX
@pytest.mark.parametrize("way", _LEFT_BEHIND.values(), ids=_LEFT_BEHIND)
@pytest.mark.parametrize("end", ["return 'ok'", "os._exit(3)", "time.sleep(60)"], ids=["returns", "exits", "times out"])
def test_what_is_left_behind_ends_with_the_invocation(tmp_path: Path, way: str, end: str) -> None:
    mark = tmp_path / "mark"
    source = f"""
import os, time
def handler(event, context):
    if os.fork() == 0:
        {way}
        for number in range(600):
            with open({str(mark)!r}, "w") as file:
                file.write(str(number))
            time.sleep(0.1)
        os._exit(0)
    while not os.path.exists({str(mark)!r}):
        time.sleep(0.01)
    {end}
"""
    run(source, seconds=5)

    assert mark.exists()
    assert not _lives(mark)


_TOLD = [
    *("[]", "{}", '{"payload": 5}', '{"payload": "1", "error": "a\\r\\nX-B: c"}', '{"payload": "no json"}', "nothing"),
    "",
]


@pytest.mark.parametrize("told", _TOLD)
def test_a_result_of_the_functions_own_making_is_not_believed(told: str) -> None:
    """It can find the pipe, and write what it likes into it."""
    source = f"""
import os
def handler(event, context):
    for number in range(1, 64):
        try:
            os.write(number, {told!r}.encode() + b"\\n")
        except OSError:
            pass
    os._exit(0)
"""
    invoked = run(source)

    json.loads(invoked.payload)
    assert invoked.error == "Unhandled"


def test_names_that_the_function_leaves_in_its_folder_are_never_opened() -> None:
    source = """
import os
def handler(event, context):
    for name in ("result.json", "log", "spec.json", "task.zip"):
        if os.path.exists(name):
            os.unlink(name)
        os.mkfifo(name)
    os._exit(0)
"""
    invoked = run(source, seconds=30)

    assert json.loads(invoked.payload)["errorType"] == "Runtime.ExitError"


def test_a_result_without_end_is_cut() -> None:
    source = """
import os
def handler(event, context):
    while True:
        for number in range(3, 10):
            try:
                os.write(number, b"x" * 65536)
            except OSError:
                pass
"""
    invoked = run(source, seconds=30)

    assert json.loads(invoked.payload)["errorType"] in ("Function.ResponseSizeTooLarge", "Sandbox.Timedout")


def test_printing_is_for_the_log_and_no_part_of_the_result() -> None:
    invoked = run('def handler(event, context):\n    print(\'{"payload": "7"}\')\n    return event')

    assert (json.loads(invoked.payload), invoked.error) == ({"a": 1}, None)
    assert '{"payload": "7"}' in invoked.log


def test_a_sandbox_is_started_with_what_it_needs_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of the same user can read how the sandbox was started."""
    for name in ("A_TOKEN_OF_MINE", "HUB_ADMIN_PASSWORD", "GITHUB_TOKEN", "XSFN_ROOM_CODE", "AWS_PROFILE", "MOTO_X"):
        monkeypatch.setenv(name, "s3cr3t")

    kept = {name for name in os.environ if launch._is_needed(name)}

    assert "PATH" in kept
    assert not {name for name in kept if os.environ[name] == "s3cr3t"}
