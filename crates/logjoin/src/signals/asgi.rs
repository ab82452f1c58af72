//! Python servers beside gunicorn and uWSGI: uvicorn, hypercorn, daphne, waitress, granian, eventlet.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "asgi",
    title: "uvicorn, hypercorn, daphne, waitress, granian, eventlet",
    programs: &["uvicorn", "hypercorn", "daphne", "waitress", "granian", "eventlet"],
    is_exclusive: false,
    signals: &[
        entry(
            "uvicorn-child-died",
            Crash,
            Worker,
            "The supervisor found a worker dead, or killed one that no longer answered its ping",
        )
        .any(&["Child process ["])
        .re(r"Child process \[(?<pid>\d+)\] died")
        .hits(&[("Child process [4711] died", &[("pid", "4711")])])
        .from("uvicorn/supervisors/multiprocess.py"),
        entry("uvicorn-startup-failed", StartFailed, Process, "The application's start-up handler failed")
        .any(&["Application startup failed"])
        .hits(&[("Application startup failed. Exiting.", &[])])
        .from("uvicorn/lifespan/on.py"),
        entry("uvicorn-load-failed", StartFailed, Process, "The application could not be imported")
        .any(&["Error loading ASGI app"])
        .re(r"Error loading ASGI app\. (?<reason>[^\n]+)")
        .hits(&[
            ("Error loading ASGI app. Could not import module \"app\".", &[("reason", "Could not import module \"app\".")]),
        ])
        .from("uvicorn/config.py"),
        entry("asyncio-bind-failed", StartFailed, Process, "The listening address is in use")
        .any(&["error while attempting to bind on address"])
        .re(r"error while attempting to bind on address \('(?<addr>[^']*)', (?<port>\d+)[^)]*\): (?<reason>[^\n]+)")
        .hits(&[
            ("[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use", &[("addr", "0.0.0.0"), ("port", "8000"), ("reason", "address already in use")]),
        ])
        .from("cpython Lib/asyncio/base_events.py"),
        entry(
            "asgi-exception",
            RequestException,
            Request,
            "A handler raised; 500, or a cut body if the response had begun",
        )
        .any(&[
            "Exception in ASGI application",
            "Error in ASGI Framework",
            "Exception inside application:",
            "Application callable raised an exception",
        ])
        .re(r"(?:Exception in ASGI application|Error in ASGI Framework|Exception inside application: (?<reason>[^\n]+)|Application callable raised an exception)")
        .hits(&[
            ("Exception in ASGI application", &[]),
            ("Error in ASGI Framework", &[]),
            ("Exception inside application: division by zero", &[("reason", "division by zero")]),
        ])
        .from("uvicorn/protocols/http/h11_impl.py"),
        entry(
            "asgi-incomplete",
            RequestException,
            Request,
            "The application returned without a whole response",
        )
        .any(&[
            "ASGI callable returned without",
            "Too little data for declared Content-Length",
            "Too much data for declared Content-Length",
            "too few bytes (",
        ])
        .re(r"(?:ASGI callable returned without (?<reason>starting|completing) response|Too (?:little|much) data for declared Content-Length|application returned too (?:few|many) bytes)")
        .hits(&[
            ("ASGI callable returned without completing response.", &[("reason", "completing")]),
            ("h11._util.LocalProtocolError: Too little data for declared Content-Length", &[]),
            ("application returned too few bytes (120) for specified Content-Length (512) via app_iter", &[]),
        ])
        .from("uvicorn/protocols/http/h11_impl.py"),
        entry("uvicorn-invalid-request", ProtocolError, Request, "Bytes that are no HTTP")
        .any(&["Invalid HTTP request received"])
        .hits(&[("Invalid HTTP request received.", &[])])
        .from("uvicorn/protocols/http/h11_impl.py"),
        entry("uvicorn-concurrency-limit", PoolExhausted, Process, "`limit_concurrency` reached: 503")
        .any(&["Exceeded concurrency limit"])
        .hits(&[("Exceeded concurrency limit.", &[])])
        .from("uvicorn/protocols/http/h11_impl.py"),
        entry("uvicorn-max-requests", WorkerExited, Worker, "`limit_max_requests` reached: the process ends")
        .any(&["Maximum request limit of"])
        .re(r"Maximum request limit of (?<limit>\d+) exceeded\. Terminating process")
        .hits(&[("Maximum request limit of 1000 exceeded. Terminating process.", &[("limit", "1000")])])
        .from("uvicorn/server.py"),
        entry("uvicorn-starting", ProcessStarting, Process, "The process is up, the application is not ready")
        .any(&["Started server process [", "Waiting for application startup"])
        .re(r"(?:Started server process \[(?<pid>\d+)\]|Waiting for application startup)")
        .hits(&[
            ("Started server process [4711]", &[("pid", "4711")]),
            ("Waiting for application startup.", &[]),
        ])
        .from("uvicorn/server.py"),
        entry("uvicorn-ready", ProcessReady, Process, "The application is ready")
        .any(&["Application startup complete"])
        .hits(&[("Application startup complete.", &[])])
        .from("uvicorn/lifespan/on.py"),
        entry(
            "uvicorn-running",
            ProcessReady,
            Process,
            "Listening; with several workers the parent says so before any of them is ready",
        )
        .any(&[
            "Uvicorn running on",
            "(CTRL + C to quit)",
            "Listening on TCP address",
            "Serving on http://",
            "Listening at: http",
        ])
        .re(r"(?:Uvicorn running on|Running on|Listening on TCP address|Serving on|Listening at:) (?<addr>(?:https?://|unix:)?[^\s,]+)")
        .hits(&[
            ("Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)", &[("addr", "http://0.0.0.0:8000")]),
            ("Running on http://127.0.0.1:8001 (CTRL + C to quit)", &[("addr", "http://127.0.0.1:8001")]),
            ("Serving on http://0.0.0.0:8080", &[("addr", "http://0.0.0.0:8080")]),
        ])
        .from("uvicorn/server.py, hypercorn/asyncio/run.py, waitress/server.py"),
        entry(
            "uvicorn-cancelled",
            RequestException,
            Request,
            "Requests were cut because the graceful stop took too long",
        )
        .any(&["timeout graceful shutdown exceeded"])
        .re(r"Cancel (?<limit>\d+) running task")
        .hits(&[("Cancel 2 running task(s), timeout graceful shutdown exceeded", &[("limit", "2")])])
        .from("uvicorn/server.py"),
        entry("uvicorn-stopped", ProcessStopped, Process, "A server process finished")
        .any(&["Finished server process [", "Terminated child process [", "Stopping parent process ["])
        .re(r"(?:Finished server|Terminated child|Stopping parent) process \[(?<pid>\d+)\]")
        .hits(&[
            ("Finished server process [4711]", &[("pid", "4711")]),
            ("Terminated child process [4712]", &[("pid", "4712")]),
        ])
        .from("uvicorn/server.py"),
        entry("uvicorn-stopping", StopRequested, Process, "A stop or restart was asked for")
        .any(&[
            "Received SIGTERM, exiting",
            "Received SIGINT, exiting",
            "restarting processes",
            "Waiting for connections to close.",
            "Waiting for background tasks to complete.",
            "Waiting for application shutdown",
            "Shutting down granian",
        ])
        .re(r"(?:Received (?<signal>SIG[A-Z]+), (?:exiting|restarting processes)|Waiting for (?:connections to close|background tasks to complete|application shutdown)\.|Shutting down granian)")
        .hits(&[
            ("Received SIGTERM, exiting.", &[("signal", "SIGTERM")]),
            ("Received SIGHUP, restarting processes.", &[("signal", "SIGHUP")]),
            ("Waiting for application shutdown.", &[]),
        ])
        .from("uvicorn/supervisors/multiprocess.py"),
        entry(
            "granian-worker-exit",
            Crash,
            Worker,
            "A worker died; by default the whole server stops with it",
        )
        .any(&["Unexpected exit from worker-"])
        .re(r"Unexpected exit from worker-(?<worker>\d+)")
        .hits(&[("Unexpected exit from worker-1", &[("worker", "1")])])
        .from("granian/server/common.py"),
        entry("daphne-killed", WorkerTimeout, Request, "A handler ignored the disconnect and was killed")
        .any(&["took too long to shut down and was killed"])
        .re(r"Application instance .* for connection .* took too long to shut down and was killed")
        .hits(&[
            ("Application instance <Task pending> for connection <WebRequest at 0x7f method=GET uri=/x clientproto=HTTP/1.1> took too long to shut down and was killed.", &[]),
        ])
        .from("daphne/server.py"),
        entry("waitress-queue", PoolExhausted, Process, "All threads are busy and requests wait")
        .any(&["Task queue depth is"])
        .re(r"Task queue depth is (?<limit>\d+)")
        .hits(&[("Task queue depth is 12", &[("limit", "12")])])
        .from("waitress/task.py"),
        entry(
            "waitress-connection-limit",
            PoolExhausted,
            Process,
            "`connection_limit` reached: nothing is accepted",
        )
        .any(&["total open connections reached the connection limit"])
        .hits(&[
            ("total open connections reached the connection limit, no longer accepting new connections", &[]),
        ])
        .from("waitress/server.py"),
        entry("waitress-listening-again", ProcessReady, Process, "Below `connection_limit` again")
        .any(&["dropped below the connection limit, listening again"])
        .hits(&[("total open connections dropped below the connection limit, listening again", &[])])
        .from("waitress/server.py"),
        entry(
            "waitress-accept",
            FdExhausted,
            Process,
            "Accepting a connection failed, mostly for want of descriptors",
        )
        .any(&["server accept() threw an exception"])
        .hits(&[("server accept() threw an exception", &[])])
        .from("waitress/server.py"),
        entry("waitress-exception", RequestException, Request, "A handler raised")
        .any(&["Exception while serving"])
        .re(r"Exception while serving (?<path>/\S*)")
        .hits(&[("Exception while serving /cart", &[("path", "/cart")])])
        .from("waitress/channel.py"),
        entry("eventlet-listening", ProcessReady, Process, "A worker listens")
        .any(&["wsgi starting up on"])
        .re(r"(?:\((?<pid>\d+)\) )?wsgi starting up on (?<addr>\S+)")
        .hits(&[
            ("(152) wsgi starting up on http://0.0.0.0:9282", &[("pid", "152"), ("addr", "http://0.0.0.0:9282")]),
        ])
        .from("eventlet/wsgi.py"),
        entry("eventlet-exited", WorkerExited, Worker, "A worker stopped accepting")
        .any(&["wsgi exited, is_accepting"])
        .re(r"(?:\((?<pid>\d+)\) )?wsgi exited, is_accepting")
        .hits(&[("(152) wsgi exited, is_accepting=True", &[("pid", "152")])])
        .from("eventlet/wsgi.py"),
        entry("oslo-child-killed", KilledBySupervisor, Worker, "A worker ended by SIGKILL")
        .any(&["killed by signal 9"])
        .re(r"Child (?<pid>\d+) killed by signal (?<signal>9)\b")
        .hits(&[("Child 152 killed by signal 9", &[("pid", "152"), ("signal", "9")])])
        .from("oslo_service/service.py"),
        entry("oslo-child-died", Crash, Worker, "A worker died")
        .any(&["killed by signal", "exited with status", "Removed dead child"])
        .re(r"(?:Child (?<pid>\d+) (?:killed by signal (?<signal>\d+)|exited with status (?<code>[1-9]\d*))|Removed dead child \d+)")
        .hits(&[
            ("Child 152 killed by signal 11", &[("pid", "152"), ("signal", "11")]),
            ("Child 152 exited with status 1", &[("pid", "152"), ("code", "1")]),
        ])
        .misses(&["Child 152 exited with status 0"])
        .from("oslo_service/service.py"),
        entry("oslo-child-started", WorkerStarted, Worker, "A worker was forked")
        .any(&["Started child"])
        .re(r"Started child (?<pid>\d+)")
        .hits(&[("Started child 152", &[("pid", "152")])])
        .from("oslo_service/service.py"),
        entry("oslo-starting", ProcessStarting, Process, "The parent starts its workers")
        .any(&["workers"])
        .re(r"^Starting (?<limit>\d+) workers$")
        .hits(&[("Starting 4 workers", &[("limit", "4")])])
        .from("oslo_service/service.py"),
    ],
};
