from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.aws.playing import PlayedAws, add_profile, write_home
from tests.aws.recording import Recorder, recording
from tests.conftest import fresh_names
from tests.support.within import empty
from xsfn_helpers import Lab, Side
from xsfn_helpers.sandbox.process import here
from xsfn_helpers.sandbox.process.server import Sandbox


@pytest.fixture(scope="session")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Two accounts for the tests of this folder: what other tests leave would be a long way for those that look it all
    through."""
    with pytest.MonkeyPatch.context() as meanwhile:
        meanwhile.setenv("XSFN_STATE_DIR", str(tmp_path_factory.mktemp("aws") / "sandbox"))
        sandbox = Sandbox.start()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def aws(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlayedAws:
    """The sandbox playing AWS for this test; the test's state folder knows of no sandbox."""
    sandbox = here.sandbox_here().start() if here.within_the_program() else request.getfixturevalue("accounts")
    return played(sandbox, fresh_names(), tmp_path, monkeypatch)


@pytest.fixture
def own_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedAws]:
    """Two empty accounts of this test's own, for what takes the article's names."""
    if here.within_the_program():
        sandbox = here.sandbox_here().start()
        empty(sandbox)
        yield _with_keys(played(sandbox, {}, tmp_path, monkeypatch))
        empty(sandbox)
        return
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "sandbox"))
    sandbox = Sandbox.start()
    yield _with_keys(played(sandbox, {}, tmp_path, monkeypatch))
    sandbox.stop()


def _with_keys(aws: PlayedAws) -> PlayedAws:
    """Keys in a profile, for both: a process for each of many sessions would take its time."""
    keys = aws.sandbox.accounts[Side.SUBJECT]
    add_profile(aws.home, "plain-subject", aws.sandbox.region, keys.access_key_id, keys.secret_access_key)
    return replace(aws, subject_profile="plain-subject")


def played(sandbox: Sandbox, names: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlayedAws:
    home = tmp_path / "home"
    write_home(home, sandbox)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox.endpoint_url)
    monkeypatch.setenv("XSFN_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return PlayedAws(sandbox, home, names)


@pytest.fixture
def door(own_aws: PlayedAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Sees every key that goes by."""
    with recording(own_aws.sandbox.endpoint_url) as recorder:
        monkeypatch.setenv("HTTP_PROXY", recorder.url)
        monkeypatch.setenv("NO_PROXY", "")
        yield recorder


@pytest.fixture
def agreed_lab(aws: PlayedAws) -> Iterator[Lab]:
    """A lab on the two accounts, agreed to; nothing of it exists yet."""
    lab = aws.lab()
    lab.confirm_changes("yes")
    yield lab
    lab.clean()
