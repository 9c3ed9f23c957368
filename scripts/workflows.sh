#!/bin/sh
# Checks .github/workflows with actionlint: workflows.sh ENVIRONMENT
# The system's, or the locked one in the environment; installing that fetches its program from where it is published.
set -eu
cd "$(dirname "$0")/.."
actionlint=$(command -v actionlint 2>/dev/null) || actionlint=$1/bin/actionlint
if [ ! -x "$actionlint" ]; then
    "$1/bin/python" -m pip install -qq --disable-pip-version-check --no-input \
        --require-hashes --no-deps -r locks/actionlint.txt || {
        echo "actionlint couldn't be fetched: see above. Install it as you like, on the PATH, then make workflows again." >&2
        exit 1
    }
fi
"$actionlint"
echo "actionlint finds nothing in .github/workflows"
