//! nginx access lines written as JSON (`escape=json`): nginx has no fixed layout for them, so that names tell.
//!
//! Responsible for the objects that show by their member names that nginx wrote them: an upstream variable, or several
//! other variables under nginx's own names.

use std::borrow::Cow;

use super::clf::{self, Known, Source};
use super::json_scan::{End, scan};
use super::{FormatDef, ParseError};
use crate::{Access, Anchor, Body, Kind, Product, Record, Stamp};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "nginx-json",
    title: "nginx access log as JSON",
    product: Product::Nginx,
    kind: Kind::Access,
    anchor: Anchor::End,
    source: "nginx src/http/modules/ngx_http_log_module.c (escape=json)",
    samples: &[
        r#"{"time":"2026-11-21T02:48:59+00:00","remote_addr":"203.0.113.39","method":"GET","uri":"/orders/3473","status":200,"bytes":491,"request_time":0.078,"upstream_addr":"10.20.1.72:8080","upstream_status":"200","upstream_response_time":"0.078","ua":"python-requests/2.32.3"}"#,
        r#"{"msec":1795225853.123,"remote_addr":"192.0.2.7","request":"GET /cart HTTP/1.1","status":502,"body_bytes_sent":157,"request_time":0.001,"upstream_connect_time":,"upstream_header_time":,"upstream_addr":""}"#,
        r#"{"time_iso8601":"2026-11-21T02:48:59+00:00","remote_addr":"192.0.2.7","request_method":"GET","request_uri":"/a?b=\"c\"","status":"404","body_bytes_sent":"157","http_user_agent":"curl/8.5.0"}"#,
    ],
    parse,
};

/// Names that are nginx's own and that few others use.
pub(crate) fn is_nginx_name(name: &[u8]) -> bool {
    matches!(
        name,
        b"remote_addr"
            | b"remote_user"
            | b"time_local"
            | b"time_iso8601"
            | b"msec"
            | b"request_uri"
            | b"request_method"
            | b"request_time"
            | b"request_length"
            | b"body_bytes_sent"
            | b"http_referer"
            | b"http_user_agent"
            | b"http_x_forwarded_for"
            | b"server_protocol"
            | b"connection_requests"
            | b"proxy_host"
    )
}

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let mut access = Access::default();
    let mut stamp: Option<Stamp> = None;
    let mut names = 0;
    let mut is_upstream = false;
    let end = scan(line, |path, leaf| {
        let [name] = *path else {
            let name = String::from_utf8_lossy(&path.join(&b'.')).into_owned();
            access.extra.extend(leaf.text().map(|text| (Cow::Owned(name), text)));
            return;
        };
        names += usize::from(is_nginx_name(name));
        let text = leaf.text().unwrap_or_default();
        match clf::set(&mut access, &mut stamp, name, text.clone(), Source::Json) {
            // The short names are anyone's; nginx's own name is a proof.
            Known::Upstream => is_upstream |= name.starts_with(b"upstream_"),
            Known::Plain => {}
            Known::No if !text.is_empty() && text.as_ref() != b"-" => {
                access.extra.push((String::from_utf8_lossy(name), text));
            }
            Known::No => {}
        }
    });
    match end {
        Some(End::At(at)) if line[at..].trim_ascii().is_empty() => {}
        Some(End::At(at)) => return Err(ParseError::new(at, "the end of the line")),
        _ => return Err(ParseError::new(0, "a JSON object")),
    }
    if !is_upstream && names < 3 {
        return Err(ParseError::new(0, "names of nginx variables"));
    }
    if access.status.is_none() && access.request.is_none() && access.path.is_none() {
        return Err(ParseError::new(0, "a status or a request"));
    }
    parts_of_request(&mut access);
    Ok(Record {
        format: FORMAT.id,
        product: Product::Nginx,
        stamp,
        anchor: Anchor::End,
        envelope: None,
        body: Body::Access(access),
    })
}

/// Method, target and version from the request line where they have no members of their own.
fn parts_of_request(access: &mut Access<'_>) {
    let Some(request) = &access.request else { return };
    let (method, path, version) = match request {
        Cow::Borrowed(r) => {
            let (m, p, v) = clf::request_parts(r);
            (m.map(Cow::Borrowed), p.map(Cow::Borrowed), v.map(Cow::Borrowed))
        }
        Cow::Owned(r) => {
            let (m, p, v) = clf::request_parts(r);
            let own = |b: &[u8]| Cow::Owned(b.to_vec());
            (m.map(own), p.map(own), v.map(own))
        }
    };
    access.method = access.method.take().or(method);
    access.path = access.path.take().or(path);
    access.http_version = access.http_version.take().or(version);
}
