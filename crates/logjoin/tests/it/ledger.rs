//! Every line is accounted for.

use logjoin::Analysis;
use logjoin::analysis::Ledger;

use crate::world::{World, recordings};

/// Checks the sums, and that the lines are those that are there.
pub fn check(name: &str, world: &World, analysis: &Analysis) {
    let mut sum = Ledger::default();
    for source in &analysis.sources {
        assert!(source.ledger.holds(), "{name}: {}: {:?}", source.id, source.ledger);
        let counted: u64 = source.formats.iter().map(|f| f.events).sum();
        assert_eq!(counted, source.ledger.events, "{name}: {}: {:?}", source.id, source.formats);
        sum.add(&source.ledger);
    }
    assert_eq!(sum, analysis.ledger, "{name}");
    let there: usize = world.logs.iter().map(|f| f.bytes.split_inclusive(|b| *b == b'\n').count()).sum();
    assert_eq!(analysis.ledger.lines, there as u64, "{name}");
    for input in analysis.inputs.iter().filter(|i| i.kind == "log") {
        assert_eq!(input.bytes, world.bytes(&input.path).len() as u64, "{name}: {}", input.path);
    }
}

#[test]
fn sums_hold_for_every_source() {
    for kind in ["scenarios", "clean"] {
        for (name, world) in recordings(kind) {
            let analysis = world.analyze();
            check(&name, &world, &analysis);
            assert_eq!(analysis.ledger.unparsed, 0, "{name}: lines that no format reads");
        }
    }
}

#[test]
fn lines_of_no_format_are_counted_and_shown() {
    let text =
        b"192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"\n\n\x00\x01\x02\n";
    let world = World::of(&[("web/access.log", text)]);
    let analysis = world.analyze();
    check("unread", &world, &analysis);
    assert_eq!((analysis.ledger.events, analysis.ledger.blank), (1, 1), "{:?}", analysis.ledger);
    assert_eq!(analysis.ledger.unparsed + analysis.ledger.continuations, 1, "{:?}", analysis.ledger);
}
