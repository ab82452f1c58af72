//! The sections about all traffic: their sums, and what they say of recordings whose truth is known.

#![allow(clippy::print_stderr)] // a skipped test says why

use logjoin::Analysis;
use logjoin::analysis::RestartKind;

use crate::corpora::corpora;
use crate::world::{World, recordings};

/// Controls: no section finds anything.
pub fn nothing_is_found(name: &str, a: &Analysis) {
    let found: Vec<_> = a.distribution.iter().filter(|s| s.finding.is_some()).collect();
    assert!(found.is_empty(), "{name}: {found:?}");
    let unusual: Vec<_> =
        a.traffic.iter().flat_map(|t| &t.points).filter(|p| !p.unusual.is_empty()).collect();
    assert!(unusual.is_empty(), "{name}: {unusual:?}");
    assert!(a.contrast.is_empty(), "{name}: {:?}", a.contrast);
    assert!(a.timeouts.is_empty() && a.hidden.is_empty(), "{name}");
    assert!(a.restarts.is_empty() && a.health_audit.is_empty(), "{name}: {:?}", a.restarts);
    for life in &a.lifecycle {
        let bad = life.spans.iter().find(|s| !matches!(s.state.as_str(), "ready" | "starting"));
        assert!(bad.is_none(), "{name}: {} is {bad:?}", life.instance);
    }
}

/// A recording of the laboratory, where the corpus is there.
fn lab(name: &str) -> Option<Analysis> {
    let folder = corpora(&format!("lab/{name}"))?;
    let mut world = World::read(&folder.join("logs"));
    world.configs = World::read(&folder.join("conf")).configs;
    Some(world.analyze())
}

/// The steps add up to the whole, and everything is in order.
fn sums_hold(name: &str, a: &Analysis) {
    let proxies: Vec<&str> =
        a.sources.iter().filter(|s| s.role.is_proxy()).map(|s| s.instance.as_str()).collect();
    let whole = a.traffic.iter().filter(|t| t.server.is_none() && proxies.contains(&t.source.as_str()));
    let points = || whole.clone().flat_map(|t| &t.points);
    assert_eq!(points().map(|p| p.requests).sum::<u64>(), a.totals.requests, "{name}");
    assert_eq!(points().map(|p| p.failures).sum::<u64>(), a.totals.failures, "{name}");
    for t in &a.traffic {
        assert!(t.points.windows(2).all(|p| p[0].start < p[1].start), "{name}: {}", t.source);
        for p in &t.points {
            assert!(p.p50_s <= p.p99_s && p.failures <= p.requests, "{name}: {p:?}");
        }
    }
    for life in &a.lifecycle {
        for pair in life.spans.windows(2) {
            assert!(pair[0].end == pair[1].start && pair[0].state != pair[1].state, "{name}: {pair:?}");
        }
    }
    for h in &a.hidden {
        assert_eq!(h.by_mechanism.iter().map(|c| c.count).sum::<u64>(), h.count, "{name}: {h:?}");
        assert!(h.first <= h.last && !h.lines.is_empty(), "{name}: {h:?}");
    }
    for c in a.contrast.iter().filter(|c| c.dimension != "none") {
        assert!(c.p_value.is_some_and(|p| p <= 0.001), "{name}: {c:?}");
        assert!(c.failed.0 <= c.failed.1 && c.healthy.0 <= c.healthy.1, "{name}: {c:?}");
    }
    for e in a.incidents.iter().flat_map(|i| &i.episodes) {
        assert!(e.precursors.iter().all(|p| p.time.is_some_and(|t| t < e.start)), "{name}: {e:?}");
        assert!(e.recovery.as_ref().is_none_or(|r| r.time > e.start && !r.lines.is_empty()), "{name}: {e:?}");
    }
}

#[test]
fn sums_hold_everywhere() {
    for (name, world) in recordings("scenarios").into_iter().chain(recordings("clean")) {
        sums_hold(&name, &world.analyze());
    }
}

#[test]
fn quiet_recordings_are_quiet() {
    for name in ["d07-quiet", "d17-quiet-three"] {
        if let Some(a) = lab(name) {
            sums_hold(name, &a);
            nothing_is_found(name, &a);
        }
    }
}

#[test]
fn a_rolling_restart_that_nobody_announced() {
    let Some(a) = lab("d02-shop-node-rolling-noids") else { return };
    sums_hold("d02", &a);
    let deploys: Vec<_> = a.restarts.iter().filter(|r| r.kind == RestartKind::Deploy).collect();
    let names: Vec<&str> = deploys.iter().map(|r| r.instance.as_str()).collect();
    assert_eq!(names, ["api-1", "api-2", "api-3"]);
    for r in deploys {
        assert_eq!(r.order_kept, Some(false), "{r:?}");
        let (stopped, ready) = (r.stopped.unwrap(), r.ready.unwrap());
        assert!((1.0..5.0).contains(&(ready.seconds() - stopped.seconds())), "{r:?}");
    }
    assert!(a.restarts.iter().any(|r| r.kind == RestartKind::Crash && r.instance == "api-3"));
    // HAProxy noticed the last crash of several only.
    let audit = a.health_audit.iter().find(|h| h.server == "api/api-3").expect("an audit");
    assert!(audit.detection_lag_s.is_some_and(|s| s > 1.0) && audit.lost_in_lag > 10, "{audit:?}");
    assert_eq!(audit.false_downs, 0);
    let bad: Vec<_> = a.distribution.iter().filter(|s| s.finding.is_some()).collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert_eq!((bad[0].server.as_str(), bad[0].finding.as_deref()), ("api/api-3", Some("fails-more")));
    assert_eq!(a.hidden.iter().map(|h| h.count).sum::<u64>(), a.totals.hidden_by_retry);
}

