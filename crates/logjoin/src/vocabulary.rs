//! The closed vocabularies: causes, mechanisms, origins, and what sources, joins, clocks and lives may be.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $id:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $id)] $variant,)*
        }

        impl $name {
            /// All values, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The kebab-case id.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $id,)* }
            }

            /// Finds a value by its id.
            pub fn by_id(id: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|v| v.as_str() == id)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

ids! {
    /// Who made the error answer.
    Origin {
        /// The proxy: it could not get a usable response.
        Proxy = "proxy",
        /// The backend sent the status itself.
        Backend = "backend",
        /// The client went away.
        Client = "client",
        /// The logs do not tell.
        Unknown = "unknown",
    }
}

ids! {
    /// What the proxy saw of an attempt. Certain where it is not `unknown`.
    Mechanism {
        /// A complete response of the backend.
        FromBackend = "from-backend",
        /// The connection was refused (RST to the SYN).
        Refused = "refused",
        /// The connection did not come about; HAProxy does not say how.
        ConnectFailed = "connect-failed",
        /// No answer to the SYN in time.
        ConnectTimeout = "connect-timeout",
        /// ICMP or the routing table said no.
        NoRoute = "no-route",
        /// The unix socket does not exist.
        NoSocket = "no-socket",
        /// The listen queue of a unix socket was full.
        BacklogFull = "backlog-full",
        /// The socket may not be opened.
        Permission = "permission",
        /// The name of the backend could not be resolved.
        Dns = "dns",
        /// The TLS handshake with the backend failed.
        TlsFailed = "tls-failed",
        /// Closed or reset after the connection stood, before a complete response header.
        ClosedBeforeHeaders = "closed-before-headers",
        /// No complete response header in time.
        ReadTimeout = "read-timeout",
        /// The backend did not take the request in time.
        SendTimeout = "send-timeout",
        /// The response header is larger than the proxy's buffer.
        HeaderTooLarge = "header-too-large",
        /// What came back is not a valid response.
        InvalidResponse = "invalid-response",
        /// HAProxy `PH`: invalid, too large or denied; it does not say which.
        InvalidOrDenied = "invalid-or-denied-response",
        /// Closed or reset inside the body.
        Truncated = "truncated",
        /// Silent inside the body.
        Stalled = "stalled",
        /// No server of the group was available.
        NoServer = "no-server",
        /// Waited in the proxy's queue until the timer ran out.
        QueueTimeout = "queue-timeout",
        /// The proxy ran out of its own resources.
        ProxyLimit = "proxy-limit",
        /// The proxy refused by a rule or a limit.
        Denied = "denied",
        /// The configuration does not allow to proxy the request.
        ConfigError = "config-error",
        /// The proxy killed the session (server went down, administrator).
        Killed = "killed",
        /// The client went away.
        ClientGone = "client-gone",
        /// An internal error of the proxy.
        Internal = "internal",
        /// The logs do not tell.
        Unknown = "unknown",
    }
}

impl Mechanism {
    /// Whether it says that no server was tried. Where it does not, and no server is named, the server was not logged.
    pub fn tried_no_server(self) -> bool {
        use Mechanism::{ConfigError, Denied, Dns, NoServer, ProxyLimit, QueueTimeout};
        matches!(self, ConfigError | Denied | Dns | NoServer | ProxyLimit | QueueTimeout)
    }
}

