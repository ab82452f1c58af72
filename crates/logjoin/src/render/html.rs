//! The report as one self-contained HTML file, for the meeting.
//!
//! Nothing is loaded from anywhere and nothing of a log is markup: all text passes [`Page::text`] or, as data of the script,
//! `data`; the content security policy allows exactly our own style sheet and script by their hashes, so that even a slip
//! could not run. The page reads well without the script, which adds what takes a machine: one time axis to brush, a list
//! of all failures, and their lines side by side.

use super::{RenderOptions, Renderer, escape, view, words};
use crate::Analysis;
use crate::causes;

mod cause_pages;
mod data;
mod sections;
mod servers;
mod sha256;
mod tables;
mod timeline;
mod verdict;

pub(super) static RENDERER: Renderer = Renderer {
    id: "html",
    title: "the report as one HTML file",
    extensions: &["html", "htm"],
    use_for: "the meeting: verdicts with evidence, one time axis over failures, load and instances, every failed request with its lines side by side; one file that loads nothing else",
    rows: false,
    render,
};

const STYLE: &str = include_str!("html/style.css");
/// The parts share one scope of their own.
const SCRIPT: &str = concat!(
    "\"use strict\";\n(() => {\n",
    include_str!("html/script/data.js"),
    include_str!("html/script/filter.js"),
    include_str!("html/script/chart.js"),
    include_str!("html/script/detail.js"),
    include_str!("html/script/list.js"),
    include_str!("html/script/main.js"),
    "})();\n",
);

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

    /// Running text in which backticks mark code, as in advice.
    fn prose(&mut self, text: impl AsRef<str>) -> &mut Page {
        let text = text.as_ref();
        if !text.matches('`').count().is_multiple_of(2) {
            return self.text(text);
        }
        for (n, part) in text.split('`').enumerate() {
            if n % 2 == 1 {
                self.element("<code>", part, "</code>");
            } else {
                self.text(part);
            }
        }
        self
    }

    /// A number, for attributes of drawings.
    fn number(&mut self, n: f64) -> &mut Page {
        self.0.push_str(&format!("{}", (n * 10.0).round() / 10.0));
        self
    }

    /// JSON for the script: it has no `<`, so it cannot end its element.
    fn data(&mut self, json: &str) -> &mut Page {
        self.0.push_str(&escape::json(json));
        self
    }
}

fn render(a: &Analysis, _: &RenderOptions) -> Vec<u8> {
    let mut p = Page::default();
    let data = data::build(a);
    head(&mut p);
    headline(&mut p, a);
    p.raw("<main>\n");
    verdict::overview(&mut p, a);
    timeline::draw(&mut p, a, data.rows);
    a.incidents.iter().enumerate().for_each(|(n, i)| verdict::incident(&mut p, a, n, i));
    tables::failures(&mut p, a, data.rows);
    servers::all(&mut p, a);
    sections::all(&mut p, a);
    tables::all(&mut p, a);
    cause_pages::all(&mut p, a);
    p.raw("</main>\n");
    p.raw("<script type=\"application/json\" id=\"data\">").data(&data.json).raw("</script>\n");
    p.raw("<script>").raw(SCRIPT).raw("</script>\n</body></html>\n");
    p.0.into_bytes()
}

fn head(p: &mut Page) {
    p.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n");
    p.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    p.text(hash(STYLE)).raw("'; script-src 'sha256-").text(hash(SCRIPT));
    p.raw("'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'\">\n");
    p.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    p.raw("<meta name=\"referrer\" content=\"no-referrer\">\n<title>Gateway failures</title>\n<style>");
    p.raw(STYLE).raw("</style></head>\n<body>\n");
}

fn hash(of: &str) -> String {
    sha256::base64(&sha256::sha256(of.as_bytes()))
}

fn headline(p: &mut Page, a: &Analysis) {
    let t = &a.totals;
    p.raw("<a class=\"skip\" href=\"#failed\">to the failed requests</a>\n<header><div class=\"bar-right\">");
    p.raw("<button type=\"button\" id=\"theme\" class=\"live-only\">colours: as the system</button></div>");
    p.raw("<h1>Gateway failures</h1>\n<p class=\"lead\">");
    if a.saw_requests() {
        let class = if t.failures == 0 { "<strong class=\"good\">" } else { "<strong class=\"bad\">" };
        p.element(class, words::count(t.failures, "gateway failure", "gateway failures"), "</strong>");
        p.text(format!(
            " in {} ({}), {}",
            words::count(t.requests, "request", "requests"),
            words::share(t.failures, t.requests),
            words::count(a.incidents.len() as u64, "incident", "incidents")
        ));
    } else {
        p.element("<strong class=\"warn\">", view::NOTHING, "</strong>");
    }
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
    p.raw("</p></header>\n");
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
        let (body, data) = body.split_once("<script type=\"application/json\" id=\"data\">").unwrap();
        let (_, script) = data.split_once("</script>").unwrap();
        let (between, script) = script.split_once("<script>").unwrap();
        let (_, after) = script.split_once("</script>").unwrap();
        [before, body, between, after]
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
            "h4",
            "p",
            "a",
            "nav",
            "button",
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
            assert!(!tag.contains(" on") && !tag.contains("style="), "<{tag}>");
            let elsewhere = tag.split("href=").skip(1).find(|at| !at.starts_with("\"#"));
            assert_eq!(elsewhere, None, "<{tag}>");
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
        for forbidden in ["src=", "url(", "@import", "<link", "iframe", "refresh", "xlink"] {
            assert!(!markup.contains(forbidden), "{forbidden}");
        }
        assert_eq!(html.matches("<script").count(), 2);
        assert!(html.contains(&format!("script-src 'sha256-{}'", hash(SCRIPT))));
        assert!(!SCRIPT.contains("</") && !STYLE.contains("</"));
        for sink in
            ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch("]
        {
            assert!(!SCRIPT.contains(sink), "{sink}");
        }
    }
}
