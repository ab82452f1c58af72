//! The failed requests: which they are, their error lines, their attempts with mechanism and origin.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::Product;
use serde::{Deserialize, Serialize};

use crate::event::Try;
use crate::mechanism::{self, address_of_url};
use crate::par;
use crate::plan::Plan;
use crate::room;
use crate::text::Text;
use crate::timeline::World;
use crate::vocabulary::{Mechanism, Origin};

const SECOND: i64 = 1_000_000_000;
/// Requests that are looked at at a time.
const PIECE: usize = 1 << 13;
/// Stamps are no coarser than this.
const COARSEST: i64 = 60 * SECOND;

/// A request that failed, or that is listed beside the failures.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failing {
    /// Number in [`World::requests`].
    pub request: usize,
    /// Numbers in [`World::errors`], in order of time.
    pub errors: Vec<usize>,
    pub tries: Vec<Attempted>,
    pub mechanism: Mechanism,
    pub origin: Origin,
    /// False for client aborts.
    pub is_gateway: bool,
    /// Served in the end: only an attempt failed.
    pub is_hidden: bool,
    pub start_ns: i64,
    pub end_ns: i64,
    /// Whether the start is known, or only guessed.
    pub has_start: bool,
    /// Between which moments it began.
    pub start: (i64, i64),
    /// Between which moments it ended.
    pub end: (i64, i64),
    /// Which others it stands for.
    pub stands: Stands,
}

/// The failures that are alike and are told by one of them, as there are too many to keep each.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Stands {
    /// How many, itself included.
    pub n: u64,
    /// When the last of those ended that it is one of: until then they came without a gap.
    pub until: i64,
    /// Mean time from the start of one to the start of the next.
    pub pace_ns: i64,
}

impl Stands {
    /// For itself alone.
    pub const ONE: Stands = Stands { n: 1, until: i64::MIN, pace_ns: 0 };
}

/// One try, with what the proxy saw.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Attempted {
    pub label: Option<Text>,
    pub mechanism: Mechanism,
    pub logged: Logged,
}

/// What the proxy's line says of a try, beside its server.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Logged {
    pub status: Option<i32>,
    pub connect_us: Option<i64>,
    pub header_us: Option<i64>,
    pub response_us: Option<i64>,
}

impl Logged {
    fn of(t: &Try) -> Logged {
        let Try { status, connect_us, header_us, response_us, .. } = *t;
        Logged { status, connect_us, header_us, response_us }
    }
}

impl Failing {
    /// The label of the server that the last try went to.
    pub fn label(&self) -> Option<&str> {
        self.tries.iter().rev().find_map(|t| t.label.as_deref())
    }

    /// How many failed requests it stands for: whoever counts failures adds these up.
    pub fn n(&self) -> u64 {
        self.stands.n
    }

    /// When it, and what came with it without a gap, had ended.
    pub fn until(&self) -> i64 {
        self.end_ns.max(self.stands.until)
    }
}

/// Finds the failed requests and gives each its error lines.
pub(crate) fn find(plan: &Plan, world: &World) -> Vec<Failing> {
    let found = par::pieces(&world.requests, PIECE, |first, piece| {
        (first..first + piece.len()).filter(|i| is_candidate(plan, world, *i)).collect::<Vec<usize>>()
    });
    let mut found = found.concat();
    found.sort_by_key(|i| world.requests[*i].r.at);
    let errors = join_errors(plan, world, &found);
    let coverage = coverage(plan, world);
    let mut found: Vec<(usize, Vec<usize>)> = found.into_iter().zip(errors).collect();
    let size = par::share(found.len(), found.len().max(1));
    let mut parts = par::pieces_mut(&mut found, size, |_, piece| {
        // Nearly all candidates failed.
        let mut out: Vec<Failing> = room::list(piece.len());
        let judged = piece.iter_mut().map(|(request, errors)| (*request, std::mem::take(errors)));
        out.extend(judged.filter_map(|(request, errors)| judge(plan, world, request, errors, &coverage)));
        out
    });
    drop(found);
    let mut out = if parts.len() == 1 { parts.remove(0) } else { parts.into_iter().flatten().collect() };
    par::arrange(&mut out, |f| (f.end_ns, world.requests[f.request].r.at));
    out
}

