//! What the script of the page works with: failures, excerpts, lanes and load as compact JSON.
//!
//! The trick: columns instead of objects, texts and lists of lines in tables that the columns point into, and each column in
//! the shortest of three spellings (plain, differences, runs). A hundred thousand failures then take about as many bytes as
//! their times, lines and targets do. Nothing here is trusted: all texts are made harmless, and the script only ever sets
//! them as text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{canvas, escape, view};
use crate::Analysis;
use crate::analysis::{Failure, Time};
use crate::vocabulary::CauseId;

/// Characters of a text; the log has the rest.
const CHARS: usize = 300;
/// Bytes of all data; beyond, the rows are cut, and the page says so.
const MOST_BYTES: usize = 13_500_000;

/// The data of a page.
pub(super) struct Data {
    /// Safe to stand in a script element.
    pub json: String,
    /// Failures that are in it: the first ones.
    pub rows: usize,
}

/// All of the result, or as many of its failures as a page can bear.
pub(super) fn build(a: &Analysis) -> Data {
    build_within(a, MOST_BYTES)
}

fn build_within(a: &Analysis, most: usize) -> Data {
    let mut rows = a.failures.len();
    loop {
        let json = escape::json(&of(a, rows).to_string()).into_owned();
        if json.len() <= most || rows == 0 {
            return Data { json, rows };
        }
        // A little less than fits on average, so that one or two rounds do.
        rows = rows.min((rows as u128 * most as u128 * 9 / 10 / json.len() as u128) as usize);
    }
}

