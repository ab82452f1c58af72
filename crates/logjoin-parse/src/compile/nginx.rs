//! nginx `log_format` (`src/http/modules/ngx_http_log_module.c`, `src/http/ngx_http_variables.c`,
//! `src/http/ngx_http_upstream.c`, the stream modules' namesakes).

use nom::branch::alt;
use nom::bytes::complete::{take_till1, take_while1};
use nom::character::complete::char;
use nom::combinator::cut;
use nom::error::Error;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::assemble::{Draft, assemble, push_literal};
use super::error::{FormatError, FormatNote, nearest};
use super::field::{Class, Clock, Coding, Field, Shape, Target, TimeLayout, Up, names_request_id};
use super::{Compiled, Escape};
use crate::{Anchor, Kind, Product};

/// Compiles the string of a `log_format`, after nginx has taken off its quotes and joined its parts.
///
/// Variables that nginx itself does not have are legal (`map` and modules define them): their values go to
/// [`crate::Access::extra`]. One that looks misspelt is named in [`Compiled::notes`].
///
/// # Errors
///
/// Where nginx would refuse the string, and where two variables stand side by side so that their
/// values cannot be told apart.
pub fn nginx(format: &str, escape: Escape) -> Result<Compiled, FormatError> {
    let mut drafts = Vec::new();
    let mut notes = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let offset = format.len() - rest.len();
        rest = if let Ok((after, text)) = literal(rest) {
            push_literal(&mut drafts, text);
            after
        } else {
            let (after, name) = variable(rest).map_err(|e| refuse(format, &e))?;
            if let Some(meant) = misspelt(name) {
                let message = format!("unknown variable `${name}`: did you mean `${meant}`?");
                notes.push(FormatNote { offset, message });
            }
            let mut field = field(name, offset);
            field.coding = match escape {
                Escape::Default => Coding::Nginx,
                Escape::Json => Coding::Json,
                Escape::None => Coding::Raw,
            };
            drafts.push(Draft::Field(field));
            after
        };
    }
    assemble(format, Product::Nginx, Kind::Access, drafts, notes)
}

fn literal(i: &str) -> IResult<&str, &str> {
    take_till1(|c| c == '$').parse(i)
}

/// `$name` or `${name}`.
fn variable(i: &str) -> IResult<&str, &str> {
    fn name(i: &str) -> IResult<&str, &str> {
        take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_').parse(i)
    }
    preceded(char('$'), alt((preceded(char('{'), cut(terminated(name, char('}')))), name))).parse(i)
}

fn refuse(format: &str, e: &nom::Err<Error<&str>>) -> FormatError {
    let at = match e {
        nom::Err::Error(e) | nom::Err::Failure(e) => format.len() - e.input.len(),
        nom::Err::Incomplete(_) => format.len(),
    };
    let is_open = format[..at].rfind("${").is_some_and(|o| !format[o..at].contains('}') && o + 2 < at);
    if is_open {
        FormatError::new(format, at, "a closing `}`").help("write `${name}` or `$name`")
    } else {
        FormatError::new(format, at, "the name of a variable")
            .help("letters, digits and underscores; nginx cannot log a `$` itself")
    }
}

/// `escape=json STRING`: the parameter that may stand before the string.
pub(super) fn take_escape(string: &str) -> (Escape, &str) {
    for (prefix, escape) in
        [("escape=default ", Escape::Default), ("escape=json ", Escape::Json), ("escape=none ", Escape::None)]
    {
        if let Some(rest) = string.strip_prefix(prefix) {
            return (escape, rest.trim_start());
        }
    }
    (Escape::Default, string)
}

/// The formats that nginx has without being told.
pub(super) fn predefined(name: &str) -> Option<&'static str> {
    (name == "combined").then_some(
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
    )
}

/// Families of variables whose names end as the user likes.
const FAMILIES: [&str; 14] = [
    "http_",
    "sent_http_",
    "sent_trailer_",
    "arg_",
    "cookie_",
    "upstream_http_",
    "upstream_cookie_",
    "upstream_trailer_",
    "proxy_protocol_",
    "ssl_",
    "geoip_",
    "geoip2_",
    "jwt_",
    "otel_",
];

fn misspelt(name: &str) -> Option<&'static str> {
    let is_known = VARIABLES.iter().any(|(known, ..)| *known == name)
        || OTHERS.contains(&name)
        || FAMILIES.iter().any(|f| name.len() > f.len() && name.starts_with(f));
    if is_known {
        return None;
    }
    nearest(name, VARIABLES.iter().map(|(known, ..)| *known).chain(OTHERS.iter().copied()))
}

fn field(name: &str, offset: usize) -> Field {
    if let Some((known, target, shape, rank)) = VARIABLES.iter().find(|(known, ..)| *known == name) {
        return Field { rank: *rank, ..Field::new(*known, offset, target.clone(), *shape) };
    }
    let target = if names_request_id(name) { Target::RequestId } else { Target::Extra };
    match OTHERS.iter().find(|known| **known == name) {
        Some(known) => Field::new(*known, offset, target, Shape::Text),
        None => Field::new(name.to_owned(), offset, target, Shape::Text),
    }
}

const fn end(layout: TimeLayout) -> Target {
    Target::Time(Clock { layout, anchor: Anchor::End })
}

const SECONDS: Target = Target::Duration { scale: 6, unit_us: 1000 };
const ADDRESS: Shape = Shape::Run(Class::Host);
const NUMBERS: Shape = Shape::List(Class::Numbers);

