//! Tests over the whole table of renderers.

use std::collections::BTreeMap;

use super::*;
use crate::render::{sample, words};
use crate::vocabulary::ClockState;

fn render_with(r: &Renderer, a: &Analysis, o: &RenderOptions) -> String {
    String::from_utf8((r.render)(a, o)).unwrap_or_else(|_| panic!("{} writes UTF-8", r.id))
}

#[test]
fn the_table_is_complete() {
    for (n, r) in RENDERERS.iter().enumerate() {
        assert!(!r.title.is_empty() && !r.use_for.is_empty(), "{}: say what it is for", r.id);
        assert!(!r.extensions.is_empty(), "{}: give it an extension", r.id);
        for e in r.extensions {
            assert!(std::ptr::eq(by_file_name(&format!("a.b.{e}")).unwrap(), *r), "{e} is taken twice");
        }
        assert!(RENDERERS[..n].iter().all(|x| x.id != r.id), "{} is listed twice", r.id);
        assert!(by_id(r.id).is_some());
    }
    assert!(by_file_name("REPORT.HTML").is_some());
    assert!(by_file_name("report").is_none() && by_file_name("report.exe").is_none());
}

#[test]
fn every_file_of_a_renderer_is_listed() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src/render");
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if text.starts_with("//!") && text.contains("\npub(super) static RENDERER: Renderer =") {
            let id = path.file_stem().unwrap().to_str().unwrap();
            assert!(by_id(id).is_some(), "add {id} to RENDERERS in render/mod.rs");
        }
    }
}

/// What was rendered before, for a reviewer to read. `UPDATE_EXPECT=1` writes it anew.
#[test]
fn reports_are_as_expected() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/reports");
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let verbose = RenderOptions { verbose: true, ..RenderOptions::default() };
    let narrow = RenderOptions { width: 60, ..RenderOptions::default() };
    let colored = RenderOptions { color: true, ..RenderOptions::default() };
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for r in RENDERERS {
        let name = format!("rich.{}", r.extensions[0]);
        // Spans are many and alike: one line of them is enough to see a change.
        let o = RenderOptions { compact: r.id == "otlp", ..RenderOptions::default() };
        all.push((name, (r.render)(&sample::rich(), &o)));
    }
    all.push(("rich-verbose.txt".into(), (text::RENDERER.render)(&sample::rich(), &verbose)));
    all.push(("rich-60-columns.txt".into(), (text::RENDERER.render)(&sample::rich(), &narrow)));
    all.push(("rich-colored.txt".into(), (text::RENDERER.render)(&sample::rich(), &colored)));
    all.push(("quiet.txt".into(), (text::RENDERER.render)(&sample::quiet(), &RenderOptions::default())));
    all.push(("quiet.md".into(), (markdown::RENDERER.render)(&sample::quiet(), &RenderOptions::default())));
    all.push(("sources.txt".into(), sources(&sample::rich(), &verbose)));
    all.push(("failure.txt".into(), explain_failure(&sample::rich(), &sample::rich().failures[0], &verbose)));
    for (name, bytes) in all {
        let path = format!("{dir}/{name}");
        if update {
            std::fs::create_dir_all(dir).unwrap();
            std::fs::write(&path, &bytes).unwrap();
        }
        let have = std::fs::read(&path).unwrap_or_default();
        assert!(
            have == bytes,
            "fixtures/reports/{name} differs: run with UPDATE_EXPECT=1 and read the change"
        );
    }
}

#[test]
fn the_documentation_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reports.md");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, super::reference_page()).unwrap();
    }
    let have = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        have == super::reference_page(),
        "docs/reports.md is out of date: run the tests with UPDATE_EXPECT=1"
    );
}

