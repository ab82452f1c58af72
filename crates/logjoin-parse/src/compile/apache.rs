//! Apache `LogFormat` (`modules/loggers/mod_log_config.c`) and `ErrorLogFormat` (`server/log.c`).

use chrono::format::{Item, StrftimeItems};
use nom::branch::alt;
use nom::bytes::complete::{tag, take, take_till1, take_until, take_while};
use nom::character::complete::{anychar, char};
use nom::combinator::{cut, opt, recognize};
use nom::error::Error;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::Compiled;
use super::assemble::{Draft, assemble, push_literal};
use super::error::{FormatError, FormatNote};
use super::field::{Class, Clock, Coding, Field, Shape, Target, TimeLayout, names_request_id};
use crate::{Anchor, Kind, Precision, Product};

/// Compiles the string of a `LogFormat`, `CustomLog` or `TransferLog`. Quotes may still stand behind
/// backslashes, as in the configuration file.
///
/// # Errors
///
/// Where Apache would refuse the string, and where two directives stand side by side so that their
/// values cannot be told apart. A directive with a letter that Apache itself does not have is a
/// remark in [`Compiled::notes`]: modules add their own.
pub fn apache_access(format: &str) -> Result<Compiled, FormatError> {
    let mut drafts = Vec::new();
    let mut notes = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let offset = format.len() - rest.len();
        rest = if let Ok((after, text)) = literal(rest) {
            push_literal(&mut drafts, text);
            after
        } else if let Ok((after, c)) = backslash(rest) {
            push_literal(&mut drafts, c.encode_utf8(&mut [0; 4]));
            after
        } else if let Some(after) = rest.strip_prefix("%%") {
            push_literal(&mut drafts, "%");
            after
        } else {
            let (after, d) = directive("<>!,0123456789", rest).map_err(|e| refuse(format, &e))?;
            access_directive(format, offset, &d, &mut drafts, &mut notes)?;
            after
        };
    }
    assemble(format, Product::Apache, Kind::Access, drafts, notes)
}

/// Compiles the string of an `ErrorLogFormat`. Where an item has no value, Apache leaves out all that stands
/// between two spaces around it; so may these lines.
///
/// # Errors
///
/// Where Apache would refuse the string, and where two items stand side by side so that their
/// values cannot be told apart.
pub fn apache_error(format: &str) -> Result<Compiled, FormatError> {
    let mut groups = vec![Vec::new()];
    let mut notes = Vec::new();
    let mut rest = format;
    while !rest.is_empty() {
        let offset = format.len() - rest.len();
        let group = groups.len() - 1;
        rest = if let Some(after) = rest.strip_prefix("% ") {
            groups.push(Vec::new());
            after
        } else if let Some(after) = rest.strip_prefix(' ') {
            groups.push(vec![Draft::Literal(" ".to_owned())]);
            after
        } else if let Ok((after, c)) = backslash(rest) {
            push_literal(&mut groups[group], c.encode_utf8(&mut [0; 4]));
            after
        } else if let Some(after) = rest.strip_prefix("%%") {
            push_literal(&mut groups[group], "%");
            after
        } else if let Ok((after, text)) = error_literal(rest) {
            push_literal(&mut groups[group], text);
            after
        } else {
            let (after, d) = directive("-+0123456789", rest).map_err(|e| refuse(format, &e))?;
            error_item(format, offset, &d, &mut groups[group], &mut notes)?;
            after
        };
    }
    let mut drafts = Vec::new();
    for group in groups {
        if group.iter().any(|d| matches!(d, Draft::Optional(_))) {
            let inner = group.into_iter().flat_map(|d| match d {
                Draft::Optional(inner) => inner,
                d => vec![d],
            });
            drafts.push(Draft::Optional(inner.collect()));
        } else {
            for draft in group {
                match draft {
                    Draft::Literal(text) => push_literal(&mut drafts, &text),
                    d => drafts.push(d),
                }
            }
        }
    }
    assemble(format, Product::Apache, Kind::Error, drafts, notes)
}

/// The formats of Apache's own configuration files.
pub(super) fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "common" => r#"%h %l %u %t "%r" %>s %b"#,
        "combined" => r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i""#,
        "combinedio" => r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %I %O"#,
        "vhost_combined" => r#"%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i""#,
        _ => return None,
    })
}

