//! The grammar of nginx.conf: words, quotes, comments, `;`, blocks, and blocks of Lua.
//!
//! Follows `ngx_conf_read_token` (`src/core/ngx_conf_file.c`): a `#` begins a comment only where a word
//! could begin, `{` ends a word unless it belongs to `${`, `}` does not end one.

use nom::{
    IResult, Parser,
    branch::alt,
    bytes::complete::{is_not, tag, take, take_until, take_while, take_while1},
    character::complete::{anychar, char, multispace1, none_of, not_line_ending},
    combinator::{opt, recognize},
    multi::many0_count,
    sequence::{delimited, preceded},
};

use crate::{
    Place, Problem,
    tree::{Builder, Node, problem},
};

/// What a file is made of.
enum Token {
    Space,
    Word(String),
    /// A quote without an end.
    OpenQuote,
    Semicolon,
    Begin,
    End,
}

/// The directives of one file, includes not followed.
pub(crate) fn parse(file: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut builder = Builder::new();
    let mut words: Vec<String> = Vec::new();
    let mut begun = 1;
    let mut line = 1u32;
    let mut rest = text;
    while let Ok((after, token)) = token(rest) {
        let place = |line| Place { file: file.to_owned(), line };
        let here = line;
        line = line.saturating_add(newlines(rest, after));
        rest = after;
        match token {
            Token::Space => {}
            Token::Word(word) => {
                if words.is_empty() {
                    begun = here;
                }
                words.push(word);
            }
            Token::OpenQuote => {
                problems.push(problem(
                    &place(here),
                    "quote is not closed",
                    "the closing quote before the file ends",
                ));
            }
            Token::Semicolon => {
                if let Some(node) = node(&mut words, place(begun)) {
                    builder.add(node);
                }
            }
            Token::Begin => match node(&mut words, place(begun)) {
                Some(mut node) if node.name.ends_with("_by_lua_block") => {
                    let (after, body) = lua(rest);
                    line = line.saturating_add(newlines(rest, after));
                    rest = after;
                    node.args.push(body.trim().to_owned());
                    builder.add(node);
                }
                Some(node) => builder.begin(node, problems),
                None => {
                    problems.push(problem(&place(here), "`{` without a name before it", "a directive name"));
                    builder.begin(nameless(place(here)), problems);
                }
            },
            Token::End => {
                if let Some(node) = node(&mut words, place(begun)) {
                    problems.push(problem(
                        &node.place,
                        format!("`{}` is not ended", node.heading()),
                        "`;` before the `}`",
                    ));
                    builder.add(node);
                }
                if !builder.end() {
                    problems.push(problem(&place(here), "`}` without a block to close", "a directive"));
                }
            }
        }
    }
    if let Some(node) = node(&mut words, Place { file: file.to_owned(), line: begun }) {
        problems.push(problem(&node.place, format!("file ends within `{}`", node.name), "`;`"));
        builder.add(node);
    }
    builder.finish(problems)
}

fn newlines(before: &str, after: &str) -> u32 {
    let eaten = &before.as_bytes()[..before.len() - after.len()];
    u32::try_from(eaten.iter().filter(|&&byte| byte == b'\n').count()).unwrap_or(u32::MAX)
}

fn node(words: &mut Vec<String>, place: Place) -> Option<Node> {
    let mut words = std::mem::take(words).into_iter();
    let name = words.next()?;
    Some(Node { key: name.clone(), name, args: words.collect(), block: None, place })
}

fn nameless(place: Place) -> Node {
    Node { name: String::new(), key: String::new(), args: Vec::new(), block: None, place }
}

fn token(input: &str) -> IResult<&str, Token> {
    alt((
        multispace1.map(|_| Token::Space),
        (char('#'), not_line_ending).map(|_| Token::Space),
        char(';').map(|_| Token::Semicolon),
        char('{').map(|_| Token::Begin),
        char('}').map(|_| Token::End),
        quoted,
        bare.map(|raw| Token::Word(unescape(raw))),
        // Only a lone quote and the rarest of bytes come this far.
        alt((tag("\""), tag("'"))).map(|_| Token::OpenQuote),
        take(1usize).map(|_| Token::Space),
    ))
    .parse(input)
}

fn quoted(input: &str) -> IResult<&str, Token> {
    alt((delimited(char('"'), inside("\\\""), char('"')), delimited(char('\''), inside("\\'"), char('\''))))
        .map(|raw| Token::Word(unescape(raw)))
        .parse(input)
}

/// What stands between quotes; `stops` are the backslash and the quote.
fn inside<'a>(
    stops: &'static str,
) -> impl Parser<&'a str, Output = &'a str, Error = nom::error::Error<&'a str>> {
    recognize(many0_count(alt((is_not(stops), recognize((char('\\'), anychar))))))
}