#[test]
fn every_report_tells_the_same_numbers() {
    let a = sample::rich();
    let reports: Vec<(&str, String)> = ["text", "markdown", "html"]
        .iter()
        .map(|id| {
            let o = RenderOptions { verbose: true, width: 10_000, ..RenderOptions::default() };
            let shown = render_with(by_id(id).unwrap(), &a, &o);
            // Entities and escapes stand for the characters that the numbers' words hold.
            (*id, shown.replace("&#45;", "-").replace("&#43;", "+").replace('\\', ""))
        })
        .collect();
    let mut facts: Vec<String> = vec![
        words::count(a.totals.failures, "gateway failure", "gateway failures"),
        words::count(a.totals.requests, "request", "requests"),
        words::grouped(a.totals.hidden_by_retry),
        words::share(a.totals.failures, a.totals.requests),
        words::grouped(a.ledger.lines),
        words::grouped(a.ledger.events),
        words::grouped(a.ledger.continuations),
        words::grouped(a.ledger.unparsed),
        view::map_counts(&a.totals.by_cause),
    ];
    for i in &a.incidents {
        facts.extend([
            i.id.clone(),
            words::grouped(i.failures),
            view::statuses(i),
            words::range(i.start, i.end),
        ]);
        facts.extend([view::clients(&a, i), view::share_sentence(i), i.cause.to_string()]);
        for e in &i.episodes {
            facts.extend([e.id.clone(), words::grouped(e.failures), words::confidence(e.confidence)]);
            facts.extend([
                words::grouped(e.requests),
                words::range(e.start, e.end),
                view::map_counts(&e.by_mechanism),
            ]);
            facts.extend(e.alternatives.iter().map(|x| words::percent(x.confidence)));
        }
    }
    for s in &a.sources {
        facts.extend([
            words::grouped(s.ledger.lines),
            words::grouped(s.ledger.events),
            words::grouped(s.ledger.unparsed),
        ]);
    }
    for k in &a.clocks {
        facts.extend(k.offset_s.filter(|_| k.state == ClockState::Fitted).map(words::offset));
    }
    for u in &a.unknown {
        facts.push(words::count(u.failures, "failure", "failures"));
    }
    for (id, shown) in &reports {
        for fact in &facts {
            assert!(shown.contains(fact.as_str()), "{id} does not say {fact:?}");
        }
    }
}

#[test]
fn sections_about_all_traffic_tell_the_same_numbers() {
    let a = sample::rich();
    let o = RenderOptions { verbose: true, width: 10_000, ..RenderOptions::default() };
    for id in ["text", "html"] {
        let shown = render_with(by_id(id).unwrap(), &a, &o).replace(['`'], "");
        let shown = shown.replace("<code>", "").replace("</code>", "");
        let mut facts: Vec<String> = Vec::new();
        for t in &a.timeouts {
            facts.extend([t.summary.clone(), view::timeout_facts(t).replace('`', "")]);
            facts.extend(
                t.choices.iter().flat_map(|c| [words::length(c.timeout_s), words::percent(c.served)]),
            );
        }
        for r in &a.restarts {
            facts.extend([words::grouped(r.failures_during), view::order(r.order_kept).to_owned()]);
            facts.extend([r.stopped, r.started, r.ready].into_iter().flatten().map(words::clock));
        }
        for h in &a.health_audit {
            facts.extend([words::grouped(h.downs), words::grouped(h.lost_in_lag), h.summary.clone()]);
            facts.extend(h.detection_lag_s.map(words::length));
        }
        for h in &a.hidden {
            facts.extend([words::grouped(h.count), words::range(h.first, h.last)]);
        }
        for s in &a.distribution {
            facts.extend([words::grouped(s.requests), words::percent(s.share)]);
            facts.extend(s.finding.iter().map(|f| view::finding(f).to_owned()));
        }
        facts.extend(a.contrast.iter().filter_map(|x| x.p_value).map(view::chance));
        for fact in facts {
            assert!(shown.contains(&fact), "{id} does not say {fact:?}");
        }
    }
}

#[test]
fn nothing_is_said_of_what_nobody_found() {
    let mut a = sample::rich();
    a.traffic.clear();
    a.timeouts.clear();
    a.restarts.clear();
    a.health_audit.clear();
    a.hidden.clear();
    a.contrast.clear();
    a.excerpts.clear();
    let o = RenderOptions { verbose: true, ..RenderOptions::default() };
    for id in ["text", "html"] {
        let shown = render_with(by_id(id).unwrap(), &a, &o);
        for title in [
            "Restarts, in order",
            "longer timeout",
            "Health checks against",
            "that a retry hid",
            "have in common",
        ] {
            assert!(!shown.contains(title), "{id}: {title}");
        }
    }
}

#[test]
fn the_json_is_the_result() {
    let a = sample::rich();
    let json = render_with(by_id("json").unwrap(), &a, &RenderOptions::default());
    let back: Analysis = serde_json::from_str(&json).unwrap();
    assert_eq!((&back.totals, &back.ledger), (&a.totals, &a.ledger));
    for r in RENDERERS {
        let o = RenderOptions::default();
        assert_eq!(render_with(r, &back, &o), render_with(r, &a, &o), "{}", r.id);
    }
}

