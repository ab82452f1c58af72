//! Requests that a backend completed after the proxy had given up, where many are alike and no line is surely one request's.
//!
//! The trick: single lines cannot be told apart, but their number can. Of the backends' lines of one kind each served request
//! takes the one of its moment; what is left over are the completions of those that were given up on, and they come in the order
//! in which the requests did. The same is done with its request log and with each kind of message that names requests (a server
//! that finds its client gone may log nothing, its application does); the log that shows the most is believed.

use std::collections::BTreeMap;

use crate::scene::{SECOND, Scene};

/// Clocks and stamps are apart by no more than this, beyond what the stamps themselves say.
const SLACK: i64 = SECOND / 2;

/// Requests of one kind: method, target.
type Kind = (u64, u64);
/// Between which moments a line was written.
type Span = (i64, i64);

/// Lines of one log or one kind of message, by the requests that they name.
#[derive(Default)]
struct Stream {
    here: BTreeMap<Kind, Vec<Span>>,
    elsewhere: BTreeMap<Kind, Vec<Span>>,
}

/// How long such requests took, nanoseconds, and how many took so long. `failures` are those that were given up on after `waited`; lines until `until` are
/// looked at.
pub(super) fn durations(
    scene: &Scene<'_>,
    instance: usize,
    failures: &[usize],
    waited: i64,
    until: i64,
) -> Vec<(i64, u64)> {
    let world = scene.world;
    let mut given_up: BTreeMap<Kind, Vec<(i64, u64)>> = BTreeMap::new();
    for f in failures.iter().map(|f| &scene.failing[*f]) {
        let r = &world.requests[f.request].r;
        given_up.entry((r.method, r.target)).or_default().push((f.start_ns, f.n()));
    }
    given_up.values_mut().for_each(|starts| starts.sort_unstable());
    let first = given_up.values().filter_map(|s| s.first()).min().map_or(until, |s| s.0);
    // By stream: 0 is the request log, the others are templates of messages.
    let mut streams: BTreeMap<u64, Stream> = BTreeMap::new();
    let mut add = |stream: u64, at: usize, kind: Kind, span: Span| {
        if !given_up.contains_key(&kind) {
            return;
        }
        let s = streams.entry(stream).or_default();
        let side = if at == instance { &mut s.here } else { &mut s.elsewhere };
        side.entry(kind).or_default().push(span);
    };
    let mut served: BTreeMap<Kind, Vec<(Span, bool)>> = BTreeMap::new();
    let begin = world.requests.partition_point(|t| t.end_lo < first - 2 * SECOND);
    for t in world.requests[begin..].iter().take_while(|t| t.end_lo < until).filter(|t| t.end_hi >= first) {
        let (kind, span) = ((t.r.method, t.r.target), (t.end_lo, t.end_hi));
        if !scene.plan.instances[t.instance].is_proxy {
            if (1..500).contains(&t.r.status) {
                add(0, t.instance, kind, span);
            }
        } else if (200..500).contains(&t.r.status) && t.r.status != 499 {
            // A proxy that does not name its servers may have sent it anywhere.
            let here = scene.peers.by_hash(t.r.server);
            if here == Some(instance) || here.is_none() && t.r.server == 0 {
                served.entry(kind).or_default().push((span, here.is_some()));
            }
        }
    }
    let begin = world.logs.partition_point(|m| m.lo < first);
    for m in world.logs[begin..].iter().take_while(|m| m.lo < until) {
        if m.e.target != 0 && !scene.plan.instances[m.instance].is_proxy {
            add(m.e.template, m.instance, (m.e.method, m.e.target), (m.lo, m.hi));
        }
    }
    let all = streams.into_values().map(|s| left_over(s, &given_up, &served, waited));
    let count = |found: &[(i64, u64)]| found.iter().map(|(_, n)| *n).sum::<u64>();
    all.reduce(|best, next| if count(&next) > count(&best) { next } else { best }).unwrap_or_default()
}

fn left_over(
    stream: Stream,
    given_up: &BTreeMap<Kind, Vec<(i64, u64)>>,
    served: &BTreeMap<Kind, Vec<(Span, bool)>>,
    waited: i64,
) -> Vec<(i64, u64)> {
    let Stream { mut here, mut elsewhere } = stream;
    let mut out = Vec::new();
    for (kind, starts) in given_up {
        let mut left = here.remove(kind).unwrap_or_default();
        let mut others = elsewhere.remove(kind).unwrap_or_default();
        let served = served.get(kind).map_or(&[][..], Vec::as_slice);
        let named = served.iter().filter(|(_, is_here)| *is_here).count();
        let unnamed = (served.len() - named).saturating_sub(others.len());
        // More lines than requests that were served: only so many can be late ones.
        let surplus = left.len().saturating_sub(named + unnamed);
        for ((lo, hi), is_here) in served {
            let same = |list: &[Span]| list.iter().position(|(a, b)| *a <= hi + SLACK && *b >= lo - SLACK);
            match (same(&others).filter(|_| !is_here), same(&left)) {
                (Some(i), _) => drop(others.remove(i)),
                (None, Some(i)) => drop(left.remove(i)),
                (None, None) => {}
            }
        }
        let mut starts = starts.iter().peekable();
        let mut found = 0;
        for (lo, hi) in left {
            if found < surplus
                && let Some((start, n)) = starts.next_if(|s| s.0 + waited <= hi + SLACK)
            {
                // One that stands for others has as many lines.
                let n = (*n).min((surplus - found) as u64);
                out.push(((lo + (hi - lo) / 2 - start).max(waited), n));
                found += n as usize;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_over_is_late() {
        let s = |t: i64| (t * SECOND, t * SECOND + SECOND / 1000);
        let kind = (1, 2);
        // Served at 1 and 4; given up on at 2 and 3 (begun at 0 and 1), completed at 3 and 6.
        let stream = Stream {
            here: BTreeMap::from([(kind, vec![s(1), s(3), s(4), s(6)])]),
            elsewhere: BTreeMap::new(),
        };
        let given_up = BTreeMap::from([(kind, vec![(0, 1), (SECOND, 1)])]);
        let served = BTreeMap::from([(kind, vec![(s(1), true), (s(4), true)])]);
        let found: Vec<i64> =
            left_over(stream, &given_up, &served, 2 * SECOND).iter().map(|(d, _)| d / SECOND).collect();
        assert_eq!(found, [3, 5]);
    }

    #[test]
    fn nothing_is_left_over_where_all_were_served() {
        let s = |t: i64| (t * SECOND, t * SECOND + SECOND);
        let kind = (1, 2);
        // The proxy does not say which server it asked; a line that no served request fits is not a late one by that.
        let stream = Stream {
            here: BTreeMap::from([(kind, vec![s(1), s(9)])]),
            elsewhere: BTreeMap::from([(kind, vec![s(2)])]),
        };
        let given_up = BTreeMap::from([(kind, vec![(0, 1)])]);
        let served = BTreeMap::from([(kind, vec![(s(1), false), (s(2), false), (s(5), false)])]);
        assert!(left_over(stream, &given_up, &served, 2 * SECOND).is_empty());
    }
}
