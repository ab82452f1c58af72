//! The proxy was told something that is not so.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::WrongUpstreamPort,
        title: "the backend was never there",
        meaning: "The proxy's configuration names an address where this backend never listened.",
        seen_as: "Every request to that address fails from the reload on, with never a success; the backend's log says that it listens elsewhere.",
        look_alikes: &[
            (C::BackendDown, "that address did answer before"),
            (C::DnsStaleAddress, "the name was right once and has moved since"),
            (C::ProxyConfigError, "the configuration is not even valid for the request"),
        ],
        checks: &[
            "the proxy's address against `ss -ltn` on the backend and its listening line",
            "what the last reload changed",
            "the container's published port against the port inside",
        ],
        fixes: &[
            nginx("`server` in the `upstream`, or the address in `proxy_pass`"),
            httpd("the address in `ProxyPass` or `BalancerMember`"),
            haproxy("the address on the `server` line; `check` would have shown it at start"),
        ],
    },
    CausePage {
        id: C::WrongProtocol,
        title: "two languages on one connection",
        meaning: "The port was right and the protocol was not: TLS to a plain port or the reverse, HTTP to FastCGI or uwsgi, HTTP/2 to HTTP/1.",
        seen_as: "Every request fails at once, constantly: `wrong version number`, an invalid header of a few bytes, a 400 about plain HTTP on an HTTPS port, `invalid request block size`.",
        look_alikes: &[
            (C::TlsFailure, "both sides speak TLS and do not agree"),
            (C::InvalidResponse, "most responses are good and some are broken"),
            (C::KeepaliveRace, "only now and then, and never on a new connection"),
        ],
        checks: &[
            "what the port really speaks: `curl -v http://`, `curl -vk https://`, `openssl s_client -connect`",
            "the backend's log: TLS bytes look like `\\x16\\x03\\x01`",
        ],
        fixes: &[
            nginx(
                "`http://` or `https://` in `proxy_pass`; `fastcgi_pass`, `uwsgi_pass` or `grpc_pass` for the others",
            ),
            httpd(
                "`http://`, `https://`, `h2://`, `fcgi://` or `ajp://` in `ProxyPass`; `SSLProxyEngine On` for TLS",
            ),
            haproxy(
                "`ssl` and `alpn` on the `server` line, `proto h2` or `proto fcgi`; `send-proxy` on both sides or on none",
            ),
        ],
    },
    CausePage {
        id: C::PermissionDenied,
        title: "the proxy may not open the socket",
        meaning: "File mode, SELinux, AppArmor or a local rule forbade the proxy to connect.",
        seen_as: "errno 13 at every connection, from the first on; an `avc: denied` or `DENIED` line in the system's log.",
        look_alikes: &[
            (C::BackendDown, "errno 2 or 111: the socket is missing or nobody listens"),
            (C::FirewallReject, "errno 1 or 113: a packet filter, not a file mode"),
        ],
        checks: &[
            "owner and mode of the socket and of every directory above it: `namei -l`",
            "`ausearch -m avc -ts recent`",
        ],
        fixes: &[
            host("`setsebool -P httpd_can_network_connect on`, or a rule for that port"),
            backend(
                "`listen.owner`, `listen.group` and `listen.mode` (php-fpm), `--umask` (gunicorn), `chmod-socket` (uWSGI)",
            ),
            nginx("`user` must be a member of the socket's group"),
            httpd("`User` and `Group`, as above"),
            haproxy("`user`, `group` and `chroot`: a unix socket must be reachable from inside"),
        ],
    },
    CausePage {
        id: C::DnsFailure,
        title: "the backend's name does not resolve",
        meaning: "The proxy could not resolve the name: it does not exist, the resolver did not answer, or none is configured.",
        seen_as: "`could not be resolved`, `host not found in upstream`, `DNS lookup failure`; HAProxy puts the server in maintenance for a DNS status, then answers 503 `SC` with `<NOSRV>`.",
        look_alikes: &[
            (C::DnsStaleAddress, "the name resolves, only the proxy keeps the old answer"),
            (C::NoLiveUpstreams, "addresses are known and all of them are taken out"),
        ],
        checks: &[
            "`dig NAME @RESOLVER` with the resolver that the proxy uses, from the proxy's host",
            "was the service renamed or removed; are search domains expected (nginx uses none)",
            "is the resolver slow or refusing: all names then fail alike",
        ],
        fixes: &[
            nginx(
                "`resolver` with two servers, `valid=` and `resolver_timeout`; a static name in `upstream` is resolved once, at start",
            ),
            httpd(
                "names are resolved by the system: `/etc/resolv.conf`; `addressttl` on the worker (2.4.59) to ask again",
            ),
            haproxy(
                "a `resolvers` section with `hold valid` and `hold nx`, `init-addr last,libc,none` on the `server`",
            ),
        ],
    },
    CausePage {
        id: C::DnsStaleAddress,
        title: "the name moved, the proxy did not",
        meaning: "The backend got a new address, and the proxy kept sending to the old one.",
        seen_as: "Refusals or timeouts to one address while the backend serves at another; they end when the proxy is reloaded.",
        look_alikes: &[
            (C::WrongUpstreamPort, "the address never worked"),
            (C::BackendDown, "the same address comes back later"),
        ],
        checks: &[
            "what the name resolves to now, against the address in the proxy's log",
            "was the instance or pod replaced shortly before",
        ],
        fixes: &[
            nginx(
                "`server NAME resolve` with `resolver` and `zone`, or a variable in `proxy_pass`; else names are resolved only at start and reload",
            ),
            httpd("`addressttl=` on the worker (never again, by default), or `disablereuse=On`"),
            haproxy("`resolvers` on the `server` line, with `hold valid`"),
        ],
    },
    CausePage {
        id: C::ProxyConfigError,
        title: "the configuration cannot serve the request",
        meaning: "The proxy could not forward the request because its configuration is invalid or incomplete for it.",
        seen_as: "No upstream was tried; lines about an invalid URL prefix, no resolver defined, no protocol handler, or `[emerg]` at the reload.",
        look_alikes: &[
            (C::WrongUpstreamPort, "the configuration is valid and names the wrong place"),
            (C::RequestLimited, "a rule refused the request on purpose"),
        ],
        checks: &[
            "`nginx -t`, `apachectl configtest`, `haproxy -c -f`",
            "what the last reload changed, and whether it took effect at all",
        ],
        fixes: &[
            nginx("variables in `proxy_pass` need a `resolver` and a scheme"),
            httpd("`LoadModule proxy_http_module` (or `proxy_fcgi`, `proxy_balancer` with its `lbmethod_*`)"),
            haproxy("a `default_backend`, and at least one `server` in it"),
        ],
    },
];
