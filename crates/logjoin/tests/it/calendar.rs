//! Time as written becomes time: years, zones, clocks set back, the order of day and month; and it is said what was assumed.

use logjoin::analysis::{Analysis, Source};
use logjoin::options::{FileTimes, Zone};
use logjoin::{ConfigFile, FileScanner, Head, Options, Pattern, finish, plan};

/// A file of a small world.
struct File<'a> {
    path: &'a str,
    source: &'a str,
    times: FileTimes,
    text: &'a str,
}

fn file<'a>(path: &'a str, text: &'a str) -> File<'a> {
    File { path, source: path, times: FileTimes::default(), text }
}

fn analyze_with(files: &[File<'_>], configs: Vec<ConfigFile>, options: Options) -> Analysis {
    let heads = files.iter().enumerate().map(|(i, f)| Head {
        path: f.path.into(),
        source: Some(f.source.into()),
        order: i as u32,
        bytes: f.text.as_bytes().to_vec(),
        times: f.times,
        ..Head::default()
    });
    let plan = plan(heads.collect(), configs, options);
    let scans = plan.paths().enumerate().map(|(n, path)| {
        let mut scanner = FileScanner::new(&plan, n);
        scanner.push(1, files.iter().find(|f| f.path == path).expect("a file").text.as_bytes());
        scanner.finish()
    });
    let analysis = finish(&plan, scans.collect());
    assert!(analysis.ledger.holds(), "{:?}", analysis.ledger);
    analysis
}

fn analyze(files: &[File<'_>]) -> Analysis {
    analyze_with(files, Vec::new(), Options::default())
}

fn source<'a>(a: &'a Analysis, id: &str) -> &'a Source {
    a.sources.iter().find(|s| s.id == id).expect("a source")
}

/// First and last moment.
fn range(a: &Analysis, id: &str) -> String {
    let s = source(a, id);
    let show = |t: Option<logjoin::analysis::Time>| {
        t.map(|t| t.to_string().replace(".000Z", "Z")).unwrap_or_default()
    };
    format!("{} {}", show(s.start), show(s.end))
}

fn said(a: &Analysis, id: &str) -> String {
    source(a, id).assumptions.join("\n")
}

fn ns(text: &str) -> Option<i64> {
    logjoin_parse::Stamp::iso(text.as_bytes()).map(|(s, _)| s.utc_ns(0))
}

fn zone(name: &str) -> Options {
    let zone: Zone = name.parse().expect("a zone");
    Options { zones: vec![(Pattern::new("*"), zone)], ..Options::default() }
}

const NEW_YEAR: &str = "Dec 31 23:59:58 lb1 haproxy[1]: Proxy a started.
Jan  1 00:00:01 lb1 haproxy[1]: Proxy a started.
Dec 31 23:59:59 lb1 haproxy[1]: Proxy a started.
Jan  1 00:10:00 lb1 haproxy[1]: Proxy a started.
";

#[test]
fn a_named_zone_is_resolved_stamp_by_stamp() {
    let text = "2026-10-25 01:30:00,000 INFO [web] a
2026-10-25 02:30:00,000 INFO [web] b
2026-10-25 02:00:00,000 INFO [web] c
2026-10-25 03:30:00,000 INFO [web] d
";
    let a = analyze_with(&[file("app.log", text)], Vec::new(), zone("Europe/Berlin"));
    assert_eq!(range(&a, "app.log"), "2026-10-24T23:30:00Z 2026-10-25T02:30:00Z");
    // 23:30, 00:30, 01:00, 02:30: a silence of an hour and a half, not of two and a half.
    let s = source(&a, "app.log");
    assert_eq!((s.longest_gap_s, s.gaps.len()), (5400.0, 3));
    assert_eq!((s.zone.as_str(), s.zone_reason.as_str()), ("Europe/Berlin", "told"));
    assert_eq!(said(&a, "app.log"), "clocks were set back on 2026-10-25: from app.log:3 on");

    let a = analyze_with(
        &[file("app.log", &text.replace("02:00:00", "02:40:00"))],
        Vec::new(),
        zone("Europe/Berlin"),
    );
    assert!(
        said(&a, "app.log").contains("happened twice, and no line goes back: read as the first"),
        "{}",
        said(&a, "app.log")
    );
    // Clocks set forward: half past two is what would have been half past three.
    let spring = "2026-03-29 01:59:59,000 INFO [web] a\n2026-03-29 03:00:00,000 INFO [web] b\n";
    let a = analyze_with(&[file("app.log", spring)], Vec::new(), zone("Europe/Berlin"));
    assert_eq!(range(&a, "app.log"), "2026-03-29T00:59:59Z 2026-03-29T01:00:00Z");
}

