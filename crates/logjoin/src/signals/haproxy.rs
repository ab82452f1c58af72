//! HAProxy: its process, its servers' state, its limits. Server states with all their parts are read by the
//! format of HAProxy's log; here is what they mean.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "haproxy",
    title: "HAProxy",
    programs: &["haproxy"],
    is_exclusive: true,
    signals: &[
        entry("haproxy-limit", ProxyLimit, Proxy, "A limit of connections, files or memory is reached")
        .any(&[
            "reached system FD limit",
            "reached process FD limit",
            "reached system memory limit",
            "reached the configured maximum connection limit",
            "not enough free sockets",
        ])
        .re(r"(?:Proxy (?<name>\S+) reached (?<reason>[^(.\n]+?) ?(?:\(maxsock=(?<limit>\d+)\))?\.|not enough free sockets)")
        .hits(&[
            ("Proxy www reached process FD limit (maxsock=4096). Please check 'ulimit-n' and restart.", &[("name", "www"), ("reason", "process FD limit"), ("limit", "4096")]),
            ("Proxy www reached the configured maximum connection limit. Please check the global 'maxconn' value.", &[("name", "www"), ("reason", "the configured maximum connection limit")]),
        ])
        .from("haproxy src/listener.c"),
        entry("haproxy-no-ports", ProxyLimit, Proxy, "No local port is free for a connection to a server")
        .any(&[": no free ports", "local address already in use", "Cannot bind to"])
        .re(r"(?:Connect\(\) failed for backend (?<name>\S+): (?<reason>no free ports|local address already in use)|Cannot bind to (?:tproxy )?source address before connect\(\) for backend (?<unit>\S+?)\.)")
        .hits(&[
            ("Connect() failed for backend api: no free ports.", &[("name", "api"), ("reason", "no free ports")]),
        ])
        .from("haproxy src/proto_tcp.c"),
        entry("haproxy-unix-backlog", ListenOverflow, Proxy, "A server's socket takes no more connections")
        .any(&["can't connect to destination unix socket"])
        .re(r"Connect\(\) failed for backend (?<name>\S+): can't connect to destination unix socket")
        .hits(&[
            ("Connect() failed for backend api: can't connect to destination unix socket, check backlog size on the server.", &[("name", "api")]),
        ])
        .from("haproxy src/proto_uxst.c"),
        entry("haproxy-worker-failed", StartFailed, Proxy, "The new worker does not come up")
        .any(&["Failed to load worker", "Failed to reexecute the master"])
        .re(r"(?:Failed to load worker \((?<pid>\d+)\) exited with code (?<code>\d+) \((?<reason>[^)]*)\)|Failed to reexecute the master)")
        .hits(&[
            ("Failed to load worker (4711) exited with code 1 (Exit)", &[("pid", "4711"), ("code", "1"), ("reason", "Exit")]),
        ])
        .from("haproxy src/mworker.c"),
        entry("haproxy-worker-died", ProxyCrash, Proxy, "The worker in use died")
        .any(&[
            "Current worker",
            "killing every processes",
            "A worker process unexpectedly died",
            "refuses to die, aborting now",
        ])
        .re(r"(?:Current worker \((?<pid>\d+)\) exited with code (?<code>\d+) \((?<reason>[^)]*)\)|killing every processes with|A worker process unexpectedly died|refuses to die, aborting now)")
        .hits(&[
            ("Current worker (4711) exited with code 139 (Segmentation fault)", &[("pid", "4711"), ("code", "139"), ("reason", "Segmentation fault")]),
        ])
        .from("haproxy src/mworker.c"),
        entry("haproxy-reload", ProxyReload, Proxy, "The master loads a new configuration")
        .any(&["Reloading HAProxy", "Former worker"])
        .re(r"(?:Reloading HAProxy|Former worker \((?<pid>\d+)\) exited with code (?<code>\d+))")
        .hits(&[
            ("Reloading HAProxy", &[]),
            ("Former worker (4711) exited with code 0 (Exit)", &[("pid", "4711"), ("code", "0")]),
        ])
        .from("haproxy src/mworker.c"),
        entry("haproxy-started", ProxyStarted, Proxy, "A proxy or worker starts")
        .any(&["New worker", "Loading success", "Initializing new worker", "started."])
        .re(r"(?:(?:New worker|Initializing new worker) \((?<pid>\d+)\)|Loading success\.|^Proxy (?<name>\S+) started\.)")
        .hits(&[
            ("New worker (4711) forked", &[("pid", "4711")]),
            ("Proxy www started.", &[("name", "www")]),
        ])
        .from("haproxy src/mworker.c"),
        entry("haproxy-stopped", ProxyStopped, Proxy, "A proxy or worker stops")
        .any(&[
            "stopped (cumulated conns",
            "hard-stop",
            "soft-stop",
            "All workers exited",
            "Stopping frontend",
            "Stopping backend",
            "Stopping proxy",
        ])
        .re(r"(?:Proxy (?<name>\S+) (?:stopped \(cumulated conns|hard-stopped)|hard-stop|soft-stop|All workers exited|^Stopping (?:frontend|backend|proxy) (?<unit>\S+))")
        .hits(&[
            ("Proxy www stopped (cumulated conns: FE: 120, BE: 118).", &[("name", "www")]),
            ("All workers exited. Exiting... (0)", &[]),
        ])
        .from("haproxy src/proxy.c"),
        entry(
            "haproxy-dns-down",
            DnsFailed,
            Proxy,
            "A server is taken out because its name no longer resolves",
        )
        .any(&[
            "DNS NX status",
            "DNS timeout status",
            "DNS refused status",
            "unspecified DNS error",
            "No IP for server",
            "entry removed from SRV record",
        ])
        .re(r"Server (?<unit>[^\s/]+/\S+) (?:is going DOWN for|was DOWN and now enters) maintenance \((?<reason>[^)]*)\)")
        .hits(&[
            ("Server api/orders-1 is going DOWN for maintenance (DNS NX status). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.", &[("unit", "api/orders-1"), ("reason", "DNS NX status")]),
        ])
        .from("haproxy src/server.c"),
        entry("haproxy-dns-up", Noise, Proxy, "A server's name resolves again, or its address changed")
        .any(&["thanks to valid DNS answer", "(resolves again)", "changed its IP from", "IP changed from"])
        .re(r"(?:Server (?<unit>[^\s/]+/\S+) (?:administratively READY|\('[^']*'\) is UP)|(?<name>[^\s/]+/\S+?):? (?:changed its IP|IP changed) from '?(?<reason>[^\s']+)'? to '?(?<addr>[^\s']+))")
        .hits(&[
            ("Server api/orders-1 administratively READY thanks to valid DNS answer.", &[("unit", "api/orders-1")]),
            ("api/orders-1 changed its IP from 10.20.1.11 to 10.20.1.12 by DNS cache.", &[("name", "api/orders-1"), ("reason", "10.20.1.11"), ("addr", "10.20.1.12")]),
        ])
        .from("haproxy src/server.c"),
        entry("haproxy-maintenance", Maintenance, Proxy, "A server was taken out or drained on purpose")
        .any(&[
            "for maintenance",
            "enters maintenance",
            "enters drain state",
            "forced maintenance",
            "forced drain",
            "is stopping",
        ])
        .re(r"Server (?<unit>[^\s/]+/\S+) (?:is going DOWN for maintenance|was DOWN and now enters maintenance|enters drain state|is leaving forced|remains in|is (?:UP|DOWN)\S* \(leaving|is stopping)")
        .hits(&[
            ("Server api/api-1 is going DOWN for maintenance. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.", &[("unit", "api/api-1")]),
        ])
        .from("haproxy src/server.c"),
        entry(
            "haproxy-server-down",
            HealthCheckFailed,
            Proxy,
            "A server failed its health check and is out of use",
        )
        .any(&["is DOWN"])
        .re(r"Server (?<unit>[^\s/]+/\S+) is DOWN(?:, reason: (?<reason>[^,.\n]+))?(?:, code: (?<code>\d+))?")
        .hits(&[
            ("Server feed/feed-1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. 0 active and 0 backup servers left.", &[("unit", "feed/feed-1"), ("reason", "Layer4 connection problem")]),
        ])
        .from("haproxy src/server.c"),
        entry("haproxy-check-failed", HealthCheckFailed, Proxy, "One health check failed")
        .any(&["check for server", "check for backup server"])
        .re(r"(?:Health|Agent) check for (?:backup )?server (?<unit>[^\s/]+/\S+) failed, reason: (?<reason>[^,\n]+)")
        .hits(&[
            ("Health check for server api/api-1 failed, reason: Layer7 wrong status, code: 500, check duration: 2ms, status: 2/3 UP.", &[("unit", "api/api-1"), ("reason", "Layer7 wrong status")]),
        ])
        .from("haproxy src/check.c"),
        entry("haproxy-no-server", HealthCheckFailed, Proxy, "A backend has no server left")
        .any(&["has no server available"])
        .re(r"backend '?(?<name>[^\s']+)'? has no server available")
        .hits(&[("backend feed has no server available!", &[("name", "feed")])])
        .from("haproxy src/server.c"),
        entry("haproxy-server-up", Noise, Proxy, "A server is back in use, or its check passes again")
        .any(&["is UP", "check for server", "check for backup server"])
        .re(r"(?:Server (?<unit>[^\s/]+/\S+) is UP|(?:Health|Agent) check for (?:backup )?server (?<name>[^\s/]+/\S+) (?:conditionally )?succeeded)")
        .hits(&[
            ("Server feed/feed-1 is UP, reason: Layer4 check passed, check duration: 0ms. 1 active and 0 backup servers online.", &[("unit", "feed/feed-1")]),
        ])
        .from("haproxy src/server.c"),
        entry("haproxy-resolver", DnsFailed, Proxy, "A name server cannot be asked")
        .any(&["socket for nameserver", "could not resolve address"])
        .re(r"(?:can't (?:create|bind|connect) socket for nameserver '(?<name>[^']*)'|could not resolve address '(?<addr>[^']*)')")
        .hits(&[
            ("DNS : section 'internal': can't connect socket for nameserver 'dns1'.", &[("name", "dns1")]),
            ("could not resolve address 'app.internal'.", &[("addr", "app.internal")]),
        ])
        .from("haproxy src/resolvers.c"),
        entry("haproxy-paused", Maintenance, Proxy, "A proxy was paused or resumed")
        .any(&["Paused", "Resumed"])
        .re(r"^(?:Paused|Resumed) (?:frontend|backend|proxy|listen) (?<name>\S+?)\.")
        .hits(&[("Paused frontend www.", &[("name", "www")])])
        .from("haproxy src/proxy.c"),
    ],
};
