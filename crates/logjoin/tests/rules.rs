//! The proof of the rules: small worlds in which a rule must speak, and look-alikes in which it must not.
//!
//! Each file below `fixtures/rules/<cause>/` is one world. `UPDATE_EXPECT=1 cargo test -p logjoin --test rules` writes what
//! the engine finds into their last sections; what is right stands in their `is:` lines and is never rewritten.

#[path = "rules/case.rs"]
mod case;
#[path = "rules/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use case::Case;
use logjoin::{Analysis, CauseId};

/// Causes that no rule gives yet.
const WITHOUT_RULES: &[CauseId] = &[
    CauseId::AppError,
    CauseId::Custom,
    CauseId::DnsStaleAddress,
    CauseId::NetworkPacketLoss,
    CauseId::ProxyRestarting,
    CauseId::Unknown,
];

/// Worlds that are right and that the engine does not understand yet, with the reason. A case that it has come to
/// understand must leave this list.
const NOT_YET: &[(&str, &str)] = &[(
    "latency-degradation/near-haproxy-puma-started-late",
    "a line of the backend that begins after the proxy has given up is not joined to the request that waited for it",
)];

fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    Path::new(&here).join("../../fixtures/rules")
}

fn folders() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(root()).unwrap().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

fn files() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        folders().iter().flat_map(|f| std::fs::read_dir(f).unwrap().flatten()).map(|e| e.path()).collect();
    found.sort();
    found
}

/// All cases with what the engine says of them; done once for all tests.
fn cases() -> &'static [(Case, Analysis)] {
    static CASES: OnceLock<Vec<(Case, Analysis)>> = OnceLock::new();
    CASES.get_or_init(|| {
        let read = |p: &PathBuf| Case::read(p).unwrap_or_else(|e| panic!("{}: {e}", p.display()));
        let judged = |case: Case| {
            let analysis = world::analyse(&case);
            (case, analysis)
        };
        files().iter().map(read).map(judged).collect()
    })
}

/// What is wrong with the engine's answer, if anything.
fn judge(case: &Case, analysis: &Analysis) -> Option<String> {
    if analysis.failures.is_empty() {
        return Some("no failed request was found".into());
    }
    let folder = CauseId::by_id(&case.cause);
    for f in &analysis.failures {
        if !case.is.contains(&f.cause) || !case.fires() && Some(f.cause) == folder {
            let place = format!("{}:{}", f.file, f.line);
            return Some(format!(
                "{place} is said to be {} ({:.2}), seen as {}",
                f.cause, f.confidence, f.mechanism
            ));
        }
    }
    None
}

#[test]
fn every_file_is_a_case() {
    let wrong: Vec<String> =
        files().iter().filter_map(|p| Case::read(p).err().map(|e| format!("{}: {e}", p.display()))).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (case, _) in cases() {
        let folder = CauseId::by_id(&case.cause);
        assert!(folder.is_some(), "{}: the folder is no cause", case.id);
        let folder = folder.into_iter().collect::<Vec<_>>();
        if case.fires() {
            assert_eq!(case.is, folder, "{}: a case that fires is its folder's cause", case.id);
        } else {
            assert!(!case.is.contains(&folder[0]), "{}: a near miss is something else", case.id);
        }
        for section in &case.sections {
            assert!(section.text.trim() != "", "{}: {} is empty", case.id, section.path);
        }
    }
}

