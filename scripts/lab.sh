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
# In the reader's language, as xsfn_helpers/common/language.py finds it.
case ${XSFN_LANG:-${LANGUAGE:-${LC_ALL:-${LC_MESSAGES:-${LANG:-}}}}} in
    ja | ja[_.:-]*) notebooks=notebooks/ja pictures=diagrams/ja arranged=.lab-ja ;;
    *) notebooks=notebooks pictures=diagrams arranged=.lab ;;
esac
# Arranged once: the notebook, its table of contents, and the picture beside it. What the reader moves stays moved.
export JUPYTERLAB_WORKSPACES_DIR="$PWD/$arranged"
[ -d "$arranged" ] || sed "s#notebooks/#$notebooks/#g; s#diagrams/#$pictures/#g" scripts/workspace.json |
    "$python" -m jupyterlab workspaces import - >/dev/null
# The kit works offline: no question about news (the option alone doesn't spare it), no look for updates.
export JUPYTER_CONFIG_PATH="$PWD/scripts/jupyter${JUPYTER_CONFIG_PATH:+:$JUPYTER_CONFIG_PATH}"
exec "$python" -m jupyterlab \
    --ServerApp.ip=127.0.0.1 --ServerApp.root_dir="$PWD" \
    --LabApp.default_url="/lab/workspaces/xsfn/tree/$notebooks/00-start-here.ipynb" \
    --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate \
    "$@"
