//! From the pieces that a front end read to a [`Compiled`]: settles which field gets a place that two of
//! them claim, and works out how the end of each field is found.

use super::error::{FormatError, FormatNote};
use super::field::{Class, Close, Coding, Field, Ha, Shape, Target, TimeLayout, Up};
use super::scan::{Piece, Placed};
use super::{Compiled, Has, Layout};
use crate::{Anchor, Kind, Precision, Product};

/// More fields than any real format has.
const MAX_FIELDS: usize = 250;

/// A piece as a front end gives it.
#[derive(Debug, Clone)]
pub(super) enum Draft {
    Literal(String),
    /// Pieces that may be missing together.
    Optional(Vec<Draft>),
    Field(Field),
}

/// Adds literal text, joined to literal text before it.
pub(super) fn push_literal(drafts: &mut Vec<Draft>, text: &str) {
    match drafts.last_mut() {
        Some(Draft::Literal(before)) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => drafts.push(Draft::Literal(text.to_owned())),
    }
}

/// Compiles a sequence of pieces.
pub(super) fn assemble(
    source: &str,
    product: Product,
    kind: Kind,
    mut drafts: Vec<Draft>,
    notes: Vec<FormatNote>,
) -> Result<Compiled, FormatError> {
    join_paths(&mut drafts);
    // A line that starts with a host starts with the virtual host.
    if let Some(Draft::Field(first)) = drafts.first_mut()
        && first.target == Target::Host
    {
        first.target = Target::Vhost;
    }
    let mut ends_blank = product == Product::Haproxy;
    if let Some(Draft::Literal(last)) = drafts.last_mut() {
        let kept = last.trim_end_matches([' ', '\t', '\r', '\n']).len();
        ends_blank |= kept < last.len();
        last.truncate(kept);
        if last.is_empty() {
            drafts.pop();
        }
    }
    let mut fields = Vec::new();
    collect(&mut drafts, &mut fields);
    check_count(source, fields.len())?;
    let anchor = settle(&mut fields, product, kind);
    let has = what_it_has(&fields, product);

    let mut pieces = Vec::new();
    flatten(drafts, &mut pieces);
    for i in 0..pieces.len() {
        place(source, kind, &mut pieces, i)?;
    }
    let layout = Layout::Pieces(pieces);
    Ok(Compiled {
        id: "custom",
        is_utc: false,
        source: source.to_owned(),
        product,
        kind,
        anchor,
        layout,
        notes,
        has,
        ends_blank,
    })
}

/// Compiles a flat JSON object.
pub(super) fn assemble_object(
    source: &str,
    mut named: Vec<(String, Field)>,
    notes: Vec<FormatNote>,
) -> Result<Compiled, FormatError> {
    let mut fields: Vec<&mut Field> = named.iter_mut().map(|(_, f)| f).collect();
    check_count(source, fields.len())?;
    let (product, kind) = (Product::Haproxy, Kind::Access);
    let anchor = settle(&mut fields, product, kind);
    let has = what_it_has(&fields, product);
    let layout = Layout::Object(named);
    Ok(Compiled {
        id: "custom",
        is_utc: false,
        source: source.to_owned(),
        product,
        kind,
        anchor,
        layout,
        notes,
        has,
        ends_blank: true,
    })
}

fn check_count(source: &str, n: usize) -> Result<(), FormatError> {
    if n == 0 {
        return Err(FormatError::new(source, source.len(), "at least one field"));
    }
    if MAX_FIELDS < n {
        return Err(FormatError::new(source, source.len(), format!("at most {MAX_FIELDS} fields, not {n}")));
    }
    Ok(())
}

/// Makes one field of a path and the query that directly follows it: `$uri$is_args$args`, `%U%q`.
fn join_paths(drafts: &mut Vec<Draft>) {
    let mut joined: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts.drain(..) {
        match (joined.last_mut(), draft) {
            (Some(Draft::Field(path)), Draft::Field(tail))
                if matches!(path.target, Target::Path | Target::JoinedPath)
                    && tail.target == Target::UriTail
                    && !path.may_be_quoted =>
            {
                let sigil = if tail.name.starts_with('%') { "" } else { "$" };
                path.name = format!("{}{sigil}{}", path.name, tail.name).into();
                path.target = Target::JoinedPath;
                path.rank = 0;
            }
            (_, draft) => joined.push(draft),
        }
    }
    *drafts = joined;
}

