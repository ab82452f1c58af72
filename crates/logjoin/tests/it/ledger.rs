//! Every line is accounted for.

use logjoin::Analysis;
use logjoin::analysis::Ledger;

use crate::world::{World, recordings};

/// Checks the sums, and that the lines are those that are there.
pub fn check(name: &str, world: &World, analysis: &Analysis) {
    let mut sum = Ledger::default();
    for source in &analysis.sources {
        assert!(source.ledger.holds(), "{name}: {}: {:?}", source.id, source.ledger);
        let counted: u64 = source.formats.iter().map(|f| f.events).sum();
        assert_eq!(counted, source.ledger.events, "{name}: {}: {:?}", source.id, source.formats);
        sum.add(&source.ledger);
    }
    assert_eq!(sum, analysis.ledger, "{name}");
    let there: usize = world.logs.iter().map(|f| f.bytes.split_inclusive(|b| *b == b'\n').count()).sum();
    assert_eq!(analysis.ledger.lines, there as u64, "{name}");
    for input in analysis.inputs.iter().filter(|i| i.kind == logjoin::analysis::InputKind::Log) {
        assert_eq!(input.bytes, world.bytes(&input.path).len() as u64, "{name}: {}", input.path);
    }
}

#[test]
fn sums_hold_for_every_source() {
    for kind in ["scenarios", "clean"] {
        for (name, world) in recordings(kind) {
            let analysis = world.analyze();
            check(&name, &world, &analysis);
            assert_eq!(analysis.ledger.unparsed, 0, "{name}: lines that no format reads");
        }
    }
}

#[test]
fn lines_of_no_format_are_counted_and_shown() {
    let text =
        b"192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"\n\n\x00\x01\x02\n";
    let world = World::of(&[("web/access.log", text)]);
    let analysis = world.analyze();
    check("unread", &world, &analysis);
    assert_eq!((analysis.ledger.events, analysis.ledger.blank), (1, 1), "{:?}", analysis.ledger);
    assert_eq!(analysis.ledger.unparsed + analysis.ledger.continuations, 1, "{:?}", analysis.ledger);
}

/// A moment of the 21st of November 2026, nanoseconds since 1970.
fn at(hour: i64, minute: i64, second: i64) -> i64 {
    (1_795_219_200 + hour * 3600 + minute * 60 + second) * 1_000_000_000
}

#[test]
fn lines_outside_the_range_are_filtered() {
    let request = |time: &str| {
        format!("192.0.2.1 - - [21/Nov/2026:{time} +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"\n")
    };
    let access = [request("02:00:00"), request("02:10:00"), "\n".into(), request("02:20:00")].concat();
    let app = "2026-11-21T02:00:01.5Z ERROR a.b.Web - early\na.b.Outer: first\n\tat a.b.C(D.java:1)\n\
               2026-11-21T02:10:01.5Z ERROR a.b.Web - within\na.b.Outer: first\n\tat a.b.C(D.java:1)\n";
    let piece =
        |stream: &str, tag: char, text: &str| format!("2026-11-21T02:05:00.1Z {stream} {tag} {text}\n");
    let pod = [
        piece("stderr", 'P', "one "),
        piece("stdout", 'F', "two"),
        piece("stderr", 'P', "line "),
        piece("stderr", 'F', "of three"),
    ]
    .concat();
    let world = World::of(&[
        ("web/access.log", access.as_bytes()),
        ("app/app.log", app.as_bytes()),
        ("pod/0.log", pod.as_bytes()),
    ]);
    let all = world.analyze();
    assert_eq!((all.ledger.filtered, all.ledger.unparsed), (0, 0), "{:?}", all.ledger);
    let options = logjoin::Options {
        since_ns: Some(at(2, 9, 0)),
        until_ns: Some(at(2, 15, 0)),
        ..logjoin::Options::default()
    };
    let some = world.analyze_with(options.clone());
    let of = |id: &str| some.sources.iter().find(|s| s.id == id).map(|s| s.ledger).unwrap();
    for source in &some.sources {
        assert!(source.ledger.holds(), "{}: {:?}", source.id, source.ledger);
    }
    let l = of("web/access.log");
    assert_eq!((l.lines, l.events, l.blank, l.filtered), (4, 1, 1, 2));
    let l = of("app/app.log");
    assert_eq!((l.lines, l.events, l.continuations, l.filtered), (6, 1, 2, 3));
    let l = of("pod/0.log");
    assert_eq!((l.lines, l.events, l.continuations, l.filtered), (4, 0, 0, 4));
    assert_eq!(some.ledger.lines, all.ledger.lines);

    // The sums hold whatever the range, for every recording.
    for (name, world) in recordings("scenarios") {
        let all = world.analyze();
        let ends = all.sources.iter().filter_map(|s| Some((s.start?.0, s.end?.0)));
        let (from, to) = ends.fold((i64::MAX, i64::MIN), |(a, b), (x, y)| (a.min(x), b.max(y)));
        let since_ns = Some(from + (to - from) / 2);
        let half = world.analyze_with(logjoin::Options { since_ns, ..options.clone() });
        let sum = half.sources.iter().fold(Ledger::default(), |mut sum, s| {
            assert!(s.ledger.holds(), "{name}: {}: {:?}", s.id, s.ledger);
            sum.add(&s.ledger);
            sum
        });
        assert_eq!((sum, sum.lines), (half.ledger, all.ledger.lines), "{name}");
        assert!(sum.filtered > 0, "{name}: {sum:?}");
    }
}

#[test]
fn records_of_one_line_are_all_read() {
    let event = |ms: u32, text: &str| {
        format!(r#"{{"timestamp":1795219200{ms:03},"message":"{text}","ingestionTime":1795219201000}}"#)
    };
    let line = format!("{{\"events\":[{},{}]}}\n", event(1, "[ERROR] a.b.Web: early"), event(900, "late"));
    let world = World::of(&[("app/cloudwatch.json", [line.as_str(), line.as_str()].concat().as_bytes())]);
    let analysis = world.analyze();
    check("batches", &world, &analysis);
    assert_eq!((analysis.ledger.lines, analysis.ledger.events), (2, 2), "{:?}", analysis.ledger);
    let source = &analysis.sources[0];
    let span = source.end.map(|t| t.0).unwrap() - source.start.map(|t| t.0).unwrap();
    assert_eq!(span, 899_000_000);
}
