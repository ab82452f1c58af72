//! Makes text from logs harmless where it is shown.
//!
//! Log lines are written by strangers: a request target may hold an escape sequence that repaints the terminal, a
//! right-to-left mark that reorders the row, a script, a table cell, a spreadsheet formula. Every renderer passes every
//! text through one function of this module, also the texts of our own: they hold nothing that would change.
//!
//! The trick: one definition of *unsafe to show* ([`is_unsafe`]) serves all forms; each form then adds the few
//! characters that mean something to it.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character has no honest look of its own: control characters (C0, DEL, C1), line and paragraph separators,
/// bidirectional controls, zero-width and other invisible characters (Unicode Standard Annex 9 and its property
/// `Default_Ignorable_Code_Point`).
pub fn is_unsafe(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Replaces what `special` names, leaves the rest, and borrows when there is nothing to do.
fn replace<'a>(text: &'a str, special: impl Fn(char, &mut String) -> bool) -> Cow<'a, str> {
    let mut probe = String::new();
    let Some((at, _)) = text.char_indices().find(|&(_, c)| {
        probe.clear();
        special(c, &mut probe)
    }) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..at]);
    for c in text[at..].chars() {
        if !special(c, &mut out) {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Writes an unsafe character in the way of Rust's string literals: `\n`, `\x1b`, `\u{202e}`.
pub(crate) fn push_escape(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if (c as u32) < 0x80 => {
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        c => {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
    }
}

/// Pushes the escape of an unsafe character, or says that there is none.
fn visible(c: char, out: &mut String) -> bool {
    let hit = is_unsafe(c);
    if hit {
        push_escape(c, out);
    }
    hit
}

/// For a terminal, and the base of all other forms: what cannot be seen is spelt out.
///
/// ```
/// use logjoin::render::escape::terminal;
/// assert_eq!(terminal("GET /\u{1b}[2J"), "GET /\\x1b[2J");
/// ```
pub fn terminal(text: &str) -> Cow<'_, str> {
    replace(text, visible)
}

/// For the text and the quoted attributes of HTML.
pub fn html(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| {
        let entity = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '"' => "&quot;",
            '\'' => "&#39;",
            c => return visible(c, out),
        };
        out.push_str(entity);
        true
    })
}

/// For running text in Markdown (CommonMark with tables): no emphasis, code, link, image, autolink, mention, table cell,
/// heading, list item, formula or HTML can come out of it.
pub fn markdown(text: &str) -> Cow<'_, str> {
    let escaped = replace(text, |c, out| {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Mentions and bare addresses are linked by some readers; an entity hides them from the scanner.
            '@' => out.push_str("&#64;"),
            c => return visible(c, out),
        }
        true
    });
    let linked = escaped.contains("://") || escaped.to_ascii_lowercase().contains("www.");
    let escaped = if linked { Cow::Owned(break_links(&escaped)) } else { escaped };
    // Block markers count only where a line begins.
    match escaped.as_bytes().first() {
        Some(b'-' | b'+' | b'=' | b':' | b' ') => {
            Cow::Owned(format!("&#{};{}", escaped.as_bytes()[0], &escaped[1..]))
        }
        Some(b'0'..=b'9') => Cow::Owned(break_list_number(&escaped)),
        _ => escaped,
    }
}

fn break_links(text: &str) -> String {
    let mut out = text.replace("://", "&#58;//");
    let mut from = 0;
    while let Some(at) = out[from..].to_ascii_lowercase().find("www.") {
        let dot = from + at + 3;
        out.replace_range(dot..dot + 1, "&#46;");
        from = dot;
    }
    out
}

fn break_list_number(text: &str) -> String {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    // Only a space or the end of the line makes it one: `1.5 s` is none.
    if !matches!(text.as_bytes().get(digits + 1), None | Some(b' ')) {
        return text.to_owned();
    }
    match text.as_bytes().get(digits) {
        Some(b'.') => format!("{}&#46;{}", &text[..digits], &text[digits + 1..]),
        Some(b')') => format!("{}&#41;{}", &text[..digits], &text[digits + 1..]),
        _ => text.to_owned(),
    }
}

/// A code span of Markdown: fenced by more backticks than the text has in a row, pipes escaped so that it may stand in
/// a table. An empty text gives `-`.
pub fn markdown_code(text: &str) -> String {
    let text = terminal(text);
    let text = text.trim();
    if text.is_empty() {
        return "-".to_owned();
    }
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", text.replace('|', "\\|"))
}

/// One cell of CSV (RFC 4180) that no spreadsheet takes for a formula: a text that starts like one gets a single quote
/// in front, as OWASP's page on CSV injection advises. Line ends are spelt out: one row stays one line.
pub fn csv(text: &str) -> Cow<'_, str> {
    let start = text.trim_start_matches([' ', '\u{a0}', '\u{3000}']);
    let formula = matches!(
        start.chars().next(),
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠' | '|' | '%')
    );
    let shown = terminal(text);
    let shown = if formula { Cow::Owned(format!("'{shown}")) } else { shown };
    let plain = !shown.contains([',', '"', ';', '\'']) && shown.trim().len() == shown.len();
    if plain { shown } else { Cow::Owned(format!("\"{}\"", shown.replace('"', "\"\""))) }
}

/// For text that is already JSON: the same value, with everything [`is_unsafe`] written as `\uXXXX`, so that it may be
/// shown on a terminal or stand inside a script element. Line ends and spaces between tokens stay as they are.
pub fn json(text: &str) -> Cow<'_, str> {
    replace(text, |c, out| {
        if c == '\n' || !(is_unsafe(c) || c == '<') {
            return false;
        }
        let mut units = [0u16; 2];
        for unit in c.encode_utf16(&mut units) {
            let _ = write!(out, "\\u{unit:04x}");
        }
        true
    })
}

