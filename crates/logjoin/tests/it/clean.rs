//! Ordinary traffic stays silent.

use crate::world::recordings;

#[test]
fn quiet_recordings_have_no_failures_and_no_episodes() {
    for (name, world) in recordings("clean") {
        let analysis = world.analyze();
        assert!(analysis.totals.requests > 100, "{name}: the requests were not read");
        assert_eq!(analysis.totals.failures, 0, "{name}: {:?}", analysis.totals);
        assert_eq!(analysis.totals.hidden_by_retry, 0, "{name}");
        assert!(analysis.incidents.is_empty(), "{name}: {:?}", analysis.incidents);
        assert!(analysis.unknown.is_empty() && analysis.contrast.is_empty(), "{name}");
        crate::sections::nothing_is_found(&name, &analysis);
    }
}