#[test]
fn a_file_that_begins_in_the_second_of_two_hours() {
    let files = [
        File { source: "app.log", ..file("app.log.1", "2026-10-25 02:59:00,000 INFO [web] a\n") },
        file("app.log", "2026-10-25 02:10:00,000 INFO [web] b\n2026-10-25 03:30:00,000 INFO [web] c\n"),
    ];
    let a = analyze_with(&files, Vec::new(), zone("Europe/Berlin"));
    assert_eq!(range(&a, "app.log"), "2026-10-25T00:59:00Z 2026-10-25T02:30:00Z");
    assert!(said(&a, "app.log").contains("before app.log begins"), "{}", said(&a, "app.log"));
}

#[test]
fn years_turn_within_a_file() {
    let times = FileTimes { modified_ns: ns("2025-01-01T00:10:30Z"), ..FileTimes::default() };
    let a = analyze(&[File { times, ..file("haproxy.log", NEW_YEAR) }]);
    assert_eq!(range(&a, "haproxy.log"), "2024-12-31T23:59:58Z 2025-01-01T00:10:00Z");
    let said = said(&a, "haproxy.log");
    assert!(said.contains("no year in its dates: 2024, the file was last changed on 2025-01-01"), "{said}");
    assert!(said.contains("the year turns to 2025 at haproxy.log:2"), "{said}");
}

#[test]
fn where_years_come_from() {
    let text = "Nov 20 10:00:00 lb1 haproxy[1]: Proxy a started.\n";
    let times = |named: &str, packed: &str, modified: &str| FileTimes {
        named_ns: ns(named),
        packed_ns: ns(packed),
        modified_ns: ns(modified),
    };
    let one = |times| range(&analyze(&[File { times, ..file("lb.log", text) }]), "lb.log")[..4].to_owned();
    assert_eq!(one(times("", "", "2026-06-01T00:00:00Z")), "2025", "not after the file was written");
    assert_eq!(
        one(times("", "2024-11-30T00:00:00Z", "2026-06-01T00:00:00Z")),
        "2024",
        "gzip's header survives copying"
    );
    assert_eq!(one(times("2023-11-21T00:00:00Z", "2024-11-30T00:00:00Z", "")), "2023", "the name");
    assert_eq!(one(times("", "", "")), "1972", "nothing tells");
    let told = Options { year: Some(2020), ..Options::default() };
    assert_eq!(range(&analyze_with(&[file("lb.log", text)], Vec::new(), told), "lb.log")[..4], *"2020");

    // The file's own dated stamps, then the other logs.
    let mixed = format!("{text}2021-11-20T10:00:01Z INFO up\n");
    assert_eq!(
        range(&analyze(&[file("lb.log", &mixed)]), "lb.log"),
        "2021-11-20T10:00:00Z 2021-11-20T10:00:01Z"
    );
    let other = "192.0.2.7 - - [20/Nov/2019:10:00:53 +0000] \"GET / HTTP/1.1\" 502 1 \"-\" \"-\"\n";
    let a = analyze(&[file("lb/lb.log", text), file("web/access.log", other)]);
    assert_eq!(range(&a, "lb/lb.log")[..4], *"2019");
    assert!(said(&a, "lb/lb.log").contains("as the other logs have it"));

    // A day that only leap years have.
    let leap = "Feb 29 10:00:00 lb1 haproxy[1]: Proxy a started.\n";
    let modified = times("", "", "2026-11-21T00:00:00Z");
    assert_eq!(
        range(&analyze(&[File { times: modified, ..file("lb.log", leap) }]), "lb.log")[..10],
        *"2024-02-29"
    );
}

