//! Database and cache servers, in their own logs: PostgreSQL, MySQL, Redis, PgBouncer, MongoDB.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "databases",
    title: "Database servers",
    programs: &["postgres", "postgresql", "mysqld", "mariadbd", "redis", "redis-server", "pgbouncer", "mongod"],
    is_exclusive: false,
    signals: &[
        entry("pg-too-many", DependencyExhausted, Process, "PostgreSQL has no connection left")
        .any(&[
            "too many clients already",
            "remaining connection slots are reserved",
            "too many connections for role",
            "too many connections for database",
        ])
        .re(r#"(?<reason>sorry, too many clients already|remaining connection slots are reserved|too many connections for (?:role|database) "(?<name>[^"]*)")"#)
        .hits(&[
            ("FATAL:  sorry, too many clients already", &[("reason", "sorry, too many clients already")]),
            ("FATAL:  remaining connection slots are reserved for non-replication superuser connections", &[("reason", "remaining connection slots are reserved")]),
        ])
        .from("postgresql src/backend/storage/lmgr/proc.c"),
        entry("pg-deadlock", Deadlock, Request, "Transactions waited for each other: one was ended")
        .any(&["deadlock detected"])
        .re(r"(?:ERROR: +deadlock detected|\bdeadlock detected\b)")
        .hits(&[
            ("ERROR:  deadlock detected", &[]),
            ("deadlock detected, retrying transaction (attempt 2)", &[]),
        ])
        .from("postgresql src/backend/storage/lmgr/deadlock.c"),
        entry("pg-lock-wait", Slow, Request, "A transaction waits for a lock")
        .any(&["still waiting for"])
        .re(r"process (?<pid>\d+) still waiting for (?<reason>\S+) on .* after (?<ms>[\d.]+) ms")
        .hits(&[
            ("LOG:  process 4711 still waiting for ShareLock on transaction 812 after 1000.123 ms", &[("pid", "4711"), ("reason", "ShareLock"), ("ms", "1000.123")]),
        ])
        .from("postgresql src/backend/storage/lmgr/proc.c"),
        entry("pg-slow", Slow, Request, "A statement took long")
        .any(&["duration:", "Query_time:"])
        .re(r"(?:LOG: +duration: (?<ms>[\d.]+) ms +(?:statement|execute)|# Query_time: (?<seconds>[\d.]+))")
        .hits(&[
            ("LOG:  duration: 2713.412 ms  statement: SELECT * FROM quotes", &[("ms", "2713.412")]),
            ("# Query_time: 4.213  Lock_time: 0.000 Rows_sent: 1  Rows_examined: 900000", &[("seconds", "4.213")]),
        ])
        .from("postgresql src/backend/tcop/postgres.c"),
        entry("pg-cancelled", Slow, Request, "A statement was cancelled: over its limit, or on request")
        .any(&["canceling statement due to"])
        .re(r"canceling statement due to (?<reason>[^\n]+)")
        .hits(&[("ERROR:  canceling statement due to statement timeout", &[("reason", "statement timeout")])])
        .from("postgresql src/backend/tcop/postgres.c"),
        entry("pg-terminated", DependencyFailed, Process, "PostgreSQL ended connections")
        .any(&["terminating connection due to", "terminating connection because of crash"])
        .re(r"terminating connection (?:due to (?<reason>[^\n]+)|because of crash of another server process)")
        .hits(&[
            ("FATAL:  terminating connection due to administrator command", &[("reason", "administrator command")]),
            ("WARNING:  terminating connection because of crash of another server process", &[]),
        ])
        .from("postgresql src/backend/tcop/postgres.c"),
        entry(
            "pg-process-kill",
            OomKill,
            Process,
            "A process of PostgreSQL was killed: all connections are dropped",
        )
        .any(&["server process (PID"])
        .re(r"server process \(PID (?<pid>\d+)\) was terminated by signal (?<signal>9)")
        .hits(&[
            ("LOG:  server process (PID 4711) was terminated by signal 9: Killed", &[("pid", "4711"), ("signal", "9")]),
        ])
        .from("postgresql src/backend/postmaster/postmaster.c"),
        entry("pg-process-crash", Crash, Process, "A process of PostgreSQL died: all connections are dropped")
        .any(&["server process (PID", "all server processes terminated"])
        .re(r"(?:server process \(PID (?<pid>\d+)\) (?:was terminated by signal (?<signal>\d+)|exited with exit code (?<code>\d+))|all server processes terminated)")
        .hits(&[
            ("LOG:  server process (PID 4711) was terminated by signal 11: Segmentation fault", &[("pid", "4711"), ("signal", "11")]),
            ("LOG:  all server processes terminated; reinitializing", &[]),
        ])
        .from("postgresql src/backend/postmaster/postmaster.c"),
        entry("pg-not-ready", DependencyFailed, Process, "PostgreSQL is starting, stopping or recovering")
        .any(&["the database system is", "not yet accepting connections"])
        .re(r"FATAL: +the database system is (?<reason>starting up|shutting down|in recovery mode|not yet accepting connections)")
        .hits(&[("FATAL:  the database system is starting up", &[("reason", "starting up")])])
        .from("postgresql src/backend/postmaster/postmaster.c"),
        entry("db-ready", ProcessReady, Process, "A database accepts connections")
        .any(&[
            "database system is ready to accept",
            "ready for connections",
            "Ready to accept connections",
            "Waiting for connections",
        ])
        .re(r#"(?:database system is ready to accept (?:read-only )?connections|ready for connections\b|Ready to accept connections|"Waiting for connections"|waiting for connections on port (?<port>\d+))"#)
        .hits(&[
            ("LOG:  database system is ready to accept connections", &[]),
            ("mysqld: ready for connections.", &[]),
            ("Ready to accept connections tcp", &[]),
        ])
        .from("postgresql, mysql sql/mysqld.cc, redis src/server.c"),
        entry("db-stopping", StopRequested, Process, "A database was told to stop")
        .any(&[
            "shutdown request",
            "Received SHUTDOWN from user",
            "User requested shutdown",
            "scheduling shutdown",
        ])
        .re(r"(?:received (?:smart|fast|immediate) shutdown request|Received SHUTDOWN from user|User requested shutdown|Received (?<signal>SIG[A-Z]+) scheduling shutdown)")
        .hits(&[
            ("LOG:  received fast shutdown request", &[]),
            ("Received SIGTERM scheduling shutdown...", &[("signal", "SIGTERM")]),
        ])
        .from("postgresql, mysql sql/mysqld.cc, redis src/server.c"),
        entry("db-stopped", ProcessStopped, Process, "A database ended")
        .any(&["database system is shut down", "ready to exit, bye bye", "Shutdown complete"])
        .re(r"(?:database system is shut down|now ready to exit, bye bye|[Ss]hutdown complete \()")
        .hits(&[
            ("LOG:  database system is shut down", &[]),
            ("Redis is now ready to exit, bye bye...", &[]),
        ])
        .from("postgresql, mysql sql/mysqld.cc, redis src/server.c"),
        entry(
            "pg-client-gone",
            Crash,
            Process,
            "A client of the database vanished: the echo of an application's death",
        )
        .any(&[
            "could not receive data from client",
            "unexpected EOF on client connection",
            "Aborted connection",
        ])
        .re(r"(?:could not receive data from client: (?<reason>[^\n]+)|unexpected EOF on client connection|Aborted connection \d+ to db)")
        .hits(&[
            ("LOG:  could not receive data from client: Connection reset by peer", &[("reason", "Connection reset by peer")]),
            ("LOG:  unexpected EOF on client connection with an open transaction", &[]),
        ])
        .from("postgresql src/backend/libpq/pqcomm.c"),
        entry("pg-auth", DependencyFailed, Process, "A database refused a login")
        .any(&["no pg_hba.conf entry", "password authentication failed", "Access denied for user"])
        .re(r#"(?:no pg_hba\.conf entry for host "(?<addr>[^"]*)"|password authentication failed for user "(?<name>[^"]*)"|Access denied for user '[^']*'@)"#)
        .hits(&[
            ("FATAL:  password authentication failed for user \"shop\"", &[("name", "shop")]),
            ("ERROR 1045 (28000): Access denied for user 'shop'@'10.0.0.2' (using password: YES)", &[]),
        ])
        .from("postgresql src/backend/libpq/auth.c"),
        entry("mysql-recovery", Crash, Process, "A database finds that its last run was cut")
        .any(&[
            "Database was not shutdown normally",
            "database system was interrupted",
            "was not properly shut down",
        ])
        .hits(&[
            ("InnoDB: Database was not shutdown normally!", &[]),
            ("LOG:  database system was not properly shut down; automatic recovery in progress", &[]),
        ])
        .from("mysql storage/innobase, postgresql xlogrecovery.c"),
        entry("redis-memory", OomKill, Process, "Redis is at its memory limit, or could not fork to save")
        .any(&["OOM command not allowed", "Can't save in background: fork"])
        .re(r"(?<reason>OOM command not allowed when used memory|Can't save in background: fork: Cannot allocate memory)")
        .hits(&[
            ("OOM command not allowed when used memory > 'maxmemory'.", &[("reason", "OOM command not allowed when used memory")]),
        ])
        .from("redis src/server.c"),
        entry("redis-clients", DependencyExhausted, Process, "Redis has no connection left")
        .any(&["max number of clients reached"])
        .hits(&[("ERR max number of clients reached", &[])])
        .from("redis src/networking.c"),
        entry("redis-state", DependencyFailed, Process, "Redis cannot serve in its state")
        .any(&[
            "LOADING Redis is loading",
            "MISCONF Redis is configured",
            "READONLY You can't write",
            "CLUSTERDOWN",
            "BUSY Redis is busy",
        ])
        .re(r"\b(?<reason>LOADING Redis is loading|MISCONF Redis|READONLY You can't write|CLUSTERDOWN (?:Hash slot|The cluster)|BUSY Redis is busy)")
        .hits(&[
            ("LOADING Redis is loading the dataset in memory", &[("reason", "LOADING Redis is loading")]),
            ("CLUSTERDOWN Hash slot not served", &[("reason", "CLUSTERDOWN Hash slot")]),
        ])
        .from("redis src/server.c"),
        entry("redis-disk", DiskFull, Process, "Redis cannot write to its disk, or the disk is slow")
        .any(&["Asynchronous AOF fsync is taking too long", "Background saving error"])
        .hits(&[
            ("Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.", &[]),
        ])
        .from("redis src/aof.c"),
        entry(
            "pgbouncer-wait",
            DependencyExhausted,
            Process,
            "A client waited too long for a server connection",
        )
        .any(&["query_wait_timeout", "no more connections allowed"])
        .re(r"(?:query_wait_timeout(?: \(age=(?<seconds>\d+)s\))?|no more connections allowed \((?<reason>\w+)\))")
        .hits(&[
            ("closing because: query_wait_timeout (age=120s)", &[("seconds", "120")]),
            ("pooler error: no more connections allowed (max_client_conn)", &[("reason", "max_client_conn")]),
        ])
        .from("pgbouncer src/objects.c"),
        entry("pgbouncer-server", DependencyFailed, Process, "PgBouncer lost its server")
        .any(&["server conn crashed", "server login failed"])
        .re(r"(?<reason>server conn crashed\?|server login failed)")
        .hits(&[("closing because: server conn crashed? (age=12s)", &[("reason", "server conn crashed?")])])
        .from("pgbouncer src/objects.c"),
    ],
};
