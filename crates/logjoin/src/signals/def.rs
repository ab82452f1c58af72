//! What an entry of the table is made of, and the closed vocabulary of meanings.

use serde::{Deserialize, Serialize};

/// Declares an enum of documented words: the doc comment of a variant is also its explanation.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $(#[doc = $doc:literal] $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $(#[doc = $doc] $variant,)+ }

        impl $name {
            /// All of them, in the order of their definition.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The word in kebab-case, as in JSON and in the documentation.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }

            /// What it stands for, in one sentence.
            pub fn explain(self) -> &'static str {
                match self { $($name::$variant => $doc.trim_ascii()),+ }
            }
        }
    };
}

words! {
    /// What a signal means for the process, worker, request or host that it speaks of. Rules are
    /// written against these words alone.
    Meaning {
        /// A process begins; it may not serve yet.
        ProcessStarting = "process-starting",
        /// The process serves, or listens and is about to.
        ProcessReady = "process-ready",
        /// An orderly stop, restart or reload was asked for or has begun.
        StopRequested = "stop-requested",
        /// An orderly end: the process is gone and meant to be.
        ProcessStopped = "process-stopped",
        /// A worker of a pool begins.
        WorkerStarted = "worker-started",
        /// A worker leaves in the ordinary course: recycling, reload, stop.
        WorkerExited = "worker-exited",
        /// A process or worker died of its own fault: fatal signal, uncaught exception, panic, abort, failure exit.
        Crash = "crash",
        /// Killed for memory: by the kernel, by a control group's limit, by an out-of-memory daemon, or a runtime's heap limit reached.
        OomKill = "oom-kill",
        /// Ended by SIGKILL with no reason given: its own supervisor, the kernel or an administrator.
        KilledBySupervisor = "killed-by-supervisor",
        /// The supervisor ends a worker that has been stuck for too long.
        WorkerTimeout = "worker-timeout",
        /// Workers, threads, children or process slots are used up, or their queue is full.
        PoolExhausted = "pool-exhausted",
        /// The accept queue of a listening socket overflows.
        ListenOverflow = "listen-overflow",
        /// No file descriptor is left for the process or the host.
        FdExhausted = "fd-exhausted",
        /// A process does not come up: port in use, bad configuration, import error, crash loop.
        StartFailed = "start-failed",
        /// A handler failed; the process lives on.
        RequestException = "request-exception",
        /// Whoever waited for the answer went away first: usually the proxy's timeout.
        PeerGone = "peer-gone",
        /// Something the backend depends on refused, closed or timed out.
        DependencyFailed = "dependency-failed",
        /// No connection to a dependency was free: the pool on this side or the limit on the other.
        DependencyExhausted = "dependency-exhausted",
        /// Work took long: a slow-log entry, a garbage collection pause, a long request.
        Slow = "slow",
        /// Threads, tasks or transactions wait for each other or are stuck.
        Deadlock = "deadlock",
        /// Bytes that are not the protocol, or headers over a limit of the parser.
        ProtocolError = "protocol-error",
        /// A TLS handshake or a certificate check failed.
        TlsError = "tls-error",
        /// A name could not be resolved.
        DnsFailed = "dns-failed",
        /// Link, route, bridge or tracking of connections changed or is at its limit.
        NetworkChange = "network-change",
        /// A packet filter logged a packet that it probably refused.
        FirewallBlocked = "firewall-blocked",
        /// An access rule refused: file mode, SELinux, AppArmor.
        PermissionDenied = "permission-denied",
        /// The proxy loads a new configuration.
        ProxyReload = "proxy-reload",
        /// The proxy, or one of its workers, starts.
        ProxyStarted = "proxy-started",
        /// The proxy, or one of its workers, stops in an orderly way.
        ProxyStopped = "proxy-stopped",
        /// The proxy, or one of its workers, died.
        ProxyCrash = "proxy-crash",
        /// The proxy reached a limit of its own: connections, files, memory, processes, ports.
        ProxyLimit = "proxy-limit",
        /// No space, no inodes, or a filesystem that no longer takes writes.
        DiskFull = "disk-full",
        /// The clock was stepped, or time stood still for the machine.
        ClockStep = "clock-step",
        /// A health check or probe failed.
        HealthCheckFailed = "health-check-failed",
        /// Taken out of service on purpose, or temporarily not serving by its own account.
        Maintenance = "maintenance",
        /// Known and of no consequence: listed so that it is not counted as an unknown error.
        Noise = "noise",
    }
}

impl Meaning {
    /// Whether this is part of a process's ordinary life: starts, stops, reloads, worker turnover.
    pub const fn is_lifecycle(self) -> bool {
        use Meaning::*;
        matches!(
            self,
            ProcessStarting
                | ProcessReady
                | StopRequested
                | ProcessStopped
                | WorkerStarted
                | WorkerExited
                | ProxyReload
                | ProxyStarted
                | ProxyStopped
        )
    }
}

