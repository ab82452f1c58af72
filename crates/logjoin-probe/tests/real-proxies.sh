#!/usr/bin/env bash
# The probe against real nginx, Apache httpd and HAProxy in front of backends that fail in every way: asserts the cause.
#
#   crates/logjoin-probe/tests/real-proxies.sh [PROGRAM]     PROGRAM: the logjoin to test (default: target/debug/logjoin)
#
# Run by hand, as root, on a Debian machine that may be changed: it installs the three proxies, python3 and nftables, and
# makes two network namespaces of its own. Everything it starts ends with it. What the machine does not allow is skipped, with
# the reason.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
program="${1:-target/debug/logjoin}"
[[ -x "$program" ]] || { echo "$program: build it first (cargo build -p logjoin-cli)" >&2; exit 2; }
work="$(mktemp -d)"
router="ljr$$"
started=()
cleanup() {
    for p in "${started[@]}"; do kill "$p" 2> /dev/null; done
    ip netns del "$router" 2> /dev/null
    ip link del "lj$$" 2> /dev/null
    rm -rf "$work"
}
trap cleanup EXIT

missing=()
command -v nginx > /dev/null || missing+=(nginx-light)
command -v apache2 > /dev/null || missing+=(apache2-bin)
command -v haproxy > /dev/null || missing+=(haproxy)
command -v python3 > /dev/null || missing+=(python3)
command -v openssl > /dev/null || missing+=(openssl)
command -v nft > /dev/null || missing+=(nftables)
if [[ ${#missing[@]} -gt 0 ]]; then
    # The services are not to start by themselves.
    policy=/usr/sbin/policy-rc.d
    [[ -e $policy ]] || { printf '#!/bin/sh\nexit 101\n' > $policy && chmod +x $policy && made_policy=1; }
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" > "$work/apt.log" 2>&1 \
        || { tail -5 "$work/apt.log" >&2; exit 3; }
    [[ "${made_policy:-}" ]] && rm -f $policy
fi

# A certificate that was valid for one day of 2020.
mkdir -p "$work/ca"
: > "$work/ca/index"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/now.pem" -days 2 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost 2> /dev/null
openssl req -new -key "$work/key" -subj /CN=localhost -out "$work/csr" 2> /dev/null
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\nserial=%s\ndefault_md=sha256\npolicy=p\nx509_extensions=e\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:localhost\n' \
    "$work/ca/index" "$work/ca" "$work/ca/serial" > "$work/ca.conf"
openssl ca -batch -config "$work/ca.conf" -create_serial -selfsign -keyfile "$work/key" -in "$work/csr" \
    -startdate 20200101000000Z -enddate 20200102000000Z -out "$work/expired.pem" -notext > /dev/null 2>&1

cat > "$work/backends.py" << 'PY'
import socket, ssl, sys, threading, time
work = sys.argv[1]
OK = b"HTTP/1.1 200 OK\r\nServer: backend\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
def read(c):
    seen = b""
    while b"\r\n\r\n" not in seen:
        more = c.recv(4096)
        if not more: return False
        seen += more
    return True
def ok(c): read(c) and c.sendall(OK)
def hang(c): read(c); time.sleep(60)
def close(c): read(c)
def own(c): read(c) and c.sendall(OK.replace(b"200 OK", b"502 Bad Gateway"))
def serve(port, f, cert=None, host="127.0.0.1"):
    s = socket.create_server((host, port))
    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(f"{work}/{cert}", f"{work}/key")
    def one(c):
        try:
            if context: c = context.wrap_socket(c, server_side=True)
            f(c)
        except OSError: pass
        finally: c.close()
    def loop():
        while True:
            c, _ = s.accept(); threading.Thread(target=one, args=(c,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
if len(sys.argv) > 2:
    serve(19010, ok, host=sys.argv[2])
    serve(19011, ok, host=sys.argv[2])
else:
    serve(19001, ok); serve(19003, hang); serve(19004, close); serve(19005, own); serve(19006, ok, "expired.pem")
time.sleep(100000)
PY
python3 "$work/backends.py" "$work" & started+=($!)

# A router that swallows packets to one address and forbids another; and a host behind filters.
net=no
if ip netns add "$router" 2> "$work/net" && ip link add "lj$$" type veth peer name eth9 netns "$router" 2>> "$work/net" \
    && ip addr add 10.231.0.1/30 dev "lj$$" && ip link set "lj$$" up \
    && ip -n "$router" addr add 10.231.0.2/30 dev eth9 && ip -n "$router" link set eth9 up && ip -n "$router" link set lo up \
    && ip netns exec "$router" sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward' \
    && ip -n "$router" route add blackhole 10.231.1.1/32 && ip -n "$router" route add prohibit 10.231.1.2/32 \
    && ip route add 10.231.1.0/24 via 10.231.0.2; then
    net=yes
    ip netns exec "$router" python3 "$work/backends.py" "$work" 10.231.0.2 & started+=($!)
fi
nft=no
[[ $net == yes ]] && ip netns exec "$router" nft -f - 2> "$work/nft" << 'NFT' && nft=yes
table inet f {
  chain i {
    type filter hook input priority 0
    tcp dport 19010 reject with tcp reset
    tcp dport 19011 reject with icmpx type admin-prohibited
  }
}
NFT

# One listener per variant: NUMBER ADDRESS-OF-THE-BACKEND SCHEME
variants="1 127.0.0.1:19001 http
2 127.0.0.1:19002 http
3 127.0.0.1:19003 http
4 127.0.0.1:19004 http
5 127.0.0.1:19005 http
6 127.0.0.1:19006 http
7 127.0.0.1:19001 https
8 127.0.0.1:19006 https
9 10.231.1.1:80 http"
{
    echo "pid $work/nginx.pid; error_log $work/nginx-error.log; events {} http { access_log $work/nginx-access.log;"
    for t in client_body proxy fastcgi uwsgi scgi; do echo "${t}_temp_path $work/t_$t;"; done
    while read -r n a s; do
        echo "server { listen 127.0.0.1:1810$n; location / { proxy_pass $s://$a; proxy_connect_timeout 2s; proxy_read_timeout 2s; } }"
    done <<< "$variants"
    echo "}"
} > "$work/nginx.conf"
{
    echo "ServerName localhost
PidFile $work/httpd.pid
DefaultRuntimeDir $work
ErrorLog $work/httpd-error.log
CustomLog $work/httpd-access.log \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\"\""
    for m in mpm_event authz_core proxy proxy_http ssl socache_shmcb; do
        echo "LoadModule ${m}_module /usr/lib/apache2/modules/mod_$m.so"
    done
    while read -r n a s; do
        echo "Listen 127.0.0.1:1820$n
<VirtualHost 127.0.0.1:1820$n>
SSLProxyEngine on
SSLProxyCheckPeerName off
SSLProxyCheckPeerExpire off
ProxyPass / $s://$a/ connectiontimeout=2 timeout=2 retry=0
</VirtualHost>"
    done <<< "$variants"
} > "$work/httpd.conf"
{
    echo "defaults
 mode http
 timeout connect 2s
 timeout client 10s
 timeout server 2s"
    while read -r n a s; do
        [[ $s == https ]] && tls="ssl verify none" || tls=
        echo "listen v$n
 bind 127.0.0.1:1830$n
 server s $a $tls"
    done <<< "$variants"
} > "$work/haproxy.cfg"
nginx -c "$work/nginx.conf" -g 'daemon off;' 2> "$work/nginx.out" & started+=($!)
apache2 -f "$work/httpd.conf" -DFOREGROUND 2> "$work/httpd.out" & started+=($!)
haproxy -f "$work/haproxy.cfg" -db > "$work/haproxy.out" 2>&1 & started+=($!)
sleep 2

failed=0 passed=0
# ask NAME EXPECTED-CAUSE EXPECTED-DETAIL ARGUMENTS...: prints what was found
ask() {
    local name="$1" cause="$2" detail="$3" got began=$SECONDS
    shift 3
    got="$("${runner[@]}" "$program" probe --count 2 --pause 100ms --timeout 4s --idle-gaps none -F json "$@" 2> "$work/err" \
        | python3 -c 'import json,sys; v=json.load(sys.stdin)["verdict"]; print(v["outcome"] if v["outcome"]!="fault" else v["cause"], v["detail"] or "-", "%.2f" % v["confidence"])')"
    if [[ "$got" == "$cause ${detail:--} "* || ( -z "$detail" && "$got" == "$cause "* ) ]]; then
        passed=$((passed + 1)); echo "ok    $name: $got ($((SECONDS - began)) s)"
    else
        failed=$((failed + 1)); echo "WRONG $name: $got, expected $cause $detail; $(cat "$work/err")"
    fi
}
runner=()
for p in nginx:181 httpd:182 haproxy:183; do
    via() { echo "http://127.0.0.1:${p#*:}0$1/"; }
    n="${p%:*}"
    ask "$n, healthy" healthy "" --via "$(via 1)" --direct http://127.0.0.1:19001/
    ask "$n, closed port" backend-down backend-refused --via "$(via 2)" --direct http://127.0.0.1:19002/
    ask "$n, hanging" backend-hang "" --via "$(via 3)" --direct http://127.0.0.1:19003/
    ask "$n, closing" unhandled-exception-close "" --via "$(via 4)" --direct http://127.0.0.1:19004/
    ask "$n, 502 of the backend" app-generated-502 "" --via "$(via 5)" --direct http://127.0.0.1:19005/
    ask "$n, plain to TLS" wrong-protocol plain-to-tls --via "$(via 6)" --direct http://127.0.0.1:19006/
    ask "$n, TLS to plain" wrong-protocol tls-to-plain --via "$(via 7)" --direct https://127.0.0.1:19001/
    ask "$n, expired certificate" tls-failure certificate-expired --via "$(via 8)" --direct https://127.0.0.1:19006/ --host localhost
    ask "$n, unresolvable name" dns-failure "" --via "$(via 2)" --direct http://nothing.invalid/
    if [[ $net == yes ]]; then
        ask "$n, blackhole" connect-timeout firewall-drop --via "$(via 9)" --direct http://10.231.1.1/
        ask "$n, forbidden by a router" firewall-reject icmp --via "$(via 2)" --direct http://10.231.1.2/
    else
        echo "skip  $n, blackhole and router: $(tr '\n' ' ' < "$work/net")"
    fi
    # HAProxy writes to syslog only, which is not set up here.
    [[ $n == haproxy ]] || ask "$n, own logs join" backend-down "" --via "$(via 2)" --direct http://127.0.0.1:19002/ --logs "$work/$n"-*.log
done 2> /dev/null
if [[ $nft == yes ]]; then
    ask "nft, admin-prohibited" firewall-reject icmp --via http://127.0.0.1:18102/ --direct http://10.231.0.2:19011/
    ask "nft, reset, from outside: looks like a closed port" backend-down "" --via http://127.0.0.1:18102/ --direct http://10.231.0.2:19010/
    runner=(ip netns exec "$router")
    ask "nft, reset, on the host itself" firewall-reject "" --via http://10.231.0.2:19010/ --direct http://10.231.0.2:19010/
else
    echo "skip  nft: $(tr '\n' ' ' < "$work/nft" 2> /dev/null || echo no namespace)"
fi
[[ -s "$work/httpd-error.log" ]] || cat "$work"/*.out
echo "$passed right, $failed wrong"
[[ $failed -eq 0 ]]
