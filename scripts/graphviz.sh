#!/bin/sh
# Sees to it that diagrams can be drawn: graphviz.sh ENVIRONMENT
# Graphviz's `dot` from the system's package manager where allowed, else pygraphviz, whose wheels carry Graphviz.
# Never fails: without either, every diagram still has its text form.
set -eu
cd "$(dirname "$0")/.."
python=$1/bin/python
# Made after the one attempt for this environment; holds the command that a person can type.
tried=$1/.graphviz-tried

has_dot() { [ -x "$1/bin/dot" ] || command -v dot >/dev/null 2>&1; }

loads() { "$python" -c "import pygraphviz" 2>/dev/null; }

has_dot "$1" && exit
if [ ! -e "$tried" ]; then
    command_line=$(scripts/system-package.sh graphviz) && has_dot "$1" && exit
    "$python" -m pip install -qq --disable-pip-version-check --no-input \
        --require-hashes --no-deps -r locks/render.txt 2>/dev/null || :
    # The wheel leaves some libraries (glib, X11) to the system; without them it would only look installed.
    loads || "$python" -m pip uninstall -qq --yes pygraphviz 2>/dev/null || :
    echo "$command_line" >"$tried"
fi
if loads; then
    echo "Graphviz's dot isn't installed: pygraphviz draws the diagrams instead."
else
    echo "Graphviz isn't installed: diagrams show as text. For pictures, type: $(cat "$tried")"
fi
