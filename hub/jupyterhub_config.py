"""A JupyterHub for one room, on one machine: everybody their own JupyterLab, notebooks and sandbox. `make hub`.

For trial, and for people who trust each other: all servers run as the user who starts the hub, so participants could
read each other's files. docs/hosting.md says when to take which setup.

    HUB_PASSWORD        what participants type beside a name of their choice, at least eight characters (required)
    HUB_ADMIN_PASSWORD  what the instructor types, at least 32 characters; without it nobody is administrator
    HUB_ADMIN           the instructor's name (instructor)
    HUB_ADDRESS         where it listens: 127.0.0.1, or 0.0.0.0 for a network of your own
    HUB_PORT            its port; the two above are taken, too (8000)
    XSFN_LANG           en or ja: the notebooks that open at first; everybody has both (else the locale's)
    HUB_ROOM_URL        the address of a room (`xsfn room serve`) that has everybody's accounts;
                        without one everybody has a sandbox of their own
    HUB_ROOM_CODE       that room's join code
    HUB_FOLDER          where everybody's files are kept (hub-data in the repository)
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyterhub.spawner import SimpleLocalProcessSpawner
from traitlets.config import get_config

from xsfn_helpers.cli.notebooks import PAGE, arrange, jupyter_paths
from xsfn_helpers.common.language import ENGLISH, language

c = get_config()  # type: ignore[no-untyped-call]

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("HUB_FOLDER") or ROOT / "hub-data").absolute()
PORT = int(os.environ.get("HUB_PORT") or 8000)
ADDRESS = os.environ.get("HUB_ADDRESS") or "127.0.0.1"
LOOPBACK = "127.0.0.1"
NOTEBOOKS = "notebooks" if language() == ENGLISH else f"notebooks/{language()}"
FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)

# The hub itself: all of its state in one folder, and everything but its page on loopback.
c.JupyterHub.bind_url = f"http://{ADDRESS}:{PORT}"
c.JupyterHub.hub_ip = LOOPBACK
c.JupyterHub.hub_port = PORT + 1
c.ConfigurableHTTPProxy.api_url = f"http://{LOOPBACK}:{PORT + 2}"
c.ConfigurableHTTPProxy.command = [
    shutil.which("configurable-http-proxy") or str(ROOT / "hub" / "node_modules" / ".bin" / "configurable-http-proxy")
]
c.ConfigurableHTTPProxy.pid_file = str(FOLDER / "proxy.pid")
c.JupyterHub.db_url = f"sqlite:///{FOLDER / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(FOLDER / "cookie_secret")
c.JupyterHub.cleanup_servers = True

# A word for the room and any name: nothing has to be prepared for anybody.
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["HUB_PASSWORD"]
if admin_password := os.environ.get("HUB_ADMIN_PASSWORD"):
    c.SharedPasswordAuthenticator.admin_password = admin_password
    c.Authenticator.admin_users = {os.environ.get("HUB_ADMIN") or "instructor"}
c.Authenticator.allow_all = True
# A name becomes a folder's. The pattern is matched from the start, and has to say where it ends.
c.Authenticator.username_pattern = r"[a-z0-9][a-z0-9_-]{0,31}\Z"


def home_of(spawner: SimpleLocalProcessSpawner) -> Path:
    return FOLDER / "people" / spawner.user.name


def sandbox_of(spawner: SimpleLocalProcessSpawner) -> dict[str, str]:
    """The variable that gives everybody a sandbox of their own."""
    return {"XSFN_STATE_DIR": str(home_of(spawner) / ".xsfn")}


def room_of(spawner: SimpleLocalProcessSpawner) -> dict[str, str]:
    """The variables that lead everybody into one room, under the name they have here; none where there is no room."""
    url, code = os.environ.get("HUB_ROOM_URL", ""), os.environ.get("HUB_ROOM_CODE", "")
    return {"XSFN_ROOM_URL": url, "XSFN_ROOM_CODE": code, "XSFN_ROOM_NAME": spawner.user.name} if url else {}


def hand_out(spawner: SimpleLocalProcessSpawner) -> None:
    """Give the notebooks to whoever comes for the first time; who comes back finds their own."""
    home = home_of(spawner)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("notebooks", "diagrams"):
        if not (home / name).exists():
            shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    arrange(home / ".lab")
    page = {"JUPYTERLAB_WORKSPACES_DIR": str(home / ".lab")}
    spawner.environment = {**spawner.environment, **page, **sandbox_of(spawner), **room_of(spawner)}


def stop_sandbox(spawner: SimpleLocalProcessSpawner) -> None:
    """The sandbox is a process of its own, and outlives the server unless it is told. What was built is kept."""
    command = [sys.executable, "-m", "xsfn_helpers", "sandbox", "stop"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(home_of(spawner)), **sandbox_of(spawner)}
    subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)  # noqa: S603


class RoomSpawner(SimpleLocalProcessSpawner):
    """A server with a home folder in the hub's own folder."""

    def user_env(self, env: dict[str, Any]) -> dict[str, Any]:
        env = super().user_env(env)
        env["HOME"] = str(home_of(self))
        return env


c.JupyterHub.spawner_class = RoomSpawner
c.SimpleLocalProcessSpawner.home_dir_template = str(FOLDER / "people" / "{username}")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = [
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    *(["--allow-root"] if os.geteuid() == 0 else []),
]
c.Spawner.default_url = f"/lab/workspaces/{PAGE}/tree/{NOTEBOOKS}/00-start-here.ipynb"
c.Spawner.environment = jupyter_paths()
c.Spawner.pre_spawn_hook = hand_out
c.Spawner.post_stop_hook = stop_sandbox
c.Spawner.ip = LOOPBACK
# A room opens its laptops at the same minute, on a machine that is busy with that.
c.Spawner.start_timeout = 180
c.Spawner.http_timeout = 120
c.JupyterHub.concurrent_spawn_limit = 10
