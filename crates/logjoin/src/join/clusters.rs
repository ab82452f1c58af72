//! Messages and requests that hang together in time, and which of them belong to each other whatever else is known.

use super::by_time::{Line, Owner};
use crate::event::LogEvent;
use crate::scene::{MS, SECOND};
use crate::timeline::Moment;

/// A single message inside a longer stretch than this is chance.
const LONG: i64 = 3 * SECOND;
/// A place is narrow up to this width.
const NARROW: i64 = 150 * MS;
/// Larger clusters say nothing.
const CLUSTER: usize = 300;

/// Why a message is taken for a request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It is the only one in a narrow place, and there is no other place for it.
    Narrow,
    /// The request is the only one there.
    OnlyOne,
    /// As many as possible are matched in their order, and each such way has this pair.
    Order,
    /// The same, and none of either is left over.
    WholeOrder,
}

impl Why {
    /// How sure that is, where nothing more is known of such messages.
    pub fn confidence(self) -> f64 {
        match self {
            Why::Narrow => 0.88,
            Why::OnlyOne => 0.92,
            Why::Order => 0.85,
            Why::WholeOrder => 0.86,
        }
    }
}

/// A message that is taken for a request's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    pub owner: usize,
    pub line: usize,
    pub why: Why,
}

/// Stretches of time, to be found by a moment: sorted by their beginning, with the length of the longest.
pub(super) struct Stretches {
    by_start: Vec<(i64, i64, usize)>,
    longest: i64,
}

impl Stretches {
    pub fn new(all: impl Iterator<Item = (i64, i64)>) -> Stretches {
        let mut by_start: Vec<(i64, i64, usize)> = all.enumerate().map(|(n, (lo, hi))| (lo, hi, n)).collect();
        by_start.sort_unstable();
        let longest = by_start.iter().map(|s| s.1.saturating_sub(s.0)).max().unwrap_or(0);
        Stretches { by_start, longest }
    }

    /// The numbers of those that touch `lo..=hi`, in order of their beginnings.
    pub fn touching(&self, lo: i64, hi: i64) -> impl Iterator<Item = usize> + '_ {
        let first = self.by_start.partition_point(|s| s.0 < lo.saturating_sub(self.longest));
        let near = self.by_start[first..].iter().take_while(move |s| s.0 <= hi);
        near.filter(move |s| s.1 >= lo).map(|s| s.2)
    }
}

