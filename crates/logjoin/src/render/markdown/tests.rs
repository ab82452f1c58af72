//! Reads drafts as a reader would: every sentence has its ground, and the ground is there.

use std::collections::BTreeSet;

use super::super::{RenderOptions, Slo, Template, escape, sample};
use super::*;

fn draft(a: &Analysis, document: Document<'_>) -> String {
    String::from_utf8(render(a, &RenderOptions { document, ..RenderOptions::default() })).unwrap()
}

fn all_templates() -> impl Iterator<Item = Document<'static>> {
    Template::ALL.iter().map(|(_, template)| Document {
        template: *template,
        slo: Slo::parse("99.9"),
        command: Some("logjoin ./logs -o postmortem.md"),
    })
}

/// Everything that a sentence may rest on.
fn grounds(a: &Analysis, shown: &str) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = a.failures.iter().map(|f| f.id.clone()).collect();
    for i in &a.incidents {
        out.insert(i.id.clone());
        for e in &i.episodes {
            out.insert(e.id.clone());
            out.extend(e.evidence.iter().chain(&e.against).map(|x| x.id.clone()));
        }
    }
    let appendix = shown.split_once("\n## Appendix\n").unwrap().1;
    out.extend(appendix.lines().filter_map(|l| l.strip_prefix("### ")).map(str::to_owned));
    out
}

/// Sentences of the body: no headings, heads of tables, blanks for people.
fn sentences(shown: &str) -> impl Iterator<Item = &str> {
    let body = shown.split_once("marked _to be filled in_.").unwrap().1;
    let body = body.split_once("\n## Appendix\n").unwrap().0;
    let lines: Vec<&str> = body.lines().collect();
    let rule = |l: &str| l.starts_with("| ---");
    let keep = move |n: usize| {
        let l = lines[n];
        let head = lines.get(n + 1).is_some_and(|next| rule(next)) && l.starts_with('|');
        (!l.is_empty() && !l.starts_with('#') && !rule(l) && !head && !l.ends_with(BLANK)).then_some(l)
    };
    let n = body.lines().count();
    (0..n).filter_map(keep)
}

#[test]
fn every_sentence_stands_on_something_that_is_there() {
    for a in [sample::rich(), sample::quiet(), sample::empty()] {
        for document in all_templates() {
            let shown = draft(&a, document);
            let grounds = grounds(&a, &shown);
            for line in sentences(&shown) {
                let line = line.trim_end_matches([' ', '|']);
                let inside = line.strip_suffix(']').and_then(|l| l.rsplit_once(" [")).map(|(_, ids)| ids);
                let ids = inside.unwrap_or_else(|| panic!("{:?}: nothing bears {line:?}", document.template));
                for id in ids.split(", ") {
                    assert!(grounds.contains(id), "{:?}: {id} is nowhere: {line}", document.template);
                }
            }
        }
    }
}

#[test]
fn each_template_has_all_that_a_post_mortem_needs() {
    for document in all_templates() {
        let shown = draft(&sample::rich(), document);
        for words in [
            "# Post-mortem: ",
            "| Status | *draft* |",
            "## Impact",
            "## Detection",
            "## Timeline (UTC)",
            "## Contributing factors",
            "limited the damage",
            "## Action items",
            "| expected effect |",
            "## Appendix",
            "### inputs",
            "### coverage",
            "### clocks",
            "### run",
            "Objective 99.9 %",
            "Confidence: 97 %, very likely",
            "Evidence for: ",
            "Evidence against: ",
            "`logjoin ./logs -o postmortem.md`",
            "SHA-256",
            "9f86d081884c7d65",
        ] {
            assert!(shown.contains(words), "{:?} lacks {words:?}", document.template);
        }
    }
    let length = |t| draft(&sample::rich(), Document { template: t, ..Document::default() }).lines().count();
    assert!(
        length(Template::Short) < length(Template::Google) && length(Template::Short) < 200,
        "{}",
        length(Template::Short)
    );
}

