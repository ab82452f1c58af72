//! Times of the common log's form, of which the date and the second are read once for all lines of that second.

use crate::stamp::{fraction, zone};
use crate::{Precision, Stamp};

/// Bytes of `21/Nov/2026:01:50:53`.
const SECOND: usize = 20;

/// Bytes of `21/Nov/2026:01:50:53 +0100]`.
const WHOLE: usize = 27;

/// Bytes of `2026-11-21T01:50:53`.
const ISO: usize = 19;

/// Bytes of `1795226400`.
const EPOCH: usize = 10;

/// The second that was read last, in each form.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    text: [u8; SECOND],
    wall_ns: i64,
    /// ` +0100]`, the zone that was read last, and what it means.
    zone: [u8; 7],
    offset_s: i32,
    is_set: bool,
    has_zone: bool,
    /// The time that was read last with a zone and without a fraction, and its bytes.
    whole: [u8; WHOLE],
    whole_stamp: Option<Stamp>,
    /// `2026-11-21T01:50:53`.
    iso: [u8; ISO],
    iso_ns: i64,
    has_iso: bool,
    /// `1795226400`.
    epoch: [u8; EPOCH],
    epoch_ns: i64,
    has_epoch: bool,
}

impl Seconds {
    /// `21/Nov/2026:01:50:53[.123][ +0100]]` at the front, the closing bracket included, and what follows it: what
    /// [`Stamp::clf`] reads.
    #[inline]
    pub fn clf<'a>(&mut self, b: &'a [u8]) -> Option<(Stamp, &'a [u8])> {
        if let Some(text) = b.first_chunk::<WHOLE>()
            && let Some(stamp) = self.whole_stamp
            && *text == self.whole
        {
            return Some((stamp, &b[WHOLE..]));
        }
        let text = b.first_chunk::<SECOND>()?;
        if !self.is_set || *text != self.text {
            let (stamp, rest) = Stamp::clf(text)?;
            if !rest.is_empty() {
                return None;
            }
            (self.text, self.wall_ns, self.is_set) = (*text, stamp.wall_ns, true);
        }
        let mut stamp = Stamp {
            wall_ns: self.wall_ns,
            offset_s: None,
            precision: Precision::Seconds,
            has_year: true,
            within_s: 0,
        };
        let mut rest = &b[SECOND..];
        if let [b'.', a, b, c, after @ ..] = rest {
            stamp.wall_ns += i64::from(three([*a, *b, *c])?) * 1_000_000;
            stamp.precision = Precision::Millis;
            rest = after;
        }
        if let Some(rest) = rest.strip_prefix(b"]") {
            return Some((stamp, rest));
        }
        let text = rest.first_chunk::<7>()?;
        if !self.has_zone || *text != self.zone {
            let (offset, after) = zone(text)?;
            if text[0] != b' ' || after != b"]" {
                return None;
            }
            (self.zone, self.offset_s, self.has_zone) = (*text, offset, true);
        }
        stamp.offset_s = Some(self.offset_s);
        if let Some(text) = b.first_chunk::<WHOLE>().filter(|_| stamp.precision == Precision::Seconds) {
            (self.whole, self.whole_stamp) = (*text, Some(stamp));
        }
        Some((stamp, &rest[7..]))
    }

    /// `2026-11-21T01:50:53[.123][Z]` at the front: what [`Stamp::iso`] reads.
    pub fn iso(&mut self, b: &[u8]) -> Option<Stamp> {
        let text = b.first_chunk::<ISO>()?;
        if !self.has_iso || *text != self.iso {
            let (stamp, _) = Stamp::iso(text)?;
            (self.iso, self.iso_ns, self.has_iso) = (*text, stamp.wall_ns, true);
        }
        let of = |fraction_ns: u32, precision, offset_s| Stamp {
            wall_ns: self.iso_ns + i64::from(fraction_ns),
            offset_s,
            precision,
            has_year: true,
            within_s: 0,
        };
        if let [b'.', a, b, c, b'Z'] = b[ISO..]
            && let Some(ms) = three([a, b, c])
        {
            return Some(of(ms * 1_000_000, Precision::Millis, Some(0)));
        }
        let (ns, precision, rest) = fraction(&b[ISO..]);
        Some(of(ns, precision, zone(rest).map(|(offset, _)| offset)))
    }

    /// `1795226400.025`, and other numbers that [`Stamp::epoch_number`] reads, which are the whole text.
    pub fn epoch(&mut self, b: &[u8]) -> Option<Stamp> {
        let Some((text, [b'.', x, y, z])) = b.split_first_chunk::<EPOCH>() else {
            return Stamp::epoch_number(b);
        };
        if !self.has_epoch || *text != self.epoch {
            (self.epoch, self.epoch_ns, self.has_epoch) = (*text, Stamp::epoch_number(text)?.wall_ns, true);
        }
        let ms = three([*x, *y, *z])?;
        Some(Stamp::epoch(self.epoch_ns + i64::from(ms) * 1_000_000, Precision::Millis))
    }
}

/// Three digits.
#[inline]
fn three(digits: [u8; 3]) -> Option<u32> {
    digits.iter().try_fold(0, |n, d| Some(n * 10 + u32::from(d.is_ascii_digit().then(|| d - b'0')?)))
}
