//! Apache httpd 2.2 to 2.4: the parent, its children and their limits. Messages come with or without the AH code.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "apache",
    title: "Apache httpd",
    programs: &["apache", "apache2", "httpd"],
    is_exclusive: true,
    signals: &[
        entry(
            "apache-max-workers",
            ProxyLimit,
            Proxy,
            "`MaxRequestWorkers` reached: clients queue in the backlog; once per restart",
        )
        .any(&["server reached MaxRequestWorkers", "server reached MaxClients", "scoreboard is full"])
        .re(r"(?:server reached (?<reason>MaxRequestWorkers|MaxClients) setting|scoreboard is full)")
        .hits(&[
            ("AH00484: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting", &[("reason", "MaxRequestWorkers")]),
            ("AH03490: scoreboard is full, not at MaxRequestWorkers.Increase ServerLimit.", &[]),
        ])
        .from("httpd server/mpm/event/event.c, worker.c, prefork.c"),
        entry("apache-spare-threads", ProxyLimit, Proxy, "Nearly all workers are busy")
        .any(&["server is within MinSpareThreads", "server seems busy"])
        .re(r"(?:server is within MinSpareThreads of MaxRequestWorkers|server seems busy)")
        .hits(&[
            ("AH10159: server is within MinSpareThreads of MaxRequestWorkers, consider raising the MaxRequestWorkers setting", &[]),
            ("AH00486: server seems busy, (you may need to increase StartServers, ThreadsPerChild or Min/MaxSpareThreads), spawning 8 children, there are around 3 idle threads, 1 active children", &[]),
        ])
        .from("httpd server/mpm/event/event.c, worker.c, prefork.c"),
        entry(
            "apache-child-signal",
            ProxyCrash,
            Proxy,
            "A child died by a signal: its requests are lost without access lines",
        )
        .any(&["exit signal"])
        .re(r"child pid (?<pid>\d+) exit signal (?<reason>[A-Z][\w ]*?) \((?<signal>\d+)\)")
        .hits(&[
            ("AH00052: child pid 4711 exit signal Segmentation fault (11)", &[("pid", "4711"), ("reason", "Segmentation fault"), ("signal", "11")]),
            ("AH00051: child pid 4711 exit signal Aborted (6), possible coredump in /var/cache/apache2", &[("pid", "4711"), ("reason", "Aborted"), ("signal", "6")]),
        ])
        .from("httpd server/mpm_common.c"),
        entry("apache-fatal", ProxyCrash, Proxy, "The server ends after a fatal error of a child")
        .any(&[
            "returned a Fatal error",
            "unrecoverable failure was encountered",
            "children are killed successively",
        ])
        .re(r"(?:Child (?<pid>\d+) returned a Fatal error|unrecoverable failure was encountered|children are killed successively)")
        .hits(&[("AH00050: Child 4711 returned a Fatal error... Apache is exiting!", &[("pid", "4711")])])
        .from("httpd server/mpm_common.c"),
        entry("apache-child-kill", ProxyStopped, Proxy, "A child did not end in time and is killed")
        .any(&["still did not exit"])
        .re(r"child process (?<pid>\d+) still did not exit, sending a (?<signal>SIG\w+)")
        .hits(&[
            ("AH00046: child process 4711 still did not exit, sending a SIGKILL", &[("pid", "4711"), ("signal", "SIGKILL")]),
        ])
        .from("httpd server/mpm_common.c"),
        entry("apache-fork-failed", ProxyLimit, Proxy, "A child process or thread could not be started")
        .any(&[
            "Unable to fork new process",
            "ap_thread_create: unable to create",
            "apr_thread_create: unable to create",
        ])
        .re(r"(?:Unable to fork new process|a(?:p|pr)_thread_create: unable to create)")
        .hits(&[
            ("AH00159: fork: Unable to fork new process", &[]),
            ("AH03142: ap_thread_create: unable to create worker thread", &[]),
        ])
        .from("httpd server/mpm_common.c"),
        entry("apache-accept-failed", ProxyLimit, Proxy, "No descriptor for an accepted connection")
        .any(&["apr_socket_accept", "apr_pollset_poll: (listen)"])
        .re(r"(?:apr_socket_accept: (?:\(client socket\)|giving up)|apr_pollset_poll: \(listen\))")
        .hits(&[("AH02179: apr_socket_accept: (client socket)", &[])])
        .from("httpd os/unix/unixd.c"),
        entry("apache-bind-failed", StartFailed, Proxy, "A listening address is in use: the start fails")
        .any(&["make_sock: could not bind", "no listening sockets available"])
        .re(r"(?:make_sock: could not bind to address (?<addr>\S+)|no listening sockets available)")
        .hits(&[("AH00072: make_sock: could not bind to address 0.0.0.0:80", &[("addr", "0.0.0.0:80")])])
        .from("httpd server/listen.c"),
        entry("apache-started", ProxyStarted, Proxy, "The server runs, after a start or a restart")
        .any(&["resuming normal operations"])
        .re(r"(?<name>Apache/\S+)?[^\n]* configured -- resuming normal operations")
        .hits(&[
            ("AH00489: Apache/2.4.71 (Debian) OpenSSL/3.0.15 configured -- resuming normal operations", &[]),
        ])
        .from("httpd server/mpm/event/event.c"),
        entry("apache-stopping", ProxyStopped, Proxy, "The server was told to stop")
        .any(&["caught SIG"])
        .re(r"caught (?<signal>SIGTERM|SIGWINCH), shutting down")
        .hits(&[
            ("AH00491: caught SIGTERM, shutting down", &[("signal", "SIGTERM")]),
            ("AH00492: caught SIGWINCH, shutting down gracefully", &[("signal", "SIGWINCH")]),
        ])
        .from("httpd server/mpm/event/event.c"),
        entry("apache-reload", ProxyReload, Proxy, "The server was told to restart")
        .any(&["Doing graceful restart", "Attempting to restart", "Graceful restart requested"])
        .re(r"(?:(?<signal>SIGUSR1|SIGHUP|AP_SIG_GRACEFUL) received\. +(?:Doing graceful restart|Attempting to restart)|Graceful restart requested)")
        .hits(&[
            ("AH00493: SIGUSR1 received.  Doing graceful restart", &[("signal", "SIGUSR1")]),
            ("AH00494: SIGHUP received.  Attempting to restart", &[("signal", "SIGHUP")]),
            ("AH00171: Graceful restart requested, doing restart", &[]),
        ])
        .from("httpd server/mpm/event/event.c"),
        entry("apache-assertion", ProxyCrash, Proxy, "An assertion failed")
        .any(&["assertion \"", "BUG: Scoreboard slot"])
        .re(r#"(?:file (?<path>[^,]+), line \d+, assertion "[^"]*" failed|BUG: Scoreboard slot)"#)
        .hits(&[
            ("AH00102: [Fri Nov 20 10:00:00 2026] file mod_x.c, line 12, assertion \"a != NULL\" failed", &[("path", "mod_x.c")]),
        ])
        .from("httpd server/log.c"),
        entry("apache-config-failed", StartFailed, Proxy, "The configuration cannot be used")
        .any(&["Syntax error on line", "Configuration Failed"])
        .re(r"(?:Syntax error on line \d+ of (?<path>[^:\s]+)|Configuration Failed)")
        .hits(&[
            ("AH00526: Syntax error on line 12 of /etc/apache2/sites-enabled/shop.conf:", &[("path", "/etc/apache2/sites-enabled/shop.conf")]),
        ])
        .from("httpd server/config.c"),
        entry("apache-plain-on-tls", ProtocolError, Proxy, "Plain HTTP came to a TLS port")
        .any(&["HTTP spoken on HTTPS port"])
        .hits(&[
            ("AH01996: SSL handshake failed: HTTP spoken on HTTPS port; trying to send HTML error page", &[]),
        ])
        .from("httpd modules/ssl/ssl_engine_io.c"),
        entry(
            "apache-php-fatal",
            RequestException,
            Request,
            "A fatal PHP error that the FastCGI server passed on",
        )
        .any(&["PHP Fatal error:", "PHP Parse error:"])
        .re(r"Got error '(?:PHP message: )?PHP (?:Fatal|Parse) error: +(?:Uncaught )?(?<reason>[^\n']+?)(?: in (?<path>/[^\s:']+)|'|$)")
        .hits(&[
            ("AH01071: Got error 'PHP message: PHP Fatal error:  Uncaught RuntimeException: boom in /srv/a.php:2'", &[("reason", "RuntimeException: boom"), ("path", "/srv/a.php")]),
        ])
        .from("httpd modules/proxy/mod_proxy_fcgi.c"),
        entry("apache-startup", Noise, Proxy, "Remarks at a start")
        .any(&[
            "Command line: '",
            "reliably determine the server's fully qualified",
            "this version of mod_ssl was compiled against",
            "Session Cache is not configured",
        ])
        .hits(&[
            ("AH00094: Command line: '/usr/sbin/apache2 -D FOREGROUND'", &[]),
            ("AH01882: Init: this version of mod_ssl was compiled against a newer library (OpenSSL 3.0.15)", &[]),
        ])
        .from("httpd server/main.c"),
    ],
};
