//! The grammar of haproxy.cfg: lines of words, in sections.
//!
//! Quoting and escapes follow the configuration manual, 2.2. Environment variables stay as written
//! (`${PORT}`) unless the file itself sets them with `setenv` or `presetenv`.

use std::collections::HashMap;

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take_while_m_n},
    character::complete::{anychar, char, space0},
    combinator::{map_opt, opt, recognize, value, verify},
    multi::{fold_many0, fold_many1, many0_count},
    sequence::{delimited, preceded},
};

use crate::{Place, Problem, tree::problem};

/// A line that is not a section's first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub(crate) words: Vec<String>,
    pub(crate) place: Place,
}

impl Line {
    /// The word at `index`, or the empty one.
    pub(crate) fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// The words from `index` on, with one space between.
    pub(crate) fn from(&self, index: usize) -> String {
        self.words.get(index..).unwrap_or_default().join(" ")
    }
}

/// `global`, `defaults`, `frontend NAME` ... and what follows up to the next one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The `defaults` section asked for: `from NAME`.
    pub(crate) from: Option<String>,
    pub(crate) lines: Vec<Line>,
    pub(crate) place: Place,
}

impl Section {
    /// `backend api`, as in a scope.
    pub(crate) fn heading(&self) -> String {
        if self.name.is_empty() { self.kind.clone() } else { format!("{} {}", self.kind, self.name) }
    }
}

/// The words that begin a section.
pub(crate) const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "resolvers",
    "peers",
    "userlist",
    "mailers",
    "cache",
    "program",
    "http-errors",
    "ring",
    "log-forward",
    "log-profile",
    "fcgi-app",
    "crt-store",
    "traces",
    "acme",
];

/// The sections of a file.
pub(crate) fn parse(file: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut vars = HashMap::new();
    let mut branches = Branches::default();
    for (number, raw) in (1u32..).zip(logical_lines(text)) {
        let Some(raw) = raw else { continue };
        let place = Place { file: file.to_owned(), line: number };
        let (words, closed) = words(&raw, &vars);
        if !closed {
            problems.push(problem(&place, "quote is not closed", "the closing quote on the same line"));
        }
        let Some(first) = words.first() else { continue };
        if first.starts_with('.') {
            branches.step(&words, &place, problems);
            continue;
        }
        if !branches.taken() {
            continue;
        }
        if SECTIONS.contains(&first.as_str()) && begins_section(&words) {
            let from = words.iter().position(|word| word == "from").and_then(|at| words.get(at + 1)).cloned();
            let name = words.get(1).filter(|word| *word != "from").cloned().unwrap_or_default();
            sections.push(Section { kind: first.clone(), name, from, lines: Vec::new(), place });
            continue;
        }
        if matches!(first.as_str(), "setenv" | "presetenv") && words.len() > 2 {
            vars.insert(words[1].clone(), words[2].clone());
        }
        match sections.last_mut() {
            Some(section) => section.lines.push(Line { words, place }),
            None => problems.push(problem(
                &place,
                format!("`{first}` outside of a section"),
                "global, defaults, ...",
            )),
        }
    }
    sections
}

/// `cache` and `ring` are also words that a section's lines may begin with; a section has at most a name and `from`.
fn begins_section(words: &[String]) -> bool {
    match words[0].as_str() {
        "global" | "traces" => words.len() == 1,
        "defaults" => words.len() <= 4,
        _ => words.len() >= 2,
    }
}

/// Lines without their ends; `None` for one that was joined to the line before it by a backslash at its end.
fn logical_lines(text: &str) -> Vec<Option<String>> {
    let mut out: Vec<Option<String>> = Vec::new();
    // Where the line began that goes on, if it does.
    let mut goes_on: Option<usize> = None;
    for line in text.lines() {
        let more = line.bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1
            && !line.trim_start().starts_with('#');
        let body = if more { &line[..line.len() - 1] } else { line };
        match goes_on.and_then(|at| out.get_mut(at)) {
            Some(Some(begun)) => {
                begun.push_str(body);
                out.push(None);
            }
            _ => {
                out.push(Some(body.to_owned()));
                goes_on = Some(out.len() - 1);
            }
        }
        if !more {
            goes_on = None;
        }
    }
    out
}

type Vars = HashMap<String, String>;

/// The words of a line, and whether its quotes are closed.
pub(crate) fn words(line: &str, vars: &Vars) -> (Vec<String>, bool) {
    let mut out = Vec::new();
    let mut rest = line;
    let mut closed = true;
    loop {
        let (after, _) = space0::<_, nom::error::Error<&str>>(rest).unwrap_or((rest, ""));
        if after.is_empty() || after.starts_with('#') {
            return (out, closed);
        }
        match word(after, vars) {
            Ok((after, word)) => {
                out.push(word);
                rest = after;
            }
            // A quote without an end, or an odd blank: step over it.
            Err(_) => {
                closed &= !after.starts_with(['"', '\'']);
                rest = &after[after.chars().next().map_or(0, char::len_utf8)..];
            }
        }
    }
}

fn word<'a>(input: &'a str, vars: &Vars) -> IResult<&'a str, String> {
    fold_many1(
        alt((
            delimited(char('\''), opt(is_not("'")), char('\''))
                .map(|text: Option<&str>| text.unwrap_or("").to_owned()),
            delimited(char('"'), |input| weak(input, vars), char('"')),
            escape.map(String::from),
            braced.map(|text| expand(text, vars)),
            is_not(" \t\r\n#\\\"'$").map(str::to_owned),
            char('$').map(String::from),
        )),
        String::new,
        |word, piece| word + &piece,
    )
    .parse(input)
}

