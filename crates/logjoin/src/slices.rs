//! Some lines of a file, read apart from the others: rows where they mean the same whatever stands before them, bytes where
//! they do not.
//!
//! The trick: between the first and the last line that begins an event in any case, nothing depends on other lines. What is
//! before and after these is carried along as it is, a few lines as a rule, and read when the neighbours are there.

use logjoin_parse::Stamp;
use logjoin_parse::fold::begins_always;
use serde::{Deserialize, Serialize};

use crate::par;
use crate::plan::{FilePlan, Plan, Sieve};
use crate::row::Hashes;
use crate::scanner::{FileScan, FileScanner};

/// Whole lines of a file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Slice {
    pub file: u32,
    /// Number of the first line, and how many there are.
    pub first: u64,
    pub lines: u64,
    /// Lines before those that are read.
    head: Vec<u8>,
    /// What was found between.
    scan: Option<FileScan>,
    /// Number of the first line after those that are read, and the lines from there on.
    tail_line: u64,
    tail: Vec<u8>,
}

impl Slice {
    /// Reads what can be read of some lines.
    pub fn read(plan: &Plan, file: usize, first: u64, bytes: &[u8]) -> Slice {
        Slice::read_counted(plan, file, first, bytes, count(bytes), &mut Hashes::default())
    }

    /// The same of so many lines, by a reader that has met `hashes` before.
    fn read_counted(
        plan: &Plan,
        file: usize,
        first: u64,
        bytes: &[u8],
        all: u64,
        hashes: &mut Hashes,
    ) -> Slice {
        // Of a file without lines it is known that it has none; it stands before all others.
        let first = if all == 0 { 0 } else { first.max(1) };
        let whole = |lines| Slice {
            file: file as u32,
            first,
            lines,
            head: bytes.to_vec(),
            scan: None,
            tail_line: first + lines,
            tail: Vec::new(),
        };
        let own = &plan.files[file];
        // A line may be a piece of one that began long before.
        if own.reader.may_be_split() {
            return whole(all);
        }
        let (Some((from, _)), Some((to, next))) = (first_start(own, bytes), last_start(own, bytes)) else {
            return whole(all);
        };
        if to <= from {
            return whole(all);
        }
        let begin = first + count(&bytes[..from]);
        let mut scanner = FileScanner::new(plan, file);
        scanner.note_stamps();
        scanner.lend(hashes);
        scanner.push(begin, &bytes[from..to]);
        scanner.lend(hashes);
        Slice {
            file: file as u32,
            first,
            lines: all,
            head: bytes[..from].to_vec(),
            scan: Some(scanner.until(&next)),
            tail_line: first + all - count(&bytes[to..]),
            tail: bytes[to..].to_vec(),
        }
    }

    /// The number of the line after it.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.lines)
    }

    /// Gives what it found to the scanner of the lines before it.
    fn give(self, scanner: &mut FileScanner<'_>) {
        scanner.push(self.first, &self.head);
        if let Some(scan) = self.scan {
            scanner.take_over(scan);
        }
        scanner.push(self.tail_line, &self.tail);
    }

    /// Whether its rows are its own: what was stored may have been changed.
    pub fn is_of_file(&self, plan: &Plan) -> bool {
        (self.file as usize) < plan.files.len()
            && self.scan.as_ref().is_none_or(|s| s.file == self.file && s.is_of_file(plan))
    }
}

/// What the slices of one file, in the order of their lines, are as a whole.
pub(crate) fn join(plan: &Plan, file: u32, slices: impl Iterator<Item = Slice>) -> FileScan {
    let mut scanner = FileScanner::new(plan, file as usize);
    let mut next = None;
    for slice in slices.filter(|s| s.lines > 0) {
        if next.is_some_and(|n| n != slice.first) {
            scanner.break_off();
        }
        next = Some(slice.end());
        slice.give(&mut scanner);
    }
    scanner.finish()
}

/// Bytes that are worth another thread's while.
const LARGE: usize = 1 << 17;

/// What [`FileScanner::push_some`] does, on two threads where there are some to spare: the second half is read apart. `hashes`
/// belong to whoever reads it.
pub(crate) fn push_some(
    plan: &Plan,
    scanner: &mut FileScanner<'_>,
    hashes: &mut Hashes,
    first_line: u64,
    bytes: &[u8],
    most: u64,
) -> (usize, u64) {
    let middle = bytes.len() / 2;
    let half = if bytes.len() < LARGE || par::threads() < 2 {
        None
    } else {
        memchr::memrchr(b'\n', &bytes[..middle])
    };
    let Some(half) = half.map(|i| i + 1) else { return scanner.push_some(first_line, bytes, most) };
    let lines = count(&bytes[..half]);
    if lines >= most {
        return scanner.push_some(first_line, &bytes[..half], most);
    }
    let rest = &bytes[half..];
    let all = count(rest);
    let most = most - lines;
    // The line that is one too many begins there.
    let cut = if all > most { memchr::memchr_iter(b'\n', rest).nth((most - 1) as usize) } else { None };
    let (end, more) = cut.map_or((rest.len(), all), |i| (i + 1, most));
    let file = scanner.file();
    let ((), slice) = par::join(
        || scanner.push(first_line, &bytes[..half]),
        || Slice::read_counted(plan, file, first_line + lines, &rest[..end], more, hashes),
    );
    slice.give(scanner);
    (half + end, lines + more)
}

fn count(bytes: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
    ends + u64::from(bytes.last().is_some_and(|b| *b != b'\n'))
}

