//! The proxy's own view and state, the client, and what stays unexplained.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::NoLiveUpstreams,
        title: "the proxy took out every server",
        meaning: "By the proxy's own counting no server of the group was usable, and no other cause was found.",
        seen_as: "`no live upstreams`, `All workers are in error state`, HAProxy 503 `SC` with `<NOSRV>`; no attempt was made.",
        look_alikes: &[
            (C::BackendCrash, "the servers did fail before: then that is the cause, and this its echo"),
            (C::HealthCheckFailing, "checks took them out, not requests"),
            (C::BackendMaintenance, "an operator took them out"),
        ],
        checks: &[
            "what the first servers failed with, just before",
            "how few failures are enough: nginx takes a server out for 10 s after one",
        ],
        fixes: &[
            nginx(
                "`max_fails=3 fail_timeout=5s` on each `server`, a `backup` server, `proxy_next_upstream` without statuses that the application uses",
            ),
            httpd("`retry=` shorter than 60 s on the members, `forcerecovery=On` on the balancer"),
            haproxy("`fall` and `inter` on the `server`, a `backup` server, `option redispatch`"),
        ],
    },
    CausePage {
        id: C::HealthCheckFailing,
        title: "checks fail, the application would serve",
        meaning: "Health checks took servers out although they would have served requests, or they flapped.",
        seen_as: "DOWN lines with a reason such as a 404, 401 or timeout of the check, while requests to the same server succeed until then.",
        look_alikes: &[
            (C::BackendDown, "requests to the server failed as well"),
            (C::WorkerPoolExhausted, "the check timed out because the server was overloaded"),
        ],
        checks: &[
            "path, host name, status and timeout of the check against what the application answers",
            "the check's lines in the backend's access log",
            "how often it went down and up: flapping wants `rise` and `fall`",
        ],
        fixes: &[
            backend("a check that is cheap, needs no login and does not fail with a dependency"),
            nginx("passive counting only: `max_fails`, `fail_timeout`"),
            httpd("`hcmethod`, `hcuri`, `hcinterval`, `hcfails`, `hcexpr` on the member"),
            haproxy(
                "`option httpchk` with `http-check send meth GET uri /health hdr Host ...`, `http-check expect`, `timeout check`, `rise`, `fall`",
            ),
        ],
    },
    CausePage {
        id: C::ProxyResources,
        title: "the proxy ran out of something",
        meaning: "The proxy had no connection, file, port, worker, memory or disk space left.",
        seen_as: "`worker_connections are not enough`, `too many open files`, `Cannot assign requested address` (errno 99), `server reached MaxRequestWorkers`, HAProxy `PC` or `RC`.",
        look_alikes: &[
            (C::WorkerPoolExhausted, "the backend is the busy one; often it comes first and this follows"),
            (C::FdExhaustion, "the line stands in the backend's log"),
        ],
        checks: &[
            "which resource the line names",
            "connections in TIME_WAIT to one address: `ss -s`, `ss -tan state time-wait`",
            "files: `/proc/PID/limits`; disk: `df` of the temporary and log directories",
        ],
        fixes: &[
            nginx(
                "`worker_connections`, `worker_rlimit_nofile`; `keepalive` in the `upstream` saves ports; `proxy_bind` with several addresses",
            ),
            httpd("`MaxRequestWorkers` with `ServerLimit`; `enablereuse` on the worker"),
            haproxy(
                "`maxconn` (global and `frontend`), `ulimit-n`, `source ADDRESS:1024-65535` on the `server`",
            ),
            host("`LimitNOFILE=`, `net.ipv4.ip_local_port_range`, `net.ipv4.tcp_tw_reuse`"),
        ],
    },
    CausePage {
        id: C::BackendMaintenance,
        title: "an operator took the server out",
        meaning: "The server was put into maintenance or drained by hand, by an agent or through the API.",
        seen_as: "HAProxy's lines about maintenance or drain without a failed check; then 503 with `<NOSRV>` once none is left.",
        look_alikes: &[
            (C::HealthCheckFailing, "a reason of a failed check is given"),
            (C::DeployRestart, "the backend was stopped, the proxy was not told"),
            (C::DnsFailure, "the maintenance says that the name did not resolve"),
        ],
        checks: &[
            "who changed it, and whether it was meant for all servers at once",
            "capacity of those that are left",
        ],
        fixes: &[
            nginx("`down` on one `server` at a time"),
            httpd("the balancer manager's drain (`+N`) or disable (`+D`), one member at a time"),
            haproxy("`state drain` before `state maint`; a `backup` server or a friendly `errorfile 503`"),
        ],
    },
    CausePage {
        id: C::ProxyRestarting,
        title: "the proxy itself was restarting",
        meaning: "The proxy was stopped or reloaded, and requests were cut or refused meanwhile.",
        seen_as: "Failures between the proxy's own stop and start lines; old workers that are still shutting down.",
        look_alikes: &[
            (C::ProxyInternalError, "nobody asked for the restart"),
            (C::DeployRestart, "the backend restarted, not the proxy"),
        ],
        checks: &[
            "reload or restart: which did the deployment do",
            "long requests, uploads and websockets at that time",
        ],
        fixes: &[
            nginx("`nginx -s reload` instead of a restart; `worker_shutdown_timeout`"),
            httpd("`apachectl graceful`; `GracefulShutdownTimeout`"),
            haproxy("`-Ws` with `expose-fd listeners`, `hard-stop-after`"),
        ],
    },
    CausePage {
        id: C::ProxyInternalError,
        title: "a bug or crash of the proxy",
        meaning: "The proxy itself failed: an assertion, a crashed worker, an internal error.",
        seen_as: "`[alert] worker process ... exited on signal`, `child ... exit signal Segmentation fault`, HAProxy termination state `I?`.",
        look_alikes: &[
            (C::ProxyResources, "it names a resource that ran out"),
            (C::ProxyRestarting, "it was told to stop"),
        ],
        checks: &["the core dump, and third-party modules or scripts", "known bugs of that version"],
        fixes: &[
            nginx("upgrade; take out dynamic modules one by one; `worker_rlimit_core`"),
            httpd("upgrade; `CoreDumpDirectory`"),
            haproxy("upgrade; `set-dumpable`; Lua scripts and filters"),
        ],
    },
    CausePage {
        id: C::RequestLimited,
        title: "a limit or rule refused it",
        meaning: "The proxy refused the request by a rate limit, a connection limit or a rule.",
        seen_as: "503 without an attempt and a `limiting requests` or `limiting connections` line; HAProxy `PR` or `PT`.",
        look_alikes: &[
            (C::NoLiveUpstreams, "no server was left; nothing was limited"),
            (C::ProxyResources, "the limit is the proxy's own, not the client's"),
        ],
        checks: &[
            "which clients and paths, and whether they are people",
            "is the key the client, or a proxy before it that all share",
        ],
        fixes: &[
            nginx("`limit_req zone=... burst= nodelay`; `limit_req_status 429` tells it from failures"),
            httpd("httpd itself limits bandwidth only (`mod_ratelimit`); look at the rules of added modules"),
            haproxy("`http-request deny deny_status 429` with the stick table's threshold"),
        ],
    },
    CausePage {
        id: C::ClientAbort,
        title: "the client went away",
        meaning: "The client, or a proxy before this one, closed before the answer was complete; that is no failure of the gateway.",
        seen_as: "nginx 499, httpd `%X` of X, HAProxy `C?` or `c?`; listed apart and not counted among the failures.",
        look_alikes: &[(
            C::TimeoutTooShort,
            "many end at the same round duration: then a client's timer is shorter than the backend needs",
        )],
        checks: &[
            "durations of the aborted requests: one value points at a timer",
            "the timers of the balancer or CDN in front",
        ],
        fixes: &[
            backend("make the slow path faster, or answer in parts"),
            nginx("`proxy_ignore_client_abort on` lets the backend finish"),
            haproxy("`option abortonclose` frees the queue of requests nobody waits for"),
            httpd(
                "a request that must be finished although nobody waits belongs behind a queue; `ProxyTimeout` bounds how long the backend is held for it",
            ),
        ],
    },
    CausePage {
        id: C::Custom,
        title: "what a rule of one's own found",
        meaning: "A rule that the embedding program added to the built-in ones recognised it; the detail names that rule.",
        seen_as: "Whatever that rule looks for; its evidence names the lines.",
        look_alikes: &[],
        checks: &["read the lines of the evidence, and what the rule's author says would refute it"],
        fixes: &[
            nginx("as the advice of the rule says"),
            httpd("as the advice of the rule says"),
            haproxy("as the advice of the rule says"),
        ],
    },
    UNKNOWN,
];

/// The page of what stays unexplained; also stands in where a page is missing.
pub(super) const UNKNOWN: CausePage = CausePage {
    id: C::Unknown,
    title: "not explained",
    meaning: "The logs that were given do not tell; the report says which log or field is missing.",
    seen_as: "A gateway status without an error line, an upstream address or a backend's log that covers the moment.",
    look_alikes: &[],
    checks: &[
        "are all logs there: error log of the proxy, access and error log of each backend, the kernel's journal",
        "do they cover the time: rotation, other hosts, other zones",
    ],
    fixes: &[
        nginx(
            "`log_format` with `$request_id $connection $upstream_addr $upstream_status $upstream_connect_time $upstream_header_time $upstream_response_time`; `error_log ... warn`",
        ),
        httpd("`LogFormat` with `%{BALANCER_WORKER_NAME}e %D %X %L`; `ErrorLogFormat` with `%L`"),
        haproxy(
            "`option httplog` (never `tcplog` for HTTP), `option log-health-checks`, `unique-id-header X-Request-ID`",
        ),
        backend("an access log with milliseconds, duration and the proxy's request id"),
        host("keep the kernel's journal: it alone knows who was killed"),
    ],
};
