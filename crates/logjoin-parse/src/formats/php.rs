//! PHP: the process manager's log and access log, and PHP's own error log.

use super::when::day_month;
use super::words::{self, duration, is_level, is_method, scaled, text};
use crate::bytes::{Cursor, int};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp};

pub(super) static FPM: FormatDef = FormatDef {
    id: "php-fpm",
    title: "php-fpm log",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "php-src sapi/fpm/fpm/zlog.c (prefix, level names), fpm_stdio.c (said into), fpm_children.c",
    samples: &[
        "[21-Nov-2026 02:39:22] NOTICE: fpm is running, pid 21201",
        r#"[21-Nov-2026 02:39:24] WARNING: [pool www] child 21202 said into stderr: "NOTICE: PHP message: cache: gone""#,
        "[21-Nov-2026 02:39:22.123456] DEBUG: pid 21201, fpm_event_loop(), line 411: event module triggered 1 events",
    ],
    parse: fpm,
};

fn fpm(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_fpm(line).ok_or(ParseError::new(0, "[21-Nov-2026 02:39:22] LEVEL: message"))
}

fn read_fpm(line: &[u8]) -> Option<Record<'_>> {
    let (stamp, rest) = day_month(line.strip_prefix(b"[")?)?;
    let mut c = Cursor::new(rest.strip_prefix(b"] ")?);
    let level = c.run(|b| b.is_ascii_uppercase());
    c.eat(b": ")?;
    if !is_level(level) {
        return None;
    }
    let message = c.rest();
    let pool = c.eat(b"[pool ").and_then(|()| c.until(b']'));
    c.eat(b" ");
    let who = if c.eat(b"child ").is_some() || c.eat(b"pid ").is_some() {
        words::pid(c.run(|b| b.is_ascii_digit()))
    } else {
        None
    };
    let line = LogLine {
        level: text(level),
        logger: pool.and_then(text),
        pid: who,
        message: message.into(),
        ..LogLine::default()
    };
    Some(words::log(&FPM, Some(stamp), line))
}

pub(super) static ACCESS: FormatDef = FormatDef {
    id: "php-fpm-access",
    title: "php-fpm access log",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::Start,
    source: "php-src sapi/fpm/fpm/fpm_log.c; www.conf access.format, default `%R - %u %t \"%m %r\" %s`",
    samples: &[
        r#"- -  21/Nov/2026:02:39:24 +0000 "GET /" 200"#,
        r#"- -  21/Nov/2026:02:39:24 +0000 "GET /posts/1362" 200 ffd5145f-70dd-bb83-761e-a49d789b614d"#,
        r#"127.0.0.1 - joe 20/Nov/2026:10:00:00 +0000 "GET /index.php?a=b" 200 /srv/index.php 12.345 2048 45.21%"#,
        r#"127.0.0.1 -  20/Nov/2026:10:00:00 +0000 "POST /exc.php" 500 - 0.012s"#,
        r#"192.0.2.2 -   22/Nov/2026:15:52:49 +0000 "POST /comment" 200"#,
    ],
    parse: access,
};

fn access(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut c = Cursor::new(line);
    read_access(&mut c).ok_or(ParseError::new(c.offset(), "address - user time \"METHOD path\" status"))
}

fn read_access<'a>(c: &mut Cursor<'a>) -> Option<Record<'a>> {
    let peer = c.until(b' ')?;
    c.eat(b"- ")?;
    let user = c.until(b' ')?;
    // A pool's own format may put the fields further apart.
    c.run(|b| b == b' ');
    let (stamp, rest) = Stamp::clf(c.rest())?;
    c.take(c.rest().len() - rest.len())?;
    c.eat(b" ")?;
    let request = c.quoted()?;
    let space = memchr::memchr(b' ', request)?;
    let (method, path) = (&request[..space], &request[space + 1..]);
    c.eat(b" ")?;
    let status = int(c.before(b' '))?;
    if !is_method(method) && !method.iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let mut a = Access {
        client_ip: text(peer),
        user: text(user),
        method: text(method),
        path: text(path),
        request: text(request),
        status: Some(status as i32),
        ..Access::default()
    };
    tail(c, &mut a);
    Some(words::access(&ACCESS, Some(stamp), Anchor::Start, a))
}

