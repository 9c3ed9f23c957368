#!/bin/sh
# Does the last commit work for a newcomer? Clones it into a new folder and does there what README says, as CI does:
# make test, then make lab, whose page has to answer and whose kernel has to run the first notebook.
set -eu
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# A space in the path, because a newcomer's folder may have one.
clone="$folder/fresh clone"
git clone --quiet . "$clone"
cd "$clone"

# This make's own variables are none of a newcomer's.
unset MAKEFLAGS MFLAGS MAKELEVEL CONDA_TOOL
seconds() { date +%s; }

start=$(seconds)
CI=true bash .ci/run
tested=$(seconds)
echo "make test took $((tested - start)) s, making the environment included"

for environment in .conda .venv; do
    [ ! -x "$environment/bin/python" ] || "$environment/bin/python" -m tests.notebooks.jupyterlab_check make lab
done

changed=$(git status --porcelain)
[ -z "$changed" ] || {
    printf 'The checks changed files of the clone:\n%s\n' "$changed" >&2
    exit 1
}
echo "The clone of $(git log -1 --format=%h) works: make test, make lab, and no file changed"
