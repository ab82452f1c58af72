//! uWSGI: the request line, and the server's own messages, some with time and most without.

use super::words::{self, scaled, text};
use crate::bytes::{Cursor, int, uint};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static REQUEST: FormatDef = FormatDef {
    id: "uwsgi-request",
    title: "uWSGI request line",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "uWSGI core/logging.c, log_request: the time is the start, the line is written at the end",
    samples: &[
        "[pid: 28447|app: 0|req: 1/1] 192.0.2.35 () {38 vars in 574 bytes} [Sat Nov 21 02:48:59 2026] POST /crm/leads => generated 599 bytes in 57 msecs (HTTP/1.1 200) 1 headers in 51 bytes (1 switches on core 0)",
        "[pid: 88185|app: 0|req: 3/3] 127.0.0.1 (joe) {34 vars in 617 bytes} [Sun Mar 13 22:49:15 2016] GET /a => generated 215 bytes in 68 micros via sendfile() (HTTP/1.1 200) 9 headers in 373 bytes (1 switches on core 8)",
    ],
    parse: request,
};

fn request(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read_request(&mut c).ok_or(ParseError::new(c.offset(), "a uWSGI request line"))
}

fn read_request<'a>(c: &mut Cursor<'a>) -> Option<Record<'a>> {
    // `log-x-forwarded-for`, `memory-report` and vhosts put words before the bracket or after it
    if c.eat(b"[pid: ").is_none() {
        if !c.rest().starts_with(b"{address space") {
            return None;
        }
        c.until_str(b"[pid: ")?;
    }
    let pid = uint(c.until(b'|')?).and_then(|v| u32::try_from(v).ok());
    c.until(b']')?;
    c.eat(b" ")?;
    let client = c.until(b' ')?;
    c.eat(b"(")?;
    let user = c.until(b')')?;
    c.until_str(b"} [")?;
    let (stamp, _) = Stamp::ctime(c.until(b']')?)?;
    c.eat(b" ")?;
    let method = c.until(b' ')?;
    let path = c.until_str(b" => generated ")?;
    let bytes = int(c.until(b' ')?);
    c.eat(b"bytes in ")?;
    let number = c.until(b' ')?;
    let unit = c.until(b' ')?;
    let (us, unit_us) = scaled(number, if unit == b"micros" { 1000 } else { 1_000_000 })?;
    c.until_str(b"(HTTP/")?;
    let version = c.until(b' ')?;
    let status = int(c.until(b')')?)?;
    let id = words::request_id(c.rest());
    let a = Access {
        client_ip: text(client),
        user: text(user),
        method: text(method),
        path: text(path),
        http_version: text(version),
        status: Some(status as i32),
        bytes,
        duration_us: Some(us),
        duration_unit_us: unit_us,
        pid,
        request_id: id.and_then(text),
        ..Access::default()
    };
    Some(words::access(&REQUEST, Some(stamp), Anchor::Start, a))
}

pub(super) static MESSAGE: FormatDef = FormatDef {
    id: "uwsgi-message",
    title: "uWSGI message",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "uWSGI core/logging.c uwsgi_log_verbose (time) and uwsgi_log (none); core/master*.c, core/uwsgi.c",
    samples: &[
        "Sat Nov 21 02:49:10 2026 - *** HARAKIRI ON WORKER 1 (pid: 28446, try: 1) ***",
        "*** Starting uWSGI 2.0.21-debian (64bit) on [Sat Nov 21 02:48:58 2026] ***",
        "DAMN ! worker 1 (pid: 28446) died, killed by signal 9 :( trying respawn ...",
        "Respawned uWSGI worker 1 (new pid: 28510)",
        "spawned uWSGI worker 2 (pid: 28447, cores: 1)",
        "WSGI app 0 (mountpoint='') ready in 0 seconds on interpreter 0x7f42c1160018 pid: 28447 (default app)",
    ],
    parse: message,
};

