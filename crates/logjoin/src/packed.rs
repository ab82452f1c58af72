//! Requests that went well, packed: 64 bytes each, beside tables of what the lines of their block have in common.
//!
//! Nearly all lines of a log are such requests, and nearly all of them are only counted. The trick: what a line repeats (its
//! target, client, agent, server, the form of its stamp) stands once in the block, and is looked at once for all its lines; a
//! request of which more is asked is unpacked.

use logjoin_parse::{Anchor, Precision, Stamp};

use crate::event::{At, Detail, Request};
use crate::row::{Client, Target};

/// Rows of a block at most: as many as 16 bits can tell apart, with room for the empty entries of the tables.
const ROWS: usize = 1 << 14;
/// With so many forms of lines a block is full: most logs have two.
const FORMS: usize = 64;
/// In [`Packed::status`]: the row is settled.
const SETTLED: u16 = 1 << 15;

/// Lines of one file, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Block {
    file: u32,
    first_line: u64,
    rows: Vec<Packed>,
    /// The first entry of each table stands for what was not logged.
    pub targets: Vec<Target>,
    clients: Vec<Client>,
    agents: Vec<u64>,
    pub servers: Vec<u64>,
    forms: Vec<Form>,
    /// The form of the row that was added last.
    form: usize,
    /// Which of its writer's blocks it is; 0: nothing more is added.
    turn: u32,
}

/// Rows, and entries of the larger tables: the blocks of a file are much alike.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sizes {
    rows: usize,
    targets: usize,
    clients: usize,
    agents: usize,
}

/// One request; numbers are those of entries in the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed {
    wall_ns: i64,
    /// Nanoseconds; -1: not logged.
    duration: i64,
    bytes: i64,
    id: u64,
    /// Counted from the first line of the block.
    line: u32,
    sent: i32,
    connect_ms: i32,
    queue_ms: i32,
    carried: i32,
    target: u16,
    client: u16,
    agent: u16,
    server: u16,
    form: u16,
    status: u16,
}

/// What lines of one kind share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    offset_s: Option<i32>,
    precision: Precision,
    has_year: bool,
    pub anchor: Anchor,
    pub unit_ns: i64,
    method: u64,
    tries: u32,
}

/// The hashes of a row, each as the number of its entry; see [`Block::target_of`] and its like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    pub target: u16,
    pub client: u16,
    pub agent: u16,
    pub server: u16,
}

/// What of a row stands in no table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values {
    pub line: u64,
    pub stamp: Stamp,
    pub anchor: Anchor,
    pub duration_ns: Option<i64>,
    pub unit_ns: i64,
    pub method: u64,
    pub status: i32,
    pub bytes: i64,
    pub sent: i64,
    pub connect_ms: i32,
    pub queue_ms: i32,
    pub carried: i32,
    pub tries: u32,
}

impl Values {
    /// Whether all of it has a place in a row.
    #[inline]
    pub fn fit(&self) -> bool {
        self.stamp.within_s == 0
            && self.duration_ns.is_none_or(|d| d >= 0)
            && (0..i32::from(SETTLED)).contains(&self.status)
            && i32::try_from(self.sent).is_ok()
    }
}

impl Block {
    /// A block that begins with this line; `turn` is not 0. There is room for as much as `usual` says.
    pub fn new(file: u32, first_line: u64, turn: u32, usual: Sizes) -> Block {
        fn table<T: Default>(entries: usize) -> Vec<T> {
            let mut table = Vec::with_capacity(entries.max(1));
            table.push(T::default());
            table
        }
        Block {
            file,
            first_line,
            rows: Vec::with_capacity(usual.rows),
            targets: table(usual.targets),
            clients: table(usual.clients),
            agents: table(usual.agents),
            servers: table(0),
            forms: Vec::new(),
            form: 0,
            turn,
        }
    }

    /// How much it holds.
    #[inline]
    pub fn sizes(&self) -> Sizes {
        let (rows, targets) = (self.rows.len(), self.targets.len());
        Sizes { rows, targets, clients: self.clients.len(), agents: self.agents.len() }
    }

    /// Whether its writer may add this line.
    #[inline]
    pub fn takes(&self, turn: u32, line: u64) -> bool {
        turn != 0
            && self.turn == turn
            && self.rows.len() < ROWS
            && self.forms.len() < FORMS
            && line.checked_sub(self.first_line).is_some_and(|n| u32::try_from(n).is_ok())
    }