fn is_candidate(plan: &Plan, world: &World, i: usize) -> bool {
    let r = &world.requests[i];
    let in_range = plan.options.since_ns.is_none_or(|s| r.end_hi > s)
        && plan.options.until_ns.is_none_or(|u| r.end_lo < u);
    plan.instances[r.instance].is_proxy && r.r.detail.is_some() && in_range
}

/// Instances whose error log was given, and from when to when their access logs go.
struct Coverage {
    has_error_log: BTreeSet<usize>,
}

fn coverage(plan: &Plan, world: &World) -> Coverage {
    let with_lines = world.errors.iter().map(|e| e.instance);
    // An empty error log is a log all the same.
    let named =
        plan.sources.iter().filter(|s| s.kind.is_none() && s.id.contains("error")).map(|s| s.instance);
    let has_error_log = with_lines.chain(named).filter(|i| !leaves_errors_out(plan, *i)).collect();
    Coverage { has_error_log }
}

/// Whether the configuration of a proxy keeps lines of the level `error` out of its error log: then nothing follows from a line
/// that is not there.
fn leaves_errors_out(plan: &Plan, instance: usize) -> bool {
    let own = &plan.instances[instance];
    let of_product = || plan.configs.iter().filter(|c| c.config.product == own.product);
    let is_named = |c: &&crate::ConfigFile| c.path.rsplit('/').nth(1) == Some(&*own.name);
    let any_named = of_product().any(|c| is_named(&c));
    let configs = of_product().filter(|c| !any_named || is_named(c));
    let mut levels = configs
        .flat_map(|c| &c.config.logs)
        .filter(|l| l.kind == logjoin_config::LogKind::Error)
        .map(|l| l.level.as_deref().unwrap_or_default())
        .peekable();
    levels.peek().is_some() && levels.all(|l| ["crit", "alert", "emerg"].contains(&l))
}

fn judge(
    plan: &Plan,
    world: &World,
    request: usize,
    errors: Vec<usize>,
    coverage: &Coverage,
) -> Option<Failing> {
    let timed = &world.requests[request];
    let detail = timed.r.detail.as_deref()?;
    let product = plan.instances[timed.instance].product;
    let status = timed.r.status;
    let is_failure_status = plan.options.statuses.contains(&status);
    let mut tries: Vec<Attempted> = detail
        .tries
        .iter()
        .map(|t| Attempted { label: t.address.clone(), mechanism: Mechanism::Unknown, logged: Logged::of(t) })
        .collect();
    let mechanism = match (&detail.haproxy, product) {
        (Some(h), _) => {
            let m = mechanism::haproxy::of_line(h, status);
            let label = h.server.as_deref();
            let label = label.map(|s| Text::from(format!("{}/{s}", h.backend.as_deref().unwrap_or(""))));
            let ms = |v: i64| (v >= 0).then_some(v * 1000);
            let logged = Logged {
                status: Some(status),
                connect_us: ms(h.tc),
                header_us: ms(h.tr),
                response_us: ms(h.tt),
            };
            if label.is_some() {
                tries = vec![Attempted { label, mechanism: m, logged }];
            }
            m
        }
        (None, Product::Apache) => {
            apache(world, &errors, &mut tries, detail.error_log_id.as_ref(), coverage, timed.instance)
        }
        _ => nginx(world, &errors, &mut tries, detail, status, coverage, timed.instance),
    };
    let mechanism = if status == 499 { Mechanism::ClientGone } else { mechanism };
    let is_client = mechanism == Mechanism::ClientGone && !is_failure_status || status == 499;
    let is_hidden =
        (200..500).contains(&status) && !is_client && tries.len() > 1 || is_retried(detail) && status < 500;
    let cut = matches!(mechanism, Mechanism::Truncated | Mechanism::Stalled) && (200..400).contains(&status);
    // A 500 that the proxy itself made, and nginx's 009 for an answer that was no HTTP. What the last server answered is passed on,
    // whatever had become of the tries before.
    let last_answered = tries.len() > 1 && tries.last().is_some_and(|t| t.logged.status == Some(status));
    let own_500 = (status == 500 || status == 9)
        && !errors.is_empty()
        && !last_answered
        && !matches!(mechanism, Mechanism::FromBackend | Mechanism::Unknown | Mechanism::ClientGone);
    let unanswered = detail.haproxy.is_some() && status == -1 && !is_client;
    let is_gateway = is_failure_status || cut || own_500 || unanswered;
    if !is_gateway && !is_client && !is_hidden {
        return None;
    }
    let origin = match mechanism {
        Mechanism::FromBackend => Origin::Backend,
        Mechanism::ClientGone => Origin::Client,
        Mechanism::Unknown => Origin::Unknown,
        _ => Origin::Proxy,
    };
    let Span { start_ns, end_ns, has_start, start, end } = span(plan, world, request, &errors, mechanism);
    Some(Failing {
        request,
        errors,
        tries,
        mechanism,
        origin,
        is_gateway: is_gateway && !is_client,
        is_hidden: is_hidden && !is_gateway,
        start_ns,
        end_ns,
        has_start,
        start,
        end,
        stands: Stands::ONE,
    })
}