ids! {
    /// Why requests failed.
    CauseId {
        /// Nothing listens and nobody started it.
        BackendDown = "backend-down",
        /// A process or worker died while in use.
        BackendCrash = "backend-crash",
        /// A memory limit of the kernel or the runtime.
        OomKill = "oom-kill",
        /// An orderly stop with a start after it.
        DeployRestart = "deploy-restart",
        /// A new process does not come up.
        StartFailure = "start-failure",
        /// All workers busy, queues overflow.
        WorkerPoolExhausted = "worker-pool-exhausted",
        /// The server's own supervisor kills stuck workers.
        WorkerTimeout = "worker-timeout",
        /// Out of file descriptors.
        FdExhaustion = "fd-exhaustion",
        /// One of several servers gets more than its share and is overloaded.
        UnevenLoad = "uneven-load",
        /// The backend completes, later than the proxy waits.
        TimeoutTooShort = "timeout-too-short",
        /// Handlers never complete.
        BackendHang = "backend-hang",
        /// The path between proxy and backend became slow, handlers did not.
        LatencyDegradation = "latency-degradation",
        /// The proxy was given an address where this backend never listened.
        WrongUpstreamPort = "wrong-upstream-port",
        /// Wrong protocol on the right port.
        WrongProtocol = "wrong-protocol",
        /// The proxy may not open the socket.
        PermissionDenied = "permission-denied",
        /// Response header larger than the proxy accepts.
        HeaderTooLarge = "header-too-large",
        /// What came back is not the protocol.
        InvalidResponse = "invalid-response",
        /// A handler fails and closes without a whole answer; the process lives on.
        UnhandledExceptionClose = "unhandled-exception-close",
        /// The backend closes an idle kept connection as the proxy reuses it.
        KeepaliveRace = "keepalive-race",
        /// The backend's name does not resolve.
        DnsFailure = "dns-failure",
        /// Packets vanish.
        ConnectTimeout = "connect-timeout",
        /// No route.
        NetworkUnreachable = "network-unreachable",
        /// An active refusal that is not the backend's.
        FirewallReject = "firewall-reject",
        /// The proxy took out every server by its own counting, with no other cause to find.
        NoLiveUpstreams = "no-live-upstreams",
        /// Checks fail while the application would serve.
        HealthCheckFailing = "health-check-failing",
        /// The proxy ran out of its own resources.
        ProxyResources = "proxy-resources",
        /// The backend itself sent the 502, 503 or 504.
        AppGenerated502 = "app-generated-502",
        /// The application failed with another error.
        AppError = "app-error",
        /// One of several servers answers with errors under a fair share.
        OneBadServer = "one-bad-server",
        /// The client went away; no gateway failure.
        ClientAbort = "client-abort",
        /// TLS to the backend fails.
        TlsFailure = "tls-failure",
        /// The name moved, the proxy keeps the old address.
        DnsStaleAddress = "dns-stale-address",
        /// Loss on established connections.
        NetworkPacketLoss = "network-packet-loss",
        /// An operator took the server out.
        BackendMaintenance = "backend-maintenance",
        /// The configuration is invalid for the request.
        ProxyConfigError = "proxy-config-error",
        /// The proxy itself was restarting.
        ProxyRestarting = "proxy-restarting",
        /// A bug or crash of the proxy.
        ProxyInternalError = "proxy-internal-error",
        /// A limit or rule refused the request.
        RequestLimited = "request-limited",
        /// What a rule of the caller's own found; the detail is the id of that rule.
        Custom = "custom",
        /// Not explained.
        Unknown = "unknown",
    }
}

ids! {
    /// What a file was to the analysis.
    InputKind {
        /// Lines that were read.
        Log = "log",
        /// A proxy's configuration.
        Config = "config",
        /// Not read, since another file has all that is in it; a note says which.
        Copy = "copy",
        /// Not read, since it could not be; its problem says why.
        Unread = "unread",
    }
}

ids! {
    /// What a source tells of.
    SourceRole {
        /// A proxy's requests.
        ProxyAccess = "proxy-access",
        /// A proxy's errors and states.
        ProxyError = "proxy-error",
        /// A backend's requests.
        BackendAccess = "backend-access",
        /// A backend's messages.
        BackendLog = "backend-log",
        /// Kernel, init system, supervisor, container engine.
        System = "system",
        /// Nothing that was recognised.
        Unknown = "unknown",
    }
}

impl SourceRole {
    /// Whether a proxy wrote it.
    pub fn is_proxy(self) -> bool {
        matches!(self, SourceRole::ProxyAccess | SourceRole::ProxyError)
    }
}

ids! {
    /// How grave a note is.
    NoteLevel {
        /// Worth knowing.
        Info = "info",
        /// Something is missing or was left out.
        Warning = "warning",
    }
}

ids! {
    /// What is known of an instance's clock.
    ClockState {
        /// Fitted on requests that both sides logged.
        Fitted = "fitted",
        /// The caller told it.
        Told = "told",
        /// All others are measured against it.
        Reference = "reference",
        /// Too few requests to fit it on.
        TooFewSamples = "too-few-samples",
        /// They contradict each other.
        Contradictory = "contradictory",
    }
}

ids! {
    /// Which side of a failed request another proxy's line is on.
    ChainSide {
        /// Of a proxy behind the one that logged the failure.
        Inner = "inner",
        /// Of a proxy before it.
        Outer = "outer",
    }
}

ids! {
    /// What the search for a backend's lines about a failed request came to.
    JoinState {
        /// Found.
        Joined = "joined",
        /// Several requests could own the lines that are there.
        Ambiguous = "ambiguous",
        /// The backend's log covers the moment, and knows nothing of the request.
        NoBackendEvent = "no-backend-event",
        /// No log covers it.
        NotLogged = "not-logged",
        /// The request was never sent to a backend.
        NotTried = "not-tried",
    }
}

ids! {
    /// By what a backend's line was found.
    JoinedBy {
        /// An id that both lines have.
        Id = "id",
        /// What both say of the request: path, time, duration, bytes.
        Request = "request",
        /// The time alone: the only request that was there.
        Time = "time",
    }
}

ids! {
    /// What an instance does.
    LifeState {
        /// It was started, and does not serve yet.
        Starting = "starting",
        /// It serves.
        Ready = "ready",
        /// It was asked to stop, and finishes its requests.
        Draining = "draining",
        /// It is away.
        Down = "down",
        /// The logs do not tell.
        Unknown = "unknown",
    }
}

ids! {
    /// What sort of restart it was.
    RestartKind {
        /// It died.
        Crash = "crash",
        /// An orderly stop.
        Deploy = "deploy",
        /// A proxy read its configuration anew.
        Reload = "reload",
        /// A start without an end before it.
        Start = "start",
    }
}
