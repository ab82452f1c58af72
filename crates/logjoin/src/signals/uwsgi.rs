//! uWSGI 1.9 to 2.0.30. One incident is several lines: the harakiri block, then `DAMN !`, then the respawn.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "uwsgi",
    title: "uWSGI",
    programs: &["uwsgi", "uwsgi-core"],
    is_exclusive: false,
    signals: &[
        entry("uwsgi-harakiri", WorkerTimeout, Worker, "A request exceeded `harakiri`: its worker is killed")
        .any(&["HARAKIRI ON WORKER"])
        .re(r"HARAKIRI ON WORKER (?<worker>\d+) \(pid: (?<pid>\d+)(?:(?:[^\n]*\n){1,6}?[^\n]*HARAKIRI \[core \d+\] (?<addr>\S+) - (?<method>[A-Z]+) (?<path>\S+) since (?<since>\d+))?")
        .hits(&[
            ("*** HARAKIRI ON WORKER 1 (pid: 28446, try: 1) ***", &[("worker", "1"), ("pid", "28446")]),
            ("*** HARAKIRI ON WORKER 1 (pid: 28446, try: 1, graceful: yes) ***", &[("worker", "1"), ("pid", "28446")]),
            ("*** HARAKIRI ON WORKER 1 (pid: 28446, try: 1) ***\nHARAKIRI !!! worker 1 status !!!\nHARAKIRI [core 0] 192.0.2.32 - GET /crm/export.csv since 1795229350\nHARAKIRI !!! end of worker 1 status !!!", &[("worker", "1"), ("pid", "28446"), ("addr", "192.0.2.32"), ("method", "GET"), ("path", "/crm/export.csv"), ("since", "1795229350")]),
        ])
        .from("uwsgi core/master.c"),
        entry(
            "uwsgi-harakiri-request",
            WorkerTimeout,
            Request,
            "The request that a killed worker was in, and when it began",
        )
        .any(&["HARAKIRI [core"])
        .re(r"HARAKIRI \[core \d+\] (?<addr>\S+) - (?<method>[A-Z]+) (?<path>\S+) since (?<since>\d+)")
        .hits(&[
            ("HARAKIRI [core 0] 192.0.2.32 - GET /crm/export.csv since 1795229350", &[("addr", "192.0.2.32"), ("method", "GET"), ("path", "/crm/export.csv"), ("since", "1795229350")]),
        ])
        .from("uwsgi core/logging.c"),
        entry(
            "uwsgi-harakiri-skipped",
            Slow,
            Worker,
            "A request exceeded `harakiri` but the listen queue was short: left alone",
        )
        .any(&["HARAKIRI: Skipping harakiri"])
        .re(r"Skipping harakiri on worker (?<worker>\d+)")
        .hits(&[
            ("HARAKIRI: Skipping harakiri on worker 2. Listen queue is smaller than the threshold (3 < 20)", &[("worker", "2")]),
        ])
        .from("uwsgi core/master_checks.c"),
        entry("uwsgi-harakiri-detail", Noise, Worker, "More lines of a harakiri block")
        .any(&["HARAKIRI !!!", "HARAKIRI: --", "HARAKIRI triggered by"])
        .re(r"HARAKIRI (?:!!! (?:end of )?worker (?<worker>\d+) status|triggered by worker)|HARAKIRI: --")
        .hits(&[
            ("HARAKIRI !!! worker 1 status !!!", &[("worker", "1")]),
            ("HARAKIRI: -- wchan> do_poll", &[]),
            ("HARAKIRI triggered by worker 2 core 0 !!!", &[]),
        ])
        .from("uwsgi core/master_checks.c"),
        entry(
            "uwsgi-worker-sigkill",
            KilledBySupervisor,
            Worker,
            "A worker ended by SIGKILL: the end of a harakiri, else memory or an administrator",
        )
        .any(&["DAMN ! worker"])
        .re(r"DAMN ! worker (?<worker>\d+) \(pid: (?<pid>\d+)\) (?:died, |MYSTERIOUSLY )killed by signal (?<signal>9) ")
        .hits(&[
            ("DAMN ! worker 1 (pid: 28446) died, killed by signal 9 :( trying respawn ...", &[("worker", "1"), ("pid", "28446"), ("signal", "9")]),
        ])
        .misses(&["DAMN ! worker 1 (pid: 28446) died, killed by signal 11 :( trying respawn ..."])
        .from("uwsgi core/master.c"),
        entry(
            "uwsgi-worker-died",
            Crash,
            Worker,
            "A worker died: fatal signal or exit inside the application",
        )
        .any(&["DAMN ! worker"])
        .re(r"DAMN ! worker (?<worker>\d+) \(pid: (?<pid>\d+)\) (?:(?:died, |MYSTERIOUSLY )killed by signal (?<signal>\d+)|died)")
        .hits(&[
            ("DAMN ! worker 1 (pid: 28446) died, killed by signal 11 :( trying respawn ...", &[("worker", "1"), ("pid", "28446"), ("signal", "11")]),
            ("DAMN ! worker 2 (pid: 28447) died :( trying respawn ...", &[("worker", "2"), ("pid", "28447")]),
        ])
        .from("uwsgi core/master.c"),
        entry("uwsgi-segfault", Crash, Process, "The process caught its own segmentation fault")
        .any(&["got Segmentation Fault !!!"])
        .re(r"uWSGI process (?<pid>\d+) got Segmentation Fault")
        .hits(&[("!!! uWSGI process 4711 got Segmentation Fault !!!", &[("pid", "4711")])])
        .from("uwsgi core/uwsgi.c"),
        entry(
            "uwsgi-listen-queue",
            ListenOverflow,
            Process,
            "The accept queue of a socket is full; repeated every second while true",
        )
        .any(&["uWSGI listen queue of socket"])
        .re(r#"listen queue of socket "(?<addr>[^"]*)" \(fd: \d+\) full !!! \(\d+/(?<limit>\d+)\)"#)
        .hits(&[
            ("*** uWSGI listen queue of socket \"127.0.0.1:3031\" (fd: 3) full !!! (101/100) ***", &[("addr", "127.0.0.1:3031"), ("limit", "100")]),
        ])
        .from("uwsgi core/master.c"),
        entry("uwsgi-bound", ProcessStarting, Process, "A socket is bound, or taken over from the process before")
        .any(&["bound to TCP address", "bound to UNIX address", "inherited TCP address", "inherited UNIX address"])
        .re(r"uwsgi socket \d+ (?:bound to|inherited) (?:TCP|UNIX) address (?<addr>\S+) fd \d+")
        .hits(&[
            ("uwsgi socket 0 bound to TCP address 192.0.2.8:3031 fd 5", &[("addr", "192.0.2.8:3031")]),
            ("uwsgi socket 1 inherited UNIX address /run/crm.sock fd 3", &[("addr", "/run/crm.sock")]),
        ])
        .from("uwsgi core/socket.c"),
        entry(
            "uwsgi-somaxconn",
            StartFailed,
            Process,
            "`listen` is over the system's limit: refuses to start",
        )
        .any(&["Listen queue size is greater than the system max"])
        .re(r"net\.core\.somaxconn \((?<limit>\d+)\)")
        .hits(&[
            ("Listen queue size is greater than the system max net.core.somaxconn (128).", &[("limit", "128")]),
        ])
        .from("uwsgi core/socket.c"),
        entry(
            "uwsgi-respawn-fast",
            StartFailed,
            Process,
            "Workers die as soon as they start: the master sleeps",
        )
        .any(&["worker respawning too fast"])
        .re(r"worker respawning too fast !!! i have to sleep a bit \((?<seconds>\d+) seconds")
        .hits(&[("worker respawning too fast !!! i have to sleep a bit (2 seconds)...", &[("seconds", "2")])])
        .from("uwsgi core/socket.c"),
        entry(
            "uwsgi-evil-reload",
            OomKill,
            Worker,
            "A worker exceeded its memory limit and was killed in mid-request",
        )
        .any(&["EVIL RELOAD ON WORKER"])
        .re(r"EVIL RELOAD ON WORKER (?<worker>\d+) (?:RSS|ADDRESS SPACE): (?<limit>\d+) \(pid: (?<pid>\d+)\)")
        .hits(&[
            ("*** EVIL RELOAD ON WORKER 1 RSS: 536870912 (pid: 4711) ***", &[("worker", "1"), ("limit", "536870912"), ("pid", "4711")]),
        ])
        .from("uwsgi core/master_checks.c"),
        entry(
            "uwsgi-no-app",
            StartFailed,
            Process,
            "No application was loaded: every request is answered 500",
        )
        .any(&[
            "no python application found",
            "no app loaded.",
            "unable to load app",
            "failed loading app in worker",
        ])
        .re(r"(?:no python application found|no app loaded\. (?:going in full dynamic mode|GAME OVER)|unable to load app (?<code>\d+) \(mountpoint='(?<path>[^']*)'\)|OOPS ! failed loading app in worker (?<worker>\d+))")
        .hits(&[
            ("--- no python application found, check your startup logs for errors ---", &[]),
            ("unable to load app 0 (mountpoint='') (callable not found or import error)", &[("code", "0")]),
            ("*** no app loaded. GAME OVER ***", &[]),
        ])
        .from("uwsgi plugins/python/wsgi_handlers.c"),
        entry(
            "uwsgi-http-on-uwsgi-port",
            ProtocolError,
            Request,
            "HTTP was spoken to a uwsgi socket: the size is two letters of the method",
        )
        .any(&["invalid request block size"])
        .re(r"invalid request block size: (?<code>21573|21327|16709|21589|19525|21584) \(max (?<limit>\d+)\)")
        .hits(&[
            ("invalid request block size: 21573 (max 4096)...skip", &[("code", "21573"), ("limit", "4096")]),
        ])
        .misses(&["invalid request block size: 4161 (max 4096)...skip"])
        .from("uwsgi proto/uwsgi.c"),
        entry(
            "uwsgi-header-too-large",
            ProtocolError,
            Request,
            "Request headers over `buffer-size`: the connection is closed without an answer",
        )
        .any(&["invalid request block size", "invalid HTTP request size"])
        .re(r"invalid (?:request block size: (?<code>\d+)|HTTP request size) \(max (?<limit>\d+)\)")
        .hits(&[
            ("invalid request block size: 4161 (max 4096)...skip", &[("code", "4161"), ("limit", "4096")]),
            ("invalid HTTP request size (max 4096)...skip", &[("limit", "4096")]),
        ])
        .from("uwsgi proto/uwsgi.c"),
        entry("uwsgi-invalid-request", ProtocolError, Request, "Bytes that are not the uwsgi protocol")
        .any(&["invalid uwsgi request"])
        .re(r"invalid uwsgi request \(current strsize: (?<code>\d+)\)")
        .hits(&[("invalid uwsgi request (current strsize: 12336). skip.", &[("code", "12336")])])
        .from("uwsgi proto/uwsgi.c"),
        entry("uwsgi-peer-gone", PeerGone, Request, "The proxy went away before the answer was written")
        .any(&["SIGPIPE: writing to a closed pipe"])
        .re(r"SIGPIPE: writing to a closed pipe/socket/fd \(probably the client disconnected\) on request (?<path>\S+) \(ip (?<addr>\S+)\)")
        .hits(&[
            ("SIGPIPE: writing to a closed pipe/socket/fd (probably the client disconnected) on request /report (ip 10.0.0.1) !!!", &[("path", "/report"), ("addr", "10.0.0.1")]),
        ])
        .from("uwsgi core/uwsgi.c"),
        entry(
            "uwsgi-write-failed",
            PeerGone,
            Request,
            "Writing the answer failed: the proxy closed, or reads too slowly",
        )
        .any(&[
            "uwsgi_response_write",
            "uwsgi_proto_http_parser() -> client closed",
            "OSError: write error",
            "IOError: write error",
        ])
        .re(r"(?:uwsgi_response_write\w*\(\)(?:: (?<reason>[^\[\n]+?) \[[^\]]*\](?: during (?<method>[A-Z]+) (?<path>\S+))?| TIMEOUT)|client closed connection|(?:OS|IO)Error: write error)")
        .hits(&[
            ("uwsgi_response_writev_headers_and_body_do(): Broken pipe [core/writer.c line 306] during GET /x (1.2.3.4)", &[("reason", "Broken pipe"), ("method", "GET"), ("path", "/x")]),
            ("uwsgi_response_write_body_do() TIMEOUT !!!", &[]),
            ("OSError: write error", &[]),
        ])
        .from("uwsgi core/writer.c"),
        entry(
            "uwsgi-exception-close",
            RequestException,
            Request,
            "A handler raised: nothing is sent, the proxy sees a closed connection though the log says 500",
        )
        .any(&["generated 0 bytes in"])
        .re(r"(?:^|\} )\[[^\]]+\] (?<method>[A-Z]+) (?<path>\S+) => generated 0 bytes in (?<ms>\d+) msecs \(\S+ (?<code>500)\) 0 headers")
        .hits(&[
            ("[pid: 7|app: 0|req: 3/3] 10.0.0.1 () {36 vars in 512 bytes} [Fri Nov 20 10:00:00 2026] GET /boom => generated 0 bytes in 12 msecs (HTTP/1.1 500) 0 headers in 0 bytes (0 switches on core 0)", &[("method", "GET"), ("path", "/boom"), ("ms", "12"), ("code", "500")]),
        ])
        .misses(&[
            "[pid: 7|app: 0|req: 3/3] 10.0.0.1 () {36 vars in 512 bytes} [Fri Nov 20 10:00:00 2026] GET /ok => generated 0 bytes in 12 msecs (HTTP/1.1 204) 2 headers in 71 bytes (1 switches on core 0)",
        ])
        .from("uwsgi core/logging.c"),
        entry("uwsgi-exit-in-app", Crash, Worker, "The application raised an exception that ends its worker")
        .any(&["monitored exception detected"])
        .re(r"monitored exception detected, respawning worker (?<worker>\d+) \(pid: (?<pid>\d+)\)")
        .hits(&[
            ("... monitored exception detected, respawning worker 1 (pid: 4711)...", &[("worker", "1"), ("pid", "4711")]),
        ])
        .from("uwsgi core/uwsgi.c"),
        entry(
            "uwsgi-no-mercy",
            KilledBySupervisor,
            Worker,
            "A worker did not end within the reload mercy and is killed",
        )
        .any(&["is taking too much time to die"])
        .re(r"worker (?<worker>\d+) \(pid: (?<pid>\d+)\) is taking too much time to die")
        .hits(&[
            ("worker 1 (pid: 4711) is taking too much time to die...NO MERCY !!!", &[("worker", "1"), ("pid", "4711")]),
        ])
        .from("uwsgi core/master_utils.c"),
        entry("uwsgi-app-ready", ProcessReady, Process, "The application is loaded")
        .any(&["WSGI app"])
        .re(r"WSGI app (?<code>\d+) \(mountpoint='(?<path>[^']*)'\) ready in (?<seconds>\d+) seconds on interpreter \S+ pid: (?<pid>\d+)")
        .hits(&[
            ("WSGI app 0 (mountpoint='') ready in 1 seconds on interpreter 0x5589fc2d7c40 pid: 28440 (default app)", &[("code", "0"), ("seconds", "1"), ("pid", "28440")]),
        ])
        .from("uwsgi plugins/python/pyloader.c"),
        entry("uwsgi-worker-started", WorkerStarted, Worker, "A worker was forked")
        .any(&["spawned uWSGI worker", "Respawned uWSGI worker"])
        .re(r"(?:Respawned|[Ss]pawned) uWSGI worker (?<worker>\d+) \((?:new )?pid: (?<pid>\d+)")
        .hits(&[
            ("spawned uWSGI worker 1 (pid: 4711, cores: 1)", &[("worker", "1"), ("pid", "4711")]),
            ("Respawned uWSGI worker 1 (new pid: 28500)", &[("worker", "1"), ("pid", "28500")]),
        ])
        .from("uwsgi core/master_utils.c"),
        entry("uwsgi-master-started", ProcessStarting, Process, "The master starts")
        .any(&["*** Starting uWSGI", "spawned uWSGI master process", "(RE)spawned uWSGI master"])
        .re(r"(?:\*\*\* Starting uWSGI (?<name>\S+)|(?:\(RE\))?spawned uWSGI master process \(pid: (?<pid>\d+)\))")
        .hits(&[
            ("*** Starting uWSGI 2.0.21 (64bit) on [Sat Nov 21 02:48:00 2026] ***", &[("name", "2.0.21")]),
            ("spawned uWSGI master process (pid: 28440)", &[("pid", "28440")]),
            ("gracefully (RE)spawned uWSGI master process (pid: 28440)", &[("pid", "28440")]),
        ])
        .from("uwsgi core/uwsgi.c"),
        entry("uwsgi-worker-recycled", WorkerExited, Worker, "A worker leaves in the ordinary course")
        .any(&[
            "lifetime reached, it was running",
            "The work of process",
            "uWSGI worker",
            "buried after",
            "Gracefully killing worker",
        ])
        .re(r"(?:worker (?<worker>\d+) lifetime reached|The work of process (?<pid>\d+) is done|uWSGI worker \d+ cheaped|worker \d+ buried after|Gracefully killing worker \d+ \(pid)")
        .hits(&[
            ("worker 1 lifetime reached, it was running for 3600 second(s)", &[("worker", "1")]),
            ("...The work of process 4711 is done. Seeya!", &[("pid", "4711")]),
            ("uWSGI worker 3 cheaped.", &[]),
            ("worker 1 buried after 1 seconds", &[]),
        ])
        .from("uwsgi core/uwsgi.c"),
        entry("uwsgi-stopping", StopRequested, Process, "A stop or reload was asked for")
        .any(&[
            "gracefully killing workers",
            "brutally killing workers",
            "received...killing workers",
            "has been touched...",
            "binary reloading uWSGI",
            "chain next victim is",
        ])
        .re(r"(?:\.\.\.(?:gracefully|brutally) killing workers|(?<signal>SIGINT|SIGQUIT)(?:/SIGTERM|/SIGQUIT)? received\.\.\.killing workers|\*\*\* (?<path>\S+) has been touched|binary reloading uWSGI|chain next victim is worker (?<worker>\d+))")
        .hits(&[
            ("...gracefully killing workers...", &[]),
            ("SIGINT/SIGTERM received...killing workers...", &[("signal", "SIGINT")]),
            ("*** /srv/app/reload has been touched... workers reload !!! ***", &[("path", "/srv/app/reload")]),
        ])
        .from("uwsgi core/master_utils.c"),
        entry("uwsgi-stopped", ProcessStopped, Process, "The master ends")
        .any(&["goodbye to uWSGI"])
        .hits(&[("goodbye to uWSGI.", &[])])
        .from("uwsgi core/uwsgi.c"),
        entry("uwsgi-vassal-heartbeat", Deadlock, Process, "A vassal gave no heartbeat and is respawned")
        .any(&["sent no heartbeat in last"])
        .re(r"\[emperor\] vassal (?<unit>\S+) sent no heartbeat in last (?<seconds>\d+) seconds")
        .hits(&[
            ("[emperor] vassal shop.ini sent no heartbeat in last 30 seconds, brutally respawning it...", &[("unit", "shop.ini"), ("seconds", "30")]),
        ])
        .from("uwsgi core/emperor.c"),
        entry("uwsgi-vassal-ready", ProcessReady, Process, "A vassal accepts requests")
        .any(&["is ready to accept requests"])
        .re(r"\[emperor\] vassal (?<unit>\S+) is ready to accept requests")
        .hits(&[("[emperor] vassal shop.ini is ready to accept requests", &[("unit", "shop.ini")])])
        .from("uwsgi core/emperor.c"),
    ],
};
