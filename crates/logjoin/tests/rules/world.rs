//! A case's world, through the engine: the files in, the findings out as lines of text.

use std::collections::BTreeMap;

use logjoin::options::Zone;
use logjoin::{Analysis, ConfigFile, FileScanner, Head, Options, Pattern, finish, plan};

use crate::case::{Case, Section};

/// When a version of a configuration was loaded, by its name, as a caller would read it.
fn loaded_ns(path: &str) -> Option<i64> {
    let (year, month, day, hour, minute, second) = logjoin_config::version_time(path)?;
    let precision = logjoin_parse::Precision::Seconds;
    let stamp =
        logjoin_parse::Stamp::civil(Some(year), month, day, hour, minute, second, 0, precision, Some(0));
    stamp.map(|s| s.wall_ns)
}

/// Analyses the world of a case. Sections below `conf/` are configurations, the others logs.
pub fn analyse(case: &Case) -> Analysis {
    let (confs, logs): (Vec<&Section>, Vec<&Section>) =
        case.sections.iter().partition(|s| s.path.starts_with("conf/"));
    let configs = confs
        .iter()
        .map(|s| {
            let config = logjoin_config::read(&s.path, s.text.as_bytes(), &mut |_| Vec::new());
            let config = config.unwrap_or_else(|| panic!("{}: {} is no configuration", case.id, s.path));
            ConfigFile { path: s.path.clone(), config, loaded_ns: loaded_ns(&s.path) }
        })
        .collect();
    let heads = logs
        .iter()
        .map(|s| Head { path: s.path.clone(), bytes: s.text.clone().into_bytes(), ..Head::default() })
        .collect();
    let zones = logs.iter().filter_map(|s| Some((Pattern::new(&s.path), Zone::Fixed(s.zone?)))).collect();
    let plan = plan(heads, configs, Options { zones, ..Options::default() });
    let texts: BTreeMap<&str, &str> = logs.iter().map(|s| (s.path.as_str(), s.text.as_str())).collect();
    let paths: Vec<&str> = plan.paths().collect();
    let scans = paths.iter().enumerate().map(|(i, path)| {
        let mut scanner = FileScanner::new(&plan, i);
        scanner.push(1, texts[path].as_bytes());
        scanner.finish()
    });
    let scans = scans.collect();
    finish(&plan, scans)
}

/// One line per episode, in order of time, and one per kind of what is listed beside the failures.
pub fn findings(analysis: &Analysis) -> String {
    let mut episodes: Vec<_> = analysis.incidents.iter().flat_map(|i| &i.episodes).collect();
    episodes.sort_by_key(|e| (e.start, e.id.clone()));
    let mut out = String::new();
    for e in episodes {
        let list = |names: &[String]| if names.is_empty() { "-".to_string() } else { names.join(",") };
        out += &format!(
            "{} targets={} proxies={} failures={} confidence={:.1}\n",
            e.cause,
            list(&e.targets),
            list(&e.proxies),
            e.failures,
            (e.confidence * 10.0).floor() / 10.0
        );
    }
    let mut beside: BTreeMap<(String, String), u64> = BTreeMap::new();
    for f in analysis.failures.iter().filter(|f| !f.gateway) {
        *beside.entry((f.cause.to_string(), f.proxy.clone())).or_default() += 1;
    }
    for ((cause, proxy), n) in beside {
        out += &format!("{cause} proxies={proxy} listed={n}\n");
    }
    out
}
