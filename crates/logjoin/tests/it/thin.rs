//! Too many failures to keep each: what is counted stays as it was.

use std::collections::BTreeMap;
use std::fmt::Write;

use logjoin::analysis::{Episode, Failure};
use logjoin::{Analysis, Options};

use crate::determinism::cuts;
use crate::fold::followed;
use crate::world::{World, config, json, recordings};

const SERVERS: [&str; 3] = ["10.0.1.11:8000", "10.0.1.12:8000", "10.0.1.13:8000"];

/// A quarter of an hour at six requests a second: the first server is down for 130 seconds, the second hangs for 130, the third now
/// and then closes a connection; some clients leave, and some attempts are hidden by a retry.
fn outage() -> World {
    let (mut access, mut errors, mut served) = (String::new(), String::new(), String::new());
    let mut ended: Vec<(u32, String)> = Vec::new();
    for n in 0..4_800u32 {
        let (second, server) = (n / 6, (n % 3) as usize);
        let stamp = |s: u32| format!("{:02}:{:02}:{:02}", 2 + s / 3600, s / 60 % 60, s % 60);
        let path = format!("/items/{}", n * 13 % 2903);
        let client = format!("198.51.100.{}", 1 + n * 7 % 40);
        let is_lone = n % 779 == 2;
        let (status, upstream, took, word) = match (server, second) {
            (0, 200..330) if n % 5 == 0 => {
                (200, format!("{}, {}", SERVERS[0], SERVERS[1]), "0.004", "refused")
            }
            (0, 200..330) => (502, SERVERS[0].to_string(), "0.001", "refused"),
            (1, 500..630) => (504, SERVERS[1].to_string(), "3.001", "timed out"),
            (2, _) if is_lone => (502, SERVERS[2].to_string(), "0.010", "closed"),
            _ if n % 997 == 5 => (499, SERVERS[server].to_string(), "0.500", ""),
            _ => (200, SERVERS[server].to_string(), "0.012", ""),
        };
        let end = if status == 504 { second + 3 } else { second };
        let statuses = if upstream.contains(',') { "502, 200".to_string() } else { status.to_string() };
        let mut lines = format!(
            "{client} - - [21/Nov/2026:{} +0000] \"GET {path} HTTP/1.1\" {status} 312 \"{upstream}\" \"{statuses}\" {took}\n",
            stamp(end)
        );
        let said = match word {
            "refused" => "connect() failed (111: Connection refused) while connecting to upstream",
            "timed out" => {
                "upstream timed out (110: Connection timed out) while reading response header from upstream"
            }
            "closed" => "upstream prematurely closed connection while reading response header from upstream",
            _ => "",
        };
        if !said.is_empty() {
            let _ = writeln!(
                lines,
                "!2026/11/21 {} [error] 812#812: *{n} {said}, client: {client}, server: shop.example, request: \"GET {path} HTTP/1.1\", upstream: \"http://{}{path}\", host: \"shop.example\"",
                stamp(end),
                SERVERS[server]
            );
        }
        ended.push((end, lines));
        if status == 200 || status == 504 && n % 2 == 0 {
            let done = if status == 504 { second + 4 } else { second };
            let at = format!("21/Nov/2026:{} +0000", stamp(done));
            let _ = writeln!(served, "10.0.0.5 - - [{at}] \"GET {path} HTTP/1.0\" 200 312 \"-\" \"agent\"");
        }
    }
    ended.sort_by_key(|(end, _)| *end);
    for line in ended.iter().flat_map(|(_, lines)| lines.lines()) {
        match line.strip_prefix('!') {
            Some(error) => writeln!(errors, "{error}"),
            None => writeln!(access, "{line}"),
        }
        .expect("a string");
    }
    let life = "[2026-11-21 02:00:00 +0000] [812] [INFO] Listening at: http://10.0.1.11:8000 (812)\n\
                [2026-11-21 02:03:20 +0000] [812] [INFO] Handling signal: term\n\
                [2026-11-21 02:03:20 +0000] [812] [INFO] Shutting down: Master\n\
                [2026-11-21 02:05:30 +0000] [912] [INFO] Listening at: http://10.0.1.11:8000 (912)\n";
    let mut world = World::of(&[
        ("edge/access.log", access.as_bytes()),
        ("edge/error.log", errors.as_bytes()),
        ("app-1/error.log", life.as_bytes()),
        ("app-2/access.log", served.as_bytes()),
    ]);
    let servers: String = SERVERS.iter().map(|s| format!(" server {s};")).collect();
    let text = format!(
        "events {{ }}\nhttp {{\n  log_format own '$remote_addr - - [$time_local] \"$request\" $status $body_bytes_sent \"$upstream_addr\" \"$upstream_status\" $request_time';\n  access_log /var/log/nginx/access.log own;\n  upstream api {{{servers} }}\n  server {{ listen 80; location / {{ proxy_pass http://api; proxy_read_timeout 3s; }} }}\n}}\n"
    );
    world.configs.extend(config("conf/nginx.conf", text.as_bytes()));
    world
}

fn all() -> Vec<(String, World)> {
    recordings("scenarios").into_iter().chain([("outage".to_string(), outage())]).collect()
}

