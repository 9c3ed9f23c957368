#!/bin/sh
# Installs one package with the system's package manager: system-package.sh PACKAGE
# Only where that needs no password: as root, or with Homebrew. Elsewhere it prints the command to type and fails.
set -eu
package=$1

have() { command -v "$1" >/dev/null 2>&1; }

if have apt-get; then
    manager=apt-get command_line="sudo apt-get install $package"
    install() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package"; }
elif have dnf; then
    manager=dnf command_line="sudo dnf install $package"
    install() { dnf install -y -q "$package"; }
elif have apk; then
    manager=apk command_line="sudo apk add $package"
    install() { apk add --quiet "$package"; }
elif have brew; then
    manager=brew command_line="brew install $package"
    install() { brew install --quiet "$package"; }
else
    echo "install $package with your system's package manager"
    exit 1
fi

# Homebrew refuses root and needs no password; the others need root.
case "$manager $(id -u)" in
    "brew 0" | apt-get\ [1-9]* | dnf\ [1-9]* | apk\ [1-9]*) echo "$command_line" && exit 1 ;;
esac

echo "Installing $package with $manager …" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    echo "$command_line"
    exit 1
fi
