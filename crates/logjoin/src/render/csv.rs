//! Rows of failures as CSV (RFC 4180, header first), safe to open in a spreadsheet.
//!
//! One row per failure; lists are flattened: the last attempt has its columns, places of lines are `file:line` separated
//! by a space. Numbers are written bare, texts pass [`escape::csv`].

use super::{RenderOptions, Renderer, escape};
use crate::Analysis;
use crate::analysis::Failure;
use crate::rows::{FAILURE_COLUMNS, Value};

pub(super) static RENDERER: Renderer = Renderer {
    id: "csv",
    title: "one row per failed request",
    extensions: &["csv"],
    use_for: "the joined rows, for a spreadsheet; texts that look like formulas are quoted",
    rows: true,
    render,
};

fn render(a: &Analysis, _: &RenderOptions) -> Vec<u8> {
    let names: Vec<&str> = FAILURE_COLUMNS.iter().map(|c| c.name).collect();
    let mut out = names.join(",");
    out.push_str("\r\n");
    for f in &a.failures {
        out.push_str(&row(f));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

fn row(f: &Failure) -> String {
    let cells = FAILURE_COLUMNS.iter().map(|c| match (c.value)(f) {
        Value::Text(t) => escape::csv(&t).into_owned(),
        Value::List(all) => escape::csv(&all.join(" ")).into_owned(),
        // Values of our own making: -1 stays a number.
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Bool(b) => b.to_string(),
        Value::Time(t) => t.to_string(),
        Value::Null => String::new(),
    });
    cells.collect::<Vec<_>>().join(",")
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
            assert_eq!(row.len(), FAILURE_COLUMNS.len(), "{row:?}");
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
            assert_eq!(rows[0].len(), FAILURE_COLUMNS.len());
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
