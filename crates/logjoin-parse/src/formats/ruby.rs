//! Ruby: `Logger`, Rails' request messages, Puma's console, Passenger's and Sidekiq's own logs.

use super::words::{self, is_level, pid, text};
use crate::bytes::Cursor;
use crate::{Access, Anchor, Body, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static LOGGER: FormatDef = FormatDef {
    id: "ruby-logger",
    title: "Ruby Logger: Unicorn, Resque, Rails in production",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "ruby/logger lib/logger/formatter.rb, Format",
    samples: &[
        "E, [2026-11-20T10:00:00.123456 #123] ERROR -- : worker=0 PID:456 timeout (61s > 60s), killing",
        r#"I, [2026-11-20T10:00:00.123456 #123]  INFO -- : [8601b555-6a83-4c12-bc78-8e4a1b2c3d4e] Started GET "/x?y=1" for 10.0.0.1 at 2026-11-20 10:00:00 +0000"#,
    ],
    parse: logger,
};

fn logger(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_logger(line).ok_or(ParseError::new(0, "I, [time #pid]  INFO -- program: message"))
}

fn read_logger(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    if !matches!(c.take(1)?[0], b'D' | b'I' | b'W' | b'E' | b'F' | b'A') {
        return None;
    }
    c.eat(b", [")?;
    let (stamp, rest) = Stamp::iso(c.until(b']')?)?;
    let process = pid(rest.trim_ascii().strip_prefix(b"#")?);
    c.run(|b| b == b' ');
    let level = c.run(|b| b.is_ascii_alphabetic());
    c.eat(b" -- ")?;
    let program = c.until(b':')?;
    c.eat(b" ");
    if !is_level(level) && level != b"ANY" {
        return None;
    }
    let mut r = rails(&LOGGER, c.rest()).unwrap_or_else(|| {
        words::log(&LOGGER, None, LogLine { message: c.rest().into(), ..LogLine::default() })
    });
    r.stamp = Some(stamp);
    match &mut r.body {
        Body::Access(a) => (a.pid, a.level) = (process, text(level)),
        Body::Log(l) => (l.pid, l.level, l.program) = (process, text(level), text(program)),
        _ => {}
    }
    Some(r)
}

pub(super) static RAILS: FormatDef = FormatDef {
    id: "rails",
    title: "Rails request messages without a prefix",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Start,
    source: "rails railties/lib/rails/rack/logger.rb (Started), actionpack log_subscriber.rb (Processing, Completed)",
    samples: &[
        r#"Started GET "/foobartest" for 127.0.0.1 at 2012-11-21 15:21:13 +0100"#,
        "Processing by HomeController#foobartest as */*",
        "Completed 500 Internal Server Error in 1234ms (ActiveRecord: 1.2ms | Allocations: 99)",
        "[8601b555-6a83-4c12-bc78-8e4a1b2c3d4e] Completed 200 OK in 12ms (Views: 3.1ms)",
    ],
    parse: |line| rails(&RAILS, line).ok_or(ParseError::new(0, "Started, Processing by or Completed")),
};

/// `Started` is the request's line, at its start; `Completed` tells its end but neither method nor target, and is
/// a message with its status and duration as fields.
fn rails<'a>(def: &'static FormatDef, line: &'a [u8]) -> Option<Record<'a>> {
    let mut c = Cursor::new(line);
    let mut id = None;
    while c.eat(b"[").is_some() {
        let tag = c.until(b']')?;
        c.eat(b" ")?;
        // the first tag is the request's id by default (config.log_tags)
        if id.is_none() && tag.len() >= 16 {
            id = text(tag);
        }
    }
    let message = c.rest();
    if c.eat(b"Started ").is_some() {
        let method = c.until(b' ')?;
        let path = c.quoted()?;
        c.eat(b" for ")?;
        let client = c.until(b' ')?;
        c.eat(b"at ")?;
        let (stamp, _) = Stamp::iso(c.rest())?;
        let a = Access {
            method: text(method),
            path: text(path),
            client_ip: text(client),
            request_id: id,
            ..Access::default()
        };
        return Some(words::access(def, Some(stamp), Anchor::Start, a));
    }
    let mut log = LogLine { message: message.into(), request_id: id, ..LogLine::default() };
    if c.eat(b"Completed ").is_some() {
        let status = c.until(b' ')?;
        crate::bytes::uint(status)?;
        c.until_str(b" in ")?;
        let took = c.before(b' ');
        log.extra.push(("status".into(), status.into()));
        log.extra.push(("duration".into(), took.into()));
    } else if !(message.starts_with(b"Processing by ")
        && memchr::memmem::find(message, b" as ").is_some()
        && memchr::memchr(b'#', message).is_some())
    {
        return None;
    }
    Some(words::log(def, None, log))
}

pub(super) static PUMA: FormatDef = FormatDef {
    id: "puma",
    title: "Puma's console",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "puma lib/puma/log_writer.rb DefaultFormatter and PidFormatter, launcher.rb, runner.rb, single.rb, cluster.rb, binder.rb",
    samples: &[
        "Puma starting in single mode...",
        "*          PID: 24245",
        "* Listening on http://10.0.0.1:9292",
        "Use Ctrl-C to stop",
        "- Gracefully stopping, waiting for requests to finish",
        "=== puma shutdown: 2026-11-20 10:00:00 +0000 ===",
        "- Goodbye!",
        "[123] - Worker 0 (PID: 125) booted in 0.5s, phase: 0",
        "[123] ! Terminating timed out worker (Worker 0 failed to check in within 60 seconds): 125",
        "[123] * Listening on http://0.0.0.0:3000",
        "[123] Puma starting in cluster mode...",
    ],
    parse: puma,
};

/// What Puma writes without a process in front (`DefaultFormatter`: a single process, or a master before its workers),
/// and Rails before it. A mark is anybody's: here the words must be Puma's.
const PUMAS_OWN: &[&[u8]] = &[
    b"Puma starting in ",
    b"Use Ctrl-C to stop",
    b"* Puma version: ",
    b"* Ruby version: ",
    b"* Version ",
    b"* Min threads: ",
    b"*  Min threads: ",
    b"*  Max threads: ",
    b"* Environment: ",
    b"*  Environment: ",
    b"*          PID: ",
    b"*   Master PID: ",
    b"*      Workers: ",
    b"*     Restarts: ",
    b"* Process workers: ",
    b"* Preloading application",
    b"* Phased restart available",
    b"* Daemonizing...",
    b"* Starting control server on ",
    b"* Listening on ",
    b"* Inherited ",
    b"* Activated ",
    b"* Closing unused ",
    b"* Enabling systemd notification integration",
    b"* Restarting...",
    b"* Stopping immediately!",
    b"* phased-restart called but not available",
    b"- Gracefully stopping, waiting for requests to finish",
    b"- Gracefully shutting down workers...",
    b"- Starting phased worker restart",
    b"- Goodbye!",
    b"! Unable to load application: ",
    b"! Unable to start worker",
    b"! Complete inability to spawn new workers detected",
    b"! WARNING: Detected ",
    b"! Detected parent died, dying",
    b"=== puma ",
    b"=> Booting Puma",
    b"=> Rails ",
    b"=> Run `",
];

fn puma(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_puma(line).ok_or(ParseError::new(0, "[pid] mark message, or words of Puma"))
}

fn read_puma(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    let process = if c.eat(b"[").is_some() {
        let process = pid(c.until(b']')?)?;
        c.eat(b" ")?;
        let marked = matches!(c.rest(), [b'-' | b'!' | b'*', b' ', ..]);
        let known = [&b"Puma "[..], b"+ ", b"=== puma ", b"Early termination", b"Use Ctrl-C"];
        if !marked && !known.iter().any(|k| c.rest().starts_with(k)) {
            return None;
        }
        Some(process)
    } else {
        if !matches!(line.first()?, b'*' | b'-' | b'!' | b'=' | b'P' | b'U')
            || !PUMAS_OWN.iter().any(|k| line.starts_with(k))
        {
            return None;
        }
        line.strip_prefix(b"*").and_then(|l| l.trim_ascii_start().strip_prefix(b"PID: ")).and_then(pid)
    };
    let message = c.rest();
    // `redirect_stdout` and the end say when: `=== puma startup: 2026-11-20 10:00:00 +0000 ===`
    let stamp = message
        .starts_with(b"=== puma ")
        .then(|| memchr::memmem::find(message, b": "))
        .flatten()
        .and_then(|at| Stamp::iso(&message[at + 2..]))
        .map(|(stamp, _)| stamp);
    let log = LogLine { pid: process, message: message.into(), ..LogLine::default() };
    Some(words::log(&PUMA, stamp, log))
}

pub(super) static PASSENGER: FormatDef = FormatDef {
    id: "passenger",
    title: "Phusion Passenger's own log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "passenger src/cxx_supportlib/LoggingKit/Implementation.cpp, _prepareLogEntry",
    samples: &[
        "[ E 2026-11-20 10:00:00.1234 123/T4 age/Cor/App/Implementation.cpp:221 ]: Could not spawn process for application /srv/shop",
        "[ N 2026-11-20 10:00:00.1234 123/Tb age/Cor/CoreMain.cpp:1325 ]: Passenger core online, PID 123",
    ],
    parse: |line| passenger(line).ok_or(ParseError::new(0, "[ L time pid/thread place ]: message")),
};

fn passenger(line: &[u8]) -> Option<Record<'_>> {
    let mut c = Cursor::new(line);
    c.eat(b"[ ")?;
    let level: &[u8] = match c.until(b' ')? {
        b"C" => b"critical",
        b"E" => b"error",
        b"W" => b"warning",
        b"N" => b"notice",
        b"I" => b"info",
        b"D" | b"D2" | b"D3" => b"debug",
        _ => return None,
    };
    let (stamp, rest) = Stamp::iso(c.rest())?;
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let (process, thread) = (pid(c.until(b'/')?), c.until(b' ')?);
    let place = c.until_str(b" ]: ")?;
    let log = LogLine {
        level: text(level),
        pid: process,
        thread: text(thread),
        logger: text(place),
        message: c.rest().into(),
        ..LogLine::default()
    };
    Some(words::log(&PASSENGER, Some(stamp), log))
}