fn collect<'d>(drafts: &'d mut [Draft], fields: &mut Vec<&'d mut Field>) {
    for draft in drafts {
        match draft {
            Draft::Literal(_) => {}
            Draft::Optional(inner) => collect(inner, fields),
            Draft::Field(field) => fields.push(field),
        }
    }
}

/// Leaves each place to one field, the best by rank, then the first; the others become extra fields.
/// Returns the moment that the stamps name.
fn settle(fields: &mut [&mut Field], product: Product, kind: Kind) -> Anchor {
    for i in 0..fields.len() {
        let Some(place) = place_of(&fields[i].target) else { continue };
        let best = (0..fields.len())
            .filter(|j| place_of(&fields[*j].target).as_ref() == Some(&place))
            .min_by_key(|j| (fields[*j].rank, *j));
        if best != Some(i) {
            fields[i].target = Target::Extra;
        }
    }
    settle_times(fields, product, kind)
}

/// What two targets have in common that cannot both be stored; `None` for those that share.
fn place_of(target: &Target) -> Option<Target> {
    match target {
        Target::Time(_) | Target::Extra | Target::Ignore | Target::UriTail | Target::RequestId => None,
        Target::Duration { .. } | Target::TimeTaken => Some(Target::Duration { scale: 0, unit_us: 0 }),
        Target::JoinedPath => Some(Target::Path),
        Target::HexTid => Some(Target::Tid),
        Target::Haproxy(Ha::FrontendTls) => Some(Target::Haproxy(Ha::Frontend)),
        other => Some(other.clone()),
    }
}

/// Only times of one moment make up the stamp: those with a zone, then the most precise, then the first.
fn settle_times(fields: &mut [&mut Field], product: Product, kind: Kind) -> Anchor {
    let mut best: Option<((bool, bool, Precision), Anchor)> = None;
    for anchor in [Anchor::Start, Anchor::End, Anchor::Event] {
        let of_it: Vec<&TimeLayout> = fields
            .iter()
            .filter_map(|f| match &f.target {
                Target::Time(clock) if clock.anchor == anchor => Some(&clock.layout),
                _ => None,
            })
            .collect();
        let whole = of_it.iter().any(|l| !matches!(l, TimeLayout::Fraction(_)));
        let zone = of_it.iter().any(|l| l.has_zone());
        let Some(precision) = of_it.iter().map(|l| l.precision()).max() else { continue };
        let score = (whole, zone, precision);
        if best.is_none_or(|(b, _)| b < score) {
            best = Some((score, anchor));
        }
    }
    let Some((_, anchor)) = best else {
        // Without a time of its own the line has only that of the transport, which is when it was written.
        return if kind == Kind::Error { Anchor::Event } else { Anchor::End };
    };
    let is_zoned_request_date = |f: &Field| matches!(&*f.name, "%trg" | "%trl");
    let request_date = product == Product::Haproxy && fields.iter().any(|f| is_zoned_request_date(f));
    let precise_request_date = product == Product::Haproxy && fields.iter().any(|f| f.name == "%tr");
    for field in fields.iter_mut() {
        let Target::Time(clock) = &field.target else { continue };
        // HAProxy: the date of the request comes before that of the connection, whose
        // milliseconds (`%ms`) are not the request's.
        let is_of_accept =
            (request_date && field.name == "%ms") || (precise_request_date && field.name == "%t");
        if clock.anchor != anchor || is_of_accept {
            // The layout still says where the text ends.
            field.shape = if field.shape == Shape::Time { time_shape(&clock.layout) } else { field.shape };
            field.target = Target::Extra;
        }
    }
    anchor
}

/// The shape of a time that is not the stamp's.
fn time_shape(layout: &TimeLayout) -> Shape {
    match layout {
        TimeLayout::Epoch(_) | TimeLayout::Fraction(_) => Shape::Int,
        TimeLayout::Msec => Shape::Decimal,
        _ => Shape::Text,
    }
}

