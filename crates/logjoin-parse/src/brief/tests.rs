//! The brief reader says of each line what the whole one says, or nothing.

use super::*;
use crate::formats::FORMATS;
use crate::{LineReader, detect};
use proptest::prelude::*;

/// Reads all lines both ways; how many were read in brief.
fn compare<'a>(lines: impl Iterator<Item = &'a [u8]> + Clone) -> (usize, usize) {
    let reader: LineReader = detect(lines.clone()).reader();
    let Some(mut brief) = reader.brief() else { return (0, lines.count()) };
    let (mut read, mut all) = (0, 0);
    for line in lines {
        all += 1;
        let Some(got) = brief.read(line) else { continue };
        let envelope = brief.envelope();
        let text = String::from_utf8_lossy(line);
        let record = reader.parse(line).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(Some(got), Brief::of(&record), "{text}");
        assert_eq!(envelope.and_then(|e| e.pid), record.envelope.as_ref().and_then(|e| e.pid), "{text}");
        let tag = record.envelope.as_ref().and_then(|e| e.tag.as_deref());
        assert_eq!(envelope.and_then(|e| e.tag.as_deref()), tag, "{text}");
        assert_eq!(envelope.is_some(), record.envelope.is_some(), "{text}");
        check_long_words(line, &got, brief.long_words());
        read += 1;
    }
    (read, all)
}

/// Long words stand nowhere else than it says.
fn check_long_words(line: &[u8], brief: &Brief<'_>, words: LongWords) {
    let place = |part: Option<&[u8]>| {
        let from = part.map_or(0, |p| p.as_ptr() as usize - line.as_ptr() as usize);
        (from, from + part.map_or(0, <[u8]>::len))
    };
    let end = |n: usize| (line.len() - n, line.len());
    let places = match words.then {
        Words::Anywhere => vec![(words.from, line.len())],
        Words::Behind(n) => vec![place(brief.path), end(n)],
        Words::InAgent(n) => vec![place(brief.path), place(brief.user_agent), end(n)],
    };
    let mut from = 0;
    for word in line.split(|b| !is_part_of_id(*b)) {
        let here = from..from + word.len();
        from += word.len() + 1;
        if word.len() >= SHORTEST_ID && word.iter().any(u8::is_ascii_alphabetic) {
            let is_in = |p: &(usize, usize)| p.0 <= here.start && here.end <= p.1;
            assert!(places.iter().any(is_in), "{}: {words:?}", String::from_utf8_lossy(line));
        }
    }
}

const LONG: &str = "fceb456e-24cf-8019-e7c6-b4dd7d4c26ab";

#[test]
fn long_words_are_where_it_says() {
    for line in ORDINARY {
        let parts = line.split_inclusive(|c: char| !c.is_ascii_alphanumeric());
        let mut at = 0;
        for part in parts {
            // In the place of each word, and before it.
            for rest in [&line[at..], &line[at + part.len() - 1..]] {
                let other = format!("{}{LONG}{rest}", &line[..at]);
                compare([line, line, line, &other, &other, line, &other].map(str::as_bytes).into_iter());
            }
            at += part.len();
        }
    }
}

