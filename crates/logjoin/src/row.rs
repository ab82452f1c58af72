//! A request in brief → its row. The trick: what a site's lines are made of (targets, clients, agents, servers) comes again
//! and again, so that the hashes of a text are looked up under its bytes before they are computed.

use std::borrow::Cow;

use logjoin_parse::bytes::unescape;
use logjoin_parse::{Anchor, Brief, Product, Stamp};

use crate::convert::Writer;
use crate::event::{At, Detail, Events, Request, Tails};
use crate::hash::hash;
use crate::ids::{self, FirstId};
use crate::memo::Memo;
use crate::packed::{Block, Numbers, Sizes, Values};
use crate::text::Texts;

/// Hashes of texts that were met before. What is forgotten is computed again.
#[derive(Debug, Default)]
pub(crate) struct Hashes {
    targets: Memo<120, Target>,
    clients: Memo<39, Client>,
    agents: Memo<247, u64>,
    methods: Memo<15, u64>,
    /// The hash of the most frequent method; 0: not met yet.
    get: u64,
    labels: Memo<63, u64>,
    /// What failed requests and error lines say.
    pub texts: Texts,
    /// Number of the block that rows are packed into, and how much it holds.
    turn: u32,
    sizes: Sizes,
}

/// A request target, whole, without its query, and as what requests of one kind share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Target {
    pub target: u64,
    pub path: u64,
    pub route: u64,
    pub tails: Tails,
}

/// Who asked, and the network of that address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Client {
    pub client: u64,
    pub network: u64,
}

impl Hashes {
    /// Adds the row of a request. One without details is packed.
    #[allow(clippy::too_many_arguments)] // what a row is made of
    pub fn add(
        &mut self,
        b: &Brief<'_>,
        id: FirstId<'_>,
        at: At,
        stamp: Stamp,
        writer: Writer,
        detail: Option<Box<Detail>>,
        out: &mut Events,
    ) {
        let anchor = match (b.anchor, writer.product) {
            (Anchor::Unknown, Product::Apache) => Anchor::Start,
            (Anchor::Unknown, _) => Anchor::End,
            (known, _) => known,
        };
        let v = Values {
            line: at.line,
            stamp,
            anchor,
            duration_ns: b.duration_us.map(|d| d.saturating_mul(1000)),
            unit_ns: b.duration_unit_us.max(1).saturating_mul(1000),
            method: b.method.map_or(0, |m| self.method(m)),
            status: b.status.unwrap_or(0),
            bytes: b.bytes.unwrap_or(-1),
            sent: b.request_length.unwrap_or(-1),
            connect_ms: millis(b.connect_ms),
            queue_ms: millis(b.queue_ms),
            carried: b.connection_requests.map_or(-1, |n| carried(n, writer)),
            tries: b.tries as u32,
        };
        if detail.is_none() && at.part == 0 && v.fit() {
            return self.pack(b, id, at, writer, &v, out);
        }
        let target = b.path.map_or(Target::default(), |p| self.targets.get(p, target));
        let client = seen_client(b, writer).map_or(Client::default(), |ip| self.clients.get(ip, client));
        let row = Request {
            at,
            stamp,
            anchor,
            duration_ns: v.duration_ns,
            unit_ns: v.unit_ns,
            method: v.method,
            target: target.target,
            path: target.path,
            route: target.route,
            tails: target.tails,
            key: target.target,
            status: v.status,
            bytes: v.bytes,
            client: client.client,
            network: if writer.is_proxy { client.network } else { 0 },
            agent: b.user_agent.map_or(0, |a| self.agents.get(a, hash)),
            sent: v.sent,
            connect_ms: v.connect_ms,
            queue_ms: v.queue_ms,
            carried: v.carried,
            server: with_label(b, |l| self.labels.get(l, text_hash)).unwrap_or(0),
            tries: v.tries,
            id: id.of(b),
            detail,
            settled: false,
        };
        if row.server != 0 && !out.labels.contains_key(&row.server) {
            out.labels.insert(row.server, label(b).unwrap_or_default());
        }
        out.requests.push(row);
    }

    #[inline]
    fn method(&mut self, method: &[u8]) -> u64 {
        if method != b"GET" {
            return self.methods.get(method, hash);
        }
        if self.get == 0 {
            self.get = hash(method);
        }
        self.get
    }

