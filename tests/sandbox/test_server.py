"""Starting, finding and ending the sandbox when something is in the way: a port, a folder, a process, a stranger."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.sandbox.world import World
from tests.support import forks
from tests.support.quiet import hold_to
from xsfn_helpers.chain.scenario import Side
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.sandbox.process.server import Sandbox
from xsfn_helpers.sandbox.process.state import SandboxFolder

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def _port(sandbox: Sandbox) -> int:
    return urlsplit(sandbox.endpoint_url).port or 0


def _kill(sandbox: Sandbox) -> None:
    """End the process as a crash or the end of the machine would, and wait until nothing is left of it."""
    os.kill(sandbox.pid, signal.SIGKILL)
    _wait_until_gone(sandbox.pid)


def _has_threads(pid: int) -> bool:
    try:
        return any(Path(f"/proc/{pid}/task").iterdir())
    except (FileNotFoundError, ProcessLookupError):  # it may go between two looks
        return False


def _wait_until_gone(pid: int) -> None:
    end = time.monotonic() + 60
    while _has_threads(pid):
        assert time.monotonic() < end, f"process {pid} is still there"
        time.sleep(0.005)


@contextmanager
def _stranger_on(port: int, answer: bytes | None = None) -> Iterator[int]:
    """Another program that listens on the port (0: any): it says nothing, or gives this answer to every GET."""
    if answer is None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            yield listener.getsockname()[1]
        return

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", port), Stranger) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


def _command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xsfn_helpers", *arguments]
    told: subprocess.CompletedProcess[str] = forks.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}
    )
    return told


class TestPort:
    def test_a_taken_port_is_told(self, own_folder: SandboxFolder) -> None:
        with _stranger_on(0) as port, pytest.raises(SandboxError) as told:
            Sandbox.start(port=port)

        assert str(told.value) == (
            f"port: Port {port} on 127.0.0.1 is taken by another program. Choose another, or leave it out."
        )

    def test_the_command_line_tells_it_in_one_sentence(self, own_folder: SandboxFolder) -> None:
        with _stranger_on(0) as port:
            told = _command("sandbox", "start", "--port", str(port))

        assert (told.returncode, told.stdout) == (2, "")
        assert told.stderr == (
            f"xsfn: port: Port {port} on 127.0.0.1 is taken by another program. Choose another, or leave it out.\n"
        )

    def test_it_comes_back_where_it_was(self, mortal: Sandbox) -> None:
        mortal.stop()

        assert Sandbox.start().endpoint_url == mortal.endpoint_url

    def test_it_moves_where_its_port_was_taken_meanwhile_and_says_so(self, mortal: Sandbox) -> None:
        _kill(mortal)
        with _stranger_on(_port(mortal)):
            moved = Sandbox.start()
            told = _command("sandbox", "start")

        assert moved.endpoint_url != mortal.endpoint_url
        assert moved.accounts == mortal.accounts
        assert moved.notice == (
            f"Another program has taken the sandbox's port {_port(mortal)}, so it is on port {_port(moved)} now; "
            "labs that were open must be opened again."
        )
        assert (told.returncode, told.stderr) == (0, f"{moved.notice}\n")


class TestManyAtOnce:
    def test_starts_in_several_shells_give_one_sandbox(self, own_folder: SandboxFolder) -> None:
        command = [sys.executable, "-m", "xsfn_helpers", "sandbox", "start", "--json"]
        started = [forks.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]

        told = [json.loads(process.communicate()[0]) for process in started]

        assert [process.returncode for process in started] == [0, 0, 0]
        assert told[0] == told[1] == told[2]


class TestStaleState:
    def test_a_stranger_on_the_old_port_isnt_taken_for_it(self, mortal: Sandbox) -> None:
        """Not even one that has seen what the sandbox answered to others."""
        challenge = "0" * 32
        with socket.create_connection(("127.0.0.1", _port(mortal))) as connection:
            host = f"127.0.0.1:{_port(mortal)}"
            connection.sendall(f"GET /xsfn/health?{challenge} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
            seen = connection.makefile("rb").read().rpartition(b"\r\n\r\n")[2]
        _kill(mortal)

        with _stranger_on(_port(mortal), seen):
            assert Sandbox.find() is None
            again = Sandbox.start()

        assert again.pid != mortal.pid
        assert len(seen.strip()) == 64

    def test_an_impostor_that_holds_the_lock_cant_prove_itself(
        self, mortal: Sandbox, own_folder: SandboxFolder
    ) -> None:
        _kill(mortal)
        busy = SandboxError("It is free.")
        with (
            own_folder.holding(own_folder.lock, seconds=1, otherwise=busy),
            _stranger_on(_port(mortal), b"0" * 64),
        ):
            assert Sandbox.find() is None

    def test_nobody_elses_process_is_ended(self, mortal: Sandbox, own_folder: SandboxFolder) -> None:
        """The id of a dead sandbox's process may be another one's by now."""
        _kill(mortal)
        bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        try:
            state = json.loads(own_folder.file.read_text())
            own_folder.file.write_text(json.dumps({**state, "pid": bystander.pid}))

            mortal.stop()

            assert bystander.poll() is None
        finally:
            bystander.kill()
            bystander.wait()

    def test_an_unreadable_state_file_costs_only_the_port(self, mortal: Sandbox, own_folder: SandboxFolder) -> None:
        world = World.fresh(mortal)
        world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
        _kill(mortal)
        own_folder.file.write_text('{"port": 80')

        again = Sandbox.start()

        assert again.accounts == mortal.accounts
        roles = World.fresh(again).operator_iam.list_roles()["Roles"]
        assert [role["RoleName"] for role in roles] == [world.scenario.operator_role_name]

    def test_one_that_hangs_is_told_with_what_to_do(self, mortal: Sandbox) -> None:
        os.kill(mortal.pid, signal.SIGSTOP)
        try:
            with pytest.raises(SandboxError) as told:
                Sandbox.start()
        finally:
            os.kill(mortal.pid, signal.SIGCONT)

        assert "A sandbox process holds this state folder, but doesn't answer." in str(told.value)
        assert str(told.value).endswith(f"End it with: kill -9 {mortal.pid}")

    def test_one_that_is_suspended_is_told_from_none_and_ended(self, mortal: Sandbox) -> None:
        os.kill(mortal.pid, signal.SIGSTOP)
        status = _command("sandbox", "status")
        stop = _command("sandbox", "stop")

        assert (status.returncode, str(mortal.pid) in status.stdout) == (1, True)
        assert "is there but doesn't answer" in status.stdout
        assert (stop.returncode, stop.stdout) == (
            0,
            "The sandbox didn't answer, and has been ended. What it had acknowledged is kept.\n",
        )
        _wait_until_gone(mortal.pid)
        assert Sandbox.start().accounts == mortal.accounts

    def test_one_whose_state_file_is_lost_is_ended_all_the_same(
        self, mortal: Sandbox, own_folder: SandboxFolder
    ) -> None:
        own_folder.file.unlink()

        with pytest.raises(SandboxError, match=f"kill -9 {mortal.pid}"):
            Sandbox.start()
        assert Sandbox.silent() == mortal.pid
        Sandbox.end_silent()

        _wait_until_gone(mortal.pid)
        assert Sandbox.silent() is None

    def test_accounts_are_emptied_where_none_runs(self, mortal: Sandbox, own_folder: SandboxFolder) -> None:
        """Also where a sandbox can't start with what they have."""
        world = World.fresh(mortal)
        world.create_role(Side.OPERATOR, world.scenario.operator_role_name)
        mortal.stop()

        told = _command("sandbox", "reset")

        again = Sandbox.find()
        assert told.returncode == 0, told.stderr
        assert again is not None
        assert again.accounts == mortal.accounts
        assert World.fresh(again).operator_iam.list_roles()["Roles"] == []

    def test_a_sandbox_object_of_before_stops_the_one_that_runs(self, mortal: Sandbox) -> None:
        _kill(mortal)
        again = Sandbox.start()

        mortal.stop()

        assert Sandbox.find() is None
        _wait_until_gone(again.pid)

    @pytest.mark.timed
    def test_it_ends_at_once_while_something_runs(self, mortal: Sandbox) -> None:
        waits = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}}}
        world = World.fresh(mortal).build(subject_definition=waits)
        world.subject_states.start_execution(stateMachineArn=world.scenario.subject_machine_arn)

        begun = time.monotonic()
        mortal.stop()

        hold_to(time.monotonic() - begun, most=3)

    def test_a_proxy_of_the_users_takes_no_part(self, mortal: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

        found = Sandbox.find()

        assert found is not None
        assert found.pid == mortal.pid


class TestFolder:
    def test_made_for_its_owner_only(self, own_folder: SandboxFolder) -> None:
        own_folder.make()

        assert own_folder.path.stat().st_mode & 0o777 == 0o700

    def test_an_own_one_left_open_is_closed(self, mortal: Sandbox, own_folder: SandboxFolder) -> None:
        own_folder.path.chmod(0o777)

        Sandbox.start()

        assert own_folder.path.stat().st_mode & 0o777 == 0o700

    def test_one_with_other_things_in_it_is_left_as_it_is(self, own_folder: SandboxFolder) -> None:
        """XSFN_STATE_DIR=/tmp would close /tmp to everybody else."""
        own_folder.path.mkdir(mode=0o755)
        (own_folder.path / "a file of the user's").touch()

        told = _command("sandbox", "start")

        assert (told.returncode, told.stdout) == (2, "")
        assert told.stderr == (
            f"xsfn: {own_folder.path}: The folder for the sandbox's state can be read by other users and has other "
            "things in it. Name a folder of its own in XSFN_STATE_DIR.\n"
        )
        assert own_folder.path.stat().st_mode & 0o777 == 0o755

    def test_a_file_in_its_place_is_told(self, own_folder: SandboxFolder) -> None:
        own_folder.path.write_text("")

        with pytest.raises(SandboxError, match=r"can't be used: (File exists|Not a directory)"):
            Sandbox.start()

        own_folder.path.unlink()

    def test_somebody_elses_is_refused(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        theirs = Path("/usr")
        if os.geteuid() == 0:
            theirs = tmp_path / "theirs"
            theirs.mkdir()
            os.chown(theirs, NOBODY, NOBODY)
        monkeypatch.setenv("XSFN_STATE_DIR", str(theirs))

        for call in (Sandbox.find, Sandbox.start):
            with pytest.raises(SandboxError, match="belongs to another user"):
                call()
        assert list(tmp_path.glob("theirs/*")) == []

    def test_a_link_put_into_it_is_refused(self, own_folder: SandboxFolder, tmp_path: Path) -> None:
        """Else the log would be written into whatever file it leads to."""
        target = tmp_path / "precious"
        target.write_text("dear")
        own_folder.path.mkdir(mode=0o700)
        own_folder.log.symlink_to(target)

        with pytest.raises(SandboxError, match=r"sandbox.log: This was put into the folder .* or is a link"):
            Sandbox.start()

        assert target.read_text() == "dear"
        own_folder.log.unlink()

    @as_root
    def test_a_file_of_somebody_elses_in_it_is_refused(self, own_folder: SandboxFolder) -> None:
        own_folder.path.mkdir(mode=0o700)
        own_folder.file.write_text("{}")
        os.chown(own_folder.file, NOBODY, NOBODY)

        with pytest.raises(SandboxError, match=r"sandbox.json: This was put into the folder"):
            Sandbox.start()

        own_folder.file.unlink()

    def test_a_module_left_in_it_isnt_run(self, own_folder: SandboxFolder) -> None:
        own_folder.path.mkdir(mode=0o700)
        (own_folder.path / "json.py").write_text("raise SystemExit('taken over')")

        assert Sandbox.start().pid

    def test_one_that_cannot_be_written_is_told(self, tmp_path: Path) -> None:
        parent = tmp_path / "parent"
        parent.mkdir(mode=0o500)
        with _read_only(parent):
            told = _command("sandbox", "start", XSFN_STATE_DIR=str(parent / "state"))

        assert (told.returncode, told.stdout) == (2, "")
        assert told.stderr.startswith(f"xsfn: {parent}/state: The folder for the sandbox's state can't be used: ")
        assert told.stderr.endswith("Make it writable, or name another one in XSFN_STATE_DIR.\n")

    def test_its_path_may_be_relative(self, own_folder: SandboxFolder, monkeypatch: pytest.MonkeyPatch) -> None:
        own_folder.path.parent.joinpath("elsewhere").mkdir()
        monkeypatch.chdir(own_folder.path.parent)
        monkeypatch.setenv("XSFN_STATE_DIR", own_folder.path.name)

        Sandbox.start()

        assert own_folder.file.exists()
        assert not (own_folder.path / own_folder.path.name).exists()

    def test_gone_while_it_runs_ends_it_and_is_made_anew(self, mortal: Sandbox, own_folder: SandboxFolder) -> None:
        """What it would accept without its folder, nobody would ever find again."""
        shutil.rmtree(own_folder.path)

        _wait_until_gone(mortal.pid)

        assert Sandbox.start().pid != mortal.pid


@contextmanager
def _read_only(folder: Path) -> Iterator[None]:
    """For root, who may write everywhere else; for others the folder's mode is enough."""
    if os.geteuid() != 0:
        yield
        return
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", folder], capture_output=True).returncode != 0:
        pytest.skip("root may write everywhere, and can't mount here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
