#!/bin/sh
# Starts a JupyterHub for a room: hub.sh PYTHON [JupyterHub's own options]
# hub/jupyterhub_config.py lists the HUB_… variables; without HUB_PASSWORD a word is made up and printed.
set -eu
cd "$(dirname "$0")/.."
python=$1
shift

command -v npm >/dev/null 2>&1 || {
    echo "JupyterHub's proxy needs Node.js with npm: install it, then make hub again." >&2
    exit 1
}
if ! command -v configurable-http-proxy >/dev/null 2>&1 && [ ! -x hub/node_modules/.bin/configurable-http-proxy ]; then
    echo "Fetching JupyterHub's proxy …"
    npm ci --prefix hub --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
fi
if [ -z "${HUB_PASSWORD:-}" ]; then
    HUB_PASSWORD=$("$python" -c 'import secrets; print(secrets.token_urlsafe(6))')
    export HUB_PASSWORD
fi
echo "Open http://${HUB_ADDRESS:-127.0.0.1}:${HUB_PORT:-8000}, take any name, and the password $HUB_PASSWORD"
exec "$python" -m jupyterhub --config hub/jupyterhub_config.py "$@"
