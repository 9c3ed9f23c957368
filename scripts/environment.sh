#!/bin/sh
# Makes the environment that `make` works in, or brings it up to date: environment.sh EXTRA[,EXTRA]
#   CONDA_TOOL=conda|mamba|micromamba   an environment from environment.yml, in .conda
#   CONDA_TOOL=                         Python's own venv, in .venv or the folder that VENV names;
#                                       PYTHON names the Python to take
#   LOCKED=no   the newest packages that pyproject.toml takes, instead of the tested ones of locks/
#   USE_UV=no   pip alone, where uv would be quicker
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

case ",$extras," in
    *,test,*) lock=locks/test.txt ;;
    *,hub,*) lock=locks/hub.txt ;;
    *,lite,*) lock=locks/lite.txt ;;
    *,site,*) lock=locks/site.txt ;;
    *) lock=locks/lab.txt ;;
esac
locked=${LOCKED:-yes}

# An editable install points at this folder, so a moved folder counts as changed.
wanted="$(cat pyproject.toml locks/*.txt | cksum) $(pwd)"
[ "$locked" != no ] || wanted="$wanted, the newest"
recipe="$(cksum <environment.yml)"

# Without pip it is half-made: venv puts that in last.
made() {
    "$environment/bin/python" -c "import pip" 2>/dev/null || return 1
    [ -z "$tool" ] || [ "$(cat "$environment/.recipe" 2>/dev/null)" = "$recipe" ]
}

# Making an environment empties its place, so what may be a reader's own stays, and they are told.
free_the_place() {
    if [ -L "$environment" ] && [ ! -e "$environment" ]; then
        echo "$environment was a link to a folder that isn't there: removed."
        rm "$environment"
    elif [ -L "$environment" ]; then
        fail "$environment is a link, and where it leads is no working environment. Remove the link, then make again."
    elif [ -d "$environment" ]; then
        [ -e "$environment/pyvenv.cfg" ] || [ -d "$environment/bin" ] || [ -d "$environment/conda-meta" ] ||
            rmdir "$environment" 2>/dev/null ||
            fail "$environment is a folder of something else. Move it away, then make again: the environment goes there."
    elif [ -e "$environment" ]; then
        fail "$environment is a file. Move it away, then make again: the environment goes there."
    fi
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

pip_install() { "$environment/bin/python" -m pip install --disable-pip-version-check --no-input "$@"; }

no_index=
uv_install() { "$uv" pip install --python "$environment/bin/python" $no_index "$@"; }

# Sets `uv`: the system's, or one in the environment.
find_uv() {
    [ "${USE_UV:-yes}" != no ] || return 1
    uv=$(command -v uv 2>/dev/null) && return
    uv=$environment/bin/uv
    [ -x "$uv" ] || pip_install -qq --require-hashes -r locks/uv.txt >/dev/null 2>&1 || return 1
    [ -x "$uv" ]
}

# pip's setting $1 from its variables and files, as pip itself weighs them.
setting() {
    for section in :env: install global; do
        value=$(printf '%s\n' "$settings" | sed -n "s/^$section\.$1='\(.*\)'\$/\1/p" | sed 's/\\n/ /g; s/^ *//')
        [ -z "$value" ] || break
    done
    echo "$value"
}

# uv reads none of pip's settings. Those on which network and index depend are handed on; a reader's own for uv stay.
hand_on() { [ -z "$2" ] || eval "export $1=\"\${$1:-\$2}\""; }

hand_on_settings() {
    settings=$("$environment/bin/python" -m pip config list 2>/dev/null) || settings=
    hand_on UV_DEFAULT_INDEX "$(setting index-url)"
    hand_on UV_INDEX "$(setting extra-index-url)"
    hand_on UV_FIND_LINKS "$(setting find-links | tr ' ' ,)"
    # This one has no variable.
    case $(setting no-index) in 1 | [Tt]rue | [Yy]es | [Oo]n) no_index=--no-index ;; esac
    hand_on UV_INSECURE_HOST "$(setting trusted-host)"
    hand_on SSL_CERT_FILE "$(setting cert)"
    hand_on ALL_PROXY "$(setting proxy)"
    # As pip does: the system's certificates count, and the best of all indices. The hashes say that it is the same file.
    hand_on UV_SYSTEM_CERTS true
    hand_on UV_INDEX_STRATEGY unsafe-best-match
}

# What is installed is what was tested: the lock's files, and of this folder nothing but itself.
install_with() {
    if [ "$locked" = no ]; then
        "$@" --upgrade --editable ".[$extras]"
    else
        "$@" --require-hashes -r "$lock" && "$@" --no-deps --no-build-isolation --editable .
    fi
}

install_all() {
    if find_uv; then
        # Compiled at once, as pip does: else each of the first starts would do it, several at a time.
        (hand_on_settings && UV_COMPILE_BYTECODE=1 install_with uv_install $quiet_uv) && return
        echo "WARNING: uv couldn't install the packages, so pip tries …" >&2
    fi
    install_with pip_install $quiet_pip
}

# Somebody who watches sees one line that changes; a log gets nothing but what went wrong.
install_packages() {
    if [ ! -t 1 ]; then
        quiet_uv=--quiet quiet_pip=-qq
        install_all
        return
    fi
    quiet_uv=--no-progress quiet_pip="--progress-bar off"
    # The exit code has to come through the pipe.
    { install_all 2>&1 && echo "installed: yes" || echo "installed: no"; } | awk '
        function show(text) { printf "\r\033[K  %s", text; fflush() }
        /^Collecting / { sub(/[^A-Za-z0-9_.-].*/, "", $2); show(sprintf("%d packages found, now %s", ++found, $2)) }
        /^Installing collected packages/ { show("installing " NF - 3 " packages, half a minute") }
        /^(Resolved|Prepared|Installed) [0-9]+ package/ { show(tolower($1) " " $2 " packages") }
        /^(ERROR|error|WARNING|  ×|  ╰)/ { printf "\r\033[K%s\n", $0 }
        /^installed: / { printf "\r\033[K"; exit $2 != "yes" }'
}

up_to_date && exit

if ! made; then
    free_the_place
    if [ -n "$tool" ]; then make_conda; else make_venv; fi
fi
# For rooms without internet: `make wheelhouse` has gathered what the lab needs (and not what the tests do).
# Relative, because pip splits this variable at spaces.
if [ "$extras" = lab ] && [ -d wheelhouse ]; then
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=wheelhouse UV_FIND_LINKS=wheelhouse
    echo "Taking the Python packages from wheelhouse/ alone; to fetch them instead, remove that folder."
fi
echo "Installing the Python packages for $extras, a minute at most …"
install_packages ||
    fail "The packages couldn't be installed: see above. Once that is mended, type make again; it goes on from here."
for extra in $(echo "$extras" | tr , ' '); do
    echo "$wanted" >"$environment/.installed-$extra"
done