fn is_retried(detail: &crate::event::Detail) -> bool {
    detail.haproxy.as_ref().is_some_and(|h| h.retries > 0)
}

/// When a request began and ended: the best guess, and the bounds.
struct Span {
    start_ns: i64,
    end_ns: i64,
    has_start: bool,
    start: (i64, i64),
    end: (i64, i64),
}

/// A timer fires, and a line is written, within this time.
const PROMPT: i64 = 5_000_000;

/// Error lines of Apache are more precise than its access lines, and a request that ran into a timer began that long
/// before its end.
fn span(plan: &Plan, world: &World, request: usize, errors: &[usize], mechanism: Mechanism) -> Span {
    let t = &world.requests[request];
    let mut end = (t.end_lo, t.end_hi);
    let mut end_ns =
        if t.end_hi - t.end_lo <= SECOND { t.end_lo + (t.end_hi - t.end_lo) / 2 } else { t.end_lo };
    let last = errors.iter().map(|e| &world.errors[*e]).filter(|m| m.hi - m.lo < SECOND).map(|m| m.lo).max();
    if let Some(last) = last
        && !matches!(mechanism, Mechanism::FromBackend | Mechanism::Unknown)
    {
        end_ns = last;
        end = (last - PROMPT, last + PROMPT);
    }
    let is_start = t.r.anchor == logjoin_parse::Anchor::Start;
    let has_start = t.has_duration || is_start;
    let mut start = (t.start_lo.min(end.1), t.start_hi.min(end.1));
    if !t.has_duration
        && matches!(mechanism, Mechanism::ReadTimeout | Mechanism::ConnectTimeout)
        && let Some(timer) = timers(plan, t.instance, mechanism).find(|timer| {
            !is_start || (t.start_lo - SECOND / 10..t.start_hi + SECOND / 10).contains(&(end_ns - timer))
        })
    {
        let start = (end.0 - timer - PROMPT, end.1 - timer + PROMPT);
        return Span { start_ns: end_ns - timer, end_ns, has_start: true, start, end };
    }
    if !has_start {
        start.0 = end.0 - 2 * SECOND;
    }
    // Where nothing says when it began, it was quick: most failures are.
    let mut start_ns = if has_start { start.0 + (start.1 - start.0) / 2 } else { end_ns };
    if !t.has_duration && is_start && last.is_some() {
        // Most failures are quick: the latest start that the stamp allows.
        start_ns = end_ns.min(t.start_hi);
    }
    Span { start_ns: start_ns.min(end_ns), end_ns, has_start, start, end }
}

/// The timers of a proxy's configuration, nanoseconds.
fn timers(plan: &Plan, proxy: usize, mechanism: Mechanism) -> impl Iterator<Item = i64> + '_ {
    let product = plan.instances[proxy].product;
    let configs = plan.configs.iter().filter(move |c| c.config.product == product);
    let all = configs.flat_map(|c| {
        let routes = c.config.routes.iter().map(|r| r.timeouts);
        let pools =
            c.config.pools.iter().flat_map(|p| p.servers.iter().map(|s| s.timeouts).chain([p.timeouts]));
        routes.chain(pools).collect::<Vec<_>>()
    });
    all.filter_map(move |t| if mechanism == Mechanism::ReadTimeout { t.read_ms } else { t.connect_ms })
        .map(|ms| (ms as i64).saturating_mul(1_000_000))
}

