//! Somebody waited longer than somebody allows.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::TimeoutTooShort,
        title: "the proxy gave up too early",
        meaning: "The backend completed the request normally, later than the proxy was willing to wait.",
        seen_as: "504 after exactly the proxy's timer, and for the same request a success in the backend's log that ends later; often a broken pipe there.",
        look_alikes: &[
            (C::BackendHang, "the backend never completed the request"),
            (C::LatencyDegradation, "the handler was as fast as always: the time went on the way"),
            (C::ClientAbort, "the client's timer was the shorter one: 499, or HAProxy `CH`"),
        ],
        checks: &[
            "durations of the joined backend requests against the timer: how many would a longer one have served",
            "the timers of the whole chain, from the client inwards: each should be longer than the next",
            "has the path become slower since yesterday",
        ],
        fixes: &[
            nginx(
                "`proxy_read_timeout` (60 s by default; `fastcgi_read_timeout`, `uwsgi_read_timeout`, `grpc_read_timeout`) in the `location` that needs it",
            ),
            httpd("`ProxyTimeout`, or `timeout=` on the worker of that path"),
            haproxy("`timeout server` in the `backend`"),
            backend("answer 202 and do the work in the background, where it takes minutes"),
        ],
    },
    CausePage {
        id: C::BackendHang,
        title: "the handler never finished",
        meaning: "The backend took the request and never completed it: a lock, a lost reply, an endless loop.",
        seen_as: "504 after exactly the proxy's timer with nothing in the backend's access log for the request, although the log covers it; sometimes a start of the request without an end.",
        look_alikes: &[
            (C::TimeoutTooShort, "the request was completed later"),
            (C::WorkerPoolExhausted, "it never got a worker: all paths are slow"),
            (C::ConnectTimeout, "the connection never stood, the backend has not seen it"),
        ],
        checks: &[
            "a thread dump while it hangs (`jstack`, `py-spy dump`, SIGQUIT)",
            "locks and slow statements of the database at that time",
            "remote calls without a timeout",
        ],
        fixes: &[
            backend("a timeout on every remote call and every lock, shorter than the proxy's"),
            nginx(
                "`proxy_next_upstream timeout` moves on to another server; `proxy_next_upstream_timeout` bounds the sum",
            ),
            httpd("`ProxyTimeout`, so that one path does not hold all of `MaxRequestWorkers`"),
            haproxy("`timeout server` short for paths that are known to be fast"),
        ],
    },
    CausePage {
        id: C::LatencyDegradation,
        title: "the way became slow",
        meaning: "The path between proxy and backend became slow while the handlers were as fast as before.",
        seen_as: "The proxy's durations grow, the backend's own for the same requests do not; connect times rise, or step to 1 s, 3 s and 7 s (lost SYNs).",
        look_alikes: &[
            (C::TimeoutTooShort, "the backend's own durations are long as well"),
            (C::NetworkPacketLoss, "established connections lose segments or break"),
            (
                C::WorkerPoolExhausted,
                "the time goes in the accept queue: the backend counts it only from accept on",
            ),
        ],
        checks: &[
            "connect time and first-byte time per server, against the backend's own duration",
            "retransmissions on both hosts: `ss -ti`, `nstat`",
            "other services on the same host or link",
        ],
        fixes: &[
            host("links, queues and noisy neighbours between the two; place them in one zone"),
            nginx("`keepalive` in the `upstream` spares a handshake for each request"),
            httpd("`enablereuse`, `keepalive=On` and a short `connectiontimeout` on the worker"),
            haproxy(
                "`timeout connect` of a few seconds with `retries` and `option redispatch`; `http-reuse safe`",
            ),
        ],
    },
];
