//! `docs/conformance.md`: the last comparison, and the measure for the next.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::Tally;
use super::detected::Detected;
use super::reasons::REASONS;

const HEAD: &str = "\
# Conformance

How far `logjoin parse` agrees with what other projects expect of public logs. Generated: where the public logs
are available (`CONTRIBUTING.md` says where they are looked for), `UPDATE_EXPECT=1 cargo test -p logjoin-cli` renews this page,
and a plain run fails where a share has fallen. The logs themselves are not part of the project.

The expected values are those of the projects' own tests: Filebeat's modules (`elastic-beats`), the patterns of Logstash,
the parsers of Vector, CrowdSec and Fluentd, the filters of Fail2ban, and vectors read off the proxies' manuals. A field is
compared as what it is (time, address, number, list, text); a field that nobody expects is not judged.
";

fn share(t: &Tally) -> f64 {
    if t.fields == 0 { 1.0 } else { t.agreed as f64 / t.fields as f64 }
}

fn line(out: &mut String, name: &str, t: &Tally) {
    let (n, agreed) = (t.fields, t.agreed);
    let _ =
        writeln!(out, "| {name} | {} | {} | {n} | {agreed} | {:.2} % |", t.files, t.events, share(t) * 100.0);
}

fn page(corpora: &BTreeMap<String, Tally>, fields: &BTreeMap<String, Tally>, files: &[Detected]) -> String {
    let mut out = String::from(HEAD);
    out.push_str("\n## By corpus\n\n| corpus | files | events | fields compared | agree | share |\n");
    out.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
    let mut total = Tally::default();
    for (name, tally) in corpora {
        line(&mut out, name, tally);
        total.add(*tally);
    }
    line(&mut out, "all", &total);

    let conventions: usize = REASONS.iter().filter(|r| r.is_convention).map(|r| r.lines.len()).sum();
    let comparable = Tally { fields: total.fields - conventions as u64, ..total };
    let _ = writeln!(
        out,
        "\nLeaving out the {conventions} values that are no property of their line (below), {:.2} % agree.",
        share(&comparable) * 100.0
    );

    out.push_str(
        "\n## Differences that stay\n\n| file | field | events | | why |\n| --- | --- | ---: | --- | --- |\n",
    );
    for r in REASONS {
        let what = if r.is_convention { "not comparable" } else { "ours is right" };
        let _ = writeln!(out, "| {} | `{}` | {} | {what} | {} |", r.file, r.field, r.lines.len(), r.why);
    }

    out.push_str("\n## By field\n\n| field | compared | agree |\n| --- | ---: | ---: |\n");
    for (name, tally) in fields {
        let _ = writeln!(out, "| `{name}` | {} | {} |", tally.fields, tally.agreed);
    }

    out.push_str(
        "\n## What each file is read as\n\nEvents by format, for the files with expectations and for those without; \
         then the lines that no format\nreads and that continue no event.\n\n| file | formats | unparsed |\n\
         | --- | --- | ---: |\n",
    );
    for f in files {
        let formats: Vec<String> = f.formats.iter().map(|(id, n)| format!("`{id}` {n}")).collect();
        let _ = writeln!(out, "| {} | {} | {} |", f.log, formats.join(", "), f.unparsed);
    }
    out
}

/// Shares by corpus, as a page has them.
fn shares(page: &str) -> Vec<(&str, f64)> {
    let table = page.split("\n## ").find(|s| s.starts_with("By corpus")).unwrap_or_default();
    let rows = table.lines().filter_map(|l| {
        let cells: Vec<&str> = l.trim_matches('|').split('|').map(str::trim).collect();
        let share = cells.last()?.strip_suffix(" %")?.parse().ok()?;
        Some((*cells.first()?, share))
    });
    rows.collect()
}

pub fn check(corpora: &BTreeMap<String, Tally>, fields: &BTreeMap<String, Tally>, files: &[Detected]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let page = page(corpora, fields, files);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let now = shares(&page);
    let fallen: Vec<String> = shares(&written)
        .iter()
        .filter_map(|(name, before)| {
            let share = now.iter().find(|(n, _)| n == name).map_or(0.0, |(_, s)| *s);
            (share < *before).then(|| format!("{name}: {before} % before, {share} % now"))
        })
        .collect();
    assert!(fallen.is_empty(), "shares have fallen:\n{}", fallen.join("\n"));
    let all = now.iter().find(|(n, _)| *n == "all").map_or(0.0, |(_, s)| *s);
    assert!(all >= 99.5, "only {all} % of all fields agree");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).expect("docs/conformance.md");
        return;
    }
    assert!(written == page, "docs/conformance.md is out of date; run the tests with UPDATE_EXPECT=1");
}
