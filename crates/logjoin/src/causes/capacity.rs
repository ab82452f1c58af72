//! The backend is there and busy.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::WorkerPoolExhausted,
        title: "all workers busy, queues overflow",
        meaning: "Every worker or connection of the backend was taken, so that new requests waited until a timer ran out or were turned away.",
        seen_as: "Timeouts and refusals on all paths at once while durations climb; `server reached pm.max_children`, `listen queue ... full`, pool timeouts; HAProxy `sQ`, or `sH` with a long queue; errno 11 on a unix socket.",
        look_alikes: &[
            (C::BackendHang, "only some paths are slow and the rest is served"),
            (C::ConnectTimeout, "no connection succeeds at all, not even slowly"),
            (C::UnevenLoad, "the other servers of the group are idle"),
            (C::ProxyResources, "the proxy's own log complains, the backend is idle"),
        ],
        checks: &[
            "concurrency against the number of workers, minute by minute",
            "what the workers wait for: the database's pool, a lock, a remote call",
            "accept queue overflows: `nstat TcpExtListenOverflows`, `ss -ltn` (Recv-Q against Send-Q)",
        ],
        fixes: &[
            backend(
                "more workers (`pm.max_children`, `--workers`, `maxThreads`), a larger backlog, a bounded wait for the database's pool",
            ),
            host("`net.core.somaxconn` must be as large as the backlog that was asked for"),
            nginx("`max_conns` on each `server`, and `limit_req` for the path that floods"),
            httpd("`max` and `acquire` on the worker bound what waits in front of the backend"),
            haproxy(
                "`maxconn` on each `server` with a short `timeout queue`: a fast 503 is better than a slow 504",
            ),
        ],
    },
    CausePage {
        id: C::WorkerTimeout,
        title: "the server killed a stuck worker",
        meaning: "The application server's own supervisor ended a worker that took too long, and with it the request.",
        seen_as: "The proxy sees a premature close after a round number of seconds; the backend logs `WORKER TIMEOUT`, `HARAKIRI`, `execution timed out ... terminating` or a check-in that failed.",
        look_alikes: &[
            (C::BackendCrash, "no line of the supervisor about time"),
            (C::TimeoutTooShort, "the proxy's timer ran out first, and the backend completed later"),
            (C::OomKill, "the worker was killed by the kernel; gunicorn only guesses at memory"),
        ],
        checks: &[
            "which request the worker had, and what it waited for",
            "the server's limit against the proxy's: gunicorn `timeout` is 30 s by default",
            "does a blocking call sit in an asynchronous worker",
        ],
        fixes: &[
            backend("make the slow call faster or asynchronous; set its own timeout below the worker's"),
            backend(
                "raise `--timeout`, `harakiri`, `request_terminate_timeout` or `worker_timeout` only for paths that need it",
            ),
            nginx(
                "keep `proxy_read_timeout` a little above the worker's limit, so that the backend's answer is the one that counts",
            ),
            haproxy("keep `timeout server` a little above the worker's limit"),
            httpd(
                "`ProxyTimeout` a little below the server's worker timeout, so that the proxy gives up first and says so",
            ),
        ],
    },
    CausePage {
        id: C::FdExhaustion,
        title: "out of file descriptors",
        meaning: "The backend process had no file descriptor left to accept or to open anything.",
        seen_as: "Connections that hang or are refused although the process lives; `too many open files` (errno 24) in its log, often at accept.",
        look_alikes: &[
            (C::WorkerPoolExhausted, "workers are busy, but files are not short"),
            (C::ProxyResources, "the line stands in the proxy's log, not in the backend's"),
        ],
        checks: &[
            "`ls /proc/PID/fd | wc -l` against `Max open files` in `/proc/PID/limits`",
            "what is open: sockets in CLOSE_WAIT are a leak of the application",
        ],
        fixes: &[
            backend("close what is opened; pool connections to databases and services"),
            host("`LimitNOFILE=` of the unit, or the container's ulimit"),
            nginx("upstream `keepalive` bounds the idle connections that each worker holds open"),
            haproxy("`maxconn` on the `server` below the backend's limit"),
            httpd(
                "`max` on the worker bounds the connections of one httpd process; `disablereuse=On` only to find out whether kept connections are what fills the table",
            ),
        ],
    },
    CausePage {
        id: C::UnevenLoad,
        title: "one server gets more than its share",
        meaning: "Requests were not spread as configured, and the server that got most of them was overloaded.",
        seen_as: "Shares per server that differ from the weights, with failures and long durations where the share is highest.",
        look_alikes: &[
            (C::OneBadServer, "the share is fair and only the failures are not"),
            (C::WorkerPoolExhausted, "all servers are overloaded alike"),
        ],
        checks: &[
            "requests and concurrency per server against the weights",
            "sticky sessions or a hash over a key with few values (one office's address, one tenant)",
            "servers that came back recently, or were left out",
        ],
        fixes: &[
            nginx("`least_conn` or `random two least_conn` instead of `ip_hash`; check `weight`"),
            httpd("`lbmethod=bybusyness`; check `loadfactor` and `stickysession`"),
            haproxy("`balance leastconn`, `hash-balance-factor` for hashes, `maxconn` on each `server`"),
        ],
    },
    CausePage {
        id: C::OneBadServer,
        title: "one of several servers is bad",
        meaning: "Failures concentrate on one server of the group although it gets a fair share.",
        seen_as: "Nearly all failures name one address while the others serve the same paths.",
        look_alikes: &[
            (C::UnevenLoad, "it fails because it gets more than its share"),
            (C::AppError, "all servers fail alike"),
        ],
        checks: &[
            "what differs: release, configuration, host, disk, dependency",
            "when it began, against releases and restarts of that instance",
        ],
        fixes: &[
            host("take it out, then compare it with a good one"),
            nginx(
                "`max_fails` and `fail_timeout` on the `server`, `proxy_next_upstream ... http_502 http_503`",
            ),
            httpd("`failonstatus=500,502,503` on the balancer"),
            haproxy("`observe layer7` with `on-error mark-down` and `error-limit`"),
        ],
    },
];
