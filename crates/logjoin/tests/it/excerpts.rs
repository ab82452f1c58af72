//! The texts of joined lines: every line that a failure names has one, and no other.

use std::collections::BTreeSet;

use logjoin::analysis::{Failure, LineRef};

use crate::world::recordings;

fn named(f: &Failure) -> impl Iterator<Item = &LineRef> {
    let chain = f.chain.iter().map(|c| &c.at);
    let backend = f.backend.iter().map(|b| &b.at);
    f.error_lines.iter().chain(&f.cause_lines).chain(chain).chain(backend)
}

#[test]
fn every_line_that_a_failure_names_has_its_text() {
    for (name, world) in recordings("scenarios") {
        let a = world.analyze();
        let wanted: BTreeSet<&LineRef> = a.failures.iter().flat_map(named).collect();
        let have: BTreeSet<&LineRef> = a.excerpts.iter().map(|e| &e.at).collect();
        assert_eq!(have.len(), a.excerpts.len(), "{name}: a line twice");
        assert!(a.excerpts.is_sorted_by(|x, y| x.at < y.at), "{name}");
        assert_eq!(wanted, have, "{name}");
        for e in &a.excerpts {
            assert!(!e.instance.is_empty() && e.within_s >= 0.0, "{name}: {e:?}");
            assert!(e.text.chars().count() <= 201 && !e.text.contains('\n'), "{name}: {e:?}");
        }
    }
}
