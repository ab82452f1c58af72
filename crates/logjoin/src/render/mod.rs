//! The table of renderers: an [`Analysis`] in, bytes out.
//!
//! To add a renderer:
//!
//! 1. write `render/<id>.rs` with a `pub(super) static RENDERER: Renderer` and its function;
//! 2. add `mod <id>;` below and the entry to [`RENDERERS`];
//! 3. run the tests with `UPDATE_EXPECT=1` and read `fixtures/reports/rich.<extension>`, which they wrote;
//! 4. if it is a report for people, name it in `every_report_tells_the_same_numbers`.
//!
//! Renderers are pure: width and colour are told, nothing is asked of a terminal. All text goes through [`escape`],
//! all numbers through one spelling (`words`), all choices (which lines prove it, how many clients) through one `view`:
//! so reports cannot contradict each other.

pub mod escape;

mod canvas;
mod compare;
mod csv;
mod explain;
mod html;
mod json;
mod markdown;
mod ndjson;
mod otlp;
mod prometheus;
mod sources;
mod text;
mod view;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use compare::{compare_json, compare_markdown, compare_text};
pub use explain::{explain_cause, explain_failure};
pub use sources::sources;
pub use words::grouped;

use crate::Analysis;
use crate::rows::Names;

/// How to show a result. The same for all renderers; each takes what concerns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions<'a> {
    /// Columns of the terminal; at least 40 are used.
    pub width: usize,
    /// Lines of the terminal: the first screen of the text report keeps to them where it can.
    pub height: usize,
    /// Whether to colour with ANSI sequences.
    pub color: bool,
    /// Everything instead of one screen.
    pub verbose: bool,
    /// JSON on one line.
    pub compact: bool,
    /// Whose names the fields of rows have (NDJSON).
    pub names: Names,
    /// What concerns documents only.
    pub document: Document<'a>,
}

impl Default for RenderOptions<'_> {
    /// 100 columns, 50 lines, no colour, one screen, JSON on many lines.
    fn default() -> Self {
        RenderOptions {
            width: 100,
            height: 50,
            color: false,
            verbose: false,
            compact: false,
            names: Names::Own,
            document: Document::default(),
        }
    }
}

/// What a post-mortem is told beside the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Document<'a> {
    /// Which headings, in which order.
    pub template: Template,
    /// The objective that failures are held against.
    pub slo: Option<Slo>,
    /// The command line that made it, for the appendix.
    pub command: Option<&'a str>,
}

/// The headings of a post-mortem. All of them say the same; `Short` says less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Template {
    /// The order of the book *Site Reliability Engineering*, appendix D.
    #[default]
    Google,
    /// The order of PagerDuty's public guide to post-mortems.
    PagerDuty,
    /// One page.
    Short,
}

impl Template {
    /// All templates with their ids.
    pub const ALL: &'static [(&'static str, Template)] =
        &[("google", Template::Google), ("pagerduty", Template::PagerDuty), ("short", Template::Short)];

    /// Finds a template by its id.
    pub fn by_id(id: &str) -> Option<Template> {
        Template::ALL.iter().find(|(name, _)| *name == id).map(|(_, t)| *t)
    }
}

/// A service level objective: how many of a thousand million requests may fail, over how many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slo {
    /// Failures allowed in 10⁹ requests, 1 to 10⁹ - 1: 1,000,000 for 99.9 %.
    pub allowed_per_billion: u64,
    /// Days of the budget, at least 1.
    pub days: u32,
}

impl Slo {
    /// Reads `99.9`, `99.95%` or `99.9%/28d`; 30 days unless said otherwise.
    pub fn parse(text: &str) -> Option<Slo> {
        let (percent, days) = match text.split_once('/') {
            Some((percent, days)) => (percent, days.trim().trim_end_matches(['d', 'D']).parse().ok()?),
            None => (text, 30),
        };
        let percent: f64 = percent.trim().trim_end_matches('%').trim_end().parse().ok()?;
        if !(percent > 0.0 && percent < 100.0) || days == 0 {
            return None;
        }
        let allowed = ((100.0 - percent) * 1e7).round() as u64;
        Some(Slo { allowed_per_billion: allowed.clamp(1, 999_999_999), days })
    }

    /// The share of requests that may fail.
    pub fn allowed(self) -> f64 {
        self.allowed_per_billion as f64 / 1e9
    }
}

/// One form of the result.
#[derive(Debug)]
#[non_exhaustive]
pub struct Renderer {
    /// Stable id, as given to `--output-format`.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// Extensions of file names that ask for it, without the dot.
    pub extensions: &'static [&'static str],
    /// What it is good for, one sentence.
    pub use_for: &'static str,
    /// Rows of failures instead of a report.
    pub rows: bool,
    /// Makes the bytes.
    pub render: fn(&Analysis, &RenderOptions) -> Vec<u8>,
}

/// All renderers.
pub static RENDERERS: &[&Renderer] = &[
    &text::RENDERER,
    &json::RENDERER,
    &ndjson::RENDERER,
    &csv::RENDERER,
    &markdown::RENDERER,
    &html::RENDERER,
    &prometheus::RENDERER,
    &otlp::RENDERER,
];

/// The page `docs/reports.md`, made from the table.
#[doc(hidden)]
pub fn reference_page() -> String {
    let mut out = String::from(
        "# Reports\n\nGenerated from `crates/logjoin/src/render/`; do not edit.\n\n\
         `logjoin PATH... -F FORMAT` names the format; with `-o FILE` the extension decides.\n\n\
         | format | what it is | extensions | what it is good for |\n| --- | --- | --- | --- |\n",
    );
    for r in RENDERERS {
        let extensions: Vec<String> = r.extensions.iter().map(|e| format!("`.{e}`")).collect();
        out.push_str(&format!("| `{}` | {} | {} | {} |\n", r.id, r.title, extensions.join(" "), r.use_for));
    }
    out
}

/// Finds a renderer by its id.
pub fn by_id(id: &str) -> Option<&'static Renderer> {
    RENDERERS.iter().copied().find(|r| r.id == id)
}

/// Finds the renderer for a file name by its extension, the longest that fits: `a.otlp.json` is not `a.json`.
pub fn by_file_name(name: &str) -> Option<&'static Renderer> {
    let name = name.to_ascii_lowercase();
    let fits = |e: &&&str| name.strip_suffix(**e).is_some_and(|stem| stem.ends_with('.'));
    let longest = |r: &&Renderer| r.extensions.iter().filter(fits).map(|e| e.len()).max();
    RENDERERS.iter().copied().filter(|r| longest(r).is_some()).max_by_key(longest)
}
