//! The lines of the proxy, and its configuration.

use std::fmt::Write;

use super::scenario::{Front, Scenario, Stamps};
use super::traffic::{Fate, Request};
use super::when;

/// Bytes of the proxies' own error pages.
const PAGE: u64 = 157;

/// A file to be: its path, and its lines with the moment at which each is written.
pub struct Lines {
    /// Path in the scenario's folder.
    pub path: String,
    /// Moment, number of the request (where the line is its access line), text.
    pub lines: Vec<(f64, Option<usize>, String)>,
}

/// Address of a backend, as the proxy is configured.
pub fn address(s: &Scenario, server: usize) -> String {
    format!("10.0.1.{}:8000", 11 + server / s.per_address.max(1))
}

/// The logs of the proxy; the first one is the access log.
pub fn logs(s: &Scenario, requests: &[Request]) -> Vec<Lines> {
    let (access, error) = match s.front {
        Front::Nginx => ("logs/edge/access.log", "logs/edge/error.log"),
        Front::Haproxy => ("logs/edge/haproxy.log", ""),
        Front::Apache => ("logs/edge/access.log", "logs/edge/error.log"),
    };
    let mut own = Lines { path: access.into(), lines: Vec::new() };
    let mut errors = Lines { path: error.into(), lines: Vec::new() };
    for r in requests.iter().filter(|r| r.fate.is_proxied()) {
        let line = match s.front {
            Front::Nginx => nginx(s, r),
            Front::Haproxy => haproxy(s, r),
            Front::Apache => apache(s, r),
        };
        own.lines.push((r.end, Some(r.number), line));
        let messages = match s.front {
            Front::Nginx => nginx_error(s, r).into_iter().collect(),
            Front::Haproxy => Vec::new(),
            Front::Apache => apache_error(s, r),
        };
        errors.lines.extend(messages.into_iter().map(|m| (r.end, None, m)));
    }
    if error.is_empty() { vec![own] } else { vec![own, errors] }
}

/// The status that the client gets.
pub fn status(front: Front, r: &Request) -> u16 {
    match (r.fate, front) {
        (Fate::Served | Fate::Direct, _) => r.status,
        (Fate::Answered, _) => 503,
        (Fate::Late | Fate::Lost, Front::Nginx | Front::Haproxy) => 504,
        (Fate::Refused, Front::Nginx) => 502,
        (Fate::Refused, _) => 503,
        // httpd answers a time-out while it reads the status line like a closed connection.
        (Fate::Late | Fate::Lost | Fate::Closed | Fate::Silent, _) => 502,
    }
}

fn bytes(r: &Request) -> u64 {
    if matches!(r.fate, Fate::Served | Fate::Answered) { r.bytes } else { PAGE }
}

/// What HAProxy counts beside the body: the status line and the headers, of which the length and the kind of the content
/// vary.
fn headers(r: &Request) -> u64 {
    let digits = bytes(r).to_string().len() as u64;
    let reason = if r.status == 404 { 9 } else { 2 };
    let kind = if r.method == "POST" { 16 } else { 24 };
    150 + digits + reason + kind
}

fn nginx(s: &Scenario, r: &Request) -> String {
    let spent = format!("{:.3}", r.end - r.start);
    let (connect, header) = match r.fate {
        Fate::Refused => ("-", "-"),
        Fate::Served | Fate::Answered => ("0.000", spent.as_str()),
        _ => ("0.000", "-"),
    };
    let status = status(s.front, r);
    let (bytes, to) = (bytes(r), address(s, r.server));
    if s.stamps == Stamps::Millis && !s.own_format {
        let id = if s.ids { format!(",\"request_id\":\"{}\"", r.id) } else { String::new() };
        let times = if s.durations {
            format!(
                ",\"request_time\":\"{spent}\",\"upstream_connect_time\":\"{connect}\",\"upstream_header_time\":\"{header}\",\"upstream_response_time\":\"{spent}\""
            )
        } else {
            String::new()
        };
        return format!(
            "{{\"msec\":\"{}\",\"remote_addr\":\"{}\",\"request\":\"{} {} HTTP/1.1\",\"status\":\"{status}\",\"body_bytes_sent\":\"{bytes}\",\"http_user_agent\":\"{}\"{times},\"upstream_addr\":\"{to}\",\"upstream_status\":\"{status}\"{id}}}",
            when::epoch(s.start, r.end),
            r.client.0,
            r.method,
            r.target,
            r.agent,
        );
    }
    let id = if s.ids { format!(" rid={}", r.id) } else { String::new() };
    let spent = if s.durations {
        format!("rt={spent} uct=\"{connect}\" uht=\"{header}\" urt=\"{spent}\" ")
    } else {
        String::new()
    };
    let times = format!("{spent}ua=\"{to}\" us=\"{status}\"{id}");
    if s.own_format {
        return format!(
            "{} <{}> {} \"{} {}\" {bytes} \"{}\" {times}",
            when::epoch(s.start, r.end),
            r.client.0,
            status,
            r.method,
            r.target,
            r.agent,
        );
    }
    format!(
        "{} - - [{}] \"{} {} HTTP/1.1\" {status} {bytes} \"-\" \"{}\" {times}",
        r.client.0,
        when::local(s.start, r.end),
        r.method,
        r.target,
        r.agent,
    )
}