fn bare(input: &str) -> IResult<&str, &str> {
    let plain = |c: char| !matches!(c, ' ' | '\t' | '\r' | '\n' | ';' | '{' | '\\' | '$');
    recognize((
        alt((recognize((char('\\'), anychar)), tag("${"), recognize(none_of(" \t\r\n;{}\"'\\")), tag("\\"))),
        many0_count(alt((take_while1(plain), recognize((char('\\'), anychar)), tag("${"), tag("$")))),
        opt(tag("\\")),
    ))
    .parse(input)
}

/// Undoes nginx's escapes: `\"`, `\'`, `\\`, `\t`, `\r`, `\n`; any other backslash stays, for regular expressions.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = match (c, chars.peek()) {
            ('\\', Some('"')) => '"',
            ('\\', Some('\'')) => '\'',
            ('\\', Some('\\')) => '\\',
            ('\\', Some('t')) => '\t',
            ('\\', Some('r')) => '\r',
            ('\\', Some('n')) => '\n',
            _ => {
                out.push(c);
                continue;
            }
        };
        out.push(escaped);
        chars.next();
    }
    out
}

/// The body of a block of Lua, after its `{`, and what follows its `}`. Braces in Lua strings, long brackets
/// and comments do not count.
fn lua(input: &str) -> (&str, &str) {
    let mut depth = 1usize;
    let mut rest = input;
    while let Ok((after, piece)) = lua_piece(rest) {
        match piece {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (after, &input[..input.len() - rest.len()]);
        }
        rest = after;
    }
    ("", input)
}

fn lua_piece(input: &str) -> IResult<&str, &str> {
    alt((
        preceded(tag("--"), long_bracket),
        recognize((tag("--"), not_line_ending)),
        long_bracket,
        // Lua's strings end on their line.
        recognize(delimited(char('"'), inside("\\\"\n"), char('"'))),
        recognize(delimited(char('\''), inside("\\'\n"), char('\''))),
        tag("{"),
        tag("}"),
        is_not("-[\"'{}"),
        take(1usize),
    ))
    .parse(input)
}

/// `[[ ... ]]`, `[==[ ... ]==]`; without its end it is all the rest.
fn long_bracket(input: &str) -> IResult<&str, &str> {
    let (rest, level) = delimited(char('['), take_while(|c| c == '='), char('[')).parse(input)?;
    let close = format!("]{level}]");
    let ended = recognize((take_until(close.as_str()), tag(close.as_str())));
    let (rest, _) = alt((ended, nom::combinator::rest)).parse(rest)?;
    Ok((rest, &input[..input.len() - rest.len()]))
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
    fn words_quotes_and_comments() {
        let (nodes, problems) = read(
            "a b \"c; d\" 'e \\' f' g#h; # rest ;\nlog_format m '$x '\n  '\"$y\"' ${z}t;\nre ~ ^/a\\.b$ \\d;",
        );
        assert_eq!(problems, []);
        assert_eq!(nodes[0].args, ["b", "c; d", "e ' f", "g#h"]);
        assert_eq!(nodes[1].args, ["m", "$x ", "\"$y\"", "${z}t"]);
        assert_eq!(nodes[1].place.line, 2);
        assert_eq!(nodes[2].args, ["~", "^/a\\.b$", "\\d"]);
        assert_eq!(nodes[2].place.line, 4);
    }

    #[test]
    fn blocks() {
        let (nodes, problems) = read("http{server{listen 80;location /{return 200;}}}\nuser x;");
        assert_eq!(problems, []);
        let server = &nodes[0].children()[0];
        assert_eq!(server.children()[1].heading(), "location /");
        assert_eq!(nodes[1].name, "user");
    }

    #[test]
    fn lua_is_taken_whole() {
        let text = "location / {\n content_by_lua_block {\n  local t = { a = '}' } -- }\n  local s = [==[ } ]] ]==]\n --[[ } \n ]] x()\n }\n return 200;\n}\nuser x;";
        let (nodes, problems) = read(text);
        assert_eq!(problems, []);
        assert_eq!(nodes.len(), 2);
        let inner = nodes[0].children();
        assert!(inner[0].args[0].starts_with("local t") && inner[0].args[0].ends_with("x()"));
        assert_eq!((inner[1].name.as_str(), inner[1].place.line), ("return", 8));
        assert_eq!(nodes[1].place.line, 10);
    }

    #[test]
    fn damage_is_reported_and_passed_over() {
        let (nodes, problems) = read("http { server { listen 80 } }\n} \nuser x;\nevents {\n");
        let lines: Vec<u32> = problems.iter().map(|p| p.place.line).collect();
        assert_eq!(lines, [1, 2, 4]);
        assert_eq!(nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>(), ["http", "user", "events"]);
        let (nodes, problems) = read("a \"open;\nb c;");
        assert_eq!(problems.len(), 1);
        assert_eq!(nodes[1].name, "b");
        let deep = "a {".repeat(100_000);
        let (nodes, problems) = read(&deep);
        assert_eq!(nodes.len(), 1);
        assert!(problems.len() > 1);
        assert!(read(&format!("{deep}{} user x;", "}".repeat(100_000))).0.len() == 2);
    }
}
