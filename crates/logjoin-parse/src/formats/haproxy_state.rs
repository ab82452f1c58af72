//! HAProxy's messages about its servers and about itself.
//!
//! These are sentences, not fields: each is known by its first words, and only the sentences about servers
//! (`src/server.c`, `srv_append_status`; `src/check.c`) have parts to take.

use super::haproxy_fields::unescape_info;
use super::{FormatDef, ParseError};
use crate::bytes::Cursor;
use crate::{Anchor, Body, Kind, Product, Record, StateEvent, StateLine};

const ID: &str = "haproxy-state";

pub(super) static FORMAT: FormatDef = FormatDef {
    id: ID,
    title: "HAProxy server, health check and process messages",
    product: Product::Haproxy,
    kind: Kind::State,
    anchor: Anchor::Event,
    source: "src/server.c, src/check.c, src/proxy.c, src/mworker.c of HAProxy",
    samples: &[
        "Server api/api-1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
        "Health check for server api/api-1 failed, reason: Layer7 wrong status, code: 503, info: \"Service Unavailable\", check duration: 2ms, status: 0/2 DOWN.",
        "backend api has no server available!",
        "api/orders-1 changed its IP from (none) to 10.20.1.41 by lan/ns1.",
        "Proxy www stopped (cumulated conns: FE: 12, BE: 0).",
        "Current worker (1234) exited with code 139 (Segmentation fault)",
        "Connect() failed for backend api: no free ports.",
    ],
    parse,
};

/// What the sentences about the process and its sections begin with, what they hold further on, and what they mean.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str, StateEvent)] = &[
    ("Proxy ", " started.", StateEvent::ProxyStarted),
    ("Proxy ", " stopped (", StateEvent::ProxyStopped),
    ("Proxy ", " hard-stopped (", StateEvent::ProxyStopped),
    ("Proxy ", " reached system FD limit", StateEvent::ProxyLimit),
    ("Proxy ", " reached process FD limit", StateEvent::ProxyLimit),
    ("Proxy ", " reached system memory limit", StateEvent::ProxyLimit),
    ("Proxy ", " reached the configured maximum connection limit", StateEvent::ProxyLimit),
    ("Proxy ", " has insufficient permissions to open server socket", StateEvent::Other),
    ("Proxy ", " cannot create a server socket", StateEvent::Other),
    ("Proxy ", " failed to add or set the ", StateEvent::Other),
    ("soft-stop running for too long", "", StateEvent::ProxyStopped),
    ("Some tasks resisted to hard-stop", "", StateEvent::ProxyStopped),
    ("Scheduling a soft-stop in ", "", StateEvent::ProxyStopped),
    ("Grace period expired, proceeding with soft-stop", "", StateEvent::ProxyStopped),
    ("All workers exited. Exiting", "", StateEvent::ProxyStopped),
    ("Exiting Master process", "", StateEvent::ProxyStopped),
    ("Port ", " busy while trying to enable ", StateEvent::Other),
    ("Bind on socket ", " busy while trying to enable ", StateEvent::Other),
    ("socket(): not enough free sockets", "", StateEvent::ProxyLimit),
    ("Cannot set client socket to non blocking", "", StateEvent::ProxyLimit),
    ("Cannot set CLOEXEC on client socket", "", StateEvent::ProxyLimit),
    ("Cannot bind to source address before connect()", "", StateEvent::ProxyLimit),
    ("Cannot bind to tproxy source address before connect()", "", StateEvent::ProxyLimit),
    ("Connect() failed for backend ", ": no free ports", StateEvent::ProxyLimit),
    ("Connect() failed for backend ", ": local address already in use", StateEvent::ProxyLimit),
    ("Connect() failed for backend ", "", StateEvent::Other),
    ("Blocking cacheable cookie in response from ", "", StateEvent::Other),
    ("Internal error: action yields while ", "", StateEvent::Other),
    ("A bogus ", " is spinning at ", StateEvent::ProxyCrash),
    ("A worker process unexpectedly died", "", StateEvent::ProxyCrash),
    ("exit-on-failure: killing every process", "", StateEvent::ProxyCrash),
    ("Failed to load worker", "", StateEvent::ProxyCrash),
    ("Failed to reexecute the master process", "", StateEvent::Other),
    ("Failed to initialize server(s) addr.", "", StateEvent::Other),
    ("Reloading HAProxy", "", StateEvent::ProxyReload),
    ("New worker ", " forked", StateEvent::ProxyStarted),
    ("Initializing new worker (", "", StateEvent::ProxyStarted),
    ("Loading success.", "", StateEvent::ProxyStarted),
    ("DNS : section '", "", StateEvent::Resolver),
    ("can not build the query message for ", "", StateEvent::Resolver),
    ("could not generate a query id for ", "", StateEvent::Resolver),
    ("could not resolve address '", "", StateEvent::Resolver),
    ("'server ", "could not resolve address '", StateEvent::Resolver),
    ("SIGHUP received, dumping servers states", "", StateEvent::Other),
    ("SIGHUP: Server ", "", StateEvent::Other),
    ("SIGHUP: Proxy ", "", StateEvent::Other),
    ("server-state application failed for server '", "", StateEvent::Other),
    ("could not update ", " FQDN", StateEvent::Other),
    ("missing timeouts for ", "", StateEvent::Other),
    ("haproxy version is ", "", StateEvent::Other),
    ("path to executable is ", "", StateEvent::Other),
    ("[haproxy.main()] ", "", StateEvent::Other),
    ("Could not open configuration file", "", StateEvent::Other),
    ("parsing [", "] : ", StateEvent::Other),
];

