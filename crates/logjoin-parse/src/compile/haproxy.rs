//! HAProxy `log-format` (`src/log.c`, `logformat_aliases`; manual section 8.2.6).

use nom::branch::alt;
use nom::bytes::complete::{take_till, take_till1, take_while, take_while1};
use nom::character::complete::{anychar, char};
use nom::combinator::{cut, opt};
use nom::error::Error;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::Compiled;
use super::assemble::{Draft, assemble, assemble_object, push_literal};
use super::error::{FormatError, FormatNote, nearest};
use super::field::{Class, Coding, Field, Ha, Shape, Target, names_request_id};
use super::haproxy_names::{ALIASES, sample_target};
use crate::{Kind, Product};

/// Compiles the string of a `log-format` or `error-log-format`. Spaces and quotes may still stand behind
/// backslashes, as in the configuration file.
///
/// HAProxy writes several spaces as one, and leaves out captured headers, with the space after
/// them, where nothing is captured. With `%{+json}o` the lines are JSON objects of the named fields.
///
/// # Errors
///
/// Where HAProxy would refuse the string; for `%{+cbor}o`, which writes no text; and where two
/// aliases stand side by side so that their values cannot be told apart.
pub fn haproxy(format: &str) -> Result<Compiled, FormatError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut named = Vec::new();
    let mut notes = Vec::new();
    let mut default = Flags::default();
    let mut rest = format;
    while !rest.is_empty() {
        let offset = format.len() - rest.len();
        rest = if let Ok((after, _)) = separator(rest) {
            // `%o` prints nothing: a line does not begin with the space after it.
            if !drafts.is_empty() && !ends_with_space(&drafts) {
                push_literal(&mut drafts, " ");
            }
            after
        } else if let Ok((after, text)) = text(rest) {
            push_literal(&mut drafts, text);
            after
        } else if let Ok((after, c)) = preceded(char::<&str, Error<&str>>('\\'), anychar).parse(rest) {
            if !(c == ' ' && ends_with_space(&drafts)) {
                push_literal(&mut drafts, c.encode_utf8(&mut [0; 4]));
            }
            after
        } else if let Some(after) = rest.strip_prefix("%%") {
            push_literal(&mut drafts, "%");
            after
        } else if rest == "\\" {
            push_literal(&mut drafts, "\\");
            ""
        } else {
            let (after, alias) = alias(rest).map_err(|e| refuse(format, &e))?;
            let flags = alias.flags.iter().fold(default, |f, flags| f.with(flags));
            if flags.cbor {
                return Err(FormatError::new(format, offset, "a format that writes text")
                    .help("CBOR is binary; `%{+json}o` has the same fields"));
            }
            match alias.what {
                What::Alias("o") => default = flags,
                what => {
                    let mut field = self::field(format, offset, after, what, flags)?;
                    if let Some(name) = alias.name {
                        // The name that the user gave says more than the expression behind it.
                        if field.target == Target::Extra && names_request_id(name) {
                            field.target = Target::RequestId;
                        }
                        named.push((name.to_owned(), field));
                    } else if flags.json {
                        let message =
                            format!("`{}` has no name: HAProxy leaves it out of the object", field.name);
                        notes.push(FormatNote { offset, message });
                    } else {
                        drafts.push(Draft::Field(field));
                    }
                }
            }
            after
        };
    }
    if default.json {
        return assemble_object(format, named, notes);
    }
    join_server_address(&mut drafts);
    assemble(format, Product::Haproxy, Kind::Access, optional_headers(drafts), notes)
}

/// The formats of `option httplog` and its like.
pub(super) fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "httplog" => {
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
        }
        "httpslog" => {
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r \
             %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc"
        }
        "tcplog" => "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq",
        _ => return None,
    })
}

fn ends_with_space(drafts: &[Draft]) -> bool {
    matches!(drafts.last(), Some(Draft::Literal(text)) if text.ends_with(' '))
}

struct Alias<'i> {
    name: Option<&'i str>,
    flags: Vec<&'i str>,
    what: What<'i>,
}

#[derive(Clone, Copy)]
enum What<'i> {
    Alias(&'i str),
    Sample(&'i str),
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    quote: bool,
    escape: bool,
    hex: bool,
    json: bool,
    cbor: bool,
}

impl Flags {
    /// `+Q,-E`: a flag without a sign is set.
    fn with(mut self, list: &str) -> Flags {
        for flag in list.split(',').map(str::trim) {
            let on = !flag.starts_with('-');
            match flag.trim_start_matches(['+', '-']) {
                "Q" => self.quote = on,
                "E" => self.escape = on,
                "X" => self.hex = on,
                "json" => self.json = on,
                "cbor" => self.cbor = on,
                _ => {}
            }
        }
        self
    }
}

fn separator(i: &str) -> IResult<&str, &str> {
    take_while1(|c| c == ' ').parse(i)
}

fn text(i: &str) -> IResult<&str, &str> {
    take_till1(|c| matches!(c, '%' | '\\' | ' ')).parse(i)
}

/// `%`, then in any order a name in parentheses and flags in braces, then an alias or a sample.
fn alias(i: &str) -> IResult<&str, Alias<'_>> {
    let (i, _) = char('%').parse(i)?;
    let (i, before) = opt(flags).parse(i)?;
    let (i, name) = opt(preceded(char('('), cut(terminated(take_till(|c| c == ')'), char(')'))))).parse(i)?;
    let (i, after) = opt(flags).parse(i)?;
    let sample = preceded(char('['), cut(sample)).map(What::Sample);
    let word = take_while1(|c: char| c.is_ascii_alphabetic()).map(What::Alias);
    let (i, what) = cut(alt((sample, word))).parse(i)?;
    // A name may have a type: `%(status:sint)ST`.
    let name = name.map(|n| n.split(':').next().unwrap_or(n)).filter(|n| !n.is_empty());
    Ok((i, Alias { name, flags: before.into_iter().chain(after).collect(), what }))
}

