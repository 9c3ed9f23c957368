"""The two addresses of the map below JupyterLab's own: what the pane is made of, and what it shows now."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from xsfn_helpers.lab.map.looking import AccountsReader, MapAnswer
from xsfn_helpers.lab.map.pane import pane_parts

# Seconds between two looks while a pane waits, and until it is answered although nothing has changed.
PACE: Final = 0.3
PATIENCE: Final = 20.0


class AccountsWatch:
    """Looks for the panes that wait, in one thread for all of them."""

    def __init__(self, reader: AccountsReader) -> None:
        self._reader = reader
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="xsfn-map")

    async def now(self) -> MapAnswer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.look)


class MapHandler(APIHandler):
    """What the map shows: at once, or, with `seen` of an earlier answer, when it is different."""

    def initialize(self, watch: AccountsWatch) -> None:
        super().initialize()
        self._watch = watch
        self._gone = False

    def on_connection_close(self) -> None:
        self._gone = True
        super().on_connection_close()

    @web.authenticated
    async def get(self) -> None:
        seen = self.get_query_argument("seen", "")
        end = time.monotonic() + PATIENCE
        shown = await self._watch.now()
        while shown.version == seen and time.monotonic() < end and not self._gone:
            await asyncio.sleep(PACE)
            shown = await self._watch.now()
        if not self._gone:
            self.finish(json.dumps(shown.to_json()))


class PartsHandler(APIHandler):
    """What the pane is made of: the live diagram's code and style, and words in the reader's language."""

    @web.authenticated
    def get(self) -> None:
        self.finish(json.dumps(pane_parts()))


def add_handlers(server: Any) -> None:
    """Give Jupyter's server the map's addresses, behind its token and its prefix."""
    watch = AccountsWatch(AccountsReader(Path(server.root_dir)))
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "xsfn", "map"), MapHandler, {"watch": watch}),
            (url_path_join(base, "xsfn", "map", "parts"), PartsHandler),
        ],
    )
