"""No key that a run used, nor one given out on the way, is in anything that the kit prints, shows or keeps.

Nor in a saved notebook: those of `test_notebooks_on_aws` are looked through, too.
"""

from __future__ import annotations

import json

import pytest

from tests.aws.playing import PlayedAws
from tests.aws.recording import Recorder, kept, leaked
from xsfn_helpers import Side, attempt
from xsfn_helpers.cli import main
from xsfn_helpers.common.errors import XsfnError


def test_the_search_finds_what_is_there(own_aws: PlayedAws, door: Recorder) -> None:
    """Where the keys are meant to be, they are found: in the reader's own AWS files, and in an answer of STS."""
    lab = own_aws.lab()
    lab.confirm_changes("yes")
    lab.trust_trial().ask("*")

    assert len(leaked(kept(own_aws.home / ".aws"), own_aws, door)) == 4
    assert len(door.issued) >= 3, "a session was opened, with a key, a secret and a token"


def test_of_the_command_line(
    own_aws: PlayedAws, door: Recorder, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for command in (
        ["preflight"],
        ["apply", "--dry-run"],
        ["walkthrough", "--yes"],
        ["walkthrough", "--yes", "--json"],
        ["check", "--yes", "--second-opinion"],
        ["clean", "--find"],
        ["clean", "--yes"],
        ["apply"],
        ["preflight", "--operator-profile", "nobody"],
        ["preflight", "--subject-profile", "work-operator"],
    ):
        main([*command, *own_aws.options, *(["--lab-id", "secrets"] if "--find" in command else [])])
    printed = capsys.readouterr()

    assert "StartExecution" in door.operations
    assert leaked(printed.out + printed.err + caplog.text, own_aws, door) == []
    assert leaked(kept(own_aws.home.parent / "state"), own_aws, door) == []


def test_of_what_objects_show(own_aws: PlayedAws, door: Recorder) -> None:
    lab = own_aws.lab()
    lab.confirm_changes("yes")
    lab.set_stage(3)
    trial = lab.trust_trial()
    run = lab.run()
    shown = [
        *(
            lab,
            lab.environment,
            lab.operator,
            lab.environment.accounts,
            lab.environment.accounts.agreement,
            lab.confirm_changes("yes"),
        ),
        *(
            lab.preflight(),
            lab.compare_with_aws(),
            lab.find_resources(),
            lab.plan_clean(),
            lab.status(),
            lab.check(),
            run,
        ),
        *(trial, trial.try_policy("*"), attempt(lab.operator.client("iam").get_role, RoleName="none")),
        *(lab.subject.session(), lab.subject.client("iam"), lab.clean()),
    ]
    texts = [f"{one!r}\n{one}" for one in shown]
    texts += [json.dumps(one._repr_mimebundle_()) for one in shown if hasattr(one, "_repr_mimebundle_")]

    assert leaked("\n".join(texts), own_aws, door) == []
    assert leaked(kept(own_aws.home.parent / "state"), own_aws, door) == []


def test_of_errors(own_aws: PlayedAws, door: Recorder) -> None:
    account = own_aws.sandbox.accounts[Side.OPERATOR]
    wrong = account.secret_access_key[:-1] + "x"
    (own_aws.home / ".aws" / "credentials").write_text(
        f"[work-operator]\naws_access_key_id = {account.access_key_id}\naws_secret_access_key = {wrong}\n"
    )
    with pytest.raises(XsfnError) as caught:
        own_aws.lab()

    assert leaked(f"{caught.value!r} {caught.value} {caught.value.__cause__!r}", own_aws, door) == []
    assert wrong not in f"{caught.value} {caught.value.__cause__!r}"