#[test]
fn years_follow_the_order_of_rotation() {
    let line = |date: &str| format!("{date} 10:00:00 lb1 haproxy[1]: Proxy a started.\n");
    let (a, b, c) = (line("Nov 30"), line("Feb  1"), line("Jan 10"));
    let times = FileTimes { modified_ns: ns("2026-01-10T10:00:30Z"), ..FileTimes::default() };
    let files = [
        File { source: "lb.log", ..file("lb.log.2", &a) },
        File { source: "lb.log", ..file("lb.log.1", &b) },
        File { times, ..file("lb.log", &c) },
    ];
    // November 2024, February 2025, January 2026.
    assert_eq!(range(&analyze(&files), "lb.log"), "2024-11-30T10:00:00Z 2026-01-10T10:00:00Z");
}

#[test]
fn offsets_mixed_in_one_file() {
    let text = "192.0.2.7 - - [25/Oct/2026:02:30:00 +0200] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"
192.0.2.7 - - [25/Oct/2026:02:10:00 +0100] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"
192.0.2.7 - - [25/Oct/2026:04:00:00 +0100] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"
";
    let error = "2026/10/25 02:30:01 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: a, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.1:80/\"
2026/10/25 02:10:01 [error] 1#1: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: a, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.1:80/\"
";
    let a = analyze(&[file("edge/access.log", text), file("edge/error.log", error)]);
    assert_eq!(range(&a, "edge/access.log"), "2026-10-25T00:30:00Z 2026-10-25T03:00:00Z");
    assert_eq!(source(&a, "edge/access.log").zone, "mixed");
    // The error log has no zone; its host's access log shows when clocks were set back.
    assert_eq!(range(&a, "edge/error.log"), "2026-10-25T00:30:01Z 2026-10-25T01:10:01Z");
    assert!(source(&a, "edge/error.log").zone_reason.contains("another log of the same host"));
}

#[test]
fn the_zone_that_a_configuration_sets() {
    let text = b"env TZ=America/New_York;\nevents {}\nhttp { upstream a { server 10.0.0.1:80; } server { location / { proxy_pass http://a; } } }\n";
    let config = logjoin_config::read("conf/nginx.conf", text, &mut |_| Vec::new()).expect("a configuration");
    let configs = vec![ConfigFile { path: "conf/nginx.conf".into(), config, loaded_ns: None }];
    let error = "2026/11/21 02:30:01 [notice] 1#1: signal process started\n";
    let a = analyze_with(&[file("edge/error.log", error)], configs, Options::default());
    let s = source(&a, "edge/error.log");
    assert_eq!(
        (s.zone.as_str(), s.zone_reason.as_str()),
        ("America/New_York", "the configuration sets TZ at conf/nginx.conf:1")
    );
    assert_eq!(range(&a, "edge/error.log"), "2026-11-21T07:30:01Z 2026-11-21T07:30:01Z");
}

