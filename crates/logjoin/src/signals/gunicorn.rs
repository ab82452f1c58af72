//! gunicorn 19 to 26. The pid in square brackets before a message is the writer's; the pid in the
//! text is the worker that is spoken of.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "gunicorn",
    title: "gunicorn",
    programs: &["gunicorn"],
    is_exclusive: false,
    signals: &[
        entry(
            "gunicorn-worker-timeout",
            WorkerTimeout,
            Worker,
            "A worker gave no heartbeat for `timeout` seconds; the master aborts it, then kills it",
        )
        .any(&["WORKER TIMEOUT"])
        .re(r"WORKER TIMEOUT \(pid: ?(?<pid>\d+)\)")
        .hits(&[("WORKER TIMEOUT (pid:24922)", &[("pid", "24922")])])
        .misses(&["raise the worker timeout (pid file stays)"])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-worker-sigkill",
            KilledBySupervisor,
            Worker,
            "A worker was reaped after SIGKILL: a guess at memory, or the end of a worker timeout just before",
        )
        .any(&["was sent SIGKILL", "was terminated due to signal 9"])
        .re(r"Worker (?:with pid |\(pid: ?)(?<pid>\d+)\)? was (?:sent|terminated due to signal) (?<signal>SIGKILL|9\b)")
        .hits(&[
            ("Worker (pid:4711) was sent SIGKILL! Perhaps out of memory?", &[("pid", "4711"), ("signal", "SIGKILL")]),
            ("Worker with pid 26050 was terminated due to signal 9", &[("pid", "26050"), ("signal", "9")]),
        ])
        .misses(&["Worker (pid:4711) was sent SIGTERM!"])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-worker-sigterm", WorkerExited, Worker, "A worker ended by an orderly signal")
        .any(&["was sent SIG", "was terminated due to signal"])
        .re(r"Worker (?:with pid |\(pid: ?)(?<pid>\d+)\)? was (?:sent|terminated due to signal) (?<signal>SIG(?:TERM|INT|QUIT|HUP|USR1|USR2|WINCH)|15\b|2\b|3\b|1\b)")
        .hits(&[
            ("Worker (pid:4711) was sent SIGTERM!", &[("pid", "4711"), ("signal", "SIGTERM")]),
            ("Worker with pid 26585 was terminated due to signal 15", &[("pid", "26585"), ("signal", "15")]),
        ])
        .misses(&["Worker with pid 26585 was terminated due to signal 11"])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-worker-signal", Crash, Worker, "A worker died by a fatal signal")
        .any(&["was sent SIG", "was terminated due to signal", "was sent code"])
        .re(r"Worker (?:with pid |\(pid: ?)(?<pid>\d+)\)? was (?:sent|terminated due to signal) (?:code )?(?<signal>SIG[A-Z0-9]+|\d+)")
        .hits(&[
            ("Worker (pid:4711) was sent SIGSEGV!", &[("pid", "4711"), ("signal", "SIGSEGV")]),
            ("Worker with pid 26585 was terminated due to signal 11", &[("pid", "26585"), ("signal", "11")]),
        ])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-worker-exit-code", Crash, Worker, "A worker left with a failure code")
        .any(&["exited with code"])
        .re(r"Worker \(pid:(?<pid>\d+)\) exited with code (?<code>[1-9]\d*)")
        .hits(&[
            ("Worker (pid:4711) exited with code 1", &[("pid", "4711"), ("code", "1")]),
            ("Worker (pid:4711) exited with code 3.", &[("pid", "4711"), ("code", "3")]),
        ])
        .misses(&["Worker (pid:4711) exited with code 0"])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-boot-failed",
            StartFailed,
            Process,
            "A worker could not load the application; the whole master ends",
        )
        .any(&["Worker failed to boot", "App failed to load"])
        .re(r"(?<reason>Worker failed to boot|App failed to load)")
        .hits(&[
            ("Reason: Worker failed to boot.", &[("reason", "Worker failed to boot")]),
            ("Reason: App failed to load.", &[("reason", "App failed to load")]),
        ])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-worker-exception",
            StartFailed,
            Worker,
            "A worker could not be initialised: import or configuration error",
        )
        .any(&["Exception in worker process"])
        .re(r"^Exception in worker process")
        .hits(&[("Exception in worker process", &[])])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-bind-failed",
            StartFailed,
            Process,
            "The listening address is in use or cannot be bound",
        )
        .any(&["Connection in use:", "Can't connect to"])
        .re(r"(?<reason>Connection in use|Can't connect to):? (?:\('(?<name>[^']*)', (?<port>\d+)\)|(?<addr>\S+))")
        .hits(&[
            ("Connection in use: ('0.0.0.0', 8000)", &[("reason", "Connection in use"), ("name", "0.0.0.0"), ("port", "8000")]),
            ("Can't connect to /run/app.sock", &[("reason", "Can't connect to"), ("addr", "/run/app.sock")]),
        ])
        .from("gunicorn/sock.py"),
        entry("gunicorn-request-abort", WorkerTimeout, Request, "The request that a timed-out worker was in")
        .any(&["SystemExit: 1"])
        .re(r"Error handling request(?: (?:(?<method>[A-Z]+) )?(?<path>/\S*))?(?:[^\n]*\n)+[^\n]*in handle_abort(?:[^\n]*\n)+SystemExit: 1")
        .hits(&[
            ("Error handling request /report\nTraceback (most recent call last):\n  File \"/site-packages/gunicorn/workers/base.py\", line 204, in handle_abort\n    sys.exit(1)\nSystemExit: 1", &[("path", "/report")]),
        ])
        .from("gunicorn/workers/sync.py"),
        entry(
            "gunicorn-request-error",
            RequestException,
            Request,
            "A handler raised; 500, or a cut connection if headers were sent",
        )
        .any(&["Error handling request"])
        .re(r"^Error handling request(?: \(no URI read\)| (?:(?<method>[A-Z]+) )?(?<path>\S+))?\s*$")
        .hits(&[
            ("Error handling request /cart", &[("path", "/cart")]),
            ("Error handling request GET /cart", &[("method", "GET"), ("path", "/cart")]),
            ("Error handling request", &[]),
        ])
        .from("gunicorn/workers/sync.py"),
        entry(
            "gunicorn-socket-error",
            DependencyFailed,
            Request,
            "A socket error while a request was processed",
        )
        .any(&["Socket error processing request"])
        .hits(&[("Socket error processing request.", &[])])
        .from("gunicorn/workers/sync.py"),
        entry("gunicorn-peer-gone", PeerGone, Request, "The client of this server went away first")
        .any(&[
            "Ignoring EPIPE",
            "Ignoring connection reset",
            "Ignored premature client disconnection",
            "Ignoring socket not connected",
        ])
        .hits(&[
            ("Ignoring EPIPE", &[]),
            ("Ignored premature client disconnection. No more data after: b''", &[]),
        ])
        .from("gunicorn/workers/sync.py"),
        entry(
            "gunicorn-invalid-request",
            ProtocolError,
            Request,
            "Bytes that are no valid request; TLS to a plain port, or headers over a limit",
        )
        .any(&["Invalid request from ip=", "Invalid HTTP request line", "Invalid HTTP method"])
        .re(r"(?:Invalid request from ip=(?<addr>[^:\s]+): (?<reason>[^\n]+)|Invalid HTTP (?:request line|method):)")
        .hits(&[
            ("Invalid request from ip=10.0.0.1: Invalid HTTP method: '\\x16\\x03\\x01'", &[("addr", "10.0.0.1"), ("reason", "Invalid HTTP method: '\\x16\\x03\\x01'")]),
        ])
        .from("gunicorn/workers/base.py"),
        entry("gunicorn-starting", ProcessStarting, Process, "The master starts")
        .any(&["Starting gunicorn"])
        .re(r"\bStarting gunicorn (?<name>[\d.]+)")
        .hits(&[("Starting gunicorn 20.1.0", &[("name", "20.1.0")])])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-listening",
            ProcessReady,
            Process,
            "The socket is bound: connections queue from here, workers are still loading",
        )
        .any(&["Listening at:"])
        .re(r"\bListening at: (?<addr>\S+?)(?:,\S+)? \((?<pid>\d+)\)")
        .hits(&[
            ("Listening at: http://10.20.1.13:21101 (27559)", &[("addr", "http://10.20.1.13:21101"), ("pid", "27559")]),
            ("Listening at: unix:/run/app.sock (7)", &[("addr", "unix:/run/app.sock"), ("pid", "7")]),
        ])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-booting",
            WorkerStarted,
            Worker,
            "A worker was forked; it still imports the application",
        )
        .any(&["Booting worker with pid"])
        .re(r"Booting worker with pid: (?<pid>\d+)")
        .hits(&[("Booting worker with pid: 26664", &[("pid", "26664")])])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-worker-exiting",
            WorkerExited,
            Worker,
            "A worker leaves by itself: abort after a timeout, reload, recycling",
        )
        .any(&["Worker exiting (pid"])
        .re(r"Worker exiting \(pid: (?<pid>\d+)\)")
        .hits(&[("Worker exiting (pid: 26593)", &[("pid", "26593")])])
        .from("gunicorn/arbiter.py"),
        entry(
            "gunicorn-recycle",
            WorkerExited,
            Worker,
            "`max_requests` reached: the worker is replaced after this request",
        )
        .any(&["Autorestarting worker after current request"])
        .hits(&[("Autorestarting worker after current request.", &[])])
        .from("gunicorn/workers/base.py"),
        entry("gunicorn-control-socket", Noise, Process, "A socket for gunicornc is opened, by the master or a worker")
        .any(&["Control socket listening at"])
        .hits(&[("Control socket listening at /run/gunicorn.ctl", &[])])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-log-reopen", Noise, Process, "Logs are reopened, worker count changed by signal")
        .any(&["Handling signal: usr1", "Handling signal: tt", "Handling signal: winch"])
        .re(r"Handling signal: (?<signal>usr1|ttin|ttou|winch)")
        .hits(&[("Handling signal: usr1", &[("signal", "usr1")])])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-signal", StopRequested, Process, "The master was told to stop, reload or upgrade")
        .any(&["Handling signal:", "Hang up: Master"])
        .re(r"(?:Handling signal: (?<signal>hup|term|int|quit|usr2|abrt)|Hang up: Master)")
        .hits(&[
            ("Handling signal: term", &[("signal", "term")]),
            ("Handling signal: hup", &[("signal", "hup")]),
            ("Hang up: Master", &[]),
        ])
        .misses(&["Handling signal: usr1"])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-shutdown", ProcessStopped, Process, "The master ends")
        .any(&["Shutting down: Master"])
        .re(r"Shutting down: Master(?:\s+Reason: (?<reason>[^\n]+))?")
        .hits(&[("Shutting down: Master", &[])])
        .from("gunicorn/arbiter.py"),
        entry("gunicorn-orphaned", Crash, Process, "A worker found its master gone")
        .any(&["Parent changed, shutting down"])
        .hits(&[("Parent changed, shutting down: <Worker 4711>", &[])])
        .from("gunicorn/workers/base.py"),
        entry(
            "gunicorn-graceful-timeout",
            WorkerExited,
            Worker,
            "Requests were cut because the graceful stop took too long",
        )
        .any(&["Worker graceful timeout (pid", "Forcing close of"])
        .re(r"(?:Worker graceful timeout \(pid:(?<pid>\d+)\)|Forcing close of (?<limit>\d+) connections)")
        .hits(&[
            ("Worker graceful timeout (pid:4711)", &[("pid", "4711")]),
            ("Forcing close of 3 connections", &[("limit", "3")]),
        ])
        .from("gunicorn/workers/ggevent.py"),
    ],
};