words! {
    /// What a signal speaks of.
    Scope {
        /// The whole process or unit.
        Process = "process",
        /// One worker, child or thread of it.
        Worker = "worker",
        /// One request or connection.
        Request = "request",
        /// The machine, or everything on it.
        Host = "host",
        /// The proxy, not a backend.
        Proxy = "proxy",
    }
}

/// The names that a pattern's groups may have; [`Signal`](super::Signal) has a field for each.
pub const GROUPS: &[&str] = &[
    "pid", "worker", "unit", "signal", "code", "port", "addr", "method", "path", "seconds", "ms", "ns",
    "since", "limit", "reason", "name", "thread",
];

/// A message that must be found, and what its groups must capture.
pub type Hit = (&'static str, &'static [(&'static str, &'static str)]);

/// One recognised message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignalDef {
    /// Stable id, kebab-case, unique in the whole table.
    pub id: &'static str,
    /// What happened, in a few words.
    pub title: &'static str,
    /// What it means.
    pub meaning: Meaning,
    /// What it speaks of.
    pub scope: Scope,
    /// One of these must occur (letter case aside) before the pattern is tried; chosen to be rare.
    pub literals: &'static [&'static str],
    /// `regex::bytes` syntax, case-sensitive, `^` and `$` at line ends, group names out of [`GROUPS`].
    /// Without one a literal is proof enough.
    pub pattern: Option<&'static str>,
    /// Programs of which the caller must have said that the message is theirs, because the wording alone is
    /// too common. Empty: the wording is enough.
    pub only_from: &'static [&'static str],
    /// Messages that this entry recognises, and the captures.
    pub hits: &'static [Hit],
    /// Messages that look alike and must not be recognised by this entry.
    pub misses: &'static [&'static str],
    /// The upstream file or manual that has the wording.
    pub source: &'static str,
}

/// The messages of one program family.
#[derive(Debug)]
#[non_exhaustive]
pub struct Family {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// Heading in the documentation.
    pub title: &'static str,
    /// Programs as a syslog tag, journal identifier or product would name them; a tag matches if it equals
    /// one of them or continues it with something that is no letter (`php-fpm8.2`, `systemd-oomd`).
    pub programs: &'static [&'static str],
    /// Messages of these programs are looked up only in the families that name the program: a kernel or
    /// proxy line never means what the same words mean in an application's log.
    pub is_exclusive: bool,
    /// The entries, the most specific first.
    pub signals: &'static [SignalDef],
}

/// Starts an entry; the methods of [`SignalDef`] add the rest.
pub(super) const fn entry(
    id: &'static str,
    meaning: Meaning,
    scope: Scope,
    title: &'static str,
) -> SignalDef {
    SignalDef {
        id,
        title,
        meaning,
        scope,
        literals: &[],
        pattern: None,
        only_from: &[],
        hits: &[],
        misses: &[],
        source: "",
    }
}

/// To make one of your own, for [`Options::signals`](crate::Options::signals):
///
/// ```
/// use logjoin::signals::{Meaning, Scope, SignalDef};
///
/// static KILLED: SignalDef =
///     SignalDef::new("our-nanny-killed", Meaning::OomKill, Scope::Process, "our supervisor ended the process for its memory")
///         .any(&["nanny: over budget"])
///         .re(r"nanny: over budget, killed (?P<pid>\d+)")
///         .hits(&[("nanny: over budget, killed 4711 (rss 2.1G)", &[("pid", "4711")])])
///         .misses(&["nanny: over budget, would kill 4711 (dry run)"]);
///
/// assert_eq!(KILLED.check(), Ok(()));
/// ```
impl SignalDef {
    /// An entry that recognises nothing yet: [`any`](SignalDef::any) and [`re`](SignalDef::re) say what.
    pub const fn new(id: &'static str, meaning: Meaning, scope: Scope, title: &'static str) -> Self {
        entry(id, meaning, scope, title)
    }

    /// Sets [`literals`](SignalDef::literals).
    pub const fn any(mut self, literals: &'static [&'static str]) -> Self {
        self.literals = literals;
        self
    }

    /// Sets [`pattern`](SignalDef::pattern).
    pub const fn re(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// Sets [`only_from`](SignalDef::only_from).
    pub const fn only_from(mut self, programs: &'static [&'static str]) -> Self {
        self.only_from = programs;
        self
    }

    /// Sets [`hits`](SignalDef::hits).
    pub const fn hits(mut self, hits: &'static [Hit]) -> Self {
        self.hits = hits;
        self
    }

    /// Sets [`misses`](SignalDef::misses).
    pub const fn misses(mut self, misses: &'static [&'static str]) -> Self {
        self.misses = misses;
        self
    }

    /// Sets [`source`](SignalDef::source).
    pub const fn from(mut self, source: &'static str) -> Self {
        self.source = source;
        self
    }
}