/// Words for a section (`proxy_type_str` in `src/proxy.c`).
const SECTIONS: [&[u8]; 4] = [b"backend", b"frontend", b"proxy", b"listen"];

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read(line).map(record).ok_or(ParseError::new(0, "a message of HAProxy about a server or itself"))
}

fn record(s: StateLine<'_>) -> Record<'_> {
    Record {
        format: ID,
        product: Product::Haproxy,
        stamp: None,
        anchor: Anchor::Event,
        envelope: None,
        body: Body::State(s),
    }
}

/// A message that HAProxy is known to have written, of which no more is known.
pub(crate) fn other(message: &[u8]) -> Record<'_> {
    record(StateLine { message: message.into(), ..StateLine::default() })
}

/// The message, if its first words are known.
pub(super) fn read(m: &[u8]) -> Option<StateLine<'_>> {
    let mut s = server_line(m)
        .or_else(|| check_line(m))
        .or_else(|| address_line(m))
        .or_else(|| section_line(m))
        .or_else(|| worker_exit(m))
        .or_else(|| sentence(m))?;
    s.message = m.into();
    Some(s)
}

/// `[Backup ]Server B/S is DOWN, reason: ...` and the other changes of a server.
fn server_line(m: &[u8]) -> Option<StateLine<'_>> {
    let mut c = Cursor::new(m);
    c.eat(b"Backup ");
    c.eat(b"Server ")?;
    let mut s = pair(c.until(b' ')?)?;
    if c.eat(b"('").is_some() {
        c.until_str(b"') ")?; // the name that is resolved
    }
    let rest = c.rest();
    s.event = server_event(rest)?;
    // The parts come after the words of the state, which hold neither a comma nor a full stop.
    c.run(|b| !matches!(b, b',' | b'.' | b'('));
    if c.eat(b"(").is_some() {
        s.check_reason = c.until(b')').map(|r| r.trim_ascii().into());
    }
    check_result(&mut c, &mut s);
    s.active_left = active_left(c.rest());
    Some(s)
}

/// The number before ` active and N backup servers`; a tracked server's ` via B/S.` may stand in front.
fn active_left(tail: &[u8]) -> Option<i64> {
    let head = &tail[..memchr::memmem::find(tail, b" active and ")?];
    let blank = memchr::memrchr(b' ', head)?;
    crate::bytes::int(&head[blank + 1..])
}

