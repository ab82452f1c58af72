//! The shapes of values that vary from line to line: each recogniser looks at one place and says where the value ends.
//!
//! A recogniser never looks back and never allocates. It answers with the index after the value, so a caller that tries them
//! in a fixed order gets one answer for one line. All take any bytes; what is not ASCII belongs to no shape.

/// Where a run of bytes that satisfy `is` ends, from `at`.
pub(super) fn run(line: &[u8], at: usize, is: impl Fn(u8) -> bool) -> usize {
    at + line[at.min(line.len())..].iter().take_while(|b| is(**b)).count()
}

fn digits(line: &[u8], at: usize) -> usize {
    run(line, at, |b| b.is_ascii_digit()) - at
}

/// Exactly `n` digits at `at`, with no digit after them.
fn exactly(line: &[u8], at: usize, n: usize) -> Option<usize> {
    (digits(line, at) == n).then_some(at + n)
}

fn byte(line: &[u8], at: usize, wanted: &[u8]) -> Option<usize> {
    line.get(at).filter(|b| wanted.contains(b)).map(|_| at + 1)
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// No value ends in the middle of a word.
pub(super) fn ends_word(line: &[u8], at: usize) -> bool {
    line.get(at).is_none_or(|b| !is_word(*b) && b.is_ascii())
}

/// `scheme://rest`, up to a blank, a quote or a bracket; a closing stop or comma is left to the sentence.
pub(super) fn url(line: &[u8], at: usize) -> Option<usize> {
    if !line.get(at)?.is_ascii_alphabetic() {
        return None;
    }
    let scheme = run(line, at, |b| b.is_ascii_alphanumeric() || b"+.-".contains(&b));
    if !line[scheme..].starts_with(b"://") || scheme - at > 16 {
        return None;
    }
    let end = run(line, scheme + 3, |b| !b.is_ascii_whitespace() && !b"\"'<>()[]{}|".contains(&b));
    Some(unpunctuated(line, scheme + 3, end)).filter(|end| scheme + 3 < *end)
}

fn unpunctuated(line: &[u8], from: usize, end: usize) -> usize {
    let kept = line[from..end].iter().rev().take_while(|b| b".,;:!?".contains(b)).count();
    end - kept
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

fn name(line: &[u8], at: usize, names: &[&[u8]]) -> Option<usize> {
    let found = line.get(at..at + 3)?;
    names.contains(&found).then_some(at + 3)
}

/// `hh:mm:ss` with an optional fraction; also `mm:ss`, which programs write for spans and for clocks alike.
fn clock(line: &[u8], at: usize) -> Option<usize> {
    let hour = digits(line, at);
    if !(1..=2).contains(&hour) {
        return None;
    }
    let mut end = exactly(line, byte(line, at + hour, b":")?, 2)?;
    if let Some(more) = byte(line, end, b":").and_then(|at| exactly(line, at, 2)) {
        end = more;
    }
    if let Some(fraction) = byte(line, end, b".,").filter(|at| 0 < digits(line, *at)) {
        end = fraction + digits(line, fraction);
    }
    Some(end)
}

/// `Z`, `+02:00`, ` +0200`, ` UTC`, ` GMT`.
fn zone(line: &[u8], at: usize) -> usize {
    if line.get(at) == Some(&b'Z') {
        return at + 1;
    }
    let start = byte(line, at, b" ").unwrap_or(at);
    if [&b"UTC"[..], b"GMT"].iter().any(|z| line[start..].starts_with(z)) && start != at {
        return start + 3;
    }
    let hours = byte(line, start, b"+-").and_then(|at| {
        exactly(line, at, 4).or_else(|| exactly(line, byte(line, exactly(line, at, 2)?, b":")?, 2))
    });
    hours.filter(|end| ends_word(line, *end)).unwrap_or(at)
}

/// `2026-11-21`, `2026/11/21`, `21/Nov/2026`, `21-Nov-2026`, and one-digit months and days.
fn date(line: &[u8], at: usize) -> Option<usize> {
    let first = digits(line, at);
    let separator = *line.get(at + first).filter(|b| b"-/.".contains(b))?;
    let second = at + first + 1;
    if first == 4 {
        let month = digits(line, second);
        let day_at = byte(line, second + month, &[separator])?;
        let day = digits(line, day_at);
        return ((1..=2).contains(&month) && (1..=2).contains(&day)).then_some(day_at + day);
    }
    if (1..=2).contains(&first) {
        let month = name(line, second, &MONTHS).or_else(|| {
            Some(second + digits(line, second)).filter(|end| (1..=2).contains(&(end - second)))
        })?;
        return exactly(line, byte(line, month, &[separator])?, 4);
    }
    None
}

/// A moment, in the ways that servers write one: ISO 8601, `YYYY/MM/DD hh:mm:ss`, the Common Log Format's
/// `dd/Mon/yyyy:hh:mm:ss +zone`, `asctime`, syslog's `Mon dd hh:mm:ss`; a date or a clock alone.
pub(super) fn time(line: &[u8], at: usize) -> Option<usize> {
    let first = *line.get(at)?;
    let end = if first.is_ascii_digit() {
        match date(line, at) {
            Some(date) => {
                byte(line, date, b"T :").and_then(|at| clock(line, at)).map_or(date, |end| zone(line, end))
            }
            None => clock(line, at).map(|end| zone(line, end))?,
        }
    } else {
        let month_at = match name(line, at, &DAYS) {
            Some(day) => byte(line, byte(line, day, b",").unwrap_or(day), b" ")?,
            None => at,
        };
        let day_at = run(line, name(line, month_at, &MONTHS)?, |b| b == b' ');
        let day = Some(digits(line, day_at)).filter(|n| (1..=2).contains(n))? + day_at;
        let end = clock(line, byte(line, day, b" ")?)?;
        let end = zone(line, end);
        let named = byte(line, end, b" ").map_or(end, |at| run(line, at, |b| b.is_ascii_uppercase()));
        let named = if (4..=5).contains(&(named - end)) { named } else { end };
        byte(line, named, b" ").and_then(|at| exactly(line, at, 4)).unwrap_or(end)
    };
    ends_word(line, end).then_some(end)
}

fn hex(line: &[u8], at: usize) -> usize {
    run(line, at, |b| b.is_ascii_hexdigit()) - at
}

/// `8-4-4-4-12` hexadecimal digits.
pub(super) fn uuid(line: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    for (i, wanted) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        end = if i == 0 { end } else { byte(line, end, b"-")? };
        end = (hex(line, end) == wanted).then_some(end + wanted)?;
    }
    ends_word(line, end).then_some(end)
}

/// Six pairs of hexadecimal digits or more (InfiniBand's GUIDs have eight) with `:` or `-` between them.
pub(super) fn mac(line: &[u8], at: usize) -> Option<usize> {
    let separator = *line.get(at + 2).filter(|b| b":-".contains(b))?;
    let mut end = at;
    let mut pairs = 0;
    while hex(line, end) == 2 {
        pairs += 1;
        match byte(line, end + 2, &[separator]).filter(|next| hex(line, *next) == 2) {
            Some(next) => end = next,
            None => return (pairs >= 6 && ends_word(line, end + 2)).then_some(end + 2),
        }
    }
    None
}

fn ipv4(line: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    for i in 0..4 {
        end = if i == 0 { end } else { byte(line, end, b".")? };
        let n = digits(line, end);
        end = (1..=3).contains(&n).then_some(end + n)?;
    }
    // A fifth number makes it a version or an object identifier.
    (byte(line, end, b".").is_none_or(|at| digits(line, at) == 0)).then_some(end)
}

fn ipv6(line: &[u8], at: usize) -> Option<usize> {
    let end = run(line, at, |b| b.is_ascii_hexdigit() || b == b':');
    let text = &line[at..end];
    let colons = text.iter().filter(|b| **b == b':').count();
    let short = text.windows(2).any(|w| w == b"::");
    let groups = text.split(|b| *b == b':').all(|g| g.len() <= 4);
    if !groups || !(colons == 7 || short && (2..=7).contains(&colons)) || text == b"::" {
        return None;
    }
    // Mapped addresses end in an IPv4 address, of which the run took the first number.
    let tail = at + text.iter().rposition(|b| *b == b':').unwrap_or(0) + 1;
    Some(ipv4(line, tail).unwrap_or(end))
}

/// `:port`, where there is one.
pub(super) fn port(line: &[u8], at: usize) -> Option<usize> {
    let start = byte(line, at, b":")?;
    let n = digits(line, start);
    let end = start + n;
    let more = byte(line, end, b":").is_some_and(|at| line.get(at).is_some_and(|b| is_word(*b)));
    ((1..=5).contains(&n) && ends_word(line, end) && !more).then_some(end)
}

/// An IPv4 or IPv6 address, with a leading `/` (as Java prints an address without a name), in brackets before a port, or with a
/// prefix length. The port is not part of it.
pub(super) fn ip(line: &[u8], at: usize) -> Option<usize> {
    let start = byte(line, at, b"/").unwrap_or(at);
    if let Some(inner) = byte(line, start, b"[") {
        let end = byte(line, ipv6(line, inner)?, b"]")?;
        return port(line, end).map(|_| end);
    }
    let end = ipv4(line, start).or_else(|| ipv6(line, start))?;
    if port(line, end).is_some() {
        return Some(end);
    }
    let prefix = byte(line, end, b"/").map(|at| (at, digits(line, at))).filter(|(_, n)| (1..=3).contains(n));
    let end = prefix.map_or(end, |(at, n)| at + n);
    ends_word(line, end).then_some(end)
}

/// A file's path: `/a/b`, `~/a`, `./a`, `../a`, `C:\a`, `\\host\share`.
pub(super) fn path(line: &[u8], at: usize) -> Option<usize> {
    let rest = &line[at..];
    let lead =
        [&b"/"[..], b"~/", b"./", b"../", b"\\\\"].iter().find(|l| rest.starts_with(l)).map(|l| l.len());
    let drive =
        rest.len() >= 3 && rest[0].is_ascii_alphabetic() && rest[1] == b':' && b"\\/".contains(&rest[2]);
    let lead = lead.or(drive.then_some(3))?;
    let end = run(line, at + lead, |b| !b.is_ascii_whitespace() && !b"\"'<>()[]{}|,;".contains(&b));
    let end = unpunctuated(line, at + lead, end);
    let named = line[at + lead..end].iter().any(|b| is_word(*b) || !b.is_ascii());
    named.then_some(end)
}

/// Units of bytes and of time that are written right after a number.
const SIZES: [&str; 17] =
    ["kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "kb", "mb", "gb", "B", "K", "k", "M", "G"];
const SPANS: [&str; 15] =
    ["ns", "us", "ms", "s", "m", "h", "d", "sec", "secs", "msec", "usec", "min", "mins", "hours", "\u{b5}s"];

/// The unit at `at`: the end of the longest that is a whole word.
fn unit(line: &[u8], at: usize, units: &[&str]) -> Option<usize> {
    let ends = units.iter().filter(|u| line[at..].starts_with(u.as_bytes())).map(|u| at + u.len());
    ends.filter(|end| ends_word(line, *end)).max()
}

/// Digits with inner `.` or `,`, with a sign: the end, or nothing.
pub(super) fn number(line: &[u8], at: usize) -> Option<usize> {
    let mut end = byte(line, at, b"+-").unwrap_or(at);
    let mut some = false;
    loop {
        let n = digits(line, end);
        if n == 0 {
            return some.then(|| end - 1);
        }
        some = true;
        match byte(line, end + n, b".,") {
            Some(next) => end = next,
            None => return Some(end + n),
        }
    }
}

/// `10ms`, `1.5s`, `<1 sec`.
pub(super) fn span(line: &[u8], at: usize) -> Option<usize> {
    if let Some(at) = byte(line, at, b"<") {
        let end = number(line, at)?;
        return unit(line, byte(line, end, b" ").unwrap_or(end), &SPANS);
    }
    unit(line, number(line, at)?, &SPANS)
}

/// `5MB`, `12 bytes`, and `12345 bytes (12.1 KB)`: the second is the first once more, for people, and is only written for large ones.
pub(super) fn size(line: &[u8], at: usize) -> Option<usize> {
    let end = number(line, at)?;
    if let Some(end) = unit(line, end, &SIZES) {
        return Some(end);
    }
    let bytes = byte(line, end, b" ").and_then(|at| unit(line, at, &["bytes", "byte"]))?;
    let again = line[bytes..].starts_with(b" (").then_some(bytes + 2).and_then(|at| {
        let end = number(line, at)?;
        byte(line, unit(line, byte(line, end, b" ").unwrap_or(end), &SIZES)?, b")")
    });
    Some(again.unwrap_or(bytes))
}

/// `0x1f`.
pub(super) fn hex_literal(line: &[u8], at: usize) -> Option<usize> {
    let prefixed = line[at..].starts_with(b"0x") || line[at..].starts_with(b"0X");
    let n = if prefixed { hex(line, at + 2) } else { 0 };
    (n > 0 && ends_word(line, at + 2 + n)).then_some(at + 2 + n)
}
