//! .NET's console logger: level and category in one line, the message in the next.

use super::words::{self, text};
use crate::bytes::{Cursor, uint};
use crate::{Access, Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "dotnet-console",
    title: ".NET console logger, two lines per record; the message is read when both are given joined",
    product: Product::Backend,
    kind: Kind::Log,
    anchor: Anchor::Event,
    source: "dotnet/runtime Microsoft.Extensions.Logging.Console SimpleConsoleFormatter.cs",
    samples: &[
        "fail: Microsoft.AspNetCore.Server.Kestrel[13]",
        "info: Microsoft.Hosting.Lifetime[0] Application started.",
    ],
    parse: |line| dotnet(line).ok_or(ParseError::new(0, "levl: Category[id]")),
};

fn dotnet(event: &[u8]) -> Option<Record<'_>> {
    let (level, rest) = (event.get(..4)?, event.get(4..)?);
    if !matches!(level, b"trce" | b"dbug" | b"info" | b"warn" | b"fail" | b"crit") {
        return None;
    }
    let mut c = Cursor::new(rest);
    c.eat(b": ")?;
    let category =
        c.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'`' | b'+' | b'<' | b'>'));
    c.eat(b"[")?;
    let id = c.until(b']')?;
    uint(id.strip_prefix(b"-").unwrap_or(id))?;
    let message = c.rest().trim_ascii();
    let mut log = LogLine {
        level: text(level),
        logger: text(category),
        message: if message.is_empty() { event } else { message }.into(),
        ..LogLine::default()
    };
    if let Some(mut access) = finished(message) {
        access.level = log.level;
        return Some(words::access(&FORMAT, None, Anchor::End, access));
    }
    log.extra.push(("event_id".into(), id.into()));
    Some(words::log(&FORMAT, None, log))
}

/// `Request finished HTTP/1.1 GET http://h/x?y - 200 - text/plain 12.3456ms` (ASP.NET Core, `HostingRequestFinishedLog`);
/// up to 3.1 `Request finished in 12.3ms 200 text/plain` names no request and stays a message.
fn finished(message: &[u8]) -> Option<Access<'_>> {
    let mut c = Cursor::new(message);
    c.eat(b"Request finished HTTP/")?;
    let version = c.until(b' ')?;
    let method = c.until(b' ')?;
    let url = c.until(b' ')?;
    // `- 200 - type`, in older versions with the type and length of the request before the status
    let mut rest = c.rest().split(|b| *b == b' ');
    let status = rest.by_ref().find_map(|w| uint(w).filter(|v| w.len() == 3 && (100..600).contains(v)))?;
    let (us, unit) = words::duration(c.rest().rsplit(|b| *b == b' ').next()?)?;
    let path = memchr::memmem::find(url, b"://").map_or(url, |i| {
        let host = &url[i + 3..];
        &host[memchr::memchr(b'/', host).unwrap_or(host.len())..]
    });
    Some(Access {
        method: text(method),
        path: text(path),
        http_version: text(version),
        status: Some(status as i32),
        duration_us: Some(us),
        duration_unit_us: unit,
        ..Access::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn log(r: Option<Record<'static>>) -> LogLine<'static> {
        match r.expect("a line").body {
            Body::Log(l) => l,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_message_stands_in_the_second_line() {
        let l =
            log(dotnet(b"fail: Microsoft.AspNetCore.Server.Kestrel[13]\n      Connection id \"0HMV\", bad"));
        assert_eq!(&*l.message, b"Connection id \"0HMV\", bad");
        assert_eq!(l.logger.as_deref(), Some(&b"Microsoft.AspNetCore.Server.Kestrel"[..]));
        assert!(dotnet(b"info: started [1]").is_none());
        let event = b"info: Microsoft.AspNetCore.Hosting.Diagnostics[2]\n      Request finished HTTP/1.1 GET http://h:5000/x?y=1 - 502 - text/plain 12.3456ms";
        let Some(Body::Access(a)) = dotnet(event).map(|r| r.body) else { panic!("a request") };
        assert_eq!(
            (a.status, a.duration_us, a.path.as_deref()),
            (Some(502), Some(12_345), Some(&b"/x?y=1"[..]))
        );
    }
}
