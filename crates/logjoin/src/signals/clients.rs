//! What the clients of databases, caches and queues say in an application's log.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "clients",
    title: "Database and cache clients",
    programs: &["sqlalchemy", "activerecord", "sequelize", "knex", "prisma", "redis clients", "mongodb drivers", "Npgsql"],
    is_exclusive: false,
    signals: &[
        entry(
            "client-pool-timeout",
            DependencyExhausted,
            Process,
            "No connection of the client's pool came free in time",
        )
        .any(&[
            "QueuePool limit of size",
            "could not obtain a connection from the pool",
            "timeout exceeded when trying to connect",
            "SequelizeConnectionAcquireTimeoutError",
            "Timeout acquiring a connection",
            "Timed out fetching a new connection",
            "redis: connection pool",
            "obtaining a connection from the pool",
            "obtaining a connection from the pool.",
            "connection pool has been exhausted",
            "Timed out while checking out a connection",
            "ConnectionPool::TimeoutError",
            "PoolTimeout",
            "remaining connection pool",
            "prior to obtaining a connection",
        ])
        .re(r"(?:QueuePool limit of size (?<limit>\d+) overflow \d+ reached|could not obtain a connection from the pool within (?<seconds>[\d.]+) seconds|timeout exceeded when trying to connect|(?:^|[^/\w.+-])SequelizeConnectionAcquireTimeoutError|Timeout acquiring a connection|Timed out fetching a new connection|redis: connection pool (?:timeout|exhausted)|prior to obtaining a connection from the pool|connection pool has been exhausted|Timed out while checking out a connection|(?:^|[^/\w.+-])ConnectionPool::TimeoutError|(?:^|[^/\w.+-])PoolTimeout: )")
        .hits(&[
            ("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)", &[("limit", "5")]),
            ("could not obtain a connection from the pool within 5.000 seconds (waited 5.004 seconds); all pooled connections were in use", &[("seconds", "5.000")]),
            ("Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?", &[]),
            ("redis: connection pool timeout", &[]),
            ("Timeout expired.  The timeout period elapsed prior to obtaining a connection from the pool.  This may have occurred because all pooled connections were in use and max pool size was reached.", &[]),
            ("The connection pool has been exhausted, either raise 'Max Pool Size' (currently 100) or 'Timeout' (currently 15 seconds) in your connection string.", &[]),
        ])
        .from("sqlalchemy lib/sqlalchemy/pool/impl.py, rails connection_pool.rb, and others"),
        entry(
            "client-server-full",
            DependencyExhausted,
            Process,
            "The database's limit of connections is reached",
        )
        .any(&["Too many connections", "is blocked because of many connection errors"])
        .re(r"(?:\bToo many connections\b|Host '(?<name>[^']*)' is blocked because of many connection errors)")
        .hits(&[("ERROR 1040 (08004): Too many connections", &[])])
        .from("mysql share/messages_to_clients.txt"),
        entry(
            "client-deadlock",
            Deadlock,
            Request,
            "A transaction lost against another, or waited too long for a lock",
        )
        .any(&["Deadlock found when trying to get lock", "Lock wait timeout exceeded"])
        .re(r"(?<reason>Deadlock found when trying to get lock|Lock wait timeout exceeded)")
        .hits(&[
            ("Deadlock found when trying to get lock; try restarting transaction", &[("reason", "Deadlock found when trying to get lock")]),
            ("Lock wait timeout exceeded; try restarting transaction", &[("reason", "Lock wait timeout exceeded")]),
        ])
        .from("mysql share/messages_to_clients.txt"),
        entry("client-db-gone", DependencyFailed, Process, "The database closed or lost the connection")
        .any(&[
            "Lost connection to MySQL server",
            "MySQL server has gone away",
            "server closed the connection unexpectedly",
            "SSL SYSCALL error: EOF",
            "Connection terminated unexpectedly",
            "Connection terminated due to connection timeout",
            "is not queryable",
            "driver: bad connection",
            "sql: database is closed",
            "packets.go:",
            "PG::ConnectionBad",
            "PG::UnableToSend",
            "terminating connection",
        ])
        .re(r"(?<reason>Lost connection to MySQL server|MySQL server has gone away|server closed the connection unexpectedly|SSL SYSCALL error: EOF detected|Connection terminated (?:unexpectedly|due to connection timeout)|connection error and is not queryable|driver: bad connection|sql: database is closed|packets\.go:\d+: |PG::(?:ConnectionBad|UnableToSend))")
        .hits(&[
            ("Lost connection to MySQL server during query", &[("reason", "Lost connection to MySQL server")]),
            ("(psycopg2.OperationalError) server closed the connection unexpectedly", &[("reason", "server closed the connection unexpectedly")]),
            ("driver: bad connection", &[("reason", "driver: bad connection")]),
        ])
        .from("libpq, libmysqlclient, node-postgres, go database/sql"),
        entry("client-db-refused", DependencyFailed, Process, "The database cannot be reached")
        .any(&[
            "could not connect to server",
            "connection to server at",
            "Can't connect to MySQL server",
            "Can't connect to local MySQL",
            "failed to connect to `",
        ])
        .re(r#"(?:could not connect to server: (?<reason>[^\n]+)|connection to server at "(?<addr>[^"]*)"(?: \([^)]*\))?, port (?<port>\d+) failed|Can't connect to (?:local )?MySQL server|failed to connect to `)"#)
        .hits(&[
            ("could not connect to server: Connection refused", &[("reason", "Connection refused")]),
            ("connection to server at \"db\" (10.0.0.2), port 5432 failed: Connection refused", &[("addr", "db"), ("port", "5432")]),
        ])
        .from("libpq fe-connect.c"),
        entry("client-redis", DependencyFailed, Process, "Redis cannot be reached or did not answer")
        .any(&[
            "connecting to redis",
            "Connection closed by server.",
            "Timeout reading from socket",
            "Timeout connecting to server",
            "maxRetriesPerRequest",
            "[ioredis] Unhandled error event",
            "RedisCommandTimeoutException",
            "Unable to connect to redis",
            "RedisTimeoutException",
            "Timeout performing",
            "RedisConnectionException",
        ])
        .re(r"(?:Error \d+ connecting to (?<addr>\S+?)\. |Connection closed by server\.|Timeout (?:reading from socket|connecting to server)|maxRetriesPerRequest|\[ioredis\] Unhandled error event: (?<reason>[^\n]+)|RedisCommandTimeoutException|Unable to connect to \S+:\d+|RedisConnectionException|Timeout performing [A-Z]+ \((?<ms>\d+)ms\))")
        .hits(&[
            ("Error 111 connecting to redis:6379. Connection refused.", &[("addr", "redis:6379")]),
            ("RedisCommandTimeoutException: Command timed out after 1 minute(s)", &[]),
            ("Timeout performing GET (5000ms), next: GET x, inst: 0, qu: 0, qs: 12, mgr: 10 of 10 available", &[("ms", "5000")]),
        ])
        .from("redis-py, ioredis, lettuce, StackExchange.Redis"),
        entry("client-mongo", DependencyFailed, Process, "MongoDB cannot be reached or did not answer")
        .any(&[
            "MongoServerSelectionError",
            "MongoNetworkTimeoutError",
            "MongoNetworkError",
            "ServerSelectionTimeoutError",
            "MongoTimeoutException",
            "was cleared because",
        ])
        .re(r"(?:(?:^|[^/\w+-])(?:MongoServerSelectionError|MongoNetwork(?:Timeout)?Error|ServerSelectionTimeoutError|MongoTimeoutException)\b(?:: (?<reason>[^\n]+))?|connection pool for \S+ was cleared because)")
        .hits(&[
            ("MongoServerSelectionError: Server selection timed out after 30000 ms", &[("reason", "Server selection timed out after 30000 ms")]),
        ])
        .from("MongoDB drivers"),
        entry("client-queue", DependencyFailed, Process, "A message broker cannot be reached")
        .any(&[
            "AMQP connection",
            "AMQPConnectionError",
            "NoBrokersAvailable",
            "Connection to node",
            "kafka: client has run out",
        ])
        .re(r"(?:AMQP connection (?:closed|refused|error|lost)|(?:^|[^/\w+-])(?:AMQPConnectionError|NoBrokersAvailable)\b|Connection to node -?\d+ \((?<addr>[^)]*)\) could not be established|kafka: client has run out of available brokers)")
        .hits(&[("kafka.errors.NoBrokersAvailable: NoBrokersAvailable", &[])])
        .from("pika, kafka clients"),
        entry(
            "client-http-timeout",
            DependencyFailed,
            Request,
            "Another service did not answer in time, or refused",
        )
        .any(&[
            "Max retries exceeded with url",
            "ReadTimeout",
            "ConnectTimeout",
            "Read timed out.",
            "Net::ReadTimeout",
            "Net::OpenTimeout",
            "cURL error",
            "upstream request timeout",
        ])
        .re(r"(?:Max retries exceeded with url: (?<path>\S+)|Read timed out\. \(read timeout=(?<seconds>[\d.]+)\)|(?:^|[^/\w.+-])Net::(?:Read|Open)Timeout\b|\b(?:httpx|requests\.exceptions)\.(?:ReadTimeout|ConnectTimeout|ConnectError)|cURL error (?<code>7|28|35|52|56)\b|upstream request timeout)")
        .hits(&[
            ("HTTPConnectionPool(host='stock', port=80): Max retries exceeded with url: /items (Caused by NewConnectionError)", &[("path", "/items")]),
            ("Net::ReadTimeout with #<TCPSocket:(closed)>", &[]),
            ("cURL error 28: Operation timed out after 5001 milliseconds with 0 bytes received", &[("code", "28")]),
        ])
        .from("urllib3, httpx, net/http (Ruby), libcurl"),
    ],
};