/// What a pool's own format may add: script, id of the request, duration, memory, share of CPU. In the format
/// that `www.conf` suggests (`%f %{milli}d %{kilo}M %C%%`) the first number is the duration in milliseconds,
/// and the number after it is memory. A number that stands alone has no unit that the line tells.
fn tail<'a>(c: &Cursor<'a>, a: &mut Access<'a>) {
    let mut c = *c;
    let suggested = c.rest().trim_ascii_end().ends_with(b"%");
    loop {
        c.run(|b| b == b' ');
        let word = if c.peek() == Some(b'"') {
            c.quoted().unwrap_or_else(|| c.run(|_| true))
        } else {
            c.before(b' ')
        };
        if word.is_empty() {
            if c.is_empty() {
                return;
            }
            continue;
        }
        if let Some((us, unit)) = duration(word) {
            (a.duration_us, a.duration_unit_us) = (Some(us), unit);
        } else if word.iter().all(|b| b.is_ascii_digit() || *b == b'.') {
            if suggested
                && a.duration_us.is_none()
                && let Some((us, unit)) = scaled(word, 1_000_000)
            {
                (a.duration_us, a.duration_unit_us) = (Some(us), unit);
            }
        } else if a.request_id.is_none() && is_bare_id(word) {
            a.request_id = text(word);
        }
    }
}

/// An id that a format may name without a key: a UUID, or at least 16 hexadecimal digits.
fn is_bare_id(word: &[u8]) -> bool {
    let hex = word.iter().filter(|b| b.is_ascii_hexdigit()).count();
    let dashes = word.iter().filter(|b| **b == b'-').count();
    hex >= 16 && hex + dashes == word.len() && dashes <= 4
}

pub(super) static ERROR: FormatDef = FormatDef {
    id: "php-error",
    title: "PHP error_log file",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "php-src main/main.c, php_log_err_with_severity: [d-M-Y H:i:s zone-name]",
    samples: &[
        "[20-Nov-2026 10:00:00 UTC] PHP Fatal error:  Uncaught RuntimeException: boom in /a.php:2",
        "[20-Nov-2026 10:00:00 Europe/Berlin] cache: gone",
    ],
    parse: error,
};

fn error(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read_error(line).ok_or(ParseError::new(0, "[20-Nov-2026 10:00:00 zone] message"))
}

fn read_error(line: &[u8]) -> Option<Record<'_>> {
    let date = line.strip_prefix(b"[")?;
    // with slashes the date is that of access logs
    if date.get(2) != Some(&b'-') {
        return None;
    }
    let (stamp, rest) = day_month(date)?;
    let mut c = Cursor::new(rest);
    let zone = c.until(b']')?;
    let named = !zone.is_empty()
        && zone.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'/' | b'_' | b'-' | b'+'));
    let numeric = zone.is_empty() && stamp.offset_s.is_some();
    if !named && !numeric {
        return None;
    }
    c.eat(b" ")?;
    let message = c.rest();
    // `PHP Fatal error:  ` names its level in words
    let level = message.strip_prefix(b"PHP ").and_then(|m| Some(&m[..memchr::memmem::find(m, b":  ")?]));
    Some(words::log(
        &ERROR,
        Some(stamp),
        LogLine { level: level.and_then(text), message: message.into(), ..LogLine::default() },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn request(i: usize) -> Access<'static> {
        match access(ACCESS.samples[i].as_bytes()).expect("a request").body {
            Body::Access(a) => a,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn requests_in_default_and_own_formats() {
        let a = request(0);
        assert_eq!((a.client_ip, a.status, a.path.as_deref()), (None, Some(200), Some(&b"/"[..])));
        assert_eq!(request(1).request_id.as_deref(), Some(&b"ffd5145f-70dd-bb83-761e-a49d789b614d"[..]));
        let a = request(2);
        assert_eq!((a.duration_us, a.user.as_deref()), (Some(12_345), Some(&b"joe"[..])));
        assert_eq!(request(3).duration_us, Some(12_000));
        assert!(access(br#"127.0.0.1 - - [20/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1"#).is_err());
    }

    #[test]
    fn messages() {
        let Body::Log(l) = fpm(FPM.samples[1].as_bytes()).expect("a message").body else {
            panic!("a message")
        };
        assert_eq!(
            (l.pid, l.logger.as_deref(), l.level.as_deref()),
            (Some(21202), Some(&b"www"[..]), Some(&b"WARNING"[..]))
        );
        assert!(l.message.starts_with(b"[pool www] child 21202 said"));
        let r = error(ERROR.samples[0].as_bytes()).expect("an error");
        assert_eq!(r.stamp.and_then(|s| s.offset_s), Some(0));
        let Body::Log(l) = r.body else { panic!("a message") };
        assert_eq!(l.level.as_deref(), Some(&b"Fatal error"[..]));
        assert!(error(b"[20-Nov-2026 10:00:00 +01:00] gone").is_ok());
        assert!(error(b"[20/Nov/2026:10:00:00 +0000] GET /x 200 12ms").is_err());
    }
}
