//! The failed requests: which they are, their error lines, their attempts with mechanism and origin.

mod error_lines;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::Product;
use serde::{Deserialize, Serialize};

use crate::event::Try;
use crate::mechanism;
use crate::par;
use crate::plan::Plan;
use crate::room;
use crate::text::Text;
use crate::timeline::{Timed, World};
use crate::vocabulary::{Mechanism, Origin};

const SECOND: i64 = 1_000_000_000;
/// Requests that are looked at at a time.
const PIECE: usize = 1 << 13;

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
        if self.went_on() { None } else { self.tries.iter().rev().find_map(|t| t.label.as_deref()) }
    }

    /// Whether the last try went to another server than those before, and the proxy does not say to which.
    pub fn went_on(&self) -> bool {
        self.tries.len() > 1
            && self.tries.last().is_some_and(|t| t.label.is_none() && t.mechanism == Mechanism::FromBackend)
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
    let errors = error_lines::join(plan, world, &found);
    let coverage = Coverage::of(plan, world);
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

/// An error log is taken to have been written for so long before its first line: what came before may have been rotated away.
const BEFORE_FIRST: i64 = 3600 * SECOND;

/// From when on the error logs of the proxies tell of every failure, by instance; those that keep such lines out are not here.
struct Coverage(BTreeMap<usize, i64>);

impl Coverage {
    fn of(plan: &Plan, world: &World) -> Coverage {
        let with_lines = world.errors.iter().map(|e| e.instance);
        let by_head = world.errors_from.keys().copied();
        // An empty error log is a log all the same.
        let named =
            plan.sources.iter().filter(|s| s.kind.is_none() && s.id.contains("error")).map(|s| s.instance);
        let from = |i| world.errors_from.get(&i).map_or(i64::MIN, |(_, lo)| lo - BEFORE_FIRST);
        let all: BTreeSet<usize> = with_lines.chain(by_head).chain(named).collect();
        let tell = all.into_iter().filter(|i| !leaves_errors_out(plan, *i));
        Coverage(tell.map(|i| (i, from(i))).collect())
    }

    /// Whether a failure that no error line speaks of was none of the proxy's own.
    fn tells_of(&self, t: &Timed) -> bool {
        self.0.get(&t.instance).is_some_and(|from| t.end_lo >= *from)
    }
}

/// Whether the configuration of a proxy keeps lines of the level `error` out of its error log: then nothing follows from a line
/// that is not there.
fn leaves_errors_out(plan: &Plan, instance: usize) -> bool {
    let mut levels = plan
        .configs_of(instance)
        .into_iter()
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
            // `%L` is `-`, or the error log has all that httpd says.
            let has_no_id = detail.error_log_id.as_ref().is_some_and(Option::is_none);
            let nothing_logged = has_no_id || coverage.tells_of(timed);
            seen::apache(plan, world, (timed.instance, status), &errors, &mut tries, nothing_logged)
        }
        _ => seen::nginx(world, &errors, &mut tries, detail, status, coverage.tells_of(timed)),
    };
    let by_timer = match mechanism {
        Mechanism::Unknown => seen::by_timer(plan, timed, &tries),
        _ => None,
    };
    if let (Some(m), Some(last)) = (by_timer, tries.last_mut()) {
        last.mechanism = m;
    }
    let mechanism = by_timer.unwrap_or(mechanism);
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
    let all = plan.configs_of(proxy).into_iter().flat_map(|c| {
        let routes = c.config.routes.iter().map(|r| r.timeouts);
        let pools =
            c.config.pools.iter().flat_map(|p| p.servers.iter().map(|s| s.timeouts).chain([p.timeouts]));
        routes.chain(pools).collect::<Vec<_>>()
    });
    all.filter_map(move |t| if mechanism == Mechanism::ReadTimeout { t.read_ms } else { t.connect_ms })
        .map(|ms| (ms as i64).saturating_mul(1_000_000))
}
