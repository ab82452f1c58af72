//! .NET's console logger: level and category in one line, the message in the next.

use super::words::{self, text};
use crate::bytes::{Cursor, uint};
use crate::{Anchor, FormatDef, Kind, LogLine, ParseError, Product, Record};

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
    log.extra.push(("event_id".into(), id.into()));
    Some(words::log(&FORMAT, None, log))
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
    }
}