fn flags(i: &str) -> IResult<&str, &str> {
    preceded(char('{'), cut(terminated(take_while(|c| c != '}'), char('}')))).parse(i)
}

/// The expression up to the bracket that closes it, and that bracket; brackets in quotes or pairs are its own.
fn sample(i: &str) -> IResult<&str, &str> {
    let (mut depth, mut quote) = (0usize, None);
    for (at, c) in i.char_indices() {
        match (quote, c) {
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Ok((&i[at + 1..], &i[..at])),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    // A quote that does not close was no quote.
    (take_while(|c| c != ']'), char(']')).map(|(e, _)| e).parse(i)
}

fn refuse(format: &str, e: &nom::Err<Error<&str>>) -> FormatError {
    let at = match e {
        nom::Err::Error(e) | nom::Err::Failure(e) => format.len() - e.input.len(),
        nom::Err::Incomplete(_) => format.len(),
    };
    let opened = format[..at].rfind(['{', '(', '[', '%']).map(|o| &format[o..=o]);
    let (expected, help) = match opened {
        Some("{") => ("a closing `}`", "flags are written `%{+Q}r`"),
        Some("(") => ("a closing `)`", "a name is written `%(name)ci`"),
        Some("[") => ("a closing `]`", "a sample is written `%[src]`"),
        _ => ("an alias or a sample", "a percent sign itself is written `%%`"),
    };
    FormatError::new(format, at, expected).help(help)
}

fn field(
    format: &str,
    offset: usize,
    after: &str,
    what: What<'_>,
    flags: Flags,
) -> Result<Field, FormatError> {
    let mut field = match what {
        What::Alias(word) => match ALIASES.iter().find(|(known, ..)| known[1..] == *word) {
            Some((known, target, shape, rank)) => {
                Field { rank: *rank, ..Field::new(*known, offset, target.clone(), *shape) }
            }
            None => {
                let at = format.len() - after.len() - word.len();
                let meant = nearest(word, ALIASES.iter().map(|(known, ..)| &known[1..]));
                let help = meant.map_or("samples are written `%[name]`".to_owned(), |m| {
                    format!("unknown alias `%{word}`: did you mean `%{m}`?")
                });
                return Err(FormatError::new(format, at, "an alias of HAProxy").help(help));
            }
        },
        What::Sample(expression) => {
            let (target, shape) = sample_target(expression);
            Field::new(format!("%[{expression}]"), offset, target, shape)
        }
    };
    if flags.hex && matches!(field.shape, Shape::Int | Shape::Run(_)) {
        field.target = Target::Extra;
        field.shape = Shape::Run(Class::Word);
    }
    field.may_be_quoted = flags.quote && field.shape != Shape::Time;
    field.coding = match () {
        () if flags.json => Coding::HaproxyJson,
        () if flags.escape => Coding::HaproxyEscaped,
        () => Coding::Haproxy,
    };
    Ok(field)
}

/// `%si:%sp` is one address.
fn join_server_address(drafts: &mut Vec<Draft>) {
    let is = |d: Option<&Draft>, alias: &str| matches!(d, Some(Draft::Field(f)) if f.name == alias && !f.may_be_quoted);
    let mut i = 0;
    while i + 2 < drafts.len() {
        let colon = matches!(&drafts[i + 1], Draft::Literal(text) if text == ":");
        if is(drafts.get(i), "%si") && colon && is(drafts.get(i + 2), "%sp") {
            drafts.drain(i + 1..i + 3);
            if let Draft::Field(field) = &mut drafts[i] {
                field.name = "%si:%sp".into();
            }
        }
        i += 1;
    }
}

/// Captured headers go, with the space after them, where nothing is captured.
fn optional_headers(drafts: Vec<Draft>) -> Vec<Draft> {
    let mut out: Vec<Draft> = Vec::with_capacity(drafts.len());
    let mut drafts = drafts.into_iter().peekable();
    while let Some(draft) = drafts.next() {
        let is_headers = matches!(&draft, Draft::Field(f) if matches!(f.target, Target::Haproxy(Ha::RequestHeaders | Ha::ResponseHeaders)));
        if !is_headers {
            match draft {
                Draft::Literal(text) => push_literal(&mut out, &text),
                draft => out.push(draft),
            }
            continue;
        }
        match drafts.peek_mut() {
            Some(Draft::Literal(after)) if after.starts_with(' ') => {
                after.remove(0);
                let is_empty = after.is_empty();
                out.push(Draft::Optional(vec![draft, Draft::Literal(" ".to_owned())]));
                if is_empty {
                    drafts.next();
                }
            }
            // The last of the line: the space before it goes.
            None if ends_with_space(&out) => {
                if let Some(Draft::Literal(before)) = out.last_mut() {
                    before.pop();
                    if before.is_empty() {
                        out.pop();
                    }
                }
                out.push(Draft::Optional(vec![Draft::Literal(" ".to_owned()), draft]));
            }
            _ => out.push(Draft::Optional(vec![draft])),
        }
    }
    out
}
