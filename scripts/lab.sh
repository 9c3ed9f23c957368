#!/bin/sh
# Starts JupyterLab on the first notebook, for this computer only: lab.sh PYTHON [JupyterLab's own options]
# The program does it, so that it is the same where only the package is installed: xsfn_helpers/cli/notebooks.py
set -eu
cd "$(dirname "$0")/.."
python=$1
shift
exec "$python" -m xsfn_helpers lab "$@"