    /// Adds a packed row.
    #[inline]
    fn pack(&mut self, b: &Brief<'_>, id: FirstId<'_>, at: At, writer: Writer, v: &Values, out: &mut Events) {
        if !out.packed.last().is_some_and(|block| block.takes(self.turn, at.line)) {
            // What was met before has no entries in the new block.
            self.turn = self.turn.wrapping_add(1).max(1);
            out.packed.push(Block::new(at.file, at.line, self.turn, std::mem::take(&mut self.sizes)));
        }
        let Some(block) = out.packed.last_mut() else { return };
        let turn = self.turn;
        let add_target = |t| block.add_target(t);
        let (target, in_target) = b.path.map_or((0, 0), |p| self.targets.number(p, turn, target, add_target));
        let (client, _) = seen_client(b, writer).map_or((0, 0), |ip| {
            self.clients.number(ip, turn, client, |c| {
                let network = if writer.is_proxy { c.network } else { 0 };
                block.add_client(Client { network, ..c })
            })
        });
        let add_agent = |a| block.add_agent(a);
        let (agent, in_agent) = b.user_agent.map_or((0, 0), |a| self.agents.number(a, turn, hash, add_agent));
        let labels = &mut out.labels;
        let server = with_label(b, |l| {
            self.labels.number(l, turn, text_hash, |value| {
                labels.entry(value).or_insert_with(|| label(b).unwrap_or_default());
                block.add_server(value)
            })
        });
        let id = match id {
            FirstId::Is(id) => id,
            FirstId::In(line) => ids::first(line),
            FirstId::Behind(_) | FirstId::InAgent(_) if in_target != 0 => in_target,
            FirstId::InAgent(_) if in_agent != 0 => in_agent,
            FirstId::Behind(end) | FirstId::InAgent(end) => ids::first(end),
        };
        let (server, _) = server.unwrap_or((0, 0));
        block.push(v, id, Numbers { target, client, agent, server });
        self.sizes = block.sizes();
    }
}

/// The address of the client that a request came from. What a backend sees as its client is the proxy; the forwarded
/// address is the client's.
fn seen_client<'b>(b: &Brief<'b>, writer: Writer) -> Option<&'b [u8]> {
    if writer.is_proxy {
        return b.client_ip;
    }
    let forwarded = b.xff.and_then(|x| x.split(|b| *b == b',').next()).map(<[u8]>::trim_ascii);
    forwarded.or(b.client_ip)
}

/// Something of the label of the server that was tried last.
#[inline]
fn with_label<T>(b: &Brief<'_>, f: impl FnOnce(&[u8]) -> T) -> Option<T> {
    let server = b.server?;
    let Some(group) = b.group else { return Some(f(server)) };
    let mut buffer = [0u8; 128];
    Some(match joined(group, server, &mut buffer) {
        Some(label) => f(label),
        None => f(label(b)?.as_bytes()),
    })
}

/// The server that was tried last, as the proxy names it: an address, or HAProxy's `backend/server`.
pub(crate) fn label(b: &Brief<'_>) -> Option<String> {
    let server = String::from_utf8_lossy(b.server?);
    Some(match b.group {
        Some(group) => format!("{}/{server}", String::from_utf8_lossy(group)),
        None => server.into_owned(),
    })
}

/// HAProxy's label, without an allocation; `None` where it is long.
fn joined<'l>(group: &[u8], server: &[u8], buffer: &'l mut [u8; 128]) -> Option<&'l [u8]> {
    let all = buffer.get_mut(..group.len() + 1 + server.len())?;
    let (head, tail) = all.split_at_mut(group.len());
    head.copy_from_slice(group);
    tail[0] = b'/';
    tail[1..].copy_from_slice(server);
    Some(all)
}

/// Hash of the text that is shown of some bytes.
fn text_hash(bytes: &[u8]) -> u64 {
    match String::from_utf8_lossy(bytes) {
        Cow::Borrowed(_) => hash(bytes),
        Cow::Owned(text) => hash(text.as_bytes()),
    }
}

fn target(raw: &[u8]) -> Target {
    let whole = unescape(relative(raw));
    let path = path(&whole);
    let path_hash = hash(path);
    Target {
        target: if path.len() == whole.len() { path_hash } else { hash(&whole) },
        path: path_hash,
        route: route_hash(path).unwrap_or(path_hash),
        tails: tails(&whole, path.len()),
    }
}

/// The hashes of the tails of a target whose path is so long.
fn tails(whole: &[u8], path: usize) -> Tails {
    let Some(inner) = whole[..path].strip_prefix(b"/") else { return Tails::default() };
    let mut slashes = inner.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(i, _)| 1 + i);
    [slashes.next(), slashes.next()].map(|at| at.map_or(0, |at| hash(&whole[at..])))
}