/// What must not change.
fn counted(a: &Analysis) -> impl PartialEq + std::fmt::Debug {
    let episode = |e: &Episode| {
        let place = (e.start, e.end, e.cause, e.detail.clone(), e.targets.clone(), e.proxies.clone());
        (e.id.clone(), place, e.failures, e.requests, e.by_status.clone(), e.by_mechanism.clone())
    };
    let incidents = a.incidents.iter().map(|i| {
        let episodes: Vec<_> = i.episodes.iter().map(episode).collect();
        (i.id.clone(), i.start, i.end, i.failures, i.cause, i.summary.clone(), episodes)
    });
    let unknown: Vec<_> = a.unknown.iter().map(|u| (u.reason.clone(), u.failures)).collect();
    let hidden =
        a.hidden.iter().map(|h| (h.server.clone(), h.count, h.first, h.last, h.by_mechanism.clone()));
    let given_up = a.timeouts.iter().map(|t| (t.proxy.clone(), t.target.clone(), t.given_up));
    (
        a.totals.clone(),
        incidents.collect::<Vec<_>>(),
        by(a, |f| format!("{} {:?} {} {} {}", f.proxy, f.status, f.mechanism, f.cause, f.join)),
        by(a, |f| format!("{:?}", f.attempts.last().map(|t| (t.address.clone(), t.instance.clone())))),
        unknown,
        hidden.collect::<Vec<_>>(),
        given_up.collect::<Vec<_>>(),
    )
}

/// Failed requests by what they have in common.
fn by(a: &Analysis, of: impl Fn(&Failure) -> String) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    a.failures.iter().for_each(|f| *sums.entry(of(f)).or_default() += f.stands_for);
    sums
}

fn keeping(keep_failures: usize, slice_rows: usize) -> Options {
    Options { keep_failures, slice_rows, window_s: 20.0, ..Options::default() }
}

#[test]
fn counts_are_those_of_all() {
    for (name, world) in all() {
        for rows in [1_000_000, 2_000] {
            let run = |keep| world.fold(keeping(keep, rows), |_| Vec::new());
            let whole = run(usize::MAX);
            assert!(whole.failures.iter().all(|f| f.stands_for == 1), "{name}");
            for keep in [0, 40] {
                let few = run(keep);
                let told: u64 = few.failures.iter().map(|f| f.stands_for).sum();
                assert_eq!(told, whole.failures.len() as u64, "{name}: {keep} of {rows}");
                assert_eq!(counted(&few), counted(&whole), "{name}: {keep} of {rows}");
                let is_thin = few.failures.len() < whole.failures.len();
                assert_eq!(few.notes.iter().any(|n| n.about == "failures"), is_thin, "{name}: {keep}");
            }
        }
    }
}

#[test]
fn few_are_kept_of_many() {
    let world = outage();
    for (keep, most) in [(0, 90), (60, 90), (200, 200)] {
        for rows in [1_000_000, 2_000] {
            let few = world.fold(keeping(keep, rows), |_| Vec::new());
            assert!(few.totals.failures > 400, "{}", few.totals.failures);
            assert!(few.failures.len() <= most, "{keep}: {} are kept", few.failures.len());
        }
    }
    let lone = |a: &Analysis| {
        a.failures.iter().filter(|f| f.mechanism == logjoin::Mechanism::ClosedBeforeHeaders).count()
    };
    let (whole, few) = (world.analyze(), world.analyze_with(keeping(60, 1_000_000)));
    assert_eq!(lone(&few), lone(&whole), "rare ones are all kept");
    assert_eq!(
        json(&world.analyze_with(keeping(60, 1_000_000))),
        json(&world.fold(keeping(60, 1_000_000), |_| Vec::new()))
    );
}

#[test]
fn those_that_are_kept_do_not_depend_on_slices_cuts_and_threads() {
    let world = outage();
    let run = |threads: usize, rows: usize, every: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| world.fold(keeping(60, rows), |b| cuts(b, 3, every)))
    };
    let expected = run(1, 2_000, 100_000);
    assert!(json(&run(3, 2_000, 70)) == json(&expected), "small pieces, three threads");
    let kept =
        |a: &Analysis| a.failures.iter().map(|f| (f.file.clone(), f.line, f.stands_for)).collect::<Vec<_>>();
    for rows in [3_000, 1_000_000] {
        assert_eq!(kept(&run(2, rows, 5_000)), kept(&expected), "slices of {rows}");
    }
}

#[test]
fn following_tells_the_same_incidents() {
    for (name, world) in all() {
        let (all_told, whole) = followed(&world, keeping(usize::MAX, 1_000_000), 40, true);
        let (told, few) = followed(&world, keeping(20, 1_000_000), 40, true);
        assert_eq!(counted(&few), counted(&whole), "{name}");
        let key = |i: &logjoin::analysis::Incident| (i.id.clone(), i.start, i.end, i.failures, i.cause);
        assert_eq!(
            told.iter().map(key).collect::<Vec<_>>(),
            all_told.iter().map(key).collect::<Vec<_>>(),
            "{name}"
        );
    }
}
