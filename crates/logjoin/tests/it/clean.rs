//! Ordinary traffic stays silent.

use crate::world::{World, recordings};

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

#[test]
fn an_answer_of_the_last_server_is_no_gateway_failure_whatever_the_try_before_met() {
    let access = "192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] \"GET /a HTTP/1.1\" STATUS 157 \"-\" \"curl\" rt=0.020 uct=\"0.000, 0.000\" \
                  uht=\"-, 0.016\" urt=\"0.004, 0.016\" ua=\"10.0.0.1:80, 10.0.0.2:80\" us=\"502, STATUS\"\n";
    let error = "2026/11/21 01:50:53 [error] 12#12: *1 recv() failed (104: Connection reset by peer) while reading response header from \
                 upstream, client: 192.0.2.7, server: a, request: \"GET /a HTTP/1.1\", upstream: \"http://10.0.0.1:80/a\", host: \"a\"\n";
    let failed = |status: &str| {
        let access = access.replace("STATUS", status);
        let files = [("edge/access.log", access.as_bytes()), ("edge/error.log", error.as_bytes())];
        World::of(&files).analyze().totals.failures
    };
    assert_eq!((failed("500"), failed("502")), (0, 1));
}
