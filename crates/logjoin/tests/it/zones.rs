//! Zones that no stamp tells: found by the requests that lines name, or assumed where one alone fits.

use std::fmt::Write;

use chrono::DateTime;
use logjoin::Options;
use logjoin::analysis::{Analysis, Source};

use crate::world::{World, json};

/// 2026-11-21 01:50:53 UTC.
const BEGIN: i64 = 1_795_225_853;

fn source<'a>(a: &'a Analysis, id: &str) -> &'a Source {
    a.sources.iter().find(|s| s.id == id).expect("a source")
}

/// A request as nginx logs it with `$msec` alone: that number says nothing of a zone.
fn access(at: i64, path: &str, status: u16) -> String {
    format!(
        r#"{{"msec":{at}.120,"remote_addr":"192.0.2.7","request":"GET {path} HTTP/1.1","status":{status},"body_bytes_sent":157,"request_time":0.001,"upstream_addr":"10.0.0.1:80"}}"#
    ) + "\n"
}

/// The error line of a request, on the clock of a host so far east.
fn error(at: i64, east_s: i64, path: &str) -> String {
    let clock = DateTime::from_timestamp(at + east_s, 0).unwrap().format("%Y/%m/%d %H:%M:%S");
    format!(
        "{clock} [error] 12#12: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, \
         server: a, request: \"GET {path} HTTP/1.1\", upstream: \"http://10.0.0.1:80{path}\"\n"
    )
}

/// Whatever way the files are read.
fn in_all_ways(files: &[(&str, &str)], check: impl Fn(&Analysis)) {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let world = World::of(&files);
    check(&world.analyze());
    let lines = |b: &[u8]| b.iter().enumerate().filter(|(_, c)| **c == b'\n').map(|(i, _)| i + 1).collect();
    let whole = world.fold(Options::default(), |_| Vec::new());
    check(&whole);
    assert_eq!(json(&whole), json(&world.fold(Options::default(), lines)));
    let sliced = || Options { slice_rows: 40, window_s: 10.0, ..Options::default() };
    let slices = world.fold(sliced(), |_| Vec::new());
    assert_eq!(slices.totals, whole.totals);
    assert_eq!(json(&slices), json(&world.fold_ahead(sliced(), lines)));
}

#[test]
fn lines_that_name_requests_show_the_zone() {
    for (east_s, zone) in [(7200, "+02:00"), (-18_000, "-05:00"), (20_700, "+05:45"), (0, "+00:00")] {
        let (mut requests, mut errors, mut other) = (String::new(), String::new(), String::new());
        for n in 0..120 {
            let (at, path) = (BEGIN + n, format!("/orders/{n}"));
            let is_bad = n % 3 == 0;
            requests += &access(at, &path, if is_bad { 502 } else { 200 });
            if is_bad {
                errors += &error(at, east_s, &path);
            }
            let clock = DateTime::from_timestamp(at + east_s, 0).unwrap().format("%Y/%m/%d %H:%M:%S");
            writeln!(other, "{clock} [notice] 12#12: gracefully shutting down {n}").unwrap();
        }
        let files =
            [("edge/access.log", &*requests), ("edge/error.log", &*errors), ("edge/errors.log", &*other)];
        in_all_ways(&files, |a| {
            let (e, s) = (source(a, "edge/error.log"), source(a, "edge/errors.log"));
            assert_eq!((&*e.zone, &*s.zone), (zone, zone), "{} {}", e.zone_reason, s.zone_reason);
            assert_eq!(e.start.map(|t| t.0), Some(BEGIN * 1_000_000_000), "{zone}");
            let reason = if east_s == 0 {
                "another log of the same host, edge/access.log: +00:00"
            } else {
                "40 of 40 lines name requests that edge/access.log has at that time"
            };
            assert_eq!(e.zone_reason, reason);
            let beside = if east_s == 0 { "edge/access.log" } else { "edge/error.log" };
            assert_eq!(s.zone_reason, format!("another log of the same host, {beside}: {zone}"));
            assert_eq!(a.totals.by_mechanism.get("refused"), Some(&40), "{:?}", a.totals.by_mechanism);
        });
    }
}

#[test]
fn requests_that_come_again_and_again_show_no_zone() {
    let (mut requests, mut errors) = (String::new(), String::new());
    for n in 0..24 {
        requests += &access(BEGIN + 900 * n, "/health", 502);
        errors += &error(BEGIN + 900 * n, 0, "/health");
    }
    in_all_ways(&[("edge/access.log", &requests), ("edge/error.log", &errors)], |a| {
        let e = source(a, "edge/error.log");
        assert_eq!(e.zone_reason, "another log of the same host, edge/access.log: +00:00");
    });
}

