//! What to do about a cause, and how to say it in a sentence. The long form is the cause's page.

use crate::vocabulary::CauseId;

/// The cause as the middle of a sentence that goes on with the place: "42 requests failed: … at api-1". It must read well before "at".
pub(crate) fn sentence(cause: CauseId) -> &'static str {
    match cause {
        CauseId::BackendDown => "nothing listened",
        CauseId::BackendCrash => "a backend process died while serving requests",
        CauseId::OomKill => "a process was killed for lack of memory",
        CauseId::DeployRestart => "a restart was under way",
        CauseId::StartFailure => "a new process did not come up",
        CauseId::WorkerPoolExhausted => "all workers were busy and the queue overflowed",
        CauseId::WorkerTimeout => "the supervisor killed workers that took too long",
        CauseId::FdExhaustion => "the process had no file descriptors left",
        CauseId::UnevenLoad => "one server got several times its share",
        CauseId::TimeoutTooShort => "responses took longer than the proxy waits",
        CauseId::BackendHang => "handlers never returned",
        CauseId::LatencyDegradation => "the path between proxy and backend was slow",
        CauseId::WrongUpstreamPort => "the proxy connected to a port where this backend never listened",
        CauseId::WrongProtocol => "the proxy spoke the wrong protocol",
        CauseId::PermissionDenied => "the proxy was not allowed to open the socket",
        CauseId::HeaderTooLarge => "response headers were larger than the proxy accepts",
        CauseId::InvalidResponse => "the response was not valid",
        CauseId::UnhandledExceptionClose => "handlers failed and closed the connection",
        CauseId::KeepaliveRace => "the backend closed idle connections just as the proxy reused them",
        CauseId::DnsFailure => "the backend's name did not resolve",
        CauseId::ConnectTimeout => "connection attempts got no answer",
        CauseId::NetworkUnreachable => "there was no route to the backend",
        CauseId::FirewallReject => "something between proxy and backend refused the connections",
        CauseId::NoLiveUpstreams => "the proxy had taken every server out of the pool",
        CauseId::HealthCheckFailing => "health checks failed although the application would have answered",
        CauseId::ProxyResources => "the proxy ran out of its own resources",
        CauseId::AppGenerated502 => "the application itself answered with this status",
        CauseId::AppError => "the application failed",
        CauseId::OneBadServer => "one of several servers answered with errors",
        CauseId::ClientAbort => "clients closed their connections",
        CauseId::TlsFailure => "TLS to the backend failed",
        CauseId::DnsStaleAddress => "the proxy kept an address that had moved",
        CauseId::NetworkPacketLoss => "packets were lost on established connections",
        CauseId::BackendMaintenance => "an operator had taken the server out",
        CauseId::ProxyConfigError => "the proxy's configuration did not allow the request",
        CauseId::ProxyRestarting => "the proxy was restarting",
        CauseId::ProxyInternalError => "the proxy failed internally",
        CauseId::RequestLimited => "a limit or rule of the proxy refused the requests",
        CauseId::Custom => "a custom rule matched",
        CauseId::Unknown => "the given logs do not show why they failed",
    }
}

