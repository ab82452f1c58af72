//! `key=value` lines: logrus and slog text, go-kit, Grafana's and the container tools' logs, lograge, Heroku's router.

use super::fields::Fields;
use super::json_fields::{Context, Role, enter, role};
use super::json_scan::Leaf;
use super::words;
use crate::bytes::Cursor;
use crate::{Anchor, FormatDef, Kind, ParseError, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "logfmt",
    title: "key=value lines (logfmt)",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::End,
    source: "Go log/slog text_handler.go, logrus text_formatter.go, lograge formatters/key_value.rb, Heroku HTTP routing",
    samples: &[
        r#"time=2026-11-21T02:28:16.535Z level=info msg="request" method=GET path=/api/v1/reports/daily status=200 bytes=375 duration=110.356ms remote=10.20.0.5:35150"#,
        r#"time=2026-11-21T02:28:14.692Z level=info msg="server started" addr=10.20.1.41:21141"#,
        r#"method=GET path=/ format=html controller=C action=a status=500 error='X: m' duration=79.0 view=78.8 db=0.0"#,
        r#"at=error code=H12 desc="Request timeout" method=GET path="/x" host=h request_id=8601b555-6a83 fwd="1.2.3.4" dyno=web.1 connect=1ms service=30000ms status=503 bytes=0 protocol=https"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read(line).ok_or(ParseError::new(0, "key=value pairs with a time, a level or a message"))
}

fn read(line: &[u8]) -> Option<Record<'_>> {
    let mut fields = Fields::default();
    let mut count = 0;
    pairs(line, |key, leaf| {
        count += 1;
        fields.put(role_of(key, leaf), leaf);
    })?;
    if count < 2 || !fields.is_log() {
        return None;
    }
    let stamp = fields.stamp();
    if fields.is_access() {
        return Some(words::access(&FORMAT, stamp, Anchor::End, fields.access()));
    }
    let mut log = fields.log(line);
    pairs(line, |key, leaf| {
        let role = role_of(key, leaf);
        if !Fields::kept_in_log(role)
            && !matches!(role, Role::RequestId(0))
            && log.extra.len() < 32
            && let Some(value) = leaf.text()
        {
            log.extra.push((String::from_utf8_lossy(key), value));
        }
    });
    Some(words::log(&FORMAT, stamp, log))
}

/// Shows every pair. `None` when the line is not made of pairs: the first word must be one, and so must at
/// least half of the others (a bare word is a flag).
fn pairs<'a>(line: &'a [u8], mut visit: impl FnMut(&'a [u8], Leaf<'a>)) -> Option<()> {
    let mut c = Cursor::new(line.trim_ascii());
    let (mut found, mut flags) = (0usize, 0usize);
    while !c.is_empty() {
        c.run(|b| b == b' ' || b == b'\t');
        let key = c.run(|b| !matches!(b, b' ' | b'=' | b'"' | b'\t'));
        if key.is_empty() && !c.is_empty() {
            return None;
        }
        if c.eat(b"=").is_none() {
            flags += 1;
            if found == 0 || flags > found {
                return None;
            }
            continue;
        }
        if found == 0
            && !key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'@'))
        {
            return None;
        }
        found += 1;
        let leaf = match c.peek() {
            Some(b'"') => match c.quoted() {
                Some(v) => Leaf::Str(v, memchr::memchr(b'\\', v).is_some()),
                None => Leaf::Str(c.run(|_| true), false),
            },
            Some(b'\'') if memchr::memchr(b'\'', &c.rest()[1..]).is_some() => {
                c.eat(b"'");
                Leaf::Str(c.until(b'\'').unwrap_or_default(), false)
            }
            _ => Leaf::Str(c.before(b' '), false),
        };
        visit(key, leaf);
    }
    (found > 0).then_some(())
}

fn role_of(key: &[u8], leaf: Leaf<'_>) -> Role {
    let mut context = Context::Top;
    let mut parts = key.split(|c| *c == b'.').filter(|p| !p.is_empty());
    let mut last = parts.next().unwrap_or_default();
    for next in parts {
        context = enter(context, last);
        last = next;
    }
    match last {
        // lograge counts milliseconds as a bare float; others write the unit
        b"duration" if leaf.raw().iter().all(|c| c.is_ascii_digit() || *c == b'.') => {
            Role::Duration(1_000_000, 1)
        }
        // Heroku's `service` is the time in the dyno, elsewhere it is a name
        b"service" if words::duration(leaf.raw()).is_some() => Role::Duration(0, 0),
        _ => role(context, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn requests_with_units() {
        let Ok(Record { body: Body::Access(a), stamp, .. }) = parse(FORMAT.samples[0].as_bytes()) else {
            panic!("a request")
        };
        assert_eq!(stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-21T02:28:16.535Z"));
        assert_eq!(
            (a.status, a.bytes, a.duration_us, a.client_port),
            (Some(200), Some(375), Some(110_356), Some(35150))
        );
        let Ok(Record { body: Body::Access(a), .. }) = parse(FORMAT.samples[2].as_bytes()) else {
            panic!("lograge")
        };
        assert_eq!((a.status, a.duration_us), (Some(500), Some(79_000)));
        let Ok(Record { body: Body::Access(a), .. }) = parse(FORMAT.samples[3].as_bytes()) else {
            panic!("heroku")
        };
        assert_eq!((a.status, a.duration_us), (Some(503), Some(30_000_000)));
        assert_eq!(a.request_id.as_deref(), Some(&b"8601b555-6a83"[..]));
    }

    #[test]
    fn messages() {
        let line = br#"time="2026-11-20T10:00:00Z" level=error msg="dial \"db\" failed" error="connection refused" try=2 req_id=aa11bb"#;
        let Ok(Record { body: Body::Log(l), .. }) = parse(line) else { panic!("a message") };
        assert_eq!(&*l.message, br#"dial "db" failed"#);
        assert_eq!(
            (l.level.as_deref(), l.error.as_deref()),
            (Some(&b"error"[..]), Some(&b"connection refused"[..]))
        );
        assert_eq!(l.request_id.as_deref(), Some(&b"aa11bb"[..]));
        assert_eq!(l.extra.len(), 1);
        for not in ["x=1", "a b c", "level", "see x=1 y=2 level=info", "=1 level=x"] {
            assert!(parse(not.as_bytes()).is_err(), "{not}");
        }
    }
}
