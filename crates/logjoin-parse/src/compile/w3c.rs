//! The W3C Extended Log File Format (`WD-logfile-960323`): IIS, and Tomcat's `ExtendedAccessLogValve`. The file itself says
//! its columns, in a line `#Fields: `; that line is the format string.

use chrono::format::StrftimeItems;

use super::Compiled;
use super::assemble::{Draft, assemble, push_literal};
use super::error::FormatError;
use super::field::{Clock, Field, Shape, Target, TimeLayout};
use crate::{Anchor, Kind, Product};

/// Compiles what follows `#Fields: `. Dates and times are in UTC, as the draft has it.
///
/// # Errors
///
/// When there is no status, or a time without a date beside it (the date then stands in `#Date: ` lines only).
pub fn w3c(fields: &str) -> Result<Compiled, FormatError> {
    let names: Vec<&str> = fields.split_ascii_whitespace().collect();
    for needed in ["date", "time", "sc-status"] {
        if !names.contains(&needed) {
            return Err(FormatError::new(fields, fields.len(), format!("a field `{needed}`")));
        }
    }
    let clock = |layout| Target::Time(Clock { layout, anchor: Anchor::End });
    let mut drafts: Vec<Draft> = Vec::new();
    let mut i = 0;
    while let Some(name) = names.get(i) {
        let offset = name.as_ptr() as usize - fields.as_ptr() as usize;
        if i > 0 {
            push_literal(&mut drafts, " ");
        }
        i += 1;
        let field = |target, shape| Field::new((*name).to_owned(), offset, target, shape);
        drafts.push(Draft::Field(match *name {
            "date" if names.get(i) == Some(&"time") => {
                i += 1;
                field(clock(TimeLayout::IsoBare), Shape::Time)
            }
            "date" => field(clock(strftime("%Y-%m-%d")), Shape::Time),
            "time" => field(clock(strftime("%H:%M:%S")), Shape::Time),
            _ => {
                let (target, shape) = meaning(name);
                Field { may_be_quoted: shape == Shape::Text, ..field(target, shape) }
            }
        }));
    }
    let mut compiled = assemble(fields, Product::Backend, Kind::Access, drafts, Vec::new())?;
    compiled.id = "w3c-extended";
    compiled.is_utc = true;
    Ok(compiled)
}

fn strftime(layout: &'static str) -> TimeLayout {
    TimeLayout::Strftime(StrftimeItems::new(layout).collect())
}

/// IIS: `logFile/logExtFileFlags` of its configuration reference; Tomcat: the table of the valve's documentation.
fn meaning(name: &str) -> (Target, Shape) {
    match name {
        "c-ip" => (Target::ClientIp, Shape::Text),
        "c-port" => (Target::ClientPort, Shape::Int),
        "cs-username" => (Target::User, Shape::Text),
        "cs-method" => (Target::Method, Shape::Text),
        "cs-uri" | "cs-uri-stem" => (Target::Path, Shape::Text),
        "cs-uri-query" => (Target::Query, Shape::Text),
        "cs-version" => (Target::Version, Shape::Text),
        "cs-host" | "cs(Host)" => (Target::Host, Shape::Text),
        "cs(User-Agent)" => (Target::UserAgent, Shape::Text),
        "cs(Referer)" => (Target::Referrer, Shape::Text),
        "cs(X-Forwarded-For)" | "X-Forwarded-For" => (Target::Xff, Shape::Text),
        "sc-status" => (Target::Status, Shape::Int),
        "sc-bytes" | "bytes" => (Target::Bytes, Shape::Int),
        "cs-bytes" => (Target::RequestLength, Shape::Int),
        "time-taken" => (Target::TimeTaken, Shape::Decimal),
        _ if super::field::names_request_id(name) => (Target::RequestId, Shape::Text),
        _ => (Target::Extra, Shape::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Access, Body};

    fn read(fields: &str, line: &str) -> (String, Access<'static>) {
        let r = w3c(fields).expect("a format").parse(line.as_bytes()).expect("a line").into_owned();
        let stamp = r.stamp.map(|s| s.to_iso()).unwrap_or_default();
        let Body::Access(a) = r.body else { panic!("a request") };
        (stamp, a)
    }

    #[test]
    fn all_columns_of_iis() {
        let (t, a) = read(
            "date time s-sitename s-computername s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip \
             cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes \
             cs-bytes time-taken X-Request-ID",
            "2026-11-20 10:00:00 W3SVC1 WEB1 10.0.0.1 GET /x a=b 80 - 10.0.0.2 HTTP/1.1 Mozilla/5.0+(X11) - - shop.test 502 3 \
             12030 500 100 120003 af31-7",
        );
        assert_eq!(t, "2026-11-20T10:00:00Z");
        assert_eq!((a.status, a.bytes, a.request_length), (Some(502), Some(500), Some(100)));
        assert_eq!((a.duration_us, a.duration_unit_us), (Some(120_003_000), 1000));
        assert_eq!(a.path.as_deref(), Some(&b"/x?a=b"[..]));
        assert_eq!((a.host.as_deref(), a.user.as_deref()), (Some(&b"shop.test"[..]), None));
        assert_eq!(a.request_id.as_deref(), Some(&b"af31-7"[..]));
        assert!(a.extra.iter().any(|(n, v)| n == "sc-win32-status" && **v == *b"12030"), "{:?}", a.extra);
    }

    #[test]
    fn tomcat_counts_seconds_and_quotes() {
        let (t, a) = read(
            "time date c-ip cs-method cs-uri sc-status time-taken cs(User-Agent)",
            "10:00:00 2026-11-20 10.0.0.2 GET /x?a 200 0.015 \"Mozilla/5.0 (X11; Linux)\"",
        );
        assert_eq!((t.as_str(), a.duration_us), ("2026-11-20T10:00:00Z", Some(15_000)));
        assert_eq!(a.user_agent.as_deref(), Some(&b"Mozilla/5.0 (X11; Linux)"[..]));
    }

    #[test]
    fn what_is_no_access_log_is_refused() {
        assert!(w3c("time c-ip sc-status").is_err());
        assert!(w3c("date time x-event").is_err());
    }
}
