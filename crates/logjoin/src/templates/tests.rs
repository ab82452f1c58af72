//! What masks and miners promise, on examples and on any bytes.

use proptest::prelude::*;

use super::*;

fn masked(line: &str) -> String {
    String::from_utf8(mask(line.as_bytes()).text().to_vec()).unwrap()
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(masked(line), *expected, "{line}");
    }
}

#[test]
fn numbers_and_ids() {
    check(&[
        ("took -17 of 1,024 at 0.25", "took <num> of <num> at <num>"),
        ("at 87% of v2", "at <num> of v2"),
        ("ssh2 over eth0 by mod_http2", "ssh2 over eth0 by mod_http2"),
        ("a 32-bit build, 2nd try", "a <num>-bit build, <id> try"),
        ("order #4711 (id 0x1F)", "order #<num> (id <hex>)"),
        ("block blk_-160899 of part-00017", "block blk_<num> of part-<num>"),
        ("attempt_144_0020_m_000001_0 done", "attempt_<id> done"),
        ("node R02-M1-N0 lost", "node <id> lost"),
        ("commit a489c868f0c3 built", "commit <hex> built"),
        ("decade of deadbeef", "decade of deadbeef"),
        ("leaders.........0", "leaders.........<num>"),
        ("ended at 12.", "ended at <num>."),
    ]);
}

#[test]
fn addresses_and_hosts() {
    check(&[
        ("from 192.0.2.1:50122 to 10.0.0.0/8", "from <ip>:<port> to <ip>"),
        ("peer [2001:db8::7]:443 and ::1, fe80::1", "peer <ip>:<port> and <ip>"),
        ("to /10.0.0.4:9000", "to <ip>:<port>"),
        ("upstream db-3.example.com:5432 and cache-1:6379", "upstream <host>:<port> and <host>:<port>"),
        ("for 62.99.164.82.example.net", "for <host>"),
        ("main.go:42 in org.apache.hadoop.Job", "main.go:<num> in org.apache.hadoop.Job"),
        ("mail from jane.doe@example.com", "mail from <email>"),
        ("card 9f:15:7e:6e:00:0d up", "card <mac> up"),
        ("lease 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "lease <uuid>"),
    ]);
}

#[test]
fn moments_spans_and_sizes() {
    check(&[
        ("at 2026-11-21T02:47:17.123456+00:00 sharp", "at <time> sharp"),
        ("at 2026/11/21 02:47:17 and 21/Nov/2026:02:47:17 +0000", "at <time> and <time>"),
        ("since Fri Jun 17 07:07:00 2005 or Nov  3 01:02:03", "since <time> or <time>"),
        ("until Fri Jul 01 08:16:53 PDT 2005.", "until <time>."),
        ("10ms, 1.5s and <1 sec", "<span> and <span>"),
        ("5MB, 12 bytes", "<size>"),
        ("0 bytes sent", "<size> sent"),
        ("125682 bytes (122 KB) sent", "<size> sent"),
    ]);
}

#[test]
fn paths_urls_and_quotes() {
    check(&[
        ("open() \"/var/www/a.html\" failed", "open() \"<quoted>\" failed"),
        ("\"GET /cart?id=7 HTTP/1.1\" 502", "\"GET <path> HTTP/<num>\" <num>"),
        ("see https://example.com/a?b=c.", "see <url>."),
        ("loaded C:\\app\\x.dll and lib/a/b.so", "loaded <path> and <path>"),
        ("user 'jane' unknown, name \"\"", "user '<quoted>' unknown, name \"<quoted>\""),
        ("file /etc/nginx/nginx.conf: 7", "file <path>: <num>"),
        ("said \"not today\" and don't", "said \"not today\" and don't"),
        ("connection from 192.0.2.1 () at noon", "connection from <ip> (<empty>) at noon"),
        ("calls main() of list[]", "calls main() of list[]"),
    ]);
}

#[test]
fn a_list_of_values_is_one_value() {
    check(&[
        ("tried 10.0.0.1:80, 10.0.0.2:80, 10.0.0.3:80 in vain", "tried <ip>:<port> in vain"),
        ("delete blk_1 blk_-2 blk_33", "delete blk_<num>"),
        ("header 0064588e 8aff0003 00000002", "header <hex>"),
        ("very very slow", "very very slow"),
    ]);
}

#[test]
fn blanks_and_odd_bytes() {
    check(&[
        ("  a \t b\r", "a b"),
        ("", ""),
        ("...", "..."),
        ("<", "<"),
        ("\u{e9}t\u{e9} 3", "\u{e9}t\u{e9} <num>"),
    ]);
    assert_eq!(mask(b"\xff\xfe 12 \x00\x01x").text(), b"\xff\xfe <num> x");
    let long = b"word ".repeat(10_000);
    assert!(mask(&long).text().len() <= MASK_LIMIT);
    assert!(mask(&long).text().ends_with(b"word"));
}

#[test]
fn every_kind_has_its_own_placeholder() {
    let mut seen: Vec<&str> = Kind::ALL.iter().map(|k| k.placeholder()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), Kind::ALL.len());
}

