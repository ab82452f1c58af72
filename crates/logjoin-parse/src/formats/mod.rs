//! The table of formats: what a line itself means.
//!
//! To add a format:
//!
//! 1. write `formats/<id>.rs` with a `pub(super) static FORMAT: FormatDef` and its parser;
//! 2. add `mod <id>;` below and the entry to [`FORMATS`], before every more general format;
//! 3. give it samples: they are its documentation and its test (each must be read by this format when the
//!    whole table is asked).

// nginx and Apache
mod apache_error;
mod apache_error_22;
mod apache_ssl_request;
mod apache_text;
mod apache_timed;
mod clf;
mod combined;
mod combined_extra;
mod combined_io;
mod combined_quoted;
mod common;
mod ingress_nginx;
mod nginx_context;
mod nginx_error;
mod nginx_json;
mod nginx_stream;
mod nginx_upstream;
mod vhost_combined;

// HAProxy
mod haproxy_clf;
mod haproxy_connect;
mod haproxy_error;
mod haproxy_fields;
mod haproxy_http;
mod haproxy_state;
mod haproxy_tcp;

pub(crate) use haproxy_fields::is_haproxy_message;
pub(crate) use haproxy_state::other as haproxy_message;
pub(crate) use iis::is_default as is_default_of_iis;

// backends, system
mod alb;
mod asgi;
mod bluegene;
mod databases;
mod dotnet;
mod envoy;
mod erlang;
mod fields;
mod glog;
mod go;
mod gunicorn;
mod iis;
mod json;
mod json_fields;
mod json_scan;
mod jvm;
mod jvm_unified;
mod level_first;
mod logfmt;
mod monolog;
mod morgan;
mod php;
mod plain;
mod postgres;
mod python;
mod ruby;
mod rust_tracing;
mod system;
mod time_of_day;
mod tomcat;
mod tornado;
mod traefik;
mod uwsgi;
mod when;
mod words;

pub(crate) use json::role_of;
pub(crate) use json_fields::Role;
pub(crate) use json_scan::{End, Leaf, scan as scan_json};
pub(crate) use jvm::split_jul;
pub(crate) use level_first::begins_with_padded_level;
pub(crate) use nginx_json::is_nginx_name;
pub(crate) use when::any_stamp;
pub(crate) use words::{is_trouble, request_id};

use std::fmt;
use std::sync::Arc;

use crate::compile::Compiled;
use crate::{Anchor, Kind, Product, Record};

/// Why a line was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// Byte offset in the line, from 0.
    pub offset: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl ParseError {
    /// An error at `offset`.
    pub fn new(offset: usize, expected: &'static str) -> Self {
        ParseError { offset, expected }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {}: expected {}", self.offset, self.expected)
    }
}

impl std::error::Error for ParseError {}

/// One built-in format.
#[derive(Debug)]
#[non_exhaustive]
pub struct FormatDef {
    /// Stable id, kebab-case.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// Who writes it, when the format alone tells.
    pub product: Product,
    /// What sort of records it gives.
    pub kind: Kind,
    /// Which moment its stamps name.
    pub anchor: Anchor,
    /// Where the layout is defined: the upstream project's file or manual section.
    pub source: &'static str,
    /// Lines (without envelope) that this format reads.
    pub samples: &'static [&'static str],
    /// Reads the payload of one line, without envelope and line end.
    pub parse: for<'a> fn(&'a [u8]) -> Result<Record<'a>, ParseError>,
}