fn nginx(
    world: &World,
    errors: &[usize],
    tries: &mut Vec<Attempted>,
    detail: &crate::event::Detail,
    status: i32,
    coverage: &Coverage,
    instance: usize,
) -> Mechanism {
    let said: Vec<(Mechanism, Option<Text>)> = errors
        .iter()
        .filter_map(|e| {
            let e = &world.errors[*e].e;
            let m = mechanism::nginx::of_error(e)?;
            Some((m, e.upstream.as_deref().map(|u| Text::from(address_of_url(u)))))
        })
        .collect();
    if tries.is_empty() {
        for (m, label) in &said {
            tries.push(Attempted { label: label.clone(), mechanism: *m, logged: Logged::default() });
        }
    }
    // Error lines and failed attempts come in the same order.
    let mut words = said.iter().peekable();
    for t in tries.iter_mut() {
        let logged = &t.logged;
        let same = words.peek().is_some_and(|(_, l)| l.is_none() || t.label.is_none() || *l == t.label);
        let answered = logged.header_us.is_some();
        if same
            && !(answered
                && words.peek().is_some_and(|(m, _)| !matches!(m, Mechanism::Truncated | Mechanism::Stalled)))
        {
            if let Some((m, label)) = words.next() {
                t.mechanism = *m;
                t.label = t.label.take().or_else(|| label.clone());
            }
        } else if answered {
            t.mechanism = Mechanism::FromBackend;
        } else if logged.status == Some(504) && (logged.connect_us.is_some() || detail.has_header_time) {
            t.mechanism =
                if logged.connect_us.is_some() { Mechanism::ReadTimeout } else { Mechanism::ConnectTimeout };
        } else if logged.status == Some(502) && detail.has_header_time {
            t.mechanism = if logged.connect_us.is_some() {
                Mechanism::ClosedBeforeHeaders
            } else {
                Mechanism::ConnectFailed
            };
        }
    }
    if let Some(last) = tries.last()
        && last.mechanism != Mechanism::Unknown
    {
        return last.mechanism;
    }
    if let Some((m, _)) = said.last() {
        return *m;
    }
    // The proxy has an error log, and nothing of this request stands in it: it did not make this answer.
    if coverage.has_error_log.contains(&instance) && status >= 500 && errors.is_empty() {
        let m =
            if detail.has_upstream && tries.is_empty() { Mechanism::Denied } else { Mechanism::FromBackend };
        if let Some(last) = tries.last_mut() {
            last.mechanism = m;
        }
        return m;
    }
    Mechanism::Unknown
}

fn apache(
    world: &World,
    errors: &[usize],
    tries: &mut Vec<Attempted>,
    log_id: Option<&Option<Text>>,
    coverage: &Coverage,
    instance: usize,
) -> Mechanism {
    let mut said: Vec<Attempted> = Vec::new();
    let mut best: Option<(Mechanism, u8)> = None;
    for e in errors {
        let e = &world.errors[*e].e;
        let Some((m, rank)) = mechanism::apache::of_error(e) else { continue };
        let label = mechanism::apache::address(&e.message).map(Text::from);
        // One `attempt to connect` is one attempt; a summary line adds nothing to it.
        if matches!(e.code.as_deref(), Some("AH00957" | "AH02454")) {
            said.push(Attempted { label, mechanism: m, logged: Logged::default() });
            best = None;
        } else if let (Some(label), true) = (label, said.is_empty()) {
            said.push(Attempted { label: Some(label), mechanism: m, logged: Logged::default() });
        }
        if best.is_none_or(|(_, r)| rank >= r) {
            best = Some((m, rank));
        }
    }
    if let Some(last) = said.last_mut() {
        match best {
            Some((m, rank)) if rank > 1 || last.mechanism == Mechanism::Unknown => last.mechanism = m,
            _ => best = Some((last.mechanism, 3)),
        }
    }
    if !said.is_empty() {
        *tries = said;
    } else if let (Some(t), Some((m, _))) = (tries.last_mut(), best) {
        t.mechanism = m;
    }
    if let Some((m, _)) = best {
        return m;
    }
    // `%L` is `-`, or the error log says nothing: the answer is the backend's.
    let nothing_logged = log_id.is_some_and(Option::is_none) || coverage.has_error_log.contains(&instance);
    if nothing_logged {
        if let Some(t) = tries.last_mut() {
            t.mechanism = Mechanism::FromBackend;
        }
        return Mechanism::FromBackend;
    }
    Mechanism::Unknown
}

