//! nginx: its master, its workers and their limits, as in error.log after the stamp, level and pid.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "nginx",
    title: "nginx",
    programs: &["nginx", "openresty", "tengine", "angie"],
    is_exclusive: true,
    signals: &[
        entry(
            "nginx-worker-connections",
            ProxyLimit,
            Proxy,
            "`worker_connections` used up: an accepted client is dropped without an access line",
        )
        .any(&["worker_connections are not enough"])
        .re(r"(?<limit>\d+) worker_connections are not enough")
        .hits(&[
            ("768 worker_connections are not enough", &[("limit", "768")]),
            ("768 worker_connections are not enough, reusing connections", &[("limit", "768")]),
        ])
        .from("nginx src/core/ngx_connection.c"),
        entry(
            "nginx-connections-over-files",
            ProxyLimit,
            Proxy,
            "`worker_connections` is over the limit of open files",
        )
        .any(&["worker_connections exceed open file resource limit"])
        .re(r"(?<code>\d+) worker_connections exceed open file resource limit: (?<limit>\d+)")
        .hits(&[
            ("4096 worker_connections exceed open file resource limit: 1024", &[("code", "4096"), ("limit", "1024")]),
        ])
        .from("nginx src/event/ngx_event.c"),
        entry(
            "nginx-accept-files",
            ProxyLimit,
            Proxy,
            "No descriptor for an accepted connection: clients wait in the backlog",
        )
        .any(&["accept4() failed (2", "accept() failed (2"])
        .re(r"accept4?\(\) failed \((?<code>24|23): (?<reason>[^)]*)\)")
        .hits(&[
            ("accept4() failed (24: Too many open files)", &[("code", "24"), ("reason", "Too many open files")]),
        ])
        .from("nginx src/event/ngx_event_accept.c"),
        entry("nginx-accept-aborted", PeerGone, Proxy, "A client was gone before its connection was accepted")
        .any(&["accept4() failed (103", "accept() failed (103"])
        .re(r"accept4?\(\) failed \((?<code>103):")
        .hits(&[("accept4() failed (103: Software caused connection abort)", &[("code", "103")])])
        .from("nginx src/event/ngx_event_accept.c"),
        entry(
            "nginx-worker-signal",
            ProxyCrash,
            Proxy,
            "A worker died by a signal: its requests are lost without access lines",
        )
        .any(&["worker process"])
        .re(r"(?:worker|cache manager|cache loader) process (?<pid>\d+) exited on signal (?<signal>\d+)")
        .hits(&[
            ("worker process 4711 exited on signal 11 (core dumped)", &[("pid", "4711"), ("signal", "11")]),
            ("worker process 4711 exited on signal 9", &[("pid", "4711"), ("signal", "9")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry("nginx-worker-fatal", StartFailed, Proxy, "A worker cannot start and is not replaced")
        .any(&["exited with fatal code"])
        .re(r"worker process (?<pid>\d+) exited with fatal code (?<code>\d+) and cannot be respawned")
        .hits(&[
            ("worker process 4711 exited with fatal code 2 and cannot be respawned", &[("pid", "4711"), ("code", "2")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry("nginx-worker-exit", ProxyStopped, Proxy, "A worker ended, as after a reload or a stop")
        .any(&["process"])
        .re(r"(?:worker|cache manager|cache loader) process (?<pid>\d+) exited with code (?<code>\d+)")
        .hits(&[
            ("worker process 4711 exited with code 0", &[("pid", "4711"), ("code", "0")]),
            ("cache loader process 4712 exited with code 0", &[("pid", "4712"), ("code", "0")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry(
            "nginx-signal-reload",
            ProxyReload,
            Proxy,
            "The master was told to load a new configuration or binary",
        )
        .any(&["received"])
        .re(r"signal (?<signal>\d+) \([A-Z0-9]+\) received(?: from (?<pid>\d+))?, (?<reason>reconfiguring|changing binary)")
        .hits(&[
            ("signal 1 (SIGHUP) received from 22110, reconfiguring", &[("signal", "1"), ("pid", "22110"), ("reason", "reconfiguring")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry("nginx-signal-stop", ProxyStopped, Proxy, "The master or a worker was told to stop")
        .any(&["received"])
        .re(r"signal (?<signal>\d+) \([A-Z0-9]+\) received(?: from (?<pid>\d+))?, (?<reason>exiting|shutting down)")
        .hits(&[
            ("signal 15 (SIGTERM) received from 1, exiting", &[("signal", "15"), ("pid", "1"), ("reason", "exiting")]),
            ("signal 3 (SIGQUIT) received from 1, shutting down", &[("signal", "3"), ("pid", "1"), ("reason", "shutting down")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry(
            "nginx-signal-other",
            Noise,
            Proxy,
            "Signals without consequence: reopened logs, ended children",
        )
        .any(&["received"])
        .re(r"signal (?<signal>\d+) \([A-Z0-9]+\) received(?: from (?<pid>\d+))?")
        .hits(&[
            ("signal 17 (SIGCHLD) received from 22113", &[("signal", "17"), ("pid", "22113")]),
            ("signal 10 (SIGUSR1) received from 1, reopening logs", &[("signal", "10"), ("pid", "1")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry("nginx-fork-failed", ProxyLimit, Proxy, "A worker could not be started")
        .any(&["failed while spawning", "could not respawn", "processes can be spawned"])
        .re(r#"(?:(?:fork|socketpair)\(\) failed while spawning "(?<name>[^"]*)"|could not respawn (?<unit>\S+)|no more than (?<limit>\d+) processes can be spawned)"#)
        .hits(&[
            ("fork() failed while spawning \"worker process\" (12: Cannot allocate memory)", &[("name", "worker process")]),
            ("could not respawn worker process", &[("unit", "worker")]),
        ])
        .from("nginx src/os/unix/ngx_process.c"),
        entry("nginx-zone-locked", ProxyCrash, Proxy, "A dead worker held the lock of a shared zone")
        .any(&["was locked by"])
        .re(r#"shared memory zone "(?<name>[^"]*)" was locked by (?<pid>\d+)"#)
        .hits(&[("shared memory zone \"cache\" was locked by 4711", &[("name", "cache"), ("pid", "4711")])])
        .from("nginx src/core/ngx_cycle.c"),
        entry("nginx-no-memory", ProxyLimit, Proxy, "A shared zone is full")
        .any(&["ngx_slab_alloc() failed"])
        .re(r"ngx_slab_alloc\(\) failed: no memory(?: in (?<name>[^\n,]+))?")
        .hits(&[
            ("ngx_slab_alloc() failed: no memory in SSL session shared cache \"le\"", &[("name", "SSL session shared cache \"le\"")]),
        ])
        .from("nginx src/core/ngx_slab.c"),
        entry("nginx-session-cache", Noise, Proxy, "The TLS session cache is full: sessions are not resumed")
        .any(&["could not allocate new session in SSL session shared cache"])
        .hits(&[("could not allocate new session in SSL session shared cache \"SSL\"", &[])])
        .from("nginx src/event/ngx_event_openssl.c"),
        entry("nginx-disk-full", DiskFull, Proxy, "No space for a temporary or cache file")
        .any(&["(28: No space left on device)"])
        .re(r#"(?:pwritev?|write|open|mkdir|rename|fallocate|posix_fallocate)\(\) (?:"(?<path>[^"]*)" )?failed \((?<code>28): No space left"#)
        .hits(&[
            ("pwrite() \"/var/lib/nginx/proxy/1/00/0000000001\" failed (28: No space left on device) while reading upstream", &[("path", "/var/lib/nginx/proxy/1/00/0000000001"), ("code", "28")]),
        ])
        .from("nginx src/os/unix/ngx_files.c"),
        entry("nginx-bind-failed", StartFailed, Proxy, "A listening address is in use: the start fails")
        .any(&["bind() to", "still could not bind()"])
        .re(r"(?:bind\(\) to (?<addr>\S+) failed \((?<code>\d+): (?<reason>[^)]*)\)|still could not bind\(\))")
        .hits(&[
            ("bind() to 0.0.0.0:80 failed (98: Address already in use)", &[("addr", "0.0.0.0:80"), ("code", "98"), ("reason", "Address already in use")]),
            ("still could not bind()", &[]),
        ])
        .from("nginx src/core/ngx_connection.c"),
        entry(
            "nginx-config-failed",
            StartFailed,
            Proxy,
            "The configuration cannot be used; a running proxy keeps the old one",
        )
        .any(&[
            "host not found in upstream",
            "unknown directive",
            "unexpected end of file, expecting",
            "directive is not allowed here",
            "invalid number of arguments in",
            "open() \"/etc/nginx",
        ])
        .re(r#"(?<reason>host not found in upstream "(?<name>[^"]*)"|unknown directive "[^"]*"|unexpected end of file, expecting "[^"]*"|directive is not allowed here|invalid number of arguments in "[^"]*" directive)(?: in (?<path>[^\s:]+:\d+))?"#)
        .hits(&[
            ("host not found in upstream \"app\" in /etc/nginx/conf.d/shop.conf:12", &[("reason", "host not found in upstream \"app\""), ("name", "app"), ("path", "/etc/nginx/conf.d/shop.conf:12")]),
            ("unknown directive \"proxy_pas\" in /etc/nginx/nginx.conf:40", &[("reason", "unknown directive \"proxy_pas\""), ("path", "/etc/nginx/nginx.conf:40")]),
        ])
        .from("nginx src/core/ngx_conf_file.c"),
        entry("nginx-reconfiguring", ProxyReload, Proxy, "The master loads a new configuration")
        .any(&["reconfiguring", "changing binary", "using inherited sockets"])
        .re(r#"^(?:reconfiguring|changing binary|using inherited sockets from "[^"]*")"#)
        .only_from(&["nginx", "openresty", "tengine", "angie"])
        .hits(&[("reconfiguring", &[])])
        .from("nginx src/os/unix/ngx_process_cycle.c"),
        entry("nginx-started", ProxyStarted, Proxy, "The master or a worker starts")
        .any(&["start worker process", "using the \"", "start cache"])
        .re(r#"^(?:start (?:worker|cache manager|cache loader) process(?:es| (?<pid>\d+))|using the "(?<name>[a-z/]+)" event method)"#)
        .hits(&[
            ("start worker processes", &[]),
            ("start worker process 4711", &[("pid", "4711")]),
            ("using the \"epoll\" event method", &[("name", "epoll")]),
        ])
        .from("nginx src/os/unix/ngx_process_cycle.c"),
        entry("nginx-stopping", ProxyStopped, Proxy, "The master or a worker ends, gracefully or at once")
        .any(&["gracefully shutting down", "exit", "shutting down"])
        .re(r"^(?:gracefully shutting down|exiting|exit|shutting down)$")
        .only_from(&["nginx", "openresty", "tengine", "angie"])
        .hits(&[
            ("gracefully shutting down", &[]),
            ("exiting", &[]),
            ("exit", &[]),
        ])
        .from("nginx src/os/unix/ngx_process_cycle.c"),
        entry("nginx-open-socket", Noise, Proxy, "A connection was left open at the end of a worker")
        .any(&["left in connection"])
        .re(r"open socket #\d+ left in connection (?<code>\d+)")
        .hits(&[("*12 open socket #3 left in connection 4", &[("code", "4")])])
        .from("nginx src/os/unix/ngx_process_cycle.c"),
        entry("nginx-startup", Noise, Proxy, "Versions and limits at a start")
        .any(&["getrlimit(RLIMIT_NOFILE)", "OS: Linux", "nginx/", "built by gcc"])
        .re(r"^(?:getrlimit\(RLIMIT_NOFILE\): \d+:\d+|OS: Linux|(?:nginx|openresty|tengine|Angie)/[\d.]+$|built by gcc)")
        .hits(&[
            ("nginx/1.22.1", &[]),
            ("getrlimit(RLIMIT_NOFILE): 1024:524288", &[]),
        ])
        .from("nginx src/core/nginx.c"),
        entry(
            "nginx-fastcgi-fatal",
            RequestException,
            Request,
            "A fatal PHP error that the FastCGI server passed on",
        )
        .any(&["FastCGI sent in stderr:"])
        .re(r#"FastCGI sent in stderr: "(?:PHP message: )?(?:PHP (?:Fatal|Parse) error: +(?:Uncaught )?(?<reason>[^\n"]+?)(?: in (?<path>/[^\s:"]+)|"|$))"#)
        .hits(&[
            ("FastCGI sent in stderr: \"PHP message: PHP Fatal error:  Uncaught RuntimeException: boom in /srv/a.php:2\" while reading response header from upstream", &[("reason", "RuntimeException: boom"), ("path", "/srv/a.php")]),
        ])
        .from("nginx src/http/modules/ngx_http_fastcgi_module.c"),
        entry("nginx-fastcgi-stderr", Noise, Request, "Other text that the FastCGI server passed on")
        .any(&["FastCGI sent in stderr:"])
        .hits(&[
            ("FastCGI sent in stderr: \"Primary script unknown\" while reading response header from upstream", &[]),
        ])
        .from("nginx src/http/modules/ngx_http_fastcgi_module.c"),
    ],
};
