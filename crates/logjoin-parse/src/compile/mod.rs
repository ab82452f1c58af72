//! Format strings of the proxies' own configuration, compiled to scanners.
//!
//! [`nginx`], [`apache_access`], [`apache_error`] and [`haproxy`] read the string that the proxy itself would
//! read and give a [`Compiled`], which takes the lines apart that the proxy writes with it. The
//! trick: what a proxy cannot write (a raw quote inside a value that it escapes) tells where a value
//! ends, so hardly any field needs a second look.
//!
//! ```
//! use logjoin_parse::{Body, compile::{Escape, nginx}};
//!
//! let format = nginx(r#"$remote_addr [$time_iso8601] "$request" $status us="$upstream_status""#, Escape::Default)
//!     .expect("a format");
//! let line = br#"192.0.2.7 [2026-11-21T01:50:53+00:00] "GET /cart HTTP/1.1" 200 us="502, 200""#;
//! let record = format.parse(line).expect("a line of that format");
//! let Body::Access(access) = &record.body else { panic!("an access line") };
//! assert_eq!(access.path.as_deref(), Some(&b"/cart"[..]));
//! assert_eq!(access.upstream.attempts().len(), 2);
//! ```

mod apache;
mod assemble;
mod error;
mod escape;
mod field;
mod haproxy;
mod haproxy_names;
mod json;
mod nginx;
mod scan;
mod store;
mod time;
mod w3c;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use apache::{apache_access, apache_error};
pub(crate) use escape::json as unescape_json;

pub use error::{FormatError, FormatNote};
pub use haproxy::haproxy;
pub use nginx::nginx;
pub use w3c::w3c;

use crate::{Access, Anchor, Body, ErrorLine, Format, HaproxyFields, Kind, ParseError, Product, Record};
use field::Field;
use scan::{Piece, Span};
use time::Parts;

/// How nginx escapes the values of variables: the `escape=` parameter of `log_format`
/// (`src/http/modules/ngx_http_log_module.c`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Escape {
    /// `"`, `\`, control bytes and bytes from 0x7f on as `\xHH`; a missing value is `-`.
    #[default]
    Default,
    /// As in JSON strings; a missing value is empty.
    Json,
    /// Nothing is escaped; a missing value is empty.
    None,
}

/// A scanner compiled from a format string.
#[derive(Debug, Clone)]
pub struct Compiled {
    id: &'static str,
    /// Times without a zone are in UTC.
    is_utc: bool,
    source: String,
    product: Product,
    kind: Kind,
    anchor: Anchor,
    layout: Layout,
    notes: Vec<FormatNote>,
    has: Has,
    /// Lines may end in blanks that the format asks for and a transport took away.
    ends_blank: bool,
}

#[derive(Debug, Clone)]
enum Layout {
    /// Texts and fields in order.
    Pieces(Vec<Piece>),
    /// HAProxy `%{+json}o`: one flat object, in which the fields have names.
    Object(Vec<(String, Field)>),
}

/// What the format logs at all, whatever a line has in it.
#[derive(Debug, Clone, Copy, Default)]
struct Has {
    addr: bool,
    header_time: bool,
    error_log_id: bool,
    haproxy: bool,
    tcp: bool,
}

/// Longest HAProxy lines are cut at `len`, 1024 bytes unless set otherwise, of which the transport's part
/// has already been taken off.
const HAPROXY_CUT: usize = 880;

/// Pieces for which the places in a line are kept on the stack.
const ON_STACK: usize = 96;