#[test]
fn nothing_of_a_log_becomes_markup() {
    for hostile in escape::HOSTILE {
        let mut a = sample::rich();
        let h = (*hostile).to_owned();
        for i in &mut a.incidents {
            i.summary = h.clone();
            for e in &mut i.episodes {
                e.targets = vec![h.clone()];
                e.proxies = vec![h.clone()];
                e.advice = vec![h.clone()];
                e.refuted_by = h.clone();
                e.endpoints.iter_mut().for_each(|c| c.value = h.clone());
                for x in e.evidence.iter_mut().chain(&mut e.against) {
                    x.claim = h.clone();
                    x.text = Some(h.clone());
                    x.lines.iter_mut().for_each(|l| l.file = h.clone());
                }
            }
        }
        a.inputs.iter_mut().for_each(|i| (i.path, i.problem) = (h.clone(), Some(h.clone())));
        a.notes.iter_mut().for_each(|n| (n.about, n.text) = (h.clone(), h.clone()));
        a.health.iter_mut().for_each(|x| (x.server, x.reason) = (h.clone(), Some(h.clone())));
        a.restarts.iter_mut().for_each(|r| (r.instance, r.summary) = (h.clone(), h.clone()));
        a.timeouts.iter_mut().for_each(|t| (t.target, t.directive) = (h.clone(), Some(h.clone())));
        a.hidden.iter_mut().for_each(|x| x.server = h.clone());
        a.contrast.iter_mut().for_each(|c| c.value = h.clone());
        a.unknown.iter_mut().for_each(|u| u.advice = Some(h.clone()));
        let plain = draft(&sample::rich(), Document::default());
        let headings = |s: &str| s.lines().filter(|l| l.starts_with('#')).count();
        for mut document in all_templates() {
            document.command = Some(hostile);
            let shown = draft(&a, document);
            if document.template == Template::Google {
                assert_eq!(headings(&shown), headings(&plain), "{hostile:?}");
            }
            for line in shown.lines() {
                let bare = without_code(line).replace("\\]", "");
                assert!(!bare.contains(['<', '>']) && !bare.contains("]("), "{hostile:?}: {line}");
                assert!(
                    !bare.contains("://") && !bare.to_ascii_lowercase().contains("www."),
                    "{hostile:?}: {line}"
                );
                if line.starts_with('|') {
                    assert!(line.ends_with('|'), "{hostile:?}: a row was broken: {line}");
                }
            }
            let tables: Vec<&str> = shown.lines().collect();
            for (n, line) in tables.iter().enumerate().filter(|(_, l)| l.starts_with("| ---")) {
                let columns = cells(line);
                for row in tables[n + 1..].iter().take_while(|l| l.starts_with('|')) {
                    assert_eq!(cells(row), columns, "{hostile:?}: {row}");
                }
            }
        }
    }
}

/// A line without its code spans: a run of backticks up to the next run of the same length.
fn without_code(line: &str) -> String {
    let (mut out, mut rest) = (String::new(), line);
    while let Some(at) = rest.find('`') {
        out.push_str(&rest[..at]);
        if out.ends_with('\\') {
            out.push('`');
            rest = &rest[at + 1..];
            continue;
        }
        let fence = rest[at..].bytes().take_while(|b| *b == b'`').count();
        let inner = &rest[at + fence..];
        let mut from = 0;
        let end = loop {
            let Some(hit) = inner[from..].find('`') else { break None };
            let run = inner[from + hit..].bytes().take_while(|b| *b == b'`').count();
            if run == fence {
                break Some(from + hit + run);
            }
            from += hit + run;
        };
        rest = &inner[end.unwrap_or_else(|| panic!("a code span stays open: {line}"))..];
    }
    out + rest
}

/// Pipes that are not escaped: GFM splits cells before it looks at code spans.
fn cells(line: &str) -> usize {
    line.replace("\\\\", "").replace("\\|", "").matches('|').count()
}

#[test]
fn objectives_are_read_as_people_write_them() {
    assert_eq!(Slo::parse("99.9"), Some(Slo { allowed_per_billion: 1_000_000, days: 30 }));
    assert_eq!(Slo::parse(" 99.95 % / 28d"), Some(Slo { allowed_per_billion: 500_000, days: 28 }));
    for wrong in ["", "100", "0", "-1", "101%", "99.9/0d", "99.9/x", "three nines", "NaN", "inf"] {
        assert_eq!(Slo::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn the_budget_is_counted_as_the_objective_says() {
    let mut a = sample::rich();
    a.totals.requests = 10_000;
    a.totals.failures = 40;
    let shown = draft(&a, Document { slo: Slo::parse("99.9"), ..Document::default() });
    assert!(
        shown.contains("10,000 requests of these logs 10.0 may fail; 40 did, 4.00 times the allowed rate.")
    );
    // One hour of logs: 10 allowed, so 7,200 in 30 days.
    assert!(shown.contains("30 days allow 7,200 failures: the 40 spent 0.56 % of that budget."), "{shown}");
}