/// A target without the first part of its path: `/shop/cart?x` → `/cart?x`, `/shop/` → `/`.
pub(crate) fn tail(target: &[u8]) -> Option<&[u8]> {
    let inner = path(target).strip_prefix(b"/")?;
    memchr::memchr(b'/', inner).map(|i| &target[1 + i..])
}

/// Hash of a request target, escapes undone, without scheme and host of an absolute form.
pub(crate) fn target_hash(path: Option<&[u8]>) -> u64 {
    path.map_or(0, |p| hash(&unescape(relative(p))))
}

/// The same, and the hashes of its tails.
pub(crate) fn target_and_tails(path: Option<&[u8]>) -> (u64, Tails) {
    let Some(p) = path else { return (0, Tails::default()) };
    let whole = unescape(relative(p));
    (hash(&whole), tails(&whole, self::path(&whole).len()))
}

fn relative(p: &[u8]) -> &[u8] {
    if p.first() == Some(&b'/') {
        return p;
    }
    for scheme in [&b"http://"[..], b"https://"] {
        if let Some(rest) = p.strip_prefix(scheme) {
            return memchr::memchr(b'/', rest).map_or(b"/", |i| &rest[i..]);
        }
    }
    p
}

pub(crate) fn path(p: &[u8]) -> &[u8] {
    memchr::memchr2(b'?', b';', p).map_or(p, |i| &p[..i])
}

/// Whether a segment with so many digits looks like a value: a number, or a long word with digits in it.
fn is_value(digits: usize, length: usize) -> bool {
    digits > 0 && (digits == length || length >= 8 && digits * 4 >= length)
}

/// What requests of one kind share of their paths: segments that look like values are masked.
pub(crate) fn route(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    masked(path, |bytes| out.extend_from_slice(bytes));
    out
}

/// The hash of the route of a path; `None` if that is the path.
fn route_hash(path: &[u8]) -> Option<u64> {
    const SHORT: usize = 256;
    if path.len() > SHORT {
        let has_value = masked(path, |_| {});
        return has_value.then(|| hash(&route(path)));
    }
    // A route is no longer than its path. Byte by byte: segments are short.
    let (mut buffer, mut n) = ([0u8; SHORT], 0);
    let (mut segment, mut digits, mut has_value) = (0, 0, false);
    for byte in path.iter().chain([&b'/']) {
        if *byte != b'/' {
            buffer[n] = *byte;
            n += 1;
            digits += usize::from(byte.is_ascii_digit());
            continue;
        }
        if is_value(digits, n - segment) {
            n = segment;
            buffer[n] = b'*';
            n += 1;
            has_value = true;
        }
        if n < SHORT {
            buffer[n] = b'/';
        }
        (n, digits) = (n + 1, 0);
        segment = n;
    }
    // But for the slash that is no part of it.
    has_value.then(|| hash(&buffer[..n - 1]))
}

/// Calls `add` with the pieces of a route; whether any segment of its path is a value.
#[inline(always)]
fn masked(path: &[u8], mut add: impl FnMut(&[u8])) -> bool {
    let mut has_value = false;
    for (i, segment) in path.split(|b| *b == b'/').enumerate() {
        if i > 0 {
            add(b"/");
        }
        let is_value = is_value(segment.iter().filter(|b| b.is_ascii_digit()).count(), segment.len());
        has_value |= is_value;
        add(if is_value { b"*" } else { segment });
    }
    has_value
}

fn client(ip: &[u8]) -> Client {
    Client { client: hash(ip), network: hash(network(ip)) }
}

/// The part of an address that names the network: before the last dot, or before the third colon of IPv6.
pub(crate) fn network(ip: &[u8]) -> &[u8] {
    match memchr::memrchr(b'.', ip) {
        Some(i) => &ip[..i],
        None => memchr::memchr_iter(b':', ip).nth(2).map_or(ip, |i| &ip[..i]),
    }
}

fn millis(ms: Option<i64>) -> i32 {
    ms.and_then(|v| i32::try_from(v).ok()).unwrap_or(-1).max(-1)
}