#[test]
fn timeouts_that_help_and_timeouts_that_do_not() {
    let Some(a) = lab("d04-erp-tomcat-ids") else { return };
    sums_hold("d04", &a);
    let of = |target: &str| a.timeouts.iter().find(|t| t.target == target).expect("an advice");
    // Threads that wait for each other never end; a slow report does, after four seconds and a half.
    assert!(of("erp-1").choices.is_empty() && of("erp-1").completed == 0, "{:?}", of("erp-1"));
    let slow = of("erp-2");
    assert_eq!((slow.given_up, slow.completed), (5, 5));
    assert!((slow.waited_s - 3.0).abs() < 0.1 && slow.directive.is_some(), "{slow:?}");
    assert!(slow.choices.iter().any(|c| c.timeout_s <= 6.0 && c.served == 1.0), "{slow:?}");
}

#[test]
fn a_reload_to_where_nobody_listens() {
    let Some(a) = lab("d11-wrong-port-noids") else { return };
    sums_hold("d11", &a);
    for (proxy, address) in [("nginx", "10.20.1.11:21110"), ("haproxy", "10.20.1.12:21901")] {
        let of_proxy = |r: &&logjoin::analysis::Restart| r.instance == proxy && r.kind == RestartKind::Reload;
        let reload = a.restarts.iter().find(of_proxy).expect("a reload");
        assert_eq!(reload.order_kept, Some(false), "{reload:?}");
        assert!(reload.summary.contains(address), "{reload:?}");
    }
}

#[test]
fn what_separates_failed_from_healthy() {
    let Some(a) = lab("d06-shop-go-panic-noids") else { return };
    sums_hold("d06", &a);
    let episodes = a.incidents.iter().flat_map(|i| &i.episodes);
    let large = episodes.clone().find(|e| e.cause.as_str() == "header-too-large").expect("an episode");
    let of = |id: &str, dimension: &str| -> Vec<&str> {
        let found = a.contrast.iter().filter(|c| c.episode == id && c.dimension == dimension);
        found.map(|c| c.value.as_str()).collect()
    };
    assert_eq!(of(&large.id, "path"), ["/checkout"]);
    let panics =
        episodes.clone().find(|e| e.cause.as_str() == "unhandled-exception-close").expect("an episode");
    assert!(of(&panics.id, "message").iter().any(|m| m.contains("panic serving")), "{:?}", a.contrast);
    // Whole outages have nothing of their own.
    let Some(dns) = lab("d10-dns") else { return };
    assert!(dns.contrast.iter().all(|c| c.dimension == "none"), "{:?}", dns.contrast);
    assert_eq!(dns.contrast.len(), 2);
}

#[test]
fn lives_follow_the_faults() {
    let Some(a) = lab("d09-oom-noids") else { return };
    sums_hold("d09", &a);
    let states = |name: &str| -> Vec<&str> {
        let life = a.lifecycle.iter().find(|l| l.instance == name).expect("a life");
        life.spans.iter().map(|s| s.state.as_str()).collect()
    };
    // The one lost a worker and served on; the other's process was killed, twice.
    assert_eq!(states("api-1"), ["starting", "ready"]);
    assert_eq!(
        states("feed-1"),
        ["starting", "ready", "down", "starting", "ready", "down", "starting", "ready"]
    );
    let audit = a.health_audit.iter().find(|h| h.server == "feed/feed-1").expect("an audit");
    assert!(audit.downs == 2 && audit.without_server_s > 1.0, "{audit:?}");
}

#[test]
fn a_chain_of_proxies_logs_one_failure_twice_and_the_totals_say_so() {
    let (mut outer, mut inner) = (String::new(), String::new());
    for n in 0..120 {
        let status = if n % 20 == 7 { 502 } else { 200 };
        let (minute, second) = (n / 60, n % 60);
        let line = |client: &str, upstream: &str| {
            format!(
                "{client} - - [21/Nov/2026:01:{minute:02}:{second:02} +0000] \"GET /item/{n} HTTP/1.1\" {status} 157 \"-\" \
                 \"curl/8\" rt=0.020 ua=\"{upstream}\" us=\"{status}\" urt=\"0.020\"\n"
            )
        };
        outer += &line(&format!("192.0.2.{n}"), "10.0.0.2:80");
        inner += &line("10.0.0.1", "10.0.0.9:8000");
    }
    let files = [("edge/access.log", outer.as_bytes()), ("inner/access.log", inner.as_bytes())];
    let both = World::of(&files).analyze();
    assert_eq!((both.totals.requests, both.totals.failures, both.totals.seen_twice), (240, 12, 6));
    let chained = both.failures.iter().filter(|f| !f.chain.is_empty());
    assert_eq!(chained.count(), 12);

    let alone = World::of(&files[..1]).analyze();
    assert_eq!((alone.totals.failures, alone.totals.seen_twice), (6, 0));
}
