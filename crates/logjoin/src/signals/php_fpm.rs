//! PHP-FPM 5.3 to 8.4, and the PHP errors that its children relay.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "php-fpm",
    title: "PHP and PHP-FPM",
    programs: &["php-fpm", "php"],
    is_exclusive: false,
    signals: &[
        entry(
            "fpm-max-children",
            PoolExhausted,
            Process,
            "All children of a pool are busy; once per episode, never for `pm = static`",
        )
        .any(&["max_children setting"])
        .re(r"(?:\[pool (?<name>[^\]]+)\] )?server reached (?:pm\.)?max_children setting \((?<limit>\d+)\)")
        .hits(&[
            ("[pool www] server reached pm.max_children setting (4), consider raising it", &[("name", "www"), ("limit", "4")]),
            ("[pool www] server reached max_children setting (20), consider raising it", &[("name", "www"), ("limit", "20")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_process_ctl.c"),
        entry("fpm-process-max", PoolExhausted, Process, "`process.max` of all pools together is reached")
        .any(&["The maximum number of processes has been reached"])
        .hits(&[
            ("The maximum number of processes has been reached. Please review your configuration and consider raising 'process.max'", &[]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-busy", PoolExhausted, Process, "A pool has too few idle children and grows")
        .any(&["seems busy (you may need to increase"])
        .re(r"\[pool (?<name>[^\]]+)\] seems busy .*there are \d+ idle, and (?<limit>\d+) total children")
        .hits(&[
            ("[pool www] seems busy (you may need to increase pm.start_servers, or pm.min/max_spare_servers), spawning 8 children, there are 0 idle, and 12 total children", &[("name", "www"), ("limit", "12")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_process_ctl.c"),
        entry(
            "fpm-terminate-timeout",
            WorkerTimeout,
            Request,
            "A request exceeded `request_terminate_timeout`: its child is terminated",
        )
        .any(&["execution timed out ("])
        .re(r#"\[pool (?<name>[^\]]+)\] child (?<pid>\d+), script '(?<reason>[^']*)' \(request: "(?<method>\S*) (?<path>[^"]*)"\) execution timed out \((?<seconds>[\d.]+) sec\)"#)
        .hits(&[
            ("[pool www] child 21298, script '/srv/blog/index.php' (request: \"GET /index.php?p=1\") execution timed out (10.241904 sec), terminating", &[("name", "www"), ("pid", "21298"), ("reason", "/srv/blog/index.php"), ("method", "GET"), ("path", "/index.php?p=1"), ("seconds", "10.241904")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_request.c"),
        entry("fpm-slow", Slow, Request, "A request exceeded `request_slowlog_timeout`")
        .any(&["executing too slow ("])
        .re(r#"\[pool (?<name>[^\]]+)\] child (?<pid>\d+), script '(?<reason>[^']*)' \(request: "(?<method>\S*) (?<path>[^"]*)"\) executing too slow \((?<seconds>[\d.]+) sec\)"#)
        .hits(&[
            ("[pool www] child 21298, script '/srv/blog/index.php' (request: \"GET /index.php\") executing too slow (3.134256 sec), logging", &[("name", "www"), ("pid", "21298"), ("reason", "/srv/blog/index.php"), ("method", "GET"), ("path", "/index.php"), ("seconds", "3.134256")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_request.c"),
        entry(
            "fpm-child-sigkill",
            KilledBySupervisor,
            Worker,
            "A child ended by SIGKILL: memory or an administrator",
        )
        .any(&["exited on signal 9"])
        .re(r"\[pool (?<name>[^\]]+)\] child (?<pid>\d+) exited on signal (?<signal>9) \(SIGKILL\)(?: after (?<seconds>[\d.]+) seconds from start)?")
        .hits(&[
            ("[pool www] child 21298 exited on signal 9 (SIGKILL) after 27.165170 seconds from start", &[("name", "www"), ("pid", "21298"), ("signal", "9"), ("seconds", "27.165170")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry(
            "fpm-child-sigterm",
            WorkerExited,
            Worker,
            "A child ended by an orderly signal: after a timeout, or at a stop",
        )
        .any(&["exited on signal 15", "exited on signal 3", "exited on signal 2"])
        .re(r"\[pool (?<name>[^\]]+)\] child (?<pid>\d+) exited on signal (?<signal>15|3|2) \(")
        .hits(&[
            ("[pool www] child 21298 exited on signal 15 (SIGTERM) after 10.241904 seconds from start", &[("name", "www"), ("pid", "21298"), ("signal", "15")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-child-signal", Crash, Worker, "A child died by a fatal signal")
        .any(&["exited on signal"])
        .re(r"\[pool (?<name>[^\]]+)\] child (?<pid>\d+) exited on signal (?<signal>\d+) \(SIG\w+(?: - core dumped)?\)(?: after (?<seconds>[\d.]+) seconds from start)?")
        .hits(&[
            ("[pool www] child 21298 exited on signal 11 (SIGSEGV) after 27.165170 seconds from start", &[("name", "www"), ("pid", "21298"), ("signal", "11"), ("seconds", "27.165170")]),
            ("[pool www] child 21298 exited on signal 11 (SIGSEGV - core dumped) after 27.165170 seconds from start", &[("name", "www"), ("pid", "21298"), ("signal", "11"), ("seconds", "27.165170")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-child-exit-ok", WorkerExited, Worker, "A child ended after `pm.max_requests` or as idle")
        .any(&["exited with code 0"])
        .re(r"\[pool (?<name>[^\]]+)\] child (?<pid>\d+) exited with code (?<code>0)\b")
        .hits(&[
            ("[pool www] child 21298 exited with code 0 after 3600.000000 seconds from start", &[("name", "www"), ("pid", "21298"), ("code", "0")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-child-exit", Crash, Worker, "A child ended with a failure code")
        .any(&["exited with code"])
        .re(r"\[pool (?<name>[^\]]+)\] child (?<pid>\d+) exited with code (?<code>[1-9]\d*)")
        .hits(&[
            ("[pool www] child 21298 exited with code 255 after 1.000000 seconds from start", &[("name", "www"), ("pid", "21298"), ("code", "255")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-emergency-restart", Crash, Process, "Too many children died: emergency restart")
        .any(&["failed processes threshold"])
        .re(r"failed processes threshold \((?<limit>\d+) in (?<seconds>\d+) sec\) is reached")
        .hits(&[
            ("failed processes threshold (10 in 60 sec) is reached, initiating reload", &[("limit", "10"), ("seconds", "60")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-bind-failed", StartFailed, Process, "A listening address is in use or cannot be bound")
        .any(&["unable to bind listening socket", "Another FPM instance seems to already listen"])
        .re(r"(?:unable to bind listening socket for address '(?<addr>[^']*)': (?<reason>[^\n(]+)|Another FPM instance seems to already listen on (?<path>\S+))")
        .hits(&[
            ("unable to bind listening socket for address '127.0.0.1:9000': Address already in use (98)", &[("addr", "127.0.0.1:9000"), ("reason", "Address already in use ")]),
            ("Another FPM instance seems to already listen on /run/php/php8.2-fpm.sock", &[("path", "/run/php/php8.2-fpm.sock")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_sockets.c"),
        entry("fpm-init-failed", StartFailed, Process, "The configuration or a pool failed at start")
        .any(&[
            "child failed to initialize",
            "FPM initialization failed",
            "failed to post process the configuration",
        ])
        .hits(&[
            ("FPM initialization failed", &[]),
            ("[pool www] child failed to initialize", &[]),
        ])
        .from("php-src sapi/fpm/fpm/fpm.c"),
        entry("fpm-running", ProcessReady, Process, "The master is up")
        .any(&["fpm is running, pid", "ready to handle connections"])
        .re(r"(?:fpm is running, pid (?<pid>\d+)|^(?:\[[^\]]*\] )?(?:NOTICE: )?ready to handle connections)")
        .hits(&[
            ("fpm is running, pid 22265", &[("pid", "22265")]),
            ("ready to handle connections", &[]),
        ])
        .from("php-src sapi/fpm/fpm/fpm.c"),
        entry("fpm-child-started", WorkerStarted, Worker, "A child was forked")
        .any(&["started"])
        .re(r"^(?:\[[^\]]*\] )?(?:NOTICE: )?\[pool (?<name>[^\]]+)\] child (?<pid>\d+) started$")
        .hits(&[("[pool www] child 22266 started", &[("name", "www"), ("pid", "22266")])])
        .from("php-src sapi/fpm/fpm/fpm_children.c"),
        entry("fpm-stopping", StopRequested, Process, "A stop or reload was asked for")
        .any(&["Terminating ...", "Finishing ...", "Reloading in progress ...", "reloading: execvp"])
        .re(r"^(?:\[[^\]]*\] )?(?:NOTICE: )?(?:Terminating|Finishing|Reloading in progress) \.\.\.|reloading: execvp\(")
        .hits(&[
            ("Terminating ...", &[]),
            ("Finishing ...", &[]),
            ("Reloading in progress ...", &[]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_process_ctl.c"),
        entry("fpm-stopped", ProcessStopped, Process, "The master ends")
        .any(&["exiting, bye-bye!"])
        .hits(&[("exiting, bye-bye!", &[])])
        .from("php-src sapi/fpm/fpm/fpm_process_ctl.c"),
        entry("fpm-inherited", Noise, Process, "Sockets kept over a reload")
        .any(&["using inherited socket fd=", "using inherited socket \""])
        .hits(&[("using inherited socket fd=9, \"/run/php/php8.2-fpm.sock\"", &[])])
        .from("php-src sapi/fpm/fpm/fpm_sockets.c"),
        // PHP itself
        entry(
            "php-memory-limit",
            RequestException,
            Request,
            "A script reached `memory_limit`: 500, the process lives on",
        )
        .any(&["Allowed memory size of"])
        .re(r"Allowed memory size of (?<limit>\d+) bytes exhausted(?:[^\n]* in (?<path>/\S+))?")
        .hits(&[
            ("PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /srv/a.php on line 3", &[("limit", "134217728"), ("path", "/srv/a.php")]),
        ])
        .from("php-src Zend/zend_alloc.c"),
        entry("php-time-limit", Slow, Request, "A script reached `max_execution_time`: 500")
        .any(&["Maximum execution time of"])
        .re(r"Maximum execution time of (?<seconds>\d+)(?:\+\d+)? seconds? exceeded(?: in (?<path>/\S+))?")
        .hits(&[
            ("PHP Fatal error:  Maximum execution time of 30 seconds exceeded in /srv/a.php on line 9", &[("seconds", "30"), ("path", "/srv/a.php")]),
        ])
        .from("php-src main/main.c"),
        entry("php-fatal", RequestException, Request, "An uncaught exception or fatal error ended a request")
        .any(&["PHP Fatal error:", "PHP Parse error:"])
        .re(r#"PHP (?:Fatal|Parse) error: +(?:Uncaught )?(?<reason>[^\n"]+?)(?: in (?<path>/[^\s:"]+)| on line|["\n]|$)"#)
        .hits(&[
            ("child 21298 said into stderr: \"NOTICE: PHP message: PHP Fatal error:  Uncaught RuntimeException: no exchange rate for XXX in /srv/lib/rate.php:12\"", &[("reason", "RuntimeException: no exchange rate for XXX"), ("path", "/srv/lib/rate.php")]),
        ])
        .from("php-src main/main.c"),
        entry("php-primary-script", Noise, Request, "The proxy asked for a script that does not exist: 404")
        .any(&["Primary script unknown"])
        .hits(&[("Primary script unknown", &[])])
        .from("php-src sapi/fpm/fpm/fpm_main.c"),
        entry("php-primary-unreadable", PermissionDenied, Request, "A script could not be opened")
        .any(&["Unable to open primary script"])
        .re(r"Unable to open primary script: (?<path>\S+) \((?<reason>[^)]*)\)")
        .hits(&[
            ("Unable to open primary script: /srv/a.php (Permission denied)", &[("path", "/srv/a.php"), ("reason", "Permission denied")]),
        ])
        .from("php-src sapi/fpm/fpm/fpm_main.c"),
    ],
};