/// What to change, the most effective first.
pub(crate) fn of(cause: CauseId) -> Vec<String> {
    let list: &[&str] = match cause {
        CauseId::BackendDown => &[
            "let a supervisor start the service again when it ends (systemd `Restart=on-failure`); if it is still down, start it",
            "let the proxy notice: health checks, more than one server per pool",
        ],
        CauseId::BackendCrash => &[
            "read the stack or core of the process that died and the request that it was serving; roll back if it came with a release",
            "let the proxy try another server for idempotent requests (`proxy_next_upstream error`, `option redispatch`, balancer members)",
        ],
        CauseId::OomKill => &[
            "find what needed the memory: the requests in flight at each kill are listed",
            "raise the limit of the unit or container, or bound what one request may allocate",
        ],
        CauseId::DeployRestart => &[
            "take an instance out of the pool before it stops, and put it back when it is ready",
            "stop gracefully, for longer than the longest request; restart one instance at a time",
        ],
        CauseId::StartFailure => {
            &["roll the release back; start the new one beside the old and switch when it is ready"]
        }
        CauseId::WorkerPoolExhausted => &[
            "find what holds the workers: the slow requests of the time",
            "more workers or instances, within what memory and database connections allow; a shorter queue that fails early",
        ],
        CauseId::WorkerTimeout => &[
            "find what the killed workers were doing; bound that call with a timeout of its own",
            "raise the server's worker timeout only above what the work really needs",
        ],
        CauseId::FdExhaustion => &["raise `LimitNOFILE`, and find what leaks or holds descriptors"],
        CauseId::UnevenLoad => &[
            "balance by load (`least_conn`, `balance leastconn`, `lbmethod=bybusyness`); look at weights, stickiness and hash keys",
        ],
        CauseId::TimeoutTooShort => &[
            "raise the proxy's read timeout for this route above what the backend needs (`proxy_read_timeout`, `ProxyTimeout`, `timeout server`), or make the work asynchronous",
            "find why the backend takes that long",
        ],
        CauseId::BackendHang => &[
            "take a thread dump while it hangs; look for locks and calls without a timeout",
            "restart the instance; give it a supervisor that kills stuck workers",
        ],
        CauseId::LatencyDegradation => {
            &["look at the network between proxy and backend: loss, saturation, a moved instance"]
        }
        CauseId::WrongUpstreamPort => &[
            "correct the address in the proxy's configuration, test it, reload; roll the change back meanwhile",
        ],
        CauseId::WrongProtocol => &[
            "make scheme and port agree on both sides (`proxy_pass https://`, `ssl` on the server line, `ProxyPass https://`)",
        ],
        CauseId::PermissionDenied => &[
            "let the proxy's user open the socket: owner, group and mode of the socket and of the folders above it; SELinux `httpd_can_network_connect`",
        ],
        CauseId::HeaderTooLarge => &[
            "shrink the header: cookies and policies that grow",
            "raise `proxy_buffer_size` (nginx), `responsefieldsize` (httpd), `tune.bufsize` (HAProxy) above it",
        ],
        CauseId::InvalidResponse => &["capture one response and correct its status line, headers or length"],
        CauseId::UnhandledExceptionClose => {
            &["catch the exception and answer 500; the stack is in the evidence"]
        }
        CauseId::KeepaliveRace => &[
            "keep connections longer in the backend than in the proxy (Node `keepAliveTimeout`, gunicorn `--keep-alive`, above nginx `keepalive_timeout`)",
            "let the proxy retry on a reused connection (`retry-on empty-response`, `proxy_next_upstream error non_idempotent` where it is safe)",
        ],
        CauseId::DnsFailure => &[
            "ask the proxy's own resolver for the name; look at the record, the search domains and the resolver's health",
        ],
        CauseId::ConnectTimeout => &[
            "look for dropped SYNs: firewall, security group, routing; a capture on both ends shows where they end",
        ],
        CauseId::NetworkUnreachable => {
            &["look at routes and interfaces of the proxy's host and of the backend's"]
        }
        CauseId::FirewallReject => {
            &["look at the filters between proxy and backend; whoever answers is not the backend"]
        }
        CauseId::NoLiveUpstreams => &[
            "look at what the servers failed with before they were taken out; `max_fails`, `fail_timeout`, `retry`",
        ],
        CauseId::HealthCheckFailing => {
            &["correct the check: path, `Host`, expected status, timeout; the application answers"]
        }
        CauseId::ProxyResources => &[
            "raise the proxy's limits: `worker_connections`, `worker_rlimit_nofile`, `maxconn`, `MaxRequestWorkers`, local ports",
        ],
        CauseId::AppGenerated502 | CauseId::AppError => {
            &["read the application's own log at these requests: it answered with the error itself"]
        }
        CauseId::OneBadServer => {
            &["take the server out; compare its release, configuration and host with the others"]
        }
        _ => &[],
    };
    list.iter().map(|s| (*s).to_string()).collect()
}
