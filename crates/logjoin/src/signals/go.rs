//! Go: the runtime, net/http, gin, and the errors of its network packages.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "go",
    title: "Go",
    programs: &["go"],
    is_exclusive: false,
    signals: &[
        entry(
            "go-http-panic",
            RequestException,
            Request,
            "A handler panicked: the connection is closed with no answer and no access line",
        )
        .any(&["panic serving"])
        .re(r"(?:^|http: )panic serving (?<addr>\S+): (?<reason>[^\n]+)")
        .hits(&[
            ("http: panic serving 10.20.0.5:35452: runtime error: invalid memory address or nil pointer dereference", &[("addr", "10.20.0.5:35452"), ("reason", "runtime error: invalid memory address or nil pointer dereference")]),
        ])
        .from("go src/net/http/server.go"),
        entry("go-recovered", RequestException, Request, "A handler panicked and the framework answered 500")
        .any(&["panic recovered:"])
        .re(r"panic recovered:(?:(?:\n[^\n]*){0,5}?\n(?<method>GET|POST|PUT|PATCH|DELETE|HEAD) (?<path>\S+) HTTP)?")
        .hits(&[
            ("[Recovery] 2026/11/20 - 10:00:00 panic recovered:\nGET /boom HTTP/1.1", &[("method", "GET"), ("path", "/boom")]),
        ])
        .from("gin recovery.go"),
        entry("go-out-of-memory", OomKill, Process, "The runtime could not get memory")
        .any(&["runtime: out of memory", "runtime: cannot allocate memory"])
        .re(r"(?:runtime|fatal error): (?:runtime: )?(?<reason>out of memory|cannot allocate memory)")
        .hits(&[
            ("fatal error: runtime: out of memory", &[("reason", "out of memory")]),
            ("runtime: out of memory: cannot allocate 8388608-byte block (1073741824 in use)", &[("reason", "out of memory")]),
        ])
        .from("go src/runtime/malloc.go"),
        entry("go-deadlock", Deadlock, Process, "All goroutines wait: the process ends")
        .any(&["all goroutines are asleep"])
        .hits(&[("fatal error: all goroutines are asleep - deadlock!", &[])])
        .from("go src/runtime/proc.go"),
        entry("go-fatal", Crash, Process, "A fault that Go cannot recover from ended the process")
        .any(&[
            "fatal error: concurrent map",
            "goroutine stack exceeds",
            "unexpected fault address",
            "[signal SIG",
            "fatal error: stack overflow",
        ])
        .re(r"(?:fatal error: (?<reason>concurrent map [a-z ]+|stack overflow)|goroutine stack exceeds (?<limit>\d+)-byte limit|unexpected fault address (?<addr>0x[0-9a-f]+)|\[signal (?<signal>SIG[A-Z]+): )")
        .hits(&[
            ("fatal error: concurrent map writes", &[("reason", "concurrent map writes")]),
            ("runtime: goroutine stack exceeds 1000000000-byte limit", &[("limit", "1000000000")]),
            ("[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x49a1b2]", &[("signal", "SIGSEGV")]),
        ])
        .from("go src/runtime/panic.go"),
        entry("go-panic", Crash, Process, "A panic ended the process")
        .any(&["panic:", "exit status 2"])
        .re(r"^(?:panic: (?<reason>[^\n]+)|exit status (?<code>2)$)")
        .hits(&[
            ("panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:", &[("reason", "runtime error: index out of range [5] with length 3")]),
            ("panic: assignment to entry in nil map", &[("reason", "assignment to entry in nil map")]),
            ("exit status 2", &[("code", "2")]),
        ])
        .misses(&["user reported panic: the page is slow"])
        .from("go src/runtime/panic.go"),
        entry(
            "go-accept-files",
            FdExhausted,
            Process,
            "No descriptor for an accepted connection; repeated with growing pauses",
        )
        .any(&["Accept error: accept"])
        .re(r"Accept error: accept \S+ (?<addr>\S+): accept4?: (?<reason>too many open files[^;\n]*); retrying in")
        .hits(&[
            ("http: Accept error: accept tcp 10.20.1.11:21101: accept4: too many open files; retrying in 5ms", &[("addr", "10.20.1.11:21101"), ("reason", "too many open files")]),
        ])
        .from("go src/net/http/server.go"),
        entry("go-accept-error", Noise, Process, "An accept failed and is tried again")
        .any(&["http: Accept error"])
        .hits(&[
            ("http: Accept error: accept tcp 10.20.1.11:21101: accept4: connection reset by peer; retrying in 5ms", &[]),
        ])
        .from("go src/net/http/server.go"),
        entry(
            "go-listen-failed",
            StartFailed,
            Process,
            "The listening address is in use or may not be opened",
        )
        .any(&["listen tcp", "listen unix"])
        .re(r#"listen (?:tcp[46]?|unix) (?<addr>\S+): (?:bind|listen|socket): (?<reason>[^\n"]+)"#)
        .hits(&[
            ("listen tcp :8080: bind: address already in use", &[("addr", ":8080"), ("reason", "address already in use")]),
            ("listen tcp :80: bind: permission denied", &[("addr", ":80"), ("reason", "permission denied")]),
        ])
        .from("go src/net/error.go"),
        entry("go-tls-not-tls", ProtocolError, Request, "Plain bytes came to a TLS port")
        .any(&[
            "does not look like a TLS handshake",
            "HTTP request to an HTTPS server",
            "HTTP response to HTTPS client",
        ])
        .re(r"(?:(?:TLS handshake error from (?<addr>\S+): )?[^\n]*first record does not look like a TLS handshake|HTTP request to an HTTPS server|HTTP response to HTTPS client)")
        .hits(&[
            ("http: TLS handshake error from 10.0.0.1:42772: tls: first record does not look like a TLS handshake", &[]),
            ("http: server gave HTTP response to HTTPS client", &[]),
        ])
        .from("go src/crypto/tls/conn.go"),
        entry(
            "go-tls-eof",
            Noise,
            Request,
            "A connection to a TLS port was closed at once: a TCP health check",
        )
        .any(&["http: TLS handshake error from"])
        .re(r"http: TLS handshake error from (?<addr>\S+): (?:EOF|read tcp [^\n]*connection reset by peer)$")
        .hits(&[("http: TLS handshake error from 10.0.0.1:42772: EOF", &[("addr", "10.0.0.1:42772")])])
        .from("go src/crypto/tls/conn.go"),
        entry("go-tls-error", TlsError, Request, "A TLS handshake failed")
        .any(&[
            "http: TLS handshake error from",
            "x509: certificate",
            "net/http: TLS handshake timeout",
            "tls: failed to verify certificate",
        ])
        .re(r#"(?:http: TLS handshake error from (?<addr>\S+): (?<reason>[^\n]+)|x509: certificate [a-z][^\n"]*|net/http: TLS handshake timeout|tls: failed to verify)"#)
        .hits(&[
            ("http: TLS handshake error from 10.0.0.1:42772: remote error: tls: bad certificate", &[("addr", "10.0.0.1:42772"), ("reason", "remote error: tls: bad certificate")]),
            ("x509: certificate has expired or is not yet valid: current time 2026-11-20T10:00:00Z is after 2026-11-19T00:00:00Z", &[]),
        ])
        .from("go src/crypto/tls/conn.go"),
        entry(
            "go-body-mismatch",
            RequestException,
            Request,
            "A handler wrote another length than it declared: cut answer",
        )
        .any(&[
            "wrote more than the declared Content-Length",
            "http: invalid Content-Length of",
            "WriteHeader called with both",
        ])
        .re(r"http: (?:wrote more than the declared Content-Length|invalid Content-Length of|WriteHeader called with both)")
        .hits(&[("http: wrote more than the declared Content-Length", &[])])
        .from("go src/crypto/tls/conn.go"),
        entry("go-superfluous", Noise, Request, "A handler set the status twice: harmless")
        .any(&["superfluous response.WriteHeader call"])
        .hits(&[("http: superfluous response.WriteHeader call from main.handle (main.go:42)", &[])])
        .from("go src/crypto/tls/conn.go"),
        entry("go-handler-timeout", WorkerTimeout, Request, "A handler exceeded its limit: 503")
        .any(&["http: Handler timeout"])
        .hits(&[("http: Handler timeout", &[])])
        .from("go src/crypto/tls/conn.go"),
        entry(
            "go-proxy-error",
            DependencyFailed,
            Request,
            "The application is itself a proxy and answers 502",
        )
        .any(&["http: proxy error", "ReverseProxy read error"])
        .re(r"(?:http: proxy error: (?<reason>[^\n]+)|httputil: ReverseProxy read error during body copy: [^\n]+)")
        .hits(&[
            ("http: proxy error: dial tcp 10.0.0.3:8080: connect: connection refused", &[("reason", "dial tcp 10.0.0.3:8080: connect: connection refused")]),
        ])
        .from("go src/net/http/httputil/reverseproxy.go"),
        entry("go-server-closed", StopRequested, Process, "The listener was closed on purpose")
        .any(&["http: Server closed"])
        .hits(&[("http: Server closed", &[])])
        .from("go src/net/http/server.go"),
        entry("go-no-such-host", DnsFailed, Process, "A name could not be resolved")
        .any(&["no such host", "server misbehaving"])
        .re(r"lookup (?<name>[^\s:]+)(?: on (?<addr>\S+?))?: (?<reason>no such host|server misbehaving)")
        .hits(&[
            ("dial tcp: lookup db on 10.96.0.10:53: no such host", &[("name", "db"), ("addr", "10.96.0.10:53"), ("reason", "no such host")]),
        ])
        .from("go src/net/dnsclient.go"),
        entry(
            "go-dial",
            DependencyFailed,
            Process,
            "A connection to something the application depends on failed",
        )
        .any(&["dial tcp", "dial unix"])
        .re(r"dial (?:tcp[46]?|unix) (?<addr>\S+): (?:connect: )?(?<reason>connection refused|i/o timeout|no route to host|network is unreachable|connection timed out|connection reset by peer|no such file or directory|operation was canceled|cannot assign requested address)")
        .hits(&[
            ("dial tcp 10.0.0.1:5432: connect: connection refused", &[("addr", "10.0.0.1:5432"), ("reason", "connection refused")]),
            ("Get \"http://stock/\": dial tcp 10.0.0.1:8080: i/o timeout", &[("addr", "10.0.0.1:8080"), ("reason", "i/o timeout")]),
        ])
        .from("go src/net/dial.go"),
        entry("go-peer-gone", PeerGone, Request, "Whoever waited for the answer went away first")
        .any(&["write: broken pipe", "write: connection reset by peer", "context canceled"])
        .re(r"(?:write tcp \S+->(?<addr>\S+): write: (?<reason>broken pipe|connection reset by peer)|\bcontext canceled\b)")
        .hits(&[
            ("write tcp 10.20.1.11:8080->10.20.0.5:35452: write: broken pipe", &[("addr", "10.20.0.5:35452"), ("reason", "broken pipe")]),
            ("query failed: context canceled", &[]),
        ])
        .from("go src/net/net.go, src/context/context.go"),
        entry(
            "go-client-timeout",
            DependencyFailed,
            Request,
            "Something the application depends on did not answer in time",
        )
        .any(&["Client.Timeout exceeded", "context deadline exceeded", "awaiting response headers"])
        .re(r#"(?:(?<method>Get|Post|Put|Patch|Delete|Head) "(?<path>[^"]*)": )?[^\n]*(?<reason>Client\.Timeout exceeded|context deadline exceeded|timeout awaiting response headers)"#)
        .hits(&[
            ("Get \"http://stock/items\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)", &[("method", "Get"), ("path", "http://stock/items"), ("reason", "Client.Timeout exceeded")]),
        ])
        .from("go src/net/http/client.go"),
        entry(
            "go-read-failed",
            DependencyFailed,
            Request,
            "Something the application depends on closed the connection",
        )
        .any(&[
            "read: connection reset by peer",
            "http2: server sent GOAWAY",
            ": unexpected EOF",
            "read: connection refused",
        ])
        .re(r"(?:read tcp \S+->(?<addr>\S+): read: (?<reason>connection reset by peer|connection timed out)|http2: server sent GOAWAY|: unexpected EOF)")
        .hits(&[
            ("read tcp 10.20.1.11:40112->10.0.0.1:5432: read: connection reset by peer", &[("addr", "10.0.0.1:5432"), ("reason", "connection reset by peer")]),
            ("http2: server sent GOAWAY and closed the connection; LastStreamID=1", &[]),
        ])
        .from("go src/net/net.go"),
    ],
};
