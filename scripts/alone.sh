#!/bin/sh
# Runs a command as on a machine that has never seen the kit: alone.sh FOLDER COMMAND [ARGUMENT]…
# HOME, TMPDIR and XDG_… lead to new folders in FOLDER, and of the environment stays only what finds programs, index and
# network. So nothing left on this machine helps the command, and what it leaves is in FOLDER, which the caller removes.
set -eu
folder=$1
shift

for name in home tmp cache config data state; do mkdir -p "$folder/$name"; done
mkdir -p -m 700 "$folder/run"

# The Python that runs here, but neither an active environment's nor a version manager's stand-in, which need a home.
find_python() {
    for name in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python3; do
        "$name" -c 'import os, sys; sys.version_info < (3, 11) and sys.exit(1); print(os.path.join(sys.base_prefix, "bin"))' 2>/dev/null && return
    done
    echo /usr/bin
}
path=$(find_python):/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
for name in git make node npm conda mamba micromamba; do
    program=$(command -v "$name" 2>/dev/null) || continue
    case ":$path:" in *":${program%/*}:"*) ;; *) path=$path:${program%/*} ;; esac
done

# What a machine's network needs. The settings of pip and npm are only read.
[ -n "${PIP_CONFIG_FILE:-}" ] ||
    for file in "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/Library/Application Support/pip/pip.conf" "$HOME/.pip/pip.conf"; do
        [ ! -f "$file" ] || { PIP_CONFIG_FILE=$file && break; }
    done
[ -n "${npm_config_userconfig:-}" ] || [ ! -f "$HOME/.npmrc" ] || npm_config_userconfig=$HOME/.npmrc
for name in \
    CI LANG LC_ALL TERM USER LOGNAME PYTHON USE_CONDA \
    http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY \
    SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE REQUESTS_CA_BUNDLE NODE_EXTRA_CA_CERTS GIT_SSL_CAINFO \
    PIP_CONFIG_FILE PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_NO_INDEX PIP_TRUSTED_HOST PIP_CERT \
    PIP_CLIENT_CERT PIP_PROXY PIP_DEFAULT_TIMEOUT \
    UV_DEFAULT_INDEX UV_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_INSECURE_HOST \
    UV_SYSTEM_CERTS UV_HTTP_TIMEOUT \
    npm_config_userconfig npm_config_registry npm_config_cafile; do
    eval "value=\${$name:-}"
    [ -z "$value" ] || set -- "$name=$value" "$@"
done

exec env -i PATH="$path" HOME="$folder/home" TMPDIR="$folder/tmp" XDG_CACHE_HOME="$folder/cache" \
    XDG_CONFIG_HOME="$folder/config" XDG_DATA_HOME="$folder/data" XDG_STATE_HOME="$folder/state" \
    XDG_RUNTIME_DIR="$folder/run" "$@"