/// Error lines of each candidate, in the order of `found`.
fn join_errors(plan: &Plan, world: &World, found: &[usize]) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); found.len()];
    let mut taken = vec![false; world.errors.len()];
    for (instance, i) in plan.instances.iter().enumerate().filter(|(_, i)| i.is_proxy) {
        let mine: Vec<usize> =
            (0..found.len()).filter(|f| world.requests[found[*f]].instance == instance).collect();
        if i.product == Product::Apache {
            apache_errors(world, found, &mine, instance, &mut taken, &mut out);
        } else {
            nginx_errors(world, found, &mine, instance, &mut taken, &mut out);
        }
    }
    out
}

/// nginx: a failed request's last error line is written in the same moment as its access line, by the same
/// connection, with the same client and request, as far as the access log names them, and about the same server.
fn nginx_errors(
    world: &World,
    found: &[usize],
    mine: &[usize],
    instance: usize,
    taken: &mut [bool],
    out: &mut [Vec<usize>],
) {
    // What the access log does not name is zero, and is not asked for.
    let names = |i: usize| {
        let r = &world.requests[found[i]].r;
        (r.client != 0, r.target != 0)
    };
    let forms: BTreeSet<(bool, bool)> = mine.iter().map(|f| names(*f)).collect();
    let mut by_key: BTreeMap<(u64, u64, u64), Vec<usize>> = BTreeMap::new();
    for (i, m) in world.errors.iter().enumerate().filter(|(_, m)| m.instance == instance && m.e.client != 0) {
        for (has_client, has_target) in &forms {
            let client = if *has_client { m.e.client } else { 0 };
            let (method, target) = if *has_target { (m.e.method, m.e.target) } else { (0, 0) };
            by_key.entry((client, method, target)).or_default().push(i);
        }
    }
    for &f in mine {
        let t = &world.requests[found[f]];
        let method = if t.r.target != 0 { t.r.method } else { 0 };
        let Some(candidates) = by_key.get(&(t.r.client, method, t.r.target)) else { continue };
        let connection = t.r.detail.as_ref().and_then(|d| d.connection);
        // The same client or second may have other requests; the servers that were tried tell some of them apart.
        let is_named = names(f) == (true, true);
        let tries = t.r.detail.as_deref().map_or(&[][..], |d| d.tries.as_slice());
        let same_server = |i: &usize| {
            let server = world.errors[*i].e.upstream.as_deref().map(address_of_url);
            is_named
                || tries.is_empty()
                || server.is_none_or(|s| tries.iter().any(|t| t.address.as_deref().is_none_or(|a| a == s)))
        };
        // Both logs are stamped to the second, by a clock that is read once per turn of the event loop.
        let near_end = |i: &usize| {
            let m = &world.errors[*i];
            m.hi + SECOND > t.end_lo
                && m.lo < t.end_hi + SECOND
                && (connection.is_none() || m.e.connection == connection)
        };
        let since = |time: i64| &candidates[candidates.partition_point(|i| world.errors[*i].lo < time)..];
        let last = since(t.end_lo - SECOND - COARSEST)
            .iter()
            .copied()
            .take_while(|i| world.errors[*i].lo < t.end_hi + SECOND)
            .filter(|i| {
                !taken[*i]
                    && near_end(i)
                    && same_server(i)
                    && mechanism::nginx::of_error(&world.errors[*i].e).is_some()
            })
            .min_by_key(|i| {
                ((world.errors[*i].mid() - t.end_lo - (t.end_hi - t.end_lo) / 2).abs() / SECOND, *i)
            });
        let Some(last) = last else { continue };
        let same_connection = world.errors[last].e.connection;
        let start = if t.has_duration { t.start_lo - SECOND } else { t.end_lo - 120 * SECOND };
        for &i in since(start - COARSEST).iter().take_while(|i| **i <= last) {
            let m = &world.errors[i];
            if !taken[i] && m.e.connection == same_connection && m.hi > start {
                taken[i] = true;
                out[f].push(i);
            }
        }
    }
}

