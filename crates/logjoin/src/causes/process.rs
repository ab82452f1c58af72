//! The backend's process: not there, dying, restarting, not coming up.

use super::{CausePage, backend, haproxy, host, httpd, nginx};
use crate::CauseId as C;

pub(super) const PAGES: &[CausePage] = &[
    CausePage {
        id: C::BackendDown,
        title: "nothing listens there",
        meaning: "The address was right and the host was alive, but no process listened on it.",
        seen_as: "Connections refused at once (errno 111, HAProxy `SC` with `Tc` -1), or a unix socket that is missing; the backend's log falls silent before and stays silent.",
        look_alikes: &[
            (
                C::WrongUpstreamPort,
                "that address never answered in the whole log, while the application is well on another one",
            ),
            (
                C::DeployRestart,
                "a line of an orderly stop before the first failure and a start after the last",
            ),
            (C::BackendCrash, "a signal, a panic or a supervisor's exit line just before"),
            (C::OomKill, "the kernel or the runtime names memory just before"),
            (C::FirewallReject, "the application runs and listens: the reset came from something between"),
        ],
        checks: &[
            "is the service running, and since when: `systemctl status`, `docker ps -a`",
            "does it listen where the proxy looks: `ss -ltnp` on the backend against the proxy's address",
            "the last lines of the backend's log, and who stopped it",
        ],
        fixes: &[
            host(
                "start the service at boot and restart it when it ends (`Restart=on-failure`, `restart: unless-stopped`)",
            ),
            nginx("a second `server` in the `upstream`, with `proxy_next_upstream error timeout`"),
            httpd("a second `BalancerMember`; `retry` is how long a failed one is left alone (60 s)"),
            haproxy(
                "`check` on every `server`, `option redispatch` and `retries` so that a refused request goes elsewhere",
            ),
        ],
    },
    CausePage {
        id: C::BackendCrash,
        title: "a process died while serving requests",
        meaning: "A backend process or worker died abnormally and took its requests with it.",
        seen_as: "Requests in flight end in a reset or a premature close, the next ones are refused until something starts it again; the supervisor or the kernel names a signal, an exit code or a fault.",
        look_alikes: &[
            (C::OomKill, "signal 9 together with a line about memory"),
            (C::DeployRestart, "an orderly stop was logged, and the exit code is 0 or 143"),
            (C::WorkerTimeout, "the server's own supervisor says that it killed a stuck worker"),
            (C::UnhandledExceptionClose, "the process id stays the same and no start line follows"),
        ],
        checks: &[
            "the fault or stack trace, and the request that was in hand when it died",
            "core dumps: `coredumpctl list`",
            "what was released shortly before the first crash",
        ],
        fixes: &[
            backend("mend or roll back; until then refuse the request that triggers it"),
            nginx("`proxy_next_upstream error timeout` (add `non_idempotent` only where repeating is safe)"),
            httpd("more than one `BalancerMember`, so that the balancer can fail over"),
            haproxy("`retry-on conn-failure empty-response` with `option redispatch`"),
        ],
    },
    CausePage {
        id: C::OomKill,
        title: "killed for memory",
        meaning: "A memory limit of the kernel, the container or the runtime ended the backend process.",
        seen_as: "As a crash: a burst of closed connections, then refusals; and the kernel's `Killed process`, a container's exit code 137, or the runtime's own out-of-memory error.",
        look_alikes: &[
            (
                C::BackendCrash,
                "another signal than 9, or no line about memory although the kernel's log covers the moment",
            ),
            (C::DeployRestart, "an operator's stop: nobody ran out of anything"),
        ],
        checks: &[
            "which limit was hit: the line of the kernel says the host's or the cgroup's",
            "resident size over time: a leak grows for hours, a single request jumps",
            "workers times size of a worker against the limit",
        ],
        fixes: &[
            backend(
                "cap what one request may load, recycle workers (`max_requests`, `pm.max_requests`), set the runtime's own limit below the container's",
            ),
            host("raise `MemoryMax=` or the container's limit, and alert on resident size well before it"),
            nginx("a second `server` in the `upstream` keeps the service up while one restarts"),
            haproxy("`maxconn` on the `server`, so that a busy hour queues instead of growing memory"),
            httpd(
                "a second `BalancerMember` keeps the service up while one restarts; `max` on the worker bounds what reaches one server",
            ),
        ],
    },
    CausePage {
        id: C::DeployRestart,
        title: "stopped and started on purpose",
        meaning: "An orderly stop or a release, with a start after it; requests came between.",
        seen_as: "Failures begin at the line of the stop and end at the line that says ready; HAProxy shows DOWN, then UP.",
        look_alikes: &[
            (C::BackendCrash, "no stop was asked for"),
            (C::StartFailure, "the start does not end in a ready line"),
            (C::BackendMaintenance, "the proxy itself was told to take the server out"),
        ],
        checks: &[
            "how long between stop and ready, per instance, and whether two were down at once",
            "does the process finish its requests when it gets SIGTERM",
            "does traffic return before the application is ready",
        ],
        fixes: &[
            backend(
                "graceful shutdown longer than the longest request; answer the readiness check only when ready",
            ),
            nginx(
                "restart one server at a time, with `proxy_next_upstream error timeout` to carry over what it refuses",
            ),
            httpd("drain a `BalancerMember` (status `+N`) before it stops"),
            haproxy(
                "`set server .../... state drain` before the stop; `option httpchk` against readiness, `slowstart` after",
            ),
        ],
    },
    CausePage {
        id: C::StartFailure,
        title: "the new process does not come up",
        meaning: "The backend was started, and ended or hung before it served.",
        seen_as: "Refusals after a start line; errors such as an address in use, a failed import, a missing variable or an unreachable database; a supervisor that counts restarts.",
        look_alikes: &[
            (C::DeployRestart, "the start does end in a ready line, only later than traffic"),
            (C::BackendDown, "nobody tried to start it"),
            (C::BackendCrash, "it had served before it died"),
        ],
        checks: &[
            "the first error after the start line, not the last",
            "is the old process still holding the port: `ss -ltnp`",
            "what changed: image, configuration, secret, migration",
        ],
        fixes: &[
            backend(
                "roll back; then test the start (imports, configuration, database) before traffic is moved",
            ),
            host("let the release wait for readiness, and stop it at the first instance that fails"),
            haproxy("`option httpchk` with `rise 2`, so that an instance gets traffic only once it answers"),
            nginx(
                "keep the old `server` in the `upstream` until the new one answers; `proxy_next_upstream error timeout` carries over what it refuses",
            ),
            httpd(
                "`hcmethod` and `hcpasses` (mod_proxy_hcheck) on the `BalancerMember`, so that it gets traffic only once it answers",
            ),
        ],
    },
];
