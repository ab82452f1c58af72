//! A page of text for a terminal: coloured spans, wrapped and aligned to a width.
//!
//! The trick: spans keep their meaning ([`Role`]) until the last moment, so that widths are counted without escape
//! sequences, and every span is made harmless by [`escape::terminal`] on its way in. Colour only repeats what the words
//! say.

use std::borrow::Cow;

use anstyle::{AnsiColor, Style};

use super::escape;

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Running text.
    Plain,
    /// What the eye shall find first.
    Strong,
    /// A heading.
    Title,
    /// Something failed.
    Bad,
    /// Something needs care.
    Warn,
    /// Something is well.
    Good,
    /// A place in a log.
    Place,
    /// Less important.
    Faint,
}

impl Role {
    fn style(self) -> Style {
        let new = Style::new();
        match self {
            Role::Plain => new,
            Role::Strong => new.bold(),
            Role::Title => new.bold().underline(),
            Role::Bad => new.bold().fg_color(Some(AnsiColor::Red.into())),
            Role::Warn => new.fg_color(Some(AnsiColor::Yellow.into())),
            Role::Good => new.fg_color(Some(AnsiColor::Green.into())),
            Role::Place => new.fg_color(Some(AnsiColor::Cyan.into())),
            Role::Faint => new.dimmed(),
        }
    }
}

/// Text with a role, already harmless.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    role: Role,
    text: String,
}

/// A span of running text.
pub(crate) fn plain(text: impl AsRef<str>) -> Span {
    span(Role::Plain, text)
}

/// A span with a role.
pub(crate) fn span(role: Role, text: impl AsRef<str>) -> Span {
    Span { role, text: escape::terminal(text.as_ref()).into_owned() }
}

/// How a column of a table is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// To the left; cut when the page is too narrow.
    Left,
    /// To the right, never cut: numbers.
    Right,
}

/// The page.
#[derive(Debug)]
pub(crate) struct Canvas {
    out: String,
    width: usize,
    color: bool,
    /// The role whose style is on.
    on: Role,
}

/// Columns of the label in front of a row.
const LABEL: usize = 11;

impl Canvas {
    /// An empty page; `width` is at least 40.
    pub(crate) fn new(width: usize, color: bool) -> Canvas {
        Canvas { out: String::new(), width: width.max(40), color, on: Role::Plain }
    }