/// Apache: the lines of one request stand together in one thread; the first of them may lack the client.
fn apache_errors(
    world: &World,
    found: &[usize],
    mine: &[usize],
    instance: usize,
    taken: &mut [bool],
    out: &mut [Vec<usize>],
) {
    struct Group {
        lines: Vec<usize>,
        client: u64,
        port: Option<u16>,
        target: u64,
        /// `%L` or another id, where the error format has one.
        id: Option<Text>,
        used: bool,
    }
    let mut open: BTreeMap<(u32, u64), Vec<usize>> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut of_thread: BTreeMap<(u32, u64), usize> = BTreeMap::new();
    for (i, m) in world.errors.iter().enumerate().filter(|(_, m)| m.instance == instance) {
        if mechanism::apache::of_error(&m.e).is_none() && m.e.code.as_deref() != Some("AH00959") {
            continue;
        }
        let thread = (m.e.pid, m.e.tid);
        if m.e.client == 0 {
            open.entry(thread).or_default().push(i);
            continue;
        }
        let mut lines = open.remove(&thread).unwrap_or_default();
        let first = lines.first().copied().unwrap_or(i);
        lines.push(i);
        // A further attempt of the same request: same thread, same connection, and the request is not finished by
        // a line that names its path.
        if let Some(g) = of_thread.get(&thread).map(|g| &mut groups[*g]) {
            let last = g.lines[g.lines.len() - 1];
            let same = g.client == m.e.client && g.port == m.e.client_port;
            let near = world.errors[first].lo - world.errors[last].lo
                < if lines.len() > 1 { 70 * SECOND } else { SECOND };
            if same && near && (g.target == 0 || m.e.target == 0 || g.target == m.e.target) {
                g.lines.extend(lines);
                g.target = if g.target == 0 { m.e.target } else { g.target };
                continue;
            }
        }
        of_thread.insert(thread, groups.len());
        groups.push(Group {
            lines,
            client: m.e.client,
            port: m.e.client_port,
            target: m.e.target,
            id: m.e.request_id.clone(),
            used: false,
        });
    }
    groups.sort_by_key(|g| g.lines[g.lines.len() - 1]);
    let mut by_client: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    let mut by_id: BTreeMap<Text, Vec<usize>> = BTreeMap::new();
    for (i, g) in groups.iter().enumerate() {
        by_client.entry(g.client).or_default().push(i);
        if let Some(id) = &g.id {
            by_id.entry(id.clone()).or_default().push(i);
        }
    }
    // Groups of one client that are used up are not looked at again.
    let mut used_up: BTreeMap<u64, usize> = BTreeMap::new();
    // Access lines are written when requests end, so both logs are in the order of ends.
    for &f in mine {
        let t = &world.requests[found[f]];
        if t.r.status < 500 && t.r.detail.as_ref().is_none_or(|d| !d.aborted) {
            continue;
        }
        let detail = t.r.detail.as_deref();
        let id = detail.and_then(|d| d.error_log_id.clone().flatten());
        let of_client = by_client.get(&t.r.client).map_or(&[][..], Vec::as_slice);
        let skip = used_up.entry(t.r.client).or_default();
        while of_client.get(*skip).is_some_and(|g| groups[*g].used) {
            *skip += 1;
        }
        let named = id.as_ref().and_then(|id| by_id.get(id)).into_iter().flatten();
        let group = named.chain(&of_client[*skip..]).copied().find(|g| {
            let g = &groups[*g];
            let first = &world.errors[g.lines[0]];
            let last = &world.errors[g.lines[g.lines.len() - 1]];
            let same_port =
                g.port.is_none() || detail.and_then(|d| d.client_port).is_none_or(|p| g.port == Some(p));
            // The line of the path has no query.
            let same_target =
                g.target == 0 || t.r.target == 0 || g.target == t.r.target || g.target == t.r.path;
            let plausible = g.lines.iter().all(|l| {
                mechanism::apache::of_error(&world.errors[*l].e)
                    .is_none_or(|(m, _)| mechanism::apache::may_answer(m, t.r.status))
            });
            let in_time = plausible
                && first.hi > t.start_lo - SECOND / 10
                && (!t.has_duration || last.lo < t.end_hi + SECOND / 10)
                && first.lo < t.start_hi + 600 * SECOND;
            // The id that both logs have decides alone.
            if let (Some(a), Some(b)) = (&g.id, &id) {
                return !g.used && a == b;
            }
            !g.used && g.client == t.r.client && same_port && same_target && in_time
        });
        if let Some(g) = group {
            groups[g].used = true;
            for &i in &groups[g].lines {
                taken[i] = true;
                out[f].push(i);
            }
        }
    }
}
