//! What nginx and httpd write behind the fields of the combined log, in brief: two times, or pairs of names and values.
//!
//! The trick: the pairs of a log are the same from line to line, and so is nearly all of their text: see [`Shapes`].

use super::clf::{Class, quoted};
use super::pieces::{Known, after, below, digits, find, marks, millis, millis_before, word};
use super::shapes::Shapes;
use super::{SHORTEST_ID, is_part_of_id};

/// What it says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail<'a> {
    pub class: Class,
    pub duration_us: Option<i64>,
    pub duration_unit_us: i64,
    pub connect_ms: Option<i64>,
    pub request_length: Option<i64>,
    pub connection_requests: Option<u64>,
    pub server: Option<&'a [u8]>,
    pub tries: usize,
    /// Whether there may be a word as long as an id in it.
    pub may_have_id: bool,
}

/// What stood behind the lines before.
#[derive(Debug, Default)]
pub(super) struct Tails {
    names: Vec<Pair>,
    shapes: Shapes<Places>,
    /// Where the line before had values whose text is free.
    free: Vec<(usize, usize)>,
}

/// What stands before a value: a name, its `=`, perhaps a quote.
#[derive(Debug)]
struct Pair {
    head: Known,
    is_quoted: bool,
    name: Name,
}

/// What a pair behind the line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Duration,
    Address,
    Status,
    Connect,
    /// A time or a length of the upstream that a brief does not have.
    Upstream,
    RequestLength,
    Requests,
    /// Nothing that a brief has.
    Other,
}

/// Where the values of the pairs stand: behind the name of the first one at least. 0 for absent ones, and those that are a dash.
#[derive(Debug, Clone, Copy, Default)]
struct Places {
    duration: u32,
    connect: u32,
    request_length: u32,
    requests: u32,
    /// Where it begins and ends.
    server: (u32, u32),
    /// Whether texts of this shape may have a word as long as an id.
    may_have_id: bool,
}

/// Most pairs behind a line.
const PAIRS: usize = 16;

impl<'a> Tail<'a> {
    /// Nothing but the layout.
    pub fn new(class: Class) -> Tail<'a> {
        Tail {
            class,
            duration_us: None,
            duration_unit_us: 0,
            connect_ms: None,
            request_length: None,
            connection_requests: None,
            server: None,
            tries: 0,
            may_have_id: true,
        }
    }

    /// The values in their places.
    #[inline(always)]
    fn of(b: &'a [u8], places: &Places) -> Option<Tail<'a>> {
        let number = |at: u32| Some(digits(behind(b, at)?)?.0);
        let duration_us = time(b, places.duration);
        let (from, to) = places.server;
        let server = if to == 0 { None } else { b.get(from as usize..to as usize) };
        Some(Tail {
            class: Class::Nginx,
            duration_us,
            duration_unit_us: if duration_us.is_some() { 1000 } else { 0 },
            connect_ms: time(b, places.connect).map(|us| us / 1000),
            request_length: number(places.request_length),
            connection_requests: number(places.requests).map(|n| n as u64),
            server,
            tries: usize::from(server.is_some()),
            may_have_id: places.may_have_id,
        })
    }
}

/// The text from a place on; none where a value has no place.
#[inline(always)]
fn behind(b: &[u8], at: u32) -> Option<&[u8]> {
    if at == 0 { None } else { b.get(at as usize..) }
}

/// The time in a place, microseconds.
#[inline(always)]
fn time(b: &[u8], at: u32) -> Option<i64> {
    millis_before(behind(b, at)?).map(|(us, _)| us)
}

impl Tails {
    /// What stands behind the agent; `None` where it is nothing of the usual.
    #[inline(always)]
    pub fn read<'a>(&mut self, rest: &'a [u8]) -> Option<Tail<'a>> {
        let Some(rest) = after(rest, b" ") else { return Some(Tail::new(Class::Combined)) };
        match rest.first()? {
            b'a'..=b'z' => match self.shapes.find(rest, is_end) {
                Some(places) => Tail::of(rest, places),
                None => self.new_pairs(rest),
            },
            _ => Tails::values(rest),
        }
    }

    /// Values without names.
    fn values(rest: &[u8]) -> Option<Tail<'_>> {
        match rest.first()? {
            b'"' => {
                // Of what one quoted field may be, an id is told by its looks alone; it has no place in a brief.
                let (id, rest) = quoted(&rest[1..])?;
                let is_id =
                    id.len() >= 16 && id.iter().all(|c| c.is_ascii_hexdigit() || *c == b'-') && id[0] != b'-';
                (is_id && rest.is_empty()).then(|| Tail::new(Class::Quoted))
            }
            b'0'..=b'9' => {
                let (took, state) = word(rest)?;
                if let Some(us) = millis(took) {
                    let upstream = millis(state)?;
                    // A time of the upstream is a try, of which nothing else is known.
                    let tries = usize::from(upstream >= 0);
                    let tail = Tail::new(Class::Nginx);
                    return Some(Tail { duration_us: Some(us), duration_unit_us: 1000, tries, ..tail });
                }
                let (us, after) = digits(took)?;
                if !after.is_empty() || !matches!(state, b"+" | b"-") {
                    return None;
                }
                Some(Tail { duration_us: Some(us), duration_unit_us: 1, ..Tail::new(Class::Apache) })
            }
            _ => None,
        }
    }

    /// Pairs in a shape that was not met before.
    fn new_pairs<'a>(&mut self, b: &'a [u8]) -> Option<Tail<'a>> {
        let mut places = self.pairs(b)?;
        places.may_have_id = longest_word(b, &self.free) >= SHORTEST_ID;
        self.shapes.learn(b, &self.free, places);
        Tail::of(b, &places)
    }

    /// `rt=0.021 uct="0.000" ua="10.20.1.11:8080" us="502"`.
    fn pairs(&mut self, b: &[u8]) -> Option<Places> {
        let mut places = Places::default();
        self.free.clear();
        let mut is_upstream = false;
        // Whether a value of the upstream's is not the dash.
        let mut is_told = false;
        let (mut at, mut n) = (0, 0);
        loop {
            let rest = &b[at..];
            if self.names.get(n).is_none_or(|p| p.head.strip(rest).is_none()) {
                let pair = Pair::new(rest)?;
                self.names.truncate(n);
                self.names.push(pair);
            }
            let pair = &self.names[n];
            n += 1;
            let from = at + pair.head.len();
            // A list has blanks or commas, and is of a request that was tried twice.
            let to = from + end(&b[from..]);
            let value = &b[from..to];
            if value.is_empty() {
                return None;
            }
            if pair.is_quoted && b.get(to) != Some(&b'"') {
                return None;
            }
            at = to + usize::from(pair.is_quoted);
            places.put(pair.name, from, value)?;
            if matches!(pair.name, Name::Address | Name::Other) && value.len() > 1 {
                self.free.push((from, to));
            }
            if matches!(pair.name, Name::Address | Name::Status | Name::Connect | Name::Upstream) {
                is_upstream = true;
                is_told |= value != b"-";
            }
            match b.get(at) {
                Some(b' ') if n < PAIRS => at += 1,
                None => break,
                _ => return None,
            }
        }
        // Without an address, the other values would have to tell whether there was a try.
        (is_upstream && (places.has_server() || !is_told)).then_some(places)
    }
}

