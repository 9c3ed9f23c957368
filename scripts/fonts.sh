#!/bin/sh
# Sees to it that pages photographed and printed here show Japanese: fonts.sh ENVIRONMENT
# For tests and hand-outs only: a reader's own system has such a font. Never fails: without one, boxes take its place.
set -eu
cd "$(dirname "$0")/.."
# Made after the one attempt for this environment; holds the command that a person can type.
tried=$1/.fonts-tried

# macOS has one; a system without fontconfig can't be asked.
[ "$(uname)" = Linux ] || exit 0
command -v fc-list >/dev/null 2>&1 || exit 0

has_font() { [ -n "$(fc-list :lang=ja family)" ]; }

# The smallest that each system has: 3 MB in Debian and Ubuntu.
package_name() {
    if command -v apt-get >/dev/null 2>&1; then
        echo fonts-ipaexfont-gothic
    elif command -v apk >/dev/null 2>&1; then
        echo font-noto-cjk
    else
        echo google-noto-sans-cjk-fonts
    fi
}

has_font && exit
if [ ! -e "$tried" ]; then
    command_line=$(scripts/system-package.sh "$(package_name)") && has_font && exit
    echo "$command_line" >"$tried"
fi
echo "No Japanese font is installed: Japanese shows as boxes in what is photographed or printed here. To have one, type: $(cat "$tried")"
