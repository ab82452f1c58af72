//! `logjoin check` as people run it, and over recordings whose truth is known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::corpora::corpora;
use super::{err, logjoin, out};

const GOOD: &str = "events {}\nhttp {\n  log_format up '$remote_addr [$time_local] \"$request\" $status $request_time $upstream_addr $upstream_status $upstream_response_time';\n  access_log logs/access.log up;\n  upstream app {\n    server 10.0.0.1:8080 max_fails=3;\n    server 10.0.0.2:8080 max_fails=3;\n  }\n  include conf.d/*.conf;\n}\n";
const SITE: &str = "server {\n  listen 80;\n  location / {\n    proxy_pass http://app;\n    proxy_connect_timeout 3s;\n  }\n}\n";
const BAD: &str = "global\n    log /dev/log local0\nfrontend www\n    bind :80\n    default_backend app\nbackend app\n    mode http\n    timeout server 5x\n    server a 10.0.0.1:0\n    server b\n";

/// A folder with a sound nginx.conf and a broken haproxy.cfg.
fn world() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("nginx/conf.d")).unwrap();
    std::fs::write(dir.path().join("nginx/nginx.conf"), GOOD).unwrap();
    std::fs::write(dir.path().join("nginx/conf.d/site.conf"), SITE).unwrap();
    std::fs::write(dir.path().join("haproxy.cfg"), BAD).unwrap();
    dir
}

#[test]
fn a_sound_configuration_has_no_findings() {
    let dir = world();
    for path in ["nginx/nginx.conf", "nginx"] {
        let o = logjoin(dir.path(), &["check", path, "--fail-on", "advice"]);
        assert_eq!(o.status.code(), Some(0), "{}{}", out(&o), err(&o));
        assert_eq!(out(&o), "0 errors, 0 warnings, 0 advice in 2 files\n", "the included file is read once");
    }
}

#[test]
fn a_broken_file_does_not_stop_the_others() {
    let dir = world();
    let site = dir.path().join("nginx/conf.d/site.conf");
    std::fs::write(site, SITE.replace("http://app", "http://10.0.0.300:80")).unwrap();
    let o = logjoin(dir.path(), &["check", "haproxy.cfg", "nginx", "missing.conf"]);
    let text = out(&o);
    assert_eq!(o.status.code(), Some(3), "{text}{}", err(&o));
    assert!(err(&o).contains("missing.conf"), "{}", err(&o));
    assert!(text.contains("haproxy.cfg:10: error: `server` line is too short [syntax]"), "{text}");
    assert!(text.contains("haproxy.cfg:9: error: 10.0.0.1:0: port 0 [unreachable-address]"), "{text}");
    assert!(text.contains("nginx/conf.d/site.conf:4: error: 10.0.0.300:80"), "{text}");
}

#[test]
fn exit_codes_and_forms() {
    let dir = world();
    let code = |args: &[&str]| logjoin(dir.path(), args).status.code();
    assert_eq!(code(&["check", "haproxy.cfg", "--fail-on", "error"]), Some(1));
    assert_eq!(code(&["check", "nginx", "--fail-on", "warning"]), Some(0));
    assert_eq!(code(&["check"]), Some(2));
    assert_eq!(code(&["check", "nginx", "--fail-on", "all"]), Some(2));
    assert_eq!(code(&["check", "nginx", "-o", "report.pdf"]), Some(2));
    assert_eq!(code(&["check", "missing.conf"]), Some(3));
    assert_eq!(code(&["check", "--explain", "no-such-rule"]), Some(2));
    assert_eq!(code(&["check", "haproxy.cfg", "-o", "r.sarif"]), Some(3));
    let sarif = std::fs::read_to_string(dir.path().join("r.sarif")).unwrap();
    let sarif: Value = serde_json::from_str(&sarif).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let json: Value =
        serde_json::from_str(&out(&logjoin(dir.path(), &["check", "haproxy.cfg", "-F", "json"]))).unwrap();
    assert_eq!(
        json["findings"].as_array().unwrap().len(),
        sarif["runs"][0]["results"].as_array().unwrap().len()
    );
}

