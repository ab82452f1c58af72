//! Request lines of the programs that write them: which moment the stamp names, which field is the duration and in what
//! unit. Each line is read, so the table cannot say what the parser does not do.

use logjoin_parse::compile::{Compiled, Escape, apache_access, haproxy, nginx};
use logjoin_parse::{Anchor, Body, Record, parse_any};

/// A producer's line and what it means.
pub struct Producer {
    pub name: &'static str,
    pub format: &'static str,
    /// The proxy's own format string, where the line is read through one.
    pub configured: Option<Configured>,
    pub anchor: Anchor,
    /// The field that holds the duration, and its unit.
    pub duration: &'static str,
    /// What the line says, microseconds.
    pub us: Option<i64>,
    pub line: &'static str,
}

pub enum Configured {
    Nginx(&'static str),
    Apache(&'static str),
    Haproxy(&'static str),
}

pub const HEAD: &str = "
## Moments and durations

What the request lines of each program mean. *Moment* is what the stamp names; a line without a duration cannot say when
its request began (or ended). *By the writer*: the layout is shared by programs that differ, and the file's other lines,
its name and the configuration decide. A duration without a unit in its name or its producer is not guessed.

| program | moment | duration | format | line |
| --- | --- | --- | --- | --- |
";

const fn line(
    name: &'static str,
    format: &'static str,
    anchor: Anchor,
    duration: &'static str,
    us: Option<i64>,
    line: &'static str,
) -> Producer {
    Producer { name, format, configured: None, anchor, duration, us, line }
}

const fn compiled(
    name: &'static str,
    by: Configured,
    anchor: Anchor,
    duration: &'static str,
    us: Option<i64>,
    line: &'static str,
) -> Producer {
    Producer { name, format: "custom", configured: Some(by), anchor, duration, us, line }
}

use Anchor::{End, Start, Unknown};

pub const PRODUCERS: &[Producer] = &[
    line(
        "nginx, Apache and others: common, combined",
        "combined",
        Unknown,
        "none",
        None,
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /x HTTP/1.1" 200 157 "-" "curl/8.5.0""#,
    ),
    line(
        "nginx, fields named in the line",
        "nginx-upstream",
        End,
        "`$request_time`, s",
        Some(21_000),
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /x HTTP/1.1" 200 157 "-" "curl/8.5.0" rt=0.021 urt="0.020""#,
    ),
    compiled(
        "nginx, `$time_local $request_time`",
        Configured::Nginx("$remote_addr [$time_local] \"$request\" $status $request_time"),
        End,
        "`$request_time`, s",
        Some(21_000),
        r#"192.0.2.7 [21/Nov/2026:01:50:53 +0000] "GET /x HTTP/1.1" 200 0.021"#,
    ),
    line(
        "ingress-nginx",
        "ingress-nginx",
        End,
        "`$request_time`, s",
        Some(4_000),
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /x HTTP/1.1" 200 61 "-" "curl/8.5.0" 348 0.004 [shop-web-80] [] 10.0.0.1:80 61 0.004 200 8fe5bf4d8ee5b0c51b3ec4ac5ad8b3a7"#,
    ),
    line(
        "Apache, `%D %X` after combined",
        "apache-timed",
        Start,
        "`%D`, µs",
        Some(10_937),
        r#"192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 2 "-" "curl/8.5.0" 10937 +"#,
    ),
    compiled(
        "Apache, `%D`",
        Configured::Apache(r#"%h %t \"%r\" %>s %D"#),
        Start,
        "`%D`, µs",
        Some(10_937),
        r#"192.0.2.7 [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 10937"#,
    ),
    compiled(
        "Apache, `%{ms}T`",
        Configured::Apache(r#"%h %t \"%r\" %>s %{ms}T"#),
        Start,
        "`%{ms}T`, ms",
        Some(11_000),
        r#"192.0.2.7 [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 11"#,
    ),
    compiled(
        "Apache, `%T`",
        Configured::Apache(r#"%h %t \"%r\" %>s %T"#),
        Start,
        "`%T`, s",
        Some(3_000_000),
        r#"192.0.2.7 [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 3"#,
    ),
    compiled(
        "Apache, `%{end:msec_frac}t`",
        Configured::Apache(r#"%h [%{end:%d/%b/%Y:%H:%M:%S %z}t] \"%r\" %>s %D"#),
        End,
        "`%D`, µs",
        Some(10_937),
        r#"192.0.2.7 [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 10937"#,
    ),
    line(
        "HAProxy, HTTP mode",
        "haproxy-http",
        Start,
        "`%Ta` (before 1.8 `%Tt`), ms",
        Some(501_000),
        r#"192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/2/501 200 217 - - ---- 1/1/0/0/0 0/0 "GET /x HTTP/1.1""#,
    ),
    line(
        "HAProxy, TCP mode",
        "haproxy-tcp",
        Start,
        "`%Tt`, ms",
        Some(500_000),
        "192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 1/0/500 217 -- 1/1/0/0/0 0/0",
    ),
    line(
        "HAProxy, CLF",
        "haproxy-clf",
        Start,
        "`%Ta`, ms",
        Some(501_000),
        r#"192.0.2.4 - - [21/Nov/2026:02:10:05 +0000] "GET /ok HTTP/1.1" 503 217 "" "" 40780 133 "fe" "be" "s1" 0 0 -1 -1 501 "SC--" 1 1 0 0 3 0 0 "-" "-" "#,
    ),
    compiled(
        "HAProxy, `%t %Tt`",
        Configured::Haproxy("%ci:%cp [%t] %ft %b/%s %Tt %ST"),
        Start,
        "`%Tt`, ms",
        Some(12_000),
        "192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 12 200",
    ),
    line(
        "Traefik, common",
        "traefik",
        Start,
        "last, ms",
        Some(3_000),
        r#"192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 502 11 "-" "curl/8.5.0" 42 "web@docker" "http://10.0.0.2:80" 3ms"#,
    ),
    line(
        "Envoy, Istio",
        "envoy",
        Start,
        "`%DURATION%`, ms",
        Some(3_000),
        r#"[2026-11-20T10:00:00.123Z] "GET /x HTTP/1.1" 503 UF 0 91 3 - "-" "curl/8.5.0" "c2f1e5ff-d510-26d1" "shop.example" "10.0.0.2:80""#,
    ),
    line(
        "Caddy",
        "json",
        End,
        "`duration`, s",
        Some(1_200),
        r#"{"level":"info","ts":1795168800.12,"msg":"handled request","request":{"method":"GET","uri":"/x"},"duration":0.0012,"status":502}"#,
    ),
    line(
        "gunicorn `%(L)s`, actix `%T`",
        "combined-extra",
        Unknown,
        "last, s with six decimals",
        Some(12_345),
        r#"192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 2 "-" "curl/8.5.0" 0.012345"#,
    ),
    line(
        "Rack, Puma: common logger",
        "combined-extra",
        Unknown,
        "last, s with four decimals",
        Some(12_300),
        r#"192.0.2.7 - - [20/Nov/2026:10:00:00 +0000] "GET /x HTTP/1.1" 200 12 0.0123"#,
    ),
    line(
        "uvicorn",
        "uvicorn",
        End,
        "none",
        None,
        r#"INFO:     192.0.2.7:58534 - "GET /x?y HTTP/1.1" 200 OK"#,
    ),
    line(
        "hypercorn",
        "gunicorn-error",
        End,
        "none",
        None,
        r#"[2026-11-20 10:00:00 +0000] [7] [INFO] 192.0.2.7:38132 - - [20/Nov/2026:10:00:00 +0000] "GET /x 1.1" 200 4 "-" "curl""#,
    ),
    line(
        "daphne",
        "daphne-access",
        End,
        "none",
        None,
        r#"192.0.2.7:40330 - - [21/Nov/2026:01:56:04] "GET /x?y" 200 4"#,
    ),
    line(
        "granian",
        "granian-access",
        Start,
        "last, ms",
        Some(127),
        r#"[2026-11-20 10:00:00 +0000] 192.0.2.7 - "GET /x HTTP/1.1" 200 0.127"#,
    ),
    line(
        "uWSGI",
        "uwsgi-request",
        Start,
        "`in N msecs`, or `micros`",
        Some(12_000),
        "[pid: 7|app: 0|req: 1/9] 192.0.2.7 () {24 vars in 257 bytes} [Fri Nov 20 10:00:00 2026] GET /x => generated 2 bytes in 12 msecs (HTTP/1.1 200) 1 headers in 45 bytes (1 switches on core 0)",
    ),
    line(
        "Flask and Django development servers",
        "werkzeug-access",
        End,
        "none",
        None,
        r#"192.0.2.7 - - [20/Nov/2026 10:00:00] "GET /x HTTP/1.1" 200 -"#,
    ),
    line(
        "php-fpm",
        "php-fpm-access",
        Start,
        "none by default",
        None,
        r#"192.0.2.7 -  20/Nov/2026:10:00:00 +0000 "GET /x.php" 500"#,
    ),
    line(
        "Rails",
        "rails",
        Start,
        "of `Completed … in`, ms",
        None,
        r#"Started GET "/x" for 192.0.2.7 at 2026-11-20 10:00:00 +0000"#,
    ),
    line(
        "lograge",
        "logfmt",
        End,
        "`duration`, ms",
        Some(79_000),
        "method=GET path=/ format=html controller=C action=a status=500 duration=79.0 view=78.8 db=0.0",
    ),
    line("Morgan", "morgan", End, "`:response-time`, ms", Some(12_345), "GET /x 200 12.345 ms - 45"),
    line(
        "pino, fastify",
        "json",
        End,
        "`responseTime`, ms",
        Some(45_000),
        r#"{"level":30,"time":1795227959975,"pid":1,"hostname":"h","req":{"method":"GET","url":"/x"},"res":{"statusCode":200},"responseTime":45,"msg":"request completed"}"#,
    ),
    line(
        "gin",
        "gin",
        End,
        "with its unit",
        Some(1_234),
        r#"[GIN] 2026/11/20 - 10:00:00 | 200 |     1.234ms |       192.0.2.7 | GET      "/x""#,
    ),
    line("fiber", "gin", End, "with its unit", Some(1_200), "[10:00:00] 192.0.2.7 200 - 1.2ms GET /x -"),
    line(
        "chi",
        "go-log",
        End,
        "with its unit",
        Some(1_200),
        r#"2026/11/20 10:00:00 [host/abc-000001] "GET http://h/x HTTP/1.1" from 192.0.2.7:4242 - 200 12B in 1.2ms"#,
    ),
    line(
        "echo",
        "json",
        End,
        "`latency`, ns",
        Some(1_234),
        r#"{"time":"2026-11-20T10:00:00Z","id":"","remote_ip":"192.0.2.7","method":"GET","uri":"/x","status":200,"latency":1234567}"#,
    ),
    line(
        "slog, JSON",
        "json",
        End,
        "`duration`, ns",
        Some(12_345),
        r#"{"time":"2026-11-20T10:00:00Z","level":"INFO","msg":"r","method":"GET","path":"/x","status":200,"duration":12345678}"#,
    ),
    line(
        "Elastic Common Schema",
        "json",
        End,
        "`event.duration`, ns",
        Some(123),
        r#"{"@timestamp":"2026-11-20T10:00:00Z","http.request.method":"GET","url.path":"/x","http.response.status_code":504,"event.duration":123456}"#,
    ),
    line(
        "Google Cloud",
        "json",
        End,
        "`httpRequest.latency`, with its unit",
        Some(500_000),
        r#"{"severity":"ERROR","time":"2026-11-20T10:00:00Z","httpRequest":{"requestMethod":"GET","requestUrl":"/x","status":500,"latency":"0.5s"}}"#,
    ),
    line(
        "Serilog, JSON",
        "json",
        End,
        "`Elapsed`, ms",
        Some(12_300),
        r#"{"@t":"2026-11-20T10:00:00.1Z","@mt":"x","RequestMethod":"GET","RequestPath":"/x","StatusCode":500,"Elapsed":12.3}"#,
    ),
    line(
        "zerolog, bare `duration`",
        "json",
        End,
        "unit unknown: kept as it is",
        None,
        r#"{"level":"info","method":"GET","path":"/x","status":502,"duration":12.345,"time":"2026-11-20T10:00:00Z","message":"request"}"#,
    ),
    line(
        "actix",
        "rust-tracing",
        End,
        "`%T`, s",
        Some(12_345),
        r#"[2026-11-20T10:00:00Z INFO  actix_web::middleware::logger] 192.0.2.7 "GET /x HTTP/1.1" 200 2 "-" "curl" 0.012345"#,
    ),
    line(
        "tower-http",
        "rust-tracing",
        End,
        "`latency`, with its unit",
        Some(12_000),
        "2026-11-20T10:00:00.123456Z  INFO request{method=GET uri=/x}: tower_http::trace::on_response: finished processing request latency=12 ms status=200",
    ),
    line(
        "ASP.NET Core, console",
        "dotnet-console",
        End,
        "last, ms",
        Some(12_345),
        "info: Microsoft.AspNetCore.Hosting.Diagnostics[2]\n      Request finished HTTP/1.1 GET http://h/x - 200 - text/plain 12.3456ms",
    ),
    line(
        "IIS",
        "iis",
        End,
        "`time-taken`, ms",
        Some(120_003_000),
        "2026-11-20 10:00:00 10.0.0.1 GET /x a=b 80 - 10.0.0.2 curl/8.5.0 - 502 3 12030 120003",
    ),
    line(
        "Heroku's router",
        "logfmt",
        End,
        "`service`, with its unit",
        Some(30_000_000),
        r#"at=error code=H12 method=GET path="/x" host=h request_id=8601b555-6a83 connect=1ms service=30000ms status=503 bytes=0"#,
    ),
    line(
        "AWS Application Load Balancer",
        "aws-alb",
        End,
        "sum of three times, s",
        Some(1_000),
        r#"https 2026-11-20T10:00:00.123456Z app/shop/50dc 192.0.2.7:2817 10.0.0.2:80 0.000 0.001 0.000 502 - 34 366 "GET https://h:443/x HTTP/1.1" "curl/8.5.0" - -"#,
    ),
];

fn read<'a>(p: &Producer, line: &'a [u8]) -> Record<'a> {
    let Some(configured) = &p.configured else { return parse_any(line).expect(p.name) };
    let compiled: Result<Compiled, _> = match configured {
        Configured::Nginx(text) => nginx(text, Escape::Default),
        Configured::Apache(text) => apache_access(text),
        Configured::Haproxy(text) => haproxy(text),
    };
    let record = compiled.expect(p.name).parse(line).expect(p.name);
    record.into_owned()
}

#[test]
fn each_producer_means_what_the_table_says() {
    for p in PRODUCERS {
        let r = read(p, p.line.as_bytes());
        assert_eq!((r.format, r.anchor), (p.format, p.anchor), "{}", p.name);
        let Body::Access(a) = &r.body else { panic!("{}: no request", p.name) };
        assert_eq!(a.duration_us, p.us, "{}", p.name);
        assert!(p.us.is_none() || a.duration_unit_us > 0, "{}: no unit", p.name);
    }
}
