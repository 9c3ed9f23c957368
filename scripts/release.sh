#!/bin/sh
# Makes the files of a release in dist/, after `make site` and `make lite`: release.sh PYTHON TAG; the tag has to be the version, as v0.1.0.
set -eu
cd "$(dirname "$0")/.."
python=$1
tag=${2:-}

version=$("$python" -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
[ "$tag" = "v$version" ] || {
    echo "The version in pyproject.toml is $version, so its tag is v$version: make release TAG=v$version" >&2
    exit 1
}
rm -rf dist
# Built by the locked setuptools of this environment.
"$python" -m build --no-isolation --outdir dist . >/dev/null
tar -czf "dist/xsfn-site-$version.tar.gz" -C build site
tar -czf "dist/xsfn-lite-$version.tar.gz" -C build lite
ls dist