fn of(a: &Analysis, rows: usize) -> Value {
    let base = base(a);
    let mut t = Tables::default();
    let failures = failures(a, rows, base, &mut t);
    let excerpts = excerpts(a, rows, base, &mut t);
    let (start, end) = view::range(a).unwrap_or((Time(base), Time(base)));
    json!({
        "base": base.div_euclid(1_000_000),
        "range": [ms(start, base), ms(end, base)],
        "causes": CauseId::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>(),
        "rows": failures,
        "lines": excerpts,
        "lanes": lanes(a, base),
        "traffic": traffic(a, base),
        "clocks": a.clocks.iter().map(|k| json!([text(&k.source), k.offset_s, k.zone_error_s, k.band_s, text(k.state.as_str())])).collect::<Vec<_>>(),
        "incidents": a.incidents.iter().map(|i| json!({
            "id": text(&i.id),
            "start": ms(i.start, base),
            "end": ms(i.end, base),
            "cause": i.cause.as_str(),
            "episodes": i.episodes.iter().map(|e| text(&e.id)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "tries": t.tries,
        "sets": t.sets,
        "texts": t.texts,
    })
}

/// The moment that all times count from.
fn base(a: &Analysis) -> i64 {
    let first = a.failures.iter().map(|f| f.time.0).min();
    let base = view::range(a).map(|(start, _)| start.0).or(first).unwrap_or(0);
    base.div_euclid(1_000_000) * 1_000_000
}

fn ms(t: Time, base: i64) -> i64 {
    t.0.saturating_sub(base).div_euclid(1_000_000)
}

fn text(s: &str) -> String {
    canvas::clip(&escape::terminal(s), CHARS).into_owned()
}

/// What the columns point into.
#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    text_at: BTreeMap<String, i64>,
    sets: Vec<Vec<i64>>,
    set_at: BTreeMap<Vec<i64>, i64>,
    tries: Vec<[i64; 4]>,
    try_at: BTreeMap<[i64; 4], i64>,
}

impl Tables {
    fn text(&mut self, s: &str) -> i64 {
        if let Some(n) = self.text_at.get(s) {
            return *n;
        }
        let n = self.texts.len() as i64;
        self.texts.push(text(s));
        self.text_at.insert(s.to_owned(), n);
        n
    }

    /// -1 where there is none.
    fn maybe(&mut self, s: Option<&str>) -> i64 {
        s.map_or(-1, |s| self.text(s))
    }

    fn set(&mut self, items: Vec<i64>) -> i64 {
        if items.is_empty() {
            return -1;
        }
        if let Some(n) = self.set_at.get(&items) {
            return *n;
        }
        let n = self.sets.len() as i64;
        self.sets.push(items.clone());
        self.set_at.insert(items, n);
        n
    }

    fn attempt(&mut self, one: [i64; 4]) -> i64 {
        *self.try_at.entry(one).or_insert_with(|| {
            self.tries.push(one);
            self.tries.len() as i64 - 1
        })
    }
}

/// A column in its shortest spelling: `[..]`, `{"d": [..]}` (differences) or `{"r": [value, times, ..]}` (runs).
fn column(values: &[i64]) -> Value {
    let mut before = 0;
    let differences: Vec<i64> = values
        .iter()
        .map(|v| {
            let d = v.saturating_sub(before);
            before = *v;
            d
        })
        .collect();
    let mut runs: Vec<i64> = Vec::new();
    for v in values {
        match runs.as_mut_slice() {
            [.., last, n] if last == v => *n += 1,
            _ => runs.extend([*v, 1]),
        }
    }
    let length = |c: &[i64]| c.iter().map(|v| digits(*v) + 1).sum::<usize>();
    let (plain, less, fewer) = (length(values), length(&differences) + 6, length(&runs) + 6);
    if fewer <= less.min(plain) {
        json!({ "r": runs })
    } else if less < plain {
        json!({ "d": differences })
    } else {
        json!(values)
    }
}

fn digits(v: i64) -> usize {
    usize::from(v < 0) + v.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1
}

fn cause(c: CauseId) -> i64 {
    CauseId::ALL.iter().position(|x| *x == c).unwrap_or(0) as i64
}

fn thousandths(p: f64) -> i64 {
    (p * 1000.0).round() as i64
}

fn microseconds(s: Option<f64>) -> i64 {
    s.map_or(-1, |s| (s * 1e6).round() as i64)
}

fn failures(a: &Analysis, rows: usize, base: i64, t: &mut Tables) -> Value {
    const NAMES: [&str; 23] = [
        "time", "took", "file", "line", "proxy", "method", "target", "status", "client", "request", "tries",
        "origin", "seen", "cause", "detail", "sure", "gateway", "episode", "errors", "chain", "backend",
        "join", "why",
    ];
    let mut columns: Vec<Vec<i64>> = vec![Vec::with_capacity(rows); NAMES.len() + 1];
    for f in a.failures.iter().take(rows) {
        let took = f.start.map_or(-1, |s| (f.time.0.saturating_sub(s.0)).max(0) / 1_000_000);
        let row = [
            ms(f.time, base),
            took,
            t.text(&f.file),
            f.line as i64,
            t.text(&f.proxy),
            t.maybe(f.method.as_deref()),
            t.maybe(f.target.as_deref()),
            f.status.map_or(0, i64::from),
            t.maybe(f.client.as_deref()),
            t.maybe(f.request_id.as_deref()),
            attempts(f, t),
            t.text(f.origin.as_str()),
            t.text(f.mechanism.as_str()),
            cause(f.cause),
            t.maybe(f.detail.as_deref()),
            thousandths(f.confidence),
            i64::from(f.gateway),
            t.maybe(f.episode.as_deref()),
            lines(f.error_lines.iter(), t),
            chain(f, t),
            backend(f, t),
            t.text(f.join.as_str()),
            lines(f.cause_lines.iter(), t),
            t.set(f.alternatives.iter().flat_map(|x| [cause(x.cause), thousandths(x.confidence)]).collect()),
        ];
        for (c, v) in columns.iter_mut().zip(row) {
            c.push(v);
        }
    }
    let names = NAMES.iter().copied().chain(["or"]);
    let mut out: serde_json::Map<String, Value> =
        names.zip(&columns).map(|(name, c)| (name.to_owned(), column(c))).collect();
    out.insert("n".into(), json!(rows));
    out.insert("of".into(), json!(a.failures.len()));
    let listed = a.failures.iter().take(rows);
    if listed.clone().any(|f| f.stands_for > 1) {
        let stands = listed.map(|f| i64::try_from(f.stands_for).unwrap_or(i64::MAX));
        out.insert("stands".into(), column(&stands.collect::<Vec<_>>()));
    }
    Value::Object(out)
}

fn attempts(f: &Failure, t: &mut Tables) -> i64 {
    let mut list = Vec::with_capacity(4 * f.attempts.len());
    for x in &f.attempts {
        let what = [
            t.maybe(x.address.as_deref()),
            t.maybe(x.instance.as_deref()),
            t.text(x.mechanism.as_str()),
            x.status.map_or(0, i64::from),
        ];
        let times = [microseconds(x.connect_s), microseconds(x.header_s), microseconds(x.response_s)];
        list.push(t.attempt(what));
        list.extend(times);
    }
    t.set(list)
}

fn lines<'a>(all: impl Iterator<Item = &'a crate::analysis::LineRef>, t: &mut Tables) -> i64 {
    let list = all.flat_map(|at| [t.text(&at.file), at.line as i64]).collect();
    t.set(list)
}

fn chain(f: &Failure, t: &mut Tables) -> i64 {
    let mut list = Vec::new();
    for c in &f.chain {
        list.extend([
            t.text(&c.at.file),
            c.at.line as i64,
            t.text(c.side.as_str()),
            thousandths(c.confidence),
        ]);
    }
    t.set(list)
}

fn backend(f: &Failure, t: &mut Tables) -> i64 {
    let mut list = Vec::new();
    for b in &f.backend {
        list.extend([
            t.text(&b.at.file),
            b.at.line as i64,
            t.text(b.how.as_str()),
            thousandths(b.confidence),
        ]);
    }
    t.set(list)
}

/// The texts of lines; when rows had to go, as many of these as well.
fn excerpts(a: &Analysis, rows: usize, base: i64, t: &mut Tables) -> Value {
    let all = a.excerpts.len();
    let kept = if rows == a.failures.len() { all } else { all * rows / a.failures.len().max(1) };
    let mut c: [Vec<i64>; 6] = Default::default();
    for e in a.excerpts.iter().take(kept) {
        let row = [
            t.text(&e.at.file),
            e.at.line as i64,
            t.text(&e.instance),
            ms(e.time, base),
            (e.within_s * 1000.0).round() as i64,
            t.text(&e.text),
        ];
        for (c, v) in c.iter_mut().zip(row) {
            c.push(v);
        }
    }
    let [file, line, instance, time, within, text] = c.map(|c| column(&c));
    json!({ "n": kept, "file": file, "line": line, "instance": instance, "time": time, "within": within, "text": text })
}

/// Marks of a lane: an instance that crashes in a loop has thousands.
const MARKS: usize = 400;

/// One lane per instance: its states, what happened to it, and how the proxies saw it.
fn lanes(a: &Analysis, base: i64) -> Value {
    let mut names: Vec<String> = a.lifecycle.iter().map(|l| l.instance.clone()).collect();
    let mut health: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for h in &a.health {
        let lane = view::instance_of_server(a, &h.server);
        if !names.contains(&lane) {
            names.push(lane.clone());
        }
        let marks = health.entry(lane).or_default();
        if marks.len() < MARKS {
            let what = h.reason.as_ref().map_or(h.event.clone(), |r| format!("{}: {r}", h.event));
            marks.push(json!([
                ms(h.time, base),
                text(&h.event),
                text(&format!("{} at {}: {what}", h.server, h.proxy)),
                text(&h.at.to_string())
            ]));
        }
    }
    let lane = |name: &String| {
        let life = a.lifecycle.iter().find(|l| l.instance == *name);
        let spans = life.map_or(&[][..], |l| &l.spans);
        let events = life.map_or(&[][..], |l| &l.events);
        json!({
            "name": text(name),
            "spans": spans.iter().map(|s| json!([s.state, ms(s.start, base), ms(s.end, base)])).collect::<Vec<_>>(),
            "events": events.iter().take(MARKS).map(|e| json!([ms(e.time, base), text(&e.what), text(&e.text), text(&e.at.to_string())])).collect::<Vec<_>>(),
            "health": health.get(name).cloned().unwrap_or_default(),
        })
    };
    json!(names.iter().map(lane).collect::<Vec<_>>())
}

fn traffic(a: &Analysis, base: i64) -> Value {
    let series = |t: &crate::analysis::Traffic| {
        let ms_of = |s: Option<f64>| s.map(|s| (s * 1e6).round() / 1e3);
        json!({
            "source": text(&t.source),
            "server": t.server.as_deref().map(text),
            "instance": t.instance.as_deref().map(text),
            "step": i64::from(t.step_s) * 1000,
            "time": column(&t.points.iter().map(|p| ms(p.start, base)).collect::<Vec<_>>()),
            "requests": column(&t.points.iter().map(|p| p.requests as i64).collect::<Vec<_>>()),
            "failures": column(&t.points.iter().map(|p| p.failures as i64).collect::<Vec<_>>()),
            "p50": t.points.iter().map(|p| ms_of(p.p50_s)).collect::<Vec<_>>(),
            "p99": t.points.iter().map(|p| ms_of(p.p99_s)).collect::<Vec<_>>(),
            "busy": t.points.iter().map(|p| p.busy.map(|b| (b * 10.0).round() / 10.0)).collect::<Vec<_>>(),
        })
    };
    json!(a.traffic.iter().map(series).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    /// What the script does with a column.
    fn read(c: &Value) -> Vec<i64> {
        let list = |v: &Value| v.as_array().unwrap().iter().map(|x| x.as_i64().unwrap()).collect::<Vec<_>>();
        if c.is_array() {
            list(c)
        } else if let Some(d) = c.get("d") {
            let mut sum = 0;
            list(d)
                .iter()
                .map(|x| {
                    sum += x;
                    sum
                })
                .collect()
        } else {
            list(&c["r"]).chunks(2).flat_map(|r| std::iter::repeat_n(r[0], r[1] as usize)).collect()
        }
    }

    #[test]
    fn columns_mean_the_same_in_every_spelling() {
        for values in [
            vec![],
            vec![7],
            vec![5; 90],
            (100_000..100_090).collect(),
            vec![3, -1, 12, 0, 9],
            vec![-5, -5, 8],
        ] {
            assert_eq!(read(&column(&values)), values);
        }
        assert!(column(&[5; 90]).to_string().len() < 16);
    }

    #[test]
    fn every_failure_and_cause_is_in_the_data() {
        let a = sample::rich();
        let d = build(&a);
        let v: Value = serde_json::from_str(&d.json).unwrap();
        assert_eq!((d.rows, v["rows"]["n"].as_u64().unwrap() as usize), (a.failures.len(), a.failures.len()));
        let mut by_cause: BTreeMap<String, u64> = BTreeMap::new();
        for (c, gateway) in read(&v["rows"]["cause"]).iter().zip(read(&v["rows"]["gateway"])) {
            if gateway == 1 {
                *by_cause.entry(v["causes"][*c as usize].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        assert_eq!(by_cause, a.totals.by_cause);
        assert_eq!(v["lines"]["n"].as_u64().unwrap() as usize, a.excerpts.len());
    }

    #[test]
    fn data_cannot_leave_its_element_nor_hide_anything() {
        let d = build(&sample::rich());
        assert!(!d.json.contains('<'));
        let v: Value = serde_json::from_str(&d.json).unwrap();
        for t in v["texts"].as_array().unwrap() {
            assert!(!t.as_str().unwrap().chars().any(escape::is_unsafe), "{t}");
        }
    }

    #[test]
    fn a_page_that_would_be_too_large_has_fewer_rows() {
        let a = sample::many(3_000);
        let d = build_within(&a, 60_000);
        assert!(d.json.len() <= 60_000 && d.rows > 0 && d.rows < a.failures.len());
        let v: Value = serde_json::from_str(&d.json).unwrap();
        assert_eq!(v["rows"]["of"].as_u64().unwrap() as usize, a.failures.len());
    }
}
