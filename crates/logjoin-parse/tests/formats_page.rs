//! `docs/formats.md` says what the table of formats says, and what each producer's request lines mean.

mod producers;

use std::fmt::Write;
use std::path::Path;

use logjoin_parse::formats::{FORMATS, FormatDef};
use logjoin_parse::{Anchor, Product};

const HEAD: &str = "\
# Formats

Generated from the table in `crates/logjoin-parse/src/formats`; run the tests of `logjoin-parse` with
`UPDATE_EXPECT=1` to renew it.

A format says what one line means, after the envelope of its transport (syslog, journald, a container engine) is
taken off. Formats are asked in this order, and the first that reads a line names it: the specific ones come before
the general ones. Beside these, any layout that a proxy writes is read from the proxy's own configuration (nginx
`log_format`, Apache `LogFormat` and `ErrorLogFormat`, HAProxy `log-format`).

*Moment* is what the stamp of a line names: the arrival of a request, its end, or the event itself.
";

fn product(p: Product) -> &'static str {
    match p {
        Product::Nginx => "nginx",
        Product::Apache => "Apache httpd",
        Product::Haproxy => "HAProxy",
        Product::Backend => "backend",
        Product::System => "system",
        _ => "any",
    }
}

fn moment(a: Anchor) -> &'static str {
    match a {
        Anchor::Start => "start",
        Anchor::End => "end",
        Anchor::Event => "event",
        _ => "by the writer",
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn entry(out: &mut String, f: &FormatDef) {
    let _ = writeln!(out, "\n## {}\n\n{}. Defined in: {}.\n", f.id, f.title, f.source.trim_end_matches('.'));
    let sample = f.samples.first().copied().unwrap_or_default();
    let _ = writeln!(out, "````text\n{}\n````", sample.replace('\t', "    "));
}

fn page() -> String {
    let mut out = String::from(HEAD);
    out.push_str("\n| id | what | written by | gives | moment |\n| --- | --- | --- | --- | --- |\n");
    for f in FORMATS {
        let (by, gives, at) = (product(f.product), f.kind.as_str(), moment(f.anchor));
        let _ = writeln!(out, "| [`{0}`](#{0}) | {1} | {by} | {gives} | {at} |", f.id, cell(f.title));
    }
    out.push_str(producers::HEAD);
    for p in producers::PRODUCERS {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | `{}` |",
            p.name,
            moment(p.anchor),
            p.duration,
            if p.configured.is_some() { "compiled" } else { p.format },
            p.line.replace('|', "\\|").replace('\n', " ⏎")
        );
    }
    for f in FORMATS {
        entry(&mut out, f);
    }
    out
}

#[test]
fn the_page_in_docs_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    let page = page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).expect("docs/formats.md");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/formats.md is out of date; run the tests with UPDATE_EXPECT=1");
}

#[test]
fn every_format_can_be_documented() {
    for f in FORMATS {
        assert!(!f.title.is_empty() && !f.source.is_empty(), "{}: no title or source", f.id);
        assert!(
            f.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
            "{}: not kebab-case",
            f.id
        );
    }
}