const ORDINARY: [&str; 12] = [
    r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?id=7 HTTP/1.1" 200 157 "-" "curl/8.5.0" rt=0.021 uct="0.000" uht="0.020" urt="0.021" ua="10.20.1.11:8080" us="200" rid=fceb456e-24cf-8019-e7c6-b4dd7d4c26ab"#,
    r#"192.0.2.7 - bob [21/Nov/2026:01:50:53 +0100] "GET /logo.png HTTP/2.0" 304 0 "https://a/" "curl/8.5.0" rt=0.000 uct="-" uht="-" urt="-" ua="-" us="-""#,
    r#"2001:db8::1 - - [21/Nov/2026:01:50:54 -0330] "POST /cart HTTP/1.1" 200 157 "-" "-" 0.021 0.020"#,
    r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?id=7 HTTP/1.1" 200 341 "-" "curl/8.5.0" 44764 +"#,
    r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart?id=7 HTTP/1.1" 200 341 "-" "curl/8.5.0""#,
    r#"192.0.2.7 - - [21/Nov/2026:01:50:53.123 +0000] "GET /cart?id=7 HTTP/1.1" 200 341"#,
    r#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 200 - "-" "curl/8.5.0" "fceb456e-24cf-8019-e7c6-b4dd7d4c26ab""#,
    r#"192.0.2.16:57957 [21/Nov/2026:02:15:37.334] www api/api-1 0/2/1/18/21 200 358 - - ---- 1/1/0/0/0 0/0 {a b|} {} "GET /api/v1/orders/1841 HTTP/1.1""#,
    r#"Nov 21 02:08:55 lb1 haproxy[12863]: 192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe~ be/s1 0/0/1/2/501 200 217 - - ---- 1/1/0/0/0 0/0 "GET /cart?id=7 HTTP/1.1""#,
    r#"{"msec":"1795226400.025","remote_addr":"198.51.100.67","request":"GET /a?page=4 HTTP/1.1","status":"200","body_bytes_sent":"587","http_user_agent":"a","request_time":"0.017","upstream_connect_time":"0.000","upstream_header_time":"0.017","upstream_addr":"10.0.1.12:8000","upstream_status":"200","request_id":"6714"}"#,
    r#"{"time":"2026-11-21T02:00:00.048Z","level":"info","msg":"request completed","method":"GET","path":"/a","status":200,"bytes":1064,"duration_ms":20.2,"request_id":"a92c08f164d53cbef9af37da8333fa33"}"#,
    r#"{"level":30,"time":1795227959975,"pid":5789,"reqId":"416d2318-4c78","req":{"method":"GET","url":"/feed","remoteAddress":"10.20.0.5"},"res":{"statusCode":200,"sizes":[1,2]},"responseTime":45,"msg":"request completed"}"#,
];

#[test]
fn what_the_whole_reader_trims_is_left_to_it() {
    let tab = format!("\t{}", ORDINARY[0]);
    let lines = [ORDINARY[0].as_bytes(), tab.as_bytes()];
    assert_eq!(compare(lines.into_iter()), (1, 2));
}

#[test]
fn ordinary_lines_are_read_in_brief() {
    for line in ORDINARY {
        let lines = [line.as_bytes(); 3];
        let (read, all) = compare(lines.into_iter());
        // The first line of a shape teaches it.
        assert!(read + 1 >= all, "{read} of {all}: {line}");
    }
}

#[test]
fn samples_are_read_alike_or_left() {
    for f in FORMATS {
        compare(f.samples.iter().map(|s| s.as_bytes()));
        for s in f.samples {
            compare([s.as_bytes(); 3].into_iter());
        }
    }
}

#[test]
fn what_is_remembered_does_not_matter() {
    let mut lines: Vec<&[u8]> = ORDINARY[..7].iter().map(|l| l.as_bytes()).collect();
    lines.extend(ORDINARY[..7].iter().rev().map(|l| l.as_bytes()));
    assert!(compare(lines.iter().copied()).0 > 10);
    let turns = [
        r#"{"time":"2026-11-21T02:00:00.048Z","method":"GET","path":"/a","status":200}"#,
        r#"{"time":"2026-11-21T02:00:00.048Z","method":"GET","path":"/a","status":200,"bytes":7}"#,
        r#"{"time":"2026-11-21T02:00:00.048Z","method":"GET","url":"/a","status":200,"duration_us":7}"#,
        r#"{"time":"2026-11-21T02:00:00.048Z","method":"GET","path":"/a","url":"/b","status":200}"#,
        r#"{"time":"2026-11-21T02:00:00.048Z","level":"info","msg":"x"}"#,
    ];
    let lines = turns.iter().cycle().take(40).map(|l| l.as_bytes());
    assert_eq!(compare(lines), (21, 40));
}

/// Changes to a line that may make it another one.
fn changed(line: &[u8], changes: &[(usize, u8)]) -> Vec<u8> {
    const BYTES: &[u8] = b" \"'-:,.[]{}/\\=0159aZ\tx#%?";
    let mut out = line.to_vec();
    for (at, what) in changes {
        let i = at % out.len().max(1);
        let byte = BYTES[usize::from(*what) % BYTES.len()];
        match what % 3 {
            0 => out.insert(i, byte),
            1 if out.len() > 1 => {
                out.remove(i);
            }
            _ => out[i] = byte,
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn changed_lines_are_read_alike_or_left(
        which in 0..ORDINARY.len(),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let line = ORDINARY[which].as_bytes();
        let other = changed(line, &changes);
        // The ordinary ones decide what the file is.
        compare([line, line, line, line, &other, line, &other].into_iter());
    }
}
