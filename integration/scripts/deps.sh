#!/bin/sh
# Installs, through apt, the programs the tests and oracles run; says what is missing where it cannot.
# Usage: deps.sh [--scenario|--interop]   (--scenario adds the message broker of the long scenario, --interop FRR's vrrpd)
# Nothing it installs is started: services stay down, and a service that cannot start fails nothing.
set -u

# program=package, one each; the program is what is looked for.
wanted="
varnishtest=varnish
haproxy=haproxy
keepalived=keepalived
nginx=nginx-light
wrk=wrk
h2load=nghttp2-client
socat=socat
curl=curl
openssl=openssl
ip=iproute2
nft=nftables
tcpdump=tcpdump
ps=procps
killall=psmisc
unshare=util-linux
ping=iputils-ping
cc=gcc
python3=python3
"
[ "${1:-}" = --scenario ] && wanted="$wanted
rabbitmq-server=rabbitmq-server
"

[ "${1:-}" = --interop ] && wanted="$wanted
vrrpd=frr
"

PATH="$PATH:/usr/sbin:/sbin:/usr/lib/frr"
missing() {
    for pair in $wanted; do
        command -v "${pair%%=*}" >/dev/null 2>&1 || printf '%s ' "${pair#*=}"
    done
}

packages=$(missing)
[ -n "$packages" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: missing: $packages(install them, or run this as root on Debian)" >&2
    exit 0
fi

# invoke-rc.d asks this file before it starts anything: 101 means no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt="apt-get -qq -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold"
$apt update || echo "deps: the package lists could not be brought up to date" >&2
# shellcheck disable=SC2086  # a list of words
if ! $apt install -y --no-install-recommends $packages; then
    for package in $packages; do
        $apt install -y --no-install-recommends "$package" || echo "deps: $package could not be installed" >&2
    done
fi
packages=$(missing)
[ -z "$packages" ] || echo "deps: still missing: $packages" >&2
exit 0