    /// The finished page.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    /// The width of the page.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Lines so far.
    pub(crate) fn lines(&self) -> usize {
        self.out.matches('\n').count()
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.newline();
        }
    }

    /// A heading with space above.
    pub(crate) fn title(&mut self, text: &str) {
        self.blank();
        self.put(&span(Role::Title, text));
        self.newline();
    }

    /// A paragraph, wrapped, each line `indent` columns in.
    pub(crate) fn para(&mut self, indent: usize, spans: &[Span]) {
        self.wrap(indent, indent, spans);
    }

    /// A paragraph whose first line starts with a mark (`- `, `1. `) and whose others hang.
    pub(crate) fn item(&mut self, indent: usize, mark: &str, spans: &[Span]) {
        self.pad(indent);
        self.put(&span(Role::Faint, mark));
        self.wrap_from(indent + width(mark), indent + width(mark), spans);
    }

    /// A label and what belongs to it.
    pub(crate) fn row(&mut self, label: &str, spans: &[Span]) {
        self.pad(2);
        self.put(&span(Role::Faint, label));
        let at = 2 + width(label);
        self.pad((2 + LABEL).saturating_sub(at).max(1));
        self.wrap_from(at.max(2 + LABEL), 2 + LABEL, spans);
    }

    /// One line of spans, cut at the edge of the page.
    pub(crate) fn clipped(&mut self, indent: usize, spans: &[Span]) {
        self.pad(indent);
        let mut left = self.width.saturating_sub(indent);
        for s in spans {
            let text = clip(&s.text, left);
            left -= width(&text).min(left);
            self.put(&Span { role: s.role, text: text.into_owned() });
        }
        self.newline();
    }

    /// A table with a heading. Columns to the left share what room there is.
    pub(crate) fn table(&mut self, indent: usize, head: &[(&str, Align)], rows: &[Vec<Span>]) {
        let mut widths: Vec<usize> = head.iter().map(|(h, _)| width(h)).collect();
        for row in rows {
            for (w, cell) in widths.iter_mut().zip(row) {
                *w = (*w).max(width(&cell.text));
            }
        }
        let gaps = 2 * head.len().saturating_sub(1) + indent;
        while widths.iter().sum::<usize>() + gaps > self.width {
            let widest = (0..head.len())
                .filter(|&i| head[i].1 == Align::Left && widths[i] > 8)
                .max_by_key(|&i| widths[i]);
            match widest {
                Some(i) => widths[i] -= 1,
                None => break,
            }
        }
        let heading: Vec<Span> = head.iter().map(|(h, _)| span(Role::Faint, h)).collect();
        self.table_row(indent, head, &widths, &heading);
        for row in rows {
            self.table_row(indent, head, &widths, row);
        }
    }

    fn table_row(&mut self, indent: usize, head: &[(&str, Align)], widths: &[usize], row: &[Span]) {
        self.pad(indent);
        for (i, cell) in row.iter().enumerate().take(head.len()) {
            // The end of a path tells more than its beginning.
            let text = if cell.role == Role::Place {
                clip_start(&cell.text, widths[i])
            } else {
                clip(&cell.text, widths[i])
            };
            let room = widths[i] - width(&text).min(widths[i]);
            if head[i].1 == Align::Right {
                self.pad(room);
            }
            self.put(&Span { role: cell.role, text: text.into_owned() });
            if i + 1 < head.len() {
                self.pad(if head[i].1 == Align::Left { room + 2 } else { 2 });
            }
        }
        while self.out.ends_with(' ') {
            self.out.pop();
        }
        self.newline();
    }

    fn wrap(&mut self, first: usize, rest: usize, spans: &[Span]) {
        self.pad(first);
        self.wrap_from(first, rest, spans);
    }

    /// Sets words from column `at` on; further lines start at column `rest`.
    fn wrap_from(&mut self, mut at: usize, rest: usize, spans: &[Span]) {
        // Words, and whether a space stands before them. Without one, a word belongs to the one before it.
        let mut words: Vec<(&str, Role, bool)> = Vec::new();
        let mut space = false;
        for s in spans {
            for (i, word) in s.text.split(' ').enumerate() {
                space |= i > 0;
                if !word.is_empty() {
                    words.push((word, s.role, space && !words.is_empty()));
                    space = false;
                }
            }
        }
        for (n, &(word, role, space)) in words.iter().enumerate() {
            if space {
                let tail = words[n + 1..].iter().take_while(|w| !w.2).map(|w| width(w.0)).sum::<usize>();
                if at + 1 + width(word) + tail > self.width && at > rest {
                    self.newline();
                    self.pad(rest);
                    at = rest;
                } else {
                    self.out.push(' ');
                    at += 1;
                }
            }
            at = self.word(word, role, at, rest);
        }
        self.newline();
    }

    /// Sets one word, breaking it where it is longer than a whole line.
    fn word(&mut self, word: &str, role: Role, mut at: usize, rest: usize) -> usize {
        let room = self.width.saturating_sub(rest).max(1);
        if width(word) <= room {
            self.put(&Span { role, text: word.to_owned() });
            return at + width(word);
        }
        let mut piece = String::new();
        for c in word.chars() {
            let w = char_width(c);
            if at + w > self.width && at > rest {
                self.put(&Span { role, text: std::mem::take(&mut piece) });
                self.newline();
                self.pad(rest);
                at = rest;
            }
            piece.push(c);
            at += w;
        }
        self.put(&Span { role, text: piece });
        at
    }

    fn pad(&mut self, n: usize) {
        self.plain();
        self.out.extend(std::iter::repeat_n(' ', n));
    }

    /// Adds a text in the style of its role. A style stays on until a text of another role or the end of the line.
    fn put(&mut self, s: &Span) {
        if s.text.is_empty() {
            return;
        }
        if self.color && self.on != s.role {
            self.plain();
            self.out.push_str(&s.role.style().render().to_string());
            self.on = s.role;
        }
        self.out.push_str(&s.text);
    }

    /// Ends the style that is on.
    fn plain(&mut self) {
        if self.on != Role::Plain {
            self.out.push_str(&self.on.style().render_reset().to_string());
            self.on = Role::Plain;
        }
    }

    /// Ends the line, and with it the style.
    fn newline(&mut self) {
        self.plain();
        self.out.push('\n');
    }
}

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Columns of one character: 0 for combining marks, 2 for what East Asian terminals set wide, else 1. A short form of
/// Unicode Standard Annex 11, enough to keep columns straight.
fn char_width(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x610..=0x61a | 0x64b..=0x65f | 0x1ab0..=0x1aff => 0,
        0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff => 2,
        0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Cuts a text to a number of columns, an ellipsis standing for the rest.
pub(crate) fn clip(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut left = columns.saturating_sub(1);
    let mut out = String::new();
    for c in text.chars() {
        let w = char_width(c);
        if w > left {
            break;
        }
        left -= w;
        out.push(c);
    }
    if columns > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// Cuts a text to a number of columns from its start.
fn clip_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut left = columns.saturating_sub(1);
    let mut from = text.len();
    for (i, c) in text.char_indices().rev() {
        let w = char_width(c);
        if w > left {
            break;
        }
        left -= w;
        from = i;
    }
    Cow::Owned(format!("…{}", &text[from..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, color: bool, draw: impl Fn(&mut Canvas)) -> String {
        let mut c = Canvas::new(width, color);
        draw(&mut c);
        String::from_utf8(c.into_bytes()).unwrap()
    }

    #[test]
    fn rows_hang_under_their_label() {
        let text = page(40, false, |c| {
            c.row("impact", &[plain("one two three four five six seven"), plain(", "), plain("eight")]);
        });
        assert_eq!(text, "  impact     one two three four five six\n             seven, eight\n");
    }

    #[test]
    fn no_line_is_wider_than_the_page() {
        let long = "x".repeat(200);
        let text = page(50, false, |c| {
            c.para(3, &[plain(&long), plain(" 日本語日本語日本語日本語日本語日本語 "), plain("end")]);
            c.clipped(2, &[plain("a"), plain(&long)]);
            c.table(2, &[("n", Align::Right), ("text", Align::Left)], &[vec![plain("12"), plain(&long)]]);
            c.item(2, "1. ", &[plain(long.repeat(2))]);
        });
        for line in text.lines() {
            assert!(width(line) <= 50, "{line:?}");
        }
        assert!(text.matches('x').count() > 600);
    }

    #[test]
    fn cut_texts_keep_what_tells_most() {
        assert_eq!(clip("abcdef", 4), "abc…");
        assert_eq!(clip_start("logs/a/access.log", 11), "…access.log");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!((clip("abc", 0), clip("abc", 3)), ("".into(), "abc".into()));
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let draw = |c: &mut Canvas| {
            c.title("Heading");
            c.row(
                "why",
                &[span(Role::Bad, "oom-kill"), plain(" and "), span(Role::Faint, "more words here")],
            );
            c.table(
                0,
                &[("a", Align::Left), ("b", Align::Right)],
                &[vec![span(Role::Warn, "x"), plain("1")]],
            );
        };
        let colored = page(60, true, draw);
        let mut bare = String::new();
        let mut in_escape = false;
        for c in colored.chars() {
            match c {
                '\u{1b}' => in_escape = true,
                'm' if in_escape => in_escape = false,
                c if !in_escape => bare.push(c),
                _ => {}
            }
        }
        assert!(colored.contains("\u{1b}[") && !bare.contains('\u{1b}'));
        assert_eq!(bare, page(60, false, draw));
    }

    #[test]
    fn log_text_cannot_paint() {
        for text in escape::HOSTILE {
            let shown = page(80, false, |c| {
                c.para(0, &[plain(text)]);
                c.table(0, &[("a", Align::Left)], &[vec![plain(text)]]);
            });
            assert!(!shown.replace('\n', "").chars().any(escape::is_unsafe), "{shown:?}");
        }
    }
}