impl Pair {
    /// The pair that begins here.
    fn new(b: &[u8]) -> Option<Pair> {
        let equals = memchr::memchr(b'=', b)?;
        let name = name_of(&b[..equals])?;
        let is_quoted = b.get(equals + 1) == Some(&b'"');
        Some(Pair { head: Known::new(&b[..equals + 1 + usize::from(is_quoted)]), is_quoted, name })
    }
}

impl Places {
    /// `None` for a name that stands twice, and for a value that is not written as nginx does.
    fn put(&mut self, name: Name, at: usize, value: &[u8]) -> Option<()> {
        let is_number = || digits(value).is_some_and(|(_, rest)| rest.is_empty());
        let is_present = value != b"-";
        let place = u32::try_from(at).ok()?;
        let is_first = |of: &mut u32| std::mem::replace(of, place) == 0;
        match name {
            Name::Duration => millis(value).is_some() && is_first(&mut self.duration),
            Name::Address => {
                let to = u32::try_from(at + value.len()).ok()?;
                !is_present || std::mem::replace(&mut self.server, (place, to)) == (0, 0)
            }
            Name::Status => !is_present || value.len() == 3 && is_number(),
            Name::Connect => !is_present || millis(value).is_some() && is_first(&mut self.connect),
            Name::RequestLength => is_number() && is_first(&mut self.request_length),
            Name::Requests => is_number() && is_first(&mut self.requests),
            Name::Upstream | Name::Other => true,
        }
        .then_some(())
    }

    fn has_server(&self) -> bool {
        self.server != (0, 0)
    }
}

/// The longest word of bytes of which ids are made; of free values, all bytes may be such.
fn longest_word(b: &[u8], free: &[(usize, usize)]) -> usize {
    let (mut longest, mut length) = (0, 0);
    for (i, byte) in b.iter().enumerate() {
        let is_part = is_part_of_id(*byte) || free.iter().any(|(from, to)| (*from..*to).contains(&i));
        length = if is_part { length + 1 } else { 0 };
        longest = length.max(longest);
    }
    longest
}

/// Whether a byte ends the value of a pair or makes it more than one.
#[inline(always)]
fn is_end(byte: u8) -> bool {
    // No branches, as many are asked about at once.
    (byte == b' ') | (byte == b',') | (byte == b'"') | (byte == b'\\') | (byte == b'\t') | (byte == b'\r')
}

/// Where the value of a pair ends.
#[inline(always)]
fn end(b: &[u8]) -> usize {
    let mut at = 0;
    loop {
        // All but the backslash are low, and few others are.
        let near = find(&b[at..], |w| below(w, b'-') | marks(w, b'\\'), is_end);
        match near {
            None => return b.len(),
            Some(i) if is_end(b[at + i]) => return at + i,
            Some(i) => at += i + 1,
        }
    }
}

/// The names that `named::set` of the whole reader knows, as far as they are frequent.
fn name_of(name: &[u8]) -> Option<Name> {
    Some(match name {
        b"rt" | b"request_time" | b"req_time" => Name::Duration,
        b"ua" | b"uaddr" | b"upstream_addr" | b"upstream" => Name::Address,
        b"us" | b"ust" | b"upstream_status" => Name::Status,
        b"uct" | b"upstream_connect_time" => Name::Connect,
        b"uht"
        | b"upstream_header_time"
        | b"urt"
        | b"ut"
        | b"upstream_response_time"
        | b"ul"
        | b"upstream_response_length"
        | b"ubr"
        | b"upstream_bytes_received" => Name::Upstream,
        b"rl" | b"request_length" => Name::RequestLength,
        b"cr" | b"connection_requests" => Name::Requests,
        b"id" | b"rid" | b"req_id" | b"request_id" | b"trace_id" | b"c" | b"connection" | b"host" | b"sn"
        | b"server_name" => Name::Other,
        _ => return None,
    })
}
