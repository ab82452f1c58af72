//! Recorded and public backend logs: every line is a record or continues one, few fall to the generic formats.
//! Skips, with the reason printed, where the logs are not beside the project.

#![allow(clippy::print_stderr)] // the tables are for a reader of the test

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use logjoin_parse::fold::{Exception, Folder, Step};
use logjoin_parse::{Body, Record, detect, parse_any};

#[path = "../../../fixtures/corpora.rs"]
mod corpora;
use corpora::corpora;

fn lines(file: &Path) -> Vec<Vec<u8>> {
    let bytes = std::fs::read(file).unwrap_or_default();
    let mut lines: Vec<Vec<u8>> =
        bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l).to_vec()).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    lines
}

#[derive(Default)]
struct Tally {
    lines: usize,
    records: usize,
    continued: usize,
    orphans: Vec<String>,
    formats: BTreeMap<&'static str, usize>,
    access_without_time: usize,
    access_incomplete: usize,
    ids: usize,
}

fn tally(file: &Path) -> Tally {
    let lines = lines(file);
    let reader = detect(lines.iter().take(300).map(Vec::as_slice)).reader();
    let mut folder = Folder::new();
    let mut t = Tally::default();
    for line in &lines {
        let record = if folder.claims(line) { None } else { reader.parse(line).ok() };
        let step = folder.step(line, record.as_ref());
        t.lines += usize::from(step != Step::Blank);
        match step {
            Step::Start => {
                t.records += 1;
                let r = record.expect("a start has a record");
                *t.formats.entry(r.format).or_default() += 1;
                t.access_without_time +=
                    usize::from(matches!(r.body, Body::Access(_)) && r.best_stamp().is_none());
                if let Body::Access(a) = &r.body {
                    let timed = a.duration_us.is_some() || r.format == "php-fpm-access";
                    t.access_incomplete +=
                        usize::from(a.method.is_none() || a.path.is_none() || a.status.is_none() || !timed);
                }
                t.ids += usize::from(match &r.body {
                    Body::Access(a) => a.request_id.is_some(),
                    Body::Log(l) => l.request_id.is_some(),
                    _ => false,
                });
            }
            Step::Continue | Step::Excess => t.continued += 1,
            Step::Orphan => t.orphans.push(String::from_utf8_lossy(line).into_owned()),
            Step::Blank => {}
        }
    }
    t
}

fn print(name: &str, t: &Tally) {
    let formats: Vec<String> = t.formats.iter().map(|(f, n)| format!("{f} {n}")).collect();
    eprintln!(
        "{name}: {} lines, {} continued, {} unread; {}",
        t.lines,
        t.continued,
        t.orphans.len(),
        formats.join(", ")
    );
    for o in t.orphans.iter().take(3) {
        eprintln!("    unread: {}", o.chars().take(160).collect::<String>());
    }
}

