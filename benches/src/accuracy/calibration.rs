//! Whether stated confidence means what it says: of verdicts stated at 0.9, nine in ten should be right.

/// Verdicts with a stated confidence in one tenth of the scale.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Lower end: the bin holds `from` up to, not including, `from + 0.1`; the last one holds 1 too.
    pub from: f64,
    /// Verdicts.
    pub verdicts: u64,
    /// Those that are right.
    pub right: u64,
    /// Mean stated confidence.
    pub stated: f64,
}

impl Bin {
    /// Share of the verdicts that are right.
    pub fn observed(&self) -> f64 {
        self.right as f64 / (self.verdicts.max(1)) as f64
    }
}

/// A reliability table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Calibration {
    /// The bins that hold verdicts, the lowest first.
    pub bins: Vec<Bin>,
    /// Expected calibration error: the mean distance between stated and observed, each bin weighted by its verdicts.
    pub error: Option<f64>,
}

/// Sorts verdicts (stated confidence, right or not) into tenths.
pub fn calibrate(bets: &[(f64, bool)]) -> Calibration {
    let mut bins = [(0u64, 0u64, 0f64); 10];
    for (stated, is_right) in bets {
        let tenth = ((stated * 10.0) as usize).min(9);
        let bin = &mut bins[tenth];
        bin.0 += 1;
        bin.1 += u64::from(*is_right);
        bin.2 += stated;
    }
    let bins: Vec<Bin> = bins
        .iter()
        .enumerate()
        .filter(|(_, (n, ..))| *n > 0)
        .map(|(i, (verdicts, right, sum))| Bin {
            from: i as f64 / 10.0,
            verdicts: *verdicts,
            right: *right,
            stated: sum / *verdicts as f64,
        })
        .collect();
    let distance = |b: &Bin| (b.stated - b.observed()).abs() * b.verdicts as f64 / bets.len() as f64;
    let error = (!bets.is_empty()).then(|| bins.iter().map(distance).sum());
    Calibration { bins, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stated_and_observed_are_compared_by_tenths() {
        let mut bets = vec![(0.95, true); 9];
        bets.push((0.95, false));
        bets.extend([(0.5, true), (0.5, false), (1.0, true)]);
        let c = calibrate(&bets);
        assert_eq!(
            c.bins.iter().map(|b| (b.from, b.verdicts, b.right)).collect::<Vec<_>>(),
            [(0.5, 2, 1), (0.9, 11, 10)]
        );
        let stated = (0.95 * 10.0 + 1.0) / 11.0;
        let expected = (stated - 10.0 / 11.0_f64).abs() * 11.0 / 13.0;
        assert!((c.error.unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn nothing_stated_has_no_error() {
        assert_eq!(calibrate(&[]), Calibration::default());
    }

    #[test]
    fn confidence_beyond_the_scale_is_kept_in_its_ends() {
        let c = calibrate(&[(1.5, true), (-0.5, false)]);
        assert_eq!(c.bins.len(), 2);
        assert_eq!(c.bins[0].from, 0.0);
    }
}
