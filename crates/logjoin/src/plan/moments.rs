//! When a line was written, as far as it can be told before anything was read: for whoever wants to read only a part of
//! a file.
//!
//! Zones, years and clocks are decided at the end, by all lines. So a moment here is a range that is wide enough for
//! whatever will be decided, and a stamp for which no range is wide enough has none.

use logjoin_parse::{Kind, Product};

use super::Plan;

const SECOND: i64 = 1_000_000_000;
/// The furthest east and west that clocks are set, seconds (`Pacific/Kiritimati`, `Etc/GMT+12` of the zone database).
const EAST_S: i64 = 14 * 3600;
const WEST_S: i64 = 12 * 3600;

/// The earliest and the latest moment at which a line may have been stamped, nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The earliest.
    pub earliest_ns: i64,
    /// The latest.
    pub latest_ns: i64,
}

impl Plan {
    /// Which failures were asked for: from which moment on, and before which, nanoseconds since the epoch.
    pub fn range_ns(&self) -> (Option<i64>, Option<i64>) {
        (self.options.since_ns, self.options.until_ns)
    }

    /// Whether a line of any file may be asked for by its place, wherever it is.
    pub fn names_lines(&self) -> bool {
        !self.options.anchors.is_empty()
    }

    /// When a line of the file with this number was stamped. A stamp without a zone is within 14 hours, unless the caller
    /// told the zone; one without a year is nowhere. Clock offsets that were told are taken off; what clocks are off
    /// beside that is not known here. All parts of a file are told the same.
    pub fn moments(&self, file: usize, line: &[u8]) -> Option<Moments> {
        let f = self.files.get(self.first_part(file))?;
        let record = f.reader.parse_first(line)?;
        let envelope = record.envelope.as_ref().and_then(|e| e.stamp);
        // The entry's own zone, where the program's stamp has none: both were written within moments of each other.
        let zoned =
            [record.stamp, envelope].into_iter().flatten().find(|s| s.has_year && s.offset_s.is_some());
        let stamp = zoned.or(record.best_stamp().copied()).filter(|s| s.has_year)?;
        let source = &self.sources[f.source];
        let (earliest_ns, latest_ns) = match stamp.offset_s {
            Some(_) => (stamp.utc_ns(0), stamp.utc_ns(0)),
            None => {
                let (east, west) = match self.told_zone(source) {
                    // An hour around, for clocks that are set forward and back.
                    Some(zone) => {
                        let o = i64::from(zone.at_wall(stamp.wall_ns).earlier());
                        (o + 3600, o - 3600)
                    }
                    None => (EAST_S, -WEST_S),
                };
                let wall = stamp.wall_ns;
                (wall.saturating_sub(east * SECOND), wall.saturating_sub(west * SECOND))
            }
        };
        let instance = &self.instances[source.instance].name;
        let skew = self.options.skews.iter().find(|(p, _)| p.fits(&source.id) || p.fits(instance));
        let skew = skew.map_or(0, |(_, s)| (s * 1e9) as i64);
        let width = stamp.width_ns().saturating_add(i64::from(stamp.within_s) * SECOND);
        Some(Moments {
            earliest_ns: earliest_ns.saturating_sub(skew),
            latest_ns: latest_ns.saturating_add(width).saturating_sub(skew),
        })
    }

    /// Whether a file has requests and nothing else: no line of it tells of a start, a stop or a crash, which may
    /// explain a failure hours later. HAProxy writes both into one log.
    pub fn is_of_requests(&self, file: usize) -> bool {
        self.files.get(file).is_some_and(|f| {
            let source = &self.sources[f.source];
            f.part.is_none() && source.kind == Some(Kind::Access) && f.writer.product != Product::Haproxy
        })
    }

    /// The file that was begun when this one was full: the next of its rotated set; its own part, where it has some.
    pub fn next_in_set(&self, file: usize) -> Option<usize> {
        let set = &self.sources[self.files.get(file)?.source].files;
        let at = set.iter().position(|f| *f == file)?;
        set.get(at + 1).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Head, Options, Pattern, plan};

    const AT: i64 = 1_795_253_400 * SECOND;

    fn of(lines: &[&str], options: Options) -> Plan {
        let head = |(i, l): (usize, &&str)| Head {
            path: format!("{i}.log"),
            bytes: format!("{l}\n").into_bytes(),
            ..Head::default()
        };
        plan(lines.iter().enumerate().map(head).collect(), Vec::new(), options)
    }

    fn hours(plan: &Plan, file: usize, line: &str) -> Option<(i64, i64)> {
        let m = plan.moments(file, line.as_bytes())?;
        Some(((m.earliest_ns - AT) / (3600 * SECOND), (m.latest_ns - AT) / (3600 * SECOND)))
    }

    #[test]
    fn a_moment_is_as_wide_as_what_is_not_known() {
        let lines = [
            "10.0.0.1 - - [21/Nov/2026:11:30:00 +0200] \"GET / HTTP/1.1\" 200 1",
            "2026/11/21 09:30:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.1, server: x, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.2:80/\", host: \"x\"",
            "Nov 21 09:30:00 web app[7]: started",
            "2026-11-21T09:30:00+00:00 edge haproxy[7]: 10.0.0.1:4711 [21/Nov/2026:10:30:00.000] www api/a 0/0/0/9/9 200 99 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"",
        ];
        let p = of(&lines, Options::default());
        assert_eq!(hours(&p, 0, lines[0]), Some((0, 0)));
        assert_eq!(hours(&p, 1, lines[1]), Some((-14, 12)));
        assert_eq!(hours(&p, 2, lines[2]), None, "no year");
        assert_eq!(hours(&p, 3, lines[3]), Some((0, 0)), "the zone of the entry");
        assert_eq!((p.moments(0, b"\xff\x00 no line"), p.moments(9, b"x")), (None, None));
        assert_eq!([0, 1, 3].map(|f| p.is_of_requests(f)), [true, false, false]);

        let told = Options {
            zones: vec![(Pattern::new("1.log"), "+01:00".parse().unwrap())],
            skews: vec![(Pattern::new("0.log"), 7200.0)],
            ..Options::default()
        };
        let p = of(&lines, told);
        assert_eq!(hours(&p, 0, lines[0]), Some((-2, -1)), "two hours fast");
        assert_eq!(hours(&p, 1, lines[1]), Some((-2, 0)));
    }
}