#[test]
fn epochs_of_every_unit_in_one_file() {
    let text = "{\"time\":1795225853,\"level\":\"info\",\"msg\":\"a\"}
{\"time\":1795225853001,\"level\":\"info\",\"msg\":\"b\"}
{\"time\":1795225853002000,\"level\":\"info\",\"msg\":\"c\"}
{\"time\":1795225853003000000,\"level\":\"info\",\"msg\":\"d\"}
";
    let a = analyze(&[file("app.log", text)]);
    assert_eq!(range(&a, "app.log"), "2026-11-21T01:50:53Z 2026-11-21T01:50:53.003Z");
    assert!(said(&a, "app.log").contains("stamps of several precisions: s (1), ms (1), us (1), ns (1)"));
}

#[test]
fn day_first_or_month_first() {
    let day = "05/11/2026 10:00:00 INFO a\n20/11/2026 10:00:00 INFO b\n";
    let a = analyze(&[file("app.log", day)]);
    assert_eq!(range(&a, "app.log"), "2026-11-05T10:00:00Z 2026-11-20T10:00:00Z");
    assert_eq!(said(&a, "app.log"), "dates are day first: a first number is above 12");
    // Undecided by its lines; the file was written on the fifth of November.
    let times = FileTimes { modified_ns: ns("2026-11-05T12:00:00Z"), ..FileTimes::default() };
    let a = analyze(&[File { times, ..file("app.log", "05/11/2026 10:00:00 INFO a\n") }]);
    assert_eq!(range(&a, "app.log")[..10], *"2026-11-05");
    assert_eq!(said(&a, "app.log"), "dates are day first: so it is nearer to the time of the file");
}

#[test]
fn sets_are_in_the_order_of_their_stamps() {
    let line = |day: u32| format!("2026-11-{day:02} 01:00:00,000 INFO [web] a\n");
    let (early, late) = (line(20), line(21));
    let files = [
        File { source: "app.log", ..file("app.log.1", &late) },
        File { source: "app.log", ..file("app.log.2", &early) },
    ];
    let a = analyze(&files);
    assert_eq!(source(&a, "app.log").files, ["app.log.2", "app.log.1"]);
    assert!(said(&a, "app.log").contains("in the order of their stamps"));
}

#[test]
fn lines_without_a_time_are_not_taken_for_precise() {
    let text = "banner\n2026-11-21 01:00:00,000 INFO [web] a\npanic: boom\n2026-11-21 01:00:05,000 INFO [web] b\npanic: again\n";
    let a = analyze(&[file("app.log", text)]);
    let said = said(&a, "app.log");
    assert!(
        said.contains("2 events have no time: between that of the line before and that of the line after"),
        "{said}"
    );
}

#[test]
fn long_lines_of_containers_are_put_together() {
    let text = "2026-11-21T01:50:53.1Z stdout P 192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] \"GET /a
2026-11-21T01:50:53.1Z stderr F 2026-11-21 01:50:53,000 INFO [web] other
2026-11-21T01:50:53.2Z stdout F b HTTP/1.1\" 502 1 \"-\" \"-\"
2026-11-21T01:50:54.1Z stdout P 192.0.2.7 - - [21/Nov/2026:01:50:54 +0000] \"GET /unfinished
";
    let a = analyze(&[file("pod/0.log", text)]);
    let l = a.ledger;
    assert_eq!((l.lines, l.events, l.continuations, l.unparsed), (4, 3, 1, 0), "{l:?}");
    let formats: Vec<&str> = source(&a, "pod/0.log").formats.iter().map(|f| f.format.as_str()).collect();
    assert!(formats.contains(&"combined"), "{formats:?}");
}

#[test]
fn an_error_log_in_a_folder_of_its_own_has_the_zone_of_its_access_log() {
    let access = r#"192.0.2.1 - - [21/Nov/2026:03:00:00 +0100] "GET /x HTTP/1.1" 502 1 "-" "-"
"#;
    let error = "2026/11/21 03:00:00 [error] 12#12: *1 connect() failed (111: Connection refused) while connecting to \
                 upstream, client: 192.0.2.1, server: a, request: \"GET /x HTTP/1.1\", upstream: \"http://10.0.0.1:80/x\"\n";
    let both = |access_id: &str, error_id: &str| {
        crate::world::World::of(&[(access_id, access.as_bytes()), (error_id, error.as_bytes())]).analyze()
    };
    // An nginx that is known as such, since its format says so.
    let access = access.replace("\"-\"\n", "\"-\" rt=0.001 uct=\"0.001\" uht=\"-\" urt=\"0.001\"\n");
    let known = crate::world::World::of(&[
        ("logs/access/edge.log", access.as_bytes()),
        ("logs/error/edge.log", error.as_bytes()),
    ]);
    let analysis = known.analyze();
    let of = |kind: &str| analysis.sources.iter().find(|s| s.role.as_str() == kind).unwrap();
    let (a, e) = (of("proxy-access"), of("proxy-error"));
    assert_eq!(a.instance, e.instance, "{} {}", a.role_reason, e.role_reason);
    assert_eq!(e.zone, "+01:00", "{}", e.zone_reason);
    assert_eq!(a.start, e.start);
    // In one folder they belong together anyway.
    let analysis = both("logs/edge/access.log", "logs/edge/error.log");
    assert!(analysis.sources.iter().all(|s| s.instance == "edge"), "{:?}", analysis.sources);
}
