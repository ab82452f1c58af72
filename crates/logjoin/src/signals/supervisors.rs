//! Process supervisors: supervisord, Pebble, PM2, and the wrappers npm and yarn.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "supervisors",
    title: "supervisord, Pebble, PM2, npm",
    programs: &["supervisord", "pebble", "pm2", "npm", "yarn"],
    is_exclusive: false,
    signals: &[
        entry("supervisord-killed", KilledBySupervisor, Process, "A program ended by SIGKILL")
        .any(&["terminated by SIGKILL"])
        .re(r"(?<unit>[^\s:]+) \(terminated by (?<signal>SIGKILL)")
        .hits(&[
            ("exited: app (terminated by SIGKILL; not expected)", &[("unit", "app"), ("signal", "SIGKILL")]),
        ])
        .from("supervisor/process.py"),
        entry("supervisord-stopped", ProcessStopped, Process, "A program ended as it was told to")
        .any(&["stopped:"])
        .re(r"stopped: (?<unit>\S+) \((?:terminated by (?<signal>SIG\w+)|exit status (?<code>\d+))")
        .hits(&[("stopped: app (terminated by SIGTERM)", &[("unit", "app"), ("signal", "SIGTERM")])])
        .from("supervisor/process.py"),
        entry("supervisord-exit-expected", ProcessStopped, Process, "A program ended with an expected code")
        .any(&["; expected)"])
        .re(r"exited: (?<unit>\S+) \(exit status (?<code>\d+); expected\)")
        .hits(&[("exited: app (exit status 0; expected)", &[("unit", "app"), ("code", "0")])])
        .from("supervisor/process.py"),
        entry("supervisord-exited", Crash, Process, "A program ended unexpectedly")
        .any(&["; not expected)", "(terminated by SIG"])
        .re(r"exited: (?<unit>\S+) \((?:exit status (?<code>\d+)|terminated by (?<signal>SIG\w+))")
        .hits(&[
            ("exited: app (exit status 1; not expected)", &[("unit", "app"), ("code", "1")]),
            ("exited: app (terminated by SIGSEGV (core dumped); not expected)", &[("unit", "app"), ("signal", "SIGSEGV")]),
        ])
        .from("supervisor/process.py"),
        entry("supervisord-gave-up", StartFailed, Process, "A program failed too often: stays down")
        .any(&["entered FATAL state", "can't find command", "spawnerr:"])
        .re(r"(?:gave up: (?<unit>\S+) entered FATAL state|spawnerr: (?<reason>[^\n]+))")
        .hits(&[
            ("gave up: app entered FATAL state, too many start retries too quickly", &[("unit", "app")]),
            ("spawnerr: can't find command '/srv/app/run'", &[("reason", "can't find command '/srv/app/run'")]),
        ])
        .from("supervisor/process.py"),
        entry("supervisord-running", ProcessReady, Process, "A program has run for `startsecs`")
        .any(&["entered RUNNING state"])
        .re(r"success: (?<unit>\S+) entered RUNNING state")
        .hits(&[
            ("success: app entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)", &[("unit", "app")]),
        ])
        .from("supervisor/process.py"),
        entry("supervisord-spawned", ProcessStarting, Process, "A program was started")
        .any(&["spawned: '"])
        .re(r"spawned: '(?<unit>[^']*)' with pid (?<pid>\d+)")
        .hits(&[("spawned: 'app' with pid 12", &[("unit", "app"), ("pid", "12")])])
        .from("supervisor/process.py"),
        entry(
            "supervisord-sigkill",
            KilledBySupervisor,
            Process,
            "A program did not stop in time and is killed",
        )
        .any(&["with SIGKILL"])
        .re(r"killing '(?<unit>[^']*)' \((?<pid>\d+)\) with (?<signal>SIGKILL)")
        .hits(&[
            ("killing 'app' (12) with SIGKILL", &[("unit", "app"), ("pid", "12"), ("signal", "SIGKILL")]),
        ])
        .from("supervisor/process.py"),
        entry("supervisord-stopping", StopRequested, Process, "A stop was asked for")
        .any(&["indicating exit request", "waiting for"])
        .re(r"(?:received (?<signal>SIG\w+) indicating exit request|^waiting for (?<unit>\S+) to (?:stop|die)$)")
        .hits(&[
            ("received SIGTERM indicating exit request", &[("signal", "SIGTERM")]),
            ("waiting for app to stop", &[("unit", "app")]),
        ])
        .from("supervisor/supervisord.py"),
        entry("pebble-died", Crash, Process, "A service ended unexpectedly")
        .any(&["stopped unexpectedly with code"])
        .re(r#"Service "(?<unit>[^"]*)" stopped unexpectedly with code (?<code>\d+)"#)
        .hits(&[
            ("Service \"glance-api\" stopped unexpectedly with code 1", &[("unit", "glance-api"), ("code", "1")]),
        ])
        .from("pebble internals/overlord/servstate/handlers.go"),
        entry("pebble-backoff", ProcessStarting, Process, "A service is started again after a pause")
        .any(&["before restart (backoff"])
        .re(r#"Service "(?<unit>[^"]*)" .*waiting ~?(?<reason>\S+) before restart \(backoff (?<limit>\d+)\)"#)
        .hits(&[
            ("Service \"glance-api\" on-failure action is \"restart\", waiting ~500ms before restart (backoff 1)", &[("unit", "glance-api"), ("reason", "500ms"), ("limit", "1")]),
        ])
        .from("pebble internals/overlord/servstate/handlers.go"),
        entry("pebble-starting", ProcessStarting, Process, "A service is started")
        .any(&["starting: /"])
        .re(r#"Service "(?<unit>[^"]*)" starting: (?<path>\S+)"#)
        .hits(&[
            ("Service \"glance-api\" starting: /usr/bin/glance-api --config-file /etc/glance/glance-api.conf", &[("unit", "glance-api"), ("path", "/usr/bin/glance-api")]),
        ])
        .from("pebble internals/overlord/servstate/handlers.go"),
        // PM2
        entry("pm2-unstable", StartFailed, Process, "An application failed too often: stays down")
        .any(&["had too many unstable restarts"])
        .re(r"Script (?<unit>\S+) had too many unstable restarts \((?<limit>\d+)\)")
        .hits(&[
            ("Script /srv/app.js had too many unstable restarts (16). Stopped. \"errored\"", &[("unit", "/srv/app.js"), ("limit", "16")]),
        ])
        .from("pm2 lib/God.js"),
        entry(
            "pm2-memory-restart",
            OomKill,
            Process,
            "An application exceeded its memory limit and is restarted",
        )
        .any(&["because it exceeds --max-memory-restart"])
        .re(r"Process (?<unit>\S+) restarted because it exceeds --max-memory-restart value(?: \(current_memory=\d+ max_memory_limit=(?<limit>\d+))?")
        .hits(&[
            ("[PM2][WORKER] Process 0 restarted because it exceeds --max-memory-restart value (current_memory=314572800 max_memory_limit=268435456 [octets])", &[("unit", "0"), ("limit", "268435456")]),
        ])
        .from("pm2 lib/Worker.js"),
        entry("pm2-exit-kill", KilledBySupervisor, Process, "An application ended by SIGKILL")
        .any(&["via signal [SIGKILL]"])
        .re(r"App \[(?<unit>[^\]]*?)(?::\d+)?\] exited with code \[(?<code>\d+)\] via signal \[(?<signal>SIGKILL)\]")
        .hits(&[
            ("App [api:0] exited with code [0] via signal [SIGKILL]", &[("unit", "api"), ("code", "0"), ("signal", "SIGKILL")]),
        ])
        .from("pm2 lib/God.js"),
        entry("pm2-exit-clean", ProcessStopped, Process, "An application ended with code 0")
        .any(&["exited with code [0]"])
        .re(r"App \[(?<unit>[^\]]*?)(?::\d+)?\] exited with code \[(?<code>0)\]")
        .hits(&[("App [api:0] exited with code [0] via signal [SIGINT]", &[("unit", "api"), ("code", "0")])])
        .from("pm2 lib/God.js"),
        entry("pm2-exit", Crash, Process, "An application died; SIGINT is a filler here, the code counts")
        .any(&["exited with code ["])
        .re(r"App \[(?<unit>[^\]]*?)(?::\d+)?\] exited with code \[(?<code>\d+)\]")
        .hits(&[("App [api:0] exited with code [1] via signal [SIGINT]", &[("unit", "api"), ("code", "1")])])
        .from("pm2 lib/God.js"),
        entry("pm2-online", ProcessStarting, Process, "An application was started; not yet listening")
        .any(&["] online", "] starting in -"])
        .re(r"App \[(?<unit>[^\]]*?)(?::\d+)?\] (?:online|starting in -)")
        .hits(&[("App [api:0] online", &[("unit", "api")])])
        .from("pm2 lib/God.js"),
        entry("pm2-stopping", StopRequested, Process, "An application is being stopped")
        .any(&["Stopping app:", "disconnected"])
        .re(r"(?:Stopping app:(?<unit>\S+) id:|App name:(?<name>\S+) id:\S+ disconnected)")
        .hits(&[
            ("Stopping app:api id:0", &[("unit", "api")]),
            ("App name:api id:0 disconnected", &[("name", "api")]),
        ])
        .from("pm2 lib/God.js"),
        // what wrappers print about their child
        entry("wrapper-sigkill", KilledBySupervisor, Process, "A wrapper's child ended by SIGKILL")
        .any(&["signal SIGKILL", "signal \"SIGKILL\"", "Killed"])
        .re(r#"(?:npm (?:ERR!|error) signal (?<signal>SIGKILL)|Command failed with signal "SIGKILL"|^(?:\S+: line \d+: +(?<pid>\d+) )?Killed(?: +\S.*)?$)"#)
        .hits(&[
            ("npm ERR! signal SIGKILL", &[("signal", "SIGKILL")]),
            ("./run.sh: line 3:  4711 Killed                  node server.js", &[("pid", "4711")]),
            ("Killed", &[]),
        ])
        .from("npm, yarn, bash"),
        entry("wrapper-failed", Crash, Process, "A wrapper's child failed")
        .any(&["code ELIFECYCLE", "npm ERR! errno", "npm error errno", "Command failed with exit code"])
        .re(r"(?:npm (?:ERR!|error) (?:code ELIFECYCLE|errno (?<code>\d+))|Command failed with exit code)")
        .hits(&[
            ("npm ERR! code ELIFECYCLE", &[]),
            ("npm ERR! errno 134", &[("code", "134")]),
        ])
        .from("npm, yarn, bash"),
    ],
};
