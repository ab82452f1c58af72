//! From stamps as written to moments: the year and the zone that a stamp lacks, decided per source and resolved per stamp.
//!
//! Whatever is assumed is said, with the reason ([`SourceZone`]); `logjoin detect` shows it. The trick: the order of the
//! lines, noted while reading ([`crate::trail`]), says in which year a stamp without one is, and which of two equal wall
//! clocks is meant when clocks were set back.

mod content;
mod found;
mod notes;
mod years;
mod zone;

use std::collections::BTreeMap;

use chrono::DateTime;
use logjoin_parse::{Product, Stamp};

pub(crate) use content::Finder;
pub(crate) use found::Found;
pub(crate) use zone::Rule;
pub use zone::{Wall, Zone, ZoneError};

use crate::plan::Plan;
use crate::trail::{Trail, Turn};
use years::Known;

/// The zones of whole hours, in quarters of an hour, and the others that there are: of half hours, and of quarters. Of any others,
/// one would nearly always fit.
const HOURS: std::ops::RangeInclusive<i64> = -12 * 4..=14 * 4;
const HALVES: [i64; 9] = [-38, -14, -10, 14, 18, 22, 26, 38, 42];
const QUARTERS: [i64; 4] = [23, 35, 51, 55];

/// How far the zones that there are lie from UTC, in quarters of an hour.
pub(crate) fn all_zones() -> impl Iterator<Item = i64> {
    HOURS.step_by(4).chain(HALVES).chain(QUARTERS)
}

const SECOND: i64 = 1_000_000_000;
const QUARTER: i64 = 900 * SECOND;
/// More changes of the written offset than clocks are set in a decade: stamps of several writers.
const MOST_CHANGES: usize = 20;
/// Silences shown of a source.
const SILENCES: usize = 3;

/// What was decided for a source, in words.
#[derive(Debug, Clone, Default)]
pub(crate) struct SourceZone {
    /// `+01:00`, `Europe/Berlin`, `written`, `mixed` or `none`.
    pub label: String,
    pub reason: String,
    /// Nothing tells: the offset that is assumed, seconds, and the fit of the clocks may find another.
    pub assumed_s: Option<i32>,
    /// No stamp, caller or configuration tells; the lines may tell more ([`Finder`]).
    pub is_open: bool,
    /// What else was assumed, and why.
    pub notes: Vec<String>,
    /// The longest silences: from, to, on the host's own clock; the longest first.
    pub silences: Vec<(i64, i64)>,
}

/// The calendars of all files.
#[derive(Debug, Clone)]
pub(crate) struct Calendar {
    files: Vec<FileCalendar>,
    pub sources: Vec<SourceZone>,
}

/// How the stamps of one file become moments.
#[derive(Debug, Clone)]
pub(crate) struct FileCalendar {
    rule: Rule,
    /// In hours that happen twice: from which line on which of the two it is.
    twice: Vec<Twice>,
    /// The file begins in the second of two such hours.
    begins_late: bool,
    year: Option<i32>,
    /// From which line on how many years later.
    years: Vec<(u64, i32)>,
    /// The quarter of an hour that was asked last, by its begin: clocks are set at its borders only.
    last: Option<(i64, Wall)>,
}

#[derive(Debug, Clone, Copy)]
struct Twice {
    line: u64,
    wall: i64,
    is_late: bool,
}

impl FileCalendar {
    /// A stamp on its host's clock, nanoseconds since the epoch. `line` is where it stands.
    #[inline]
    pub fn moment(&mut self, line: u64, stamp: &Stamp) -> i64 {
        match stamp.offset_s {
            // Nothing is left to decide.
            Some(offset) if stamp.has_year || self.year.is_none() => {
                stamp.wall_ns - i64::from(offset) * SECOND
            }
            None if stamp.has_year || self.year.is_none() => match self.last {
                // Nearly always: the same quarter of an hour as before.
                Some((begin, Wall::Once(offset)))
                    if (0..QUARTER).contains(&stamp.wall_ns.wrapping_sub(begin)) =>
                {
                    stamp.wall_ns - i64::from(offset) * SECOND
                }
                _ => self.decided(line, stamp),
            },
            _ => self.decided(line, stamp),
        }
    }

