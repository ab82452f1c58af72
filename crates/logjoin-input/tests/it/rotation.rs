//! Rotated sets as the usual tools leave them.

use logjoin_input::{InputFile, SourceFiles, group};
use proptest::prelude::*;

fn grouped(names: &[&str]) -> Vec<SourceFiles> {
    group(names.iter().map(|name| InputFile::from_bytes(*name, Vec::new())).collect())
}

fn shown(sources: &[SourceFiles]) -> Vec<(&str, Vec<&str>)> {
    sources
        .iter()
        .map(|source| (source.name.as_str(), source.files.iter().map(InputFile::name).collect()))
        .collect()
}

/// Each set oldest first; `group` must put it together from any order.
const SETS: &[(&str, &str, &[&str])] = &[
    (
        "logrotate, compress and delaycompress",
        "access.log",
        &["access.log.10.gz", "access.log.9.gz", "access.log.2.gz", "access.log.1", "access.log"],
    ),
    (
        "logrotate dateext",
        "error.log",
        &["error.log-20261118.gz", "error.log-20261119.gz", "error.log-20261120", "error.log"],
    ),
    ("logrotate hourly", "app.log", &["app.log-2026112009.zst", "app.log-2026112010.zst", "app.log"]),
    ("logrotate dateformat -%s", "app.log", &["app.log-1763600000", "app.log-1763700000", "app.log"]),
    ("logrotate extension", "app.log", &["app.2.log.gz", "app.1.log", "app.log"]),
    ("logrotate dateext and extension", "app.log", &["app-20261119.log.xz", "app-20261120.log", "app.log"]),
    (
        "rotatelogs, seconds",
        "access_log",
        &["access_log.1763600000", "access_log.1763686400", "access_log.1763772800"],
    ),
    ("rotatelogs, date", "access_log", &["access_log.2026.11.19", "access_log.2026.11.20"]),
    (
        "rotatelogs, date and time",
        "error_log",
        &["error_log.2026-11-20-00_00_00", "error_log.2026-11-20-12_00_00"],
    ),
    (
        "svlogd",
        "current",
        &[
            "@400000006740f1a01dcd6500.s",
            "@400000006741f1a01dcd6500.s.gz",
            "@400000006742f1a01dcd6500.u",
            "current",
        ],
    ),
    (
        "Tomcat",
        "localhost_access_log.txt",
        &["localhost_access_log.2026-11-19.txt", "localhost_access_log.2026-11-20.txt"],
    ),
    (
        "logback",
        "app.log",
        &[
            "app.2026-11-19.0.log.gz",
            "app.2026-11-19.1.log.gz",
            "app.2026-11-19.10.log.gz",
            "app.2026-11-20.0.log.gz",
            "app.log",
        ],
    ),
    (
        "pm2-logrotate",
        "api-out.log",
        &["api-out__2026-11-19_00-00-00.log", "api-out__2026-11-20_00-00-00.log", "api-out.log"],
    ),
    ("kubelet", "0.log", &["0.log.20261119-101112.gz", "0.log.20261120-101112", "0.log"]),
    ("Docker json-file", "ab12-json.log", &["ab12-json.log.2.gz", "ab12-json.log.1", "ab12-json.log"]),
    ("savelog", "daemon.log", &["daemon.log.2.gz", "daemon.log.1.gz", "daemon.log.0", "daemon.log"]),
    ("syslog without a telling name", "messages", &["messages.2.gz", "messages.1", "messages"]),
    ("copied away once", "access.log", &["access.log.old", "access.log"]),
];

#[test]
fn sets_of_the_usual_tools_come_together_oldest_first() {
    for (tool, stem, files) in SETS {
        let mut names: Vec<String> = files.iter().map(|name| format!("logs/a/{name}")).collect();
        let expected = names.clone();
        for _ in 0..names.len() {
            names.rotate_left(1);
            let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
            let sources = grouped(&borrowed);
            let sources = shown(&sources);
            assert_eq!(sources.len(), 1, "{tool}: {sources:?}");
            assert_eq!(sources[0].0, format!("logs/a/{stem}"), "{tool}");
            assert_eq!(sources[0].1, expected, "{tool}");
        }
    }
}

#[test]
fn instances_are_not_rotations() {
    for names in [
        &["app-1.log", "app-2.log"][..],
        &["app.1.log", "app.2.log"],
        &["web.1", "web.2", "worker.1"],
        &["10.0.0.17.log", "10.0.0.18.log"],
        &["a/access.log", "b/access.log", "logs.tar!access.log"],
        &["haproxy.log.8080", "haproxy.log.8081"],
        &["access.log", "access_ssl.log", "error.log"],
    ] {
        let sources = grouped(names);
        let each: Vec<(&str, Vec<&str>)> = names.iter().map(|name| (*name, vec![*name])).collect();
        assert_eq!(shown(&sources), each);
    }
}

#[test]
fn compressed_siblings_prove_a_doubtful_set() {
    let sources = grouped(&["messages.1", "messages.2.gz", "messages.3.gz"]);
    assert_eq!(shown(&sources), [("messages", vec!["messages.3.gz", "messages.2.gz", "messages.1"])]);
}

#[test]
fn stamps_overrule_names_and_files_without_stay_behind() {
    let mut source = grouped(&["a.log.3", "a.log.2", "a.log.1", "a.log"]).remove(0);
    let stamp = |file: &InputFile| match file.name() {
        "a.log.3" => Some(30),
        "a.log.2" => None,
        "a.log.1" => Some(10),
        _ => Some(40),
    };
    assert!(source.reorder_by(stamp));
    let names: Vec<&str> = source.files.iter().map(InputFile::name).collect();
    assert_eq!(names, ["a.log.1", "a.log.3", "a.log.2", "a.log"]);
    assert!(!source.reorder_by(stamp), "it is in order now");
}

proptest! {
    #[test]
    fn every_file_is_in_exactly_one_source_whatever_the_order(
        mut names in proptest::collection::hash_set("[ab](\\.log)?([-._](1|2|20261120|2026-11-20|1763600000|old|é))?(\\.gz|\\.log)?", 0..12)
            .prop_map(|set| { let mut names: Vec<String> = set.into_iter().collect(); names.sort(); names }),
        turn in 0usize..12,
    ) {
        let of = |names: &[String]| {
            let sources = group(names.iter().map(|name| InputFile::from_bytes(name.as_str(), Vec::new())).collect());
            sources.iter().map(|s| (s.name.clone(), s.files.iter().map(|f| f.name().to_owned()).collect::<Vec<_>>())).collect::<Vec<_>>()
        };
        let sources = of(&names);
        let mut all: Vec<String> = sources.iter().flat_map(|(_, files)| files.clone()).collect();
        all.sort();
        prop_assert_eq!(&all, &names);
        let by = turn.min(names.len());
        names.rotate_left(by);
        prop_assert_eq!(of(&names), sources);
    }

    #[test]
    fn any_name_has_a_key(name in "\\PC*") {
        let _ = logjoin_input::rotation_key(&name);
    }
}
