#!/bin/bash
# The steps of the package test, inside its own root. Ends at the first thing that is not as it should be.
set -eu
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
debs=/tmp/debs
passed=0

ok() { passed=$((passed + 1)); echo "ok   $1"; }
fail() { echo "FAIL $1" >&2; tail -n 30 /tmp/said /tmp/daemon >&2 2>/dev/null; exit 1; }
expect() { local what=$1; shift; if "$@"; then ok "$what"; else fail "$what"; fi }
refute() { local what=$1; shift; if "$@"; then fail "$what"; else ok "$what"; fi }
within() { # seconds, command...
    local left=$(($1 * 10)); shift
    until "$@" >/dev/null 2>&1; do left=$((left - 1)); [ $left -gt 0 ] || return 1; sleep 0.1; done
}
quietly() { "$@" >/tmp/said 2>&1; }

# nothing that is installed starts by itself
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

install_original() {
    quietly dpkg -i --force-confdef --force-confold $debs/haproxy_*.deb $debs/keepalived_*.deb || fail "Debian's packages are installed"
}
install_ours() {
    quietly dpkg -i --force-confdef --force-confold $debs/rhaproxy.deb $debs/rkeepalived.deb || fail "our packages are installed"
}
state() { dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true; }
is_ours() { "/usr/sbin/$1" -v 2>&1 | grep -q "r$1"; }
# what packages leave behind; dpkg's own records aside
traces() {
    find /etc /lib/systemd /usr/sbin /usr/bin /usr/lib/tmpfiles.d /usr/share/man /usr/share/doc /usr/share/bash-completion \
        /var/lib/haproxy /run -xdev \( -path '*haproxy*' -o -path '*keepalived*' \) 2>/dev/null | sort
    getent passwd haproxy || true
}

# The value of a unit's setting, with its variables expanded as the manager would.
unit_command() { # program setting
    local line
    line=$(sed -n "s/^$2=//p" "/lib/systemd/system/$1.service" | head -n 1)
    local CONFIG=/etc/haproxy/haproxy.cfg PIDFILE=/run/haproxy.pid EXTRAOPTS="-S /run/haproxy-master.sock" DAEMON_ARGS=
    [ ! -r "/etc/default/$1" ] || . "/etc/default/$1"
    eval "echo \"$line\""
}

listen() { # takes what daemons tell their manager
    rm -f /run/notify /tmp/told
    touch /tmp/told
    socat -u UNIX-RECVFROM:/run/notify,fork OPEN:/tmp/told,append,creat 2>/dev/null &
    listener=$!
    within 5 test -S /run/notify
}
told() { grep -q "$1" /tmp/told; }

serves() { [ "$(curl -s -m 2 -o /dev/null -w '%{http_code}' http://127.0.0.1:8000/)" = 200 ]; }
answers() { echo "show info" | socat -t 2 - UNIX-CONNECT:/run/haproxy/admin.sock | grep -q '^Pid:'; }
has_vip() { ip -4 address show dev vip0 | grep -q 10.99.9.9/; }
gone() { ! kill -0 "$1"; }

run_haproxy() { # whose
    mkdir -p /run/haproxy && chown haproxy:haproxy /run/haproxy
    listen
    # shellcheck disable=SC2046  # words
    NOTIFY_SOCKET=/run/notify $(unit_command haproxy ExecStart) >/tmp/daemon 2>&1 &
    daemon=$!
    within 10 told READY=1 || fail "$1: haproxy tells that it is ready"
    ok "$1: haproxy tells that it is ready"
    expect "$1: the runtime API answers" within 5 answers
    [ ! -e /tmp/custom ] || expect "$1: requests are answered" within 5 serves
    expect "$1: ps -C haproxy finds it" test "$(ps -C haproxy --no-headers | wc -l)" -ge 2
    : > /tmp/told
    # shellcheck disable=SC2046
    $(unit_command haproxy ExecReload) >/tmp/said 2>&1 || fail "$1: the reload's check passes"
    kill -USR2 $daemon || fail "$1: haproxy is still there"
    expect "$1: a reload is told" within 10 told RELOADING=1
    expect "$1: and its end" within 10 told READY=1
    [ ! -e /tmp/custom ] || expect "$1: requests are answered after the reload" within 5 serves
    kill -TERM $daemon || fail "$1: the daemon is still there"
    expect "$1: haproxy ends when told to" within 10 gone $daemon
    kill $listener 2>/dev/null || true
}

