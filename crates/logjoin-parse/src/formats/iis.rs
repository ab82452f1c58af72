//! IIS: the W3C extended log with the fields that it has by default, in their order. Times are UTC.

use super::words::{self, pid, text};
use crate::bytes::{Cursor, int};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "iis",
    title: "IIS W3C log with the default fields",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "W3C Extended Log File Format; IIS 8 and newer, default fields of logFile",
    samples: &[
        "2026-11-20 10:00:00 10.0.0.1 GET /x a=b 80 - 10.0.0.2 curl/8.5.0 - 502 3 12030 120003",
        "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
    ],
    parse: |line| read(line).ok_or(ParseError::new(0, "the 15 default fields of IIS")),
};

/// Whether `#Fields:` names the fields that this format reads; others are compiled from that line.
pub(crate) fn is_default(fields: &str) -> bool {
    FORMAT.samples[1].strip_prefix("#Fields: ") == Some(fields)
}

fn read(line: &[u8]) -> Option<Record<'_>> {
    if line.first() == Some(&b'#') {
        let directive = [&b"#Fields: "[..], b"#Software: ", b"#Version: ", b"#Date: "];
        directive.iter().find(|d| line.starts_with(d))?;
        let log = LogLine { message: line.into(), ..LogLine::default() };
        return Some(words::log(&FORMAT, None, log));
    }
    let (mut stamp, rest) = Stamp::iso(line)?;
    if line[10] != b' ' || stamp.offset_s.is_some() {
        return None;
    }
    stamp.offset_s = Some(0);
    let mut c = Cursor::new(rest);
    c.eat(b" ")?;
    let mut f: [&[u8]; 13] = [b""; 13];
    for field in &mut f[..12] {
        *field = c.until(b' ')?;
    }
    f[12] = c.rest();
    let [_, method, stem, query, port, user, client, agent, referrer, status, sub, win32, taken] = f;
    let is_address = |b: &[u8]| crate::bytes::is_ip(b) || b == b"-";
    if !is_address(f[0])
        || !is_address(client)
        || pid(port).is_none()
        || int(sub).is_none()
        || !stem.starts_with(b"/")
    {
        return None;
    }
    let path = match text(query) {
        Some(q) => Text::Owned([stem, b"?", &q].concat()),
        None => Text::Borrowed(stem),
    };
    let ms = int(taken)?;
    let mut access = Access {
        method: text(method),
        path: Some(path),
        user: text(user),
        client_ip: text(client),
        user_agent: text(agent),
        referrer: text(referrer),
        status: Some(int(status)? as i32),
        duration_us: Some(ms.saturating_mul(1000)),
        duration_unit_us: 1000,
        ..Access::default()
    };
    access.extra.push(("win32_status".into(), win32.into()));
    Some(words::access(&FORMAT, Some(stamp), Anchor::End, access))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn default_fields() {
        let r = read(FORMAT.samples[0].as_bytes()).expect("a line");
        assert_eq!(r.stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-20T10:00:00Z"));
        let Body::Access(a) = r.body else { panic!("a request") };
        assert_eq!(
            (a.status, a.duration_us, a.path.as_deref()),
            (Some(502), Some(120_003_000), Some(&b"/x?a=b"[..]))
        );
        assert!(read(b"2026-11-20 10:00:00 INFO a b c d e f g h i j k l").is_none());
    }
}
