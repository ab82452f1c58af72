//! What HAProxy's aliases and samples are (`src/log.c`, `logformat_aliases`; manual sections 8.2.6 and 7.3).

use super::field::{Class, Clock, Ha, Shape, Target, TimeLayout, Up, names_request_id};
use crate::{Anchor, Precision};

/// What a sample expression gives, as far as its name tells.
pub(super) fn sample_target(expression: &str) -> (Target, Shape) {
    let base = expression.split(',').next().unwrap_or(expression).trim();
    let is_plain = expression.split(',').skip(1).all(|c| matches!(c.trim(), "lower" | "upper"));
    if names_request_id(base) {
        return (Target::RequestId, Shape::Text);
    }
    let (fetch, argument) = match base.split_once('(') {
        Some((fetch, rest)) => (fetch, rest.trim_end_matches(')').to_ascii_lowercase()),
        None => (base, String::new()),
    };
    let target = match (fetch, argument.as_str()) {
        _ if !is_plain => Target::Extra,
        ("src", _) => Target::ClientIp,
        ("src_port", _) => return (Target::ClientPort, Shape::Int),
        ("method" | "capture.req.method", _) => Target::Method,
        ("pathq" | "url" | "path" | "capture.req.uri", _) => Target::Path,
        ("capture.req.ver", _) => Target::Version,
        ("status" | "txn.status", _) => return (Target::Status, Shape::Int),
        ("hdr" | "req.hdr" | "req.fhdr", "host") => Target::Host,
        ("hdr" | "req.hdr" | "req.fhdr", "user-agent") => Target::UserAgent,
        ("hdr" | "req.hdr" | "req.fhdr", "referer") => Target::Referrer,
        ("hdr" | "req.hdr" | "req.fhdr", "x-forwarded-for") => Target::Xff,
        _ => Target::Extra,
    };
    (target, Shape::Text)
}

const fn start(layout: TimeLayout) -> Target {
    Target::Time(Clock { layout, anchor: Anchor::Start })
}

const WORD: Shape = Shape::Run(Class::Word);
const NAME: Shape = Shape::Run(Class::Name);
const ADDRESS: Shape = Shape::Run(Class::Host);

/// All aliases: what it is, how the value looks, rank among those for one place.
pub(super) static ALIASES: &[(&str, Target, Shape, u8)] = &[
    ("%B", Target::Bytes, Shape::Int, 0),
    ("%CC", Target::Extra, Shape::Text, 0),
    ("%CS", Target::Extra, Shape::Text, 0),
    ("%H", Target::Extra, WORD, 0),
    ("%HM", Target::Method, Shape::Text, 0),
    ("%HP", Target::Path, Shape::Text, 1),
    ("%HPO", Target::Path, Shape::Text, 2),
    ("%HQ", Target::UriTail, Shape::Text, 0),
    ("%HU", Target::Path, Shape::Text, 0),
    ("%HV", Target::Version, Shape::Text, 0),
    ("%ID", Target::RequestId, Shape::Text, 0),
    ("%OG", Target::Extra, Shape::Text, 0),
    ("%ST", Target::Status, Shape::Int, 0),
    ("%T", start(TimeLayout::Clf), Shape::Time, 0),
    ("%Ta", Target::Haproxy(Ha::Tt), Shape::Int, 0),
    ("%Tc", Target::Haproxy(Ha::Tc), Shape::Int, 0),
    ("%Td", Target::Extra, Shape::Int, 0),
    ("%Th", Target::Extra, Shape::Int, 0),
    ("%Ti", Target::Extra, Shape::Int, 0),
    ("%Tl", start(TimeLayout::Clf), Shape::Time, 0),
    ("%Tq", Target::Haproxy(Ha::Tq), Shape::Int, 1),
    ("%TR", Target::Haproxy(Ha::Tq), Shape::Int, 0),
    ("%Tr", Target::Haproxy(Ha::Tr), Shape::Int, 0),
    ("%Ts", start(TimeLayout::Epoch(Precision::Seconds)), Shape::Time, 0),
    ("%Tt", Target::Haproxy(Ha::Tt), Shape::Int, 2),
    ("%Tu", Target::Haproxy(Ha::Tt), Shape::Int, 1),
    ("%Tw", Target::Haproxy(Ha::Tw), Shape::Int, 0),
    ("%U", Target::RequestLength, Shape::Int, 0),
    ("%ac", Target::Haproxy(Ha::ActConn), Shape::Int, 0),
    ("%b", Target::Haproxy(Ha::Backend), NAME, 0),
    ("%bc", Target::Haproxy(Ha::BeConn), Shape::Int, 0),
    ("%bi", Target::Extra, ADDRESS, 0),
    ("%bp", Target::Extra, Shape::Int, 0),
    ("%bq", Target::Haproxy(Ha::BackendQueue), Shape::Int, 0),
    ("%ci", Target::ClientIp, ADDRESS, 0),
    ("%cp", Target::ClientPort, Shape::Int, 0),
    ("%f", Target::Haproxy(Ha::Frontend), NAME, 1),
    ("%fc", Target::Haproxy(Ha::FeConn), Shape::Int, 0),
    ("%fi", Target::Extra, ADDRESS, 0),
    ("%fp", Target::Extra, Shape::Int, 0),
    ("%ft", Target::Haproxy(Ha::FrontendTls), NAME, 0),
    ("%hr", Target::Haproxy(Ha::RequestHeaders), Shape::Braces, 0),
    ("%hrl", Target::Haproxy(Ha::RequestHeaders), Shape::Text, 1),
    ("%hs", Target::Haproxy(Ha::ResponseHeaders), Shape::Braces, 0),
    ("%hsl", Target::Haproxy(Ha::ResponseHeaders), Shape::Text, 1),
    ("%lc", Target::Extra, Shape::Int, 0),
    ("%ms", start(TimeLayout::Fraction(Precision::Millis)), Shape::Time, 0),
    ("%o", Target::Ignore, Shape::Text, 0),
    ("%pid", Target::Pid, Shape::Int, 0),
    ("%r", Target::Request, Shape::Text, 0),
    ("%rc", Target::Haproxy(Ha::Retries), Shape::Int, 0),
    ("%rt", Target::Extra, Shape::Int, 0),
    ("%s", Target::Haproxy(Ha::Server), NAME, 0),
    ("%sc", Target::Haproxy(Ha::SrvConn), Shape::Int, 0),
    ("%si", Target::Upstream(Up::Addr), ADDRESS, 0),
    ("%sp", Target::Extra, Shape::Int, 0),
    ("%sq", Target::Haproxy(Ha::SrvQueue), Shape::Int, 0),
    ("%sslc", Target::Extra, WORD, 0),
    ("%sslv", Target::Extra, WORD, 0),
    ("%t", start(TimeLayout::ClfMillis), Shape::Time, 0),
    ("%tr", start(TimeLayout::ClfMillis), Shape::Time, 0),
    ("%trg", start(TimeLayout::Clf), Shape::Time, 0),
    ("%trl", start(TimeLayout::Clf), Shape::Time, 0),
    ("%ts", Target::Haproxy(Ha::State), WORD, 1),
    ("%tsc", Target::Haproxy(Ha::State), WORD, 0),
];