/// First words of messages without time that no other program writes.
const OPENINGS: &[&[u8]] = &[
    b"*** ",
    b"DAMN ! ",
    b"Respawned uWSGI ",
    b"spawned uWSGI ",
    b"Spawned uWSGI",
    b"uWSGI ",
    b"uwsgi_",
    b"uwsgi ",
    b"WSGI app ",
    b"worker ",
    b"HARAKIRI ",
    b"SIGINT/SIGTERM received",
    b"SIGINT/SIGQUIT received",
    b"SIGPIPE: writing",
    b"Gracefully killing worker ",
    b"gateway \"uWSGI ",
    b"...The work of process ",
    b"...gracefully killing workers",
    b"...brutally killing workers",
    b"goodbye to uWSGI",
    b"VACUUM: ",
    b"chdir() to ",
    b"[uWSGI] ",
    b"UAAAAAAH ",
    b"OOOPS ",
    b"!!! uWSGI ",
    b"[deadlock-detector] ",
    b"unable to load app ",
    b"--- no python application found",
    b"your server socket listen backlog",
    b"your mercy for graceful operations",
    b"mapped ",
    b"announcing my loyalty",
    b"[emperor] ",
    b"[emperor-",
];

fn message(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_message(line).ok_or(ParseError::new(0, "a uWSGI message"))
}

fn read_message(line: &[u8]) -> Option<Record<'_>> {
    if let Some((stamp, rest)) = Stamp::ctime(line) {
        let message = rest.strip_prefix(b" - ")?;
        let line = LogLine { message: message.into(), pid: pid_of(message), ..LogLine::default() };
        return Some(words::log(&MESSAGE, Some(stamp), line));
    }
    let own = OPENINGS.iter().any(|o| line.starts_with(o));
    let own = own
        && match line[0] {
            b'w' => {
                line.get(7).is_some_and(u8::is_ascii_digit) && memchr::memmem::find(line, b"(pid: ").is_some()
                    || line.ends_with(b"buried after 1 seconds")
                    || memchr::memmem::find(line, b" buried after ").is_some()
            }
            b'm' => memchr::memmem::find(line, b" bytes (").is_some() && line.ends_with(b" cores"),
            _ => true,
        };
    if !own {
        return None;
    }
    let stamp = line.strip_prefix(b"*** Starting uWSGI ").and_then(|b| {
        let at = memchr::memmem::find(b, b" on [")?;
        Stamp::ctime(&b[at + 5..]).map(|(s, _)| s)
    });
    Some(words::log(
        &MESSAGE,
        stamp,
        LogLine { message: line.into(), pid: pid_of(line), ..LogLine::default() },
    ))
}

/// The process that a message is about.
fn pid_of(message: &[u8]) -> Option<u32> {
    let at = memchr::memmem::find(message, b"pid: ")?;
    let digits = &message[at + 5..];
    words::pid(&digits[..digits.iter().take_while(|c| c.is_ascii_digit()).count()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn request_times_are_starts_with_a_duration() {
        for (sample, us, unit) in [(REQUEST.samples[0], 57_000, 1000), (REQUEST.samples[1], 68, 1)] {
            let r = request(sample.as_bytes()).expect(sample);
            assert_eq!(r.anchor, Anchor::Start);
            let Body::Access(a) = r.body else { panic!("a request") };
            assert_eq!((a.duration_us, a.duration_unit_us, a.status), (Some(us), unit, Some(200)));
        }
        let Ok(Record { body: Body::Access(a), stamp, .. }) = request(REQUEST.samples[0].as_bytes()) else {
            panic!("a request")
        };
        assert_eq!(stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-21T02:48:59"));
        assert_eq!(
            (a.pid, a.bytes, a.user, a.path.as_deref()),
            (Some(28447), Some(599), None, Some(&b"/crm/leads"[..]))
        );
    }

    #[test]
    fn messages_with_and_without_time() {
        let r = message(MESSAGE.samples[0].as_bytes()).expect("harakiri");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-21T02:49:10"));
        let Body::Log(l) = r.body else { panic!("a message") };
        assert_eq!(
            (l.pid, &*l.message),
            (Some(28446), &b"*** HARAKIRI ON WORKER 1 (pid: 28446, try: 1) ***"[..])
        );
        assert!(message(MESSAGE.samples[2].as_bytes()).expect("damn").stamp.is_none());
        for not in ["machine: x86_64", "mapped to x", "worker threads", "", "Sat Nov 21 02:49:10 2026] x"] {
            assert!(message(not.as_bytes()).is_err(), "{not}");
        }
    }
}