/// A directive: modifiers, argument, letter (two after `^`).
struct Directive<'i> {
    modifiers: &'i str,
    argument: Option<&'i str>,
    letter: &'i str,
}

fn literal(i: &str) -> IResult<&str, &str> {
    take_till1(|c| c == '%' || c == '\\').parse(i)
}

fn error_literal(i: &str) -> IResult<&str, &str> {
    take_till1(|c| matches!(c, '%' | '\\' | ' ')).parse(i)
}

/// A backslash and what it stands for; a last one stands for itself.
fn backslash(i: &str) -> IResult<&str, char> {
    let escaped = preceded(char('\\'), anychar).map(|c| match c {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        c => c,
    });
    alt((escaped, char('\\'))).parse(i)
}

fn directive<'i>(modifier: &'static str, i: &'i str) -> IResult<&'i str, Directive<'i>> {
    let modifiers = || take_while(move |c| modifier.contains(c));
    let argument = preceded(char('{'), cut(terminated(take_until::<_, &str, Error<&str>>("}"), char('}'))));
    let letter = alt((recognize(preceded(tag("^"), take(2usize))), recognize(anychar)));
    (char('%'), modifiers(), opt(argument), modifiers(), cut(letter))
        .map(|(_, before, argument, after, letter)| Directive {
            modifiers: if before.is_empty() { after } else { before },
            argument,
            letter,
        })
        .parse(i)
}

fn refuse(format: &str, e: &nom::Err<Error<&str>>) -> FormatError {
    let at = match e {
        nom::Err::Error(e) | nom::Err::Failure(e) => format.len() - e.input.len(),
        nom::Err::Incomplete(_) => format.len(),
    };
    if format[..at].ends_with('{') {
        FormatError::new(format, at, "a closing `}`").help("an argument is written `%{Name}i`")
    } else {
        FormatError::new(format, at, "the letter of a directive")
            .help("a percent sign itself is written `%%`")
    }
}

const DIRECTIVES: &str = "aAbBCDefhHikIlLmnoOpPqrRsStTuUvVXxc";