/// All built-in formats, the more specific before the more general.
pub static FORMATS: &[&FormatDef] = &[
    // --- HAProxy: every layout is unmistakable
    &haproxy_http::FORMAT,
    &haproxy_tcp::FORMAT,
    &haproxy_error::FORMAT,
    &haproxy_connect::FORMAT,
    &haproxy_clf::FORMAT,
    &haproxy_state::FORMAT,
    // --- end of HAProxy
    //
    //
    // --- nginx and Apache error logs, layouts with upstream fields, layouts with a virtual host
    &nginx_error::FORMAT,
    &apache_error::FORMAT,
    &apache_error_22::FORMAT,
    &ingress_nginx::FORMAT,
    &nginx_upstream::FORMAT,
    &apache_timed::FORMAT,
    &apache_ssl_request::FORMAT,
    &traefik::FORMAT,
    &nginx_stream::FORMAT,
    &nginx_json::FORMAT,
    &vhost_combined::FORMAT,
    // --- end of nginx and Apache, specific
    //
    //
    // --- backends with a layout of their own
    &uwsgi::REQUEST,
    &gunicorn::FORMAT,
    &asgi::GRANIAN,
    &asgi::DAPHNE,
    &asgi::UVICORN,
    &tomcat::FORMAT,
    &tornado::FORMAT,
    &php::FPM,
    &php::ACCESS,
    &php::ERROR,
    &go::GIN,
    &go::ZAP,
    &postgres::FORMAT,
    &databases::MYSQL,
    &databases::MYSQL_SLOW,
    &databases::REDIS,
    &system::SUPERVISORD,
    &system::KERNEL,
    &system::AUDIT,
    &bluegene::FORMAT,
    &envoy::FORMAT,
    &alb::FORMAT,
    &iis::FORMAT,
    &jvm::SPRING,
    &rust_tracing::FORMAT,
    &jvm::LOG4J,
    &jvm::JULI,
    &jvm::JUL,
    &jvm_unified::FORMAT,
    &erlang::FORMAT,
    &monolog::FORMAT,
    &glog::FORMAT,
    &ruby::LOGGER,
    &ruby::RAILS,
    &ruby::PUMA,
    &ruby::PASSENGER,
    &ruby::SIDEKIQ,
    &python::WERKZEUG,
    &python::LOGGING,
    &level_first::FORMAT,
    &dotnet::FORMAT,
    &morgan::FORMAT,
    &go::GO,
    &uwsgi::MESSAGE,
    &system::SYSTEMD,
    // --- end of backends
    //
    //
    // --- the common and combined access formats, which many programs write
    &common::FORMAT,
    &combined::FORMAT,
    &combined_quoted::FORMAT,
    &combined_io::FORMAT,
    &combined_extra::FORMAT,
    // --- end of common and combined
    //
    //
    // --- anything structured, anything with a stamp
    &json::FORMAT,
    &logfmt::FORMAT,
    &time_of_day::FORMAT,
    &plain::PLAIN,
    &plain::STAMPLESS,
    // --- end of generic
];

/// Whether a format reads lines of many programs, so that every more specific format must be tried before it.
pub(crate) fn is_generic(id: &str) -> bool {
    matches!(id, "plain" | "plain-stampless" | "time-of-day" | "logfmt" | "message")
}

/// A format to read lines with: built in, or compiled from a proxy's own format string.
#[derive(Debug, Clone)]
pub enum Format {
    /// An entry of [`FORMATS`].
    Builtin(&'static FormatDef),
    /// See [`crate::compile`].
    Compiled(Arc<Compiled>),
}

impl Format {
    /// Finds a built-in format.
    pub fn by_id(id: &str) -> Option<Format> {
        FORMATS.iter().find(|f| f.id == id).copied().map(Format::Builtin)
    }

    /// Reads the payload of one line.
    ///
    /// # Errors
    ///
    /// Where the line does not have this format.
    pub fn parse<'a>(&self, payload: &'a [u8]) -> Result<Record<'a>, ParseError> {
        match self {
            Format::Builtin(def) => (def.parse)(payload),
            Format::Compiled(c) => c.parse(payload),
        }
    }

    /// The id of the format.
    pub fn id(&self) -> &'static str {
        match self {
            Format::Builtin(def) => def.id,
            Format::Compiled(c) => c.id(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_every_format_has_samples() {
        for (i, f) in FORMATS.iter().enumerate() {
            assert!(!f.samples.is_empty(), "{}: add samples", f.id);
            assert!(FORMATS[..i].iter().all(|g| g.id != f.id), "{} is listed twice", f.id);
        }
    }

    #[test]
    fn each_sample_is_read_by_its_own_format() {
        for f in FORMATS {
            for s in f.samples {
                let first = FORMATS.iter().find(|g| (g.parse)(s.as_bytes()).is_ok());
                assert_eq!(first.map(|g| g.id), Some(f.id), "sample of {}: {s}", f.id);
            }
        }
    }
}
