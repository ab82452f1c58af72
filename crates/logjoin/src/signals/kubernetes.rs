//! Kubernetes events and kubelet lines. A `Killing` event is of type Normal though it may open an outage.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "kubernetes",
    title: "Kubernetes",
    programs: &["kubelet", "kube-controller-manager", "kubernetes", "node-problem-detector"],
    is_exclusive: false,
    signals: &[
        entry("k8s-oom", OomKill, Process, "A container was killed for memory")
        .any(&["OOMKilled", "OOMKilling", "System OOM encountered"])
        .re(r#"(?:(?:^|[\s:"'({])OOMKilled\b(?:[^\n]*exitCode"?[:=] ?(?<code>\d+))?|(?:^|[\s:"'])OOMKilling\b|System OOM encountered, victim process: (?<name>[^,]+), pid: (?<pid>\d+))"#)
        .hits(&[
            ("lastState.terminated: {reason: OOMKilled, exitCode: 137}", &[("code", "137")]),
            ("System OOM encountered, victim process: java, pid: 123", &[("name", "java"), ("pid", "123")]),
        ])
        .from("kubernetes pkg/kubelet/oom/oom_watcher_linux.go"),
        entry(
            "k8s-liveness-kill",
            WorkerTimeout,
            Process,
            "A container failed its liveness or startup probe and is restarted",
        )
        .any(&["failed liveness probe", "failed startup probe"])
        .re(r"Container (?<name>\S+) failed (?<reason>liveness|startup) probe, will be restarted")
        .hits(&[
            ("Container app failed liveness probe, will be restarted", &[("name", "app"), ("reason", "liveness")]),
        ])
        .from("kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go"),
        entry(
            "k8s-probe-failed",
            HealthCheckFailed,
            Process,
            "A probe failed; a readiness probe only takes the pod out of service",
        )
        .any(&["probe failed", "probe errored", "\"Probe failed\""])
        .re(r#"(?:(?<reason>Readiness|Liveness|Startup) probe (?:failed|errored)|"Probe failed" probeType="(?<thread>\w+)" pod="(?<unit>[^"]*)"(?:.*?containerName="(?<name>[^"]*)")?)"#)
        .hits(&[
            ("Readiness probe failed: HTTP probe failed with statuscode: 503", &[("reason", "Readiness")]),
            ("Liveness probe failed: Get \"http://10.0.0.5:8080/healthz\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)", &[("reason", "Liveness")]),
            ("\"Probe failed\" probeType=\"Readiness\" pod=\"ns/web\" podUID=\"x\" containerName=\"app\" probeResult=\"failure\" output=\"timeout\"", &[("thread", "Readiness"), ("unit", "ns/web"), ("name", "app")]),
        ])
        .from("kubernetes pkg/kubelet/prober/prober.go"),
        entry("k8s-probe-ready", ProcessReady, Process, "A pod became ready, or ceased to be")
        .any(&["SyncLoop (probe)"])
        .re(r#""SyncLoop \(probe\)" probe="readiness" status="ready" pod="(?<unit>[^"]*)""#)
        .hits(&[
            ("\"SyncLoop (probe)\" probe=\"readiness\" status=\"ready\" pod=\"ns/web\"", &[("unit", "ns/web")]),
        ])
        .misses(&["\"SyncLoop (probe)\" probe=\"readiness\" status=\"\" pod=\"ns/web\""])
        .from("kubernetes pkg/kubelet/prober/prober.go"),
        entry(
            "k8s-backoff",
            StartFailed,
            Process,
            "A container fails again and again: waits before the next start",
        )
        .any(&["restarting failed container", "CrashLoopBackOff"])
        .re(r#"(?:[Bb]ack-off (?:\S+ )?restarting failed container(?:[= ](?<name>[\w.-]+))?(?:.*? pod[ =](?<unit>[\w.-]+))?|(?:^|[\s:"'(])CrashLoopBackOff\b)"#)
        .hits(&[
            ("Back-off restarting failed container app in pod web-7c9-x", &[("name", "app"), ("unit", "web-7c9-x")]),
            ("back-off 5m0s restarting failed container=app pod=web-7c9-x_ns(1-2)", &[("name", "app"), ("unit", "web-7c9-x_ns")]),
        ])
        .from("kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go"),
        entry("k8s-cannot-start", StartFailed, Process, "A container or pod cannot be started")
        .any(&[
            "ImagePullBackOff",
            "ErrImagePull",
            "CreateContainerConfigError",
            "ContainerCannotRun",
            "FailedScheduling",
            "FailedCreatePodSandBox",
            "nodes are available",
            "Failed to pull image",
        ])
        .re(r"(?:^|[\s:(])(?<reason>(?:ImagePullBackOff|ErrImagePull|CreateContainerConfigError|ContainerCannotRun|FailedScheduling|FailedCreatePodSandBox)\b|0/\d+ nodes are available|Failed to pull image)")
        .hits(&[
            ("0/3 nodes are available: 3 Insufficient memory.", &[("reason", "0/3 nodes are available")]),
            ("Error: ImagePullBackOff", &[("reason", "ImagePullBackOff")]),
        ])
        .from("kubernetes pkg/kubelet/events/event.go"),
        entry(
            "k8s-evicted",
            KilledBySupervisor,
            Process,
            "A pod was evicted for memory, disk or process pressure of its node",
        )
        .any(&[
            "The node was low on resource",
            "The node had condition",
            "exceeded its local ephemeral storage limit",
            "Usage of EmptyDir volume",
        ])
        .re(r"(?:The node was low on resource: (?<reason>[\w-]+)|The node had condition: \[(?<name>[^\]]+)\]|exceeded its local ephemeral storage limit|Usage of EmptyDir volume)")
        .hits(&[
            ("The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container app was using 1Gi, request is 100Mi, has larger consumption of memory.", &[("reason", "memory")]),
        ])
        .from("kubernetes pkg/kubelet/eviction/helpers.go"),
        entry("k8s-node-gone", NetworkChange, Host, "A node is not ready or was restarted")
        .any(&["Node is not ready", "NodeNotReady", "has been rebooted, boot id", "Marking for deletion Pod"])
        .re(r"(?:Node is not ready|(?:^|\s)NodeNotReady\b|Node (?<name>\S+) has been rebooted|Marking for deletion Pod (?<unit>\S+))")
        .hits(&[
            ("Node worker-2 has been rebooted, boot id: 1a2b", &[("name", "worker-2")]),
            ("Marking for deletion Pod ns/web-7c9-x", &[("unit", "ns/web-7c9-x")]),
        ])
        .from("kubernetes pkg/controller/nodelifecycle"),
        entry("k8s-grace-exceeded", KilledBySupervisor, Process, "A pod did not stop in time")
        .any(&["within specified grace period"])
        .hits(&[("Container runtime did not kill the pod within specified grace period.", &[])])
        .from("kubernetes pkg/kubelet/events/event.go"),
        entry(
            "k8s-stopping",
            StopRequested,
            Process,
            "A container is being stopped: rollout, scale-down or eviction",
        )
        .any(&[
            "Stopping container",
            "Killing container",
            "definition changed, will be restarted",
            "Scaled down replica set",
            "Deleted pod:",
            "PreStopHook failed",
            "Pod sandbox changed",
        ])
        .re(r#"(?:Stopping container (?<name>[\w.-]+)|"Killing container with a grace period" pod="(?<unit>[^"]*)"|Killing container|definition changed, will be restarted|Scaled down replica set (?<thread>[\w.-]+)|Deleted pod: (?<path>\S+)|PreStopHook failed|Pod sandbox changed)"#)
        .hits(&[
            ("Stopping container app", &[("name", "app")]),
            ("\"Killing container with a grace period\" pod=\"ns/web\" podUID=\"x\" containerName=\"app\" containerID=\"containerd://0a\" gracePeriod=30", &[("unit", "ns/web")]),
            ("Scaled down replica set web-7c9 from 3 to 2", &[("thread", "web-7c9")]),
        ])
        .from("kubernetes pkg/kubelet/events/event.go"),
        entry("k8s-started", ProcessStarting, Process, "A container was started; not yet ready")
        .any(&["Started container", "Created container", "Scaled up replica set", "Created pod:"])
        .re(r"(?:(?:Started|Created) container:? (?<name>[\w.-]+)|Scaled up replica set (?<unit>[\w.-]+)|Created pod: (?<path>\S+))")
        .hits(&[
            ("Started container app", &[("name", "app")]),
            ("Scaled up replica set web-7d0 from 0 to 1", &[("unit", "web-7d0")]),
        ])
        .from("kubernetes pkg/kubelet/events/event.go"),
    ],
};
