//! The Linux kernel. A pid here is the host's number; names are cut to 15 bytes and may be a thread's.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "kernel",
    title: "Linux kernel",
    programs: &["kernel"],
    is_exclusive: true,
    signals: &[
        entry(
            "oom-killed",
            OomKill,
            Process,
            "The out-of-memory killer ended a process; the reason tells a control group's limit from the host's memory",
        )
        .any(&["Killed process", "Kill process"])
        .re(r"(?<reason>Memory cgroup out of memory|Out of memory(?: \(oom_kill_allocating_task\))?): Kill(?:ed)? process (?<pid>\d+) \((?<name>[^)]*)\)")
        .hits(&[
            ("Memory cgroup out of memory: Killed process 5798 (gunicorn) total-vm:113784kB, anon-rss:96804kB, file-rss:6028kB, shmem-rss:0kB, UID:0 pgtables:260kB oom_score_adj:0", &[("reason", "Memory cgroup out of memory"), ("pid", "5798"), ("name", "gunicorn")]),
            ("Out of memory: Killed process 123 (java) total-vm:8000000kB, anon-rss:4000000kB", &[("reason", "Out of memory"), ("pid", "123"), ("name", "java")]),
            ("Out of memory: Kill process 123 (java) score 900 or sacrifice child", &[("reason", "Out of memory"), ("pid", "123"), ("name", "java")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry("oom-killed-old", OomKill, Process, "The second line of the older kernels' report")
        .any(&["Killed process"])
        .re(r"^(?:\[[ \d.]+\] )?Killed process (?<pid>\d+) \((?<name>[^)]*)\),? .*anon-rss")
        .hits(&[
            ("Killed process 123 (java) total-vm:8000000kB, anon-rss:4000000kB, file-rss:0kB", &[("pid", "123"), ("name", "java")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry(
            "oom-victim",
            OomKill,
            Process,
            "Which process the out-of-memory killer chose, and in which control group",
        )
        .any(&["oom-kill:constraint="])
        .re(r"oom-kill:constraint=(?<reason>\w+),.*task_memcg=(?<unit>[^,]*),task=(?<name>[^,]*),pid=(?<pid>\d+)")
        .hits(&[
            ("oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/system.slice/market-api-1.service,task_memcg=/system.slice/market-api-1.service,task=gunicorn,pid=5798,uid=0", &[("reason", "CONSTRAINT_MEMCG"), ("unit", "/system.slice/market-api-1.service"), ("name", "gunicorn"), ("pid", "5798")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry("oom-group", OomKill, Process, "A whole control group is killed for memory")
        .any(&["memory.oom.group"])
        .re(r"Tasks in (?<unit>\S+) are going to be killed due to memory\.oom\.group set")
        .hits(&[
            ("Tasks in /docker/0a1b are going to be killed due to memory.oom.group set", &[("unit", "/docker/0a1b")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry(
            "oom-invoked",
            OomKill,
            Host,
            "A process asked for memory that was not there; it is not the victim",
        )
        .any(&["invoked oom-killer"])
        .re(r"(?<name>\S[^\n]*?) invoked oom-killer: gfp_mask=")
        .hits(&[
            ("gunicorn invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0", &[("name", "gunicorn")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry("oom-reaped", OomKill, Process, "The memory of a killed process was taken back")
        .any(&["oom_reaper: reaped process"])
        .re(r"oom_reaper: reaped process (?<pid>\d+) \((?<name>[^)]*)\)")
        .hits(&[
            ("oom_reaper: reaped process 123 (java), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB", &[("pid", "123"), ("name", "java")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry("memcg-usage", Noise, Host, "The control group's usage in an out-of-memory report")
        .any(&["memory: usage"])
        .re(r"memory: usage (?<code>\d+)kB, limit (?<limit>\d+)kB, failcnt")
        .hits(&[
            ("memory: usage 98304kB, limit 98304kB, failcnt 812", &[("code", "98304"), ("limit", "98304")]),
        ])
        .from("linux mm/oom_kill.c"),
        entry("page-allocation", Slow, Host, "No memory for an allocation of the kernel; nothing was killed")
        .any(&["page allocation failure"])
        .re(r"(?<name>\S+): page allocation failure: order:(?<code>\d+)")
        .hits(&[
            ("java: page allocation failure: order:4, mode:0x40cc0(GFP_KERNEL|__GFP_COMP), nodemask=(null)", &[("name", "java"), ("code", "4")]),
        ])
        .from("linux mm/page_alloc.c"),
        entry("segfault", Crash, Process, "A process died of a segmentation fault that it did not handle")
        .any(&["segfault at"])
        .re(r"(?<name>[^\s:\[]+(?: [^\s\[]+)*)\[(?<pid>\d+)\]: segfault at (?<addr>[0-9a-f]+) ip .*? error (?<code>\d+)(?: in (?<path>[^\s\[]+))?")
        .hits(&[
            ("gunicorn[26585]: segfault at 0 ip 00007fe6aa7daad8 sp 00007ffd624a1eb8 error 4 in libc.so.6[167ad8,7fe6aa699000+156000] likely on CPU 0 (core 0, socket 0)", &[("name", "gunicorn"), ("pid", "26585"), ("addr", "0"), ("code", "4"), ("path", "libc.so.6")]),
        ])
        .from("linux arch/x86/mm/fault.c"),
        entry(
            "trap",
            Crash,
            Process,
            "A process died of a general protection fault, an invalid opcode or the like",
        )
        .any(&[
            "general protection",
            "trap invalid opcode",
            "trap divide error",
            "trap int3",
            "trap stack segment",
        ])
        .re(r"(?:traps: )?(?<name>\S+)\[(?<pid>\d+)\] (?<reason>general protection(?: fault)?|trap [a-z0-9 ]+?) (?:ip|rip)[: ]")
        .hits(&[
            ("traps: php-fpm[123] general protection fault ip:7f01 sp:7ffd error:0 in libc.so.6[7f01+1bc000]", &[("name", "php-fpm"), ("pid", "123"), ("reason", "general protection fault")]),
            ("traps: app[1] trap invalid opcode ip:7f01 sp:7ffd error:0", &[("name", "app"), ("pid", "1"), ("reason", "trap invalid opcode")]),
        ])
        .from("linux arch/x86/kernel/traps.c"),
        entry("seccomp", Crash, Process, "A process was ended for a forbidden system call")
        .any(&["type=1326", "type=SECCOMP"])
        .re(r#"(?:type=1326|type=SECCOMP) .*?\bpid=(?<pid>\d+) comm="(?<name>[^"]*)".*?\bsig=(?<signal>31|9)"#)
        .hits(&[
            ("audit: type=1326 audit(1795168800.123:45): auid=1000 uid=1000 gid=1000 ses=1 subj=unconfined pid=123 comm=\"app\" exe=\"/usr/bin/app\" sig=31 arch=c000003e syscall=41 compat=0", &[("pid", "123"), ("name", "app"), ("signal", "31")]),
        ])
        .from("linux kernel/seccomp.c"),
        entry(
            "syn-flooding",
            ListenOverflow,
            Process,
            "The queue of half-open connections to a port is full: mostly a slow accept, not an attack",
        )
        .any(&["SYN flooding on port"])
        .re(r"[Pp]ossible SYN flooding on port (?:(?<addr>\S+):)?(?<port>\d+)\. (?<reason>Sending cookies|Dropping request)")
        .hits(&[
            ("TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:8080. Sending cookies.", &[("addr", "0.0.0.0"), ("port", "8080"), ("reason", "Sending cookies")]),
            ("TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.  Check SNMP counters.", &[("port", "8080"), ("reason", "Sending cookies")]),
            ("possible SYN flooding on port 80. Sending cookies.", &[("port", "80"), ("reason", "Sending cookies")]),
        ])
        .from("linux net/ipv4/tcp_input.c"),
        entry(
            "conntrack-full",
            NetworkChange,
            Host,
            "The connection tracking table is full: packets of new connections are dropped",
        )
        .any(&["nf_conntrack: table full", "ip_conntrack: table full"])
        .re(r"(?:nf|ip)_conntrack: table full(?: in netns \d+)?, dropping packet")
        .hits(&[
            ("nf_conntrack: table full, dropping packet", &[]),
            ("nf_conntrack: nf_conntrack: table full, dropping packet", &[]),
        ])
        .from("linux net/netfilter/nf_conntrack_core.c"),
        entry(
            "neighbour-overflow",
            NetworkChange,
            Host,
            "The table of neighbours is full: packets to unknown neighbours are dropped",
        )
        .any(&["neighbor table overflow", "Neighbour table overflow"])
        .hits(&[("neighbour: arp_cache: neighbor table overflow!", &[])])
        .from("linux net/core/neighbour.c"),
        entry(
            "tcp-memory",
            NetworkChange,
            Host,
            "Socket memory or orphan limit reached: connections are reset",
        )
        .any(&["consider tuning tcp_mem", "too many orphaned sockets"])
        .hits(&[
            ("TCP: out of memory -- consider tuning tcp_mem", &[]),
            ("TCP: too many orphaned sockets", &[]),
        ])
        .from("linux net/ipv4/tcp.c"),
        entry("file-max", FdExhausted, Host, "The host's limit of open files is reached")
        .any(&["VFS: file-max limit"])
        .re(r"VFS: file-max limit (?<limit>\d+) reached")
        .hits(&[("VFS: file-max limit 65536 reached", &[("limit", "65536")])])
        .from("linux fs/file_table.c"),
        entry(
            "pids-limit",
            PoolExhausted,
            Process,
            "A control group's limit of processes is reached: forks and thread starts fail",
        )
        .any(&["fork rejected by pids controller"])
        .re(r"fork rejected by pids controller in (?<unit>\S+)")
        .hits(&[("cgroup: fork rejected by pids controller in /docker/0a1b", &[("unit", "/docker/0a1b")])])
        .from("linux kernel/cgroup/pids.c"),
        entry(
            "hung-task",
            Deadlock,
            Process,
            "A process is stuck in the kernel, usually on storage; it began that long before",
        )
        .any(&["blocked for more than"])
        .re(r"INFO: task (?<name>.+?):(?<pid>\d+) blocked (?:in I/O wait )?for more than (?<seconds>\d+) seconds")
        .hits(&[
            ("INFO: task java:123 blocked for more than 120 seconds.", &[("name", "java"), ("pid", "123"), ("seconds", "120")]),
        ])
        .from("linux kernel/hung_task.c"),
        entry("soft-lockup", Deadlock, Host, "A processor was stuck, or the virtual machine stood still")
        .any(&["soft lockup - CPU", "hard LOCKUP", "detected stall", "self-detected stall"])
        .re(r"(?:soft lockup - CPU#(?<worker>\d+) stuck for (?<seconds>\d+)s! \[(?<name>[^:\]]*)|hard LOCKUP|detected stalls?\b)")
        .hits(&[
            ("watchdog: BUG: soft lockup - CPU#3 stuck for 26s! [java:123]", &[("worker", "3"), ("seconds", "26"), ("name", "java")]),
            ("rcu: INFO: rcu_sched self-detected stall on CPU", &[]),
        ])
        .from("linux kernel/watchdog.c"),
        entry(
            "clock-unstable",
            ClockStep,
            Host,
            "The clock source was found wrong, typical of a paused virtual machine",
        )
        .any(&["timekeeping watchdog on CPU", "hrtimer: interrupt took"])
        .re(r"(?:timekeeping watchdog on CPU|hrtimer: interrupt took (?<ns>\d+) ns)")
        .hits(&[
            ("clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:", &[]),
            ("hrtimer: interrupt took 4183722 ns", &[("ns", "4183722")]),
        ])
        .from("linux kernel/time/clocksource.c"),
        entry("fs-error", DiskFull, Host, "A filesystem failed and no longer takes writes")
        .any(&["Remounting filesystem read-only", "Shutting down filesystem", "xfs_do_force_shutdown"])
        .re(r"(?:\((?<name>[\w-]+)\): )?(?:Remounting filesystem read-only|[^\n]*Shutting down filesystem|xfs_do_force_shutdown)")
        .hits(&[
            ("EXT4-fs (sda1): Remounting filesystem read-only", &[("name", "sda1")]),
            ("XFS (dm-0): Corruption of in-memory data detected.  Shutting down filesystem", &[]),
        ])
        .from("linux fs/ext4/super.c, fs/xfs/xfs_fsops.c"),
        entry("io-error", DependencyFailed, Host, "A storage device or its filesystem reported errors")
        .any(&[
            "EXT4-fs error",
            "Buffer I/O error",
            "I/O error, dev",
            "timing out command, waited",
            "timeout, aborting",
        ])
        .re(r"(?:EXT4-fs error \(device (?<name>[\w-]+)\)|Buffer I/O error on dev|I/O error, dev|timing out command, waited (?<seconds>\d+)s|I/O \S+ QID \d+ timeout, aborting)")
        .hits(&[
            ("EXT4-fs error (device sda1): ext4_find_entry:1455: inode #2: comm java: reading directory lblock 0", &[("name", "sda1")]),
            ("blk_update_request: I/O error, dev sda, sector 2048", &[]),
            ("nvme nvme0: I/O 12 QID 3 timeout, aborting", &[]),
        ])
        .from("linux block/blk-core.c"),
        entry("nfs-stall", Deadlock, Host, "A file server does not answer: processes that use it hang")
        .any(&["not responding, still trying", "not responding, timed out"])
        .re(r"nfs: server (?<addr>\S+) not responding")
        .hits(&[("nfs: server 10.0.0.9 not responding, still trying", &[("addr", "10.0.0.9")])])
        .from("linux net/sunrpc/clnt.c"),
        entry("nfs-ok", NetworkChange, Host, "A file server answers again")
        .any(&["nfs: server"])
        .re(r"nfs: server (?<addr>\S+) OK")
        .hits(&[("nfs: server 10.0.0.9 OK", &[("addr", "10.0.0.9")])])
        .from("linux net/sunrpc/clnt.c"),
        entry(
            "bridge-port",
            WorkerExited,
            Host,
            "A bridge port or virtual interface of a container went away",
        )
        .any(&["entered disabled state", "left promiscuous mode"])
        .re(r"(?:\S+: port \d+\((?<name>[\w.-]+)\) entered disabled state|(?:device )?(?<unit>veth\w+):? left promiscuous mode)")
        .hits(&[
            ("docker0: port 3(vethab12) entered disabled state", &[("name", "vethab12")]),
            ("device vethab12 left promiscuous mode", &[("unit", "vethab12")]),
        ])
        .from("linux net/bridge/br_stp.c"),
        entry("link-change", NetworkChange, Host, "A network link went down or came up")
        .any(&[
            "Link is Down",
            "Link is Up",
            "link down",
            "link up",
            "link status definitely",
            "Lost carrier",
            "Gained carrier",
        ])
        .re(r"(?<name>[\w.@-]+):? (?:NIC |Copper |Fiber )?(?:[Ll]ink (?:is )?(?<reason>[Dd]own|[Uu]p)\b|Lost carrier|Gained carrier)|link status definitely (?:down|up)")
        .hits(&[
            ("e1000e 0000:00:1f.6 eth0: NIC Link is Down", &[("name", "eth0"), ("reason", "Down")]),
            ("mlx5_core 0000:03:00.0 eth1: Link up", &[("name", "eth1"), ("reason", "up")]),
            ("bond0: link status definitely down for interface eth0, disabling it", &[]),
        ])
        .from("linux drivers/net"),
        entry("reboot", ProcessStarting, Host, "The machine boots")
        .any(&["Linux version", "Command line: BOOT_IMAGE"])
        .re(r"(?:Linux version (?<name>\d\S*)|Command line: BOOT_IMAGE=)")
        .hits(&[
            ("Linux version 6.1.0-18-amd64 (debian-kernel@lists.debian.org) (gcc-12) #1 SMP", &[("name", "6.1.0-18-amd64")]),
        ])
        .from("linux init/version.c"),
        entry("shutdown", StopRequested, Host, "The machine restarts or sleeps")
        .any(&[
            "reboot: Restarting system",
            "reboot: Power down",
            "Preparing to enter system sleep",
            "System is rebooting",
            "System is powering down",
        ])
        .hits(&[
            ("reboot: Restarting system", &[]),
            ("System is rebooting.", &[]),
        ])
        .from("linux kernel/reboot.c"),
        entry("suppressed", Noise, Host, "Lines were left out: absence and counts prove nothing here")
        .any(&["callbacks suppressed", "output lines suppressed"])
        .re(r"(?<limit>\d+) (?:callbacks|output lines) suppressed")
        .hits(&[("net_ratelimit: 123 callbacks suppressed", &[("limit", "123")])])
        .from("linux lib/ratelimit.c"),
    ],
};
