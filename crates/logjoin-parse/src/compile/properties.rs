//! What holds for every format and every line: values printed as the proxy prints them come back,
//! and nothing panics.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;

/// A value as nginx's `escape=default`, JSON, Apache or HAProxy writes it.
fn print(value: &[u8], how: &str) -> Vec<u8> {
    let mut out = String::new();
    let mut raw = Vec::new();
    for &b in value {
        match (how, b) {
            ("nginx", b'"' | b'\\' | 0..0x20 | 0x7f..) => _ = write!(out, "\\x{b:02X}"),
            ("json" | "apache", b'"' | b'\\') => _ = write!(out, "\\{}", char::from(b)),
            ("json" | "apache", b'\n') => out.push_str("\\n"),
            ("json", 0..0x20) => _ = write!(out, "\\u{b:04X}"),
            ("apache", 0..0x20 | 0x7f..) => _ = write!(out, "\\x{b:02x}"),
            ("haproxy", b'"' | b'#' | 0..0x20 | 0x7f..) => _ = write!(out, "#{b:02X}"),
            ("json", 0x7f..) => {
                raw.extend_from_slice(out.as_bytes());
                raw.push(b);
                out.clear();
            }
            _ => out.push(char::from(b)),
        }
    }
    raw.extend_from_slice(out.as_bytes());
    raw
}

/// Bytes that a client may send, none of them a lone `-`.
fn value() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(
        prop_oneof![4 => 0x20u8..0x7f, 1 => any::<u8>(), 1 => prop::sample::select(&b"\" \\#-"[..])],
        1..20,
    )
    .prop_filter("a lone dash means nothing", |v| v != b"-" && v != b"\"\"")
}

fn list() -> impl Strategy<Value = String> {
    let element = prop_oneof![
        "10\\.0\\.0\\.[1-9]:80",
        "\\[::1\\]:8080",
        "unix:/run/[a-z]{1,5}",
        Just("group".to_owned())
    ];
    (prop::collection::vec((element, prop::bool::ANY), 1..4), prop::bool::ANY).prop_map(|(parts, open)| {
        let mut out = String::new();
        for (i, (part, pass)) in parts.iter().enumerate() {
            if 0 < i {
                out.push_str(if *pass { " : " } else { ", " });
            }
            out.push_str(part);
        }
        if open {
            out.push_str(" : ");
        }
        out
    })
}

/// The fields of one line and what they hold.
#[derive(Debug, Clone)]
struct Line {
    agent: Vec<u8>,
    path: Vec<u8>,
    id: String,
    status: u16,
    ms: u32,
    upstream: String,
    epoch_ms: i64,
}

fn line() -> impl Strategy<Value = Line> {
    (
        value(),
        value(),
        "[0-9a-f]{8}",
        0u16..600,
        0u32..100_000,
        list(),
        1_000_000_000_000i64..2_000_000_000_000,
    )
        .prop_map(|(agent, path, id, status, ms, upstream, epoch_ms)| Line {
            agent,
            path,
            id,
            status,
            ms,
            upstream,
            epoch_ms,
        })
}