fn server_event(words: &[u8]) -> Option<StateEvent> {
    let head = &words[..words.iter().position(|b| matches!(b, b',' | b'.')).unwrap_or(words.len())];
    let has = |part: &[u8]| memchr::memmem::find(head, part).is_some();
    let starts = |part: &str| head.starts_with(part.as_bytes());
    let maintenance = starts("is going DOWN for maintenance")
        || has(b"enters maintenance")
        || has(b"remains in maintenance")
        || has(b"remains in forced maintenance");
    Some(if maintenance {
        StateEvent::ServerMaintenance
    } else if has(b"enters drain state")
        || has(b"drain mode")
        || starts("is UP/DRAIN")
        || starts("is DOWN/DRAIN")
    {
        StateEvent::ServerDrain
    } else if starts("is UP/READY")
        || starts("is DOWN/READY")
        || starts("administratively READY")
        || has(b"(leaving ")
    {
        StateEvent::ServerReady
    } else if starts("is DOWN") {
        StateEvent::ServerDown
    } else if starts("is UP") {
        StateEvent::ServerUp
    } else if starts("is stopping") {
        StateEvent::ServerStopping
    } else {
        return None;
    })
}

/// `Health check for [backup ]server B/S [conditionally ]succeeded, reason: ..., status: 2/3 UP.`
fn check_line(m: &[u8]) -> Option<StateLine<'_>> {
    let mut c = Cursor::new(m);
    c.eat(b"Health check for ").or_else(|| c.eat(b"Agent check for "))?;
    c.eat(b"backup ");
    c.eat(b"server ")?;
    let mut s = pair(c.until(b' ')?)?;
    c.eat(b"conditionally ");
    s.event = match c.run(|b| b.is_ascii_lowercase()) {
        b"succeeded" => StateEvent::CheckPassed,
        b"failed" => StateEvent::CheckFailed,
        _ => return None,
    };
    check_result(&mut c, &mut s);
    Some(s)
}

/// `, reason: Layer7 wrong status, code: 503, info: "text", check duration: 2ms`, or `, changed from CLI`.
fn check_result<'a>(c: &mut Cursor<'a>, s: &mut StateLine<'a>) {
    let end = |b: u8| b != b',' && b != b'.';
    if c.eat(b", reason: ").is_some() {
        s.check_reason = Some(without_via(c, end));
    } else if c.eat(b", ").is_some() {
        s.check_reason = Some(without_via(c, end));
        return;
    }
    if c.eat(b", code: ").is_some() {
        s.check_code = c.int().and_then(|v| i32::try_from(v).ok());
    }
    if c.eat(b", info: \"").is_some() {
        // A quote inside is `<22>`.
        s.check_info = c.until(b'"').map(unescape_info);
    }
    if c.eat(b", check duration: ").is_some() {
        s.check_duration_ms = c.int();
        c.eat(b"ms");
    }
}

/// Takes a reason, which ends before ` via ` where the state is that of a tracked server.
fn without_via<'a>(c: &mut Cursor<'a>, keep: impl Fn(u8) -> bool) -> crate::Text<'a> {
    let all = { *c }.run(keep);
    let n = memchr::memmem::find(all, b" via ").unwrap_or(all.len());
    c.take(n).unwrap_or_default().into()
}

/// `B/S changed its IP from A to B by R/N.` up to 2.9, `B/S: IP changed from 'A' to 'B' by 'R/N'.` since 3.0.
fn address_line(m: &[u8]) -> Option<StateLine<'_>> {
    let n = memchr::memchr(b' ', m)?;
    let rest = &m[n + 1..];
    let changed: [&[u8]; 5] = [
        b"changed its IP from ",
        b"changed its FQDN from ",
        b"IP changed from ",
        b"port changed from ",
        b"FQDN changed from ",
    ];
    if !changed.iter().any(|w| rest.starts_with(w)) {
        return None;
    }
    let name = &m[..n];
    let s = pair(name.strip_suffix(b":").unwrap_or(name))?;
    Some(StateLine { event: StateEvent::AddressChanged, ..s })
}

