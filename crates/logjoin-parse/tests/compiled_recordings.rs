//! Formats compiled from the configuration files of recordings read every access line of their proxies.

#![allow(clippy::print_stderr)] // a test that is skipped says so

use std::fs;
use std::path::{Path, PathBuf};

use logjoin_parse::Body;
use logjoin_parse::compile::{Compiled, Escape, apache_access, haproxy, nginx};

#[path = "../../../fixtures/corpora.rs"]
mod corpora;

fn lab() -> Option<PathBuf> {
    corpora::corpora("lab")
}

fn folders(of: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(of) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    found.sort();
    found
}

/// The text in the quotes that open first after `key`, with its escapes undone.
fn quoted_after(conf: &str, key: &str, quote: char) -> Option<(String, String)> {
    let line = conf.lines().find(|l| l.trim_start().starts_with(key))?;
    let (before, rest) = line.split_once(quote)?;
    let string = &rest[..rest.rfind(quote)?];
    Some((before.to_owned(), string.replace("\\\"", "\"")))
}

fn format_of(proxy: &str, conf: &str) -> Compiled {
    let compiled = match proxy {
        "nginx" => match quoted_after(conf, "log_format", '\'') {
            Some((before, string)) => {
                let escape = if before.contains("escape=json") { Escape::Json } else { Escape::Default };
                nginx(&string, escape)
            }
            None => nginx(
                r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#,
                Escape::Default,
            ),
        },
        "apache" => apache_access(&quoted_after(conf, "LogFormat", '"').expect("a LogFormat").1),
        _ => haproxy(
            "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r",
        ),
    };
    compiled.unwrap_or_else(|e| panic!("{e}"))
}

/// The access lines of a proxy in a HAProxy log are those of a client with an address.
fn haproxy_payload(line: &[u8]) -> Option<&[u8]> {
    let at = line.windows(2).position(|w| w == b": ")?;
    let payload = &line[at + 2..];
    let is_access = payload.first().is_some_and(u8::is_ascii_digit) && payload.ends_with(b"\"");
    is_access.then_some(payload)
}

#[test]
fn every_access_line_is_read() {
    let Some(lab) = lab() else {
        eprintln!("skipped: the recordings are not here");
        return;
    };
    let (mut lines, mut files) = (0usize, 0usize);
    for run in folders(&lab) {
        for conf in folders(&run.join("conf")) {
            let proxy = conf.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            let name = ["nginx.conf", "httpd.conf", "haproxy.cfg"].map(|n| conf.join(n));
            let Some(text) = name.iter().find_map(|n| fs::read_to_string(n).ok()) else { continue };
            let kind = ["nginx", "apache", "haproxy"].into_iter().find(|k| proxy.starts_with(k));
            let Some(kind) = kind else { continue };
            let format = format_of(kind, &text);
            let logs = if kind == "haproxy" { &["haproxy.log"][..] } else { &["access.log", "access.log.1"] };
            let logs: Vec<_> =
                logs.iter().filter_map(|l| fs::read(run.join("logs").join(proxy).join(l)).ok()).collect();
            files += logs.len();
            for line in logs.concat().split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                let payload = match kind {
                    "haproxy" => match haproxy_payload(line) {
                        Some(p) => p,
                        None => continue,
                    },
                    _ => line,
                };
                let shown = String::from_utf8_lossy(line);
                let record = format.parse(payload).unwrap_or_else(|e| panic!("{e}: {shown}"));
                let Body::Access(a) = &record.body else { panic!("no request: {shown}") };
                assert!(a.status.is_some(), "no status: {shown}");
                assert!(record.stamp.is_some(), "no time: {shown}");
                assert!(a.path.is_some(), "no path: {shown}");
                assert!(a.client_ip.is_some(), "no client: {shown}");
                lines += 1;
            }
        }
    }
    assert!(0 < files && 1000 < lines, "{lines} lines in {files} files");
    eprintln!("{lines} access lines of {files} files");
}