    fn decided(&mut self, line: u64, stamp: &Stamp) -> i64 {
        let wall = self.wall(line, stamp);
        let offset = match stamp.offset_s {
            Some(o) => o,
            None => self.offset(line, wall),
        };
        wall - i64::from(offset) * SECOND
    }

    /// The wall clock, in its year.
    fn wall(&self, line: u64, stamp: &Stamp) -> i64 {
        match self.year {
            Some(year) if !stamp.has_year => {
                let n = self.years.partition_point(|y| y.0 <= line);
                years::place(stamp.wall_ns, year + self.years[..n].last().map_or(0, |y| y.1))
            }
            _ => stamp.wall_ns,
        }
    }

    fn offset(&mut self, line: u64, wall: i64) -> i32 {
        let found = match self.last {
            Some((begin, found)) if (0..QUARTER).contains(&wall.wrapping_sub(begin)) => found,
            _ => {
                let found = self.rule.at_wall(wall);
                self.last = Some((wall.saturating_sub(wall.rem_euclid(QUARTER)), found));
                found
            }
        };
        match found {
            Wall::Once(o) | Wall::Never(o) => o,
            Wall::Twice(early, late) => {
                let span = i64::from(early - late) * SECOND;
                let before = &self.twice[..self.twice.partition_point(|t| t.line <= line)];
                let near = before.iter().rfind(|t| (t.wall - wall).abs() <= span);
                if near.map_or(self.begins_late, |t| t.is_late) { late } else { early }
            }
        }
    }
}

impl Calendar {
    /// Decides by what was noted of each file; `trails` are in the order of the files.
    pub fn decide(plan: &Plan, trails: &[Trail], found: &Found) -> Calendar {
        let known = known(trails);
        let mut files = vec![
            FileCalendar {
                rule: Rule::Zone(Zone::Fixed(0)),
                twice: Vec::new(),
                begins_late: false,
                year: None,
                years: Vec::new(),
                last: None,
            };
            plan.files.len()
        ];
        let written: Vec<Written> = plan.sources.iter().map(|s| Written::of(&s.files, trails)).collect();
        let mut sources = Vec::with_capacity(plan.sources.len());
        for (i, source) in plan.sources.iter().enumerate() {
            let (rule, mut zone) = decide_zone(plan, i, &written, found);
            let years = years::decide(plan, &source.files, trails, known);
            // The wall clock at the end of the file before.
            let mut before: Option<i64> = None;
            for (f, year) in source.files.iter().zip(&years) {
                let (trail, file) = (&trails[*f], &mut files[*f]);
                file.rule = rule.clone();
                file.year = year.as_ref().map(|y| y.first);
                file.years = trail.years.clone();
                let first = trail.first.map(|(line, s)| file.wall(line, &s));
                let late = |t: &Turn| {
                    let by = year
                        .as_ref()
                        .map_or(0, |y| years::place(t.after, y.first + trail.years_at(t.line)) - t.after);
                    // A stamp of a year of its own is where it says.
                    let by = if trail.dated.is_some() && trail.undated.is_none() { 0 } else { by };
                    let twice = matches!(rule.at_wall(t.after + by), Wall::Twice(..));
                    twice.then_some(Twice { line: t.line, wall: t.after + by, is_late: t.after < t.before })
                };
                file.twice = trail.turns.iter().filter_map(late).collect();
                file.begins_late = match (before, first) {
                    (Some(before), Some(first)) => {
                        before > first && matches!(rule.at_wall(first), Wall::Twice(..))
                    }
                    _ => false,
                };
                before = trail.last.map(|(line, s)| file.wall(line, &s)).or(before);
            }
            notes::year_notes(plan, &source.files, &years, trails, &mut zone.notes);
            let all_written = written[i].silent == 0;
            for (n, f) in source.files.iter().enumerate().filter(|_| !all_written) {
                // The file after this one begins in the second of the two hours: this one ends in the first.
                let goes_on = source.files.get(n + 1).is_some_and(|next| files[*next].begins_late);
                notes::set_back_notes(plan, *f, &mut files[*f], &trails[*f], goes_on, &mut zone.notes);
            }
            notes::line_notes(plan, &source.files, trails, &mut zone.notes);
            zone.silences = silences(&source.files, &mut files, trails);
            sources.push(zone);
        }
        Calendar { files, sources }
    }

    /// The calendar of one file.
    pub fn of(&self, file: u32) -> FileCalendar {
        self.files[file as usize].clone()
    }
}

