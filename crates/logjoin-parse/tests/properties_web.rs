//! No input makes a web format panic, and what a record borrows is part of the line.

use std::borrow::Cow;

use logjoin_parse::formats::FORMATS;
use logjoin_parse::{Body, FormatDef, Product, Record, Text};
use proptest::prelude::*;

fn web() -> impl Iterator<Item = &'static FormatDef> {
    FORMATS.iter().copied().filter(|f| {
        matches!(f.product, Product::Nginx | Product::Apache)
            || ["common", "combined", "combined-quoted", "combined-extra", "vhost-combined"].contains(&f.id)
    })
}

/// Every text of an access or error record.
fn texts<'r, 'a>(record: &'r Record<'a>) -> Vec<&'r Text<'a>> {
    match &record.body {
        Body::Access(a) => {
            let up = &a.upstream;
            [
                &a.client_ip,
                &a.user,
                &a.method,
                &a.path,
                &a.request,
                &a.http_version,
                &a.referrer,
                &a.user_agent,
                &a.xff,
                &a.vhost,
                &a.host,
                &a.request_id,
                &a.error_log_id,
                &a.thread,
                &a.level,
                &a.message,
                &up.name,
                &up.addr,
                &up.status,
                &up.connect_time,
                &up.header_time,
                &up.response_time,
                &up.response_length,
                &up.bytes_received,
            ]
            .into_iter()
            .flatten()
            .chain(a.extra.iter().map(|(_, v)| v))
            .collect()
        }
        Body::Error(e) => [
            &e.level,
            &e.module,
            &e.error_code,
            &e.os_error,
            &e.action,
            &e.client_ip,
            &e.vserver,
            &e.request,
            &e.method,
            &e.path,
            &e.http_version,
            &e.subrequest,
            &e.upstream,
            &e.host,
            &e.referrer,
            &e.request_id,
            &e.frontend,
            &e.bind,
        ]
        .into_iter()
        .flatten()
        .chain([&e.message])
        .collect(),
        _ => Vec::new(),
    }
}

fn check(line: &[u8]) {
    for f in web() {
        if let Ok(record) = (f.parse)(line) {
            let range = line.as_ptr_range();
            for t in texts(&record) {
                if let Cow::Borrowed(b) = t
                    && !b.is_empty()
                {
                    let inside = b.as_ptr_range();
                    assert!(range.start <= inside.start && inside.end <= range.end, "{}: {b:?}", f.id);
                }
            }
            // Reading the lists of attempts must not panic either.
            if let Body::Access(a) = &record.body {
                a.upstream.attempts();
            }
        }
    }
}

fn sample() -> impl Strategy<Value = Vec<u8>> {
    let all: Vec<&'static str> = web().flat_map(|f| f.samples.iter().copied()).collect();
    prop::sample::select(all).prop_map(|s| s.as_bytes().to_vec())
}

/// One change of a line: cut it, drop a part, put bytes in, or double a part.
fn change() -> impl Strategy<Value = (u8, prop::sample::Index, prop::sample::Index, Vec<u8>)> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            &b"\""[..],
            b"\\",
            b" : ",
            b", ",
            b"]",
            b"[",
            b" - ",
            b"\", host: \"",
            b", client: ",
            b"(1",
            b"=\"",
            b"\n",
            b"\xff",
            b":",
            b"{",
            b" 200 5",
        ])
        .prop_map(<[u8]>::to_vec),
    ];
    (0u8..4, any::<prop::sample::Index>(), any::<prop::sample::Index>(), piece)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn arbitrary_bytes(line in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&line);
    }

    #[test]
    fn changed_samples(line in sample(), changes in prop::collection::vec(change(), 1..5)) {
        let mut line = line;
        for (what, a, b, piece) in changes {
            let (a, b) = (a.index(line.len() + 1), b.index(line.len() + 1));
            let (a, b) = (a.min(b), a.max(b));
            match what {
                0 => line.truncate(b),
                1 => drop(line.drain(a..b)),
                2 => drop(line.splice(a..a, piece)),
                _ => {
                    let part = line[a..b].to_vec();
                    line.splice(b..b, part);
                }
            }
        }
        check(&line);
    }
}

#[test]
fn every_cut_of_every_sample() {
    for f in web() {
        for s in f.samples {
            for n in 0..s.len() {
                check(&s.as_bytes()[..n]);
                check(&s.as_bytes()[n..]);
            }
        }
    }
}

#[test]
fn samples_need_no_copies() {
    for f in web() {
        for s in f.samples.iter().filter(|s| !s.contains("\\\"")) {
            let record = (f.parse)(s.as_bytes()).expect("a sample");
            assert!(texts(&record).iter().all(|t| matches!(t, Cow::Borrowed(_))), "{s}");
        }
    }
}
