//! The backend answered, or began to.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::HeaderTooLarge,
        title: "response header larger than the buffer",
        meaning: "The backend's response header did not fit into the proxy's buffer.",
        seen_as: "`upstream sent too big header`, httpd's complaint about a header line, HAProxy `PH` with `Tr` -1; always on certain paths or users, while the backend logs a normal 200 or 302.",
        look_alikes: &[
            (C::InvalidResponse, "the header is broken, not big; HAProxy cannot tell them apart"),
            (C::WrongProtocol, "every response fails, not only those with much to say"),
        ],
        checks: &[
            "`curl -sD- -o/dev/null` against the backend with the same cookies, and count the bytes",
            "which header grows: `Set-Cookie`, a content security policy, a token",
        ],
        fixes: &[
            backend("keep sessions on the server and cookies small"),
            nginx(
                "`proxy_buffer_size` (one page by default) with `proxy_buffers` and `proxy_busy_buffers_size`; `fastcgi_buffer_size`",
            ),
            httpd("`responsefieldsize` on the worker (8192), `ProxyIOBufferSize`"),
            haproxy("`tune.bufsize` (16384) less `tune.maxrewrite` (1024) bounds the header"),
        ],
    },
    CausePage {
        id: C::InvalidResponse,
        title: "not a valid response",
        meaning: "What came back is not what the protocol allows: a broken status line, header, length or chunk.",
        seen_as: "`upstream sent invalid header`, `Error reading from remote server`, HAProxy `PH` or `PD`; the backend logs a normal completion.",
        look_alikes: &[
            (C::HeaderTooLarge, "the header is valid and long"),
            (C::WrongProtocol, "no response is ever valid"),
        ],
        checks: &[
            "capture one response: `curl -sv --raw`, `nc`, `tcpdump -A`",
            "both `Content-Length` and `Transfer-Encoding`, or a length that is wrong",
            "output before the header: a debug print, a warning of the interpreter, a byte order mark",
        ],
        fixes: &[
            backend("mend the header; nothing may be written before it"),
            nginx("`proxy_http_version 1.1`; `proxy_ignore_headers` does not help against broken ones"),
            httpd("`ProxyBadHeader Ignore` tolerates bogus lines, for the time being"),
            haproxy(
                "`option accept-unsafe-violations-in-http-response` (older: `option accept-invalid-http-response`), for the time being; `show errors` on the socket prints the bytes",
            ),
        ],
    },
    CausePage {
        id: C::UnhandledExceptionClose,
        title: "a handler failed and hung up",
        meaning: "A handler failed and the connection was closed without a whole answer, while the process lived on.",
        seen_as: "A premature close for single requests, mostly of one path, with a stack trace or a panic in the backend's log and no restart.",
        look_alikes: &[
            (C::BackendCrash, "the process or worker ended: other requests fail with it"),
            (C::KeepaliveRace, "the backend has no line about the request at all"),
            (C::AppGenerated502, "the backend did send an answer, with that status"),
        ],
        checks: &[
            "the stack trace at the moment of the close",
            "the path and parameters that the failures have in common",
        ],
        fixes: &[
            backend("catch what handlers throw and answer 500; mend the handler"),
            nginx("`proxy_next_upstream` only repeats the failure on another server: leave it"),
            haproxy("`retry-on empty-response` only repeats it as well"),
            httpd(
                "`ProxyErrorOverride On` with an `ErrorDocument` gives clients a page; the close itself is the application's to mend",
            ),
        ],
    },
    CausePage {
        id: C::KeepaliveRace,
        title: "an idle connection closed as it was reused",
        meaning: "The backend closed an idle kept connection at the moment at which the proxy sent the next request on it.",
        seen_as: "Rare failures, spread evenly, with connect time 0 and hardly any duration, after an idle time that equals the backend's keep-alive; the backend has no line; requests that may not be repeated (POST) get the 502.",
        look_alikes: &[
            (C::UnhandledExceptionClose, "the backend has a line or a stack trace for the request"),
            (C::BackendCrash, "many at once, and a start after it"),
            (C::NetworkPacketLoss, "a middlebox forgot the connection: idle times are far longer"),
        ],
        checks: &[
            "idle timeout of the backend against that of the proxy: the backend's must be longer",
            "time since the last request on the same connection, where it is logged",
            "do retries of the same request succeed",
        ],
        fixes: &[
            backend(
                "raise the keep-alive above the proxy's 60 s: gunicorn `--keep-alive` (2 s), uvicorn `--timeout-keep-alive` (5 s), Node.js `server.keepAliveTimeout` (5 s), Tomcat `keepAliveTimeout`",
            ),
            nginx(
                "`keepalive_timeout` in the `upstream` below the backend's; `proxy_next_upstream ... non_idempotent` where repeating is safe",
            ),
            httpd("`ttl=` on the worker below the backend's, `ping=` for AJP, or `disablereuse=On`"),
            haproxy(
                "`pool-purge-delay` below the backend's; `retry-on empty-response conn-failure`; `http-reuse safe`",
            ),
        ],
    },
    CausePage {
        id: C::AppGenerated502,
        title: "the backend itself sent the status",
        meaning: "The 502, 503 or 504 is the backend's own answer, which the proxy passed on.",
        seen_as: "An upstream status and header time for the same request, HAProxy `--`, no error line of the proxy; the same status in the backend's access log.",
        look_alikes: &[
            (C::AppError, "the backend sent 500 or another status that is not a gateway's"),
            (C::NoLiveUpstreams, "the proxy made the 503 itself"),
        ],
        checks: &[
            "the backend's log for the same request: which service behind it failed",
            "is the backend itself a proxy: then its log is the next to read",
            "maintenance mode, overload protection, a circuit breaker",
        ],
        fixes: &[
            backend(
                "mend the dependency behind it; tell own errors (500) and those of others (502, 504) apart",
            ),
            nginx(
                "`proxy_next_upstream http_502 http_503` where another server may do better; `proxy_intercept_errors` only hides it",
            ),
            haproxy("`retry-on 502 503` with `option redispatch`, for the same reason"),
            httpd(
                "`ProxyErrorOverride` hides or shows the application's own page; `failonstatus` on the balancer takes a member out for such an answer",
            ),
        ],
    },
    CausePage {
        id: C::AppError,
        title: "an error of the application",
        meaning: "The application failed with an error that is not a gateway's, and the proxy passed it on.",
        seen_as: "A 5xx with an upstream header time and no error line of the proxy, mostly 500.",
        look_alikes: &[
            (C::AppGenerated502, "the status is 502, 503 or 504"),
            (C::OneBadServer, "only one of the servers answers so"),
        ],
        checks: &[
            "the application's log at that moment, by request id where there is one",
            "what was released shortly before",
        ],
        fixes: &[
            backend("mend or roll back"),
            nginx("`proxy_next_upstream http_500` is rarely right: the error comes again on the next server"),
            httpd(
                "`failonstatus` on the balancer takes a member out that answers so; `ProxyErrorOverride On` replaces its page",
            ),
            haproxy(
                "`option httpchk` against a route that fails with the application; `observe layer7` with `on-error mark-down` takes a server out by its real answers",
            ),
        ],
    },
    CausePage {
        id: C::TlsFailure,
        title: "TLS to the backend fails",
        meaning: "Proxy and backend both speak TLS and do not agree: version, cipher, name, or a certificate that is expired or not trusted.",
        seen_as: "`SSL_do_handshake() failed`, `certificate verify failed`, `upstream SSL certificate does not match`, HAProxy `SSL handshake failure` with `SC`.",
        look_alikes: &[
            (C::WrongProtocol, "one side does not speak TLS at all: `wrong version number`"),
            (C::FirewallReject, "the connection is reset before any TLS"),
        ],
        checks: &[
            "`openssl s_client -connect HOST:PORT -servername NAME` from the proxy's host",
            "did a certificate expire or change at the first failure",
        ],
        fixes: &[
            backend("renew the certificate, with its whole chain"),
            nginx(
                "`proxy_ssl_server_name on`, `proxy_ssl_name`, `proxy_ssl_trusted_certificate`, `proxy_ssl_protocols`",
            ),
            httpd("`SSLProxyCACertificateFile`, `SSLProxyCheckPeerName`, `SSLProxyProtocol`"),
            haproxy("`sni`, `verifyhost`, `ca-file` and `ssl-min-ver` on the `server` line"),
            host("watch expiry dates"),
        ],
    },
];