/// Backend files of recordings, by the program that writes them. Common access lines, syslog and proxies are other formats' matter.
#[test]
fn recordings_are_read_whole() {
    let Some(dir) = corpora("") else { return };
    let mut total: BTreeMap<String, Tally> = BTreeMap::new();
    let runs = std::fs::read_dir(dir.join("lab")).expect("recordings");
    let mut runs: Vec<_> = runs.flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    runs.sort();
    for run in runs {
        let mut hosts: Vec<_> =
            std::fs::read_dir(run.join("logs")).into_iter().flatten().flatten().map(|e| e.path()).collect();
        hosts.sort();
        for host in hosts {
            let host_name = host.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if ["nginx", "apache", "haproxy"].iter().any(|p| host_name.starts_with(p)) {
                continue;
            }
            for file in std::fs::read_dir(&host).into_iter().flatten().flatten().map(|e| e.path()) {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let proxy = lines(&file)
                    .first()
                    .is_some_and(|l| parse_any(l).is_ok_and(|r| matches!(r.body, Body::Error(_))));
                let php = host_name.starts_with("php");
                if proxy
                    || name.ends_with(".gz")
                    || (name.starts_with("access.log") && !php)
                    || name.starts_with("localhost_access")
                {
                    continue;
                }
                let t = tally(&file);
                if run.to_string_lossy().ends_with("-noids") {
                    assert_eq!(t.ids, 0, "{}", file.display());
                }
                let group =
                    if name.starts_with(host_name.as_str()) { "NAME.log".to_owned() } else { name.clone() };
                let sum = total.entry(group).or_default();
                sum.lines += t.lines;
                sum.records += t.records;
                sum.continued += t.continued;
                sum.access_without_time += t.access_without_time;
                sum.access_incomplete += t.access_incomplete;
                sum.ids += t.ids;
                sum.orphans.extend(t.orphans);
                for (f, n) in t.formats {
                    *sum.formats.entry(f).or_default() += n;
                }
            }
        }
    }
    assert!(!total.is_empty());
    for (name, t) in &total {
        print(name, t);
        assert_eq!(t.records + t.continued + t.orphans.len(), t.lines, "{name}");
        assert!(t.orphans.is_empty(), "{name}");
        assert_eq!((t.access_without_time, t.access_incomplete), (0, 0), "{name}");
        eprintln!("    with a request id: {}", t.ids);
        let plain = t.formats.get("plain").copied().unwrap_or_default();
        assert!(plain * 100 <= t.lines, "{name}: {plain} plain lines of {}", t.lines);
    }
}

#[test]
fn public_backend_logs_are_read() {
    let Some(dir) = corpora("") else { return };
    let index = std::fs::read_to_string(dir.join("index.json")).expect("an index");
    let index: serde_json::Value = serde_json::from_str(&index).expect("JSON");
    let (mut lines, mut unread, mut plain) = (0, 0, 0);
    for entry in index.as_array().expect("a list") {
        if entry["proxy"] != "backend" {
            continue;
        }
        let log = entry["log"].as_str().expect("a path");
        let t = tally(&dir.join(log));
        print(log, &t);
        // made for template mining, partly systems that no proxy talks to; and an export of a search that put the
        // time at the end of the second line
        let odd = log.contains("controller-as-published");
        if entry["kind"] == "template" || odd {
            continue;
        }
        lines += t.lines;
        unread += t.orphans.len();
        plain += t.formats.get("plain").copied().unwrap_or_default();
    }
    eprintln!("together {lines} lines, {unread} unread, {plain} plain");
    assert!(unread * 50 <= lines, "{unread} unread of {lines}");
    assert!(plain * 10 <= lines, "{plain} plain of {lines}");
}

/// Every trace in the recordings tells what it died of, and at its root.
#[test]
fn traces_in_recordings_name_their_exception() {
    let Some(dir) = corpora("") else { return };
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut silent = Vec::new();
    let mut files = Vec::new();
    for run in std::fs::read_dir(dir.join("lab")).expect("recordings").flatten().map(|e| e.path()) {
        for host in std::fs::read_dir(run.join("logs")).into_iter().flatten().flatten().map(|e| e.path()) {
            files.extend(std::fs::read_dir(&host).into_iter().flatten().flatten().map(|e| e.path()));
        }
    }
    files.sort();
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "log")) {
        let lines = lines(file);
        let reader = detect(lines.iter().take(300).map(Vec::as_slice)).reader();
        let mut folder = Folder::new();
        let mut events: Vec<Vec<u8>> = Vec::new();
        for line in &lines {
            let record = if folder.claims(line) { None } else { reader.parse(line).ok() };
            match folder.step(line, record.as_ref()) {
                Step::Start => events.push(line.clone()),
                Step::Continue => {
                    if let Some(e) = events.last_mut() {
                        e.push(b'\n');
                        e.extend_from_slice(line);
                    }
                }
                _ => {}
            }
        }
        for e in events {
            let text = String::from_utf8_lossy(&e).into_owned();
            let trace = ["Traceback (", "\tat ", "goroutine ", "    at ", "FATAL ERROR", "Stack trace:"];
            if !trace.iter().any(|t| text.contains(t)) {
                continue;
            }
            // a JSON line holds its stack in a field, escaped
            let stack = match parse_any(&e).map(|r| r.into_owned().body) {
                Ok(Body::Log(l)) if e.starts_with(b"{") => l.error.map(std::borrow::Cow::into_owned),
                _ => None,
            };
            match Exception::find(stack.as_deref().unwrap_or(&e)) {
                Some(x) => {
                    let name = format!(
                        "{} <- {}",
                        String::from_utf8_lossy(x.kind),
                        String::from_utf8_lossy(x.root_kind)
                    );
                    *kinds.entry(name).or_default() += 1;
                }
                None => silent.push(text),
            }
        }
    }
    for (kind, n) in &kinds {
        eprintln!("{n} x {kind}");
    }
    assert!(!kinds.is_empty());
    assert!(silent.is_empty(), "{}: {}", silent.len(), silent[0]);
}