    /// Nothing more is added.
    pub fn seal(&mut self) {
        self.turn = 0;
    }

    /// The number of a new entry.
    pub fn add_target(&mut self, target: Target) -> u16 {
        add(&mut self.targets, target)
    }

    /// The number of a new entry.
    pub fn add_client(&mut self, client: Client) -> u16 {
        add(&mut self.clients, client)
    }

    /// The number of a new entry.
    pub fn add_agent(&mut self, agent: u64) -> u16 {
        add(&mut self.agents, agent)
    }

    /// The number of a new entry.
    pub fn add_server(&mut self, server: u64) -> u16 {
        add(&mut self.servers, server)
    }

    /// Adds a row whose values [fit](Values::fit).
    #[inline]
    pub fn push(&mut self, v: &Values, id: u64, n: Numbers) {
        let form = Form {
            offset_s: v.stamp.offset_s,
            precision: v.stamp.precision,
            has_year: v.stamp.has_year,
            anchor: v.anchor,
            unit_ns: v.unit_ns,
            method: v.method,
            tries: v.tries,
        };
        if self.forms.get(self.form) != Some(&form) {
            self.form = self.forms.iter().position(|f| *f == form).unwrap_or_else(|| {
                self.forms.push(form);
                self.forms.len() - 1
            });
        }
        self.rows.push(Packed {
            wall_ns: v.stamp.wall_ns,
            duration: v.duration_ns.unwrap_or(-1),
            bytes: v.bytes,
            id,
            line: (v.line - self.first_line) as u32,
            sent: v.sent as i32,
            connect_ms: v.connect_ms,
            queue_ms: v.queue_ms,
            carried: v.carried,
            target: n.target,
            client: n.client,
            agent: n.agent,
            server: n.server,
            form: self.form as u16,
            status: v.status as u16,
        });
    }

    #[inline]
    pub fn rows(&self) -> &[Packed] {
        &self.rows
    }

    #[inline]
    pub fn at(&self, p: &Packed) -> At {
        At::new(self.file, self.line(p))
    }

    #[inline]
    pub fn line(&self, p: &Packed) -> u64 {
        self.first_line + u64::from(p.line)
    }

    #[inline]
    pub fn stamp(&self, p: &Packed) -> Stamp {
        self.form_of(p).stamp(p)
    }

    #[inline]
    pub fn anchor(&self, p: &Packed) -> Anchor {
        self.form_of(p).anchor
    }

    #[inline]
    pub fn method(&self, p: &Packed) -> u64 {
        self.form_of(p).method
    }

    #[inline]
    pub fn target(&self, p: &Packed) -> &Target {
        &self.targets[usize::from(p.target)]
    }

    #[inline]
    pub fn client(&self, p: &Packed) -> Client {
        self.clients[usize::from(p.client)]
    }

    #[inline]
    pub fn agent(&self, p: &Packed) -> u64 {
        self.agents[usize::from(p.agent)]
    }

    #[inline]
    pub fn server(&self, p: &Packed) -> u64 {
        self.servers[usize::from(p.server)]
    }

    /// The kinds of lines, by [number](Packed::form_no).
    pub fn forms(&self) -> &[Form] {
        &self.forms
    }

    /// What it shares with lines of its kind.
    #[inline]
    pub fn form_of(&self, p: &Packed) -> &Form {
        &self.forms[usize::from(p.form)]
    }

    /// The whole row.
    pub fn unpack(&self, p: &Packed) -> Request {
        let (form, target, client) = (self.form_of(p), self.target(p), self.client(p));
        Request {
            at: self.at(p),
            stamp: self.stamp(p),
            anchor: form.anchor,
            duration_ns: p.duration_ns(),
            unit_ns: form.unit_ns,
            method: form.method,
            target: target.target,
            path: target.path,
            route: target.route,
            tails: target.tails,
            key: target.target,
            status: p.status(),
            bytes: p.bytes,
            client: client.client,
            network: client.network,
            agent: self.agent(p),
            sent: i64::from(p.sent),
            connect_ms: p.connect_ms,
            queue_ms: p.queue_ms,
            carried: p.carried,
            server: self.server(p),
            tries: form.tries,
            id: p.id,
            detail: None,
            settled: p.is_settled(),
        }
    }

