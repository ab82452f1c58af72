//! The system's own words, wherever they are logged: files, disks, names, pipes, permissions.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "system-errors",
    title: "System errors in any program's words",
    programs: &["any"],
    is_exclusive: false,
    signals: &[
        entry("too-many-files", FdExhausted, Process, "No file descriptor is left")
        .any(&["too many open files", "EMFILE", "ENFILE", "(os error 24)"])
        .re(r#"(?:(?:^|[\s:=\["'(])[Tt]oo many open files\b(?: in system)?|(?:^|[\s:\["'(])E[MN]FILE(?::|'|\)|\]|,|$)|\(os error 24\))"#)
        .hits(&[
            ("open /etc/hostname: too many open files", &[]),
            ("Error: EMFILE: too many open files, open '/srv/data.json'", &[]),
            ("OSError: [Errno 24] Too many open files: '/srv/data.json'", &[]),
            ("java.io.IOException: Too many open files", &[]),
        ])
        .misses(&["GET /docs/too-many-open-files HTTP/1.1", "GET /errors/EMFILE HTTP/1.1"])
        .from("errno(3) EMFILE, ENFILE"),
        entry("disk-quota", DiskFull, Process, "No space is left")
        .any(&["No space left on device", "ENOSPC", "Disk quota exceeded", "Read-only file system"])
        .re(r#"(?:(?:^|[\s:\]"'(])(?:[Nn]o space left on device|[Dd]isk quota exceeded|[Rr]ead-only file system)|\bENOSPC: no space left)"#)
        .hits(&[
            ("OSError: [Errno 28] No space left on device", &[]),
            ("ENOSPC: no space left on device, write", &[]),
            ("could not extend file \"base/16384/2619\": No space left on device", &[]),
        ])
        .misses(&["(28)No space left on device in a header line is AH10124"])
        .from("errno(3) ENOSPC, EDQUOT, EROFS"),
        entry("name-resolution", DnsFailed, Process, "A name could not be resolved")
        .any(&[
            "Name or service not known",
            "Temporary failure in name resolution",
            "No address associated with hostname",
            "nodename nor servname provided",
            "Name does not resolve",
            "Could not resolve host",
            "getaddrinfo failed",
            "NXDOMAIN",
            "SERVFAIL",
        ])
        .re(r#"(?:(?<reason>Name or service not known|Temporary failure in name resolution|No address associated with hostname|nodename nor servname provided|Name does not resolve|getaddrinfo failed)|Could not resolve host: (?<name>[^\s"']+)|(?:^|[\s:(=])(?:NXDOMAIN|SERVFAIL)(?:[\s:),]|$))"#)
        .hits(&[
            ("failed to lookup address information: Name or service not known", &[("reason", "Name or service not known")]),
            ("socket.gaierror: [Errno -3] Temporary failure in name resolution", &[("reason", "Temporary failure in name resolution")]),
            ("cURL error 6: Could not resolve host: api.partner.example", &[("name", "api.partner.example")]),
        ])
        .from("getaddrinfo(3)"),
        entry("memory-error", OomKill, Process, "A program could not get memory")
        .any(&["MemoryError", "std::bad_alloc", "Cannot allocate memory", "ENOMEM"])
        .re(r#"(?:^MemoryError\b|(?:^|[^/\w.+-])std::bad_alloc\b|(?:^|[\s:\]"'(])Cannot allocate memory\b|\bENOMEM: )"#)
        .hits(&[
            ("MemoryError", &[]),
            ("terminate called after throwing an instance of 'std::bad_alloc'", &[]),
            ("OSError: [Errno 12] Cannot allocate memory", &[]),
        ])
        .from("errno(3) ENOMEM, cpython, libstdc++"),
        entry("native-abort", Crash, Process, "A program aborted: a failed assertion or a damaged heap")
        .any(&[
            "terminate called after throwing",
            "double free or corruption",
            "stack smashing detected",
            "malloc(): corrupted",
            "free(): invalid pointer",
            "Assertion `",
        ])
        .re(r"(?:terminate called after throwing an instance of '(?<reason>[^']*)'|double free or corruption|stack smashing detected|malloc\(\): corrupted|free\(\): invalid pointer|Assertion `[^\n]*' failed)")
        .hits(&[
            ("terminate called after throwing an instance of 'std::runtime_error'\n  what():  boom", &[("reason", "std::runtime_error")]),
            ("double free or corruption (!prev)", &[]),
        ])
        .from("glibc malloc/malloc.c, libstdc++"),
        entry("python-fatal", Crash, Process, "The Python interpreter died")
        .any(&["Fatal Python error"])
        .re(r"Fatal Python error: (?<reason>[^\n]+)")
        .hits(&[("Fatal Python error: Segmentation fault", &[("reason", "Segmentation fault")])])
        .from("cpython Python/pylifecycle.c"),
        entry("shell-signal", Crash, Process, "A shell reports that its child died")
        .any(&["Segmentation fault", "Aborted", "Bus error", "Illegal instruction"])
        .re(r"^(?:\S+: line \d+: +(?<pid>\d+) )?(?<signal>Segmentation fault|Aborted|Bus error|Illegal instruction)(?: +\(core dumped\))?(?: +\S.*)?$")
        .hits(&[
            ("Segmentation fault (core dumped)", &[("signal", "Segmentation fault")]),
            ("./run.sh: line 3:  4711 Aborted                 (core dumped) ./server", &[("pid", "4711"), ("signal", "Aborted")]),
        ])
        .from("bash jobs.c"),
        entry("bind-in-use", StartFailed, Process, "The listening address is in use")
        .any(&["Address already in use", "EADDRINUSE", "already in use", "is in use"])
        .re(r"(?:(?:^|[\s:\](])[Aa]ddress already in use|\bEADDRINUSE\b[:' ]|[Pp]ort (?<port>\d+) is (?:already )?in use)")
        .hits(&[
            ("OSError: [Errno 98] Address already in use", &[]),
            ("Port 8080 is already in use", &[("port", "8080")]),
        ])
        .from("errno(3) EADDRINUSE"),
        entry("access-denied", PermissionDenied, Process, "The system refused access")
        .any(&["Permission denied", "EACCES", "Operation not permitted"])
        .re(r"(?:(?:^|[\s:\](])[Pp]ermission denied\b|\bEACCES: |\bPermissionError: )(?:[^\n]*?'(?<path>/[^']*)')?")
        .hits(&[
            ("PermissionError: [Errno 13] Permission denied: '/srv/data'", &[("path", "/srv/data")]),
            ("EACCES: permission denied, open '/srv/data'", &[("path", "/srv/data")]),
        ])
        .from("errno(3) EACCES"),
        entry("peer-gone", PeerGone, Request, "A write to a connection that the other side had closed")
        .any(&[
            "Broken pipe",
            "EPIPE",
            "client disconnected",
            "client closed connection",
            "ClientDisconnect",
            "ECONNABORTED",
        ])
        .re(r"(?:(?:^|[\s:\](])[Bb]roken pipe\b|(?:^|[^/\w.+-])BrokenPipeError\b|\bwrite EPIPE\b|(?:^|[^/\w.+-])ECONNABORTED\b|[Cc]lient (?:disconnected|closed (?:the )?connection)\b|(?:^|[^/\w+-])ClientDisconnect(?:ed)?\b)")
        .hits(&[
            ("BrokenPipeError: [Errno 32] Broken pipe", &[]),
            ("Broken pipe (os error 32)", &[]),
            ("Error: write EPIPE", &[]),
        ])
        .from("errno(3) EPIPE"),
        entry("tls-handshake", TlsError, Request, "A TLS handshake or a certificate check failed")
        .any(&[
            "certificate verify failed",
            "SSL handshake failed",
            "handshake failure",
            "certificate has expired",
            "unable to get local issuer",
            "SSLV3_ALERT",
        ])
        .re(r"(?<reason>certificate verify failed|SSL handshake failed|handshake failure|certificate has expired|unable to get local issuer certificate)")
        .hits(&[
            ("ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired", &[("reason", "certificate verify failed")]),
        ])
        .from("openssl ssl/ssl_err.c"),
        entry("tls-wrong-version", ProtocolError, Request, "The other side does not speak TLS")
        .any(&[
            "wrong version number",
            "WRONG_VERSION_NUMBER",
            "http request on https port",
            "unknown protocol",
        ])
        .re(r"(?:SSL[^\n]*(?i:wrong[ _]version[ _]number|http[ _]request|unknown protocol))")
        .hits(&[("ssl.SSLError: [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", &[])])
        .from("openssl ssl/ssl_err.c"),
        entry(
            "connection-refused",
            DependencyFailed,
            Process,
            "Something the program depends on refused or reset a connection, or did not answer",
        )
        .any(&[
            "Connection refused",
            "Connection reset by peer",
            "ECONNRESET",
            "ECONNREFUSED",
            "Connection timed out",
            "No route to host",
            "Network is unreachable",
            "Host is unreachable",
            "ETIMEDOUT",
        ])
        .re(r#"(?:(?:^|[\s:\](])(?<reason>[Cc]onnection refused|[Cc]onnection reset by peer|[Cc]onnection timed out|[Nn]o route to host|[Nn]etwork is unreachable|[Hh]ost is unreachable)\b|(?:^|[\s:\["'(])(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH)(?:[\s:'),]|$)(?:(?<addr>[\w.\[\]-]+:\d+))?)"#)
        .hits(&[
            ("failed to publish metrics to statsd: [Errno 111] Connection refused", &[("reason", "Connection refused")]),
            ("statsd flush failed: ECONNREFUSED 10.0.0.9:8125", &[("addr", "10.0.0.9:8125")]),
        ])
        .from("errno(3) ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH"),
        entry("thread-limit", PoolExhausted, Process, "No thread or process can be started")
        .any(&[
            "can't start new thread",
            "Resource temporarily unavailable",
            "fork failed",
            "pthread_create failed",
        ])
        .re(r"(?:can't start new thread|(?:fork|clone|pthread_create|thread)\b[^\n]*Resource temporarily unavailable|fork failed)")
        .hits(&[
            ("RuntimeError: can't start new thread", &[]),
            ("fork: retry: Resource temporarily unavailable", &[]),
        ])
        .from("errno(3) EAGAIN"),
    ],
};
