//! Formats and lines checked by hand.

use super::*;
use crate::{Access, Text};

fn access<'a>(format: &Compiled, line: &'a str) -> (Access<'a>, Record<'a>) {
    let record = format.parse(line.as_bytes()).unwrap_or_else(|e| panic!("{e}\n{line}"));
    let Body::Access(a) = &record.body else { panic!("an access line") };
    (a.clone(), record)
}

fn s(value: &Option<Text<'_>>) -> Option<String> {
    value.as_ref().map(|v| String::from_utf8_lossy(v).into_owned())
}

fn extra(a: &Access<'_>, name: &str) -> Option<String> {
    a.extra.iter().find(|(n, _)| n == name).map(|(_, v)| String::from_utf8_lossy(v).into_owned())
}

macro_rules! same {
    ($value:expr, None) => {
        assert_eq!(s(&$value), None)
    };
    ($value:expr, $text:expr) => {
        assert_eq!(s(&$value).as_deref(), Some($text))
    };
}

mod apache;
mod haproxy;
mod nginx;

#[test]
fn specs() {
    let Ok(Format::Compiled(f)) = parse_spec(r#"nginx:escape=json {"s":$status}"#) else {
        panic!("a format")
    };
    assert_eq!(f.source(), r#"{"s":$status}"#);
    for spec in ["nginx:combined", "apache:vhost_combined", "apache:%h %t", "apache-error:[%t] %M"] {
        assert!(matches!(parse_spec(spec), Ok(Format::Compiled(_))), "{spec}");
    }
    assert!(parse_spec("no-such-format").is_err());
}

#[track_caller]
fn refused(result: Result<Compiled, FormatError>, offset: usize, words: &str) {
    let e = result.expect_err("a refusal");
    assert!(e.to_string().contains(words), "{e}");
    assert_eq!(e.offset(), offset, "{e}");
}

#[test]
fn what_is_refused_and_why() {
    let n = |f: &str| nginx(f, Escape::Default);
    refused(n("$status ${request"), 17, "a closing `}`");
    refused(n("$status $-"), 9, "the name of a variable");
    refused(n("$status ${}"), 10, "the name of a variable");
    refused(n("no fields"), 9, "at least one field");
    refused(n("$request$status"), 8, "text between the fields `request` and `status`");
    assert!(n("$status$request").is_ok());
    refused(apache_access("%h %{Referer"), 5, "a closing `}`");
    refused(apache_access("%h %"), 4, "the letter of a directive");
    refused(apache_access("%h %-"), 4, "the letter of a directive");
    refused(apache_access("%{%Q}t"), 0, "a time format");
    refused(apache_error("%M%{x"), 4, "a closing `}`");
    refused(haproxy("%ci %xyz"), 5, "an alias of HAProxy");
    refused(haproxy("%ci %bx"), 5, "did you mean `%b");
    refused(haproxy("%ci %[src"), 9, "a closing `]`");
    refused(haproxy("%ci %{+Q"), 8, "a closing `}`");
    refused(haproxy("%ci %"), 5, "an alias or a sample");
    refused(haproxy("%{+cbor}o %(a)ci"), 0, "a format that writes text");
}
