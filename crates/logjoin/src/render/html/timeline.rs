//! The time axis as a drawing: failures as bars, incidents as shaded stretches, one lane for each instance.
//!
//! Colours come from classes of the style sheet; the state of a stretch is also said in its title and the legend.

use super::super::{view, words};
use super::Page;
use crate::Analysis;
use crate::analysis::Time;
use crate::vocabulary::LifeState;

const WIDTH: f64 = 1000.0;
/// Room for the names of the lanes.
const LEFT: f64 = 120.0;
const BARS: f64 = 90.0;
const LANE: f64 = 20.0;
const SLICES: usize = 220;

/// `listed`: how many failures the script has.
pub(super) fn draw(p: &mut Page, a: &Analysis, listed: usize) {
    let Some((start, end)) = view::range(a) else { return };
    if a.totals.failures == 0 && a.lifecycle.is_empty() {
        return;
    }
    let top = BARS + 10.0;
    let height = top + LANE * a.lifecycle.len() as f64 + 24.0;
    p.raw("<section aria-labelledby=\"timeline\"><h2 id=\"timeline\">Timeline</h2>\n");
    p.raw("<div class=\"live-only\"><div id=\"axis-controls\" class=\"controls\" role=\"group\" aria-label=\"range of time\"></div>");
    p.raw("<div id=\"axis\"></div><p class=\"mute small\">Drag over the picture to choose a range. Bars: failures of each cause; ");
    p.raw("grey: those that the filters leave out. Dashed: the usual level outside the incidents. Lanes: thin is ready, ");
    p.raw("thick is down, starting or draining; dots are events of the instance; triangles up and down are health checks.");
    if let Some(partly) = partly(a, listed) {
        p.element(" <strong>", partly, "</strong>");
    }
    p.raw("</p></div>\n");
    p.raw("<figure class=\"dead-only\"><svg role=\"img\" aria-label=\"failures and states of the instances over time\" viewBox=\"0 0 ");
    p.number(WIDTH).raw(" ").number(height).raw("\">\n");
    for i in &a.incidents {
        let (x, w) = stretch(i.start, i.end, start, end);
        rect(p, "<rect class=\"span\" x=\"", x, 0.0, w.max(3.0), height - 24.0);
        p.element("<title>", format!("{}: {}", i.id, words::range(i.start, i.end)), "</title></rect>\n");
    }
    bars(p, a, start, end);
    p.raw("<line class=\"axis\" x1=\"").number(LEFT).raw("\" x2=\"").number(WIDTH);
    p.raw("\" y1=\"").number(BARS).raw("\" y2=\"").number(BARS).raw("\"/>\n");
    for (n, l) in a.lifecycle.iter().enumerate() {
        let y = top + LANE * n as f64;
        label(p, 0.0, y + 12.0, "\">", &short(&l.instance));
        for s in &l.spans {
            let (x, w) = stretch(s.start, s.end, start, end);
            let open = match s.state {
                LifeState::Ready => "<rect class=\"ready\" x=\"",
                LifeState::Down => "<rect class=\"down\" x=\"",
                LifeState::Starting => "<rect class=\"starting\" x=\"",
                LifeState::Draining => "<rect class=\"draining\" x=\"",
                LifeState::Unknown => "<rect class=\"unknown\" x=\"",
            };
            // What is down is drawn higher than what is ready: the shape says it without the colour.
            let (dy, h) = if s.state == LifeState::Ready { (6.0, 6.0) } else { (2.0, 14.0) };
            rect(p, open, x, y + dy, w.max(1.5), h);
            let title = format!("{} {}: {}", l.instance, s.state, words::range(s.start, s.end));
            p.element("<title>", title, "</title></rect>\n");
        }
    }
    label(p, LEFT, height - 8.0, "\">", &words::moment(start));
    label(p, WIDTH, height - 8.0, "\" text-anchor=\"end\">", &words::moment(end));
    p.raw("</svg><figcaption class=\"mute\">Bars: failures");
    if let Some(partly) = view::Strip::of(a, SLICES).and_then(|s| s.partly) {
        p.element(" <span>", format!("({partly})"), "</span>");
    }
    p.raw(". Thin lanes: ready; thick: down, starting or draining. ");
    p.raw("Shaded: incidents. Point at a stretch for its times.</figcaption></figure>\n");
    lives(p, a);
    p.raw("</section>\n");
}

/// What the script's bars leave out: it counts what it has, in any range and by any filter.
fn partly(a: &Analysis, listed: usize) -> Option<String> {
    let rows = || a.failures.iter().take(listed).filter(|f| f.gateway);
    let told: u64 = rows().map(|f| f.stands_for).sum();
    if told < a.totals.failures {
        let (told, all) = (words::grouped(told), words::grouped(a.totals.failures));
        return Some(format!("The bars are those of the failures listed below: {told} of {all}."));
    }
    rows()
        .any(|f| f.stands_for > 1)
        .then(|| "Where one failure is listed for several, all of them are drawn at its time.".to_owned())
}

/// Stretches of all lanes that the table lists.
const SPANS: usize = 200;

/// The lanes in words, for who cannot see them.
fn lives(p: &mut Page, a: &Analysis) {
    if a.lifecycle.is_empty() {
        return;
    }
    p.raw("<details><summary>The states of the instances as a table</summary>\n");
    let rows = a.lifecycle.iter().flat_map(|l| {
        l.spans.iter().map(|s| {
            let long = words::length(s.end.seconds() - s.start.seconds());
            vec![l.instance.clone(), s.state.to_string(), words::moment(s.start), words::moment(s.end), long]
        })
    });
    super::tables::table(p, "", &["instance", "state", "from", "to", "#for"], rows.take(SPANS));
    p.raw("</details>\n");
}

fn bars(p: &mut Page, a: &Analysis, start: Time, end: Time) {
    let Some(strip) = view::Strip::of(a, SLICES) else { return };
    let most = strip.counts.iter().copied().max().unwrap_or(0).max(1);
    label(p, 0.0, 12.0, "\">", "failures");
    label(p, 0.0, 26.0, "\">", &format!("at most {}", words::grouped(most)));
    for (i, &n) in strip.counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let h = (BARS - 4.0) * n as f64 / most as f64;
        let (from, to) = (strip.start_of(i), strip.start_of(i + 1));
        let (x, w) = stretch(from, to, start, end);
        rect(p, "<rect class=\"bar\" x=\"", x, BARS - h, w.max(1.0), h);
        let title = format!("{}: {}", words::count(n, "failure", "failures"), words::range(from, to));
        p.element("<title>", title, "</title></rect>\n");
    }
}

fn stretch(from: Time, to: Time, start: Time, end: Time) -> (f64, f64) {
    let whole = (end.seconds() - start.seconds()).max(1e-9);
    let at = |t: Time| LEFT + (WIDTH - LEFT) * ((t.seconds() - start.seconds()) / whole).clamp(0.0, 1.0);
    (at(from), at(to) - at(from))
}

fn rect(p: &mut Page, open: &'static str, x: f64, y: f64, w: f64, h: f64) {
    p.raw(open).number(x).raw("\" y=\"").number(y).raw("\" width=\"").number(w);
    p.raw("\" height=\"").number(h.max(0.5)).raw("\">");
}

fn label(p: &mut Page, x: f64, y: f64, rest: &'static str, text: &str) {
    p.raw("<text x=\"").number(x).raw("\" y=\"").number(y).raw(rest).text(text).raw("</text>\n");
}

/// A name that fits in front of a lane.
fn short(name: &str) -> String {
    super::super::canvas::clip(name, 18).into_owned()
}