/// What strangers send: each is a request target, header or message that means something to somebody.
#[cfg(test)]
pub(crate) const HOSTILE: &[&str] = &[
    "\u{1b}[2J\u{1b}[31mall is well\u{1b}[0m",
    "\u{1b}]0;owned\u{7}\u{1b}]8;;http://x.test/\u{7}click\u{1b}]8;;\u{7}",
    "\u{9b}31m\u{90}q\u{9c}",
    "a\rOK  200\u{8}\u{8}\u{7f}",
    "first\nsecond\r\nthird\u{b}\u{c}\0",
    "/file\u{202e}gpj.exe\u{2066}\u{2069}\u{200f}\u{61c}",
    "pass\u{200b}word\u{feff}\u{2060}\u{ad}\u{180e}\u{3164}",
    "line\u{2028}sep\u{2029}end\u{85}",
    "tag\u{e0041}\u{e0001}vs\u{fe0f}\u{e0100}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)' x=\"",
    "--></style></script><svg/onload=alert(1)>]]>",
    "&lt;b&gt; &#60; javascript:alert(1)",
    "| a | b |\n|---|---|",
    "```\ncode\n``` `tick` ``two``",
    "`",
    "[link](javascript:alert(1)) ![i](http://x.test/p.png) <http://x.test>",
    "**bold** _it_ ~~no~~ # head $x$ @team www.x.test http://x.test HTTPS://WWW.x.test",
    "- item",
    "1. item",
    "12) item",
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+SUM(A1)",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "＝1＋1",
    "a,\"b\";c",
    "\\x1b\\u{202e} C:\\dir\\",
    "naïve 日本語 Ωμέγα",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelt_out_in_every_form() {
        for text in HOSTILE {
            for (form, shown) in [
                ("terminal", terminal(text).into_owned()),
                ("html", html(text).into_owned()),
                ("markdown", markdown(text).into_owned()),
                ("markdown_code", markdown_code(text)),
                ("csv", csv(text).into_owned()),
                ("json", json(&serde_json::to_string(text).unwrap()).into_owned()),
            ] {
                assert!(!shown.chars().any(is_unsafe), "{form}: {text:?} became {shown:?}");
            }
        }
    }

    #[test]
    fn escaping_for_terminals_keeps_the_rest_and_is_idempotent() {
        assert_eq!(terminal(HOSTILE[0]), "\\x1b[2J\\x1b[31mall is well\\x1b[0m");
        assert_eq!(terminal("a\u{202e}b\tc"), "a\\u{202e}b\\tc");
        assert!(matches!(terminal("naïve 日本語"), Cow::Borrowed(_)));
        for text in HOSTILE {
            assert_eq!(terminal(&terminal(text)), terminal(text));
        }
    }

    #[test]
    fn html_has_no_markup_left() {
        for text in HOSTILE {
            assert!(!html(text).contains(['<', '>', '"', '\'']), "{text:?}");
        }
        assert_eq!(html("<a href='x'>&"), "&lt;a href=&#39;x&#39;&gt;&amp;");
    }

    #[test]
    fn markdown_has_no_syntax_left() {
        for text in HOSTILE {
            let shown = markdown(text);
            let mut before = ' ';
            for c in shown.chars() {
                if "`*_[]|~#$!".contains(c) {
                    // The entities of our own hold `#` after `&`.
                    assert!(before == '\\' || before == '&', "{text:?} became {shown:?}");
                }
                before = if before == '\\' && c == '\\' { ' ' } else { c };
            }
            assert!(!shown.contains(['<', '>', '@']), "{text:?}");
            assert!(!shown.contains("://"), "{text:?}");
            assert!(!shown.to_ascii_lowercase().contains("www."), "{text:?}");
        }
        assert_eq!(markdown("- item"), "&#45; item");
        assert_eq!(markdown("1. item"), "1&#46; item");
        assert_eq!(markdown("2026 is fine."), "2026 is fine.");
    }

    #[test]
    fn code_spans_cannot_be_left() {
        assert_eq!(markdown_code("a `b` | c"), "``a `b` \\| c``");
        assert_eq!(markdown_code("`"), "`` ` ``");
        assert_eq!(markdown_code(" \u{0} "), "`\\x00`");
        assert_eq!(markdown_code("  "), "-");
        for text in HOSTILE {
            let shown = markdown_code(text);
            let fence = shown.chars().take_while(|&c| c == '`').count();
            let inner = &shown[fence..shown.len() - fence];
            assert!(!inner.trim().is_empty() && !inner.contains(&"`".repeat(fence)), "{shown:?}");
        }
    }

    #[test]
    fn no_cell_is_a_formula_and_no_cell_leaves_its_place() {
        for text in HOSTILE {
            let cell = csv(text);
            let value = match cell.strip_prefix('"') {
                Some(inner) => inner.strip_suffix('"').unwrap().replace("\"\"", "\u{1}"),
                None => cell.clone().into_owned(),
            };
            assert!(!value.contains('"'), "{cell}");
            assert!(!value.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝']), "{cell}");
        }
        assert_eq!(csv("=1+1"), "\"'=1+1\"");
        assert_eq!(csv("/cart"), "/cart");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
    }

    #[test]
    fn json_means_the_same_and_closes_no_script() {
        for text in HOSTILE {
            let shown = json(&serde_json::to_string(text).unwrap()).into_owned();
            assert!(!shown.contains('<'));
            assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), *text);
        }
    }
}