#[test]
fn few_lines_show_no_zone() {
    let (mut requests, mut errors) = (String::new(), String::new());
    for n in 0..4 {
        requests += &access(BEGIN + n, &format!("/orders/{n}"), 502);
        errors += &error(BEGIN + n, 7200, &format!("/orders/{n}"));
    }
    in_all_ways(&[("edge/access.log", &requests), ("edge/error.log", &errors)], |a| {
        assert_eq!(source(a, "edge/error.log").zone, "+00:00");
    });
}

/// Requests of so many minutes, one a second, and the last words of a server on a clock of its own.
fn beside(minutes: i64, east_s: i64) -> [String; 2] {
    let requests = (0..minutes * 60).map(|n| access(BEGIN + n, &format!("/orders/{n}"), 502)).collect();
    let clock = |at: i64| DateTime::from_timestamp(at + east_s, 0).unwrap().format("%d-%b-%Y %H:%M:%S.000");
    let words = format!(
        "{} SEVERE [main] org.apache.tomcat.util.digester.Digester.fatalError Parse fatal error at line [1] column [557]\n\
         {} SEVERE [main] org.apache.catalina.startup.Bootstrap.main Cannot start server. Server instance is not configured.\n",
        clock(BEGIN - 4),
        clock(BEGIN + 60),
    );
    [requests, words]
}

#[test]
fn a_log_by_itself_is_put_where_one_zone_alone_puts_it() {
    let [requests, words] = beside(3, -3 * 3600);
    let files = [("edge/access.log", &*requests), ("app/catalina.out", &*words)];
    let world = World::of(&files.map(|(name, text)| (name, text.as_bytes())));
    for a in [world.analyze(), world.fold(Options::default(), |_| Vec::new())] {
        let s = source(&a, "app/catalina.out");
        assert_eq!((&*s.zone, s.start.map(|t| t.0)), ("-03:00", Some((BEGIN - 4) * 1_000_000_000)));
        let said = s.assumptions.join(" ");
        assert!(said.contains("this is an assumption"), "{said}");
    }
    // The requests go on for two hours: three zones put it among them.
    let [requests, words] = beside(120, -3 * 3600);
    let files = [("edge/access.log", &*requests), ("app/catalina.out", &*words)];
    let a = World::of(&files.map(|(name, text)| (name, text.as_bytes())))
        .fold(Options::default(), |_| Vec::new());
    let s = source(&a, "app/catalina.out");
    assert_eq!((&*s.zone, s.assumptions.len()), ("+00:00", 0), "{}", s.zone_reason);
}

/// HAProxy writes no zone, and has the finest stamps; the server behind it writes its own. `--tz` is believed against both.
#[test]
fn a_log_that_writes_its_zone_corrects_the_reference() {
    // Nobody lives thirteen hours behind UTC.
    for (east_s, zone, place) in
        [(-18_000, "-05:00", "America/Bogota"), (46_800, "+13:00", "Pacific/Tongatapu")]
    {
        let (mut proxy, mut served) = (String::new(), String::new());
        for n in 0..200 {
            let at = BEGIN + n;
            let local = DateTime::from_timestamp(at + east_s, 0).unwrap();
            let (status, state) = if n % 20 == 7 { (503, "sC--") } else { (200, "----") };
            let stamp = local.format("%d/%b/%Y:%H:%M:%S");
            writeln!(
                proxy,
                "{} lb1 haproxy[5144]: 192.0.2.{n}:35277 [{stamp}.250] web shop/app-1 0/0/0/21/21 {status} 401 - - {state} \
                 1/1/0/0/0 0/0 \"GET /orders/{n} HTTP/1.1\"",
                local.format("%b %d %H:%M:%S")
            )
            .unwrap();
            if status == 200 {
                let utc = DateTime::from_timestamp(at, 0).unwrap().format("%d/%b/%Y:%H:%M:%S");
                writeln!(served, "10.0.0.1 - - [{utc} +0000] \"GET /orders/{n} HTTP/1.1\" 200 275").unwrap();
            }
        }
        let files = [("lb1/haproxy.log", &*proxy), ("app-1/access.log", &*served)];
        let first = (BEGIN + 7) * 1_000_000_000 + 250_000_000;
        in_all_ways(&files, |a| {
            let of = |id| source(a, id);
            assert_eq!(of("lb1/haproxy.log").zone, zone);
            assert_eq!(of("app-1/access.log").zone_reason, "+00:00, written in each stamp");
            assert_eq!((a.totals.failures, a.failures[0].start.unwrap().0), (10, first));
            let wrong: Vec<_> = a.clocks.iter().map(|c| (c.source.as_str(), c.zone_error_s)).collect();
            assert_eq!(wrong, [("app-1", 0), ("lb1", east_s)]);
        });

        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
        let mut told = Options::default();
        told.zones.push((logjoin::Pattern::new("lb1/"), place.parse().unwrap()));
        let a = World::of(&files).fold(told, |_| Vec::new());
        assert_eq!(
            (a.failures[0].start.unwrap().0, source(&a, "lb1/haproxy.log").zone_reason.as_str()),
            (first, "told")
        );
    }
}