impl Compiled {
    /// Reads the payload of one line.
    ///
    /// # Errors
    ///
    /// Where the line does not have this format.
    pub fn parse<'a>(&self, payload: &'a [u8]) -> Result<Record<'a>, ParseError> {
        let mut line = payload.strip_suffix(b"\n").unwrap_or(payload);
        line = line.strip_suffix(b"\r").unwrap_or(line);
        if self.ends_blank {
            line = line.trim_ascii_end();
        }
        let may_be_cut = self.has.haproxy && HAPROXY_CUT <= line.len();
        match &self.layout {
            Layout::Object(fields) => {
                let values = json::flat_object(line, fields.iter().map(|(name, _)| name.as_str()))?;
                self.record(line, fields.iter().zip(values).filter_map(|((_, f), v)| Some((f, v?))))
            }
            Layout::Pieces(pieces) => {
                let mut small = [Span::NONE; ON_STACK];
                let mut large;
                let spans = match small.get_mut(..pieces.len()) {
                    Some(spans) => spans,
                    None => {
                        large = vec![Span::NONE; pieces.len()];
                        &mut large[..]
                    }
                };
                if let Err(e) = scan::scan(pieces, line, spans, false) {
                    if !may_be_cut {
                        return Err(e);
                    }
                    spans.fill(Span::NONE);
                    scan::scan(pieces, line, spans, true).map_err(|_| e)?;
                }
                self.record(
                    line,
                    pieces.iter().zip(spans.iter()).filter_map(|(piece, span)| match piece {
                        Piece::Field(placed) => Some((&placed.field, span.of(line)?)),
                        _ => None,
                    }),
                )
            }
        }
    }

    fn record<'a, 'c>(
        &self,
        line: &'a [u8],
        values: impl Iterator<Item = (&'c Field, &'a [u8])>,
    ) -> Result<Record<'a>, ParseError> {
        let mut times = Parts::default();
        // A field's text lies in the line: how far from its start is what the error says.
        let bad = |raw: &[u8]| {
            let offset = (raw.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
            ParseError::new(offset.min(line.len()), "a date and time")
        };
        let body = if self.kind == Kind::Error {
            let mut e = ErrorLine::default();
            for (field, raw) in values {
                store::error(&mut e, &mut times, field, raw).ok_or_else(|| bad(raw))?;
            }
            Body::Error(e)
        } else {
            let mut a = Access { has_error_log_id: self.has.error_log_id, ..Access::default() };
            a.upstream.has_addr = self.has.addr;
            a.upstream.has_header_time = self.has.header_time;
            let mut h = HaproxyFields { tcp: self.has.tcp, ..HaproxyFields::default() };
            for (field, raw) in values {
                store::access(&mut a, &mut h, &mut times, field, raw).ok_or_else(|| bad(raw))?;
            }
            store::complete_request(&mut a);
            if self.has.haproxy {
                if a.duration_us.is_none() {
                    a.duration_us = h.tt.filter(|ms| 0 <= *ms).and_then(|ms| ms.checked_mul(1000));
                    a.duration_unit_us = 1000;
                }
                a.haproxy = Some(h);
            }
            Body::Access(a)
        };
        let mut stamp = times.finish();
        if let Some(s) = stamp.as_mut().filter(|s| self.is_utc && s.offset_s.is_none()) {
            s.offset_s = Some(0);
        }
        Ok(Record {
            format: self.id,
            product: self.product,
            stamp,
            anchor: self.anchor,
            envelope: None,
            body,
        })
    }

    /// Names of the fields, in order: nginx variables without the `$` (`upstream_addr`), Apache directives
    /// with `%` and argument (`%s`, `%{X-Request-ID}i`), HAProxy aliases with `%` (`%ci`) and samples
    /// with brackets (`%[ssl_fc]`). [`Access::extra`] has the same names.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let (pieces, object): (&[Piece], &[(String, Field)]) = match &self.layout {
            Layout::Pieces(pieces) => (pieces, &[]),
            Layout::Object(fields) => (&[], fields),
        };
        let placed = pieces.iter().filter_map(|p| match p {
            Piece::Field(placed) => Some(&*placed.field.name),
            _ => None,
        });
        placed.chain(object.iter().map(|(_, f)| &*f.name))
    }

    /// `custom`; `w3c-extended` for the columns that a file names itself.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The format string.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The proxy that writes such lines.
    pub fn product(&self) -> Product {
        self.product
    }

    /// What sort of records this gives.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Which moment the stamps name.
    pub fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// Remarks about the string, such as a variable that looks misspelt.
    pub fn notes(&self) -> &[FormatNote] {
        &self.notes
    }
}

/// Reads a format as a person names it on a command line:
///
/// * `nginx:STRING`, optionally `nginx:escape=json STRING`, where `STRING` is that of `log_format`;
/// * `apache:STRING`, that of `LogFormat`; `apache-error:STRING`, that of `ErrorLogFormat`;
/// * `haproxy:STRING`, that of `log-format`;
/// * the name of a predefined format in place of the string: `nginx:combined`, `apache:common`,
///   `apache:combined`, `apache:vhost_combined`, `apache:combinedio`, `haproxy:httplog`,
///   `haproxy:httpslog`, `haproxy:tcplog`;
/// * the id of a built-in format.
///
/// # Errors
///
/// When the string is not one of these, or not a format of that proxy.
pub fn parse_spec(spec: &str) -> Result<Format, FormatError> {
    let compiled = match spec.split_once(':') {
        Some(("nginx", string)) => {
            let (escape, string) = nginx::take_escape(string);
            nginx(nginx::predefined(string).unwrap_or(string), escape)
        }
        Some(("apache", string)) => apache_access(apache::predefined(string).unwrap_or(string)),
        Some(("apache-error", string)) => apache_error(string),
        Some(("haproxy", string)) => haproxy(haproxy::predefined(string).unwrap_or(string)),
        _ => return builtin(spec),
    };
    compiled.map(|c| Format::Compiled(Arc::new(c)))
}

fn builtin(spec: &str) -> Result<Format, FormatError> {
    Format::by_id(spec).ok_or_else(|| {
        let ids = crate::formats::FORMATS.iter().map(|f| f.id);
        let help = match error::nearest(spec, ids) {
            Some(id) => format!("did you mean `{id}`?"),
            None => {
                "or write `nginx:`, `apache:`, `apache-error:` or `haproxy:` and the proxy's format string"
                    .to_owned()
            }
        };
        FormatError::new(spec, 0, "the id of a format").help(help)
    })
}
