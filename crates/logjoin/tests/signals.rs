//! The table of signals as a whole: its shape, its documentation, and that ordinary lines stay silent.

use std::collections::BTreeSet;
use std::path::Path;

use logjoin::signals::{FAMILIES, Matcher, Meaning, Scope, Signal, SignalDef, reference_page};
use regex::bytes::RegexBuilder;

fn table() -> impl Iterator<Item = &'static SignalDef> {
    FAMILIES.iter().flat_map(|family| family.signals)
}

/// The program that a test has to name for an entry to be asked.
fn hint(def: &SignalDef) -> Option<&'static [u8]> {
    def.only_from.first().map(|program| program.as_bytes())
}

#[test]
fn entries_are_complete_and_named_once() {
    let mut ids = BTreeSet::new();
    for family in FAMILIES {
        assert!(ids.insert(family.id), "{}: the id of two families or entries", family.id);
        assert!(!family.title.is_empty() && !family.programs.is_empty(), "{}: unfinished", family.id);
        for def in family.signals {
            assert!(ids.insert(def.id), "{}: the id of two entries", def.id);
            assert!(
                def.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{}: not kebab-case",
                def.id
            );
            assert!(!def.title.is_empty() && !def.source.is_empty(), "{}: no title or source", def.id);
            assert!(!def.literals.is_empty() && !def.hits.is_empty(), "{}: no literal or example", def.id);
            assert!(def.literals.iter().all(|l| l.len() >= 4), "{}: a literal is too common", def.id);
        }
    }
}

#[test]
fn every_literal_is_reachable() {
    for def in table() {
        for (message, _) in def.hits {
            let lower = message.to_ascii_lowercase();
            assert!(
                def.literals.iter().any(|l| lower.contains(&l.to_ascii_lowercase())),
                "{}: no literal occurs in {message}",
                def.id
            );
        }
    }
}

#[test]
fn every_meaning_and_scope_is_used() {
    for meaning in Meaning::ALL {
        assert!(table().any(|def| def.meaning == *meaning), "{meaning:?} has no entry");
        assert!(!meaning.explain().is_empty());
    }
    for scope in Scope::ALL {
        assert!(table().any(|def| def.scope == *scope), "{scope:?} has no entry");
    }
}