/// Text between double quotes.
fn weak<'a>(input: &'a str, vars: &Vars) -> IResult<&'a str, String> {
    fold_many0(
        alt((
            escape.map(String::from),
            braced.map(|text| expand(text, vars)),
            recognize((char('$'), identifier)).map(|text| expand(text, vars)),
            is_not("\\\"$").map(str::to_owned),
            char('$').map(String::from),
        )),
        String::new,
        |text, piece| text + &piece,
    )
    .parse(input)
}

/// `${NAME}`, `${NAME-default}`. Bounded, so that a line full of beginnings is not scanned over and over.
fn braced(input: &str) -> IResult<&str, &str> {
    let inside = take_while_m_n(1, 256, |c: char| !matches!(c, '}' | '"' | ' ' | '\t'));
    recognize((tag("${"), inside, char('}'))).parse(input)
}

fn identifier(input: &str) -> IResult<&str, &str> {
    recognize((
        verify(anychar, |c: &char| c.is_ascii_alphabetic() || *c == '_'),
        many0_count(verify(anychar, |c: &char| c.is_ascii_alphanumeric() || *c == '_')),
    ))
    .parse(input)
}

fn expand(written: &str, vars: &Vars) -> String {
    let name = written.trim_start_matches(['$', '{']).trim_end_matches('}');
    vars.get(name).map_or_else(|| written.to_owned(), Clone::clone)
}

/// A backslash and what it stands for. One before any other character stays, for regular expressions.
fn escape(input: &str) -> IResult<&str, char> {
    let hex = map_opt(take_while_m_n(2, 2, |c: char| c.is_ascii_hexdigit()), |digits| {
        u8::from_str_radix(digits, 16).ok().map(char::from)
    });
    alt((
        preceded(
            char('\\'),
            alt((
                value('\n', char('n')),
                value('\r', char('r')),
                value('\t', char('t')),
                preceded(char('x'), hex),
                verify(anychar, |c: &char| matches!(c, ' ' | '#' | '\\' | '"' | '\'' | '$')),
            )),
        ),
        char('\\'),
    ))
    .parse(input)
}

/// Conditional blocks: `.if`, `.elif`, `.else`, `.endif` (configuration manual, 2.4).
#[derive(Default)]
struct Branches {
    /// Per open `.if`: whether this branch counts, and whether one has counted already.
    open: Vec<(bool, bool)>,
}

impl Branches {
    fn taken(&self) -> bool {
        self.open.iter().all(|(now, _)| *now)
    }

    fn step(&mut self, words: &[String], place: &Place, problems: &mut Vec<Problem>) {
        let condition = words[1..].join(" ");
        let mut judge = || match condition.trim() {
            "1" | "true" => true,
            "" | "0" | "false" => false,
            other => {
                problems.push(problem(
                    place,
                    format!("condition `{other}` cannot be judged, taken as true"),
                    "",
                ));
                true
            }
        };
        match words[0].as_str() {
            ".if" => {
                let now = judge();
                self.open.push((now, now));
            }
            ".elif" => {
                if let Some((now, before)) = self.open.last_mut() {
                    *now = !*before && judge();
                    *before |= *now;
                }
            }
            ".else" => {
                if let Some((now, before)) = self.open.last_mut() {
                    *now = !*before;
                    *before = true;
                }
            }
            ".endif" => {
                self.open.pop();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        words(line, &HashMap::from([("PORT".to_owned(), "8080".to_owned())])).0
    }

    #[test]
    fn quotes_and_escapes() {
        assert_eq!(split(r#"log-format "%ci [%t] \"x\" #" # c"#), ["log-format", "%ci [%t] \"x\" #"]);
        assert_eq!(split(r"a\ b 'c \ d' e\#f \x41 \d+"), ["a b", r"c \ d", "e#f", "A", r"\d+"]);
        assert_eq!(split(r#"server s1 "${HOST}:${PORT}" check"#), ["server", "s1", "${HOST}:8080", "check"]);
        assert_eq!(split(r#"x "$PORT" '$PORT' $PORT"#), ["x", "8080", "$PORT", "$PORT"]);
        assert_eq!(split(r#"x "" y"#), ["x", "", "y"]);
        assert!(!words("a \"b c", &HashMap::new()).1);
    }

    #[test]
    fn sections_and_lines() {
        let mut problems = Vec::new();
        let text = "stray\nglobal\n  maxconn 10\ndefaults base\n mode http\nbackend api from base\n  server s \\\n   10.0.0.1:80\n  balance roundrobin\n";
        let sections = parse("h", text, &mut problems);
        assert_eq!(
            sections.iter().map(Section::heading).collect::<Vec<_>>(),
            ["global", "defaults base", "backend api"]
        );
        assert_eq!(sections[2].from.as_deref(), Some("base"));
        assert_eq!(sections[2].lines[0].words, ["server", "s", "10.0.0.1:80"]);
        assert_eq!(sections[2].lines[1].place.line, 9);
        assert_eq!(problems.len(), 1);
    }

    #[test]
    fn conditions() {
        let mut problems = Vec::new();
        let text = "global\n.if 0\n a 1\n.else\n b 1\n.endif\n.if defined(X)\n c 1\n.elif 1\n d 1\n.else\n e 1\n.endif\n f 1\n";
        let lines: Vec<_> =
            parse("h", text, &mut problems)[0].lines.iter().map(|l| l.words[0].clone()).collect();
        assert_eq!(lines, ["b", "c", "f"]);
        assert_eq!(problems.len(), 1);
    }
}