/// The offsets that the stamps of a source say themselves.
struct Written {
    offsets: BTreeMap<i32, u64>,
    silent: u64,
    /// From which moment on, which; neighbours differ.
    changes: Vec<(i64, i32)>,
}

impl Written {
    fn of(files: &[usize], trails: &[Trail]) -> Written {
        let mut w = Written { offsets: BTreeMap::new(), silent: 0, changes: Vec::new() };
        for f in files {
            w.silent += trails[*f].silent;
            trails[*f].offsets.iter().for_each(|(o, n)| *w.offsets.entry(*o).or_default() += n);
            for &(_, from, o) in &trails[*f].changes {
                if w.changes.last().is_none_or(|c| c.1 != o && c.0 < from) {
                    w.changes.push((from, o));
                }
            }
        }
        w
    }

    fn total(&self) -> u64 {
        self.offsets.values().sum()
    }

    /// The offset of most stamps.
    fn usual(&self) -> Option<i32> {
        self.offsets.iter().max_by_key(|(o, n)| (**n, **o)).map(|(o, _)| *o)
    }

    /// How stamps without a zone are read beside these.
    fn rule(&self) -> Option<Rule> {
        let usual = self.usual()?;
        let turns = self.offsets.len() > 1 && (2..=MOST_CHANGES).contains(&self.changes.len());
        Some(if turns { Rule::Seen(self.changes.clone()) } else { Rule::Zone(Zone::Fixed(usual)) })
    }

    /// `+02:00, from 2026-10-25 01:00:00 UTC +01:00`, or the offsets with their counts.
    fn words(&self) -> String {
        let zone = |o: i32| Zone::Fixed(o).to_string();
        if self.offsets.len() <= 1 {
            return self.usual().map(zone).unwrap_or_default();
        }
        if self.changes.len() > 4 {
            let all: Vec<String> = self.offsets.iter().map(|(o, n)| format!("{} ({n})", zone(*o))).collect();
            return all.join(", ");
        }
        let parts = self.changes.iter().enumerate().map(|(i, (from, o))| {
            if i == 0 { zone(*o) } else { format!("from {} UTC {}", moment(*from), zone(*o)) }
        });
        parts.collect::<Vec<_>>().join(", ")
    }
}

fn moment(ns: i64) -> String {
    DateTime::from_timestamp_nanos(ns).format("%Y-%m-%d %H:%M:%S").to_string()
}

fn decide_zone(plan: &Plan, i: usize, written: &[Written], found: &Found) -> (Rule, SourceZone) {
    let source = &plan.sources[i];
    let me = &written[i];
    let said = |rule: Rule, reason: String| {
        let label = match &rule {
            Rule::Zone(z) => z.to_string(),
            Rule::Seen(_) => "mixed".into(),
        };
        (rule, SourceZone { label, reason, ..SourceZone::default() })
    };
    let utc = || Rule::Zone(Zone::Fixed(0));
    if me.silent == 0 {
        let (label, reason) = match me.offsets.len() {
            0 => ("none", "no line has a time".into()),
            1 => ("written", format!("{}, written in each stamp", me.words())),
            _ => ("mixed", format!("{}, written in each stamp", me.words())),
        };
        return (utc(), SourceZone { label: label.into(), reason, ..SourceZone::default() });
    }
    if let Some(zone) = plan.told_zone(source) {
        return said(Rule::Zone(*zone), "told".into());
    }
    if let Some(rule) = me.rule() {
        return said(rule, format!("other stamps of the same file: {}", me.words()));
    }
    if let Some((zone, at)) = configured(plan, i) {
        return said(Rule::Zone(zone), format!("the configuration sets TZ at {at}"));
    }
    // An epoch number or a `Z` may be a program's own habit; a CLF stamp shows the host's zone.
    let sibling = (0..written.len())
        .filter(|j| *j != i && plan.sources[*j].instance == source.instance)
        .filter_map(|j| written[j].usual().map(|z| (z != 0, written[j].total(), std::cmp::Reverse(j), j)))
        .max();
    let beside = |j: usize, rule: Rule, words: String| {
        said(rule, format!("another log of the same host, {}: {words}", plan.sources[j].id))
    };
    let sibling = sibling.and_then(|(.., j)| Some((j, written[j].rule()?)));
    if let Some((j, rule)) = &sibling
        && written[*j].offsets.keys().any(|o| *o != 0)
    {
        return beside(*j, rule.clone(), written[*j].words());
    }
    let fixed = |offset_s: i32| Rule::Zone(Zone::Fixed(offset_s));
    let (rule, mut zone) = if let Some(own) = found.of(i) {
        let (rule, mut zone) = said(fixed(own.offset_s), own.reason.clone());
        zone.assumed_s = own.assumed.is_some().then_some(own.offset_s);
        zone.notes.extend(own.assumed.clone());
        (rule, zone)
    } else if let Some((j, other)) = found.beside(plan, i) {
        beside(j, fixed(other.offset_s), Zone::Fixed(other.offset_s).to_string())
    } else if let Some((j, rule)) = sibling {
        beside(j, rule, written[j].words())
    } else {
        let (rule, zone) = said(utc(), "assumed UTC, checked against the other logs".into());
        (rule, SourceZone { assumed_s: Some(0), ..zone })
    };
    zone.is_open = true;
    (rule, zone)
}