run_keepalived() { # whose
    listen
    # shellcheck disable=SC2046
    NOTIFY_SOCKET=/run/notify $(unit_command keepalived ExecStart) >/tmp/daemon 2>&1 &
    daemon=$!
    expect "$1: keepalived takes the address" within 15 has_vip
    # Debian's tells it to systemd alone
    [ "$1" != "own files, ours" ] || expect "$1: it tells that it is ready" within 5 told READY=1
    expect "$1: its pid file is there" within 5 test -s /run/keepalived.pid
    kill -HUP $daemon
    sleep 1
    expect "$1: it keeps the address over a reload" has_vip
    kill -TERM $daemon || fail "$1: the daemon is still there"
    expect "$1: it ends when told to" within 10 gone $daemon
    refute "$1: and gives the address back" has_vip
    kill $listener 2>/dev/null || true
}

custom_files() {
    cat >> /etc/haproxy/haproxy.cfg <<'CFG'

frontend web
    bind 127.0.0.1:8000
    http-request return status 200 content-type text/plain string "here" if { path / }
    default_backend none

backend none
    server nowhere 127.0.0.1:9 check inter 1s
CFG
    printf 'HTTP/1.0 503 Gone\r\ncontent-length: 0\r\n\r\n' > /etc/haproxy/errors/503.http
    printf 'EXTRAOPTS="-S /run/haproxy-master.sock -dr"\n' > /etc/default/haproxy
    touch /tmp/custom
}
digest() { cat /etc/haproxy/haproxy.cfg /etc/haproxy/errors/503.http /etc/default/haproxy /etc/keepalived/keepalived.conf | sha256sum; }

quietly dpkg -P haproxy keepalived || fail "a clean start"
before=$(traces)

echo "== over Debian's packages as they come"
install_original
install_ours
expect "haproxy is ours" is_ours haproxy
expect "keepalived is ours" is_ours keepalived
refute "Debian's haproxy is not installed any more" test "$(state haproxy)" = installed
refute "Debian's keepalived is not installed any more" test "$(state keepalived)" = installed
expect "it has its own name too" test "$(readlink /usr/sbin/rhaproxy)" = haproxy
for file in $(dpkg --info $debs/haproxy_*.deb conffiles); do
    expect "conffile $file" grep -qxF "$file" /var/lib/dpkg/info/rhaproxy.conffiles
done
for unit in haproxy keepalived; do
    quietly systemd-analyze verify "/lib/systemd/system/$unit.service" || fail "systemd takes $unit.service"
    refute "systemd says nothing of $unit.service" grep -q "$unit.service:" /tmp/said
done
for page in "1 haproxy" "1 rhaproxy" "8 keepalived" "8 rkeepalived" "5 keepalived.conf"; do
    # shellcheck disable=SC2086
    expect "man $page" test -e "/usr/share/man/man${page% *}/${page#* }.${page% *}.gz"
done
for name in haproxy keepalived; do
    expect "the completion of $name is shell" bash -n "/usr/share/bash-completion/completions/$name"
done
quietly logrotate -d /etc/logrotate.d/haproxy || [ ! -x /usr/sbin/logrotate ] || fail "logrotate takes its file"
run_haproxy "stock files, ours"

echo "== purge"
quietly dpkg -P rhaproxy rkeepalived || fail "our packages are purged"
quietly dpkg -P haproxy keepalived || true
after=$(traces)
[ "$before" = "$after" ] || { diff <(echo "$before") <(echo "$after") >&2 || true; fail "purge leaves nothing"; }
ok "purge leaves nothing"

echo "== over a configuration of one's own"
ip link add vip0 type veth peer name vip1
ip address add 10.99.9.1/24 dev vip0
ip link set vip0 up
ip link set vip1 up
install_original
custom_files
cat > /etc/keepalived/keepalived.conf <<'CFG'
vrrp_instance VI_1 {
    interface vip0
    state MASTER
    virtual_router_id 99
    priority 150
    advert_int 1
    virtual_ipaddress {
        10.99.9.9/24
    }
}
CFG
kept=$(digest)
run_haproxy "own files, Debian's"
run_keepalived "own files, Debian's"
install_ours
expect "the files are as they were" test "$(digest)" = "$kept"
run_haproxy "own files, ours"
run_keepalived "own files, ours"

echo "== and back"
quietly dpkg -r rhaproxy rkeepalived || fail "our packages are removed"
expect "the files are as they were" test "$(digest)" = "$kept"
install_original
refute "haproxy is Debian's" is_ours haproxy
quietly dpkg -P rhaproxy rkeepalived || fail "what is left of ours is purged"
expect "the files are as they were" test "$(digest)" = "$kept"
expect "the user is still there" getent passwd haproxy
run_haproxy "own files, Debian's again"
run_keepalived "own files, Debian's again"

echo "deb-test: $passed passed, 0 failed"