/// An hour, or quarters of one, are a zone where the stamps name none. Of seconds since 1970 and of stamps that name theirs, they
/// are what the clock of the host is wrong by.
#[test]
fn a_clock_whose_stamps_need_no_zone_has_no_wrong_one() {
    let local = |at: i64, form: &str| DateTime::from_timestamp(at, 0).unwrap().format(form).to_string();
    let epoch = |at: i64, n: i64| {
        format!(
            r#"{{"level":30,"time":{at}400,"pid":57,"hostname":"app","req":{{"method":"GET","url":"/orders/{n}"}},"res":{{"statusCode":200}},"responseTime":2,"msg":"request completed"}}"#
        )
    };
    let zoned = |at: i64, n: i64| {
        let stamp = local(at, "%d/%b/%Y:%H:%M:%S");
        format!("10.0.0.1 - - [{stamp} +0000] \"GET /orders/{n} HTTP/1.1\" 200 275")
    };
    let bare = |at: i64, n: i64| {
        let stamp = local(at, "%Y-%m-%d %H:%M:%S");
        format!("{stamp},400 - shop - INFO - GET /orders/{n} 200 2.0ms")
    };
    type Writer<'a> = &'a dyn Fn(i64, i64) -> String;
    for (write, ahead, clock) in [
        (&epoch as Writer<'_>, 3_600, 3_600.3),
        (&zoned, 3_600, 3_599.9),
        (&zoned, 660, 659.9),
        // This one is in another zone, as the requests show that its lines name.
        (&bare, 3_600, 0.3),
    ] {
        let (mut proxy, mut app) = (String::new(), String::new());
        for n in 0..200 {
            let status = if n % 20 == 7 { 502 } else { 200 };
            proxy += &access(BEGIN + n, &format!("/orders/{n}"), status);
            if status == 200 {
                app += &(write(BEGIN + n + ahead, n) + "\n");
            }
        }
        in_all_ways(&[("edge/access.log", &*proxy), ("app-1/app.log", &*app)], |a| {
            let c = a.clocks.iter().find(|c| c.source == "app-1").expect("a clock");
            assert_eq!((c.state.as_str(), c.zone_error_s), ("fitted", 0), "{c:?}");
            assert!((c.offset_s.unwrap() - clock).abs() < 0.6, "{clock}: {c:?}");
        });
    }
}

/// A balancer that passes connections on unread names no request: it is no measure of time, and its zone is assumed.
#[test]
fn connections_that_name_nothing_are_no_measure() {
    let (mut balancer, mut requests) = (String::new(), String::new());
    for n in 0..400 {
        let at = BEGIN + n;
        let tokyo = DateTime::from_timestamp(at + 32_400, 0).unwrap();
        writeln!(
            balancer,
            "{} lb haproxy[77]: 192.0.2.{}:35277 [{}.250] tcp web/web1 1/0/30 401 -- 1/1/0/0/0 0/0",
            tokyo.format("%b %d %H:%M:%S"),
            n % 200,
            tokyo.format("%d/%b/%Y:%H:%M:%S")
        )
        .unwrap();
        requests += &access(at, &format!("/orders/{n}"), if n % 20 == 7 { 502 } else { 200 });
    }
    in_all_ways(&[("edge/access.log", &*requests), ("lb/haproxy.log", &*balancer)], |a| {
        assert_eq!(a.clocks[0].reference, "edge");
        assert_eq!(source(a, "lb/haproxy.log").zone, "+09:00");
        assert_eq!(a.failures[0].start.unwrap().0 / 1_000_000_000, BEGIN + 7);
    });
}
