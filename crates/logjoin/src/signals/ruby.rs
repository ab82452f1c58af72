//! Ruby: Puma, Unicorn, Passenger, Rack and Rails.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "ruby",
    title: "Puma, Unicorn, Passenger",
    programs: &["puma", "unicorn", "passenger", "ruby", "rails"],
    is_exclusive: false,
    signals: &[
        entry("puma-boot-timeout", StartFailed, Worker, "A worker did not boot in time")
        .any(&["failed to boot within"])
        .re(r"Terminating timed out worker \(Worker (?<worker>\d+) failed to boot within (?<seconds>\d+) seconds\): (?<pid>\d+)")
        .hits(&[
            ("! Terminating timed out worker (Worker 1 failed to boot within 60 seconds): 4711", &[("worker", "1"), ("seconds", "60"), ("pid", "4711")]),
        ])
        .from("puma lib/puma/cluster.rb"),
        entry(
            "puma-worker-timeout",
            WorkerTimeout,
            Worker,
            "A worker did not check in: it is stuck and is killed",
        )
        .any(&["Terminating timed out worker"])
        .re(r"Terminating timed out worker(?: \((?:Worker (?<worker>\d+)|worker) failed to check in within (?<seconds>\d+) seconds\))?: (?<pid>\d+)")
        .hits(&[
            ("! Terminating timed out worker (Worker 1 failed to check in within 60 seconds): 4711", &[("worker", "1"), ("seconds", "60"), ("pid", "4711")]),
            ("! Terminating timed out worker: 4711", &[("pid", "4711")]),
        ])
        .from("puma lib/puma/cluster.rb"),
        entry("puma-start-failed", StartFailed, Process, "The application or a worker did not start")
        .any(&[
            "Unable to start worker",
            "Unable to load application",
            "Complete inability to spawn new workers",
            "Seppuku is the only choice",
        ])
        .re(r"(?:Unable to start worker|Unable to load application: (?<reason>[^\n]+)|Complete inability to spawn|Seppuku is the only choice)")
        .hits(&[
            ("! Unable to load application: LoadError: cannot load such file -- pg", &[("reason", "LoadError: cannot load such file -- pg")]),
            ("! Complete inability to spawn new workers detected", &[]),
        ])
        .from("puma lib/puma/cluster.rb"),
        entry("puma-parent-died", Crash, Process, "A worker found its master gone")
        .any(&["Detected parent died, dying"])
        .hits(&[("! Detected parent died, dying", &[])])
        .from("puma lib/puma/cluster.rb"),
        entry("puma-force-shutdown", RequestException, Request, "A request was cut by a forced stop: 503")
        .any(&["Detected force shutdown of a thread", "ThreadPool::ForceShutdown"])
        .hits(&[("Detected force shutdown of a thread", &[])])
        .from("puma lib/puma/thread_pool.rb"),
        entry("puma-app-error", RequestException, Request, "An exception escaped the framework: 500")
        .any(&["Rack app"])
        .re(r#"Rack app (?:error handling request \{ (?<method>[A-Z]+) (?<path>\S+) \}|\("(?<name>[A-Z]+ [^"]*)" - \([^)]*\)\): (?<reason>[^\n]+))"#)
        .hits(&[
            ("Rack app (\"GET /x?y\" - (10.0.0.1)): #<RuntimeError: boom>", &[("name", "GET /x?y"), ("reason", "#<RuntimeError: boom>")]),
            ("Rack app error handling request { GET /x }", &[("method", "GET"), ("path", "/x")]),
        ])
        .from("puma lib/puma/error_logger.rb"),
        entry("puma-parse-error", ProtocolError, Request, "Bytes that are no HTTP, as TLS to a plain port")
        .any(&["HTTP parse error, malformed request", "Puma::HttpParserError"])
        .re(r"(?:HTTP parse error, malformed request|Puma::HttpParserError: (?<reason>[^\n>]+))")
        .hits(&[
            ("HTTP parse error, malformed request: #<Puma::HttpParserError: Invalid HTTP format, parsing fails. Are you trying to open an SSL connection to a non-SSL Puma?>", &[]),
        ])
        .from("puma lib/puma/error_logger.rb"),
        entry("puma-files", FdExhausted, Process, "No descriptor for an accepted connection")
        .any(&["Errno::EMFILE"])
        .re(r"Listen loop: #<Errno::EMFILE|Errno::EMFILE: Too many open files|Too many open files[^\n]*\(Errno::EMFILE\)")
        .hits(&[("Listen loop: #<Errno::EMFILE: Too many open files - accept(2)>", &[])])
        .from("puma lib/puma/error_logger.rb"),
        entry("ruby-port-in-use", StartFailed, Process, "The listening address is in use")
        .any(&[
            "Errno::EADDRINUSE",
            "Address already in use - bind(2)",
            "adding listener failed addr=",
            "error adding listener addr=",
        ])
        .re(r#"(?:Errno::EADDRINUSE|Address already in use - bind\(2\) for "?(?<name>[^"\s]*)"? port (?<port>\d+)|adding listener failed addr=(?<addr>\S+)|error adding listener addr=)"#)
        .hits(&[
            ("Address already in use - bind(2) for \"0.0.0.0\" port 3000 (Errno::EADDRINUSE)", &[("name", "0.0.0.0"), ("port", "3000")]),
            ("adding listener failed addr=0.0.0.0:8080 (in use)", &[("addr", "0.0.0.0:8080")]),
        ])
        .from("puma lib/puma/binder.rb, unicorn lib/unicorn/http_server.rb"),
        entry("puma-worker-booted", WorkerStarted, Worker, "A worker is ready")
        .any(&["booted"])
        .re(r"Worker (?<worker>\d+) \((?:PID|pid): (?<pid>\d+)\) booted(?: in (?<seconds>[\d.]+)s)?")
        .hits(&[
            ("- Worker 0 (PID: 4711) booted in 0.51s, phase: 0", &[("worker", "0"), ("pid", "4711"), ("seconds", "0.51")]),
        ])
        .from("puma lib/puma/cluster.rb"),
        entry("puma-starting", ProcessStarting, Process, "Puma starts or restarts")
        .any(&["Puma starting in", "* Restarting...", "=== puma startup"])
        .re(r"(?:Puma starting in (?<reason>cluster|single) mode|^\* Restarting\.\.\.|^=== puma startup: )")
        .hits(&[
            ("Puma starting in cluster mode...", &[("reason", "cluster")]),
            ("=== puma startup: 2026-11-20 10:00:00 +0000 ===", &[]),
        ])
        .from("puma lib/puma/runner.rb"),
        entry(
            "puma-listening",
            ProcessReady,
            Process,
            "The socket is bound: before the workers are ready in cluster mode",
        )
        .any(&["* Listening on", "Use Ctrl-C to stop"])
        .re(r"(?:\* Listening on (?<addr>\S+)|^(?:\[\d+\] )?Use Ctrl-C to stop)")
        .hits(&[
            ("* Listening on http://0.0.0.0:3000", &[("addr", "http://0.0.0.0:3000")]),
            ("Use Ctrl-C to stop", &[]),
        ])
        .from("puma lib/puma/binder.rb"),
        entry("puma-stopping", StopRequested, Process, "A stop or a rolling restart began")
        .any(&[
            "Gracefully stopping, waiting for requests",
            "Gracefully shutting down workers",
            "Starting phased worker restart",
            "for phased upgrade",
            "=== puma shutdown",
            "TERM sent to",
            "* Stopping immediately!",
        ])
        .re(r"(?:Gracefully (?:stopping, waiting for requests|shutting down workers)|Starting phased worker restart|Stopping (?<pid>\d+) for phased upgrade|=== puma shutdown|TERM sent to \d+|^\* Stopping immediately!)")
        .hits(&[
            ("- Gracefully stopping, waiting for requests to finish", &[]),
            ("=== puma shutdown: 2026-11-20 10:00:00 +0000 ===", &[]),
            ("* Stopping immediately!", &[]),
        ])
        .from("puma lib/puma/launcher.rb"),
        entry("puma-stopped", ProcessStopped, Process, "Puma ends")
        .any(&["- Goodbye!", "master complete"])
        .re(r"(?:^(?:\[\d+\] )?- Goodbye!|^master complete)")
        .hits(&[
            ("- Goodbye!", &[]),
            ("master complete", &[]),
        ])
        .from("puma lib/puma/launcher.rb"),
        entry("unicorn-timeout", WorkerTimeout, Worker, "A worker exceeded `timeout` and is killed")
        .any(&["timeout ("])
        .re(r"worker=(?<worker>\d+) PID:(?<pid>\d+) timeout \((?<seconds>\d+)s > (?<limit>\d+)s\), killing")
        .hits(&[
            ("worker=1 PID:4711 timeout (61s > 60s), killing", &[("worker", "1"), ("pid", "4711"), ("seconds", "61"), ("limit", "60")]),
        ])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-reaped-kill", KilledBySupervisor, Worker, "A worker ended by SIGKILL")
        .any(&["reaped #<Process::Status"])
        .re(r"reaped #<Process::Status: pid (?<pid>\d+) (?<signal>SIGKILL) [^>]*> worker=(?<worker>\d+)")
        .hits(&[
            ("reaped #<Process::Status: pid 4711 SIGKILL (signal 9)> worker=1", &[("pid", "4711"), ("signal", "SIGKILL"), ("worker", "1")]),
        ])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-reaped", WorkerExited, Worker, "A worker ended in the ordinary course")
        .any(&["reaped #<Process::Status"])
        .re(r"reaped #<Process::Status: pid (?<pid>\d+) (?:exit (?<code>0)|(?<signal>SIGTERM|SIGQUIT|SIGINT) [^>]*)> worker=(?<worker>\d+)")
        .hits(&[
            ("reaped #<Process::Status: pid 4711 exit 0> worker=1", &[("pid", "4711"), ("code", "0"), ("worker", "1")]),
        ])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-reaped-crash", Crash, Worker, "A worker died")
        .any(&["reaped #<Process::Status"])
        .re(r"reaped #<Process::Status: pid (?<pid>\d+) (?:exit (?<code>\d+)|(?<signal>SIG[A-Z]+) [^>]*)>(?: worker=(?<worker>\d+))?")
        .hits(&[
            ("reaped #<Process::Status: pid 4711 SIGSEGV (signal 11) (core dumped)> worker=1", &[("pid", "4711"), ("signal", "SIGSEGV"), ("worker", "1")]),
            ("reaped #<Process::Status: pid 4711 exit 1> worker=2", &[("pid", "4711"), ("code", "1"), ("worker", "2")]),
        ])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-ready", WorkerStarted, Worker, "A worker was forked or is ready")
        .any(&["worker="])
        .re(r"worker=(?<worker>\d+) (?:ready|spawn(?:ed|ing)(?:\.\.\.)?(?: pid=(?<pid>\d+))?)$")
        .hits(&[
            ("worker=0 ready", &[("worker", "0")]),
            ("worker=0 spawned pid=4711", &[("worker", "0"), ("pid", "4711")]),
        ])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-master-ready", ProcessReady, Process, "The master is ready")
        .any(&["master process ready", "listening on addr="])
        .re(r"(?:^master process ready|listening on addr=(?<addr>\S+) fd=)")
        .hits(&[
            ("master process ready", &[]),
            ("listening on addr=0.0.0.0:8080 fd=10", &[("addr", "0.0.0.0:8080")]),
        ])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-stopping", StopRequested, Process, "A stop, reload or upgrade began")
        .any(&["gracefully stopping all workers", "reloading config_file=", "forked child re-executing"])
        .hits(&[("gracefully stopping all workers", &[])])
        .from("unicorn lib/unicorn/http_server.rb"),
        entry("unicorn-app-error", RequestException, Request, "The application raised: 500")
        .any(&["app error:"])
        .re(r"app error: (?<reason>[^\n]+)")
        .hits(&[("app error: boom (RuntimeError)", &[("reason", "boom (RuntimeError)")])])
        .from("unicorn lib/unicorn.rb"),
        entry("passenger-502", Crash, Request, "The application died within a request: Passenger answers 502")
        .any(&["Sending 502 response"])
        .re(r"Sending 502 response: (?<reason>application [^\n]+)")
        .hits(&[
            ("[Client 1-2] Sending 502 response: application did not send a complete response", &[("reason", "application did not send a complete response")]),
        ])
        .from("passenger src/agent/Core/Controller"),
        entry("passenger-spawn-failed", StartFailed, Process, "The application did not start")
        .any(&[
            "The application process exited prematurely",
            "while spawning an application process",
            "preloader seems to have crashed",
        ])
        .hits(&[("An error occurred while spawning an application process: timeout", &[])])
        .from("passenger src/agent/Core/SpawningKit"),
        entry("passenger-queue", PoolExhausted, Process, "The request queue is full: 503")
        .any(&["Request queue full. Returning an error"])
        .hits(&[("Request queue full. Returning an error", &[])])
        .from("passenger src/agent/Core/ApplicationPool"),
        entry("ruby-segfault", Crash, Process, "The interpreter died")
        .any(&["[BUG] Segmentation fault"])
        .re(r"\[BUG\] Segmentation fault(?: at (?<addr>0x[0-9a-f]+))?")
        .hits(&[
            ("app.rb:1: [BUG] Segmentation fault at 0x0000000000000000", &[("addr", "0x0000000000000000")]),
        ])
        .from("ruby error.c"),
        entry("rack-timeout", WorkerTimeout, Request, "A request exceeded rack-timeout")
        .any(&["Rack::Timeout::RequestTimeout", "source=rack-timeout"])
        .re(r"(?:Rack::Timeout::RequestTimeout\w*|source=rack-timeout id=(?<name>\S+) timeout=(?<limit>\d+)ms(?: \S+)*? service=(?<ms>\d+)ms state=(?:timed_out|expired))")
        .hits(&[
            ("source=rack-timeout id=1a2b timeout=15000ms service=15000ms state=timed_out", &[("name", "1a2b"), ("limit", "15000"), ("ms", "15000")]),
            ("Rack::Timeout::RequestTimeoutException: Request ran for longer than 15000ms", &[]),
        ])
        .from("rack-timeout"),
        entry("rack-timeout-detail", Noise, Request, "Progress lines of rack-timeout")
        .any(&["source=rack-timeout"])
        .hits(&[("source=rack-timeout id=1a2b timeout=15000ms service=12ms state=completed", &[])])
        .from("rack-timeout"),
    ],
};