#[test]
fn a_line_finds_its_template() {
    let mut miner = Miner::new();
    for user in ["ann", "bob", "cy", "dan", "eve", "flo"] {
        miner.add(format!("session opened for user {user} by (uid=0)").as_bytes());
    }
    let catalogue = miner.catalogue();
    let found = catalogue.find(b"session opened for user cy by (uid=501)").unwrap();
    assert_eq!((found.text.as_slice(), found.count), (&b"session opened for user <*> by (uid=<*>)"[..], 6));
    assert_eq!(found.id, crate::hash::hash(&found.text));
    assert_eq!(catalogue.find(b"never seen"), None);
}

#[test]
fn memory_is_bounded_and_counts_stay_exact() {
    let word = |i: usize| -> String { i.to_string().bytes().map(|b| char::from(b - b'0' + b'a')).collect() };
    let mut miner = Miner::with_capacity(50);
    for i in 0..5000 {
        miner.add(format!("thing {} broke", word(i % 1000)).as_bytes());
    }
    assert_eq!((miner.distinct(), miner.lines()), (50, 5000));
    assert_eq!(miner.left_out(), 5000 - 50 * 5);
    assert_eq!(miner.finish()[0].count, 250);
}

/// Lines that share words and values often enough to make groups, with some that share nothing.
fn lines() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let word = prop::sample::select(vec![
        "open", "close", "ann", "bob", "cy", "dan", "eve", "flo", "gus", "12", "10.0.0.1",
    ]);
    let text =
        prop::collection::vec(word, 1..5).prop_map(|w| format!("session {} now", w.join(" ")).into_bytes());
    let any = prop::collection::vec(any::<u8>(), 0..40);
    prop::collection::vec(prop_oneof![9 => text, 1 => any], 0..120)
}

fn mined<'a>(lines: impl IntoIterator<Item = &'a Vec<u8>>, capacity: usize) -> Miner {
    let mut miner = Miner::with_capacity(capacity);
    lines.into_iter().for_each(|line| miner.add(line));
    miner.buffer.clear();
    miner
}

proptest! {
    #[test]
    fn order_does_not_matter(lines in lines(), shift in 0usize..120, capacity in 1usize..80) {
        let mut other = lines.clone();
        other.reverse();
        other.rotate_left(shift.min(lines.len()));
        prop_assert_eq!(mined(&lines, capacity).catalogue(), mined(&other, capacity).catalogue());
    }

    #[test]
    fn any_split_merges_to_the_whole(lines in lines(), a in 0usize..120, b in 0usize..120, capacity in 1usize..80) {
        let (a, b) = (a.min(b).min(lines.len()), a.max(b).min(lines.len()));
        let part = |range: std::ops::Range<usize>| mined(&lines[range], capacity);
        let whole = mined(&lines, capacity);
        let mut left = part(0..a);
        left.merge(part(a..b));
        left.merge(part(b..lines.len()));
        let mut tail = part(b..lines.len());
        tail.merge(part(a..b));
        tail.merge(part(0..a));
        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&tail, &whole);
        prop_assert!(whole.distinct() <= capacity);
    }

    #[test]
    fn the_count_of_lines_is_the_sum_of_the_templates(lines in lines(), capacity in 1usize..80) {
        let miner = mined(&lines, capacity);
        let counted: u64 = miner.finish().iter().map(|t| t.count).sum();
        prop_assert_eq!(counted + miner.left_out(), lines.len() as u64);
    }

    #[test]
    fn any_bytes_have_a_mask(line in prop::collection::vec(any::<u8>(), 0..300)) {
        let once = mask(&line);
        prop_assert!(once.text().len() <= MASK_LIMIT);
        prop_assert_eq!(mask(&line), once);
    }

    #[test]
    fn any_text_of_log_bytes_has_a_mask(line in "[-0-9a-fxT:./@\\[\\]()<>\"', %_+~\\\\KMs]{0,80}") {
        prop_assert!(mask(line.as_bytes()).text().len() <= MASK_LIMIT);
    }
}
