//! Named values of nginx access lines, in `name=value` pairs and in JSON.
//!
//! Responsible for the names: nginx's own variable names, and the short ones that layouts in the field use
//! (`rt`, `uct`, `uht`, `urt`, `ua`, `us`). What has no place of its own is the caller's to keep.

use super::tail::is_upstream_addr;
use crate::bytes::{int, seconds_and_unit, uint};
use crate::{Access, Stamp, Text};

/// Where a named value was found. In pairs after a combined line `ua` is the upstream's address, in JSON it is more
/// often the user agent; and a pair never replaces a field of the line before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Source {
    /// After an access line.
    Pairs,
    /// Members of a JSON object.
    Json,
}

/// What a name was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::formats) enum Known {
    /// One of nginx's upstream variables.
    Upstream,
    /// Another field of the record.
    Plain,
    /// Not a field of the record, or one that is already set.
    No,
}

/// Puts a named value into the record.
pub(in crate::formats) fn set<'a>(
    access: &mut Access<'a>,
    stamp: &mut Option<Stamp>,
    name: &[u8],
    value: Text<'a>,
    source: Source,
) -> Known {
    let mut low = [0u8; 32];
    let Some(low) = low.get_mut(..name.len()) else { return Known::No };
    low.copy_from_slice(name);
    low.make_ascii_lowercase();
    for b in low.iter_mut().filter(|b| matches!(b, b'-' | b'.')) {
        *b = b'_';
    }
    if let Some(known) = upstream(access, low, &value, source) {
        return known;
    }
    plain(access, stamp, low, value)
}

fn upstream<'a>(access: &mut Access<'a>, name: &[u8], value: &Text<'a>, source: Source) -> Option<Known> {
    let up = &mut access.upstream;
    let field = match name {
        b"upstream_addr" | b"upstream_address" | b"uaddr" => {
            up.has_addr = true;
            &mut up.addr
        }
        b"ua" | b"upstream" if source == Source::Pairs || is_upstream_addr(value) => {
            up.has_addr = true;
            &mut up.addr
        }
        b"upstream_status" | b"us" | b"ust" => &mut up.status,
        b"upstream_connect_time" | b"uct" => &mut up.connect_time,
        b"upstream_header_time" | b"uht" => {
            up.has_header_time = true;
            &mut up.header_time
        }
        b"upstream_response_time" | b"urt" | b"ut" => &mut up.response_time,
        b"upstream_response_length" | b"ul" => &mut up.response_length,
        b"upstream_bytes_received" | b"ubr" => &mut up.bytes_received,
        b"proxy_upstream_name" | b"upstream_name" => &mut up.name,
        _ => return None,
    };
    *field = text(value.clone());
    Some(Known::Upstream)
}