#[test]
fn every_rule_has_cases_of_both_kinds() {
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for (case, _) in cases() {
        counts.entry(case.cause.clone()).or_default()[usize::from(!case.fires())] += 1;
    }
    let mut missing = Vec::new();
    for cause in CauseId::ALL.iter().filter(|c| !WITHOUT_RULES.contains(c)) {
        let [fires, near] = counts.get(cause.as_str()).copied().unwrap_or_default();
        if fires < 2 || near < 2 {
            missing.push(format!("{cause}: {fires} that fire, {near} near misses"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_case_is_judged_right() {
    let mut wrong = Vec::new();
    for (case, analysis) in cases() {
        let known = NOT_YET.iter().find(|(id, _)| *id == case.id);
        match (judge(case, analysis), known) {
            (Some(said), None) => wrong.push(format!("{}: {said}", case.id)),
            (None, Some((_, why))) => wrong.push(format!("{}: right by now, though {why}", case.id)),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases().len(), wrong.join("\n"));
    for (id, _) in NOT_YET {
        assert!(cases().iter().any(|(c, _)| c.id == *id), "{id} is listed, but is no case");
    }
}

#[test]
fn findings_are_as_recorded() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for (case, analysis) in cases() {
        let found = world::findings(analysis);
        if found == case.findings {
            continue;
        }
        if update {
            case.rewrite(&found).unwrap();
        } else {
            wrong.push(format!("{}:\n  recorded\n{}  found\n{found}", case.id, case.findings));
        }
    }
    assert!(wrong.is_empty(), "UPDATE_EXPECT=1 records these:\n{}", wrong.join("\n"));
}

#[test]
fn every_line_of_a_world_is_read() {
    for (case, analysis) in cases() {
        let ledger = &analysis.ledger;
        assert_eq!(ledger.unparsed, 0, "{}: {ledger:?}", case.id);
        assert!(ledger.events > 10, "{}: {ledger:?}", case.id);
    }
}

/// The analyses of the cases of one cause that fire.
fn fires(cause: &str) -> impl Iterator<Item = &'static (Case, Analysis)> {
    cases().iter().filter(move |(case, _)| case.cause == cause && case.fires())
}

#[test]
fn the_servers_of_a_pool_are_found_out() {
    for (cause, finding) in [("uneven-load", "more-than-its-share"), ("one-bad-server", "fails-more")] {
        for (case, analysis) in fires(cause) {
            let found: Vec<_> = analysis.distribution.iter().filter(|s| s.finding.is_some()).collect();
            assert_eq!(found.len(), 1, "{}: {:?}", case.id, analysis.distribution);
            assert_eq!(found[0].finding.as_deref(), Some(finding), "{}", case.id);
            assert!(found[0].p_value.is_some_and(|p| p <= 0.001), "{}: {:?}", case.id, found[0]);
            let targets = analysis.incidents.iter().flat_map(|i| &i.episodes).flat_map(|e| &e.targets);
            let server = found[0].instance.as_ref().unwrap_or(&found[0].server);
            assert!(targets.clone().any(|t| t == server), "{}: {server}", case.id);
        }
    }
}

#[test]
fn a_timeout_that_was_too_short_gets_one_that_is_not() {
    for (case, analysis) in fires("timeout-too-short") {
        let served: Vec<f64> =
            analysis.timeouts.iter().filter_map(|t| Some(t.choices.last()?.served)).collect();
        assert!(served.iter().any(|s| *s >= 0.5), "{}: {:?}", case.id, analysis.timeouts);
        for t in &analysis.timeouts {
            assert!(t.choices.iter().all(|c| c.timeout_s > t.waited_s), "{}: {t:?}", case.id);
            assert!(t.choices.windows(2).all(|c| c[0].served <= c[1].served), "{}: {t:?}", case.id);
            assert!(t.completed <= t.given_up, "{}: {t:?}", case.id);
        }
    }
    for (case, analysis) in fires("backend-hang") {
        let none = analysis.timeouts.iter().all(|t| t.choices.is_empty());
        assert!(none, "{}: {:?}", case.id, analysis.timeouts);
    }
}

#[test]
fn a_restart_tells_its_order() {
    for (case, analysis) in fires("deploy-restart") {
        let restart = analysis.restarts.iter().find(|r| r.kind == logjoin::analysis::RestartKind::Deploy);
        let restart = restart.unwrap_or_else(|| panic!("{}: {:?}", case.id, analysis.restarts));
        assert_eq!(restart.order_kept, Some(false), "{}: {restart:?}", case.id);
        assert!(restart.failures_during > 0 && !restart.lines.is_empty(), "{}: {restart:?}", case.id);
        let advice: Vec<_> =
            analysis.incidents.iter().flat_map(|i| &i.episodes).flat_map(|e| &e.advice).collect();
        assert!(advice.iter().any(|a| a.contains("in this order")), "{}: {advice:?}", case.id);
    }
}

#[test]
fn unexplained_failures_say_what_is_missing() {
    for (case, analysis) in cases() {
        let unknown = analysis.failures.iter().filter(|f| f.gateway && f.cause == CauseId::Unknown);
        let mut n = 0;
        for f in unknown {
            n += 1;
            assert!(f.detail.is_some(), "{}: {}:{}", case.id, f.file, f.line);
        }
        assert_eq!(analysis.unknown.iter().map(|u| u.failures).sum::<u64>(), n, "{}", case.id);
    }
}