/// Fields of a product: text in the format, and what the proxy prints for it.
fn fields(product: &str, l: &Line) -> Vec<(&'static str, Vec<u8>)> {
    let text = |v: &[u8]| print(v, product);
    let seconds = format!("{}.{:03}", l.ms / 1000, l.ms % 1000);
    let at = chrono::DateTime::from_timestamp_millis(l.epoch_ms).expect("a time");
    match product {
        "nginx" | "json" => vec![
            ("\"$request_uri\"", [b"\"", &text(&l.path)[..], b"\""].concat()),
            ("ua:\"$http_user_agent\"", [b"ua:\"", &text(&l.agent)[..], b"\""].concat()),
            ("$status", format!("{:03}", l.status).into()),
            ("rt=$request_time", format!("rt={seconds}").into()),
            ("<$upstream_addr>", format!("<{}>", l.upstream).into()),
            ("id=${request_id}", format!("id={}", l.id).into()),
            ("$msec", format!("{}.{:03}", l.epoch_ms / 1000, l.epoch_ms % 1000).into()),
        ],
        "apache" => vec![
            ("\\\"%U%q\\\"", [b"\"", &text(&l.path)[..], b"\""].concat()),
            ("\"%{User-agent}i\"", [b"\"", &text(&l.agent)[..], b"\""].concat()),
            ("%>s", format!("{:03}", l.status).into()),
            ("%{ms}T", l.ms.to_string().into()),
            ("<%{X-Request-Id}o>", format!("<{}>", l.id).into()),
            (
                "%{%Y-%m-%d %H:%M:%S}t.%{msec_frac}t %{%z}t",
                at.format("%Y-%m-%d %H:%M:%S%.3f +0000").to_string().into(),
            ),
        ],
        _ => vec![
            ("%{+Q}HU", [b"\"", &text(&l.path)[..], b"\""].concat()),
            ("\"%[req.hdr(User-Agent)]\"", [b"\"", &text(&l.agent)[..], b"\""].concat()),
            ("%ST", l.status.to_string().into()),
            ("%Ta", l.ms.to_string().into()),
            ("%ID", l.id.clone().into()),
            ("%Tl.%ms", at.format("%d/%b/%Y:%H:%M:%S +0000.%3f").to_string().into()),
        ],
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_was_printed_comes_back(
        l in line(),
        product in prop::sample::select(vec!["nginx", "json", "apache", "haproxy"]),
        order in Just((0..7usize).collect::<Vec<_>>()).prop_shuffle(),
        separator in prop::sample::select(vec![" ", " - ", "|", " | ", "; "]),
    ) {
        let fields = fields(product, &l);
        let order: Vec<usize> = order.into_iter().filter(|i| *i < fields.len()).collect();
        let format = order.iter().map(|i| fields[*i].0).collect::<Vec<_>>().join(separator);
        let printed = order.iter().map(|i| &fields[*i].1[..]).collect::<Vec<_>>().join(separator.as_bytes());
        let compiled = match product {
            "nginx" => nginx(&format, Escape::Default),
            "json" => nginx(&format, Escape::Json),
            "apache" => apache_access(&format),
            _ => haproxy(&format),
        }
        .unwrap_or_else(|e| panic!("{e}"));
        let shown = String::from_utf8_lossy(&printed).into_owned();
        let record = compiled.parse(&printed).unwrap_or_else(|e| panic!("{e}\n{format}\n{shown}"));
        let Body::Access(a) = &record.body else { panic!("an access line") };
        prop_assert_eq!(a.status, Some(i32::from(l.status)), "{}", shown);
        prop_assert_eq!(a.duration_us, Some(i64::from(l.ms) * 1000), "{}", shown);
        prop_assert_eq!(a.path.as_deref(), Some(&l.path[..]), "{}", shown);
        prop_assert_eq!(a.user_agent.as_deref(), Some(&l.agent[..]), "{}", shown);
        prop_assert_eq!(a.request_id.as_deref(), Some(l.id.as_bytes()), "{}", shown);
        if matches!(product, "nginx" | "json") {
            prop_assert_eq!(a.upstream.addr.as_deref(), Some(l.upstream.as_bytes()), "{}", shown);
        }
        let stamp = record.stamp.expect("a time");
        prop_assert_eq!(stamp.utc_ns(0), l.epoch_ms * 1_000_000, "{}", shown);
    }

    #[test]
    fn no_format_and_no_line_panics(
        format in "([$%][\\[{(]?[a-zA-Z_>+:\\-]{0,14}[\\]})]?[a-zA-Z]?|[ \"\\\\:,|/é-]{0,3}|\\$(status|request|upstream_addr|msec|args|uri)|%(t|r|hr|E|M|ci|ST)){0,8}",
        line in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(&b" \"\\#{}:,-0129./"[..])], 0..80),
    ) {
        for compiled in [
            nginx(&format, Escape::Default),
            nginx(&format, Escape::Json),
            nginx(&format, Escape::None),
            apache_access(&format),
            apache_error(&format),
            haproxy(&format),
        ] {
            match compiled {
                Ok(c) => {
                    if let Err(e) = c.parse(&line) {
                        prop_assert!(e.offset <= line.len());
                    }
                    _ = c.fields().count();
                }
                Err(e) => {
                    prop_assert!(e.offset() <= format.len());
                    _ = e.to_string();
                }
            }
        }
    }

    #[test]
    fn damaged_lines_do_not_panic(cut in 0usize..200, at in 0usize..200, byte in any::<u8>()) {
        let f = haproxy("%ci:%cp [%tr] %ft %b/%s %TR/%Tw %ST %hr %hs %{+Q}r").expect("a format");
        let g = apache_error("[%{u}t] [%-m:%l] %7F: %E: [client\\ %a] %M").expect("a format");
        for (format, line) in [
            (f, &br#"192.0.2.1:5 [21/Nov/2026:02:09:07.209] fe~ be/s1 0/0 200 {a|b} {} "GET / HTTP/1.1""#[..]),
            (g, b"[Sat Nov 21 01:59:48.882323 2026] [proxy:error] a.c(1): (111)Refused: [client 1.2.3.4:5] AH00957: x"),
        ] {
            let mut line = line[..cut.min(line.len())].to_vec();
            if let Some(b) = line.get_mut(at) {
                *b = byte;
            }
            _ = format.parse(&line);
        }
    }
}

/// A line that fits nowhere, of a format in which everything could be anywhere, is given up in good time.
#[test]
fn hopeless_lines_end() {
    let format = "$a $b $c $d $e $f $g $h $i $j $status";
    let f = nginx(format, Escape::None).expect("a format");
    let line = "x ".repeat(4000) + "y";
    let start = std::time::Instant::now();
    assert!(f.parse(line.as_bytes()).is_err());
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}
