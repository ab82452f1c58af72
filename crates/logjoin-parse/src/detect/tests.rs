use super::*;

const GO: &[u8] = b"2026/11/21 02:26:03 INFO: server started";
const PLAIN: &[u8] = b"2026-11-20 10:00:00 something happened";
const JSON: &[u8] = br#"{"level":30,"time":1795227957941,"pid":5789,"hostname":"a","msg":"up"}"#;

#[test]
fn dialects_are_ranked_and_continuations_counted() {
    let lines: [&[u8]; 7] = [b"junk", GO, b"goroutine 5 [running]:", b"\tx.go:1", b"", GO, JSON];
    let d = detect(lines.into_iter());
    assert_eq!((d.lines, d.read, d.continuations, d.blank), (7, 3, 2, 1));
    assert_eq!(d.unread, [b"junk"]);
    let ids: Vec<_> = d.dialects.iter().map(|(d, n)| (d.format.id(), *n)).collect();
    assert_eq!(ids, [("go-log", 2), ("json", 1)]);
    assert!((d.share_read() - 5.0 / 6.0).abs() < 1e-9);
    assert!((detect(std::iter::empty()).share_read() - 1.0).abs() < 1e-9);
}

#[test]
fn a_plain_file_still_reads_specific_lines() {
    let reader = detect([PLAIN, PLAIN].into_iter()).reader();
    for line in [PLAIN, GO, JSON, b"[pid: 1" as &[u8]] {
        let (a, b) = (reader.parse(line), parse_any(line));
        assert_eq!(a.map(|r| r.format), b.map(|r| r.format));
    }
}

#[test]
fn a_file_names_its_own_columns() {
    let lines: [&[u8]; 4] = [
        b"#Software: Microsoft Internet Information Services 10.0",
        b"#Fields: date time cs-method cs-uri-stem c-ip sc-status time-taken",
        b"2026-11-20 10:00:00 GET /x 10.0.0.2 502 15",
        b"2026-11-20 10:00:01 GET /y 10.0.0.2 200 7",
    ];
    let d = detect(lines.into_iter());
    let ids: Vec<_> = d.dialects.iter().map(|(d, n)| (d.format.id(), *n)).collect();
    assert_eq!(ids, [("w3c-extended", 2), ("iis", 2)]);
    let reader = d.reader();
    let r = reader.parse(lines[2]).expect("a request");
    assert!(matches!(&r.body, Body::Access(a) if a.status == Some(502)), "{r:?}");
    assert_eq!(reader.parse(PLAIN).map(|r| r.format), Ok("plain"));
}

#[test]
fn a_line_of_several_records_counts_as_one() {
    let line = br#"{"events":[{"timestamp":1795168800123,"message":"a","ingestionTime":2},{"timestamp":1795168800124,"message":"b","ingestionTime":4}]}"#;
    let d = detect([&line[..]].into_iter());
    assert_eq!((d.lines, d.read, d.dialects.len()), (1, 1, 1));
    assert_eq!(d.dialects[0].0.envelope, Some(EnvelopeKind::CloudWatch));
    assert_eq!(d.reader().batch(line).map(|b| b.len()), Some(2));
    assert_eq!(d.reader().batch(b"[{\"x\":1}]"), None);
}

#[test]
fn colours_are_taken_off() {
    let line =
        b"\x1b[32mINFO\x1b[0m:     127.0.0.1:58534 - \"\x1b[1mGET /x HTTP/1.1\x1b[0m\" \x1b[32m200 OK\x1b[0m";
    let r = parse_any(line).expect("a request");
    assert!(matches!(&r.body, Body::Access(a) if a.status == Some(200)), "{r:?}");
    assert_eq!(colourless(b"\x1b[2Kweb\x1b[0"), b"web");
}

#[test]
fn every_reader_agrees_with_parse_any_on_every_sample() {
    let all: Vec<&str> = FORMATS.iter().flat_map(|f| f.samples.iter().copied()).collect();
    for f in FORMATS.iter().filter(|f| is_loose(f)) {
        let reader = LineReader::new(vec![Dialect { envelope: None, format: Format::Builtin(f) }]);
        for s in &all {
            let (a, b) = (reader.parse(s.as_bytes()), parse_any(s.as_bytes()));
            assert_eq!(a.as_ref().map(|r| r.format), b.as_ref().map(|r| r.format), "a file of {}: {s}", f.id);
        }
    }
    // a file where every format was seen
    let reader = detect(all.iter().map(|s| s.as_bytes())).reader();
    for s in &all {
        assert_eq!(
            reader.parse(s.as_bytes()).map(|r| r.format),
            parse_any(s.as_bytes()).map(|r| r.format),
            "{s}"
        );
    }
}

#[test]
fn a_known_file_costs_few_attempts() {
    for f in FORMATS.iter().filter(|f| !is_generic(f.id)) {
        let reader = LineReader::new(vec![Dialect { envelope: None, format: Format::Builtin(f) }]);
        assert!(
            reader.own.len() <= 8,
            "{}: {:?}",
            f.id,
            reader.own.iter().map(Format::id).collect::<Vec<_>>()
        );
    }
}

fn damaged_sample() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let samples: Vec<&'static str> = FORMATS.iter().flat_map(|f| f.samples.iter().copied()).collect();
    let edits = proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..3u8), 0..6);
    (proptest::sample::select(samples), edits).prop_map(|(sample, edits)| {
        let mut line = sample.as_bytes().to_vec();
        for (at, byte, how) in edits {
            let at = at.index(line.len() + 1);
            match how {
                0 => line.insert(at, byte),
                1 => line.truncate(at),
                _ if at < line.len() => drop(line.remove(at)),
                _ => {}
            }
        }
        line
    })
}

proptest::proptest! {
    #[test]
    fn no_format_panics_on_damaged_lines(line in damaged_sample()) {
        for f in FORMATS {
            let _ = (f.parse)(&line);
        }
        if let Ok(r) = parse_any(&line) {
            let owned = r.clone().into_owned();
            proptest::prop_assert_eq!(r, owned);
        }
        let mut folder = Folder::new();
        folder.step(b"2026-11-20 10:00:00 ERROR x", parse_any(b"2026-11-20 10:00:00 ERROR x").ok().as_ref());
        folder.step(&line, parse_any(&line).ok().as_ref());
    }

    #[test]
    fn no_format_panics_on_any_bytes(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        for f in FORMATS {
            let _ = (f.parse)(&line);
        }
    }
}