fn access_directive(
    format: &str,
    offset: usize,
    d: &Directive<'_>,
    drafts: &mut Vec<Draft>,
    notes: &mut Vec<FormatNote>,
) -> Result<(), FormatError> {
    if !d.letter.trim_start_matches('^').chars().all(|c| c.is_ascii_alphabetic()) || d.letter == "^" {
        return Err(FormatError::new(format, offset + 1, "the letter of a directive")
            .help("a percent sign itself is written `%%`"));
    }
    if d.letter.len() == 1 && !DIRECTIVES.contains(d.letter) {
        let message = format!("unknown directive `%{}`: Apache takes it only from a module", d.letter);
        notes.push(FormatNote { offset, message });
    }
    let name = match d.argument {
        Some(argument) => format!("%{{{argument}}}{}", d.letter),
        None => format!("%{}", d.letter),
    };
    let is_original = d.modifiers.contains('<');
    let is_final = d.modifiers.contains('>');
    let argument = d.argument.unwrap_or_default();
    let (target, shape, rank) = match (d.letter, argument) {
        ("a", "") => (Target::ClientIp, Shape::Run(Class::Host), 0),
        ("h", "") => (Target::ClientIp, Shape::Run(Class::Host), 1),
        ("p", "remote") => (Target::ClientPort, Shape::Int, 0),
        ("p", _) => (Target::Extra, Shape::Int, 0),
        ("u", _) => (Target::User, Shape::Text, 0),
        ("t", _) => return time_directive(format, offset, name, argument, drafts),
        ("r", _) => (Target::Request, Shape::Text, 0),
        ("m", _) => (Target::Method, Shape::Run(Class::Word), 0),
        ("U", _) => (Target::Path, Shape::Text, 0),
        ("q", _) => (Target::UriTail, Shape::Text, 0),
        ("H", _) => (Target::Version, Shape::Run(Class::Word), 0),
        // `%s` is the status before internal redirects: the client got `%>s`.
        ("s", _) => (Target::Status, Shape::Int, if is_final { 0 } else { 1 + u8::from(is_original) }),
        ("b" | "B", _) => (Target::Bytes, Shape::Int, 0),
        ("O", _) => (Target::Bytes, Shape::Int, 1),
        ("I", _) => (Target::RequestLength, Shape::Int, 0),
        ("S", _) => (Target::Extra, Shape::Int, 0),
        ("D", _) | ("T", "us") => (Target::Duration { scale: 0, unit_us: 1 }, Shape::Int, 0),
        ("T", "ms") => (Target::Duration { scale: 3, unit_us: 1000 }, Shape::Int, 1),
        ("T", _) => (Target::Duration { scale: 6, unit_us: 1_000_000 }, Shape::Int, 2),
        ("k", _) => (Target::ConnectionRequests, Shape::Int, 0),
        ("L", "") => (Target::ErrorLogId, Shape::Text, 0),
        ("P", "tid") => (Target::Tid, Shape::Int, 0),
        ("P", "hextid") => (Target::HexTid, Shape::Run(Class::Word), 1),
        ("P", _) => (Target::Pid, Shape::Int, 0),
        ("v", _) => (Target::Vhost, Shape::Text, 0),
        ("V", _) => (Target::Vhost, Shape::Text, 1),
        ("X", _) => (Target::Aborted, Shape::Run(Class::Word), 0),
        ("f", _) => (Target::File, Shape::Text, 0),
        ("i", name) => (header(name), Shape::Text, 0),
        ("e", "BALANCER_WORKER_NAME") => (Target::WorkerUrl, Shape::Text, 0),
        ("e", "BALANCER_NAME") => (Target::BalancerName, Shape::Text, 0),
        ("e" | "n" | "o" | "^ti" | "^to" | "C" | "x" | "c", name) if names_request_id(name) => {
            (Target::RequestId, Shape::Text, 0)
        }
        _ => (Target::Extra, Shape::Text, 0),
    };
    let coding = Coding::Apache;
    drafts.push(Draft::Field(Field { coding, rank, ..Field::new(name, offset, target, shape) }));
    Ok(())
}

/// Where the value of a request header goes.
fn header(name: &str) -> Target {
    match name.to_ascii_lowercase().as_str() {
        "referer" => Target::Referrer,
        "user-agent" => Target::UserAgent,
        "x-forwarded-for" => Target::Xff,
        "host" => Target::Host,
        name if names_request_id(name) => Target::RequestId,
        _ => Target::Extra,
    }
}

fn time_directive(
    format: &str,
    offset: usize,
    name: String,
    argument: &str,
    drafts: &mut Vec<Draft>,
) -> Result<(), FormatError> {
    let (anchor, spec) = match argument.strip_prefix("end") {
        Some("") => (Anchor::End, ""),
        Some(rest) if rest.starts_with(':') => (Anchor::End, &rest[1..]),
        _ if argument == "begin" => (Anchor::Start, ""),
        _ => (Anchor::Start, argument.strip_prefix("begin:").unwrap_or(argument)),
    };
    let layout = match spec {
        "" => TimeLayout::Clf,
        "sec" => TimeLayout::Epoch(Precision::Seconds),
        "msec" => TimeLayout::Epoch(Precision::Millis),
        "usec" => TimeLayout::Epoch(Precision::Micros),
        "msec_frac" => TimeLayout::Fraction(Precision::Millis),
        "usec_frac" => TimeLayout::Fraction(Precision::Micros),
        spec => strftime(format, offset, spec)?,
    };
    let is_default = spec.is_empty();
    let field = Field::new(name, offset, Target::Time(Clock { layout, anchor }), Shape::Time);
    // Without a format of its own the time comes in brackets.
    push_literal(drafts, if is_default { "[" } else { "" });
    drafts.push(Draft::Field(field));
    push_literal(drafts, if is_default { "]" } else { "" });
    Ok(())
}