#[test]
fn rules_are_listed_and_explained() {
    let dir = world();
    let list = out(&logjoin(dir.path(), &["check", "--list"]));
    assert!(list.lines().count() > 30 && list.contains("\nwrong-port "), "{list}");
    for line in list.lines() {
        let id = line.split(' ').next().unwrap();
        let text = out(&logjoin(dir.path(), &["check", "--explain", id]));
        assert!(text.starts_with(id) && text.contains("Rests on:\n  "), "{text}");
    }
}

/// The rules that speak of what was done to a recording on purpose, by the class of the fault.
const MEANT: &[(&str, &[&str])] = &[
    ("wrong-upstream-port", &["wrong-port"]),
    ("wrong-protocol", &["wrong-protocol"]),
    ("permission-denied", &["socket-permission"]),
    ("dns-failure", &["name-not-resolved", "fragile-resolver"]),
    ("timeout-too-short", &["timeout-too-short"]),
    ("header-too-large", &["header-too-large"]),
    ("keepalive-race", &["keepalive-outlives-backend"]),
];

/// Findings above advice: rule, file, failures touched.
fn findings(dir: &Path, args: &[&str]) -> Vec<(String, String, u64)> {
    let o = logjoin(dir, args);
    assert_eq!(o.status.code(), Some(0), "{}{}", out(&o), err(&o));
    let all: Value = serde_json::from_str(&out(&o)).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let rows = all["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "advice");
    rows.map(|f| (text(f, "rule"), text(f, "file"), f["failures"].as_u64().unwrap_or(0))).collect()
}

#[test]
fn fixtures_with_logs() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let at = |path: &str| {
        let root = root.join(path);
        let args = ["check", "conf", "--logs", "logs", "-F", "json"];
        findings(&root, &args)
    };
    let found = at("scenarios/haproxy-wrong-port");
    assert!(
        found.len() == 2 && found.iter().all(|(rule, _, count)| rule == "wrong-port" && *count > 0),
        "{found:?}"
    );
    let found = at("scenarios/tomcat-behind-apache");
    assert!(found.len() == 1 && found[0].0 == "timeout-too-short", "{found:?}");
    assert_eq!(at("scenarios/worker-crash"), []);
    assert_eq!(at("clean/three-proxies"), []);
}

#[test]
fn recordings_with_known_faults() {
    let Some(lab) = corpora("lab") else { return };
    let entries = std::fs::read_dir(&lab).expect("a folder");
    let mut runs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    runs.retain(|path| path.join("conf").is_dir() && path.join("truth.json").is_file());
    runs.sort();
    let judge = |run: &PathBuf| {
        let truth: Value = serde_json::from_slice(&std::fs::read(run.join("truth.json")).unwrap()).unwrap();
        let faults = truth["faults"].as_array().unwrap();
        let with_failures =
            faults.iter().filter(|fault| fault["failures"].as_u64().is_some_and(|count| count > 0));
        let injected: BTreeSet<&str> = with_failures.map(|fault| fault["class"].as_str().unwrap()).collect();
        let found = findings(run, &["check", "conf", "--logs", "logs", "-F", "json"]);
        let meant = |class: &str| {
            MEANT.iter().find(|(meant, _)| *meant == class).map_or(&[][..], |(_, rules)| *rules)
        };
        let mut wrong = Vec::new();
        for class in injected.iter().filter(|class| !meant(class).is_empty()) {
            let hits =
                found.iter().filter(|(rule, _, count)| meant(class).contains(&rule.as_str()) && *count > 0);
            if hits.count() == 0 {
                wrong.push(format!("{}: {class} was not found", run.display()));
            }
        }
        for (rule, file, count) in &found {
            if !injected.iter().any(|class| meant(class).contains(&rule.as_str())) {
                wrong
                    .push(format!("{}: {rule} at {file} ({count} failures) was not injected", run.display()));
            }
        }
        wrong
    };
    let half = runs.len().div_ceil(2).max(1);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts =
            runs.chunks(half).map(|part| scope.spawn(|| part.iter().flat_map(&judge).collect::<Vec<_>>()));
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
