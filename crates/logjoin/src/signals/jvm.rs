//! The Java virtual machine, its garbage collectors, HikariCP and the JDK's own exceptions.

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "jvm",
    title: "Java virtual machine",
    programs: &["java", "jsvc"],
    is_exclusive: false,
    signals: &[
        entry("jvm-exit-on-oom", OomKill, Process, "The virtual machine ends because memory ran out")
        .any(&["due to java.lang.OutOfMemoryError", "fatal error: OutOfMemory"])
        .re(r"(?:Terminating|Aborting) due to java\.lang\.OutOfMemoryError(?:: (?<reason>[^\n]+))?|fatal error: OutOfMemory encountered")
        .hits(&[
            ("Terminating due to java.lang.OutOfMemoryError: Java heap space", &[("reason", "Java heap space")]),
            ("#  fatal error: OutOfMemory encountered: Java heap space", &[]),
        ])
        .from("openjdk src/hotspot/share/utilities/debug.cpp"),
        entry(
            "jvm-native-thread",
            PoolExhausted,
            Process,
            "No thread can be started: a limit of processes or memory outside the heap",
        )
        .any(&["unable to create native thread", "unable to create new native thread"])
        .re(r"OutOfMemoryError: (?<reason>unable to create (?:new )?native thread)")
        .hits(&[
            ("java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached", &[("reason", "unable to create native thread")]),
        ])
        .from("openjdk src/hotspot/share/prims/jvm.cpp"),
        entry(
            "jvm-oom",
            OomKill,
            Process,
            "Memory of the virtual machine ran out; it lives on unless told otherwise",
        )
        .any(&["java.lang.OutOfMemoryError"])
        .re(r#"(?:^|[\s:"'])java\.lang\.OutOfMemoryError(?:: (?<reason>[^\n]+))?"#)
        .hits(&[
            ("java.lang.OutOfMemoryError: Java heap space", &[("reason", "Java heap space")]),
            ("Exception in thread \"main\" java.lang.OutOfMemoryError: GC overhead limit exceeded", &[("reason", "GC overhead limit exceeded")]),
        ])
        .from("openjdk src/hotspot/share/prims/jvm.cpp"),
        entry("jvm-fatal", Crash, Process, "The virtual machine died of a fault in native code")
        .any(&["A fatal error has been detected by the Java Runtime", "at pc=0x"])
        .re(r"(?:A fatal error has been detected by the Java Runtime Environment(?:[^\n]*(?:\n[^\n]*){1,3}?(?<signal>SIG[A-Z]+) \(0x[0-9a-f]+\) at pc=\S+, pid=(?<pid>\d+))?|^# +SIG[A-Z]+ \(0x[0-9a-f]+\) at pc=)")
        .hits(&[
            ("# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb) at pc=0x00007f01, pid=4711, tid=4712", &[("signal", "SIGSEGV"), ("pid", "4711")]),
            ("# A fatal error has been detected by the Java Runtime Environment:", &[]),
        ])
        .from("openjdk src/hotspot/share/utilities/vmError.cpp"),
        entry("jvm-main-exception", Crash, Process, "The main thread ended with an exception")
        .any(&["Exception in thread \"main\""])
        .re(r#"Exception in thread "main" (?<reason>[\w.$]+(?:: [^\n]*)?)"#)
        .hits(&[
            ("Exception in thread \"main\" java.lang.IllegalStateException: no database", &[("reason", "java.lang.IllegalStateException: no database")]),
        ])
        .from("openjdk java.lang.ThreadGroup"),
        entry("jvm-thread-exception", RequestException, Worker, "A thread ended with an exception")
        .any(&["Exception in thread \""])
        .re(r#"Exception in thread "(?<thread>[^"]*)" (?<reason>[\w.$]+(?:: [^\n]*)?)"#)
        .hits(&[
            ("Exception in thread \"pool-1-thread-2\" java.lang.RuntimeException: boom", &[("thread", "pool-1-thread-2"), ("reason", "java.lang.RuntimeException: boom")]),
        ])
        .from("openjdk java.lang.ThreadGroup"),
        entry("jvm-deadlock", Deadlock, Process, "Threads wait for each other, from a thread dump")
        .any(&["Java-level deadlock"])
        .re(r"Found (?:one|\d+) Java-level deadlock")
        .hits(&[("Found one Java-level deadlock:", &[])])
        .from("openjdk src/hotspot/share/services/threadService.cpp"),
        entry("jvm-heap-dump", Slow, Process, "The heap is written out: the process stands still")
        .any(&["Dumping heap to"])
        .re(r"Dumping heap to (?<path>\S+)")
        .hits(&[("Dumping heap to java_pid7.hprof ...", &[("path", "java_pid7.hprof")])])
        .from("openjdk src/hotspot/share/services/threadService.cpp"),
        entry("jvm-gc-pause", Slow, Process, "A pause of the garbage collector; the stamp is its end")
        .any(&[
            "Pause Full",
            "Pause Young",
            "Pause Remark",
            "Pause Cleanup",
            "Pause Initial Mark",
            "Pause Degenerated",
            "Allocation Stall",
        ])
        .re(r"GC\((?<code>\d+)\) (?<reason>(?:Pause|Allocation Stall)[^\n]*?) (?:\d+[KMG]->\d+[KMG]\(\d+[KMG]\) )?(?<ms>[\d.]+)ms")
        .hits(&[
            ("GC(7) Pause Full (G1 Compaction Pause) 29M->25M(32M) 9.260ms", &[("code", "7"), ("reason", "Pause Full (G1 Compaction Pause)"), ("ms", "9.260")]),
            ("GC(12) Allocation Stall (http-nio-8080-exec-3) 1234.567ms", &[("code", "12"), ("reason", "Allocation Stall (http-nio-8080-exec-3)"), ("ms", "1234.567")]),
        ])
        .from("openjdk src/hotspot/share/gc/shared/gcTraceTime.cpp"),
        entry(
            "jvm-gc-pause-old",
            Slow,
            Process,
            "A pause of the garbage collector up to JDK 8; the stamp is its start",
        )
        .any(&["[Full GC", "application threads were stopped"])
        .re(r"(?:\[Full GC (?:\((?<reason>[^)]*(?:\(\))?[^)]*)\))?[^\n]*real=(?<seconds>[\d.]+) secs\]|application threads were stopped: (?<code>\d+)\.\d+ seconds)")
        .hits(&[
            ("[Full GC (Allocation Failure) [PSYoungGen: 1024K->0K(2048K)] 5.1234567 secs] [Times: user=4.90 sys=0.10, real=5.12 secs]", &[("reason", "Allocation Failure"), ("seconds", "5.12")]),
            ("Total time for which application threads were stopped: 5.1234567 seconds", &[("code", "5")]),
        ])
        .from("openjdk src/hotspot/share/gc/shared/gcTraceTime.cpp"),
        entry("jvm-safepoint", Slow, Process, "All threads were stopped; the total is the real pause")
        .any(&["Safepoint \""])
        .re(r#"Safepoint "(?<reason>[^"]*)",.*Total: +(?<ns>\d+) ns"#)
        .hits(&[
            ("Safepoint \"G1CollectFull\", Time since last: 2000000 ns, Reaching safepoint: 100000 ns, At safepoint: 9000000 ns, Total: 9100000 ns", &[("reason", "G1CollectFull"), ("ns", "9100000")]),
        ])
        .from("openjdk src/hotspot/share/gc/shared/gcTraceTime.cpp"),
        entry("jvm-gc-pressure", Slow, Process, "The collector found no room to copy to")
        .any(&["To-space exhausted", "Evacuation Failure"])
        .hits(&[("GC(12) To-space exhausted", &[])])
        .from("openjdk src/hotspot/share/gc/shared/gcTraceTime.cpp"),
        // HikariCP and other pools
        entry(
            "hikari-unreachable",
            DependencyFailed,
            Process,
            "No connection at all is left in the pool: the database is unreachable",
        )
        .any(&["total=0, active=0"])
        .re(r"(?<name>\S+) - Connection is not available, request timed out after (?<ms>\d+)ms \(total=0, active=0")
        .hits(&[
            ("HikariPool-1 - Connection is not available, request timed out after 30000ms (total=0, active=0, idle=0, waiting=7)", &[("name", "HikariPool-1"), ("ms", "30000")]),
        ])
        .from("HikariCP HikariPool.java"),
        entry("hikari-exhausted", DependencyExhausted, Process, "No connection of the pool came free in time")
        .any(&["Connection is not available, request timed out"])
        .re(r"(?<name>\S+) - Connection is not available, request timed out after (?<ms>\d+)ms(?: \(total=(?<limit>\d+))?")
        .hits(&[
            ("HikariPool-1 - Connection is not available, request timed out after 30000ms.", &[("name", "HikariPool-1"), ("ms", "30000")]),
            ("HikariPool-1 - Connection is not available, request timed out after 30000ms (total=10, active=10, idle=0, waiting=7)", &[("name", "HikariPool-1"), ("ms", "30000"), ("limit", "10")]),
        ])
        .from("HikariCP HikariPool.java"),
        entry(
            "hikari-starved",
            Slow,
            Process,
            "The virtual machine stood still: collection, throttling or a paused machine",
        )
        .any(&["Thread starvation or clock leap detected"])
        .re(r"(?<name>\S+) - Thread starvation or clock leap detected \(housekeeper delta=(?<reason>[^)]+)\)")
        .hits(&[
            ("HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=1m12s345ms).", &[("name", "HikariPool-1"), ("reason", "1m12s345ms")]),
        ])
        .from("HikariCP HikariPool.java"),
        entry("hikari-leak", DependencyExhausted, Process, "A connection is held for too long")
        .any(&["Connection leak detection triggered", "Apparent connection leak detected"])
        .re(r"Connection leak detection triggered for (?<name>.+?) on thread (?<thread>[^,]+)|Apparent connection leak")
        .hits(&[
            ("Connection leak detection triggered for org.postgresql.jdbc.PgConnection@1f2 on thread http-nio-8080-exec-3, stack trace follows", &[("name", "org.postgresql.jdbc.PgConnection@1f2"), ("thread", "http-nio-8080-exec-3")]),
        ])
        .from("HikariCP HikariPool.java"),
        entry("hikari-init-failed", StartFailed, Process, "The pool could not be filled at start")
        .any(&["Exception during pool initialization", "Failed to initialize pool"])
        .re(r"(?:Exception during pool initialization|Failed to initialize pool(?:: (?<reason>[^\n]+))?)")
        .hits(&[("HikariPool-1 - Exception during pool initialization.", &[])])
        .from("HikariCP HikariPool.java"),
        entry("hikari-broken", DependencyFailed, Process, "Connections of the pool are broken")
        .any(&["Failed to validate connection", "marked as broken because of SQLSTATE"])
        .re(r"(?<name>\S+) - (?:Failed to validate connection|Connection \S+ marked as broken)")
        .hits(&[
            ("HikariPool-1 - Failed to validate connection org.postgresql.jdbc.PgConnection@1f2 (This connection has been closed.). Possibly consider using a shorter maxLifetime value.", &[("name", "HikariPool-1")]),
        ])
        .from("HikariCP HikariPool.java"),
        entry(
            "jdbc-pool-empty",
            DependencyExhausted,
            Process,
            "No connection of a DBCP or Tomcat pool came free in time",
        )
        .any(&["Cannot get a connection, pool error", "Pool empty. Unable to fetch a connection"])
        .re(r"(?:Cannot get a connection, pool error (?<reason>[^\n]+)|Pool empty\. Unable to fetch a connection in (?<seconds>\d+) seconds)")
        .hits(&[
            ("Cannot get a connection, pool error Timeout waiting for idle object", &[("reason", "Timeout waiting for idle object")]),
            ("[http-nio-8080-exec-3] Timeout: Pool empty. Unable to fetch a connection in 30 seconds, none available[size:100; busy:100; idle:0; lastwait:30000].", &[("seconds", "30")]),
        ])
        .from("commons-dbcp, tomcat-jdbc"),
        // exceptions of the JDK
        entry("java-bind", StartFailed, Process, "The port is in use")
        .any(&["java.net.BindException"])
        .re(r"java\.net\.BindException: (?<reason>[^\n]+)")
        .hits(&[("java.net.BindException: Address already in use", &[("reason", "Address already in use")])])
        .from("openjdk java.net"),
        entry("java-unknown-host", DnsFailed, Process, "A name could not be resolved")
        .any(&["java.net.UnknownHostException"])
        .re(r"java\.net\.UnknownHostException: (?<name>[^\s:]+)")
        .hits(&[("java.net.UnknownHostException: db.internal", &[("name", "db.internal")])])
        .from("openjdk java.net"),
        entry(
            "java-connect",
            DependencyFailed,
            Process,
            "A connection to something the application depends on failed",
        )
        .any(&[
            "java.net.ConnectException",
            "java.net.NoRouteToHostException",
            "java.net.SocketTimeoutException",
            "java.net.http.HttpConnectTimeoutException",
            "java.net.http.HttpTimeoutException",
        ])
        .re(r"java\.net\.(?:http\.)?(?:ConnectException|NoRouteToHostException|SocketTimeoutException|HttpConnectTimeoutException|HttpTimeoutException): (?<reason>[^\n]+)")
        .hits(&[
            ("java.net.ConnectException: Connection refused", &[("reason", "Connection refused")]),
            ("java.net.SocketTimeoutException: Read timed out", &[("reason", "Read timed out")]),
        ])
        .from("openjdk java.net"),
        entry("java-tls-plain", ProtocolError, Process, "The other side does not speak TLS")
        .any(&["Unsupported or unrecognized SSL message"])
        .hits(&[("javax.net.ssl.SSLException: Unsupported or unrecognized SSL message", &[])])
        .from("openjdk java.net"),
        entry("java-tls", TlsError, Process, "A TLS handshake failed")
        .any(&["javax.net.ssl.SSLHandshakeException", "PKIX path building failed"])
        .re(r"(?:SSLHandshakeException: (?<reason>[^\n]+)|PKIX path building failed)")
        .hits(&[
            ("javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException", &[("reason", "PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException")]),
        ])
        .from("openjdk java.net"),
        entry(
            "java-rejected-stop",
            StopRequested,
            Process,
            "Work was rejected because its executor is shutting down",
        )
        .any(&["java.util.concurrent.RejectedExecutionException"])
        .re(r"RejectedExecutionException:.*\[(?:Shutting down|Terminated|Shutdown),")
        .hits(&[
            ("java.util.concurrent.RejectedExecutionException: Task a rejected from java.util.concurrent.ThreadPoolExecutor@1f2[Shutting down, pool size = 3, active threads = 3, queued tasks = 0, completed tasks = 9]", &[]),
        ])
        .from("openjdk java.net"),
        entry(
            "java-rejected",
            PoolExhausted,
            Process,
            "All threads of an executor are busy and its queue is full",
        )
        .any(&["java.util.concurrent.RejectedExecutionException"])
        .re(r"RejectedExecutionException(?::.*?(?:pool size = (?<limit>\d+))|\b)")
        .hits(&[
            ("java.util.concurrent.RejectedExecutionException: Task a rejected from java.util.concurrent.ThreadPoolExecutor@1f2[Running, pool size = 200, active threads = 200, queued tasks = 100, completed tasks = 9]", &[("limit", "200")]),
        ])
        .from("openjdk java.net"),
        entry(
            "java-db-gone",
            DependencyFailed,
            Process,
            "The database cannot be reached or closed the connection",
        )
        .any(&[
            "Communications link failure",
            "This connection has been closed.",
            "An I/O error occurred while sending to the backend",
        ])
        .re(r"(?<reason>Communications link failure|This connection has been closed|An I/O error occurred while sending to the backend)")
        .hits(&[
            ("com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure", &[("reason", "Communications link failure")]),
        ])
        .from("MySQL Connector/J, pgjdbc"),
    ],
};