/// A format of `strftime`; the usual ones have readers of their own, which are faster.
fn strftime(format: &str, offset: usize, spec: &str) -> Result<TimeLayout, FormatError> {
    let plain = spec.replace("%T", "%H:%M:%S").replace("%F", "%Y-%m-%d");
    match plain.as_str() {
        "%d/%b/%Y:%H:%M:%S" => return Ok(TimeLayout::ClfBare),
        "%d/%b/%Y:%H:%M:%S %z" => return Ok(TimeLayout::Clf),
        "%Y-%m-%dT%H:%M:%S%z" | "%Y-%m-%d %H:%M:%S%z" => return Ok(TimeLayout::Iso),
        _ => {}
    }
    let items = StrftimeItems::new(spec).parse_to_owned().unwrap_or_else(|_| vec![Item::Error]);
    if items.contains(&Item::Error) {
        return Err(FormatError::new(format, offset, "a time format of `strftime`")
            .help("for example `%{%Y-%m-%dT%H:%M:%S%z}t`, or one of `sec`, `msec`, `usec`, `msec_frac`, `usec_frac`"));
    }
    Ok(TimeLayout::Strftime(items))
}

fn error_item(
    format: &str,
    offset: usize,
    d: &Directive<'_>,
    group: &mut Vec<Draft>,
    notes: &mut Vec<FormatNote>,
) -> Result<(), FormatError> {
    let name = match d.argument {
        Some(argument) => format!("%{{{argument}}}{}", d.letter),
        None => format!("%{}", d.letter),
    };
    let argument = d.argument.unwrap_or_default();
    let (target, shape) = match (d.letter, argument) {
        ("a", _) => (Target::ClientAddress, Shape::Run(Class::Host)),
        ("A", _) => (Target::Ignore, Shape::Run(Class::Host)),
        ("E", _) => (Target::OsError, Shape::OsError),
        ("F", _) => (Target::Ignore, Shape::Source),
        ("l", _) => (Target::Level, Shape::Run(Class::Word)),
        ("m", _) => (Target::Module, Shape::Run(Class::Word)),
        ("M", _) => (Target::Message, Shape::Text),
        ("P", _) => (Target::Pid, Shape::Int),
        ("T", _) => (Target::Tid, Shape::Int),
        ("k", _) => (Target::Ignore, Shape::Int),
        ("t", spec) if spec.starts_with('%') => (event(strftime(format, offset, spec)?), Shape::Time),
        ("t", flags) => {
            let zone = flags.contains('z');
            let layout = match flags.contains('c') {
                true if zone => TimeLayout::Iso,
                true => TimeLayout::IsoBare,
                false => TimeLayout::Ctime { zone },
            };
            (event(layout), Shape::Time)
        }
        ("v" | "V", _) => (Target::Vhost, Shape::Text),
        ("L", "") => (Target::RequestId, Shape::Text),
        ("L", _) => (Target::Ignore, Shape::Text),
        ("i", name) => match header(name) {
            t @ (Target::Referrer | Target::Host | Target::RequestId) => (t, Shape::Text),
            _ => (Target::Ignore, Shape::Text),
        },
        ("e" | "n", name) if names_request_id(name) => (Target::RequestId, Shape::Text),
        ("e" | "n", _) => (Target::Ignore, Shape::Text),
        (letter, _) if letter.chars().all(|c| c.is_ascii_alphabetic()) => {
            let message = format!("unknown item `%{letter}`: Apache takes it only from a module");
            notes.push(FormatNote { offset, message });
            (Target::Ignore, Shape::Text)
        }
        _ => {
            return Err(FormatError::new(format, offset + 1, "the letter of an item")
                .help("a percent sign itself is written `%%`"));
        }
    };
    // `%-x` and `%+x` are never empty, and a time, a level and a message are always there.
    let is_certain = (d.modifiers.contains(['-', '+'])
        && !d.modifiers.contains(|c: char| c.is_ascii_digit()))
        || (matches!(d.letter, "t" | "l" | "M" | "P") && !d.modifiers.contains(|c: char| c.is_ascii_digit()));
    let field = Draft::Field(Field { coding: Coding::Apache, ..Field::new(name, offset, target, shape) });
    group.push(if is_certain { field } else { Draft::Optional(vec![field]) });
    Ok(())
}

fn event(layout: TimeLayout) -> Target {
    Target::Time(Clock { layout, anchor: Anchor::Event })
}
