//! Rows of failures as CSV (RFC 4180, header first), safe to open in a spreadsheet.
//!
//! One row per failure; lists are flattened: the last attempt has its columns, places of lines are `file:line` separated
//! by a space. Numbers are written bare, texts pass [`escape::csv`].

use std::fmt::Display;

use super::{RenderOptions, Renderer, escape};
use crate::Analysis;
use crate::analysis::{Failure, LineRef};

pub(super) static RENDERER: Renderer = Renderer {
    id: "csv",
    title: "one row per failed request",
    extensions: &["csv"],
    use_for: "the joined rows, for a spreadsheet; texts that look like formulas are quoted",
    rows: true,
    render,
};

const COLUMNS: &[&str] = &[
    "id",
    "time",
    "start",
    "file",
    "line",
    "proxy",
    "method",
    "target",
    "status",
    "client",
    "request_id",
    "attempts",
    "address",
    "instance",
    "connect_s",
    "header_s",
    "response_s",
    "origin",
    "mechanism",
    "cause",
    "detail",
    "confidence",
    "gateway",
    "episode",
    "join",
    "error_lines",
    "chain",
    "backend_lines",
    "backend_how",
    "backend_confidence",
    "cause_lines",
    "alternatives",
];

struct Row(String);

impl Row {
    fn cell(&mut self, text: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(text);
    }

    fn text(&mut self, text: &str) {
        self.cell(&escape::csv(text));
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or(""));
    }

    /// Values of our own making, such as numbers: -1 stays a number.
    fn own(&mut self, value: Option<impl Display>) {
        let text = value.map(|v| v.to_string()).unwrap_or_default();
        self.cell(&text);
    }

    fn places<'a>(&mut self, lines: impl Iterator<Item = &'a LineRef>) {
        let all: Vec<String> = lines.map(LineRef::to_string).collect();
        self.text(&all.join(" "));
    }
}

fn render(a: &Analysis, _: &RenderOptions) -> Vec<u8> {
    let mut out = COLUMNS.join(",");
    out.push_str("\r\n");
    for f in &a.failures {
        out.push_str(&row(f));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn row(f: &Failure) -> String {
    let mut r = Row(String::new());
    let last = f.attempts.last();
    let joined = f.backend.first();
    r.text(&f.id);
    r.own(Some(f.time));
    r.own(f.start);
    r.text(&f.file);
    r.own(Some(f.line));
    r.text(&f.proxy);
    r.maybe(f.method.as_deref());
    r.maybe(f.target.as_deref());
    r.own(f.status);
    r.maybe(f.client.as_deref());
    r.maybe(f.request_id.as_deref());
    r.own(Some(f.attempts.len()));
    r.maybe(last.and_then(|t| t.address.as_deref()));
    r.maybe(last.and_then(|t| t.instance.as_deref()));
    r.own(last.and_then(|t| t.connect_s));
    r.own(last.and_then(|t| t.header_s));
    r.own(last.and_then(|t| t.response_s));
    r.own(Some(f.origin));
    r.own(Some(f.mechanism));
    r.own(Some(f.cause));
    r.maybe(f.detail.as_deref());
    r.own(Some(f.confidence));
    r.own(Some(f.gateway));
    r.maybe(f.episode.as_deref());
    r.text(&f.join);
    r.places(f.error_lines.iter());
    r.places(f.chain.iter().map(|c| &c.at));
    r.places(f.backend.iter().map(|b| &b.at));
    r.maybe(joined.map(|b| b.how.as_str()));
    r.own(joined.map(|b| b.confidence));
    r.places(f.cause_lines.iter());
    let others: Vec<String> =
        f.alternatives.iter().map(|x| format!("{}={}", x.cause, x.confidence)).collect();
    r.text(&others.join(" "));
    r.0
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// A small reader of RFC 4180.
    fn read(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    cell.push('"');
                }
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\r' if !quoted => {}
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                c => cell.push(c),
            }
        }
        rows
    }

    #[test]
    fn every_row_has_every_column() {
        let a = sample::rich();
        let text = String::from_utf8(render(&a, &RenderOptions::default())).unwrap();
        let rows = read(&text);
        assert_eq!(rows.len(), a.failures.len() + 1);
        for (row, f) in rows[1..].iter().zip(&a.failures) {
            assert_eq!(row.len(), COLUMNS.len(), "{row:?}");
            assert_eq!(row[0], f.id);
            assert_eq!(row[19], f.cause.as_str());
        }
    }

    #[test]
    fn no_cell_of_a_log_is_a_formula() {
        let mut f = sample::rich().failures[0].clone();
        for hostile in escape::HOSTILE {
            f.target = Some((*hostile).to_owned());
            f.client = Some((*hostile).to_owned());
            let line = format!("{}\r\n", row(&f));
            let rows = read(&line);
            assert_eq!(rows.len(), 1, "{line:?}");
            assert_eq!(rows[0].len(), COLUMNS.len());
            assert!(!rows[0][7].trim_start().starts_with(['=', '+', '-', '@']), "{line:?}");
        }
    }

    #[test]
    fn a_status_of_minus_one_stays_a_number() {
        let mut f = sample::rich().failures[0].clone();
        f.status = Some(-1);
        assert!(row(&f).contains(",-1,"));
    }
}
