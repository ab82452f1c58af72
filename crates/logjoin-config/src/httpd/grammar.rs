//! The grammar of httpd.conf: one directive per line, sections in angle brackets, a backslash at the end of a
//! line joins the next one to it.
//!
//! Words follow `ap_getword_conf` (`server/util.c`): a quote counts only at the beginning of a word, and a
//! backslash only before that quote or another backslash.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take_till1, take_while1},
    character::complete::{anychar, char, multispace0},
    combinator::{opt, recognize},
    multi::{many0, many0_count},
    sequence::{delimited, preceded, terminated},
};

use crate::{
    Place, Problem,
    tree::{Builder, Node, problem},
};

/// What one line says.
enum Line<'a> {
    Nothing,
    Begin(&'a str, Vec<String>),
    End(&'a str),
    Directive(&'a str, Vec<String>),
}

/// The directives of one file, in their sections; includes and conditions not followed.
pub(crate) fn parse(file: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut builder = Builder::new();
    for (number, line) in logical_lines(text) {
        let place = Place { file: file.to_owned(), line: number };
        let node = |name: &str, args| Node {
            name: name.to_owned(),
            key: name.to_ascii_lowercase(),
            args,
            block: None,
            place: place.clone(),
        };
        match statement(&line).map_or(Line::Nothing, |(_, statement)| statement) {
            Line::Nothing => {}
            Line::Directive(name, args) => builder.add(node(name, args)),
            Line::Begin(name, args) => builder.begin(node(name, args), problems),
            Line::End(name) => match builder.distance(&name.to_ascii_lowercase()) {
                Some(0) => {
                    builder.end();
                }
                Some(steps) => {
                    problems.push(problem(
                        &place,
                        format!("`</{name}>` closes a section with others open inside"),
                        "the ends of the inner sections first",
                    ));
                    for _ in 0..=steps {
                        builder.end();
                    }
                }
                None => {
                    problems.push(problem(
                        &place,
                        format!("`</{name}>` without its beginning"),
                        format!("<{name} ...> before it"),
                    ));
                }
            },
        }
    }
    builder.finish(problems)
}

/// Lines with the ones they continue on, each with the number of its first.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut out: Vec<(u32, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        let more = line.ends_with('\\') && !line.ends_with("\\\\");
        let body = if more { &line[..line.len() - 1] } else { line };
        match out.last_mut() {
            Some((_, begun)) if goes_on => begun.push_str(body),
            _ => out.push((number, body.to_owned())),
        }
        goes_on = more;
    }
    out
}

fn statement(line: &str) -> IResult<&str, Line<'_>> {
    let name = || take_while1(|c: char| !c.is_whitespace() && c != '>');
    preceded(
        multispace0,
        alt((
            char('#').map(|_| Line::Nothing),
            delimited((tag("</"), multispace0), name(), opt((multispace0, char('>')))).map(Line::End),
            preceded(char('<'), (name(), words)).map(|(name, mut args): (&str, Vec<String>)| {
                // The bracket is part of the last word, or a word of its own.
                if let Some(last) = args.last_mut().filter(|last| last.ends_with('>')) {
                    last.pop();
                    if last.is_empty() {
                        args.pop();
                    }
                }
                Line::Begin(name, args)
            }),
            (take_till1(char::is_whitespace), words).map(|(name, args)| Line::Directive(name, args)),
        )),
    )
    .parse(line)
}

/// The words of a directive's arguments.
pub(crate) fn words(input: &str) -> IResult<&str, Vec<String>> {
    preceded(multispace0, many0(terminated(word, multispace0))).parse(input)
}

fn word(input: &str) -> IResult<&str, String> {
    alt((
        delimited(char('"'), opt(inside("\\\"")), char('"'))
            .map(|raw: Option<&str>| unescape(raw.unwrap_or(""), Some('"'))),
        delimited(char('\''), opt(inside("\\'")), char('\''))
            .map(|raw: Option<&str>| unescape(raw.unwrap_or(""), Some('\''))),
        // The end of a section's line, after a quoted word.
        tag(">").map(str::to_owned),
        take_till1(char::is_whitespace).map(|raw| unescape(raw, None)),
    ))
    .parse(input)
}

fn inside<'a>(
    stops: &'static str,
) -> impl Parser<&'a str, Output = &'a str, Error = nom::error::Error<&'a str>> {
    recognize(many0_count(alt((is_not(stops), recognize((char('\\'), anychar))))))
}

fn unescape(raw: &str, quote: Option<char>) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(&next) if c == '\\' && (next == '\\' || Some(next) == quote) => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<Node>, Vec<Problem>) {
        let mut problems = Vec::new();
        let nodes = parse("t", text, &mut problems);
        (nodes, problems)
    }

    #[test]
    fn lines_and_sections() {
        let (nodes, problems) = read(
            "# c\nLogFormat \"%h \\\"%r\\\" %>s\" main\n<VirtualHost *:80>\n  ServerName a\n  <Location \"/x\">\n  ProxyPass http://b \\\n    timeout=4\n  </Location>\n</VirtualHost>\n<If \"%{REQUEST_URI} > 1\">\n</If>\n",
        );
        assert_eq!(problems, []);
        assert_eq!(nodes[0].args, ["%h \"%r\" %>s", "main"]);
        assert_eq!(nodes[1].heading(), "VirtualHost *:80");
        let location = &nodes[1].children()[1];
        assert_eq!(location.args, ["/x"]);
        assert_eq!(location.children()[0].args, ["http://b", "timeout=4"]);
        assert_eq!((location.children()[0].place.line, nodes[2].place.line), (6, 10));
    }

    #[test]
    fn regular_expressions_keep_their_backslashes() {
        let (nodes, _) = read("ProxyPassMatch ^/(.*\\.php)$ http://b/$1\nX 'it''s'\nY \"\" z \"open");
        assert_eq!(nodes[0].args[0], "^/(.*\\.php)$");
        assert_eq!(nodes[1].args, ["it", "s"]);
        assert_eq!(nodes[2].args, ["", "z", "\"open"]);
    }

    #[test]
    fn damage_is_reported() {
        let (nodes, problems) = read("</Proxy>\n<A>\n<B>\n</A>\nUser x\n<C>\n");
        assert_eq!(problems.iter().map(|p| p.place.line).collect::<Vec<_>>(), [1, 4, 6]);
        assert_eq!(nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["A", "User", "C"]);
        assert!(!read(&"<A>\n".repeat(50_000)).1.is_empty());
    }
}