#[test]
fn rows_add_up_to_the_totals() {
    let a = sample::rich();
    let mut causes: BTreeMap<String, u64> = BTreeMap::new();
    for line in render_with(by_id("ndjson").unwrap(), &a, &RenderOptions::default()).lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        if row["gateway"] == true {
            *causes.entry(row["cause"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!(causes, a.totals.by_cause);
    let csv = render_with(by_id("csv").unwrap(), &a, &RenderOptions::default());
    assert_eq!(
        csv.lines().filter(|l| l.contains(",oom-kill,")).count() as u64,
        a.totals.by_cause["oom-kill"]
    );
    assert_eq!(
        a.incidents.iter().map(|i| i.failures).sum::<u64>() + a.totals.by_cause["unknown"],
        a.totals.failures
    );
    assert!(a.ledger.holds());
}

#[test]
fn no_report_shows_a_raw_control_character() {
    for r in RENDERERS {
        for a in [sample::rich(), sample::quiet(), sample::empty()] {
            let shown = render_with(r, &a, &RenderOptions { verbose: true, ..RenderOptions::default() });
            let bad = shown.chars().find(|&c| escape::is_unsafe(c) && c != '\n' && c != '\r');
            assert_eq!(bad, None, "{}", r.id);
            assert!(shown.replace("\r\n", "").find('\r').is_none(), "{}", r.id);
        }
    }
}

#[test]
fn text_keeps_to_the_width_and_colour_is_only_an_addition() {
    for width in [1, 40, 60, 80, 100, 200] {
        for verbose in [false, true] {
            let o = RenderOptions { width, verbose, ..RenderOptions::default() };
            let shown = render_with(&text::RENDERER, &sample::rich(), &o);
            // Tables keep their numbers whole: they need more than the narrowest terminal.
            if !verbose || width >= 100 {
                for line in shown.lines() {
                    assert!(canvas::width(line) <= width.max(40), "{width}: {line:?}");
                }
            }
            let colored = render_with(&text::RENDERER, &sample::rich(), &RenderOptions { color: true, ..o });
            assert!(colored.contains("\u{1b}[") && !shown.contains('\u{1b}'));
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for r in RENDERERS {
        let o = RenderOptions::default();
        assert_eq!((r.render)(&sample::rich(), &o), (r.render)(&sample::rich(), &o), "{}", r.id);
    }
}

#[test]
fn many_incidents_stay_readable() {
    let mut a = sample::rich();
    for n in 3..40 {
        let mut i = a.incidents[1].clone();
        i.id = format!("I{n}");
        a.incidents.push(i);
    }
    for (width, height) in [(80, 24), (80, 40), (100, 50), (120, 60), (200, 100)] {
        let o = RenderOptions { width, height, ..RenderOptions::default() };
        let short = render_with(&text::RENDERER, &a, &o);
        assert!(short.contains("smaller incidents") && short.contains("more; -v shows them"), "{short}");
        // The least that is ever said takes about forty lines of eighty columns, with warnings and doubts in each section.
        assert!(short.lines().count() <= height.max(48), "{width}x{height}:\n{short}");
        assert!(short.contains("proof") && short.contains("  do "), "{short}");
    }
    let long = render_with(&text::RENDERER, &a, &RenderOptions { verbose: true, ..RenderOptions::default() });
    assert!(!long.contains("smaller incidents"));
}

#[test]
fn failures_that_stand_for_others_say_so() {
    let mut a = sample::rich();
    let listed = a.failures.len() as u64;
    a.failures[0].stands_for = 1_204;
    a.totals.failures += 1_203;
    let o = RenderOptions::default();
    let shown = |id: &str| render_with(by_id(id).unwrap(), &a, &o);
    let all = words::grouped(listed + 1_203);
    for (id, words) in [
        ("json", "\"stands_for\": 1204".to_owned()),
        ("ndjson", "\"stands_for\":1204".to_owned()),
        ("csv", ",stands_for,".to_owned()),
        ("csv", ",1204,".to_owned()),
        ("otlp", "logjoin.stands_for".to_owned()),
        ("markdown", format!("| failures listed | {listed}, for {all} |")),
        ("html", format!("{listed} rows stand for {all}")),
        ("html", "<td class=\"n\">1,204</td>".to_owned()),
        ("html", "\"stands\":".to_owned()),
    ] {
        assert!(shown(id).contains(&words), "{id} does not say {words}");
    }
    let ecs = RenderOptions { names: crate::rows::Names::Ecs, ..RenderOptions::default() };
    assert!(render_with(by_id("ndjson").unwrap(), &a, &ecs).contains("\"logjoin.stands_for\":1204"));
    let explained = String::from_utf8(explain_failure(&a, &a.failures[0], &o)).unwrap();
    assert!(explained.contains("1,203 others that are not listed"), "{explained}");
    // Nothing of it where each stands for itself.
    let plain = sample::rich();
    for id in ["json", "ndjson", "otlp", "html"] {
        let shown = render_with(by_id(id).unwrap(), &plain, &o);
        assert!(!shown.contains("stands_for") && !shown.contains("rows stand for"), "{id}");
    }
}
