//! Erlang and Elixir: Phoenix, Bandit, Cowboy and Ranch, DBConnection, the virtual machine.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "beam",
    title: "Elixir and Erlang",
    programs: &["beam", "elixir", "erlang"],
    is_exclusive: false,
    signals: &[
        entry("beam-ready", ProcessReady, Process, "An endpoint listens")
        .any(&["with Bandit", "with cowboy", "Access"])
        .re(r"(?:Running (?<unit>\S+) with (?:Bandit|cowboy) \S+ (?:at|using) (?<addr>[^\s(]+)|^Access \S+ at https?://)")
        .hits(&[
            ("Running App.Endpoint with Bandit 1.5 at 0.0.0.0:4000 (http)", &[("unit", "App.Endpoint"), ("addr", "0.0.0.0:4000")]),
            ("Access App.Endpoint at http://localhost:4000", &[]),
        ])
        .from("phoenix lib/phoenix/endpoint"),
        entry("beam-request", RequestException, Request, "The process of a request ended with an exception")
        .any(&["had its request process", "stream id", "terminated"])
        .re(r"(?:running (?<unit>\S+) \(connection #PID<[^>]*>, stream id \d+\) terminated(?:(?:[^\n]*\n)+?Request: (?<method>[A-Z]+) (?<path>\S+))?|had its request process \S+ exit with reason)")
        .hits(&[
            ("#PID<0.812.0> running App.Endpoint (connection #PID<0.811.0>, stream id 1) terminated\nServer: shop:4000 (http)\nRequest: GET /boom\n** (exit) an exception was raised:", &[("unit", "App.Endpoint"), ("method", "GET"), ("path", "/boom")]),
        ])
        .from("cowboy src/cowboy_stream_h.erl"),
        entry("beam-files", FdExhausted, Process, "No descriptor for an accepted connection")
        .any(&["out of file descriptors"])
        .re(r"Ranch acceptor reducing accept rate: out of file descriptors")
        .hits(&[("Ranch acceptor reducing accept rate: out of file descriptors", &[])])
        .from("ranch src/ranch_acceptor.erl"),
        entry("beam-port", StartFailed, Process, "The port is in use, or the application did not start")
        .any(&[":eaddrinuse", "eaddrinuse", "application_start_failure"])
        .re(r"(?:Failed to start Ranch listener (?<unit>\S+)[^\n]*eaddrinuse|:eaddrinuse|application_start_failure)")
        .hits(&[
            ("Failed to start Ranch listener App.Endpoint.HTTP for reason :eaddrinuse (address already in use)", &[("unit", "App.Endpoint.HTTP")]),
        ])
        .from("ranch src/ranch_server.erl"),
        entry(
            "beam-db-queue",
            DependencyExhausted,
            Process,
            "No connection came free in the pool's queue; also when the database is down",
        )
        .any(&[
            "request was dropped from queue after",
            "timed out because it queued and checked out the connection",
        ])
        .re(r"(?:connection not available and request was dropped from queue after (?<ms>\d+)ms|timed out because it queued and checked out the connection for longer than (?<limit>\d+)ms)")
        .hits(&[
            ("(DBConnection.ConnectionError) connection not available and request was dropped from queue after 2841ms. This means requests are coming in and your connection pool cannot serve them fast enough.", &[("ms", "2841")]),
        ])
        .from("db_connection lib/db_connection/connection_pool.ex"),
        entry("beam-db-down", DependencyFailed, Process, "The database refused or closed the connection")
        .any(&["DBConnection.ConnectionError", ":econnrefused"])
        .re(r"(?:DBConnection\.ConnectionError\)? (?<reason>tcp [^\n]+)|:econnrefused)")
        .hits(&[
            ("Postgrex.Protocol (#PID<0.300.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (db:5432): connection refused - :econnrefused", &[("reason", "tcp connect (db:5432): connection refused - :econnrefused")]),
        ])
        .from("db_connection lib/db_connection/connection_pool.ex"),
        entry("beam-crash-dump", Crash, Process, "The virtual machine died")
        .any(&[
            "Crash dump is being written",
            "Kernel pid terminated",
            "eheap_alloc: Cannot allocate",
            "heart-beat time-out",
        ])
        .re(r"(?:Crash dump is being written to: (?<path>[^\s.]+\S*?)\.\.\.|Kernel pid terminated|eheap_alloc: Cannot allocate (?<limit>\d+) bytes|heart-beat time-out)")
        .hits(&[
            ("Crash dump is being written to: erl_crash.dump...done", &[("path", "erl_crash.dump")]),
            ("eheap_alloc: Cannot allocate 1234567 bytes of memory (of type \"heap\").", &[("limit", "1234567")]),
        ])
        .from("otp erts/emulator/beam/break.c"),
        entry(
            "beam-genserver",
            RequestException,
            Worker,
            "A server process or a child of a supervisor ended with an exception; it is started again",
        )
        .any(&["GenServer", "Child"])
        .re(r"(?:GenServer (?<unit>\S+) terminating(?:\n\*\* \((?<reason>[^)]*)\))?|^Child \S+ of Supervisor \S+ terminated)")
        .hits(&[
            ("GenServer App.Cache terminating\n** (RuntimeError) boom", &[("unit", "App.Cache"), ("reason", "RuntimeError")]),
        ])
        .from("otp lib/stdlib/src/gen_server.erl"),
        entry("beam-stopping", StopRequested, Process, "The virtual machine was told to stop")
        .any(&["SIGTERM received - shutting down"])
        .hits(&[("SIGTERM received - shutting down", &[])])
        .from("otp lib/kernel/src/erl_signal_handler.erl"),
        entry("beam-disk", DiskFull, Host, "A disk is nearly full")
        .any(&["disk_almost_full"])
        .re(r#"alarm_handler: .*\{disk_almost_full,"?(?<path>[^"}]*)"#)
        .hits(&[("alarm_handler: {set,{{disk_almost_full,\"/\"},[]}}", &[("path", "/")])])
        .from("otp lib/os_mon"),
        entry("beam-memory", OomKill, Host, "Memory of the host is nearly used up")
        .any(&["system_memory_high_watermark"])
        .hits(&[("alarm_handler: {set,{system_memory_high_watermark,[]}}", &[])])
        .from("otp lib/os_mon"),
    ],
};
