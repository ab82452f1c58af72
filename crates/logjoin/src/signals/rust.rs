//! Rust: the standard library's panics, hyper, sqlx and other pools, actix.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "rust",
    title: "Rust",
    programs: &["rust"],
    is_exclusive: false,
    signals: &[
        entry("rust-addr-in-use", StartFailed, Process, "The listening address is in use")
        .any(&["kind: AddrInUse", "(os error 98)"])
        .re(r"(?:kind: AddrInUse|Address already in use \(os error 98\))")
        .hits(&[
            ("called `Result::unwrap()` on an `Err` value: Os { code: 98, kind: AddrInUse, message: \"Address already in use\" }", &[]),
            ("Error: Address already in use (os error 98)", &[]),
        ])
        .from("rust library/std/src/io/error.rs"),
        entry("rust-main-panic", Crash, Process, "The main thread panicked: the process ends")
        .any(&["thread 'main'"])
        .re(r"thread 'main' (?:\((?<thread>\d+)\) )?panicked at (?<path>[^\n]+)(?:\n(?<reason>[^\n]+))?")
        .hits(&[
            ("thread 'main' panicked at src/main.rs:4:81:\nboom", &[("path", "src/main.rs:4:81:"), ("reason", "boom")]),
        ])
        .from("rust library/std/src/panicking.rs"),
        entry(
            "rust-panic",
            RequestException,
            Worker,
            "A task panicked: its connection closes without an answer, the process lives on",
        )
        .any(&["panicked at"])
        .re(r"thread '(?<name>[^']*)' (?:\((?<thread>\d+)\) )?panicked at (?<path>[^\n]+)(?:\n(?<reason>[^\n]+))?")
        .hits(&[
            ("thread 'tokio-runtime-worker' (28919) panicked at src/main.rs:4:81:\nboom", &[("name", "tokio-runtime-worker"), ("thread", "28919"), ("path", "src/main.rs:4:81:"), ("reason", "boom")]),
        ])
        .from("rust library/std/src/panicking.rs"),
        entry("rust-abort", Crash, Process, "The process aborted")
        .any(&["has overflowed its stack", "fatal runtime error:"])
        .re(r"(?:thread '(?<thread>[^']*)' has overflowed its stack|fatal runtime error: (?<reason>[^\n]+))")
        .hits(&[
            ("thread 'main' has overflowed its stack", &[("thread", "main")]),
            ("fatal runtime error: stack overflow, aborting", &[("reason", "stack overflow, aborting")]),
        ])
        .from("rust library/std/src/rt.rs"),
        entry("rust-alloc", OomKill, Process, "An allocation failed: the process aborts")
        .any(&["memory allocation of"])
        .re(r"memory allocation of (?<limit>\d+) bytes failed")
        .hits(&[("memory allocation of 1073741824 bytes failed", &[("limit", "1073741824")])])
        .from("rust library/std/src/alloc.rs"),
        entry("hyper-closed", DependencyFailed, Request, "A connection ended before the message was complete")
        .any(&["connection closed before message completed"])
        .hits(&[("hyper::Error(IncompleteMessage): connection closed before message completed", &[])])
        .from("hyper src/error.rs"),
        entry("hyper-protocol", ProtocolError, Request, "Bytes that are no HTTP, or a head over the limit")
        .any(&["message head is too large", "invalid HTTP version parsed", "invalid HTTP method parsed"])
        .re(r"(?<reason>message head is too large|invalid HTTP (?:version|method) parsed)")
        .hits(&[
            ("invalid HTTP version parsed (found HTTP2 preface)", &[("reason", "invalid HTTP version parsed")]),
        ])
        .from("hyper src/error.rs"),
        entry("hyper-slow-head", Slow, Request, "A client sent its request too slowly")
        .any(&["read header from client timeout"])
        .hits(&[("read header from client timeout", &[])])
        .from("hyper src/error.rs"),
        entry("rust-pool", DependencyExhausted, Process, "No connection of a pool came free in time")
        .any(&[
            "pool timed out while waiting for an open connection",
            "Timed out in bb8",
            "waiting for a slot to become available",
        ])
        .hits(&[("pool timed out while waiting for an open connection", &[])])
        .from("sqlx, bb8, deadpool"),
        entry("actix-started", ProcessReady, Process, "actix serves")
        .any(&["starting service:"])
        .re(r#"starting service: "(?<name>[^"]*)", workers: (?<limit>\d+), listening on: (?<addr>\S+)"#)
        .hits(&[
            ("starting service: \"actix-web-service-0.0.0.0:8080\", workers: 4, listening on: 0.0.0.0:8080", &[("name", "actix-web-service-0.0.0.0:8080"), ("limit", "4"), ("addr", "0.0.0.0:8080")]),
        ])
        .from("actix-server src/builder.rs"),
        entry("actix-stopping", StopRequested, Process, "actix stops")
        .any(&["starting graceful shutdown", "starting forced shutdown"])
        .re(r"(?<signal>SIG[A-Z]+) received; starting (?:graceful|forced) shutdown")
        .hits(&[("SIGTERM received; starting graceful shutdown", &[("signal", "SIGTERM")])])
        .from("actix-server src/builder.rs"),
    ],
};
