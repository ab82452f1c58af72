//! Records borrow from their lines: nothing is copied where no escape has to be undone, and nothing else is allocated.

use std::borrow::Cow;

use logjoin_parse::formats::FORMATS;
use logjoin_parse::{Body, Record, Text, parse_any};

/// The texts of a record with their names, and how many fields it has beside those that are named.
fn texts<'r, 'a>(record: &'r Record<'a>) -> (Vec<(&'static str, &'r Text<'a>)>, usize) {
    macro_rules! of {
        ($from:expr; $($field:ident)*; $($more:expr),*) => {{
            let optional = [$((stringify!($field), $from.$field.as_ref())),*];
            let mut found: Vec<_> = optional.into_iter().filter_map(|(n, t)| t.map(|t| (n, t))).collect();
            let more: Vec<(&'static str, &Text<'_>)> = vec![$($more),*];
            found.extend(more);
            found
        }};
    }
    match &record.body {
        Body::Access(a) => {
            let mut all = of!(a; client_ip user method path request http_version referrer user_agent xff vhost host request_id
                error_log_id thread level message;);
            all.extend(of!(a.upstream; name addr status connect_time header_time response_time response_length bytes_received;));
            if let Some(h) = &a.haproxy {
                all.extend(of!(h; frontend backend server termination_state captured_request_headers
                    captured_response_headers;));
            }
            (all, a.extra.capacity())
        }
        Body::Error(e) => {
            let all = of!(e; level module error_code os_error action client_ip vserver request method path http_version
                subrequest upstream host referrer request_id frontend bind; ("message", &e.message));
            (all, 0)
        }
        Body::State(s) => (of!(s; level backend server check_reason check_info; ("message", &s.message)), 0),
        Body::Log(l) => {
            let all =
                of!(l; level logger thread program host request_id exception error; ("message", &l.message));
            (all, l.extra.capacity())
        }
    }
}

/// Formats of which some samples hold escapes or fields without a place of their own; IIS writes target and query apart.
const COPYING: [&str; 4] = ["iis", "json", "logfmt", "monolog"];

#[test]
fn samples_are_borrowed() {
    let (mut looked_at, mut wrong) = (0, Vec::new());
    for format in FORMATS.iter().filter(|f| !COPYING.contains(&f.id)) {
        for sample in format.samples.iter().filter(|s| !s.contains(['\\', '\n']) && !s.contains("\"\"")) {
            let Ok(record) = (format.parse)(sample.as_bytes()) else { continue };
            looked_at += 1;
            let owned = texts(&record).0.into_iter().filter(|(_, t)| matches!(t, Cow::Owned(_)));
            wrong.extend(owned.map(|(name, _)| format!("{}: {name} of {sample}", format.id)));
        }
    }
    assert!(wrong.is_empty(), "copied:\n{}", wrong.join("\n"));
    assert!(looked_at > 100, "{looked_at}");
}

#[test]
fn lines_of_the_proxies_allocate_nothing() {
    let lines = [
        r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157 "-" "curl/8.5.0""#,
        r#"2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.1, server: x, request: "GET /cart HTTP/1.1", upstream: "http://10.0.0.1:80/cart", host: "x""#,
        "[Sat Nov 21 02:47:17.123456 2026] [proxy:error] [pid 7:tid 8] (111)Connection refused: AH00957: HTTP: attempt to connect to 10.0.0.1:80 (10.0.0.1) failed",
        "192.0.2.1:4711 [21/Nov/2026:02:47:17.123] http-in app/app1 0/0/1/2/3 502 150 - - SH-- 1/1/0/0/0 0/0 \"GET /cart HTTP/1.1\"",
    ];
    for line in lines {
        let record = parse_any(line.as_bytes()).expect(line);
        let (all, extra) = texts(&record);
        assert!(all.iter().all(|(_, t)| matches!(t, Cow::Borrowed(_))) && extra == 0, "{line}: {record:?}");
    }
}
