//! The draft of a post-mortem: what the logs prove is filled in, what people must add is left blank and marked.
//!
//! Every sentence ends with what it rests on, in brackets: evidence (`E1.2`), an episode or incident (`E1`, `I1`), a
//! failed request (`F12`), or a table of the appendix (`totals`). Nothing is said that has no such ground; a test reads
//! the document and looks each of them up.
//!
//! Texts of logs stand in code spans, names in escaped text: nothing of a log can become a link, an image or a heading.
//! The templates differ in headings and order ([`Template`]); each section is one function, in `story`, `events`,
//! `factors` and `appendix`.

mod appendix;
mod events;
mod factors;
mod story;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use super::escape::markdown as text;
use super::{Document, RenderOptions, Renderer, Template, view, words};
use crate::Analysis;
use crate::analysis::{Evidence, LineRef};
use crate::causes;

pub(super) static RENDERER: Renderer = Renderer {
    id: "markdown",
    title: "a draft of the post-mortem",
    extensions: &["md", "markdown"],
    use_for: "the document after the incident: summary, impact, timeline with sources, factors, action items to assign",
    rows: false,
    render,
};

/// What people fill in.
const BLANK: &str = "_to be filled in_";

/// A draft in the making.
struct Draft<'a> {
    a: &'a Analysis,
    document: Document<'a>,
    /// Whether everything is told; the short template tells the first few of each.
    full: bool,
    out: String,
}

fn render(a: &Analysis, o: &RenderOptions) -> Vec<u8> {
    let full = o.document.template != Template::Short;
    let mut d = Draft { a, document: o.document, full, out: String::new() };
    // Writing to a string cannot fail.
    let _ = d.write();
    d.out.into_bytes()
}

impl Draft<'_> {
    fn write(&mut self) -> fmt::Result {
        self.head()?;
        match self.document.template {
            Template::Google => {
                self.summary("Summary")?;
                self.impact()?;
                self.detection()?;
                self.factors("Contributing factors")?;
                self.limits("What limited the damage")?;
                self.actions()?;
                self.blanks("Lessons", &["What went well", "What went wrong", "Where we were lucky"])?;
                self.timeline()?;
            }
            Template::PagerDuty => {
                self.summary("Overview")?;
                self.impact()?;
                self.detection()?;
                self.factors("Contributing factors")?;
                self.limits("Resolution: what limited the damage")?;
                self.blanks("Responders", &["Incident commander", "Scribe", "Experts"])?;
                self.timeline()?;
                self.blanks("How did we do?", &["What went well", "What did not go so well"])?;
                self.actions()?;
                self.blanks("Messaging", &["Inside", "To customers"])?;
            }
            Template::Short => {
                self.summary("Summary")?;
                self.impact()?;
                self.detection()?;
                self.factors("Contributing factors")?;
                self.limits("What limited the damage")?;
                self.timeline()?;
                self.actions()?;
            }
        }
        self.appendix()
    }

    fn head(&mut self) -> fmt::Result {
        let a = self.a;
        let none = if a.saw_requests() { "no gateway failures" } else { view::NOTHING };
        let title = a.incidents.first().map_or(none, |i| causes::page(i.cause).title);
        writeln!(self.out, "# Post-mortem: {title}\n")?;
        writeln!(self.out, "| | |\n| --- | --- |\n| Status | *draft* |\n| Authors | |")?;
        if let (Some(first), Some(last)) =
            (a.incidents.iter().map(|i| i.start).min(), a.incidents.iter().map(|i| i.end).max())
        {
            writeln!(self.out, "| Failures from, to | {} |", words::range(first, last))?;
        }
        if let Some((start, end)) = view::range(a) {
            writeln!(self.out, "| Logs cover | {} |", words::range(start, end))?;
        }
        writeln!(self.out, "| Made from logs by | {} {} |", text(&a.tool.name), text(&a.tool.version))?;
        writeln!(
            self.out,
            "\nIn brackets: what a sentence rests on. `E1.2` is evidence of episode `E1` under contributing factors, `F7` a \
             failed request (a row of `logjoin join`), a word names a table of the appendix. What no log knows is marked {BLANK}."
        )
    }

    /// A section that people fill in.
    fn blanks(&mut self, title: &str, items: &[&str]) -> fmt::Result {
        writeln!(self.out, "\n## {title}\n")?;
        items.iter().try_for_each(|i| writeln!(self.out, "- {i}: {BLANK}"))
    }

    /// All episodes, in the order of the incidents.
    fn episodes(&self) -> impl Iterator<Item = &crate::analysis::Episode> {
        self.a.incidents.iter().flat_map(|i| &i.episodes)
    }

    /// How many of a list are told.
    fn most(&self, short: usize) -> usize {
        if self.full { usize::MAX } else { short }
    }
}

/// What a sentence rests on: ` [E1.1, E1.2]`; of many the first six.
fn rests_on<S: AsRef<str>>(ids: impl IntoIterator<Item = S>) -> String {
    let ids: Vec<String> = ids.into_iter().take(6).map(|i| text(i.as_ref()).into_owned()).collect();
    if ids.is_empty() { String::new() } else { format!(" [{}]", ids.join(", ")) }
}

/// The ids of evidence.
fn ids_of<'a>(all: impl IntoIterator<Item = &'a Evidence>) -> impl Iterator<Item = &'a str> {
    all.into_iter().map(|e| e.id.as_str())
}

/// A line as a code span.
fn place(at: &LineRef) -> String {
    super::escape::markdown_code(&at.to_string())
}