/// Gives messages to requests, cluster by cluster: what overlaps hangs together.
pub(super) fn assign(lines: &[Line<'_>], owners: &[Owner]) -> Vec<Given> {
    let mut found: Vec<Given> = Vec::new();
    let covers = |o: &Owner, m: &Moment<LogEvent>| m.hi >= o.from && m.lo <= o.to;
    let of_owners = Stretches::new(owners.iter().map(|o| (o.from, o.to)));
    let of_lines = Stretches::new(lines.iter().map(|(_, m)| (m.lo, m.hi)));
    let mut used = vec![false; lines.len()];
    let mut spent = vec![false; owners.len()];
    // First the pairs that precise stamps decide: one message in a narrow place, and no other narrow place for it.
    let is_narrow = |o: &Owner| o.to - o.from <= NARROW;
    for (l, (_, m)) in lines.iter().enumerate() {
        let mut near = of_owners.touching(m.lo, m.hi).filter(|o| is_narrow(&owners[*o]));
        if let (Some(o), None) = (near.next(), near.next())
            && of_lines.touching(owners[o].from, owners[o].to).nth(1).is_none()
        {
            (used[l], spent[o]) = (true, true);
            found.push(Given { owner: o, line: l, why: Why::Narrow });
        }
    }
    let mut is_mine = vec![false; owners.len()];
    let mut is_member = vec![false; lines.len()];
    for start in 0..lines.len() {
        if used[start] {
            continue;
        }
        // The cluster of this message.
        let mut members = vec![start];
        let mut mine: Vec<usize> = Vec::new();
        is_member[start] = true;
        let mut k = 0;
        while k < members.len() {
            let here = lines[members[k]].1;
            for n in of_owners.touching(here.lo, here.hi) {
                if spent[n] || std::mem::replace(&mut is_mine[n], true) {
                    continue;
                }
                mine.push(n);
                for l in of_lines.touching(owners[n].from, owners[n].to) {
                    if !used[l] && !std::mem::replace(&mut is_member[l], true) {
                        members.push(l);
                    }
                }
            }
            k += 1;
        }
        members.sort_unstable();
        mine.sort_unstable();
        members.iter().for_each(|m| used[*m] = true);
        let mut give = |owner: usize, line: usize, why: Why| found.push(Given { owner, line, why });
        if let [one] = mine[..] {
            // A long request covers much that is not its own.
            if owners[one].to - owners[one].from <= LONG || members.len() == lines.len() && lines.len() > 1 {
                members.iter().for_each(|m| give(one, *m, Why::OnlyOne));
            }
            continue;
        }
        if members.len() > CLUSTER || mine.len() > CLUSTER {
            continue;
        }
        let fits = |mine: &[usize]| -> Vec<Vec<bool>> {
            let row = |m: &usize| mine.iter().map(|o| covers(&owners[*o], lines[*m].1)).collect();
            members.iter().map(row).collect()
        };
        // Written when handlers fail, messages are in the order of ends; written when they begin, in that of starts.
        let (most, sure) = in_order(&fits(&mine));
        let mut by_start = mine.clone();
        by_start.sort_by_key(|o| (owners[*o].start, owners[*o].order));
        let (most_by_start, sure_by_start) = in_order(&fits(&by_start));
        if most_by_start > most {
            let is_complete = sure_by_start.len() == members.len() && members.len() == mine.len();
            for (m, o) in sure_by_start {
                // Which of two began first is not known where their starts are not.
                let own = &owners[by_start[o]];
                let is_distinct = by_start.iter().all(|other| {
                    let other = &owners[*other];
                    std::ptr::eq(own, other)
                        || own.start.1 <= other.start.0
                        || other.start.1 <= own.start.0
                        || !covers(other, lines[members[m]].1)
                });
                if is_distinct {
                    give(by_start[o], members[m], if is_complete { Why::WholeOrder } else { Why::Order });
                }
            }
            continue;
        }
        let is_complete = sure.len() == members.len() && sure.len() == mine.len();
        for (m, o) in sure {
            give(mine[o], members[m], if is_complete { Why::WholeOrder } else { Why::Order });
        }
    }
    found
}

/// Both sides are in order of time, so pairs do not cross. Of all ways to match as many as possible, the pairs that are in
/// every one; and how many that is.
fn in_order(fits: &[Vec<bool>]) -> (u32, Vec<(usize, usize)>) {
    let (n, k) = (fits.len(), fits.first().map_or(0, Vec::len));
    // Most pairs among the first `i` and `j`, and among those from `i` and `j` on.
    let mut head = vec![vec![0u32; k + 1]; n + 1];
    let mut tail = head.clone();
    for i in 1..=n {
        for j in 1..=k {
            let with = if fits[i - 1][j - 1] { head[i - 1][j - 1] + 1 } else { 0 };
            head[i][j] = with.max(head[i - 1][j]).max(head[i][j - 1]);
        }
    }
    for i in (0..n).rev() {
        for j in (0..k).rev() {
            let with = if fits[i][j] { tail[i + 1][j + 1] + 1 } else { 0 };
            tail[i][j] = with.max(tail[i + 1][j]).max(tail[i][j + 1]);
        }
    }
    let best = head[n][k];
    let mut sure = Vec::new();
    for i in 0..n {
        let mut can = (0..k).filter(|j| fits[i][*j] && head[i][*j] + 1 + tail[i + 1][j + 1] == best);
        // A line that could as well be left out belongs to nobody for sure.
        let dispensable = (0..=k).any(|j| head[i][j] + tail[i + 1][j] == best);
        if let (Some(one), None, false) = (can.next(), can.next(), dispensable) {
            sure.push((i, one));
        }
    }
    (best, sure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(rows: &[&str]) -> Vec<Vec<bool>> {
        rows.iter().map(|r| r.bytes().map(|b| b == b'x').collect()).collect()
    }

    #[test]
    fn only_pairs_without_an_alternative() {
        // As many lines as requests: the order decides.
        assert_eq!(in_order(&fits(&["xx", "xx"])).1, [(0, 0), (1, 1)]);
        // One line, two requests that fit: nobody's.
        assert_eq!(in_order(&fits(&["xx"])).1, []);
        // The second line fits one request only, and so decides for the first.
        assert_eq!(in_order(&fits(&["xx.", ".x."])).1, [(0, 0), (1, 1)]);
        // A line too many.
        assert_eq!(in_order(&fits(&["x", "x"])).1, []);
    }
}