/// The zone that the configuration of the proxy sets for itself: nginx `env TZ=...` (`ngx_set_environment` in
/// `src/core/nginx.c` keeps it for the master and the workers), HAProxy `setenv TZ ...` (section 3.1 of its manual).
fn configured(plan: &Plan, i: usize) -> Option<(Zone, String)> {
    let source = &plan.sources[i];
    let instance = &plan.instances[source.instance];
    let product = source.writer.product;
    let alone = plan.instances.iter().filter(|n| n.is_proxy && n.product == product).count() == 1;
    let last = |p: &str| p.trim_end_matches('/').rsplit('/').next().unwrap_or("").to_owned();
    let zones: Vec<(Zone, String)> = plan
        .configs
        .iter()
        .filter(|c| source.writer.is_proxy && c.config.product == product)
        .filter(|c| alone || last(c.path.rsplit_once('/').map_or("", |(d, _)| d)) == last(&instance.folder))
        .flat_map(|c| &c.config.settings)
        .filter_map(|s| {
            let zone = match (product, s.name.as_str()) {
                (Product::Nginx, "env") => s.value.strip_prefix("TZ=")?,
                (Product::Haproxy, "setenv" | "presetenv") if s.args.first()? == "TZ" => s.args.get(1)?,
                _ => return None,
            };
            let zone = zone.trim_matches(['"', '\'', ':']).parse().ok()?;
            Some((zone, format!("{}:{}", s.place.file, s.place.line)))
        })
        .collect();
    let agree = zones.windows(2).all(|w| w[0].0 == w[1].0);
    zones.into_iter().next().filter(|_| agree)
}

/// The time that the stamps with a year are about.
fn known(trails: &[Trail]) -> Option<Known> {
    let ends: Vec<(i64, i64)> = trails
        .iter()
        .filter_map(|t| t.dated)
        .map(|(a, b)| (a.1.utc_ns(0), b.1.utc_ns(0)))
        .map(|(a, b)| (a.min(b), a.max(b)))
        .collect();
    let mut middles: Vec<i64> = ends.iter().map(|(a, b)| a + (b - a) / 2).collect();
    middles.sort_unstable();
    Some(Known {
        from: ends.iter().map(|e| e.0).min()?,
        to: ends.iter().map(|e| e.1).max()?,
        middle: *middles.get(middles.len() / 2)?,
    })
}

fn silences(files: &[usize], calendars: &mut [FileCalendar], trails: &[Trail]) -> Vec<(i64, i64)> {
    let mut found: Vec<(i64, i64)> = Vec::new();
    let mut before: Option<i64> = None;
    for f in files {
        let (trail, calendar) = (&trails[*f], &mut calendars[*f]);
        for s in &trail.silences {
            found.push((calendar.moment(s.from.0, &s.from.1), calendar.moment(s.to.0, &s.to.1)));
        }
        if let (Some(first), Some(last)) = (trail.first, trail.last) {
            if let Some(before) = before {
                found.push((before, calendar.moment(first.0, &first.1)));
            }
            before = Some(calendar.moment(last.0, &last.1));
        }
    }
    found.retain(|(from, to)| to - from >= SECOND);
    found.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
    found.truncate(SILENCES);
    found
}
