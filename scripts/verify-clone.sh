#!/bin/sh
# Does a commit work for a newcomer? verify-clone.sh [COMMIT]; without one, the last.
# Clones it into a new folder and does there what README says: make test, as CI does, then make lab, whose page has to
# answer and whose kernel has to run the first notebook. With a home and folders of its own (alone.sh): nothing on this
# machine helps it, and nothing may be written elsewhere. BUSY=yes where something else writes meanwhile: new names
# elsewhere are then told, but don't fail it. VERIFY_IN=/large/disk takes another place than /tmp; PLACES names other
# folders of temporary files than /tmp and /var/tmp to look into.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "$*" >&2
    exit 1
}

commit=$(git rev-parse --verify --quiet "${1:-HEAD}^{commit}") || fail "There is no commit ${1:-HEAD} here."

# A link leads wherever this machine has its target, so the clone could be green here and nowhere else.
leading=$(git ls-tree -r "$commit" | sed -n '/^100644 /d; /^100755 /d; p')
[ -z "$leading" ] || fail "$(git log -1 --format=%h "$commit") tracks what is no regular file, which works only where it leads:
$leading"

# Short, because some programs' sockets have paths of a hundred characters at most.
folder=$(mktemp -d "${VERIFY_IN:-/tmp}/xsfn-XXXXXX")
folder=$(cd "$folder" && pwd -P)
trap 'rm -rf "$folder"' EXIT
# A space in the path, because a newcomer's folder may have one.
clone="$folder/fresh clone"
git clone --quiet --no-checkout . "$clone"
git -C "$clone" checkout --quiet --detach "$commit"

# This make's own variables are none of a newcomer's.
alone=$PWD/scripts/alone.sh
seconds() { date +%s; }

# What a run could leave elsewhere: new names in the home and among temporary files, and anything written into the folders
# of the kit and its tools, whatever they are called today.
names() {
    for place in "$HOME" "$HOME/.cache" "$HOME/.config" "$HOME/.local" "$HOME/.local/share" "$HOME/.local/state" ${PLACES:-/tmp /var/tmp}; do
        [ ! -d "$place" ] || find "$place/" -mindepth 1 -maxdepth 1 -user "$(id -u)" 2>/dev/null || :
    done | grep -vF "$folder" | sort
}
written() {
    for place in .aws .cdk .ipython .jupyter .npm .cache/pip .cache/uv .local/share/jupyter .local/state/xsfn; do
        [ ! -d "$HOME/$place" ] || find "$HOME/$place" -type f -newer "$folder/before" 2>/dev/null || :
    done
}
names >"$folder/before"

start=$(seconds)
(cd "$clone" && CI=true "$alone" "$folder" bash .ci/run)
echo "make test took $(($(seconds) - start)) s, making the environment included"

for environment in .conda .venv; do
    [ ! -x "$clone/$environment/bin/python" ] ||
        (cd "$clone" && "$alone" "$folder" "$environment/bin/python" -m tests.notebooks.jupyterlab_check make lab)
done

changed=$(git -C "$clone" status --porcelain)
[ -z "$changed" ] || fail "The checks changed files of the clone:
$changed"

names >"$folder/after"
elsewhere=$(sort "$folder/before" "$folder/before" "$folder/after" | uniq -u && written)
if [ -n "$elsewhere" ]; then
    echo "Written elsewhere meanwhile, by the checks or by something else that runs here:
$elsewhere" >&2
    [ "${BUSY:-no}" = yes ] || exit 1
fi
echo "The clone of $(git log -1 --format=%h "$commit") works: make test, make lab, no file changed, nothing left elsewhere"
