#!/bin/sh
# Sees to it that the browser tests find a Chromium or Chrome: chromium.sh ENVIRONMENT
# Installed with Linux's package manager as root. Never fails: without one, those tests are skipped, and say so.
set -eu
cd "$(dirname "$0")/.."
# Made after the one attempt for this environment; holds what a person can do.
tried=$1/.chromium-tried

has_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

has_browser && exit
if [ ! -e "$tried" ]; then
    how="install Google Chrome"
    if [ "$(uname)" = Linux ]; then
        command_line=$(scripts/system-package.sh chromium) && has_browser && exit
        how="type: $command_line"
    fi
    echo "$how" >"$tried"
fi
echo "No Chromium or Chrome is installed: the browser tests are skipped. To run them, $(cat "$tried")"
