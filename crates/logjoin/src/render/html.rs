//! The report as one self-contained HTML file, for the meeting.
//!
//! Nothing is loaded from anywhere and nothing of a log is markup: all text passes [`Page::text`], and the content
//! security policy allows exactly our own style sheet and script by their hashes, so that even a slip could not run.
//! The page reads well without the script, which only filters and sorts the table of failures.

use super::{RenderOptions, Renderer, escape, view, words};
use crate::Analysis;
use crate::analysis::{Episode, Evidence, Incident};
use crate::causes;

mod sha256;
mod tables;
mod timeline;

pub(super) static RENDERER: Renderer = Renderer {
    id: "html",
    title: "the report as one HTML file",
    extensions: &["html", "htm"],
    use_for: "the meeting: timeline, verdicts with evidence, a table of failures; loads nothing, works from a file",
    rows: false,
    render,
};

const STYLE: &str = include_str!("html/style.css");
const SCRIPT: &str = include_str!("html/script.js");

/// HTML in the making. Markup is `'static`, everything else is escaped.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    /// Markup of our own.
    fn raw(&mut self, markup: &'static str) -> &mut Page {
        self.0.push_str(markup);
        self
    }

    /// Anything else.
    fn text(&mut self, text: impl AsRef<str>) -> &mut Page {
        self.0.push_str(&escape::html(text.as_ref()));
        self
    }

    /// A text in an element of our own.
    fn element(&mut self, open: &'static str, text: impl AsRef<str>, close: &'static str) -> &mut Page {
        self.raw(open).text(text).raw(close)
    }

    /// A number, for attributes of drawings.
    fn number(&mut self, n: f64) -> &mut Page {
        self.0.push_str(&format!("{}", (n * 10.0).round() / 10.0));
        self
    }
}

fn render(a: &Analysis, _: &RenderOptions) -> Vec<u8> {
    let mut p = Page::default();
    head(&mut p);
    let t = &a.totals;
    p.raw("<header><h1>Gateway failures</h1>\n<p>");
    let class = if t.failures == 0 { "<strong class=\"good\">" } else { "<strong class=\"bad\">" };
    p.element(class, words::count(t.failures, "gateway failure", "gateway failures"), "</strong>");
    p.text(format!(
        " in {} ({}), {}",
        words::count(t.requests, "request", "requests"),
        words::share(t.failures, t.requests),
        words::count(a.incidents.len() as u64, "incident", "incidents")
    ));
    p.raw("</p>\n<p class=\"mute\">");
    if let Some((start, end)) = view::range(a) {
        p.text(format!("{}; ", words::range(start, end)));
    }
    p.text(format!(
        "{}, {}, {}; made by {} {}",
        words::count(a.sources.len() as u64, "source", "sources"),
        view::files(a),
        words::count(a.ledger.lines, "line", "lines"),
        a.tool.name,
        a.tool.version
    ));
    p.raw("</p></header>\n<main>\n");
    timeline::draw(&mut p, a);
    for i in &a.incidents {
        incident(&mut p, a, i);
    }
    tables::all(&mut p, a);
    p.raw("</main>\n<script>").raw(SCRIPT).raw("</script>\n</body></html>\n");
    p.0.into_bytes()
}

fn head(p: &mut Page) {
    p.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    p.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    p.text(hash(STYLE)).raw("'; script-src 'sha256-").text(hash(SCRIPT));
    p.raw("'; base-uri 'none'; form-action 'none'\">\n");
    p.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    p.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>Gateway failures</title>\n<style>");
    p.raw(STYLE).raw("</style></head>\n<body>\n");
}

fn hash(of: &str) -> String {
    sha256::base64(&sha256::sha256(of.as_bytes()))
}

fn incident(p: &mut Page, a: &Analysis, i: &Incident) {
    let page = causes::page(i.cause);
    p.raw("<section class=\"incident\"><h2>").text(&i.id).text(": ").text(page.title);
    p.element(" <code>", i.cause.as_str(), "</code></h2>\n");
    p.element("<p>", &i.summary, "</p>\n<dl>");
    p.raw("<dt>impact</dt><dd>");
    p.element("<span class=\"bad\">", words::count(i.failures, "failure", "failures"), "</span>");
    p.text(format!(" ({}); {}; {}", view::statuses(i), view::share_sentence(i), view::clients(a, i)));
    p.raw("</dd><dt>paths</dt><dd>");
    for (n, e) in view::endpoints(i, 10).iter().enumerate() {
        p.raw(if n > 0 { ", " } else { "" });
        p.element("<code>", &e.value, "</code>").text(format!(" ({})", words::grouped(e.count)));
    }
    p.raw("</dd><dt>when</dt><dd>").text(words::range(i.start, i.end));
    p.text(format!(" ({})", words::length(i.end.seconds() - i.start.seconds())));
    p.raw("</dd><dt>who</dt><dd>").text(words::list(&view::union(i, |e| &e.targets)));
    p.raw("</dd></dl>\n");
    for e in &i.episodes {
        episode(p, e);
    }
    p.raw("</section>\n");
}

