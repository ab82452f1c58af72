//! .NET: the host, Kestrel, the runtime, IIS.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "dotnet",
    title: ".NET",
    programs: &["dotnet", "iis", "w3wp"],
    is_exclusive: false,
    signals: &[
        entry("dotnet-ready", ProcessReady, Process, "Kestrel listens, or the host has started")
        .any(&["Now listening on:", "Application started. Press Ctrl"])
        .re(r"(?:Now listening on: (?<addr>\S+)|Application started\. Press Ctrl)")
        .hits(&[
            ("Now listening on: http://[::]:8080", &[("addr", "http://[::]:8080")]),
            ("Application started. Press Ctrl+C to shut down.", &[]),
        ])
        .from("runtime Microsoft.Extensions.Hosting ConsoleLifetime"),
        entry("dotnet-stopping", StopRequested, Process, "The host stops")
        .any(&["Application is shutting down..."])
        .hits(&[("Application is shutting down...", &[])])
        .from("runtime Microsoft.Extensions.Hosting ConsoleLifetime"),
        entry("dotnet-bind-failed", StartFailed, Process, "The port is in use, or Kestrel cannot start")
        .any(&["Failed to bind to address", "Unable to start Kestrel"])
        .re(r"(?:Failed to bind to address (?<addr>\S+?): (?<reason>[^\n]+)|Unable to start Kestrel)")
        .hits(&[
            ("Failed to bind to address http://127.0.0.1:5000: address already in use.", &[("addr", "http://127.0.0.1:5000"), ("reason", "address already in use.")]),
        ])
        .from("aspnetcore src/Servers/Kestrel"),
        entry("kestrel-exception", RequestException, Request, "A handler raised")
        .any(&[
            "An unhandled exception was thrown by the application",
            "the application aborted the connection",
            "An unhandled exception has occurred while executing the request",
        ])
        .re(r#"(?:Connection id "(?<thread>[^"]*)", Request id "(?<name>[^"]*)": )?(?<reason>An unhandled exception was thrown by the application|the application aborted the connection|An unhandled exception has occurred while executing the request)"#)
        .hits(&[
            ("Connection id \"0HN1\", Request id \"0HN1:00000002\": An unhandled exception was thrown by the application.", &[("thread", "0HN1"), ("name", "0HN1:00000002"), ("reason", "An unhandled exception was thrown by the application")]),
        ])
        .from("aspnetcore KestrelTrace.cs"),
        entry("kestrel-connections", PoolExhausted, Process, "The limit of connections is reached")
        .any(&["maximum number of concurrent connections has been reached"])
        .hits(&[
            ("Connection id \"0HN1\" rejected because the maximum number of concurrent connections has been reached.", &[]),
        ])
        .from("aspnetcore KestrelTrace.cs"),
        entry(
            "kestrel-starved",
            PoolExhausted,
            Process,
            "The heartbeat ran late: the thread pool is starved or the process stood still",
        )
        .any(&["the heartbeat has been running for"])
        .re(r#"the heartbeat has been running for "(?<reason>[^"]*)""#)
        .hits(&[
            ("As of \"11/20/2026 10:00:00\", the heartbeat has been running for \"00:00:03.1\" which is longer than \"00:00:01\". This could be caused by thread pool starvation.", &[("reason", "00:00:03.1")]),
        ])
        .from("aspnetcore KestrelTrace.cs"),
        entry("kestrel-never-completed", Deadlock, Request, "A handler never ended")
        .any(&["application never completed"])
        .hits(&[("Connection id \"0HN1\" application never completed.", &[])])
        .from("aspnetcore KestrelTrace.cs"),
        entry(
            "kestrel-bad-request",
            ProtocolError,
            Request,
            "Bytes that are no HTTP, or headers over a limit",
        )
        .any(&["BadHttpRequestException", "bad request data:"])
        .re(r"(?:BadHttpRequestException: (?<reason>[^\n]+)|bad request data: )")
        .hits(&[
            ("Microsoft.AspNetCore.Server.Kestrel.Core.BadHttpRequestException: Request headers too long.", &[("reason", "Request headers too long.")]),
        ])
        .from("aspnetcore KestrelTrace.cs"),
        entry("kestrel-body", Noise, Request, "Remarks about request bodies")
        .any(&["without reading the entire request body", "automatic draining of the request body"])
        .hits(&[
            ("Connection id \"0HN1\", Request id \"0HN1:00000002\": the application completed without reading the entire request body.", &[]),
        ])
        .from("aspnetcore KestrelTrace.cs"),
        entry("dotnet-crash", Crash, Process, "An unhandled exception or a fault ended the process")
        .any(&["Unhandled exception.", "Process terminated.", "System.AccessViolationException"])
        .re(r"^(?:Unhandled exception\. (?<reason>[^\n]+)|Process terminated\. |Fatal error\. System\.AccessViolationException)")
        .hits(&[
            ("Unhandled exception. System.InvalidOperationException: boom", &[("reason", "System.InvalidOperationException: boom")]),
        ])
        .from("runtime src/coreclr/vm"),
        entry("dotnet-oom", OomKill, Process, "No memory is left for the runtime")
        .any(&["System.OutOfMemoryException"])
        .re(r#"(?:^|[\s:(\"'])System\.OutOfMemoryException"#)
        .hits(&[
            ("System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.", &[]),
        ])
        .from("runtime src/coreclr/vm"),
        entry("dotnet-cancelled", PeerGone, Request, "The request was cancelled: the proxy went away")
        .any(&["OperationCanceledException", "TaskCanceledException"])
        .re(r"(?:OperationCanceledException: The operation was canceled|TaskCanceledException: A task was canceled)")
        .hits(&[("System.OperationCanceledException: The operation was canceled.", &[])])
        .from("runtime src/coreclr/vm"),
        entry("ancm-start", StartFailed, Process, "IIS could not start the application")
        .any(&[
            "ANCM In-Process Start Failure",
            "502.5 - Process Failure",
            "failed to start process with commandline",
        ])
        .re(r"(?:ANCM In-Process Start Failure|502\.5 - Process Failure|Application '(?<unit>[^']*)' failed to start process)")
        .hits(&[("HTTP Error 502.5 - Process Failure", &[])])
        .from("aspnetcore src/Servers/IIS"),
    ],
};
