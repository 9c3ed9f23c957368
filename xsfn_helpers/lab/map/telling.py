"""The map in a browser tab. There is no server to ask, so the kernel that has the accounts tells the page of them."""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from xsfn_helpers.common.browser.storage import kept_folder
from xsfn_helpers.common.errors import SandboxError
from xsfn_helpers.common.language import language
from xsfn_helpers.common.state_folder import StateFolder
from xsfn_helpers.lab.map.looking import AccountsReader

# The least seconds between two looks, and how many times as long as a look takes: the reader's cells come first.
_PACE: Final = 0.3
_REST: Final = 5


@cache
def tell_the_page() -> None:
    """From now on, tell the page what both accounts are like whenever that is different, as long as they are ours."""
    code: Any = import_module("pyodide.code")
    channel = code.run_js(files(__package__).joinpath("telling.js").read_text(encoding="utf-8"))()
    threading.Thread(target=_tell, args=(channel,), name="tells the map", daemon=True).start()


def _tell(channel: Any) -> None:
    kept = kept_folder(StateFolder.default().path)
    reader, told = AccountsReader(Path.cwd()), ""
    while True:
        try:
            kept.check()
        except SandboxError:  # another kernel has the accounts, and tells of them
            channel.close()
            return
        begun = time.monotonic()
        shown = reader.look()
        if shown.version != told:
            told = shown.version
            channel.tell(json.dumps({**shown.to_json(), "lang": language()}))
        time.sleep(max(_PACE, _REST * (time.monotonic() - begun)))
