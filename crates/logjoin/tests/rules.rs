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
