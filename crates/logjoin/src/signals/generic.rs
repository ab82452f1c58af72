//! Wording that many programs share, asked last: lifecycle, exceptions, slow work. An application's own lines
//! are mostly recognised here.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "generic",
    title: "Common wording",
    programs: &["any"],
    is_exclusive: false,
    signals: &[
        entry("app-out-of-memory", OomKill, Process, "A program says that memory ran out")
        .any(&["out of memory", "memory limit exceeded", "OutOfMemory"])
        .re(r#"(?:(?:^|[\s:\["'(])[Oo]ut of memory\b|[Mm]emory limit (?:of \S+ )?exceeded\b|\bOutOfMemory(?:Error|Exception)?: )"#)
        .hits(&[("worker 3 stopped: out of memory", &[])])
        .misses(&["GET /docs/out-of-memory HTTP/1.1"])
        .from("common practice"),
        entry("app-uncaught", Crash, Process, "An exception that nothing caught")
        .any(&["uncaught exception", "unhandled exception", "unhandled error, exiting"])
        .re(r"(?i:\buncaught exception\b|\bunhandled exception in (?:main|thread)|\bunhandled error, exiting)(?:[:,] ?(?<reason>[^\n]+))?")
        .hits(&[("uncaught exception: boom, exiting", &[("reason", "boom, exiting")])])
        .from("common practice"),
        entry("app-fatal-start", StartFailed, Process, "A program gives up while it starts")
        .any(&[
            "FATAL",
            "failed to start",
            "startup failed",
            "cannot start",
            "could not start",
            "failed to initialize",
            "failed to load config",
            "migration",
            "refusing to start",
            "ImportError",
            "ModuleNotFoundError",
        ])
        .re(r"(?:^FATAL:? (?:error )?(?<reason>\S[^\n]*)|\b(?:[Ff]ailed|[Cc]ould not|[Cc]annot|[Uu]nable) to (?:start|boot)\b(?: (?:server|application|app|service|listener|HTTP)\b|$|:)|\b[Ss]tart-?up failed\b|\b[Ff]ailed to (?:load (?:config|settings)|initialize (?:app|server|database))|\b[Mm]igrations? \S*\s?failed\b|\b[Rr]efusing to start\b|^(?:ImportError|ModuleNotFoundError): )")
        .hits(&[
            ("migration 0042_add_index failed err=\"pq: relation orders does not exist\"", &[]),
            ("failed to start server: no such file", &[]),
            ("ModuleNotFoundError: No module named 'shop'", &[]),
        ])
        .misses(&["cannot start a transaction within a transaction"])
        .from("common practice"),
        entry("app-bind-failed", StartFailed, Process, "A program cannot open its port")
        .any(&["bind:", "bind failed", "failed to bind", "cannot bind", "could not bind"])
        .re(r"(?:\b(?:[Ff]ailed|[Cc]annot|[Cc]ould not|[Uu]nable) (?:to )?bind\b|\bbind(?:\(\))? failed\b)(?:[^\n]*?(?<addr>[\w.\[\]*:]*:\d+))?")
        .hits(&[("failed to bind to 0.0.0.0:8080", &[("addr", "0.0.0.0:8080")])])
        .from("common practice"),
        entry(
            "app-pool-exhausted",
            PoolExhausted,
            Process,
            "A program says that workers, threads or a queue are used up",
        )
        .any(&[
            "pool exhausted",
            "pool is exhausted",
            "queue is full",
            "queue full",
            "no free workers",
            "no available workers",
            "all workers are busy",
            "all workers busy",
            "server is overloaded",
            "too many concurrent requests",
            "too many requests in flight",
            "worker pool",
            "thread pool",
        ])
        .re(r"(?i:\b(?:worker|thread|process|executor)s? ?pool (?:is )?(?:exhausted|full|saturated)\b|\b(?:request|work|accept|task|job|listen) ?queue (?:is )?full\b|\bno (?:free|idle|available) (?:workers|threads)\b|\ball (?:workers|threads)(?: are)? busy\b|\bserver is overloaded\b|\btoo many (?:concurrent requests|requests in flight)\b)")
        .hits(&[
            ("all workers are busy, rejecting request", &[]),
            ("request queue is full (128)", &[]),
        ])
        .from("common practice"),
        entry(
            "app-db-pool",
            DependencyExhausted,
            Process,
            "A program says that its pool of connections is used up",
        )
        .any(&["connection pool", "db pool"])
        .re(r"(?i:\b(?:connection|db|database|redis) pool (?:is )?(?:exhausted|full|timeout|timed out|saturated)\b|\btimed? ?out waiting for (?:a )?(?:db |database )?connection\b)")
        .hits(&[("db: connection pool exhausted after 5s", &[])])
        .from("common practice"),
        entry("app-deadlock", Deadlock, Process, "A program reports a deadlock or a stuck loop")
        .any(&["deadlock", "event loop blocked", "event loop is blocked"])
        .re(r#"(?i:(?:^|[\s:\]\"'(])deadlock(?:ed)?(?:[\s:,.\"')]|$)|\bevent loop (?:is |was )?blocked\b(?: for (?<ms>\d+) ?ms)?)"#)
        .hits(&[
            ("possible deadlock on inventory lock", &[]),
            ("event loop blocked for 8123 ms", &[("ms", "8123")]),
        ])
        .misses(&["GET /blog/deadlock HTTP/1.1"])
        .from("common practice"),
        entry(
            "app-unhandled",
            RequestException,
            Request,
            "A handler failed: the program logged the request's error",
        )
        .any(&[
            "unhandled error",
            "unhandled exception",
            "Unhandled Exception",
            "Internal Server Error",
            "Exception on /",
            "request errored",
        ])
        .re(r"(?i:\bunhandled (?:error|exception)\b)(?:[^\n]*? on (?<method>[A-Z]+) (?<path>/\S*))?|^Internal Server Error: |\bException on (?<addr>/\S*) \[|^request errored")
        .hits(&[
            ("unhandled error on GET /cart/checkout", &[("method", "GET"), ("path", "/cart/checkout")]),
            ("Internal Server Error: /cart", &[]),
            ("Exception on /cart [GET]", &[("addr", "/cart")]),
            ("request errored", &[]),
        ])
        .from("common practice"),
        entry("python-traceback", RequestException, Request, "A Python traceback")
        .any(&["Traceback (most recent call last):"])
        .re(r"Traceback \(most recent call last\):(?:\n[ \t][^\n]*)*(?:\n(?<reason>[A-Za-z_][\w.]*(?:: [^\n]*)?))?")
        .hits(&[
            ("Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in handle\n    row[\"total\"]\nKeyError: 'total'", &[("reason", "KeyError: 'total'")]),
        ])
        .from("cpython Python/traceback.c"),
        entry("error-line", RequestException, Request, "An exception by its class and text alone")
        .any(&["Error:", "Error [", "Exception:"])
        .re(r"^(?<reason>[A-Za-z_$][\w.$:]*(?:Error|Exception)(?: \[\w+\])?: [^\n]*)")
        .hits(&[
            ("TypeError: Cannot set properties of undefined (setting 'total')", &[("reason", "TypeError: Cannot set properties of undefined (setting 'total')")]),
            ("app.errors.PaymentError: card declined", &[("reason", "app.errors.PaymentError: card declined")]),
        ])
        .misses(&["Error: see the log"])
        .from("common practice"),
        entry("app-panic-handled", RequestException, Request, "A panic that a handler recovered from")
        .any(&["panic"])
        .re(r"(?i:\brecovered from panic\b|\bpanic recovered\b|\bpanic in handler\b)")
        .hits(&[("recovered from panic: boom", &[])])
        .from("common practice"),
        entry("app-slow", Slow, Request, "A program says that something took long")
        .any(&["slow query", "slow request", "took too long", "long running", "is slow"])
        .re(r"(?i:\bslow (?:query|request|response|statement)\b|\btook too long\b|\blong[ -]running (?:query|request|task|transaction)\b)(?:[^\n]*?\b(?:(?<ms>[\d.]+) ?ms\b|(?<seconds>\d+(?:\.\d+)?) ?s(?:ec(?:onds)?)?\b))?")
        .hits(&[
            ("slow query: 2713 ms: SELECT * FROM quotes WHERE tenant_id = $1", &[("ms", "2713")]),
            ("slow query took 4584 ms: select o from Order o", &[("ms", "4584")]),
            ("cache reload took too long", &[]),
        ])
        .misses(&["GET /help/slow-requests HTTP/1.1"])
        .from("common practice"),
        entry("app-lock-wait", Slow, Request, "A program waits for a lock")
        .any(&[
            "waiting for lock",
            "acquiring lock",
            "lock timeout",
            "could not obtain lock",
            "could not acquire lock",
        ])
        .re(r"(?i:\b(?:waiting for|acquiring) (?:a |the )?lock\b(?: on)?|\block timeout\b|\bcould not (?:obtain|acquire) lock\b)(?: (?<name>[\w:./-]+))?")
        .hits(&[
            ("waiting for lock inventory:35", &[("name", "inventory:35")]),
            ("acquiring lock inventory:35", &[("name", "inventory:35")]),
        ])
        .from("common practice"),
        entry(
            "app-dependency",
            DependencyFailed,
            Process,
            "A call to something that the program depends on failed",
        )
        .any(&[
            "timed out",
            "call failed",
            "call to",
            "upstream_status=",
            "service returned 5",
            "circuit breaker",
            "connection lost",
            "temporary failure",
            "could not connect to",
            "failed to connect to",
            "unable to connect to",
            "unavailable, using",
        ])
        .re(r"(?:\b(?:[Cc]ould not|[Ff]ailed to|[Uu]nable to) connect to (?:the )?(?<path>[\w.:/\[\]@-]+)|\bunavailable, using\b|\b[Cc]onnection to (?<name>\S+) (?:timed out|lost|failed)\b|\b(?<unit>[\w.-]+) timed out, using\b|\bcall to (?<addr>\S+) failed(?:: (?<reason>[^\n]+))?|\b\w+ call failed\b|\bservice returned (?<code>5\d\d)\b|\b[Cc]ircuit ?[Bb]reaker\b[^\n]*\bopen|\b\d{3} temporary failure\b)")
        .hits(&[
            ("connection to replica timed out, using primary", &[("name", "replica")]),
            ("call to payments.partner.example failed: HTTP 503 after 2 retries", &[("addr", "payments.partner.example"), ("reason", "HTTP 503 after 2 retries")]),
            ("partner call failed component=payments upstream_status=502", &[]),
            ("SMTP 451 temporary failure, message queued", &[]),
            ("cache: could not connect to memcached 10.0.0.9:11211", &[("path", "memcached")]),
        ])
        .from("common practice"),
        entry("app-health", HealthCheckFailed, Process, "A health check failed")
        .any(&["health check", "healthcheck"])
        .re(r"(?i:\bhealth ?-?checks? (?:has )?fail(?:ed|ing|ure)\b|\bfailed health ?-?check\b)")
        .hits(&[("health check failed: db", &[])])
        .misses(&["GET /healthcheck/failed-list HTTP/1.1"])
        .from("common practice"),
        entry("app-maintenance", Maintenance, Process, "Taken out of service on purpose")
        .any(&["maintenance mode"])
        .re(r"(?i:\b(?:entering|enabling|enabled|in) maintenance mode\b|\bmaintenance mode (?:on|enabled|active)\b)")
        .hits(&[("entering maintenance mode", &[])])
        .from("common practice"),
        // lifecycle
        entry("app-stop-signal", StopRequested, Process, "A program received a signal to stop")
        .any(&[
            "SIGTERM",
            "SIGINT",
            "SIGQUIT",
            "SIGHUP",
            "signal 15",
            "signal: terminated",
            "signal terminated",
        ])
        .re(r"(?:\b(?:[Rr]eceived|[Cc]aught|[Gg]ot|[Hh]andling)(?: signal:?)? \(?(?<signal>SIG(?:TERM|INT|QUIT|HUP)|15\b)|\b(?<name>SIG(?:TERM|INT|QUIT|HUP))\b (?:signal )?(?:was )?(?:received|caught)|[Rr]eceived (?:signal|shutdown signal)[ :=]+(?<reason>terminated|interrupt|hangup))")
        .hits(&[
            ("SIGTERM received, closing server", &[("name", "SIGTERM")]),
            ("SIGTERM signal received: closing HTTP server", &[("name", "SIGTERM")]),
            ("received SIGTERM, draining", &[("signal", "SIGTERM")]),
            ("received signal: terminated", &[("reason", "terminated")]),
        ])
        .misses(&["GET /man/SIGTERM HTTP/1.1"])
        .from("common practice"),
        entry("app-stopping", StopRequested, Process, "A program stops in an orderly way")
        .any(&[
            "shutting down",
            "graceful shutdown",
            "stopping server",
            "closing server",
            "closing http",
            "draining",
            "shutdown requested",
            "shutdown initiated",
            "stopping",
            "restarting",
        ])
        .re(r"(?:\b(?:[Ss]hutting down\b|[Gg]raceful(?:ly)? (?:shutdown|shutting down|stopping)\b|[Ss]hutdown (?:requested|initiated|started|signal)\b|(?:[Cc]losing|[Ss]topping) (?:HTTP |http |the |web )?(?:server|listener|service|application|app)\b|[Dd]raining (?:connections|requests)\b|[Rr]estarting (?:server|application|app|service)\b))")
        .hits(&[
            ("shutting down", &[]),
            ("server is shutting down, draining connections", &[]),
            ("starting graceful shutdown", &[]),
            ("closing HTTP server", &[]),
        ])
        .misses(&["GET /blog/shutting-down HTTP/1.1"])
        .from("common practice"),
        entry("app-stopped", ProcessStopped, Process, "A program has stopped in an orderly way")
        .any(&["server closed", "server stopped", "shutdown complete", "stopped", "shut down"])
        .re(r"(?i:\b(?:server|service|application|app|listener|worker|http server)(?: has| is| was)? (?:closed|stopped|shut down|terminated)\b|\bshut ?down (?:is )?complete(?:d)?\b|\bgracefully stopped\b|^stopped$)")
        .hits(&[
            ("server closed", &[]),
            ("HTTP server stopped", &[]),
            ("shutdown complete", &[]),
        ])
        .misses(&["GET /server-closed HTTP/1.1"])
        .from("common practice"),
        entry("app-listening", ProcessReady, Process, "A program listens")
        .any(&[
            "listening",
            "serving on",
            "started on",
            "running on",
            "running at",
            "serving http",
            "server at http",
        ])
        .re(r"(?i:\b(?:listening|serving(?: http)?|running|started)(?: traffic| requests)? (?:on|at)(?: (?:port|address|addr))?:? )(?:(?<addr>(?:https?://|tcp://|unix:)\S+|[\w.\[\]*-]*:\d+|/\S+\.sock)|(?<port>\d{2,5})\b)")
        .hits(&[
            ("shop listening on http://10.20.1.11:21101", &[("addr", "http://10.20.1.11:21101")]),
            ("Server listening on port 3000", &[("port", "3000")]),
            ("listening on :8080", &[("addr", ":8080")]),
            ("Serving HTTP on 0.0.0.0:8000", &[("addr", "0.0.0.0:8000")]),
        ])
        .misses(&["report job running on schedule"])
        .from("common practice"),
        entry("app-listening-port", ProcessReady, Process, "A program listens, in words of its own")
        .any(&["listening"])
        .re(r#"(?i:\b(?:server|app|application|service|api|http)\b[^\n]{0,40}\blistening\b)(?:[^\n]*?\b(?:port|addr|address)[ =:"]+(?:[\w.\[\]*]*:)?(?<port>\d{2,5})\b)?"#)
        .hits(&[
            ("server listening addr=0.0.0.0:8080", &[("port", "8080")]),
            ("http server is listening", &[]),
        ])
        .from("common practice"),
        entry("app-listening-word", ProcessReady, Process, "A program says in a word that it listens; a field has the address")
        .any(&["listening", "serving"])
        .re(r#"(?i:^(?:server[ _.-]?)?(?:listening|serving)(?:$| (?:addr|address|bind|url)=(?<addr>[^\s,]+:\d+))|\b(?:event|msg|message|action)"?[=:] ?"?(?:server[ _.-]?)?(?:listening|serving)"?(?:[,\s}]|$))"#)
        .hits(&[
            ("listening", &[]),
            ("server_listening", &[]),
            ("listening addr=192.0.2.8:3000 pid=7067", &[("addr", "192.0.2.8:3000")]),
            (r#"{"event":"listening","addr":"192.0.2.8:3000"}"#, &[]),
        ])
        .misses(&["listening to customers", "GET /listening HTTP/1.1"])
        .from("common practice"),
        entry("app-ready", ProcessReady, Process, "A program says that it is ready")
        .any(&["ready", "started"])
        .re(r"(?i:\b(?:server|service|application|app|http server|api)(?: \S+)? (?:(?:is|now|successfully) )*(?:ready|started)\b(?: in (?<seconds>[\d.]+) ?s)?(?: \(pid (?<pid>\d+)\))?|\bready (?:to|for) (?:accept|handle|serve|receive|accepting|handling|serving)(?:ing)? (?:connections|requests|traffic)\b|^ready$|^(?:server[ _.-]?)?started$|\bstartup complete(?:d)?\b)")
        .hits(&[
            ("application shop ready (pid 27560)", &[("pid", "27560")]),
            ("server started", &[]),
            ("ready to accept connections", &[]),
        ])
        .misses(&["GET /is-server-ready HTTP/1.1"])
        .from("common practice"),
        entry("app-starting-at", ProcessReady, Process, "A program starts to listen at an address")
        .any(&["starting", "started"])
        .re(r"(?i:\bstart(?:ing|ed)(?: (?:the|http|https|web|api|development|production))* server (?:on|at)(?: (?:port|address|addr))?:? )(?:(?<addr>(?:https?://|tcp://|unix:)\S+|[\w.\[\]*-]*:\d+|/\S+\.sock)|(?<port>\d{2,5})\b)")
        .hits(&[
            ("Starting server on http://10.63.4.2:8888", &[("addr", "http://10.63.4.2:8888")]),
            ("starting http server at :8080", &[("addr", ":8080")]),
            ("Started server on port 3000", &[("port", "3000")]),
        ])
        .misses(&["Starting server maintenance at 10:30"])
        .from("common practice: said by programs that listen at once and say nothing more"),
        entry("app-starting", ProcessStarting, Process, "A program starts")
        .any(&["starting", "booting"])
        .re(r"(?i:^(?:[\w.-]+: )?(?:starting|booting)(?: up)?(?: (?:the|http|web|api))?(?: [\w.-]+)? (?:server|service|application|app|worker process)\b|^starting up\b|^(?:server[ _.-]?)?(?:starting|booting|startup)$|\bserver (?:is )?starting\b)")
        .hits(&[
            ("starting http server", &[]),
            ("Starting shop application v1.4.2", &[]),
        ])
        .from("common practice"),
    ],
};