fn episode(p: &mut Page, e: &Episode) {
    p.raw("<h3>").text(&e.id).text(": ").text(causes::page(e.cause).title);
    p.element(" <code>", e.cause.as_str(), "</code></h3>\n<p>");
    p.text(format!(
        "{} of {}, {}, from {}; seen as {}",
        words::count(e.failures, "failure", "failures"),
        words::count(e.requests, "request", "requests"),
        words::count(e.clients, "client", "clients"),
        words::range(e.start, e.end),
        view::map_counts(&e.by_mechanism)
    ));
    p.raw("</p>\n<p>").text(causes::page(e.cause).meaning).raw(" Confidence: ");
    let class = if e.confidence >= 0.85 { "<strong class=\"good\">" } else { "<strong class=\"warn\">" };
    p.element(class, words::confidence(e.confidence), "</strong>");
    if let Some(d) = &e.detail {
        p.text(format!(" ({d})"));
    }
    p.raw("</p>\n");
    facts(p, "<p class=\"mute\">Proof</p>", &e.evidence);
    facts(p, "<p class=\"mute\">Against</p>", &e.against);
    if !e.advice.is_empty() {
        p.raw("<p class=\"mute\">To do</p><ol>");
        e.advice.iter().for_each(|x| {
            p.element("<li>", x, "</li>");
        });
        p.raw("</ol>\n");
    }
    p.raw("<details><summary>What else was considered</summary><ul>");
    for x in &e.alternatives {
        p.raw("<li>also possible: <code>").text(x.cause.as_str()).raw("</code> ");
        p.text(words::percent(x.confidence)).raw("</li>");
    }
    for r in &e.ruled_out {
        p.raw("<li>ruled out: <code>").text(r.cause.as_str()).raw("</code>: ").text(&r.why).raw("</li>");
    }
    if !e.refuted_by.is_empty() {
        p.element("<li>this is wrong if there was ", &e.refuted_by, "</li>");
    }
    p.raw("</ul></details>\n");
}

fn facts(p: &mut Page, title: &'static str, all: &[Evidence]) {
    if all.is_empty() {
        return;
    }
    p.raw(title).raw("<ul>");
    for e in all {
        p.raw("<li>").text(&e.claim);
        if e.count > 1 {
            p.text(format!(" ({} lines)", words::grouped(e.count)));
        }
        for at in e.lines.iter().take(3) {
            p.element(" <span class=\"place\">", at.to_string(), "</span>");
        }
        if let Some(line) = &e.text {
            p.element("<span class=\"line\">", line, "</span>");
        }
        p.raw("</li>\n");
    }
    p.raw("</ul>\n");
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn page() -> String {
        String::from_utf8(render(&sample::rich(), &RenderOptions::default())).unwrap()
    }

    /// All tags of a page, with their attributes.
    fn tags(html: &str) -> Vec<&str> {
        let (before, rest) = html.split_once("<style>").unwrap();
        let (_, body) = rest.split_once("</style>").unwrap();
        let (body, after) = body.split_once("<script>").unwrap();
        let (_, after) = after.split_once("</script>").unwrap();
        [before, body, after]
            .iter()
            .flat_map(|part| part.split('<').skip(1).map(|t| t.split_once('>').expect("a closed tag").0))
            .collect()
    }

    #[test]
    fn nothing_of_a_log_is_markup() {
        const OURS: &[&str] = &[
            "!doctype",
            "html",
            "head",
            "meta",
            "title",
            "body",
            "header",
            "main",
            "section",
            "h1",
            "h2",
            "h3",
            "p",
            "strong",
            "span",
            "code",
            "dl",
            "dt",
            "dd",
            "ul",
            "ol",
            "li",
            "details",
            "summary",
            "table",
            "caption",
            "thead",
            "tbody",
            "tr",
            "th",
            "td",
            "div",
            "label",
            "input",
            "output",
            "figure",
            "figcaption",
            "svg",
            "rect",
            "line",
            "text",
            "br",
            "g",
            "style",
            "script",
        ];
        for tag in tags(&page()) {
            let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
            assert!(OURS.contains(&name), "<{tag}>");
            assert!(!tag.contains(" on") && !tag.contains("style=") && !tag.contains("href"), "<{tag}>");
        }
    }

    #[test]
    fn every_element_is_closed() {
        let html = page();
        let mut open: Vec<&str> = Vec::new();
        for tag in tags(&html) {
            let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
            if tag.starts_with('/') {
                // Style and script are cut out together with their contents.
                assert_eq!(open.pop(), Some(name), "</{name}> closes something else");
            } else if !["!doctype", "meta", "input"].contains(&name) && !tag.ends_with('/') {
                open.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn nothing_is_loaded() {
        let html = page();
        // In the text of a log these are harmless: only our own markup, style and script count.
        let markup = format!("{} {STYLE} {SCRIPT}", tags(&html).join(" "));
        for forbidden in ["src=", "url(", "@import", "link", "iframe", "refresh", "xlink"] {
            assert!(!markup.replace("--link", "").contains(forbidden), "{forbidden}");
        }
        assert_eq!(html.matches("<script").count(), 1);
        assert!(html.contains(&format!("script-src 'sha256-{}'", hash(SCRIPT))));
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("</") && !STYLE.contains("</"));
    }
}
