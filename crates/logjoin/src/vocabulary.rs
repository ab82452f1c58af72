//! The closed vocabularies: causes, mechanisms, origins.

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
