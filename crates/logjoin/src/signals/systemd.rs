//! systemd from version 219 on: the manager's lines about units, the journal, core dumps, the memory daemon.
//! A unit is written with or without its description, by version: `Started shop.service - Shop.` or `Started Shop.`

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "systemd",
    title: "systemd",
    programs: &["systemd", "logind", "oomd"],
    is_exclusive: true,
    signals: &[
        entry("systemd-oom", OomKill, Process, "A process of the unit was killed for memory")
        .any(&[
            "has been killed by the OOM killer",
            "result 'oom-kill'",
            "systemd-oomd killed",
            "due to memory pressure for",
            "due to memory used (",
        ])
        .re(r"(?:(?<unit>\S+\.(?:service|scope)): (?:A process of this unit has been killed by the OOM killer|Failed with result '(?<reason>oom-kill)'|systemd-oomd killed \d+ process)|Killed (?:\S*/)?(?<name>[^/\s]+) due to memory (?:pressure for|used \())")
        .hits(&[
            ("shop.service: A process of this unit has been killed by the OOM killer.", &[("unit", "shop.service")]),
            ("shop.service: Failed with result 'oom-kill'.", &[("unit", "shop.service"), ("reason", "oom-kill")]),
            ("shop.service: systemd-oomd killed 3 process(es) in this unit.", &[("unit", "shop.service")]),
            ("Killed /system.slice/shop.service due to memory pressure for /system.slice being 87.21% > 50.00% for > 20s with reclaim activity", &[("name", "shop.service")]),
        ])
        .from("systemd src/core/service.c, src/core/cgroup.c, src/oom/oomd-manager.c"),
        entry(
            "systemd-main-sigkill",
            KilledBySupervisor,
            Process,
            "The main process ended by SIGKILL: memory, a stop that took too long, or an administrator",
        )
        .any(&["status=9/KILL"])
        .re(r"(?:(?<unit>\S+): )?[Mm]ain process exited, code=killed, status=(?<signal>9)/KILL")
        .hits(&[
            ("shop.service: Main process exited, code=killed, status=9/KILL", &[("unit", "shop.service"), ("signal", "9")]),
            ("shop.service: main process exited, code=killed, status=9/KILL", &[("unit", "shop.service"), ("signal", "9")]),
        ])
        .misses(&["shop.service: Main process exited, code=dumped, status=11/SEGV"])
        .from("systemd src/core/service.c"),
        entry(
            "systemd-main-sigterm",
            ProcessStopped,
            Process,
            "The main process ended by an orderly signal that systemd's own stop did not send",
        )
        .any(&["code=killed, status=", "code=exited, status=143"])
        .re(r"(?:(?<unit>\S+): )?[Mm]ain process exited, code=(?:killed, status=(?<signal>15|1|2|13)/|exited, status=(?<code>143|130)/)")
        .hits(&[
            ("shop.service: Main process exited, code=killed, status=15/TERM", &[("unit", "shop.service"), ("signal", "15")]),
            ("shop.service: Main process exited, code=exited, status=143/n/a", &[("unit", "shop.service"), ("code", "143")]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-main-crash", Crash, Process, "The main process died by a fatal signal")
        .any(&["code=dumped", "code=killed, status="])
        .re(r"(?:(?<unit>\S+): )?[Mm]ain process exited, code=(?:dumped|killed), status=(?<signal>\d+)/")
        .hits(&[
            ("market-feed-1.service: Main process exited, code=dumped, status=6/ABRT", &[("unit", "market-feed-1.service"), ("signal", "6")]),
            ("shop.service: Main process exited, code=killed, status=11/SEGV", &[("unit", "shop.service"), ("signal", "11")]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-exec-failed", StartFailed, Process, "The program could not be executed at all")
        .any(&["code=exited, status=2"])
        .re(r"(?:(?<unit>\S+): )?[Mm]ain process exited, code=exited, status=(?<code>2[0-4]\d)/(?<reason>[A-Z_]+)")
        .hits(&[
            ("shop.service: Main process exited, code=exited, status=203/EXEC", &[("unit", "shop.service"), ("code", "203"), ("reason", "EXEC")]),
        ])
        .from("systemd src/core/service.c"),
        entry(
            "systemd-main-exit-kill",
            KilledBySupervisor,
            Process,
            "The main process reports that its child ended by SIGKILL",
        )
        .any(&["status=137/"])
        .re(r"(?:(?<unit>\S+): )?[Mm]ain process exited, code=exited, status=(?<code>137)/")
        .hits(&[
            ("shop.service: Main process exited, code=exited, status=137/n/a", &[("unit", "shop.service"), ("code", "137")]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-main-failed", Crash, Process, "The main process left with a failure code")
        .any(&["code=exited, status="])
        .re(r"(?:(?<unit>\S+): )?[Mm]ain process exited, code=exited, status=(?<code>[1-9]\d*)/(?<reason>\S+)")
        .hits(&[
            ("shop.service: Main process exited, code=exited, status=1/FAILURE", &[("unit", "shop.service"), ("code", "1"), ("reason", "FAILURE")]),
        ])
        .misses(&["shop.service: Main process exited, code=exited, status=0/SUCCESS"])
        .from("systemd src/core/service.c"),
        entry(
            "systemd-watchdog",
            WorkerTimeout,
            Process,
            "The unit no longer reported to its watchdog and is aborted",
        )
        .any(&["Watchdog timeout (limit", "result 'watchdog'"])
        .re(r"(?:(?<unit>\S+?):? )?(?:[Ww]atchdog timeout \(limit (?:(?<seconds>\d+)s|[^)]*)\)|Failed with result '(?<reason>watchdog)')")
        .hits(&[
            ("shop.service: Watchdog timeout (limit 30s)!", &[("unit", "shop.service"), ("seconds", "30")]),
            ("shop.service: Failed with result 'watchdog'.", &[("unit", "shop.service"), ("reason", "watchdog")]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-start-limit", StartFailed, Process, "Started too often: stays down until it is reset")
        .any(&["Start request repeated too quickly", "result 'start-limit-hit'"])
        .re(r"(?:(?<unit>\S+): )?(?:[Ss]tart request repeated too quickly|Failed with result '(?<reason>start-limit-hit)')")
        .hits(&[
            ("shop.service: Start request repeated too quickly.", &[("unit", "shop.service")]),
            ("start request repeated too quickly for shop.service", &[]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-start-failed", StartFailed, Process, "The start of a unit failed or took too long")
        .any(&[
            "start operation timed out",
            "start-pre operation timed out",
            "start-post operation timed out",
            "never wrote its PID file",
            "result 'protocol'",
            "result 'resources'",
        ])
        .re(r"(?<unit>\S+): (?:start(?:-pre|-post)? operation timed out|Daemon never wrote its PID file|Failed with result '(?<reason>protocol|resources)')")
        .hits(&[("shop.service: start operation timed out. Terminating.", &[("unit", "shop.service")])])
        .from("systemd src/core/service.c"),
        entry("systemd-start-job-failed", StartFailed, Process, "The start of a unit failed or was given up")
        .any(&["Failed to start", "Timed out starting", "Dependency failed for"])
        .re(r"^(?:\[[^\]]*\] )?(?:Failed to start|Timed out starting|Dependency failed for) (?:(?<unit>\S+\.(?:service|scope|socket|slice|target|mount)) - )?(?<name>[^\n]*?)\.$")
        .only_from(&["systemd"])
        .hits(&[
            ("Failed to start shop.service - Shop application server.", &[("unit", "shop.service"), ("name", "Shop application server")]),
            ("Failed to start Shop application server.", &[("name", "Shop application server")]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-kill", KilledBySupervisor, Process, "systemd sent SIGKILL: the stop took too long")
        .any(&[
            "timed out. Killing",
            "with signal SIGKILL",
            "result 'timeout'",
            "stop-sigterm timed out",
            "stop-sigterm' timed out",
        ])
        .re(r"(?<unit>\S+): (?:Killing process (?<pid>\d+) \((?<name>[^)]*)\) with signal SIGKILL|(?:State '?)?(?:[Ss]top\S*|Stopping)'? timed out\.|State '\S+' timed out\.|Failed with result '(?<reason>timeout)')")
        .hits(&[
            ("shop.service: State 'stop-sigterm' timed out. Killing.", &[("unit", "shop.service")]),
            ("shop.service: Killing process 4711 (gunicorn) with signal SIGKILL.", &[("unit", "shop.service"), ("pid", "4711"), ("name", "gunicorn")]),
            ("shop.service: Failed with result 'timeout'.", &[("unit", "shop.service"), ("reason", "timeout")]),
        ])
        .from("systemd src/core/service.c"),
        entry("systemd-result", Crash, Process, "The unit failed, by its final result")
        .any(&["Failed with result '", "entered failed state"])
        .re(r"(?:(?<unit>\S+): Failed with result '(?<reason>exit-code|signal|core-dump|[a-z-]+)'|(?:Unit (?<name>\S+)|\S+: Unit) entered failed state)")
        .hits(&[
            ("shop.service: Failed with result 'exit-code'.", &[("unit", "shop.service"), ("reason", "exit-code")]),
            ("shop.service: Failed with result 'core-dump'.", &[("unit", "shop.service"), ("reason", "core-dump")]),
            ("Unit app.service entered failed state.", &[("name", "app.service")]),
        ])
        .from("systemd src/core/service.c"),
        entry(
            "systemd-restart",
            ProcessStarting,
            Process,
            "The unit is started again on its own; the counter counts its deaths",
        )
        .any(&["Scheduled restart job", "scheduling restart"])
        .re(r"(?<unit>\S+?):? (?:Scheduled restart job, restart counter is at (?<limit>\d+)|(?:Service )?(?:hold-?off time over|RestartSec=\S+ expired), scheduling restart)")
        .hits(&[
            ("market-feed-1.service: Scheduled restart job, restart counter is at 1.", &[("unit", "market-feed-1.service"), ("limit", "1")]),
            ("app.service holdoff time over, scheduling restart.", &[("unit", "app.service")]),
        ])
        .from("systemd src/core/service.c"),
        entry(
            "systemd-left-over",
            StartFailed,
            Process,
            "A process of the previous run still lives and may hold the port",
        )
        .any(&["Found left-over process"])
        .re(r"(?<unit>\S+): Found left-over process (?<pid>\d+) \((?<name>[^)]*)\)")
        .hits(&[
            ("shop.service: Found left-over process 4711 (node) in control group while starting unit. Ignoring.", &[("unit", "shop.service"), ("pid", "4711"), ("name", "node")]),
        ])
        .from("systemd src/core/service.c"),
        entry("coredump", Crash, Process, "A process dumped core")
        .any(&["dumped core.", "terminated abnormally without generating a coredump"])
        .re(r"Process (?<pid>\d+) \((?<name>[^)]*)\) of user \d+ (?:dumped core|terminated abnormally)")
        .hits(&[("Process 123 (node) of user 33 dumped core.", &[("pid", "123"), ("name", "node")])])
        .from("systemd src/coredump/coredump.c"),
        entry("systemd-deactivated", ProcessStopped, Process, "The unit ended without error")
        .any(&["Deactivated successfully", ": Succeeded."])
        .re(r"(?<unit>\S+): (?:Deactivated successfully|Succeeded)\.")
        .hits(&[
            ("shop.service: Deactivated successfully.", &[("unit", "shop.service")]),
            ("shop.service: Succeeded.", &[("unit", "shop.service")]),
        ])
        .from("systemd src/core/unit.c"),
        entry("systemd-stopping", StopRequested, Process, "An intended stop or reload began")
        .any(&["Stopping", "Reloading"])
        .re(r"^(?:\[[^\]]*\] )?(?:Stopping|Reloading) (?:(?<unit>\S+\.(?:service|scope|socket|slice|target|mount)) - )?(?<name>[^\n]*?)(?:\.\.\.|…)$")
        .only_from(&["systemd"])
        .hits(&[
            ("Stopping shop.service - Shop application server...", &[("unit", "shop.service"), ("name", "Shop application server")]),
            ("Stopping Shop application server...", &[("name", "Shop application server")]),
        ])
        .from("systemd src/core/unit.c"),
        entry("systemd-stopped", ProcessStopped, Process, "A unit stopped")
        .any(&["Stopped"])
        .re(r"^(?:\[[^\]]*\] )?Stopped (?:(?<unit>\S+\.(?:service|scope|socket|slice|target|mount)) - )?(?<name>[^\n]*?)\.$")
        .only_from(&["systemd"])
        .hits(&[
            ("Stopped shop.service - Shop application server.", &[("unit", "shop.service"), ("name", "Shop application server")]),
        ])
        .from("systemd src/core/unit.c"),
        entry("systemd-starting", ProcessStarting, Process, "A unit is being started")
        .any(&["Starting"])
        .re(r"^(?:\[[^\]]*\] )?Starting (?:(?<unit>\S+\.(?:service|scope|socket|slice|target|mount)) - )?(?<name>[^\n]*?)(?:\.\.\.|…)$")
        .only_from(&["systemd"])
        .hits(&[
            ("Starting shop.service - Shop application server...", &[("unit", "shop.service"), ("name", "Shop application server")]),
        ])
        .from("systemd src/core/unit.c"),
        entry(
            "systemd-started",
            ProcessStarting,
            Process,
            "A unit started: executed, and ready only if it notifies",
        )
        .any(&["Started", "Reloaded"])
        .re(r"^(?:\[[^\]]*\] )?(?:Started|Reloaded) (?:(?<unit>\S+\.(?:service|scope|socket|slice|target|mount)) - )?(?<name>[^\n]*?)\.$")
        .only_from(&["systemd"])
        .hits(&[
            ("Started market-feed-1.service - market application server.", &[("unit", "market-feed-1.service"), ("name", "market application server")]),
            ("Started Shop application server.", &[("name", "Shop application server")]),
        ])
        .from("systemd src/core/unit.c"),
        entry(
            "journal-suppressed",
            Noise,
            Process,
            "The journal left lines of a unit out: absence proves nothing here",
        )
        .any(&["Suppressed"])
        .re(r"Suppressed (?<limit>\d+) messages from (?<unit>\S+)")
        .hits(&[
            ("Suppressed 1234 messages from shop.service", &[("limit", "1234"), ("unit", "shop.service")]),
        ])
        .from("systemd src/journal/journald-rate-limit.c"),
        entry("clock-stepped", ClockStep, Host, "The clock was stepped")
        .any(&[
            "Time has been changed",
            "System time has been changed",
            "Time jumped backwards",
            "System clock was stepped",
            "System clock wrong by",
            "step time server",
            "time reset",
        ])
        .re(r"(?:(?:System )?[Tt]ime has been changed|Time jumped backwards|System clock (?:was stepped by|wrong by) (?<reason>-?[\d.]+)|step time server (?<addr>\S+) offset|time reset [+-][\d.]+ s)")
        .hits(&[
            ("Time has been changed", &[]),
            ("System clock was stepped by -41.002315 seconds", &[("reason", "-41.002315")]),
            ("step time server 10.0.0.9 offset +41.002315 sec", &[("addr", "10.0.0.9")]),
        ])
        .from("systemd src/core/manager.c, chrony reference.c, ntp"),
        entry("systemd-usage", Noise, Process, "Resource use of a run")
        .any(&["Consumed"])
        .re(r"(?<unit>\S+): Consumed .* CPU time")
        .hits(&[("shop.service: Consumed 1min 2.345s CPU time.", &[("unit", "shop.service")])])
        .from("systemd src/core/unit.c"),
    ],
};
