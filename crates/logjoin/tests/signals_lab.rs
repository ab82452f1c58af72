//! The table of signals against recordings of real backends, where they are at hand: which signals each
//! recording holds, and whether the lines that tell of its faults are recognised.

#![allow(clippy::print_stderr)] // a skipped test says why, and the counts are for the reader

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use logjoin::signals::{Matcher, Meaning};
use serde_json::Value;

/// Faults whose own lines the table must know; the others show in the proxies' logs alone.
const CLASSES: &[&str] = &[
    "backend-crash",
    "backend-down",
    "backend-hang",
    "deploy-restart",
    "fd-exhaustion",
    "oom-kill",
    "start-failure",
    "timeout-too-short",
    "unhandled-exception-close",
    "worker-pool-exhausted",
    "worker-timeout",
];

#[path = "../../../fixtures/corpora.rs"]
mod corpora;
use corpora::corpora;

/// The recordings, or `None` with a printed reason.
fn recordings() -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(corpora("lab")?).expect("a folder");
    let mut found: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.join("truth.json").is_file()).collect();
    found.sort();
    Some(found)
}

/// What was peeled off a line: the program if the line names it, and the message.
struct Peeled {
    program: Option<String>,
    message: Vec<u8>,
}

/// A stand-in for the formats: enough of the stamps and levels that these recordings use.
fn peel(line: &str) -> Peeled {
    if line.starts_with('{')
        && let Ok(Value::Object(fields)) = serde_json::from_str(line)
    {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut message = text(fields.get("msg").or_else(|| fields.get("message")));
        if let Some(error) = fields.get("err") {
            message = format!("{message}: {}", text(error.get("message")));
        }
        return Peeled { program: None, message: message.into_bytes() };
    }
    let words: Vec<&str> = line.splitn(6, ' ').collect();
    if let [month, _, time, _, tag, message] = words[..]
        && month.len() == 3
        && time.len() == 8
        && let Some(tag) = tag.strip_suffix(':')
    {
        let program = tag.split('[').next().unwrap_or(tag).to_owned();
        let message = match message.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((_, rest)) if program == "kernel" => rest,
            _ => message,
        };
        return Peeled { program: Some(program), message: message.into() };
    }
    if let Some((_, message)) = line.split_once(" msg=\"") {
        return Peeled { program: None, message: message.split('"').next().unwrap_or_default().into() };
    }
    let mut rest = line;
    for _ in 0..3 {
        // `[stamp]`, `[pid]`, `[LEVEL]`
        match rest.strip_prefix('[').and_then(|r| r.split_once("] ")) {
            Some((head, tail)) if !head.starts_with("pool") => rest = tail,
            _ => break,
        }
    }
    // dates, times and levels
    for _ in 0..3 {
        match rest.split_once(' ') {
            Some((head, tail)) if head.bytes().all(|b| b.is_ascii_digit() || b"-/:.,TZ".contains(&b)) => {
                rest = tail
            }
            Some(("INFO" | "WARNING" | "ERROR" | "NOTICE:" | "WARNING:" | "INFO:" | "ERROR:", tail)) => {
                rest = tail
            }
            _ => break,
        }
    }
    Peeled { program: None, message: rest.into() }
}

fn lines_of(path: &Path) -> Option<Vec<String>> {
    let bytes = std::fs::read(path).ok()?;
    Some(bytes.split(|&b| b == b'\n').map(|line| String::from_utf8_lossy(line).into_owned()).collect())
}

/// Whether a file belongs to a backend's host: signals are not looked for in access lines and proxy logs.
fn is_backend_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let plain = [".log", "syslog"].iter().any(|end| name.ends_with(end));
    plain
        && !name.contains("access")
        && !path.parent().is_some_and(|dir| dir.join("access.log").exists() && is_proxy(dir))
}

fn is_proxy(dir: &Path) -> bool {
    let name = dir.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    ["nginx", "apache", "haproxy"].iter().any(|proxy| name.contains(proxy))
}

#[test]
fn fault_lines_in_recordings_are_recognised() {
    let Some(recordings) = recordings() else { return };
    let matcher = Matcher::new();
    let mut by_class: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut unknown = Vec::new();
    for recording in &recordings {
        let truth = std::fs::read(recording.join("truth.json")).expect("truth.json");
        let truth: Value = serde_json::from_slice(&truth).expect("JSON");
        let mut files: BTreeMap<PathBuf, Option<Vec<String>>> = BTreeMap::new();
        for fault in truth["faults"].as_array().into_iter().flatten() {
            let class = fault["class"].as_str().unwrap_or_default();
            if !CLASSES.contains(&class) {
                continue;
            }
            for event in fault["events"].as_array().into_iter().flatten() {
                let (Some(file), Some(number)) = (event["file"].as_str(), event["line"].as_u64()) else {
                    continue;
                };
                let path = recording.join(file);
                let path = if path.exists() { path } else { recording.join("logs").join(file) };
                let lines = files.entry(path.clone()).or_insert_with(|| lines_of(&path));
                let Some(line) = lines.as_ref().and_then(|l| l.get(number as usize - 1)) else { continue };
                let peeled = peel(line);
                let count = by_class.entry(class.to_owned()).or_default();
                count.1 += 1;
                match matcher.find(&peeled.message, peeled.program.as_deref().map(str::as_bytes)) {
                    Some(_) => count.0 += 1,
                    None => unknown.push(format!("{class}: {line}")),
                }
            }
        }
    }
    unknown.sort();
    unknown.dedup();
    eprintln!("event lines recognised, by class of fault: {by_class:#?}");
    eprintln!("not recognised:\n{}", unknown.join("\n"));
    for (class, (known, all)) in &by_class {
        assert!(known * 10 >= all * 9, "{class}: {known} of {all} event lines are recognised");
    }
}

#[test]
fn signals_of_recordings_are_counted() {
    let Some(recordings) = recordings() else { return };
    let matcher = Matcher::new();
    let mut timeouts = 0;
    for recording in &recordings {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut stack = vec![recording.join("logs")];
        while let Some(dir) = stack.pop() {
            for path in std::fs::read_dir(&dir).into_iter().flatten().flatten().map(|e| e.path()) {
                if path.is_dir() {
                    stack.push(path);
                } else if is_backend_log(&path) {
                    for line in lines_of(&path).into_iter().flatten() {
                        let peeled = peel(&line);
                        let program = peeled.program.as_deref().map(str::as_bytes);
                        if let Some(signal) = matcher.find(&peeled.message, program) {
                            *counts.entry(signal.def.id).or_default() += 1;
                            timeouts += usize::from(signal.def.meaning == Meaning::WorkerTimeout);
                        }
                    }
                }
            }
        }
        eprintln!("{}: {counts:?}", recording.file_name().unwrap_or_default().to_string_lossy());
    }
    assert!(recordings.is_empty() || timeouts > 0, "no recording holds a worker timeout");
}
