//! Container engines: dockerd, containerd, runc, compose, `docker events`.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "containers",
    title: "Docker, containerd, compose",
    programs: &["dockerd", "docker", "containerd", "runc", "podman", "crio", "compose"],
    is_exclusive: false,
    signals: &[
        entry("container-oom", OomKill, Process, "A container reached its memory limit")
        .any(&["/tasks/oom", "container oom", "was OOM-killed", "\"OOMKilled\":true", "TaskOOM event"])
        .re(r#"(?:topic=/tasks/oom|container oom (?<name>[0-9a-f]{12,})|was OOM-killed|"OOMKilled":true|TaskOOM event)"#)
        .hits(&[
            ("level=info msg=\"handled container event\" module=libcontainerd namespace=moby topic=/tasks/oom type=\"*events.TaskOOM\"", &[]),
            ("2026-11-20T10:00:00.123456789+00:00 container oom 0a1b2c3d4e5f (image=shop, name=shop-1)", &[("name", "0a1b2c3d4e5f")]),
            ("container init was OOM-killed (memory limit too low?)", &[]),
        ])
        .from("moby daemon/monitor.go"),
        entry("container-start-failed", StartFailed, Process, "A container could not be started")
        .any(&[
            "OCI runtime create failed",
            "executable file not found in $PATH",
            "driver failed programming external connectivity",
            "port is already allocated",
            "failed to create shim task",
        ])
        .re(r"(?<reason>OCI runtime create failed|executable file not found in \$PATH|driver failed programming external connectivity|port is already allocated|failed to create shim task)")
        .hits(&[
            ("OCI runtime create failed: container_linux.go:380: starting container process caused: exec: \"x\": executable file not found in $PATH: unknown", &[("reason", "OCI runtime create failed")]),
            ("Bind for 0.0.0.0:8080 failed: port is already allocated", &[("reason", "port is already allocated")]),
        ])
        .from("runc, moby"),
        entry(
            "container-forced",
            KilledBySupervisor,
            Process,
            "A container did not stop in time and is killed",
        )
        .any(&["using the force", "with signal killed"])
        .re(r"(?:Container (?:(?<unit>[0-9a-f]+) )?failed to exit within (?<seconds>\d+)s? ?(?:seconds )?of signal \d+ - using the force|with signal killed)")
        .hits(&[("Container failed to exit within 10s of signal 15 - using the force", &[("seconds", "10")])])
        .from("moby daemon/stop.go"),
        entry("container-die-kill", KilledBySupervisor, Process, "A container ended by SIGKILL")
        .any(&["exitCode=137", "exited with code 137"])
        .re(r"(?:container die (?<unit>[0-9a-f]+) \(.*?exitCode=(?<code>137)\b(?:.*?name=(?<name>[^,)]+))?|^(?<thread>\S+) exited with code 137)")
        .hits(&[
            ("2026-11-20T10:00:00.123456789+00:00 container die 0a1b2c3d4e5f (exitCode=137, image=shop, name=shop-1)", &[("unit", "0a1b2c3d4e5f"), ("code", "137"), ("name", "shop-1")]),
            ("shop-1 exited with code 137", &[("thread", "shop-1")]),
        ])
        .from("docker events"),
        entry("container-die-stop", ProcessStopped, Process, "A container ended in an orderly way")
        .any(&["exitCode=0", "exitCode=143", "exited with code 0", "exited with code 143"])
        .re(r"(?:container die (?<unit>[0-9a-f]+) \(.*?exitCode=(?<code>0|143)\b(?:.*?name=(?<name>[^,)]+))?|^(?<thread>\S+) exited with code (?:0|143)$)")
        .hits(&[
            ("container die 0a1b2c3d4e5f (exitCode=143, image=shop, name=shop-1)", &[("unit", "0a1b2c3d4e5f"), ("code", "143"), ("name", "shop-1")]),
            ("shop-1 exited with code 0", &[("thread", "shop-1")]),
        ])
        .from("docker events"),
        entry("container-die", Crash, Process, "A container ended with a failure code")
        .any(&["exitCode=", "exited with code"])
        .re(r"(?:container die (?<unit>[0-9a-f]+) \(.*?exitCode=(?<code>\d+)(?:.*?name=(?<name>[^,)]+))?|^(?<thread>[\w.-]+-\d+) exited with code \d+)")
        .hits(&[
            ("container die 0a1b2c3d4e5f (exitCode=139, image=shop, name=shop-1)", &[("unit", "0a1b2c3d4e5f"), ("code", "139"), ("name", "shop-1")]),
            ("shop-1 exited with code 1 (restarting)", &[("thread", "shop-1")]),
        ])
        .from("docker events"),
        entry("container-unhealthy", HealthCheckFailed, Process, "The health check of a container failed")
        .any(&["health_status: unhealthy", "Health check for container"])
        .re(r#"(?:container health_status: unhealthy (?<unit>[0-9a-f]+)|Health check for container (?<name>\S+) error: (?<reason>[^\n"]+))"#)
        .hits(&[
            ("container health_status: unhealthy 0a1b2c3d4e5f (image=shop, name=shop-1)", &[("unit", "0a1b2c3d4e5f")]),
            ("Health check for container 0a1b2c3d error: context deadline exceeded", &[("name", "0a1b2c3d"), ("reason", "context deadline exceeded")]),
        ])
        .from("moby daemon/health.go"),
        entry("container-stop", StopRequested, Process, "A container is being stopped")
        .any(&["StopContainer for", "Stop container \"", "container kill", "Gracefully Stopping... press"])
        .re(r#"(?:StopContainer for \\?"(?<unit>[0-9a-f]+)\\?"(?: with timeout (?<seconds>\d+) \(s\))?|Stop container \\?"(?<name>[0-9a-f]+)\\?" with signal terminated|container kill (?<thread>[0-9a-f]+) \(.*signal=(?<signal>15|2|3|TERM)\b|Gracefully Stopping\.\.\.)"#)
        .hits(&[
            ("StopContainer for \"0a1b2c3d\" with timeout 30 (s)", &[("unit", "0a1b2c3d"), ("seconds", "30")]),
            ("container kill 0a1b2c3d4e5f (image=shop, name=shop-1, signal=15)", &[("thread", "0a1b2c3d4e5f"), ("signal", "15")]),
        ])
        .from("containerd internal/cri/server"),
        entry("container-ended", ProcessStopped, Process, "A container is gone; the reason is told elsewhere")
        .any(&[
            "/tasks/delete",
            "/tasks/exit",
            "shim disconnected",
            "received container exit event",
            "received exit event",
            "TaskExit event",
            "container stop",
            "container destroy",
        ])
        .re(r#"(?:topic=/tasks/(?:delete|exit)|shim disconnected\\?" id=(?<unit>[0-9a-f]+)|received (?:container )?exit event|TaskExit event|container (?:stop|destroy) (?<name>[0-9a-f]{12,}))"#)
        .hits(&[
            ("level=info msg=\"ignoring event\" container=0a1b module=libcontainerd namespace=moby topic=/tasks/delete type=\"*events.TaskDelete\"", &[]),
            ("msg=\"shim disconnected\" id=0a1b2c3d", &[("unit", "0a1b2c3d")]),
        ])
        .from("moby daemon/monitor.go"),
        entry("container-start", ProcessStarting, Process, "A container was started")
        .any(&["container start", "container restart", "StartContainer for"])
        .re(r#"(?:container (?:re)?start (?<unit>[0-9a-f]{12,})|StartContainer for \\?"(?<name>[0-9a-f]+))"#)
        .hits(&[("container start 0a1b2c3d4e5f (image=shop, name=shop-1)", &[("unit", "0a1b2c3d4e5f")])])
        .from("moby daemon/monitor.go"),
    ],
};
