//! A proxy may pass requests on under another path than the one that it was asked for. The recordings are changed so that it does,
//! in each way that is common, and must come to the same: the same causes, and the same lines of the backends.

use std::collections::BTreeMap;

use logjoin::{Analysis, CauseId};

use crate::world::{World, recordings};

const METHODS: [&str; 5] = ["GET ", "POST ", "PUT ", "DELETE ", "HEAD "];
const PROXIES: [&str; 3] = ["nginx", "apache", "haproxy"];

fn is_proxy(path: &str) -> bool {
    PROXIES.iter().any(|p| path.contains(&format!("logs/{p}/")))
}

/// Puts something before each path that follows a method.
fn with_prefix(bytes: &[u8], prefix: &str) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for method in METHODS {
        text = text.replace(&format!("{method}/"), &format!("{method}{prefix}/"));
    }
    // httpd's error lines name the path alone.
    text.replace("returned by /", &format!("returned by {prefix}/")).into_bytes()
}

/// Gives each request of a proxy a query; none is left in the other logs.
fn with_queries(path: &str, bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if is_proxy(path) {
        return text.replace(" HTTP/1", "?from=mail&n=3 HTTP/1").into_bytes();
    }
    let without = |word: &str| word.split('?').next().unwrap_or_default().to_owned();
    let words = text.split(' ').map(|w| if w.starts_with('/') { without(w) } else { w.to_owned() });
    words.collect::<Vec<_>>().join(" ").into_bytes()
}

fn changed(world: &World, change: impl Fn(&str, &[u8]) -> Option<Vec<u8>>) -> World {
    let mut other = world.clone();
    for log in &mut other.logs {
        log.bytes = change(&log.path, &log.bytes).unwrap_or_else(|| log.bytes.clone());
    }
    other
}

type Found = BTreeMap<(String, u64), (CauseId, Vec<(String, u64)>)>;

fn found(a: &Analysis) -> Found {
    let lines = |f: &logjoin::analysis::Failure| {
        let mut lines: Vec<(String, u64)> =
            f.backend.iter().map(|j| (j.at.file.clone(), j.at.line)).collect();
        lines.sort();
        lines
    };
    a.failures.iter().map(|f| ((f.file.clone(), f.line), (f.cause, lines(f)))).collect()
}

/// The causes are the same, and all but a few of the joins.
fn assert_same(name: &str, what: &str, as_recorded: &Analysis, rewritten: &Analysis) {
    let (one, other) = (found(as_recorded), found(rewritten));
    assert_eq!(one.len(), other.len(), "{name}, {what}: failures");
    let mut lost = 0;
    for (place, (cause, lines)) in &one {
        let (now, joined) = &other[place];
        assert_eq!(now, cause, "{name}, {what}: {place:?}");
        lost += usize::from(joined != lines);
    }
    assert!(lost * 20 <= one.len(), "{name}, {what}: {lost} of {} failures are joined otherwise", one.len());
}

#[test]
fn rewritten_paths_change_no_verdict() {
    for (name, world) in recordings("scenarios") {
        let as_recorded = world.analyze();
        let at = |proxies: Option<&str>, backends: Option<&str>| {
            changed(&world, |path, bytes| {
                let prefix = if is_proxy(path) { proxies } else { backends };
                prefix.map(|p| with_prefix(bytes, p))
            })
            .analyze()
        };
        for (what, proxies, backends) in [
            ("one part taken away", Some("/gate"), None),
            ("two parts taken away", Some("/gate/eu"), None),
            ("one part put before", None, Some("/inner")),
            ("two parts put before", None, Some("/inner/app")),
            ("another first part", Some("/gate"), Some("/inner")),
        ] {
            assert_same(&name, what, &as_recorded, &at(proxies, backends));
        }
    }
}

#[test]
fn backends_may_log_no_queries() {
    for (name, world) in recordings("scenarios") {
        let with = changed(&world, |path, bytes| Some(with_queries(path, bytes)));
        assert_same(&name, "no queries", &world.analyze(), &with.analyze());
    }
}

#[test]
fn what_was_found_of_the_paths_is_said() {
    let (_, world) =
        recordings("scenarios").into_iter().find(|(n, _)| n == "worker-crash").expect("a recording");
    let rewritten =
        changed(&world, |path, bytes| is_proxy(path).then(|| with_prefix(bytes, "/gate"))).analyze();
    let said = |a: &Analysis| {
        let notes = a.sources.iter().flat_map(|s| &s.assumptions);
        notes.filter(|n| n.contains("without the first part of the path")).count()
    };
    assert!(said(&rewritten) >= 3, "{:?}", rewritten.sources);
    assert_eq!(said(&world.analyze()), 0);
}

/// Messages that name paths tell a clock where the proxy logs queries with them, however few the paths are.
#[test]
fn messages_without_queries_tell_the_clock() {
    use std::fmt::Write;
    let (mut requests, mut messages) = (String::new(), String::new());
    let mut at_ms: i64 = 1_795_225_853_000;
    for n in 0..400_i64 {
        at_ms += 40 + n * 7919 % 900;
        let moment = |ms: i64| chrono::DateTime::from_timestamp_millis(ms).unwrap();
        let path = if n % 3 == 0 { "/search" } else { "/search/facets" };
        let stamp = moment(at_ms + 20).format("%d/%b/%Y:%H:%M:%S");
        writeln!(
            requests,
            "192.0.2.{} - - [{stamp} +0000] \"GET {path}?q={n} HTTP/1.1\" 200 157 \"-\" \"curl\" 0.020",
            n % 90
        )
        .unwrap();
        let own = moment(at_ms + 19 - 214_000).format("%Y-%m-%d %H:%M:%S,%3f");
        writeln!(messages, "{own} INFO [waitress-1] search.views: GET {path} -> 200 in 17.5 ms").unwrap();
    }
    let files = [("edge/access.log", requests.as_bytes()), ("search/app.log", messages.as_bytes())];
    let mut world = World::of(&files);
    let conf = b"events { }\nhttp { server { location / { proxy_pass http://10.0.0.1:80; } } }\n";
    world.configs.extend(crate::world::config("conf/edge/nginx.conf", conf));
    let clock = world.analyze().clocks.into_iter().find(|c| c.source == "search").expect("a clock");
    assert_eq!((clock.state.as_str(), clock.zone_error_s), ("fitted", 0));
    assert!((clock.offset_s.unwrap() + 214.0).abs() < 0.1, "{clock:?}");
}