fn what_it_has(fields: &[&mut Field], product: Product) -> Has {
    let any = |wanted: &[Target]| fields.iter().any(|f| wanted.contains(&f.target));
    let haproxy = product == Product::Haproxy;
    let is_http = any(&[
        Target::Status,
        Target::Request,
        Target::Method,
        Target::Path,
        Target::JoinedPath,
        Target::Version,
        Target::Haproxy(Ha::Tr),
    ]);
    Has {
        addr: any(&[Target::Upstream(Up::Addr)]),
        header_time: any(&[Target::Upstream(Up::HeaderTime)]),
        error_log_id: any(&[Target::ErrorLogId]),
        haproxy,
        tcp: haproxy && !is_http && any(&[Target::Haproxy(Ha::Tt), Target::Haproxy(Ha::State)]),
    }
}

fn flatten(drafts: Vec<Draft>, pieces: &mut Vec<Piece>) {
    for draft in drafts {
        match draft {
            Draft::Literal(text) => pieces.push(Piece::Literal(text.into_bytes().into())),
            Draft::Field(field) => {
                pieces.push(Piece::Field(Box::new(Placed {
                    field,
                    next: Vec::new(),
                    or_end: false,
                    close: Close::Follow,
                    ends_with_run: false,
                })));
            }
            Draft::Optional(inner) => {
                let start = pieces.len();
                pieces.push(Piece::Optional { end: 0 });
                flatten(inner, pieces);
                pieces[start] = Piece::Optional { end: pieces.len() };
            }
        }
    }
}

/// What can come after a field.
#[derive(Default)]
struct Follow {
    texts: Vec<Vec<u8>>,
    end: bool,
    /// A field comes directly.
    field: Option<usize>,
}

fn follow(pieces: &[Piece], i: usize, out: &mut Follow) {
    match pieces.get(i) {
        None => out.end = true,
        Some(Piece::Literal(text)) => out.texts.push(text.to_vec()),
        Some(Piece::Optional { end }) => {
            follow(pieces, i + 1, out);
            follow(pieces, *end, out);
        }
        Some(Piece::Field(p)) if p.field.shape == Shape::Braces => {
            out.texts.push(b"{".to_vec());
        }
        Some(Piece::Field(_)) => out.field = out.field.or(Some(i)),
    }
}

/// Works out how the end of the field at `i` is found.
fn place(source: &str, kind: Kind, pieces: &mut [Piece], i: usize) -> Result<(), FormatError> {
    let mut after = Follow::default();
    follow(pieces, i + 1, &mut after);
    let opens_quote = match i.checked_sub(1).map(|b| &pieces[b]) {
        Some(Piece::Literal(text)) => text.ends_with(b"\""),
        _ => false,
    };
    let next_name = match after.field.map(|n| &pieces[n]) {
        Some(Piece::Field(p)) => Some((p.field.name.clone(), p.field.offset)),
        _ => None,
    };
    let Piece::Field(placed) = &mut pieces[i] else { return Ok(()) };
    if let Some((next, offset)) = next_name {
        let field = &mut placed.field;
        if matches!(field.target, Target::ClientIp | Target::Host | Target::Vhost) {
            field.shape = Shape::Run(Class::Host);
        }
        if !field.is_self_delimiting() {
            let what = format!("text between the fields `{}` and `{next}`", field.name);
            return Err(FormatError::new(source, offset, what).help(
                "without it nothing shows where the first of them ends; put a space or a quote there",
            ));
        }
        placed.ends_with_run = true;
        return Ok(());
    }
    let closes_quote = !after.end && after.texts.iter().all(|t| t.starts_with(b"\""));
    if opens_quote && closes_quote && kind != Kind::Error {
        placed.close = match placed.field.coding {
            Coding::Nginx | Coding::Haproxy => Close::Quote,
            Coding::Json | Coding::Apache | Coding::HaproxyEscaped | Coding::HaproxyJson => {
                Close::EscapedQuote
            }
            Coding::Raw => Close::Follow,
        };
    }
    placed.or_end = after.end;
    placed.ends_with_run = match placed.field.shape {
        Shape::Run(class) => after.texts.iter().all(|t| t.first().is_some_and(|b| !class.holds(*b))),
        _ => false,
    };
    placed.next = after.texts.into_iter().map(Vec::into_boxed_slice).collect();
    Ok(())
}
