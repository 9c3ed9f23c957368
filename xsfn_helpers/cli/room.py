"""`xsfn room …`: open a room for many, join one, leave it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from xsfn_helpers.cli.parsing import FAILED, OK, add_command, add_json, print_json
from xsfn_helpers.common.language import tr


def add(commands: Any) -> None:
    """Add these commands to the parser."""
    room = commands.add_parser("room", help=tr("one sandbox for a room full of people"))
    actions = room.add_subparsers(title="actions", required=True, metavar="ACTION")
    serve = add_command(actions, "serve", _serve, tr("open a room here, until you press Ctrl-C"))
    serve.add_argument(
        "--address",
        metavar="ADDRESS",
        help=tr("this machine's address on the network (0.0.0.0: all it has, 127.0.0.1: for this machine alone)"),
    )
    serve.add_argument("--port", type=int, metavar="PORT", help=tr("the room's port (8765)"))
    serve.add_argument("--places", type=int, metavar="N", help=tr("how many people may join (40)"))
    serve.add_argument(
        "--new-link", action="store_true", help=tr("make a new instructor's link; the one before opens nothing more")
    )
    serve.add_argument(
        "--functions",
        action="store_true",
        help=tr("run participants' Lambda functions, on this machine and as its user; else they are rejected"),
    )
    serve.epilog = tr("What is left out is as it was the last time the room was open.")
    join = add_command(actions, "join", _join, tr("take a place; labs then open in the room's accounts"))
    join.add_argument("url", metavar="URL", help=tr("the room's address"))
    join.add_argument("code", metavar="CODE", help=tr("the room's code"))
    join.add_argument("--name", required=True, metavar="NAME", help=tr("what the instructor sees"))
    add_command(actions, "leave", _leave, tr("go back to a sandbox of your own"))
    add_json(add_command(actions, "status", _status, tr("say which room you are in")))


def _serve(options: argparse.Namespace) -> int:
    from xsfn_helpers.lab.classroom.serve import Opened, Wishes, serve

    def opened(room: Opened) -> None:
        print(tr("The room is open: {url}, code {code}", url=room.url, code=room.code))
        print(tr("In a terminal:  xsfn room join {url} {code} --name NAME", url=room.url, code=room.code))
        print(tr("In a notebook:  from xsfn_helpers import join_room"))
        print(f"                join_room({room.url!r}, {room.code!r}, name=…)")
        if room.instructors_url:
            print(tr("For you alone:  {url}", url=room.instructors_url))
        else:
            print(tr("For you alone:  the link that was shown at the first time, or another with --new-link"))
        print(tr("Ctrl-C closes it; places, accounts and progress are kept for the next time."))
        sys.stdout.flush()

    serve(Wishes(options.address, options.port, options.places, options.new_link, options.functions), opened)
    print(tr("The room is closed. Its sandbox goes on until `xsfn sandbox stop`."))
    return OK


def _join(options: argparse.Namespace) -> int:
    from xsfn_helpers.aws.seat import join_room

    print(join_room(options.url, options.code, name=options.name))
    return OK


def _leave(_: argparse.Namespace) -> int:
    from xsfn_helpers.aws.seat import leave_room

    print(leave_room())
    return OK


def _status(options: argparse.Namespace) -> int:
    from xsfn_helpers.aws.seat import find_seat

    seat = find_seat()
    if options.json:
        accounts = {side: account.account_id for side, account in seat.accounts.items()} if seat else {}
        place = {"url": seat.room.url, "name": seat.name, "number": seat.number, "accounts": accounts} if seat else {}
        print_json({"joined": seat is not None, **place})
    elif seat is None:
        print(tr("You are in no room."))
    else:
        print(seat)
    return OK if seat else FAILED
