#!/bin/sh
# Gets the regression tests of HAProxy 2.6 from Debian's source package into DIR/reg-tests, unless they are there.
# Usage: regtests.sh DIR
# Uses the configured Debian mirrors with lists of its own: the machine's apt stays as it is. Needs no root.
set -eu

dir=$1
[ -e "$dir/complete" ] && exit 0
mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
cd "$dir"
here=$(pwd)

# Every configured Debian archive, as a source archive; the default mirror if none is configured.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v signed="$keyring" '$1 ~ /\/debian/ && $2 ~ /^bookworm/ && $3 == "main" { print "deb-src [signed-by=" signed "]", $1, $2, $3 }' |
    sort -u > sources.list
grep -q ' bookworm main' sources.list ||
    echo "deb-src [signed-by=$keyring] http://deb.debian.org/debian bookworm main" >> sources.list

options="-qq -o Dir::Etc::sourcelist=$here/sources.list -o Dir::Etc::sourceparts=/nonexistent
    -o Dir::State::lists=$here/lists -o Dir::Cache=$here/cache -o APT::Sandbox::User=root"
# shellcheck disable=SC2086  # a list of words
apt-get $options update

# The newest version may be in an archive the mirror lacks: all of 2.6.12 share one original tarball.
# shellcheck disable=SC2086
for version in $(apt-cache $options showsrc haproxy | sed -n 's/^Version: //p' | sort -Vr); do
    apt-get $options source --download-only --tar-only "haproxy=$version" && break
    echo "regtests: haproxy $version is not to be had, trying an older one" >&2
done
set -- haproxy_*.orig.tar.gz
[ -e "$1" ] || { echo "regtests: no source package of haproxy on the configured mirrors" >&2; exit 1; }

rm -rf reg-tests
tar -xzf "$1" --strip-components=1 --wildcards '*/reg-tests'
rm -rf lists cache
touch complete
