//! Request lines without time: Morgan and Koa.

use super::words::{self, is_method, short_request, text};
use crate::bytes::Cursor;
use crate::{Access, Anchor, FormatDef, Kind, ParseError, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "morgan",
    title: "request lines without time: Morgan's tiny, dev and short, Koa's logger",
    product: Product::Backend,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "expressjs/morgan index.js, predefined formats; koajs/logger index.js",
    samples: &[
        "GET /x?y=1 200 12.3 ms - 45",
        "GET /x 200 45 - 12.3 ms",
        "::1 - GET /x HTTP/1.1 200 45 - 12.3 ms",
        "--> GET / 200 12ms 1kb",
    ],
    parse: |line| morgan(line).ok_or(ParseError::new(0, "METHOD path status duration")),
};

fn morgan(line: &[u8]) -> Option<Record<'_>> {
    let line = line.trim_ascii();
    let (line, koa) = match line.strip_prefix(b"--> ") {
        Some(rest) => (
            &rest[..memchr::memrchr(b' ', rest).filter(|i| rest[*i..].ends_with(b"b")).unwrap_or(rest.len())],
            true,
        ),
        None => (line, false),
    };
    let space = memchr::memchr(b' ', line)?;
    let mut a = if is_method(&line[..space]) {
        short_request(line)?
    } else if koa {
        return None;
    } else {
        let mut c = Cursor::new(line);
        let client = c.until(b' ')?;
        let user = c.until(b' ')?;
        if !client.iter().all(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')) {
            return None;
        }
        Access { client_ip: text(client), user: text(user), ..short_request(c.rest())? }
    };
    a.level = None;
    Some(words::access(&FORMAT, None, Anchor::End, a))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    #[test]
    fn requests_with_a_duration() {
        for (sample, us) in FORMAT.samples.iter().zip([12_300, 12_300, 12_300, 12_000]) {
            let Body::Access(a) = morgan(sample.as_bytes()).expect(sample).body else { panic!("a request") };
            assert_eq!((a.status, a.duration_us), (Some(200), Some(us)), "{sample}");
        }
        // a client that went away leaves neither status nor time
        assert!(morgan(b"GET /x - - ms - -").is_none());
    }
}
