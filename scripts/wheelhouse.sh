#!/bin/sh
# Gathers every package that `make lab` installs, for machines without internet: wheelhouse.sh ENVIRONMENT
# They fit machines of this kind with this Python. environment.sh takes packages from a wheelhouse/ alone where it is there.
set -eu
cd "$(dirname "$0")/.."
python=$1/bin/python

echo "Gathering the packages for $(uname -sm), $("$python" --version) …"
rm -rf wheelhouse
# setuptools is what an editable install builds with; pip brings it from here, too.
"$python" -m pip wheel -qq --disable-pip-version-check --no-input --wheel-dir wheelhouse ".[lab]" "setuptools>=77"
# The kit itself is installed from its folder.
rm -f wheelhouse/xsfn_helpers-*.whl
echo "wheelhouse/: $(ls wheelhouse | wc -l | tr -d ' ') packages, $(du -sk wheelhouse | cut -f1 | awk '{print int($1 / 1024 + 0.5)}') MB"