    /// Takes the first rows; what is left keeps the tables.
    pub fn take_first(&mut self, n: usize) -> Block {
        self.seal();
        let rest = self.rows.split_off(n.min(self.rows.len()));
        let rows = std::mem::replace(&mut self.rows, rest);
        Block {
            rows,
            targets: self.targets.clone(),
            clients: self.clients.clone(),
            agents: self.agents.clone(),
            servers: self.servers.clone(),
            forms: self.forms.clone(),
            ..Block { file: self.file, first_line: self.first_line, ..Block::default() }
        }
    }

    /// Keeps the rows of which `keep` says so, each asked once, in order; it may settle them.
    pub fn retain(&mut self, keep: impl FnMut(&mut Packed) -> bool) {
        self.rows.retain_mut(keep);
        if self.rows.capacity() > 2 * self.rows.len() {
            self.rows.shrink_to_fit();
        }
    }
}

impl Form {
    /// How long the time is that a stamp names, nanoseconds.
    pub fn width_ns(&self) -> i64 {
        self.precision.unit_ns()
    }

    #[inline]
    pub fn stamp(&self, p: &Packed) -> Stamp {
        let Form { offset_s, precision, has_year, .. } = *self;
        Stamp { wall_ns: p.wall_ns, offset_s, precision, has_year, within_s: 0 }
    }
}

impl Packed {
    #[inline]
    pub fn duration_ns(&self) -> Option<i64> {
        (self.duration >= 0).then_some(self.duration)
    }

    #[inline]
    pub fn status(&self) -> i32 {
        i32::from(self.status & !SETTLED)
    }

    #[inline]
    pub fn is_settled(&self) -> bool {
        self.status & SETTLED != 0
    }

    pub fn settle(&mut self) {
        self.status |= SETTLED;
    }

    #[inline]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Number of its target.
    #[inline]
    pub fn target_no(&self) -> usize {
        usize::from(self.target)
    }

    /// Number of its form.
    #[inline]
    pub fn form_no(&self) -> usize {
        usize::from(self.form)
    }

    /// Number of its server; 0: none.
    #[inline]
    pub fn server_no(&self) -> usize {
        usize::from(self.server)
    }
}

fn add<T>(table: &mut Vec<T>, entry: T) -> u16 {
    table.push(entry);
    // There are no more entries than rows.
    (table.len() - 1) as u16
}

/// A request, packed or not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AnyRequest<'a> {
    Whole(&'a Request),
    Packed(&'a Block, &'a Packed),
}

