#!/bin/sh
# Starts JupyterLab on the first notebook, for this computer only: lab.sh PYTHON [JupyterLab's own options]
set -eu
cd "$(dirname "$0")/.."
python=$1
shift

# Jupyter refuses root unless told.
[ "$(id -u)" -ne 0 ] || set -- --allow-root "$@"
# Without a screen, a text browser would take the terminal over; the printed address is what helps there.
if [ "$(uname)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}${BROWSER:-}" ]; then
    set -- --no-browser "$@"
fi
# The kit works offline: no question about news, no look for updates.
exec "$python" -m jupyterlab \
    --ServerApp.ip=127.0.0.1 --ServerApp.root_dir="$PWD" \
    --LabApp.default_url=/lab/tree/notebooks/00-start-here.ipynb \
    --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
    "$@"
