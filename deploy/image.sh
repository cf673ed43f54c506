#!/usr/bin/env bash
# Builds the image of the Dockerfile without a Docker daemon, and tries it: its demo runs as the image's
# user on a root file system that is read-only, its own health check asks it, and what is pulled of it is
# not too large.
#
#   deploy/image.sh [--build-base DIR|IMAGE] [--final-base DIR|IMAGE] [--port PORT] [--keep]
#
# A directory stands in for a base image where no registry can be reached: it is the root file system. Needs
# buildah, such as Debian's package, readelf, and root for its mounts. Layers are kept below the target directory,
# with --keep for the next time.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly work="${CARGO_TARGET_DIR:-$PWD/target}/image"
readonly image=localhost/ecs-refresh:tried
# What a registry keeps of it, and what every task pulls.
readonly layers_max=$((25 * 1000 * 1000))
port=18080
keep=false
build_base=
final_base=

fail() {
    echo "deploy/image.sh: $*" >&2
    exit 1
}

while [[ $# -gt 0 ]]; do
    case $1 in
    --build-base) build_base=${2:?say DIR or IMAGE} && shift 2 ;;
    --final-base) final_base=${2:?say DIR or IMAGE} && shift 2 ;;
    --port) port=${2:?say PORT} && shift 2 ;;
    --keep) keep=true && shift ;;
    *) fail "not known: $1" ;;
    esac
done

command -v buildah >/dev/null || fail "buildah is missing: install it, or build with docker"
command -v readelf >/dev/null || fail "readelf is missing: install binutils"
[[ $EUID -eq 0 ]] || fail "only root can mount what it tries"

mkdir -p "$work"
store() {
    buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

demo=
container=
clean() {
    [[ -z $demo ]] || kill -- "$demo" 2>/dev/null || true
    [[ -z $container ]] || store rm "$container" >/dev/null || true
    $keep || rm -rf "$work"
}
trap clean EXIT

# The name of the image that a base is, made of it if it is a directory.
base() {
    if [[ ! -d $2 ]]; then
        echo "$2"
        return
    fi
    local empty
    empty=$(store from scratch)
    store copy --quiet "$empty" "$2" / >/dev/null
    store commit --quiet "$empty" "localhost/ecs-refresh-$1" >/dev/null
    store rm "$empty" >/dev/null
    echo "localhost/ecs-refresh-$1"
}

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
arguments=(--build-arg "VERSION=$version" --build-arg "REVISION=$revision")
[[ -z $build_base ]] || arguments+=(--build-arg "BUILD_BASE=$(base build "$build_base")")
[[ -z $final_base ]] || arguments+=(--build-arg "FINAL_BASE=$(base final "$final_base")")

# Health checks are of Docker's format, and OCI's has none.
store build --isolation chroot --format docker --layers \
    --ignorefile .dockerignore "${arguments[@]}" --tag "$image" . ||
    fail "the image could not be built"

# What the image says of itself, by a path in its configuration.
says() {
    store inspect --type image --format "{{$1}}" "$image"
}
expect() {
    local found
    found=$(says "$1")
    [[ $found == "$2" ]] || fail "$1 is $found, where $2 is meant"
}
expect .Docker.Config.User 65532:65532
expect .Docker.Config.Entrypoint '[/ecs-refresh]'
expect .Docker.Config.Cmd '[run]'
expect .Docker.Config.Healthcheck.Test '[CMD /ecs-refresh healthcheck]'
expect 'index .Docker.Config.Labels "org.opencontainers.image.version"' "$version"
expect 'index .Docker.Config.Labels "org.opencontainers.image.revision"' "$revision"

container=$(store from --pull-never "$image")
root=$(store mount "$container")
[[ $(stat -c %u:%g "$root/var/lib/ecs-refresh") == 65532:65532 ]] ||
    fail "the state belongs to somebody else"

# Runs a command of the image as a container would, with a read-only root and without privileges.
inside() {
    # shellcheck disable=SC2016 # Expanded by the inner shell.
    exec unshare --mount --propagation private sh -c '
        mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" || exit 1
        if touch "$0/written" 2>/dev/null; then echo "the root can be written" >&2; exit 1; fi
        exec setpriv --no-new-privs env -i PATH="$PATH" ECS_REFRESH_DAEMON__LISTEN="127.0.0.1:$1" \
            chroot --userspec=65532:65532 "$0" /ecs-refresh "$2" $3' "$root" "$port" "$@"
}
healthy() {
    (inside healthcheck "")
}

if healthy 2>/dev/null; then fail "something answers at port $port already: say --port"; fi
inside demo "--listen=127.0.0.1:$port" >"$work/demo.log" 2>&1 &
demo=$!
for _ in {1..60}; do
    kill -0 "$demo" 2>/dev/null || { cat "$work/demo.log" >&2 && fail "the demo ended"; }
    if healthy 2>/dev/null; then break; fi
    sleep 0.5
done
healthy || fail "the demo is not healthy"
grep -q '^Uid:\s65532\s65532' "/proc/$demo/status" || fail "the demo runs as somebody else"
kill -TERM "$demo"
wait "$demo" || fail "the demo did not end in order"
demo=
if healthy 2>/dev/null; then fail "the health check is content without a daemon"; fi

# The sum of the layers as a registry has them, which is with gzip.
store push --quiet --format oci "$image" "oci:$work/pushed:tried" >/dev/null
layers=$(find "$work/pushed/blobs" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
rm -r "$work/pushed"
megabytes=$(awk -v bytes="$layers" 'BEGIN { printf "%.1f MB", bytes / 1e6 }')
# A stand-in may have built what is not a release: it is larger by what debuggers read.
sections=$(readelf --section-headers --wide "$root/ecs-refresh")
if [[ $sections == *.debug_info* ]]; then
    megabytes+=" with a binary that is not a release"
elif ((layers > layers_max)); then
    fail "$megabytes are pulled, more than $((layers_max / 1000000)) MB"
fi
echo "$image: $megabytes, read-only, as 65532:65532, healthy"