/// The time of a line that begins an event in any case.
fn start(file: &FilePlan, line: &[u8]) -> Option<Stamp> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if file.part.as_ref().is_some_and(|part| !Sieve::claims(part, line)) {
        return None;
    }
    let record = file.reader.parse(line).ok()?;
    let stamp = *record.best_stamp()?;
    begins_always(line, &record).then_some(stamp)
}

/// Where the first such line begins.
fn first_start(file: &FilePlan, bytes: &[u8]) -> Option<(usize, Stamp)> {
    let mut from = 0;
    while from < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[from..]).map_or(bytes.len(), |i| from + i + 1);
        if let Some(stamp) = start(file, &bytes[from..end]) {
            return Some((from, stamp));
        }
        from = end;
    }
    None
}

/// Where the last such line begins.
fn last_start(file: &FilePlan, bytes: &[u8]) -> Option<(usize, Stamp)> {
    let mut end = bytes.len();
    while end > 0 {
        let from = memchr::memrchr(b'\n', &bytes[..end - 1]).map_or(0, |i| i + 1);
        if let Some(stamp) = start(file, &bytes[from..end]) {
            return Some((from, stamp));
        }
        end = from;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::options::Options;
    use crate::plan::{Head, plan};

    const APP: &str = "2026-11-21 02:50:05,728 ERROR [shop.web] unhandled error on GET /search
Traceback (most recent call last):
  File \"/srv/shop/app.py\", line 160, in application
KeyError: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File \"/srv/shop/app.py\", line 170, in application
shop.Gone: order 7
2026-11-21 02:50:06,000 INFO [shop.web] next
2026-11-21 02:50:06,000 INFO [shop.web] next
2026-11-21 02:50:47,100 INFO [shop.web] after a silence
MemoryError
2026-11-21 02:50:48,000 INFO [shop.web] next
";
    const ACCESS: &str =
        "192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 502 150 \"-\" \"curl\"
not a line of it
192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /a HTTP/1.1\" 200 150 \"-\" \"curl\"
192.0.2.1 - - [21/Nov/2026:02:47:19 +0000] \"GET /b HTTP/1.1\" 200 150 \"-\" \"curl\"
192.0.2.1 - - [21/Nov/2026:02:49:19 +0000] \"GET /c HTTP/1.1\" 504 150 \"-\" \"curl\"
";
    const SYSLOG: &str = "Dec 31 23:59:58 app-1 gunicorn[77]: [2026-12-31 23:59:58 +0000] [77] [CRITICAL] WORKER TIMEOUT (pid:78)
Dec 31 23:59:59 app-1 gunicorn[78]: Traceback (most recent call last):
Dec 31 23:59:59 app-1 gunicorn[78]:   File \"/srv/app.py\", line 1, in f
Dec 31 23:59:59 app-1 kernel: Out of memory: Killed process 78 (gunicorn) total-vm:1kB
Jan  1 00:00:03 app-1 systemd[1]: Started app.service.
Jan  1 00:00:04 app-1 gunicorn[80]: ready
";

    fn as_json(scan: &FileScan) -> String {
        serde_json::to_string_pretty(scan).unwrap()
    }

    proptest! {
        #[test]
        fn slices_are_together_what_the_file_is(
            which in 0usize..3,
            times in 1usize..4,
            cuts in proptest::collection::vec(0usize..60, 0..6),
        ) {
            let text = [APP, ACCESS, SYSLOG][which].repeat(times);
            let head = Head { path: "app.log".into(), bytes: text.clone().into_bytes(), ..Head::default() };
            let plan = plan(vec![head], Vec::new(), Options::default());
            let mut scanner = FileScanner::new(&plan, 0);
            scanner.push(1, text.as_bytes());
            let whole = scanner.finish();
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|c| *c < lines.len()).chain([0, lines.len()]).collect();
            cuts.sort_unstable();
            let parts = cuts.windows(2).map(|w| {
                Slice::read(&plan, 0, w[0] as u64 + 1, lines[w[0]..w[1]].concat().as_bytes())
            });
            prop_assert_eq!(as_json(&join(&plan, 0, parts)), as_json(&whole));
        }
    }

    #[test]
    fn halves_are_together_what_all_is() {
        let line = ACCESS.lines().nth(2).expect("a line");
        let text = [ACCESS, APP].concat() + &format!("{line}\n").repeat(4000) + APP;
        assert!(text.len() > 2 * LARGE);
        let head = Head { path: "app.log".into(), bytes: text.clone().into_bytes(), ..Head::default() };
        let plan = plan(vec![head], Vec::new(), Options::default());
        let lines = count(text.as_bytes());
        for most in [1, 1500, 2100, 3999, lines - 1, lines, u64::MAX] {
            let mut halves = FileScanner::new(&plan, 0);
            let read = push_some(&plan, &mut halves, &mut Hashes::default(), 1, text.as_bytes(), most);
            let mut whole = FileScanner::new(&plan, 0);
            let mut all = (0, 0);
            while all.1 < read.1 {
                let (bytes, n) = whole.push_some(1 + all.1, &text.as_bytes()[all.0..], read.1 - all.1);
                all = (all.0 + bytes, all.1 + n);
            }
            assert_eq!(read, all);
            assert!(read.1 <= most);
            assert!(as_json(&halves.finish()) == as_json(&whole.finish()), "{most}");
        }
    }

    #[test]
    fn little_is_carried_along() {
        let text = ACCESS.repeat(100);
        let head = Head { path: "app.log".into(), bytes: ACCESS.into(), ..Head::default() };
        let plan = plan(vec![head], Vec::new(), Options::default());
        let s = Slice::read(&plan, 0, 11, text.as_bytes());
        assert_eq!((s.head.len(), s.lines, s.end(), s.tail_line), (0, 500, 511, 510));
        assert!(s.scan.is_some() && s.tail.len() < 100);
    }
}