/// Time without zone, to the millisecond.
fn wall(r: &Record<'_>) -> Option<String> {
    r.best_stamp().map(|s| s.wall().format("%m-%dT%H:%M:%S%.3f").to_string())
}

#[test]
fn fields_agree_with_what_others_read() {
    let Some(dir) = corpora("") else { return };
    let (mut judged, mut wrong) = (0, Vec::new());
    for sub in
        ["postgresql/log", "redis/log", "kafka/log", "mysql/error", "elasticsearch/server", "logstash/log"]
    {
        let folder = dir.join("elastic-beats").join(sub);
        for log in std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|e| e.path()) {
            if log.extension().is_none_or(|e| e != "log") {
                continue;
            }
            let expected = PathBuf::from(format!("{}-expected.json", log.display()));
            let Ok(text) = std::fs::read_to_string(&expected) else { continue };
            let events: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let bytes = std::fs::read(&log).expect("a log");
            for e in events.as_array().expect("a list") {
                let at = e["log.offset"].as_u64().unwrap_or(0) as usize;
                let line = bytes[at..].split(|b| *b == b'\n').next().unwrap_or_default();
                let shown = String::from_utf8_lossy(line).into_owned();
                let Ok(r) = parse_any(line.strip_suffix(b"\r").unwrap_or(line)) else {
                    wrong.push(format!("unread: {shown}"));
                    continue;
                };
                let Body::Log(l) = &r.body else {
                    wrong.push(format!("no message: {shown}"));
                    continue;
                };
                let mut check = |name: &str, ours: Option<String>, theirs: Option<String>| {
                    judged += 1;
                    if theirs.is_some() && ours != theirs {
                        wrong.push(format!("{name} {ours:?}, expected {theirs:?}: {shown}"));
                    }
                };
                let level = e["log.level"].as_str().map(|s| match (sub, s) {
                    ("redis/log", "notice") => "*".into(),
                    ("redis/log", "warning") => "#".into(),
                    ("redis/log", "debug") => ".".into(),
                    ("redis/log", "verbose") => "-".into(),
                    _ => s.to_ascii_lowercase(),
                });
                check(
                    "level",
                    l.level.as_deref().map(|b| String::from_utf8_lossy(b).to_ascii_lowercase()),
                    level,
                );
                check("pid", l.pid.map(|p| p.to_string()), e["process.pid"].as_u64().map(|p| p.to_string()));
                // only the wall clock: the expected zones are those of the test machine
                if let Some(ts) = e["@timestamp"].as_str() {
                    let theirs = &ts[14..19];
                    let ours = wall(&r).unwrap_or_default();
                    check("minute", ours.get(9..14).map(str::to_owned), Some(theirs.to_owned()));
                }
            }
        }
    }
    eprintln!("{judged} fields judged, {} differ", wrong.len());
    for w in wrong.iter().take(25) {
        eprintln!("    {}", w.chars().take(240).collect::<String>());
    }
    assert!(wrong.len() * 50 <= judged, "{} of {judged}", wrong.len());
}
