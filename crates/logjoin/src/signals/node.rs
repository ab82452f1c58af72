//! Node.js and what runs on it: Express, Fastify, Nest, Next.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "node",
    title: "Node.js",
    programs: &["node", "nodejs", "next", "nest"],
    is_exclusive: false,
    signals: &[
        entry("node-heap", OomKill, Process, "The heap limit of V8 is reached: the process aborts")
        .any(&["JavaScript heap out of memory", "CALL_AND_RETRY_LAST", "Reached heap limit"])
        .re(r"FATAL ERROR: (?<reason>[^\n]*?(?:JavaScript heap out of memory|Allocation failed)[^\n]*)")
        .hits(&[
            ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", &[("reason", "Reached heap limit Allocation failed - JavaScript heap out of memory")]),
            ("FATAL ERROR: Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory", &[("reason", "Ineffective mark-compacts near heap limit Allocation failed - JavaScript heap out of memory")]),
        ])
        .misses(&["the worker said it was close to the JavaScript heap out of memory mark"])
        .from("v8 src/api/api.cc"),
        entry("node-last-gcs", OomKill, Process, "The garbage collector's last lines before the heap limit")
        .any(&["<--- Last few GCs --->", "<--- JS stacktrace --->"])
        .hits(&[("<--- Last few GCs --->", &[])])
        .from("v8 src/api/api.cc"),
        entry("node-port-in-use", StartFailed, Process, "The port is in use")
        .any(&["listen EADDRINUSE"])
        .re(r"listen EADDRINUSE:? (?:address already in use )?(?<addr>\S+)")
        .hits(&[("Error: listen EADDRINUSE: address already in use :::3000", &[("addr", ":::3000")])])
        .from("node lib/net.js"),
        entry("node-listen-denied", StartFailed, Process, "The port may not be opened")
        .any(&["listen EACCES", "listen EADDRNOTAVAIL"])
        .re(r"listen (?<reason>EACCES|EADDRNOTAVAIL):? (?:permission denied |address not available )?(?<addr>\S+)")
        .hits(&[
            ("Error: listen EACCES: permission denied 0.0.0.0:80", &[("reason", "EACCES"), ("addr", "0.0.0.0:80")]),
        ])
        .from("node lib/net.js"),
        entry("node-module-missing", StartFailed, Process, "A module that the program needs is missing")
        .any(&["Error: Cannot find module", "ERR_MODULE_NOT_FOUND"])
        .re(r"(?:Error: Cannot find module '(?<path>[^']*)'|\bcode: 'ERR_MODULE_NOT_FOUND')")
        .hits(&[("Error: Cannot find module '/srv/app/server.js'", &[("path", "/srv/app/server.js")])])
        .from("node lib/internal/modules"),
        entry("node-uncaught", Crash, Process, "An uncaught exception or rejection ended the process")
        .any(&["Node.js v", "Unhandled 'error' event", "triggerUncaughtException", "uncaughtException"])
        .re(r"(?:(?:^(?<reason>(?:[A-Za-z_$][\w$.]*)?(?:Error|Exception)(?: \[\w+\])?: [^\n]*)(?:\n[^\n]*)*?\n)?^Node\.js v\d+\.\d+\.\d+\s*$|throw er; // Unhandled 'error' event|triggerUncaughtException\(|\buncaughtException\b)")
        .hits(&[
            ("/srv/app/server.js:88\n    order.total = 1;\n                ^\n\nTypeError: Cannot set properties of undefined (setting 'total')\n    at handle (/srv/app/server.js:88:17)\n\nNode.js v20.20.2", &[("reason", "TypeError: Cannot set properties of undefined (setting 'total')")]),
            ("Node.js v20.20.2", &[]),
            ("uncaughtException: boom", &[]),
        ])
        .misses(&["starting on Node.js v20.20.2 in production"])
        .from("node lib/internal/process/execution.js"),
        entry("node-cluster-died", Crash, Worker, "A worker of a cluster died, says its primary process")
        .any(&["worker"])
        .re(r"(?i:\bworker (?:process )?#?(?<pid>\d+) (?:has )?died\b)(?:[^\n]{0,20}?\((?:(?<code>\d+)|(?<signal>SIG[A-Z0-9]+))\))?")
        .hits(&[
            ("worker 4711 died", &[("pid", "4711")]),
            ("[primary 19193] worker 19205 died (1). Restarting...", &[("pid", "19205"), ("code", "1")]),
            ("worker 4711 died (SIGKILL)", &[("pid", "4711"), ("signal", "SIGKILL")]),
        ])
        .misses(&["the worker 5 days ago died down", "GET /worker/12/died HTTP/1.1"])
        .from("node doc/api/cluster.md"),
        entry(
            "node-unhandled-rejection",
            Crash,
            Process,
            "A promise was rejected and nobody handled it: ends the process since Node 15",
        )
        .any(&[
            "UnhandledPromiseRejection",
            "unhandledRejection",
            "Unhandled Rejection",
            "ERR_UNHANDLED_REJECTION",
            "Unhandled promise rejection",
        ])
        .re(r"(?:UnhandledPromiseRejection(?:Warning)?: |ERR_UNHANDLED_REJECTION|[Uu]nhandled ?(?:[Pp]romise )?[Rr]ejection\b)(?<reason>[^\n]*)")
        .hits(&[
            ("(node:1) UnhandledPromiseRejectionWarning: Error: boom", &[("reason", "Error: boom")]),
            ("unhandledRejection at: Promise { <rejected> Error: boom }", &[("reason", " at: Promise { <rejected> Error: boom }")]),
        ])
        .from("node lib/internal/process/promises.js"),
        entry("node-file-watchers", Noise, Process, "No inotify watches left: not a full disk")
        .any(&["System limit for number of file watchers reached"])
        .hits(&[("Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app'", &[])])
        .from("libuv src/unix/linux.c"),
        entry("node-header-overflow", ProtocolError, Request, "Request headers over the limit: 431")
        .any(&["HPE_HEADER_OVERFLOW"])
        .hits(&[("Parse Error: Header overflow, code: 'HPE_HEADER_OVERFLOW'", &[])])
        .from("llhttp"),
        entry("node-parse-error", ProtocolError, Request, "Bytes that are no HTTP")
        .any(&["HPE_INVALID", "Parse Error: Invalid"])
        .re(r#"(?:(?:^|[\s:(\"'])HPE_INVALID_\w+|Parse Error: Invalid (?<reason>[^\n"]+))"#)
        .hits(&[
            ("clientError: Parse Error: Invalid method encountered", &[("reason", "method encountered")]),
        ])
        .from("llhttp"),
        entry(
            "node-client-error",
            PeerGone,
            Request,
            "A client's connection broke before or within a request",
        )
        .any(&["client error", "clientError"])
        .re(r"[Cc]lient ?[Ee]rror\b[^\n]*\b(?:ECONNRESET|EPIPE|ERR_HTTP_REQUEST_TIMEOUT)")
        .hits(&[
            ("client error: read ECONNRESET", &[]),
            ("clientError Error: write EPIPE", &[]),
        ])
        .from("llhttp"),
        entry("node-headers-sent", RequestException, Request, "A handler answered twice")
        .any(&["ERR_HTTP_HEADERS_SENT", "Cannot set headers after they are sent"])
        .re(r"(?:ERR_HTTP_HEADERS_SENT\]|Cannot set headers after they are sent)")
        .hits(&[("Error [ERR_HTTP_HEADERS_SENT]: Cannot set headers after they are sent to the client", &[])])
        .from("node lib/_http_outgoing.js"),
        entry(
            "node-dependency-refused",
            DependencyFailed,
            Process,
            "A connection to something the application depends on failed",
        )
        .any(&[
            "connect ECONNREFUSED",
            "connect ETIMEDOUT",
            "connect EHOSTUNREACH",
            "connect ENETUNREACH",
            "connect ECONNRESET",
            "connect ENOENT",
            "connect EACCES",
            "AggregateError [ECONNREFUSED]",
        ])
        .re(r#"(?:connect (?<reason>E[A-Z]+)(?: (?<addr>[^\s,"']+))?|AggregateError \[ECONNREFUSED\])"#)
        .hits(&[
            ("Error: connect ECONNREFUSED 127.0.0.1:5432", &[("reason", "ECONNREFUSED"), ("addr", "127.0.0.1:5432")]),
            ("AggregateError [ECONNREFUSED]: ", &[]),
        ])
        .from("node lib/net.js"),
        entry("node-dns", DnsFailed, Process, "A name could not be resolved")
        .any(&[
            "getaddrinfo ENOTFOUND",
            "getaddrinfo EAI_AGAIN",
            "queryA ETIMEOUT",
            "queryA ENOTFOUND",
            "querySrv",
        ])
        .re(r#"(?:getaddrinfo|query\w+) (?<reason>E[A-Z_]+)(?: (?<name>[^\s,"']+))?"#)
        .hits(&[
            ("Error: getaddrinfo ENOTFOUND db.internal", &[("reason", "ENOTFOUND"), ("name", "db.internal")]),
            ("Error: getaddrinfo EAI_AGAIN db.internal", &[("reason", "EAI_AGAIN"), ("name", "db.internal")]),
        ])
        .from("node lib/dns.js"),
        entry("node-tls", TlsError, Process, "A certificate was refused")
        .any(&[
            "CERT_HAS_EXPIRED",
            "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
            "DEPTH_ZERO_SELF_SIGNED_CERT",
            "self signed certificate",
            "self-signed certificate",
            "ERR_TLS_CERT_ALTNAME_INVALID",
        ])
        .re(r"(?:(?:code: '|\[|Error: )(?<reason>CERT_HAS_EXPIRED|UNABLE_TO_VERIFY_LEAF_SIGNATURE|DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS_CERT_ALTNAME_INVALID)\b|[Ee]rror: self[ -]signed certificate)")
        .hits(&[
            ("Error: self signed certificate in certificate chain", &[]),
            ("code: 'CERT_HAS_EXPIRED'", &[("reason", "CERT_HAS_EXPIRED")]),
        ])
        .from("node lib/_tls_wrap.js"),
        entry("node-tls-protocol", ProtocolError, Process, "The other side does not speak TLS")
        .any(&["ERR_SSL_WRONG_VERSION_NUMBER", "EPROTO"])
        .re(r"(?:ERR_SSL_WRONG_VERSION_NUMBER'|write EPROTO)")
        .hits(&[
            ("Error: write EPROTO 140:error:1408F10B:SSL routines:ssl3_get_record:wrong version number", &[]),
        ])
        .from("node lib/_tls_wrap.js"),
        entry(
            "node-hang-up",
            DependencyFailed,
            Process,
            "Something the application talks to closed the connection",
        )
        .any(&["socket hang up", "read ECONNRESET", "Premature close"])
        .re(r"(?:[Ee]rror: |^|: )(?<reason>socket hang up|read ECONNRESET|Premature close)")
        .hits(&[
            ("Error: socket hang up", &[("reason", "socket hang up")]),
            ("Error: read ECONNRESET", &[("reason", "read ECONNRESET")]),
        ])
        .from("node lib/_http_client.js"),
        entry("node-stack-overflow", RequestException, Request, "The call stack was exceeded")
        .any(&["Maximum call stack size exceeded"])
        .hits(&[("RangeError: Maximum call stack size exceeded", &[])])
        .from("v8"),
        entry(
            "node-error-stack",
            RequestException,
            Request,
            "An error with its stack, printed by the framework: 500",
        )
        .any(&["\n    at "])
        .re(r"^(?:[\w$.]*\b)?(?<reason>(?:\w*Error)(?: \[\w+\])?: [^\n]*)\n(?:    at |[^\n]*\n    at )")
        .hits(&[
            ("TypeError: Cannot read properties of undefined (reading 'id')\n    at handle (/srv/app/server.js:88:17)", &[("reason", "TypeError: Cannot read properties of undefined (reading 'id')")]),
        ])
        .from("node, express lib/application.js"),
        entry("node-listeners", Noise, Process, "A warning about many listeners")
        .any(&["MaxListenersExceededWarning", "DeprecationWarning:", "ExperimentalWarning:"])
        .re(r"\(node:(?<pid>\d+)\) (?:\[\w+\] )?\w+Warning:")
        .hits(&[
            ("(node:7) MaxListenersExceededWarning: Possible EventEmitter memory leak detected. 11 close listeners added to [Socket].", &[("pid", "7")]),
        ])
        .from("node lib/events.js"),
        entry("next-ready", ProcessReady, Process, "Next or Nest is ready")
        .any(&["Ready in", "Nest application successfully started", "ready - started server on"])
        .re(r"(?:Ready in (?:(?<seconds>[\d.]+) ?s|(?<ms>\d+) ?ms)|Nest application successfully started|ready - started server on (?<addr>\S+))")
        .hits(&[
            ("✓ Ready in 1.2s", &[("seconds", "1.2")]),
            ("Nest application successfully started", &[]),
        ])
        .from("next packages/next/src/server/lib/app-info-log.ts, nest packages/core"),
    ],
};