/// `backend B has no server available!`, `Stopping backend B in 0 ms.`, `Paused frontend F.`
fn section_line(m: &[u8]) -> Option<StateLine<'_>> {
    let mut c = Cursor::new(m);
    let verb = ["Stopping ", "Paused ", "Resumed ", "Pausing ", "Enabling ", "Disabling "]
        .iter()
        .find(|v| c.eat(v.as_bytes()).is_some());
    let word = c.until(b' ')?;
    if !SECTIONS.iter().any(|w| word.eq_ignore_ascii_case(w)) {
        return None;
    }
    let name = c.before(b' ');
    let event = match verb {
        Some(v) if ["Resumed ", "Enabling "].contains(v) => StateEvent::ProxyStarted,
        Some(_) => StateEvent::ProxyStopped,
        None if c.rest() == b" has no server available!" => StateEvent::NoServer,
        None if c.rest() == b" failed to enter pause mode." => StateEvent::Other,
        None => return None,
    };
    let name = if c.is_empty() { name.strip_suffix(b".").unwrap_or(name) } else { name };
    let backend = (word.eq_ignore_ascii_case(b"backend") || event == StateEvent::NoServer)
        .then(|| unquote(name).into());
    Some(StateLine { event, backend, ..StateLine::default() })
}

/// `Current worker (N) exited with code 139 (Segmentation fault)`, `Former worker (N) ...`.
fn worker_exit(m: &[u8]) -> Option<StateLine<'_>> {
    let mut c = Cursor::new(m);
    c.eat(b"Current worker ").or_else(|| c.eat(b"Former worker "))?;
    c.until_str(b" exited with code ")?;
    // 0, or 128 + 15 (SIGTERM), 2 (SIGINT), 10 (SIGUSR1): it was told to.
    let event = match c.int()? {
        0 | 130 | 138 | 143 => StateEvent::ProxyStopped,
        _ => StateEvent::ProxyCrash,
    };
    Some(StateLine { event, ..StateLine::default() })
}

fn sentence(m: &[u8]) -> Option<StateLine<'_>> {
    let (head, _, event) = SENTENCES.iter().find(|(head, part, _)| {
        m.strip_prefix(head.as_bytes())
            .is_some_and(|rest| part.is_empty() || memchr::memmem::find(rest, part.as_bytes()).is_some())
    })?;
    let mut s = StateLine { event: *event, ..StateLine::default() };
    // Names that some of them hold.
    let mut c = Cursor::new(&m[head.len()..]);
    match *head {
        "Connect() failed for backend " => s.backend = c.until(b':').map(Into::into),
        "Blocking cacheable cookie in response from " => {
            c.eat(b"instance ");
            s.backend = c.until_str(b", server ").map(Into::into);
            s.server = s.backend.is_some().then(|| c.run(|b| b != b'.').into());
        }
        "'server " | "server-state application failed for server '" | "SIGHUP: Server " => {
            let name = c.run(|b| !matches!(b, b'\'' | b' '));
            if let Some(named) = pair(name) {
                s = StateLine { event: *event, ..named };
            }
        }
        _ if head.starts_with("Cannot bind to ") => {
            s.backend =
                c.until_str(b" for backend ").map(|_| c.rest().strip_suffix(b".").unwrap_or(c.rest()).into());
        }
        _ => {}
    }
    Some(s)
}

/// `backend/server`, the only slash between two names.
fn pair(b: &[u8]) -> Option<StateLine<'_>> {
    let slash = memchr::memchr(b'/', b)?;
    let (backend, server) = (&b[..slash], &b[slash + 1..]);
    if backend.is_empty() || server.is_empty() || server.contains(&b'/') {
        return None;
    }
    Some(StateLine { backend: Some(backend.into()), server: Some(server.into()), ..StateLine::default() })
}

fn unquote(b: &[u8]) -> &[u8] {
    b.strip_prefix(b"'").and_then(|b| b.strip_suffix(b"'")).unwrap_or(b)
}
