//! Apache httpd's error log as 2.2 wrote it and old packages still do: a level without module, mostly no process id, the
//! client before the error number.

use super::{FormatDef, ParseError, apache_error};
use crate::{Anchor, Kind, Product, Record};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "apache-error-22",
    title: "Apache httpd 2.2 error log",
    product: Product::Apache,
    kind: Kind::Error,
    anchor: Anchor::Event,
    source: "Apache httpd 2.2 server/log.c",
    samples: &[
        "[Sat Nov 21 01:59:48 2026] [error] [client 192.0.2.7] (111)Connection refused: proxy: HTTP: attempt to connect to 10.0.0.1:8080 (app) failed",
        "[Sat Nov 21 01:59:48 2026] [notice] Apache/2.2.22 (Ubuntu) configured -- resuming normal operations",
        "[Sat Nov 21 01:59:48 2026] [error] [pid 1000] [client 192.0.2.7] client denied by server configuration",
        "[error] [client 192.0.2.7] proxy: error reading status line from remote server app:8080",
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    apache_error::read(line, false, FORMAT.id)
}
