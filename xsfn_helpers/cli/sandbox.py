"""`xsfn sandbox …`: start, find, slow down, empty and stop the sandbox."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from xsfn_helpers.cli.beside_room import add_room
from xsfn_helpers.cli.parsing import FAILED, OK, add_choices, add_command, add_json, chosen, print_json
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import tr

if TYPE_CHECKING:
    from xsfn_helpers.sandbox.process.server import Sandbox


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    sandbox = commands.add_parser("sandbox", help=tr("two AWS accounts on this machine"))
    actions = sandbox.add_subparsers(title=tr("actions"), required=True, metavar="ACTION")
    start = add_command(actions, "start", _sandbox_start, tr("start it, or find it, and print its address and keys"))
    add_choices(start)
    start.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ID",
        help=tr("a further Subject account; as often as you like (it then stays, whoever starts the sandbox)"),
    )
    add_json(start)
    add_json(add_command(actions, "status", _sandbox_status, tr("say whether it is running, and where")))
    add_command(actions, "stop", _sandbox_stop, tr("stop it"))
    add_command(actions, "reset", _sandbox_reset, tr("empty both accounts"))
    delay = add_command(actions, "delay", _sandbox_delay, tr("let changes in IAM take a while to count, as on AWS"))
    delay.add_argument(
        "seconds", type=float, nargs="?", metavar="SECONDS", help=tr("0 (at once) to 120; left out: tell what it is")
    )
    add_room(actions)


def _sandbox_start(options: argparse.Namespace) -> int:
    from xsfn_helpers.aws.settings import load_settings
    from xsfn_helpers.lab.opening import own_sandbox

    _, sandbox = own_sandbox(load_settings(chosen(options)), further=options.account)
    if options.json:
        print_json(sandbox.to_json())
        return OK
    print(_sandbox_told(sandbox))
    named = [(_account_told(side, account.account_id), account) for side, account in sandbox.accounts.items()]
    named += [(_further_told(account_id), account) for account_id, account in sandbox.further.items()]
    for name, account in named:
        print(f"{name}:")
        print(f"  AWS_ACCESS_KEY_ID={account.access_key_id}")
        print(f"  AWS_SECRET_ACCESS_KEY={account.secret_access_key}")
    print(tr("The keys mean nothing outside this sandbox."))
    return OK


def _sandbox_status(options: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.process.here import sandbox_here

    sandbox = sandbox_here().find()
    if sandbox is None:
        silent = sandbox_here().silent()
        if options.json:
            print_json({"running": False} if silent is None else {"running": True, "answers": False, "pid": silent})
        elif silent is not None:
            print(_silent_told(silent))
        else:
            print(tr("No sandbox is running. `xsfn sandbox start` starts it."))
        return FAILED
    if options.json:
        print_json(
            {
                "running": True,
                "endpoint_url": sandbox.endpoint_url,
                "region": sandbox.region,
                "pid": sandbox.pid,
                "accounts": {side: account.account_id for side, account in sandbox.accounts.items()},
                **({"further_accounts": list(sandbox.further)} if sandbox.further else {}),
                "propagation_seconds": sandbox.propagation_seconds,
            }
        )
        return OK
    print(_sandbox_told(sandbox))
    for side, account in sandbox.accounts.items():
        print(_account_told(side, account.account_id))
    for account_id in sandbox.further:
        print(_further_told(account_id))
    print(_delay_told(sandbox.propagation_seconds))
    return OK


def _sandbox_stop(_: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.process.here import sandbox_here

    sandbox = sandbox_here().find()
    if sandbox is None:
        if sandbox_here().silent() is None:
            print(tr("No sandbox is running."))
            return OK
        sandbox_here().end_silent()
        print(tr("The sandbox didn't answer, and has been ended. What it had acknowledged is kept."))
        return OK
    sandbox.stop()
    print(tr("The sandbox has been stopped."))
    return OK


def _sandbox_reset(_: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.process.here import sandbox_here

    here = sandbox_here()
    found = here.find()
    sandbox = found.reset() if found is not None else here.reset_last()
    if sandbox is None:
        raise SandboxError(
            tr("No sandbox is running, so there is nothing to reset."), fix=tr("`xsfn sandbox start` starts it.")
        )
    endpoint_url = sandbox.endpoint_url
    if sandbox.further:
        print(tr("All accounts are empty again, at {endpoint_url}.", endpoint_url=endpoint_url))
    else:
        print(tr("Both accounts are empty again, at {endpoint_url}.", endpoint_url=endpoint_url))
    return OK


def _sandbox_delay(options: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.process.here import sandbox_here

    sandbox = sandbox_here().find()
    if sandbox is None:
        raise SandboxError(
            tr("No sandbox is running, so there is nothing to slow down."), fix=tr("`xsfn sandbox start` starts it.")
        )
    if options.seconds is not None:
        sandbox.delay_propagation(options.seconds)
    print(_delay_told(sandbox.propagation_seconds))
    return OK


def _silent_told(pid: int) -> str:
    if not pid:
        return tr("A sandbox's process is there but doesn't answer: it is busy, or suspended.")
    return tr(
        "The sandbox's process {pid} is there but doesn't answer: it is busy, or suspended. `xsfn sandbox stop` ends "
        "it, and what it has acknowledged is kept.",
        pid=pid,
    )


def _sandbox_told(sandbox: Sandbox) -> str:
    return tr(
        "The sandbox is at {endpoint_url} ({region}, process {pid}).",
        endpoint_url=sandbox.endpoint_url,
        region=sandbox.region,
        pid=sandbox.pid,
    )


def _account_told(side: str, account_id: str) -> str:
    return tr("{side} account {account_id}", side=side.capitalize(), account_id=account_id)


def _further_told(account_id: str) -> str:
    return tr("Further account {account_id}", account_id=account_id)


def _delay_told(seconds: float) -> str:
    if seconds:
        return tr(
            "Changes in IAM count after {seconds:g} s. `xsfn sandbox delay 0` lets them count at once.", seconds=seconds
        )
    return tr("Changes in IAM count at once.")
