#!/bin/sh
# Makes the environment that `make` works in, or brings it up to date: environment.sh EXTRA[,EXTRA]
#   CONDA_TOOL=conda|mamba|micromamba   an environment from environment.yml, in .conda
#   CONDA_TOOL=                         Python's own venv, in .venv or the folder that VENV names;
#                                       PYTHON names the Python to take
# Says nothing when everything is up to date; else one line a step, or one line that tells what to do.
set -eu
cd "$(dirname "$0")/.."

extras=$1
tool=${CONDA_TOOL:-}
environment=${VENV:-.venv}
[ -z "$tool" ] || environment=.conda

fail() {
    echo "$*" >&2
    exit 1
}

# An editable install points at this folder, so a moved folder counts as changed.
wanted="$(cksum <pyproject.toml) $(pwd)"
recipe="$(cksum <environment.yml)"

made() {
    "$environment/bin/python" -c "" 2>/dev/null || return 1
    [ -z "$tool" ] || [ "$(cat "$environment/.recipe" 2>/dev/null)" = "$recipe" ]
}

up_to_date() {
    made || return 1
    for extra in $(echo "$extras" | tr , ' '); do
        [ "$(cat "$environment/.installed-$extra" 2>/dev/null)" = "$wanted" ] || return 1
    done
}

suitable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    set -- python3 python3.14 python3.13 python3.12 python3.11 python
    [ -z "${PYTHON:-}" ] || set -- "$PYTHON"
    for name; do
        if suitable "$name"; then
            echo "$name"
            return
        fi
    done
    found=$("$1" --version 2>/dev/null) || found="no $1"
    fail "xsfn needs Python 3.11 or newer (found: $found). Install one, or name it: make PYTHON=/path/to/python3.12 …"
}

make_venv() {
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        # Debian and Ubuntu split venv from Python.
        package="$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
        command_line=$(scripts/system-package.sh "$package") ||
            fail "$python has no venv module with pip. Type this, then make again: $command_line"
    fi
    echo "Making the environment in $environment with $("$python" --version) …"
    "$python" -m venv --clear "$environment" || fail "$python couldn't make $environment: see above."
}

make_conda() {
    echo "Making the environment in $environment with $tool (some minutes) …"
    rm -rf "$environment"
    # micromamba knows "env create" only since version 2; the plain form does the same in all of them.
    case $tool in
        micromamba) set -- create ;;
        *) set -- env create ;;
    esac
    # Each tool reads its own variable; none may wait for an answer.
    CONDA_ALWAYS_YES=true MAMBA_ALWAYS_YES=true "$tool" "$@" --quiet --prefix "./$environment" --file environment.yml ||
        fail "$tool couldn't make the environment: see above. To use Python's own venv: make USE_CONDA=no …"
    echo "$recipe" >"$environment/.recipe"
}

pip_install() { "$environment/bin/python" -m pip install --disable-pip-version-check --no-input "$@" --editable ".[$extras]"; }

# Somebody who watches sees one line that changes; a log gets nothing but what went wrong.
install_packages() {
    if [ ! -t 1 ]; then
        pip_install -qq
        return
    fi
    # The exit code has to come through the pipe.
    { pip_install --progress-bar off 2>&1 && echo "pip: done" || echo "pip: failed"; } | awk '
        function show(text) { printf "\r\033[K  %s", text; fflush() }
        /^Collecting / { sub(/[^A-Za-z0-9_.-].*/, "", $2); show(sprintf("%d packages found, now %s", ++found, $2)) }
        /^Installing collected packages/ { show("installing " NF - 3 " packages, half a minute") }
        /^(ERROR|error|WARNING|  ×)/ { printf "\r\033[K%s\n", $0 }
        /^pip: / { printf "\r\033[K"; exit $2 != "done" }'
}

up_to_date && exit

if ! made; then
    if [ -n "$tool" ]; then make_conda; else make_venv; fi
fi
# For rooms without internet: `make wheelhouse` has gathered what the lab needs (and not what the tests do).
# Relative, because pip splits this variable at spaces.
if [ "$extras" = lab ] && [ -d wheelhouse ]; then
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheelhouse
    echo "Taking the Python packages from wheelhouse/ alone; to fetch them instead, remove that folder."
fi
echo "Installing the Python packages for $extras, a minute or two …"
install_packages ||
    fail "pip couldn't install the packages: see above. Once that is mended, type make again; it goes on from here."
for extra in $(echo "$extras" | tr , ' '); do
    echo "$wanted" >"$environment/.installed-$extra"
done