/// Variables with a place of their own: what it is, how the value looks, rank among those for one place.
static VARIABLES: &[(&str, Target, Shape, u8)] = &[
    ("remote_addr", Target::ClientIp, ADDRESS, 0),
    ("the_real_ip", Target::ClientIp, ADDRESS, 1),
    ("realip_remote_addr", Target::ClientIp, ADDRESS, 2),
    ("remote_port", Target::ClientPort, Shape::Int, 0),
    ("remote_user", Target::User, Shape::Text, 0),
    ("time_local", end(TimeLayout::Clf), Shape::Time, 0),
    ("time_iso8601", end(TimeLayout::Iso), Shape::Time, 0),
    ("msec", end(TimeLayout::Msec), Shape::Time, 0),
    ("request", Target::Request, Shape::Text, 0),
    ("request_method", Target::Method, Shape::Run(Class::Word), 0),
    ("request_uri", Target::Path, Shape::Text, 0),
    ("uri", Target::Path, Shape::Text, 1),
    ("document_uri", Target::Path, Shape::Text, 2),
    ("is_args", Target::UriTail, Shape::Text, 0),
    ("args", Target::UriTail, Shape::Text, 0),
    ("query_string", Target::UriTail, Shape::Text, 0),
    ("server_protocol", Target::Version, Shape::Run(Class::Word), 0),
    ("status", Target::Status, Shape::Int, 0),
    ("body_bytes_sent", Target::Bytes, Shape::Int, 0),
    ("bytes_sent", Target::Bytes, Shape::Int, 1),
    ("request_length", Target::RequestLength, Shape::Int, 0),
    ("request_time", SECONDS, Shape::Decimal, 0),
    ("session_time", SECONDS, Shape::Decimal, 1),
    ("http_referer", Target::Referrer, Shape::Text, 0),
    ("http_user_agent", Target::UserAgent, Shape::Text, 0),
    ("http_x_forwarded_for", Target::Xff, Shape::Text, 0),
    ("http_host", Target::Host, Shape::Text, 0),
    ("host", Target::Host, Shape::Text, 1),
    ("server_name", Target::Vhost, Shape::Text, 0),
    ("request_id", Target::RequestId, Shape::Run(Class::Word), 0),
    ("req_id", Target::RequestId, Shape::Run(Class::Word), 0),
    ("connection", Target::ConnectionId, Shape::Int, 0),
    ("connection_requests", Target::ConnectionRequests, Shape::Int, 0),
    ("pid", Target::Pid, Shape::Int, 0),
    ("proxy_upstream_name", Target::Upstream(Up::Name), Shape::Text, 0),
    ("proxy_host", Target::Upstream(Up::Name), Shape::Text, 1),
    ("upstream_addr", Target::Upstream(Up::Addr), Shape::List(Class::Word), 0),
    ("upstream_status", Target::Upstream(Up::Status), NUMBERS, 0),
    ("upstream_connect_time", Target::Upstream(Up::ConnectTime), NUMBERS, 0),
    ("upstream_header_time", Target::Upstream(Up::HeaderTime), NUMBERS, 0),
    ("upstream_first_byte_time", Target::Upstream(Up::HeaderTime), NUMBERS, 1),
    ("upstream_response_time", Target::Upstream(Up::ResponseTime), NUMBERS, 0),
    ("upstream_session_time", Target::Upstream(Up::ResponseTime), NUMBERS, 1),
    ("upstream_response_length", Target::Upstream(Up::ResponseLength), NUMBERS, 0),
    ("upstream_bytes_received", Target::Upstream(Up::BytesReceived), NUMBERS, 0),
    ("upstream_bytes_sent", Target::Extra, NUMBERS, 0),
    ("upstream_queue_time", Target::Extra, NUMBERS, 0),
    ("scheme", Target::Extra, Shape::Run(Class::Letters), 0),
    ("pipe", Target::Extra, Shape::Run(Class::Word), 0),
    ("server_port", Target::Extra, Shape::Int, 0),
];

/// Other variables of nginx, for their spelling.
static OTHERS: &[&str] = &[
    "binary_remote_addr",
    "bytes_received",
    "connection_time",
    "connections_active",
    "connections_reading",
    "connections_waiting",
    "connections_writing",
    "content_length",
    "content_type",
    "date_gmt",
    "date_local",
    "document_root",
    "fastcgi_path_info",
    "fastcgi_script_name",
    "gzip_ratio",
    "hostname",
    "http2",
    "http3",
    "https",
    "invalid_referer",
    "limit_conn_status",
    "limit_rate",
    "limit_req_status",
    "memcached_key",
    "namespace",
    "ingress_name",
    "nginx_version",
    "ancient_browser",
    "modern_browser",
    "msie",
    "protocol",
    "proxy_add_x_forwarded_for",
    "proxy_alternative_upstream_name",
    "proxy_internal_body_length",
    "proxy_port",
    "quic",
    "realip_remote_port",
    "realpath_root",
    "request_body",
    "request_body_file",
    "request_completion",
    "request_filename",
    "secure_link",
    "secure_link_expires",
    "server_addr",
    "service_name",
    "service_port",
    "slice_range",
    "ssl_cipher",
    "ssl_protocol",
    "ssl_server_name",
    "ssl_session_reused",
    "tcpinfo_rcv_space",
    "tcpinfo_rtt",
    "tcpinfo_rttvar",
    "tcpinfo_snd_cwnd",
    "uid_got",
    "uid_reset",
    "uid_set",
    "upstream_cache_age",
    "upstream_cache_last_modified",
    "upstream_cache_key",
    "upstream_cache_status",
    "upstream_last_server_name",
];