/// nginx counts the request itself, httpd does not.
fn carried(n: u64, writer: Writer) -> i32 {
    let before = if writer.product == Product::Nginx { n.saturating_sub(1) } else { n };
    i32::try_from(before).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_id_is_that_of_the_whole_line() {
        let lines = [
            "192.0.2.7 - ann [21/Nov/2026:01:50:53 +0000] \"GET /a/b?x=7 HTTP/1.1\" 200 157 \"-\" \"curl/8.5\" rt=0.021 uct=\"0.000\" ua=\"10.20.1.11:8080\" us=\"200\" rid=7",
            "192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] \"GET /a/b?x=7 HTTP/1.1\" 200 157 \"http://r/x\" \"curl/8.5\"",
            "Nov 21 02:08:55 lb1 haproxy[12863]: 192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe~ be/s1 0/0/1/2/501 200 217 - - ---- 1/1/0/0/0 0/0 {a b|} \"GET /cart?id=7 HTTP/1.1\"",
        ];
        let ids = ["fceb456e-24cf-8019-e7c6-b4dd7d4c26ab", "0123456789abcdef"];
        let mut seen = 0;
        for line in lines {
            let reader = logjoin_parse::detect([line.as_bytes(); 3].into_iter()).reader();
            let places: Vec<usize> = (0..line.len()).collect();
            for (one, other) in places.iter().zip(places.iter().rev()) {
                let (from, to) = (*one.min(other), *one.max(other));
                let with = |id: &str, at: &str| {
                    if at.len().is_multiple_of(3) { format!(" {id}") } else { id.to_owned() }
                };
                let text = format!(
                    "{}{}{}{}{}",
                    &line[..from],
                    with(ids[from % 2], &line[..from]),
                    &line[from..to],
                    with(ids[to % 2], &line[..to]),
                    &line[to..]
                );
                let mut brief = reader.brief().expect("a layout");
                brief.read(line.as_bytes());
                for text in [line.as_bytes(), text.as_bytes()] {
                    let Some(b) = brief.read(text) else { continue };
                    let (mut hashes, mut out) = (Hashes::default(), Events::default());
                    let id = FirstId::among(text, brief.long_words());
                    let writer = Writer { product: Product::Nginx, is_proxy: true };
                    let stamp = b.stamp.expect("a time");
                    hashes.add(&b, id, At::new(0, 1), stamp, writer, None, &mut out);
                    let packed = out.packed[0].rows()[0].id();
                    assert_eq!((id.of(&b), packed), (ids::first(text), ids::first(text)), "{id:?}");
                    seen += usize::from(packed != 0);
                }
            }
        }
        assert!(seen > 20, "{seen}");
    }

    #[test]
    fn absolute_targets_are_made_relative() {
        assert_eq!(target_hash(Some(b"http://h:1/x?y")), hash(b"/x?y"));
        assert_eq!(target_hash(Some(b"http://h")), hash(b"/"));
    }

    #[test]
    fn parts_are_hashed_as_texts_of_their_own() {
        let t = target(b"/shop/items/4711?page=2");
        assert_eq!(t.target, hash(b"/shop/items/4711?page=2"));
        assert_eq!(t.path, hash(b"/shop/items/4711"));
        assert_eq!(t.route, hash(b"/shop/items/*"));
        assert_eq!(t.tails, [hash(b"/items/4711?page=2"), hash(b"/4711?page=2")]);
        assert_eq!((target(b"/?next=/a/b").tails, target(b"/shop/").tails), ([0, 0], [hash(b"/"), 0]));
        assert_eq!(client(b"192.0.2.7"), Client { client: hash(b"192.0.2.7"), network: hash(b"192.0.2") });
        let six = Client { client: hash(b"2001:db8::1"), network: hash(b"2001:db8:") };
        assert_eq!(client(b"2001:db8::1"), six);
    }

    #[test]
    fn a_hash_of_a_route_is_that_of_its_text() {
        let long = format!("/{}/17", "abc/".repeat(80));
        for path in ["", "/", "/a", "/a/17/b", "//9", "17", "/deadbeef/0f3a9c2e77/x", "/a/17/", &long] {
            let text = route(path.as_bytes());
            let want = (text != path.as_bytes()).then(|| hash(&text));
            assert_eq!(route_hash(path.as_bytes()), want, "{path}");
        }
        for whole in ["", "/", "/a", "/a/b", "/a/b/c?x=/d", "a/b/c", "//a/", "/a;b/c", "/a?b/c"] {
            let first = tail(whole.as_bytes());
            let want = [first, first.and_then(tail)].map(|t| t.map_or(0, hash));
            assert_eq!(target(whole.as_bytes()).tails, want, "{whole}");
        }
    }
}
