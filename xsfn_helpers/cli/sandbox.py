"""`xsfn sandbox …`: start, find, slow down, empty and stop the sandbox."""

from __future__ import annotations

import argparse
from typing import Any

from xsfn_helpers.cli.beside_room import add_room
from xsfn_helpers.cli.parsing import FAILED, OK, add_choices, add_command, add_json, chosen, print_json
from xsfn_helpers.errors import SandboxError


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    sandbox = commands.add_parser("sandbox", help="two AWS accounts on this machine")
    actions = sandbox.add_subparsers(title="actions", required=True, metavar="ACTION")
    start = add_command(actions, "start", _sandbox_start, "start it, or find it, and print its address and keys")
    add_choices(start)
    start.add_argument(
        "--account",
        action="append",
        default=[],
        metavar="ID",
        help="a further Subject account; as often as you like (it then stays, whoever starts the sandbox)",
    )
    add_json(start)
    add_json(add_command(actions, "status", _sandbox_status, "say whether it is running, and where"))
    add_command(actions, "stop", _sandbox_stop, "stop it")
    add_command(actions, "reset", _sandbox_reset, "empty both accounts")
    delay = add_command(actions, "delay", _sandbox_delay, "let changes in IAM take a while to count, as on AWS")
    delay.add_argument(
        "seconds", type=float, nargs="?", metavar="SECONDS", help="0 (at once) to 120; left out: tell what it is"
    )
    add_room(actions)


def _sandbox_start(options: argparse.Namespace) -> int:
    from xsfn_helpers.config import load_settings
    from xsfn_helpers.lab import own_sandbox

    _, sandbox = own_sandbox(load_settings(chosen(options)), further=options.account)
    if options.json:
        print_json(sandbox.to_json())
        return OK
    print(f"The sandbox is at {sandbox.endpoint_url} ({sandbox.region}, process {sandbox.pid}).")
    named = [(side.value, account) for side, account in sandbox.accounts.items()]
    for name, account in (*named, *(("further", account) for account in sandbox.further.values())):
        print(f"{name.capitalize()} account {account.account_id}:")
        print(f"  AWS_ACCESS_KEY_ID={account.access_key_id}")
        print(f"  AWS_SECRET_ACCESS_KEY={account.secret_access_key}")
    print("The keys mean nothing outside this sandbox.")
    return OK


def _sandbox_status(options: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        if options.json:
            print_json({"running": False})
        else:
            print("No sandbox is running. `xsfn sandbox start` starts it.")
        return FAILED
    accounts = {side.value: account.account_id for side, account in sandbox.accounts.items()}
    if options.json:
        print_json(
            {
                "running": True,
                "endpoint_url": sandbox.endpoint_url,
                "region": sandbox.region,
                "pid": sandbox.pid,
                "accounts": accounts,
                **({"further_accounts": list(sandbox.further)} if sandbox.further else {}),
                "propagation_seconds": sandbox.propagation_seconds,
            }
        )
        return OK
    print(f"The sandbox is at {sandbox.endpoint_url} ({sandbox.region}, process {sandbox.pid}).")
    for side, account_id in accounts.items():
        print(f"{side.capitalize()} account {account_id}")
    for account_id in sandbox.further:
        print(f"Further account {account_id}")
    print(_delay_told(sandbox.propagation_seconds))
    return OK


def _sandbox_stop(_: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        print("No sandbox is running.")
        return OK
    sandbox.stop()
    print("The sandbox has been stopped.")
    return OK


def _sandbox_reset(_: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        raise SandboxError(
            "No sandbox is running, so there is nothing to reset.", fix="`xsfn sandbox start` starts it."
        )
    which = "All accounts are" if sandbox.further else "Both accounts are"
    print(f"{which} empty again, at {sandbox.reset().endpoint_url}.")
    return OK


def _sandbox_delay(options: argparse.Namespace) -> int:
    from xsfn_helpers.sandbox.server import Sandbox

    sandbox = Sandbox.find()
    if sandbox is None:
        raise SandboxError(
            "No sandbox is running, so there is nothing to slow down.", fix="`xsfn sandbox start` starts it."
        )
    if options.seconds is not None:
        sandbox.delay_propagation(options.seconds)
    print(_delay_told(sandbox.propagation_seconds))
    return OK


def _delay_told(seconds: float) -> str:
    if seconds:
        return f"Changes in IAM count after {seconds:g} s. `xsfn sandbox delay 0` lets them count at once."
    return "Changes in IAM count at once."
