"""What `xsfn sandbox …` has to say where a room is: it is about one's own sandbox, and no way to end a room's."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any, Final

from xsfn_helpers.common.errors import RoomError
from xsfn_helpers.common.language import tr

Command = Callable[[argparse.Namespace], int]
# What would cut off everybody in a room, or empty what they built.
_FOR_ALL: Final = ("stop", "reset")


def add_room(actions: Any) -> None:
    """Let each of these actions on the sandbox know of rooms."""
    for name, action in actions.choices.items():
        action.set_defaults(command=_knowing(action.get_default("command"), for_all=name in _FOR_ALL))


def _knowing(command: Command, *, for_all: bool) -> Command:
    def known(options: argparse.Namespace) -> int:
        from xsfn_helpers.aws.seat import stored_seat
        from xsfn_helpers.sandbox.process.state import SandboxFolder

        folder = SandboxFolder.default()
        if for_all and folder.is_held(folder.room_lock):
            raise RoomError(
                tr("A room is open on this sandbox, and everybody in it works there."),
                where=str(folder.path),
                fix=tr("The instructor's page resets accounts; Ctrl-C in the room's terminal closes the room."),
            )
        if seat := stored_seat():
            sys.stderr.write(
                tr(
                    "You are in the room at {url}, where your labs open; `xsfn sandbox` is about a sandbox of your own "
                    "on this machine. To empty your accounts in the room: xsfn clean\n",
                    url=seat.room.url,
                )
            )
        return command(options)

    return known