#[test]
fn hits_are_found_by_their_own_entry_when_the_whole_table_is_asked() {
    let matcher = Matcher::new();
    let mut wrong = Vec::new();
    for def in table() {
        for (message, _) in def.hits {
            let found = matcher.find(message.as_bytes(), hint(def)).map(|signal| signal.def.id);
            if found != Some(def.id) {
                wrong.push(format!("{}: found as {found:?}: {message}", def.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} messages:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn hits_give_exactly_the_captures_that_they_list() {
    for def in table() {
        let Some(pattern) = def.pattern else {
            assert!(def.hits.iter().all(|(_, captures)| captures.is_empty()), "{}: no pattern", def.id);
            continue;
        };
        let regex = RegexBuilder::new(pattern).unicode(false).multi_line(true).build().expect(def.id);
        for (message, want) in def.hits {
            let captures =
                regex.captures(message.as_bytes()).unwrap_or_else(|| panic!("{}: {message}", def.id));
            let got: Vec<(&str, String)> = regex
                .capture_names()
                .flatten()
                .filter_map(|name| {
                    Some((name, String::from_utf8_lossy(captures.name(name)?.as_bytes()).into_owned()))
                })
                .filter(|(_, value)| !value.is_empty())
                .collect();
            let want: Vec<(&str, String)> =
                want.iter().map(|(name, value)| (*name, value.to_string())).collect();
            assert_eq!(got, want, "{}: {message}", def.id);
        }
    }
}

/// What a group's text became, where the field is a number: nothing that a pattern captures may be lost.
#[test]
fn captured_numbers_reach_their_fields() {
    let matcher = Matcher::new();
    for def in table() {
        for (message, captures) in def.hits {
            let Some(signal) = matcher.signals(message.as_bytes(), hint(def)).find(|s| s.def.id == def.id)
            else {
                panic!("{}: {message}", def.id);
            };
            for (name, value) in *captures {
                assert!(is_filled(&signal, name), "{}: {name}={value} is lost: {message}", def.id);
            }
        }
    }
}

fn is_filled(signal: &Signal<'_>, group: &str) -> bool {
    match group {
        "pid" => signal.pid.is_some(),
        "worker" => signal.worker.is_some(),
        "unit" => signal.unit.is_some(),
        "signal" => signal.signal.is_some(),
        "code" => signal.code.is_some(),
        "port" => signal.port.is_some(),
        "addr" => signal.addr.is_some(),
        "method" => signal.method.is_some(),
        "path" => signal.path.is_some(),
        "seconds" | "ms" | "ns" => signal.duration_ms.is_some(),
        "since" => signal.since.is_some(),
        "limit" => signal.limit.is_some(),
        "reason" => signal.reason.is_some(),
        "name" => signal.name.is_some(),
        "thread" => signal.thread.is_some(),
        _ => false,
    }
}

#[test]
fn ordinary_request_lines_are_silent() {
    const TARGETS: &[&str] = &[
        "/",
        "/cart?id=42",
        "/docs/too-many-open-files",
        "/docs/errors/EMFILE",
        "/docs/errors/ECONNRESET?from=ETIMEDOUT",
        "/man/SIGTERM",
        "/blog/out-of-memory",
        "/blog/OOMKilled",
        "/javadoc/java.lang.OutOfMemoryError",
        "/javadoc/java.net.UnknownHostException.html",
        "/search?q=worker+timeout+killed",
        "/search?q=panic%3A%20deadlock",
        "/deadlock",
        "/news/shutting-down-the-server",
        "/help/slow-query",
        "/ERR_HTTP_HEADERS_SENT",
        "/CERT_HAS_EXPIRED",
        "/api/v1/health-check/failed",
        "/NXDOMAIN",
        "/Traceback",
        "/fatal",
        "/login/permission-denied",
        "/UnhandledPromiseRejection",
        "/CrashLoopBackOff",
        "/blog/ImagePullBackOff",
        "/NodeNotReady",
        "/PoolTimeout",
        "/MongoServerSelectionError",
        "/ECONNREFUSED",
        "/ENOSPC",
        "/BrokenPipeError",
        "/ClientDisconnect",
        "/x509-certificate",
        "/std::bad_alloc",
        "/GenServer",
        "/Net::ReadTimeout",
        "/HPE_INVALID_METHOD",
        "/System.OutOfMemoryException",
        "/NoBrokersAvailable",
        "/source=rack-timeout",
    ];
    let matcher = Matcher::new();
    let mut loud = Vec::new();
    for target in TARGETS {
        for line in [
            format!(
                r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET {target} HTTP/1.1" 200 157 "-" "curl/8.5.0""#
            ),
            format!(r#"10.0.0.5:41234 - "GET {target} HTTP/1.1" 200 OK"#),
            format!("GET {target} 200 12.4ms"),
            format!("GET {target} handled, user=17"),
            format!("GET {target} for 10.0.0.1 at 2026-11-20 10:00:00 +0000"),
            format!(
                "[pid: 7|app: 0|req: 3/3] 10.0.0.1 () {{36 vars in 512 bytes}} [Fri Nov 20 10:00:00 2026] GET {target} => \
                 generated 120 bytes in 12 msecs (HTTP/1.1 200) 2 headers in 71 bytes (1 switches on core 0)"
            ),
            format!(
                r#"{{"method":"GET","url":"{target}","remoteAddress":"192.0.2.7"}} request completed responseTime=3"#
            ),
            format!("Completed 200 OK in 12ms (Views: 3.1ms | ActiveRecord: 2.0ms) for {target}"),
            format!(r#"time="2026-11-20T10:00:00Z" msg="request" path="{target}" status=200 duration=3ms"#),
        ] {
            for signal in matcher.signals(line.as_bytes(), None) {
                let quiet = signal.def.meaning == Meaning::Noise || signal.def.meaning.is_lifecycle();
                if !quiet {
                    loud.push(format!("{}: {line}", signal.def.id));
                }
            }
        }
    }
    assert!(loud.is_empty(), "{} lines:\n{}", loud.len(), loud.join("\n"));
}

#[test]
fn a_message_may_hold_several_signals_in_the_order_of_the_table() {
    let matcher = Matcher::new();
    let text = b"Error handling request /cart\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\n\
        psycopg2.OperationalError: connection to server at \"db\" (10.0.0.2), port 5432 failed: Connection refused";
    let ids: Vec<&str> = matcher.signals(text, None).map(|s| s.def.id).collect();
    assert_eq!(
        ids,
        [
            "gunicorn-request-error",
            "client-db-refused",
            "connection-refused",
            "python-traceback",
            "error-line"
        ],
        "the outer event first, then what it names"
    );
    let database =
        matcher.signals(text, None).find(|s| s.def.id == "client-db-refused").expect("the database");
    assert_eq!((database.addr, database.port), (Some(&b"db"[..]), Some(5432)));
}

#[test]
fn any_bytes_are_taken() {
    let matcher = Matcher::new();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let hits: Vec<&[u8]> = table().flat_map(|def| def.hits).map(|(message, _)| message.as_bytes()).collect();
    for hit in &hits {
        // cut and overwritten messages: whatever comes out, it borrows from the bytes that went in
        for _ in 0..8 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let mut bytes = hit.to_vec();
            let at = seed as usize % bytes.len();
            bytes[at] = (seed >> 32) as u8;
            bytes.truncate(bytes.len() - (seed >> 16) as usize % 4);
            for signal in matcher.signals(&bytes, None) {
                assert!(signal.path.is_none_or(|path| path.len() <= bytes.len()));
            }
        }
    }
    assert!(matcher.find(b"", None).is_none());
    assert!(matcher.find(&[0xff; 4096], Some(b"")).is_none());
}

#[test]
fn the_page_in_docs_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/signals.md");
    let page = reference_page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("docs/");
        std::fs::write(&path, &page).expect("docs/signals.md");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/signals.md is out of date; run the tests with UPDATE_EXPECT=1");
}
