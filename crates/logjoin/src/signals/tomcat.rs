//! Java web servers and frameworks: Tomcat, Jetty, Undertow, WildFly, Netty, Spring Boot. Numbers in Tomcat's
//! messages may carry group separators (`1,684`).

use super::def::{Family, entry};
use super::{Meaning::*, Scope::*};

pub(super) static FAMILY: Family = Family {
    id: "tomcat",
    title: "Tomcat, Jetty, Undertow, Spring Boot",
    programs: &["tomcat", "catalina", "jetty", "wildfly", "spring", "java"],
    is_exclusive: false,
    signals: &[
        entry("tomcat-ready", ProcessReady, Process, "Tomcat is up")
        .any(&["Server startup in"])
        .re(r"Server startup in \[?(?<ms>[\d,]+)\]? (?:ms|milliseconds)")
        .hits(&[
            ("Server startup in [1,684] milliseconds", &[("ms", "1,684")]),
            ("Server startup in 1684 ms", &[("ms", "1684")]),
        ])
        .from("tomcat org/apache/catalina/startup/LocalStrings.properties"),
        entry("tomcat-not-configured", StartFailed, Process, "The server's configuration cannot be read: it does not start")
        .any(&["Cannot start server", "Unable to load server configuration"])
        .re(r"Cannot start server[.,] (?i:server instance) is not configured|Unable to load server configuration from")
        .hits(&[
            ("Cannot start server. Server instance is not configured.", &[]),
            ("Unable to load server configuration from [/srv/shop/conf/server.xml]", &[]),
        ])
        .from("tomcat org/apache/catalina/startup/LocalStrings.properties"),
        entry("tomcat-connector-failed", StartFailed, Process, "A connector could not open its port")
        .any(&[
            "Failed to initialize connector",
            "Failed to start connector",
            "Failed to initialize end point",
        ])
        .re(r#"Failed to (?:initialize|start) (?:connector|end point)(?: \[Connector\["?[^\]"]*-(?<port>\d+)"?\]\]| (?:associated|for))?"#)
        .hits(&[("Failed to initialize connector [Connector[\"http-nio-8080\"]]", &[("port", "8080")])])
        .from("tomcat org/apache/catalina/core/LocalStrings.properties"),
        entry(
            "tomcat-context-failed",
            StartFailed,
            Process,
            "An application did not start: the server runs and answers 404",
        )
        .any(&["startup failed due to previous errors", "listeners failed to start"])
        .re(r"(?:Context \[(?<unit>[^\]]*)\] startup failed|listeners failed to start)")
        .hits(&[
            ("Context [/shop] startup failed due to previous errors", &[("unit", "/shop")]),
            ("One or more listeners failed to start. Full details will be found in the appropriate container log file", &[]),
        ])
        .from("tomcat org/apache/catalina/core/LocalStrings.properties"),
        entry(
            "tomcat-port-open",
            ProcessStarting,
            Process,
            "A port accepts connections before the applications are ready",
        )
        .any(&[
            "Starting ProtocolHandler",
            "Initializing ProtocolHandler",
            "Starting Servlet engine",
            "Starting service [",
        ])
        .re(r#"(?:Starting|Initializing) ProtocolHandler \["(?<name>[^"]*?-(?<port>\d+)|[^"]*)"\]|Starting (?:Servlet engine: |service )\["#)
        .hits(&[
            ("Starting ProtocolHandler [\"http-nio-8080\"]", &[("name", "http-nio-8080"), ("port", "8080")]),
            ("Starting ProtocolHandler [\"http-nio-10.20.1.21-21110\"]", &[("name", "http-nio-10.20.1.21-21110"), ("port", "21110")]),
            ("Starting service [Tomcat]", &[]),
        ])
        .from("tomcat org/apache/coyote/LocalStrings.properties"),
        entry("tomcat-stopping", StopRequested, Process, "A port is being closed")
        .any(&["Pausing ProtocolHandler", "Stopping ProtocolHandler", "Stopping service ["])
        .re(r#"(?:(?:Pausing|Stopping) ProtocolHandler \["(?<name>[^"]*?-(?<port>\d+)|[^"]*)"\]|Stopping service \[(?<unit>[^\]]*)\])"#)
        .hits(&[
            ("Pausing ProtocolHandler [\"http-nio-8080\"]", &[("name", "http-nio-8080"), ("port", "8080")]),
            ("Stopping service [Catalina]", &[("unit", "Catalina")]),
        ])
        .from("tomcat org/apache/coyote/LocalStrings.properties"),
        entry("tomcat-stopped", ProcessStopped, Process, "A port is closed for good")
        .any(&["Destroying ProtocolHandler"])
        .re(r#"Destroying ProtocolHandler \["(?<name>[^"]*?-(?<port>\d+)|[^"]*)"\]"#)
        .hits(&[
            ("Destroying ProtocolHandler [\"http-nio-8080\"]", &[("name", "http-nio-8080"), ("port", "8080")]),
        ])
        .from("tomcat org/apache/coyote/LocalStrings.properties"),
        entry("tomcat-reloading", StopRequested, Process, "An application is reloaded: it is away in between")
        .any(&["Reloading Context with name", "Undeploying context"])
        .re(r"(?:Reloading Context with name \[(?<unit>[^\]]*)\] has started|Undeploying context \[(?<name>[^\]]*)\])")
        .hits(&[("Reloading Context with name [/shop] has started", &[("unit", "/shop")])])
        .from("tomcat org/apache/coyote/LocalStrings.properties"),
        entry("tomcat-deployed", ProcessReady, Process, "An application was deployed or reloaded")
        .any(&["Deployment of web application", "Reloading Context with name"])
        .re(r"(?:Deployment of web application (?:archive|directory) \[(?<path>[^\]]*)\] has finished in \[(?<ms>[\d,]+)\] ms|Reloading Context with name \[(?<unit>[^\]]*)\] is completed)")
        .hits(&[
            ("Deployment of web application archive [/srv/webapps/shop.war] has finished in [2,145] ms", &[("path", "/srv/webapps/shop.war"), ("ms", "2,145")]),
            ("Reloading Context with name [/shop] is completed", &[("unit", "/shop")]),
        ])
        .from("tomcat org/apache/coyote/LocalStrings.properties"),
        entry("tomcat-servlet-exception", RequestException, Request, "A handler raised: 500")
        .any(&["Servlet.service() for servlet", "Exception Processing ErrorPage"])
        .re(r"Servlet\.service\(\) for servlet \[(?<name>[^\]]*)\](?: in context with path \[(?<path>[^\]]*)\])? threw exception(?: \[(?<reason>[^\]]*)\])?")
        .hits(&[
            ("Servlet.service() for servlet [dispatcherServlet] in context with path [] threw exception [Request processing failed: java.lang.RuntimeException: boom] with root cause", &[("name", "dispatcherServlet"), ("reason", "Request processing failed: java.lang.RuntimeException: boom")]),
        ])
        .from("tomcat org/apache/catalina/core/LocalStrings.properties"),
        entry("tomcat-header-too-large", ProtocolError, Request, "Request or response headers over the limit")
        .any(&[
            "Request header is too large",
            "more data to the response headers than there was room",
            "received but the packetSize is only",
        ])
        .re(r"(?:Request header is too large|more data to the response headers than there was room available|Header message of length \[(?<code>[\d,]+)\] received but the packetSize is only \[(?<limit>[\d,]+)\])")
        .hits(&[
            ("java.lang.IllegalArgumentException: Request header is too large", &[]),
            ("An attempt was made to write more data to the response headers than there was room available in the buffer. Increase maxHttpHeaderSize on the connector", &[]),
        ])
        .from("tomcat org/apache/coyote/http11/LocalStrings.properties"),
        entry(
            "tomcat-parse-error",
            ProtocolError,
            Request,
            "Bytes that are no HTTP: TLS to a plain port shows 0x16 0x03; logged once",
        )
        .any(&[
            "Error parsing HTTP request header",
            "Invalid character found in method name",
            "Invalid character found in the request target",
        ])
        .re(r"(?:Error parsing HTTP request header|Invalid character found in (?:method name|the request target) \[(?<reason>[^\]]*)\])")
        .hits(&[
            ("Error parsing HTTP request header\n Note: further occurrences of HTTP request parsing errors will be logged at DEBUG level.", &[]),
            ("java.lang.IllegalArgumentException: Invalid character found in method name [0x160x030x01]. HTTP method names must be tokens", &[("reason", "0x160x030x01")]),
        ])
        .from("tomcat org/apache/coyote/http11/LocalStrings.properties"),
        entry("tomcat-threads-busy", PoolExhausted, Process, "All request threads are busy")
        .any(&[
            "are currently busy, waiting",
            "Executor rejected socket",
            "Socket processing request was rejected",
            "Maximum number of threads",
        ])
        .re(r"(?:All threads \((?<limit>\d+)\) are currently busy|Executor rejected socket|Socket processing request was rejected|Maximum number of threads \((?<code>\d+)\) (?:created|reached))")
        .hits(&[
            ("All threads (200) are currently busy, waiting. Increase maxThreads (200) or check the servlet status", &[("limit", "200")]),
            ("Socket processing request was rejected for [org.apache.tomcat.util.net.NioEndpoint$NioSocketWrapper@1f2]", &[]),
            ("Maximum number of threads (200) created for connector with address [null] and port [8080]", &[("code", "200")]),
        ])
        .from("tomcat org/apache/tomcat/util/net/LocalStrings.properties"),
        entry("tomcat-connections-limit", PoolExhausted, Process, "`maxConnections` reached")
        .any(&["maxConnections", "maximum number of connections"])
        .re(r"(?:maximum number of connections \((?<limit>\d+)\) reached|maxConnections limit (?<code>\d+) reached)")
        .hits(&[("The maximum number of connections (8192) reached", &[("limit", "8192")])])
        .from("tomcat org/apache/tomcat/util/net/LocalStrings.properties"),
        entry("tomcat-accept-failed", FdExhausted, Process, "No descriptor for an accepted connection")
        .any(&["Socket accept failed", "Accept Failure"])
        .re(r"(?:Socket accept failed|Accept Failure)")
        .hits(&[("Socket accept failed\njava.io.IOException: Too many open files", &[])])
        .from("tomcat org/apache/tomcat/util/net/LocalStrings.properties"),
        entry("tomcat-stuck", Deadlock, Request, "A thread has served one request for too long")
        .any(&["and may be stuck"])
        .re(r"Thread \[(?<thread>[^\]]*)\] \(id=\[?\d+\]?\) has been active for \[?(?<ms>[\d,]+)\]? milliseconds .*?to serve the same request for \[(?<path>[^\]]*)\]")
        .hits(&[
            ("Thread [http-nio-8080-exec-3] (id=[31]) has been active for [61,234] milliseconds (since [11/20/26, 10:00 AM]) to serve the same request for [http://erp/report] and may be stuck (configured threshold for this StuckThreadDetectionValve is [60] seconds). There is/are [1] thread(s) in total that are monitored by this Valve and may be stuck.", &[("thread", "http-nio-8080-exec-3"), ("ms", "61,234"), ("path", "http://erp/report")]),
        ])
        .from("tomcat org/apache/catalina/valves/LocalStrings.properties"),
        entry("tomcat-unstuck", Slow, Request, "A thread that was thought stuck has finished")
        .any(&["was previously reported to be stuck"])
        .re(r"Thread \[(?<thread>[^\]]*)\] .*was previously reported to be stuck(?:.*?active for approximately \[?(?<ms>[\d,]+)\]? milliseconds)?")
        .hits(&[
            ("Thread [http-nio-8080-exec-3] (id=[31]) was previously reported to be stuck but has completed. It was active for approximately [72,000] milliseconds.", &[("thread", "http-nio-8080-exec-3"), ("ms", "72,000")]),
        ])
        .from("tomcat org/apache/catalina/valves/LocalStrings.properties"),
        entry("java-client-abort", PeerGone, Request, "The proxy went away before the answer was written")
        .any(&["ClientAbortException", "EofException", "AsyncRequestNotUsableException"])
        .re(r"(?:connector\.ClientAbortException|jetty\.io\.EofException|AsyncRequestNotUsableException)(?::[^\n]*?(?<reason>Broken pipe|Connection reset by peer))?")
        .hits(&[
            ("org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe", &[("reason", "Broken pipe")]),
            ("org.eclipse.jetty.io.EofException", &[]),
        ])
        .from("tomcat org/apache/catalina/connector/OutputBuffer.java"),
        entry("tomcat-thread-leak", Noise, Process, "Remarks about threads at a stop")
        .any(&["but has failed to stop it", "failed to unregister it when the web application was stopped"])
        .hits(&[
            ("The web application [shop] appears to have started a thread named [pool-1] but has failed to stop it. This is very likely to create a memory leak.", &[]),
        ])
        .from("tomcat org/apache/catalina/loader/LocalStrings.properties"),
        // Spring Boot
        entry("spring-failed", StartFailed, Process, "The application did not start")
        .any(&["APPLICATION FAILED TO START", "Application run failed", "Web server failed to start"])
        .re(r"(?:APPLICATION FAILED TO START(?:(?:[^\n]*\n){1,6}?Description:\s+(?<reason>[^\n]+))?|Application run failed|Web server failed to start\. Port (?<port>\d+) was already in use)")
        .hits(&[
            ("Application run failed", &[]),
            ("APPLICATION FAILED TO START\n***************************\n\nDescription:\n\nWeb server failed to start.", &[("reason", "Web server failed to start.")]),
            ("Web server failed to start. Port 8080 was already in use.", &[("port", "8080")]),
        ])
        .from("spring-boot SpringApplication.java"),
        entry(
            "spring-port-open",
            ProcessStarting,
            Process,
            "The port accepts connections; runners may still work",
        )
        .any(&["started on port", "initialized with port"])
        .re(r"(?:Tomcat|Jetty|Undertow|Netty) (?:started on|initialized with) port(?:\(s\):?|s)? (?<port>\d+)")
        .hits(&[
            ("Tomcat started on port 8080 (http) with context path '/'", &[("port", "8080")]),
            ("Tomcat started on port(s): 8080 (http) with context path ''", &[("port", "8080")]),
        ])
        .from("spring-boot TomcatWebServer.java"),
        entry("spring-ready", ProcessReady, Process, "The application is ready")
        .any(&["Started"])
        .re(r"^Started (?<unit>[A-Za-z_$][\w.$-]*) in (?<seconds>[\d.]+) seconds(?: \((?:process|JVM) running for|$)")
        .hits(&[
            ("Started App in 4.2 seconds (process running for 4.9)", &[("unit", "App"), ("seconds", "4.2")]),
            ("Started ErpApplication in 2.846 seconds (JVM running for 3.31)", &[("unit", "ErpApplication"), ("seconds", "2.846")]),
            ("Started Application in 1.955 seconds", &[("unit", "Application"), ("seconds", "1.955")]),
        ])
        .misses(&["Started GET \"/cart\" for 10.0.0.1 at 2026-11-20 10:00:00 +0000"])
        .from("spring-boot StartupInfoLogger.java"),
        entry("spring-starting", ProcessStarting, Process, "The application starts")
        .any(&["using Java", "with PID"])
        .re(r"Starting (?<unit>\S+) (?:v\S+ )?(?:using Java \S+ )?(?:on \S+ )?with PID (?<pid>\d+)")
        .hits(&[
            ("Starting ErpApplication v1.4.2 using Java 17.0.9 with PID 3487 (/srv/erp.jar started by erp in /srv)", &[("unit", "ErpApplication"), ("pid", "3487")]),
        ])
        .from("spring-boot StartupInfoLogger.java"),
        entry("spring-stopping", StopRequested, Process, "An orderly stop began: new connections are refused")
        .any(&["Commencing graceful shutdown"])
        .hits(&[("Commencing graceful shutdown. Waiting for active requests to complete", &[])])
        .from("spring-boot GracefulShutdown.java"),
        entry("spring-stopped", ProcessStopped, Process, "The orderly stop is done")
        .any(&["Graceful shutdown complete"])
        .hits(&[("Graceful shutdown complete", &[])])
        .from("spring-boot GracefulShutdown.java"),
        entry(
            "spring-stop-aborted",
            RequestException,
            Process,
            "Requests were cut because the orderly stop took too long",
        )
        .any(&["Graceful shutdown aborted"])
        .hits(&[("Graceful shutdown aborted with one or more requests still active", &[])])
        .from("spring-boot GracefulShutdown.java"),
        // Jetty, Undertow, WildFly, Netty
        entry("jetty-ready", ProcessReady, Process, "Jetty or one of its connectors is up")
        .any(&["Started Server@", "Started ServerConnector@", "Started oejs.Server"])
        .re(r"Started (?:oejs\.)?(?:Server@|ServerConnector@[^\n]*\{(?<addr>[\w.:\[\]*]+:\d+)\}|Server)")
        .hits(&[
            ("Started ServerConnector@1f2{HTTP/1.1, (http/1.1)}{0.0.0.0:8080}", &[("addr", "0.0.0.0:8080")]),
            ("Started Server@1f2{STARTING}[12.0.3,sto=0] @2345ms", &[]),
        ])
        .from("jetty jetty-server Server.java"),
        entry("jetty-stopped", ProcessStopped, Process, "Jetty or one of its connectors stopped")
        .any(&["Stopped Server@", "Stopped ServerConnector@", "Stopped oejs.Server"])
        .re(r"Stopped (?:oejs\.)?Server(?:Connector)?@[^\n]*?(?:\{(?<addr>[\w.:\[\]*]+:\d+)\})?$")
        .hits(&[
            ("Stopped ServerConnector@1f2{HTTP/1.1, (http/1.1)}{0.0.0.0:8080}", &[("addr", "0.0.0.0:8080")]),
        ])
        .from("jetty jetty-server Server.java"),
        entry("jetty-pool", PoolExhausted, Process, "Jetty's thread pool is used up or too small")
        .any(&["QueuedThreadPool[", "Insufficient configured threads", "Low Threads"])
        .re(r"(?:QueuedThreadPool\[[^\n]*rejected|Insufficient configured threads: required=\d+ < max=(?<limit>\d+)|Low Threads)")
        .hits(&[
            ("Insufficient configured threads: required=10 < max=8 for QueuedThreadPool[qtp1]", &[("limit", "8")]),
        ])
        .from("jetty jetty-util QueuedThreadPool.java"),
        entry("jetty-idle-timeout", Slow, Request, "A connection was idle for too long")
        .any(&["Idle timeout expired"])
        .re(r"Idle timeout expired: (?<ms>\d+)/(?<limit>\d+) ms")
        .hits(&[
            ("java.util.concurrent.TimeoutException: Idle timeout expired: 30000/30000 ms", &[("ms", "30000"), ("limit", "30000")]),
        ])
        .from("jetty jetty-util QueuedThreadPool.java"),
        entry("undertow-error", RequestException, Request, "A handler raised: 500")
        .any(&["UT005023", "UT005071", "UT005014", "UT005028"])
        .re(r"(?<reason>UT005023|UT005071|UT005014|UT005028): [^\n]*?(?: to (?<path>/\S*))?$")
        .hits(&[
            ("UT005023: Exception handling request to /shop/cart", &[("reason", "UT005023"), ("path", "/shop/cart")]),
        ])
        .from("undertow UndertowLogger.java"),
        entry("wildfly-state", ProcessReady, Process, "WildFly is up")
        .any(&["WFLYSRV0025"])
        .re(r"WFLYSRV0025: .* started in (?<ms>\d+)ms")
        .hits(&[("WFLYSRV0025: WildFly Full 30.0.0.Final started in 5000ms", &[("ms", "5000")])])
        .from("wildfly-core ServerLogger.java"),
        entry("wildfly-stopped", ProcessStopped, Process, "WildFly stopped")
        .any(&["WFLYSRV0050"])
        .re(r"WFLYSRV0050: .* stopped in (?<ms>\d+)ms")
        .hits(&[("WFLYSRV0050: WildFly Full 30.0.0.Final stopped in 120ms", &[("ms", "120")])])
        .from("wildfly-core ServerLogger.java"),
        entry("netty-upstream", DependencyFailed, Request, "A gateway's own upstream closed the connection")
        .any(&["PrematureCloseException", "Connection prematurely closed"])
        .re(r"Connection prematurely closed (?<reason>BEFORE|DURING) response")
        .hits(&[
            ("reactor.netty.http.client.PrematureCloseException: Connection prematurely closed BEFORE response", &[("reason", "BEFORE")]),
        ])
        .from("reactor-netty HttpClientOperations.java"),
        entry(
            "netty-pool",
            DependencyExhausted,
            Process,
            "No connection of a gateway's pool came free in time",
        )
        .any(&["Pool#acquire"])
        .re(r"Pool#acquire\(Duration\) has been pending for more than the configured timeout of (?<ms>\d+)ms")
        .hits(&[
            ("PoolAcquireTimeoutException: Pool#acquire(Duration) has been pending for more than the configured timeout of 45000ms", &[("ms", "45000")]),
        ])
        .from("reactor-pool"),
        entry("netty-leak", Noise, Process, "A buffer was not given back")
        .any(&["was not called before it's garbage-collected"])
        .hits(&[("LEAK: ByteBuf.release() was not called before it's garbage-collected.", &[])])
        .from("netty ResourceLeakDetector.java"),
    ],
};
