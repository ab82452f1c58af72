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
mod csv;
mod explain;
mod html;
mod json;
mod markdown;
mod ndjson;
mod sources;
mod text;
mod view;
pub(crate) mod words;

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use explain::{explain_cause, explain_failure};
pub use sources::sources;

use crate::Analysis;

/// How to show a result. The same for all renderers; each takes what concerns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderOptions {
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
}

impl Default for RenderOptions {
    /// 100 columns, 50 lines, no colour, one screen, JSON on many lines.
    fn default() -> RenderOptions {
        RenderOptions { width: 100, height: 50, color: false, verbose: false, compact: false }
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
];

/// `docs/reports.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Reports\n\nGenerated from `crates/logjoin/src/render/`; do not edit.\n\n\
         `logjoin PATH... -F FORMAT` names the form; `-o FILE` takes it from the extension.\n\n\
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

/// Finds the renderer for a file name by its extension.
pub fn by_file_name(name: &str) -> Option<&'static Renderer> {
    let (_, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    RENDERERS.iter().copied().find(|r| r.extensions.contains(&extension.as_str()))
}
