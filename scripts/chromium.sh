#!/bin/sh
# Sees to it that the browser tests find a Chromium or Chrome: chromium.sh ENVIRONMENT
# Installed with Linux's package manager as root; elsewhere the tests say loudly that they were skipped.
set -eu
cd "$(dirname "$0")/.."
# Made after the one attempt for this environment; holds the command that a person can type.
tried=$1/.chromium-tried

has_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        ! command -v "$name" >/dev/null 2>&1 || return 0
    done
    [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ]
}

has_browser && exit
if [ ! -e "$tried" ]; then
    command_line="a Chromium or Chrome of your own"
    if [ "$(uname)" = Linux ]; then
        command_line=$(scripts/system-package.sh chromium) && has_browser && exit
    fi
    echo "$command_line" >"$tried"
fi
echo "No Chromium or Chrome: the browser tests are skipped. To run them, install it: $(cat "$tried")"