fn nginx_error(s: &Scenario, r: &Request) -> Option<String> {
    let what = match r.fate {
        Fate::Refused => "connect() failed (111: Connection refused) while connecting to upstream",
        Fate::Late | Fate::Lost => {
            "upstream timed out (110: Connection timed out) while reading response header from upstream"
        }
        Fate::Closed | Fate::Silent => {
            "upstream prematurely closed connection while reading response header from upstream"
        }
        Fate::Served | Fate::Answered | Fate::Direct => return None,
    };
    Some(format!(
        "{} [error] 812#812: *{} {what}, client: {}, server: shop.example, request: \"{} {} HTTP/1.1\", upstream: \"http://{}{}\", host: \"shop.example\"",
        when::nginx_error(s.start, r.end),
        r.number + 1,
        r.client.0,
        r.method,
        r.target,
        address(s, r.server),
        r.target,
    ))
}

fn haproxy(s: &Scenario, r: &Request) -> String {
    let total = ((r.end - r.start) * 1e3) as i64;
    let (connect, response, flags) = match r.fate {
        Fate::Served | Fate::Answered | Fate::Direct => (0, total, "----"),
        Fate::Refused => (-1, -1, "SC--"),
        Fate::Late | Fate::Lost => (0, -1, "sH--"),
        Fate::Closed | Fate::Silent => (0, -1, "SH--"),
    };
    let id = if s.ids { format!(" {{{}}}", r.id) } else { String::new() };
    format!(
        "{} edge haproxy[812]: {}:{} [{}] www api/{} 0/0/{connect}/{response}/{total} {} {} - - {flags} 9/9/3/1/0 0/0{id} \"{} {} HTTP/1.1\"",
        when::syslog(s.start, r.end),
        r.client.0,
        r.client.1,
        when::haproxy(s.start, r.start),
        server_name(r.server / s.per_address.max(1)),
        status(s.front, r),
        bytes(r) + headers(r),
        r.method,
        r.target,
    )
}

fn apache(s: &Scenario, r: &Request) -> String {
    let stamp = match s.stamps {
        Stamps::Seconds => when::local(s.start, r.start),
        Stamps::Millis => when::local_fraction(s.start, r.start),
    };
    let mut line = format!(
        "{} - - [{stamp}] \"{} {} HTTP/1.1\" {} {} \"-\" \"{}\" {} +",
        r.client.0,
        r.method,
        r.target,
        status(s.front, r),
        bytes(r),
        r.agent,
        ((r.end - r.start) * 1e6) as i64,
    );
    if s.ids {
        let _ = write!(line, " {}", r.id);
    }
    line
}

fn apache_error(s: &Scenario, r: &Request) -> Vec<String> {
    let stamp = when::apache_error(s.start, r.end);
    let client = format!("[client {}:{}]", r.client.0, r.client.1);
    let to = address(s, r.server);
    let head = |module: &str| format!("[{stamp}] [{module}:error] [pid 812:tid 140036695598784]");
    let failed = format!(
        "{} {client} AH00898: Error reading from remote server returned by {}",
        head("proxy"),
        r.target.split('?').next().unwrap_or_default()
    );
    let reading = |errno: &str| {
        format!(
            "{} {errno}: {client} AH01102: error reading status line from remote server {to}",
            head("proxy_http")
        )
    };
    match r.fate {
        Fate::Refused => vec![
            format!(
                "{} (111)Connection refused: AH00957: http: attempt to connect to {to} ({to}) failed",
                head("proxy")
            ),
            format!(
                "{} {client} AH01114: HTTP: failed to make connection to backend: {}",
                head("proxy_http"),
                to.split(':').next().unwrap_or_default()
            ),
        ],
        Fate::Late | Fate::Lost => vec![reading("(70007)The timeout specified has expired"), failed],
        Fate::Closed | Fate::Silent => vec![reading("(104)Connection reset by peer"), failed],
        Fate::Served | Fate::Answered | Fate::Direct => Vec::new(),
    }
}