fn plain<'a>(access: &mut Access<'a>, stamp: &mut Option<Stamp>, name: &[u8], value: Text<'a>) -> Known {
    let a = access;
    match name {
        b"rt" | b"request_time" | b"req_time" => {
            if a.duration_us.is_none()
                && let Some((us, unit)) = seconds_and_unit(&value)
            {
                a.duration_us = Some(us);
                a.duration_unit_us = unit;
            }
            Known::Plain
        }
        b"time" | b"time_iso8601" | b"@timestamp" | b"timestamp" | b"time_local" | b"msec" | b"ts" => {
            finer(stamp, &value)
        }
        b"id"
        | b"rid"
        | b"req_id"
        | b"reqid"
        | b"request_id"
        | b"requestid"
        | b"x_request_id"
        | b"http_x_request_id"
        | b"trace_id"
        | b"traceid"
        | b"trace"
        | b"correlation_id"
        | b"http_x_correlation_id"
        | b"http_traceparent"
        | b"traceparent" => once(&mut a.request_id, value),
        b"c" | b"conn" | b"connection" | b"connection_id" => number(&mut a.connection_id, uint(&value)),
        b"cr" | b"connection_requests" => number(&mut a.connection_requests, uint(&value)),
        b"rl" | b"request_length" => number(&mut a.request_length, int(&value)),
        b"status" => number(&mut a.status, uint(&value).and_then(|v| i32::try_from(v).ok())),
        b"bytes" | b"body_bytes_sent" | b"bytes_sent" | b"size" => number(&mut a.bytes, int(&value)),
        b"remote_addr" | b"client" | b"client_ip" | b"clientip" | b"remote_ip" | b"ip" => {
            once(&mut a.client_ip, value)
        }
        b"remote_port" | b"client_port" => {
            number(&mut a.client_port, uint(&value).and_then(|v| u16::try_from(v).ok()))
        }
        b"remote_user" | b"user" => once(&mut a.user, value),
        b"request" | b"request_line" => once(&mut a.request, value),
        b"method" | b"request_method" => once(&mut a.method, value),
        // `$uri` is decoded and without the query: the other one wins.
        b"request_uri" => {
            if let Some(v) = text(value) {
                a.path = Some(v);
            }
            Known::Plain
        }
        b"uri" | b"path" | b"url" => once(&mut a.path, value),
        b"server_protocol" | b"protocol" | b"http_version" => {
            once(&mut a.http_version, strip(value, b"HTTP/"))
        }
        b"http_referer" | b"http_referrer" | b"referer" | b"referrer" => once(&mut a.referrer, value),
        b"http_user_agent" | b"user_agent" | b"agent" | b"ua" => once(&mut a.user_agent, value),
        b"http_x_forwarded_for" | b"x_forwarded_for" | b"xff" => once(&mut a.xff, value),
        b"host" | b"http_host" => once(&mut a.host, value),
        b"vhost" | b"server_name" | b"sn" => once(&mut a.vhost, value),
        b"pid" => number(&mut a.pid, uint(&value).and_then(|v| u32::try_from(v).ok())),
        _ => Known::No,
    }
}

/// A time, kept where it is finer than the one that is known: `$msec` has milliseconds. Of the other one, the zone is kept.
fn finer(stamp: &mut Option<Stamp>, value: &[u8]) -> Known {
    let read = Stamp::iso(value)
        .or_else(|| Stamp::clf(value))
        .filter(|(_, rest)| rest.is_empty())
        .map(|(s, _)| s)
        .or_else(|| Stamp::epoch_number(value));
    let Some(new) = read else { return Known::No };
    match *stamp {
        Some(old) if new.precision <= old.precision => {
            *stamp = Some(old.in_zone_of(&new));
            Known::No
        }
        old => {
            *stamp = Some(old.map_or(new, |old| new.in_zone_of(&old)));
            Known::Plain
        }
    }
}

fn text(value: Text<'_>) -> Option<Text<'_>> {
    if value.is_empty() || value.as_ref() == b"-" { None } else { Some(value) }
}

fn once<'a>(field: &mut Option<Text<'a>>, value: Text<'a>) -> Known {
    if field.is_some() {
        return Known::No;
    }
    *field = text(value);
    Known::Plain
}

fn number<T>(field: &mut Option<T>, value: Option<T>) -> Known {
    if field.is_some() {
        return Known::No;
    }
    *field = value;
    Known::Plain
}

fn strip<'a>(value: Text<'a>, prefix: &[u8]) -> Text<'a> {
    match value {
        Text::Borrowed(b) => Text::Borrowed(b.strip_prefix(prefix).unwrap_or(b)),
        Text::Owned(b) => Text::Owned(b.strip_prefix(prefix).map(<[u8]>::to_vec).unwrap_or(b)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_time_has_the_zone_that_is_written() {
        let (zoned, epoch) = ("2026-11-21T03:50:53+02:00", "1795225853.858");
        for values in [[zoned, epoch], [epoch, zoned]] {
            let mut stamp = None;
            values.iter().for_each(|v| _ = finer(&mut stamp, v.as_bytes()));
            assert_eq!(stamp.map(|s| s.to_iso()).as_deref(), Some("2026-11-21T03:50:53.858+02:00"));
        }
    }
}