pub(super) static SIDEKIQ: FormatDef = FormatDef {
    id: "sidekiq",
    title: "Sidekiq's log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "sidekiq lib/sidekiq/logger.rb, Formatters::Pretty",
    samples: &[
        "2026-11-20T10:00:00.123Z pid=4321 tid=ow4c class=PayJob jid=b4a577edbccf1d805744efa9 elapsed=0.1 INFO: done",
        "2026-11-20T10:00:00.123Z 4321 TID-ow4c INFO: Booting Sidekiq",
    ],
    parse: |line| sidekiq(line).ok_or(ParseError::new(0, "time pid=N tid=X LEVEL: message")),
};

fn sidekiq(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = Stamp::iso(line)?;
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let mut log = LogLine::default();
    c.eat(b"pid=");
    log.pid = Some(pid(c.until(b' ')?)?);
    if c.eat(b"tid=").is_none() {
        c.eat(b"TID-")?;
    }
    log.thread = text(c.until(b' ')?);
    // the job's context, then the level
    for _ in 0..12 {
        let word = c.until(b' ')?;
        if let Some(level) = word.strip_suffix(b":").filter(|l| is_level(l)) {
            (log.level, log.message) = (text(level), c.rest().into());
            return Some(words::log(&SIDEKIQ, Some(stamp), log));
        }
        let at = memchr::memchr2(b'=', b'-', word)?;
        log.extra.push((String::from_utf8_lossy(&word[..at]), word[at + 1..].into()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_their_ends() {
        let r = logger(LOGGER.samples[1].as_bytes()).expect("started");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-20T10:00:00.123456"));
        let Body::Access(a) = r.body else { panic!("a request") };
        assert_eq!((a.path.as_deref(), a.pid), (Some(&b"/x?y=1"[..]), Some(123)));
        assert_eq!(a.request_id.as_deref(), Some(&b"8601b555-6a83-4c12-bc78-8e4a1b2c3d4e"[..]));
        let Body::Log(l) = (RAILS.parse)(RAILS.samples[3].as_bytes()).expect("completed").body else {
            panic!("a message")
        };
        assert_eq!((&*l.extra[0].1, &*l.extra[1].1), (&b"200"[..], &b"12ms"[..]));
        assert!(l.request_id.is_some());
        assert!((RAILS.parse)(b"Completed the work").is_err());
        let Body::Log(l) = sidekiq(SIDEKIQ.samples[0].as_bytes()).expect("a line").body else {
            panic!("a message")
        };
        assert_eq!((l.pid, l.level.as_deref(), l.extra.len()), (Some(4321), Some(&b"INFO"[..]), 3));
        let r = passenger(PASSENGER.samples[0].as_bytes()).expect("a line");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-20T10:00:00.123400"));
        assert!(
            matches!(&r.body, Body::Log(l) if l.level.as_deref() == Some(b"error") && l.pid == Some(123))
        );
    }
    #[test]
    fn console_with_and_without_processes() {
        let log = |line: &'static str| {
            let r = puma(line.as_bytes()).expect(line);
            let Body::Log(l) = r.body else { panic!("a message") };
            (l.pid, l.message, r.stamp.map(|s| s.to_iso()))
        };
        assert_eq!(log("*          PID: 24245").0, Some(24245));
        assert_eq!(log("[123] * Listening on http://[::]:1").0, Some(123));
        assert_eq!(&*log("[123] * Listening on http://[::]:1").1, b"* Listening on http://[::]:1");
        let (process, _, stamp) = log(PUMA.samples[5]);
        assert_eq!((process, stamp.as_deref()), (None, Some("2026-11-20T10:00:00Z")));
        for line in ["[123] x", "* a list", "- another", "Puma is a cat", "=== x ===", "! no"] {
            assert!(puma(line.as_bytes()).is_err(), "{line}");
        }
    }
}
