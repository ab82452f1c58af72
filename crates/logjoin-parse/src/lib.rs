//! One line of bytes in, one [`Record`] out.
//!
//! This crate reads the access and error logs of nginx, Apache httpd and HAProxy and the logs of
//! the backends behind them. It is pure: it opens no file, reads no clock, prints nothing. A line
//! that cannot be read is a [`ParseError`] that says where and what was expected; it is never a
//! panic.
//!
//! ```
//! use logjoin_parse::{Body, parse_any};
//!
//! let line = br#"192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] "GET /cart HTTP/1.1" 502 157 "-" "curl/8.5.0""#;
//! let record = parse_any(line).expect("a combined line");
//! let Body::Access(access) = &record.body else { panic!("an access line") };
//! assert_eq!(access.status, Some(502));
//! assert_eq!(access.path.as_deref(), Some(&b"/cart"[..]));
//! ```
//!
//! Layers, from the outside in:
//!
//! 1. an *envelope* is what a transport put around the line (syslog, journald, Docker, CRI ...): [`envelope`];
//! 2. a *format* says what the line itself means: the table [`formats`], or a string of the proxy's
//!    own configuration through [`compile`];
//! 3. a *stamp* is time as it was written, with its precision and with or without zone and year: [`Stamp`].
//!
//! # A file
//!
//! [`detect`](fn@detect) looks at the first lines and gives a [`LineReader`], which reads each further line in one attempt;
//! [`fold::Folder`] says which lines continue the event before them.
//!
//! ```
//! use logjoin_parse::detect;
//! use logjoin_parse::fold::{Folder, Step};
//!
//! let file = b"2026-11-21 02:47:17,036 ERROR [shop] boom\nTraceback (most recent call last):\n  File \"a.py\"\nKeyError: 7\n";
//! let lines = || file.split(|b| *b == b'\n').filter(|l| !l.is_empty());
//! let reader = detect(lines().take(500)).reader();
//! let (mut folder, mut events) = (Folder::new(), 0);
//! for line in lines() {
//!     let record = if folder.claims(line) { None } else { reader.parse(line).ok() };
//!     events += u32::from(folder.step(line, record.as_ref()) == Step::Start);
//! }
//! assert_eq!(events, 1);
//! ```
//!
//! # What allocates
//!
//! A [`Record`] borrows from its line, and reading one with a [`LineReader`] allocates nothing: none of the formats of nginx,
//! httpd, HAProxy, gunicorn, uWSGI, PHP-FPM, Tomcat, Spring and Python's logging does, by count over recorded logs. What does:
//!
//! * an escape that has to be undone (`\"` in a quoted field, `\u00e9` in JSON): that field is copied;
//! * fields that have no place of their own (`extra`): one list for each line, and JSON and logfmt lines have some;
//! * JSON: about nine allocations for each line, nearly all of them fields without a place of their own;
//! * an envelope that hides the line (Docker's JSON, journald's): the line is made first, once;
//! * [`parse_any`], which knows nothing of the lines before and tries the whole table;
//! * [`Upstreams::attempts`] and [`Record::into_owned`], whose results own their memory.

// What the library never does is listed in clippy.toml.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]

mod brief;
pub mod bytes;
pub mod compile;
pub mod day_order;
pub mod detect;
pub mod envelope;
mod exception;
pub mod fold;
pub mod formats;
mod own;
mod record;
mod stamp;

pub use brief::{Brief, BriefReader, LongWords, SHORTEST_ID, Words};
pub use detect::{Detection, Dialect, LineReader, detect, parse_any};
pub use envelope::{Envelope, EnvelopeKind};
pub use formats::{Format, FormatDef, ParseError};
pub use record::{
    Access, Anchor, Attempt, Body, ErrorLine, HaproxyFields, Kind, LogLine, Product, Record, StateEvent,
    StateLine, Text, Upstreams,
};
pub use stamp::{Precision, Stamp};

/// The example of the crate's front page is a test too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct FrontPage;