fn server_name(server: usize) -> String {
    format!("app-{}", server + 1)
}

/// Path and text of the proxy's configuration.
pub fn configuration(s: &Scenario) -> (String, String) {
    let servers = |prefix: &str, suffix: &str, is_named: bool| -> String {
        (0..s.clocks.len().div_ceil(s.per_address.max(1)))
            .map(|i| {
                let name = if is_named { format!("{} ", server_name(i)) } else { String::new() };
                format!("    {prefix}{name}{}{suffix}\n", address(s, i * s.per_address.max(1)))
            })
            .collect()
    };
    let timeout = s.timeout_s;
    let (path, text) = match s.front {
        Front::Nginx => (
            "conf/edge/nginx.conf",
            format!(
                "events {{ }}\nhttp {{\n  log_format main {};\n  access_log /var/log/nginx/access.log main;\n  upstream api {{\n{}  }}\n  server {{\n    listen 80;\n    server_name shop.example;\n    location / {{\n      proxy_pass http://api;\n      proxy_read_timeout {timeout}s;\n      proxy_next_upstream off;\n    }}\n  }}\n}}\n",
                nginx_format(s),
                servers("server ", " max_fails=0;", false)
            ),
        ),
        Front::Haproxy => (
            "conf/edge/haproxy.cfg",
            format!(
                "defaults\n    mode http\n    log global\n    option httplog\n    timeout connect 1s\n    timeout client 30s\n    timeout server {timeout}s\n\nfrontend www\n    bind :80\n{}    default_backend api\n\nbackend api\n{}",
                if s.ids { "    capture request header X-Request-ID len 64\n" } else { "" },
                servers("server ", "", true)
            ),
        ),
        Front::Apache => {
            let id = if s.ids { " %{X-Request-ID}i" } else { "" };
            let stamp = match s.stamps {
                Stamps::Seconds => "%t",
                Stamps::Millis => "[%{%d/%b/%Y:%H:%M:%S}t.%{usec_frac}t %{%z}t]",
            };
            (
                "conf/edge/httpd.conf",
                format!(
                    "ServerName shop.example\nListen 80\nLogFormat \"%h %l %u {stamp} \\\"%r\\\" %>s %b \\\"%{{Referer}}i\\\" \\\"%{{User-Agent}}i\\\" %D %X{id}\" main\nCustomLog /var/log/apache/access.log main\nErrorLog /var/log/apache/error.log\n<Proxy balancer://api>\n{}</Proxy>\nProxyPass \"/\" \"balancer://api/\" timeout={timeout}\n",
                    servers("BalancerMember http://", " retry=0", false)
                ),
            )
        }
    };
    (path.into(), text)
}

/// The format as nginx is told it: parameter and strings.
fn nginx_format(s: &Scenario) -> String {
    let id = if s.ids { " rid=$request_id" } else { "" };
    let spent = if s.durations {
        "rt=$request_time uct=\"$upstream_connect_time\" uht=\"$upstream_header_time\" urt=\"$upstream_response_time\" "
    } else {
        ""
    };
    let times = format!("{spent}ua=\"$upstream_addr\" us=\"$upstream_status\"{id}");
    if s.own_format {
        return format!(
            "'$msec <$remote_addr> $status \"$request_method $request_uri\" $body_bytes_sent \"$http_user_agent\" {times}'"
        );
    }
    if s.stamps == Stamps::Seconds {
        return format!(
            "'$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" {times}'"
        );
    }
    let mut names = vec!["msec", "remote_addr", "request", "status", "body_bytes_sent", "http_user_agent"];
    if s.durations {
        names.extend([
            "request_time",
            "upstream_connect_time",
            "upstream_header_time",
            "upstream_response_time",
        ]);
    }
    names.extend(["upstream_addr", "upstream_status"]);
    names.extend(s.ids.then_some("request_id"));
    let members: Vec<String> = names.iter().map(|n| format!("\"{n}\":\"${n}\"")).collect();
    format!("escape=json '{{{}}}'", members.join(","))
}
