#!/bin/sh
# Gathers every package that `make lab` installs, for machines without internet: wheelhouse.sh ENVIRONMENT
# ARCHIVE=yes packs it into dist/, too, named after what it fits.
# They fit machines of this kind with this Python. environment.sh takes packages from a wheelhouse/ alone where it is there.
set -eu
cd "$(dirname "$0")/.."
python=$1/bin/python

echo "Gathering the packages for $(uname -sm), $("$python" --version) …"
rm -rf wheelhouse
# What the lock names and nothing else; uv, because it installs quicker than pip. The kit itself comes from its folder.
for lock in lab uv; do
    "$python" -m pip download -qq --disable-pip-version-check --no-input --dest wheelhouse --require-hashes -r "locks/$lock.txt"
done
echo "wheelhouse/: $(ls wheelhouse | wc -l | tr -d ' ') packages, $(du -sk wheelhouse | cut -f1 | awk '{print int($1 / 1024 + 0.5)}') MB"
if [ "${ARCHIVE:-no}" = yes ]; then
    mkdir -p dist
    tar -czf "dist/wheelhouse-$(uname -sm | tr ' A-Z' '-a-z')-$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])').tar.gz" wheelhouse
fi
