#!/bin/bash
# Debian's haproxy and keepalived, then our packages over them, then nothing, then Debian's again: `make deb-test` (root).
# Everything happens in a root of its own (an overlay of this machine's that is forgotten), in own namespaces.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "deb-test needs root" >&2; exit 1; }

room=$(mktemp -d /tmp/deb-test.XXXXXX)
trap 'rm -rf "$room"' EXIT
mkdir "$room/debs"
cp target/debian/rhaproxy_*.deb "$room/debs/rhaproxy.deb"
cp target/debian/rkeepalived_*.deb "$room/debs/rkeepalived.deb"
cp packaging/test-inside.sh "$room/"
(cd "$room/debs" && apt-get download -qq haproxy keepalived)

unshare --mount --pid --net --uts --ipc --fork --kill-child bash -euc '
    room=$1
    mount --make-rprivate /
    mkdir "$room/upper"
    mount -t tmpfs -o size=1g none "$room/upper"
    mkdir "$room/upper/data" "$room/upper/work" "$room/upper/root"
    root=$room/upper/root
    mount -t overlay -o "lowerdir=/,upperdir=$room/upper/data,workdir=$room/upper/work" none "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs none "$root/run"
    mount -t tmpfs none "$root/tmp"
    mkdir "$root/tmp/debs"
    cp "$room"/debs/* "$root/tmp/debs/"
    cp "$room/test-inside.sh" "$root/tmp/"
    ip link set lo up
    exec chroot "$root" bash /tmp/test-inside.sh
' _ "$room"