/// The same question to either.
macro_rules! either {
    ($($(#[$doc:meta])* $name:ident -> $type:ty: $whole:ident => $of_whole:expr, $block:ident $packed:ident => $of_packed:expr;)*) => {
        impl<'a> AnyRequest<'a> {$(
            $(#[$doc])*
            #[inline]
            pub fn $name(self) -> $type {
                match self {
                    AnyRequest::Whole($whole) => $of_whole,
                    AnyRequest::Packed($block, $packed) => $of_packed,
                }
            }
        )*}
    };
}

either! {
    at -> At: r => r.at, b p => b.at(p);
    status -> i32: r => r.status, _b p => p.status();
    duration_ns -> Option<i64>: r => r.duration_ns, _b p => p.duration_ns();
    target -> u64: r => r.target, b p => b.target(p).target;
    /// Whether the line says what was asked for.
    is_named -> bool: r => r.target != 0, _b p => p.target_no() != 0;
    path -> u64: r => r.path, b p => b.target(p).path;
    route -> u64: r => r.route, b p => b.target(p).route;
    tails -> [u64; 2]: r => r.tails, b p => b.target(p).tails;
    method -> u64: r => r.method, b p => b.method(p);
    client -> u64: r => r.client, b p => b.client(p).client;
    network -> u64: r => r.network, b p => b.client(p).network;
    agent -> u64: r => r.agent, b p => b.agent(p);
    server -> u64: r => r.server, b p => b.server(p);
    sent -> i64: r => r.sent, _b p => i64::from(p.sent);
    connect_ms -> i32: r => r.connect_ms, _b p => p.connect_ms;
    queue_ms -> i32: r => r.queue_ms, _b p => p.queue_ms;
    carried -> i32: r => r.carried, _b p => p.carried;
    /// What is packed has none.
    detail -> Option<&'a Detail>: r => r.detail.as_deref(), _b _p => None;
}

#[cfg(test)]
mod tests {
    use logjoin_parse::{Brief, Product, parse_any};

    use super::*;
    use crate::convert::Writer;
    use crate::event::Events;
    use crate::ids::FirstId;
    use crate::row::Hashes;

    const LINES: [&str; 4] = [
        "192.0.2.7 - - [21/Nov/2026:02:47:17 +0100] \"GET /shop/items/4711?page=2 HTTP/1.1\" 200 150 \"-\" \"curl\" rt=0.021 uct=\"0.001\" ua=\"10.0.0.1:80\" us=\"200\"",
        "192.0.2.9 - - [21/Nov/2026:02:47:18 +0100] \"POST /cart HTTP/1.1\" 302 - \"-\" \"agent\"",
        "Nov 21 02:00:00 edge haproxy[8]: 198.51.100.6:238 [21/Nov/2026:02:00:00.008] www api/app-2 0/3/1/16/16 200 766 - - ---- 9/9/3/1/0 0/0 \"GET /x HTTP/1.1\"",
        "2001:db8::1 - - [21/Nov/2026:02:47:19 +0100] \"GET /a/b/c HTTP/1.1\" 404 7 \"-\" \"agent\"",
    ];

    /// The rows of `n` lines, packed or whole.
    fn rows(n: usize, is_proxy: bool, is_packed: bool) -> Events {
        let (mut hashes, mut out) = (Hashes::default(), Events::default());
        for i in 0..n {
            let record = parse_any(LINES[i % LINES.len()].as_bytes()).expect("a line");
            let brief = Brief::of(&record).expect("a request");
            let stamp = brief.stamp.expect("a stamp");
            let writer = Writer { product: Product::Nginx, is_proxy };
            let at = At::new(3, 10 + i as u64);
            let detail = (!is_packed).then(Box::default);
            hashes.add(&brief, FirstId::Is(i as u64), at, stamp, writer, detail, &mut out);
        }
        out.requests.iter_mut().for_each(|r| r.detail = None);
        out
    }

    fn shown(e: &Events) -> String {
        format!("{:?} {:?}", e.requests, e.labels)
    }

    #[test]
    fn unpacked_is_what_it_would_have_been() {
        for is_proxy in [true, false] {
            // More than one block.
            for n in [0, 1, 9, ROWS + 5] {
                let (mut packed, whole) = (rows(n, is_proxy, true), rows(n, is_proxy, false));
                assert_eq!((packed.requests.len(), packed.packed.len()), (0, n.div_ceil(ROWS)));
                assert_eq!(packed.counts()[4], n);
                packed.unpack();
                assert!(shown(&packed) == shown(&whole), "{n} {is_proxy}");
            }
        }
    }

    #[test]
    fn a_block_may_be_cut_anywhere() {
        for n in [0, 1, 7, 20, 25] {
            let mut all = rows(20, true, true);
            let mut first = all.take_first([0, 0, 0, 0, n]);
            assert_eq!((first.counts()[4], all.counts()[4]), (n.min(20), 20 - n.min(20)));
            first.append(all);
            first.unpack();
            assert!(shown(&first) == shown(&rows(20, true, false)), "{n}");
        }
    }

    #[test]
    fn rows_are_settled_and_let_go() {
        let mut events = rows(8, true, true);
        let block = &mut events.packed[0];
        let mut n = 0;
        block.retain(|p| {
            p.settle();
            n += 1;
            n % 2 == 0
        });
        let lines: Vec<u64> = block.rows().iter().map(|p| block.line(p)).collect();
        assert_eq!(lines, [11, 13, 15, 17]);
        assert!(block.rows().iter().all(|p| p.is_settled() && block.unpack(p).settled && p.status() > 0));
    }

    #[test]
    fn what_has_no_place_in_a_row_is_not_packed() {
        let record = parse_any(LINES[1].as_bytes()).expect("a line");
        let brief = Brief { request_length: Some(1 << 40), ..Brief::of(&record).expect("a request") };
        let (mut hashes, mut out) = (Hashes::default(), Events::default());
        let writer = Writer { product: Product::Nginx, is_proxy: true };
        let stamp = brief.stamp.expect("a stamp");
        hashes.add(&brief, FirstId::Is(0), At::new(0, 1), stamp, writer, None, &mut out);
        assert_eq!((out.requests.len(), out.packed.len(), out.requests[0].sent), (1, 0, 1 << 40));
    }
}
