//! In an async service: batches of lines arrive from several hosts, and every so often the incident so far is judged.
//! `service FILE...` plays the files as if they were hosts.
//!
//! The engine never waits, so it belongs on a thread for work (`spawn_blocking`), not on those that wait for sockets.
//! Lines are kept as they come and analysed again from the start: joins need both sides, which arrive in any order.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;

use logjoin::{Analysis, Options, analyze};
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};

/// Whole lines of one log.
struct Batch {
    path: String,
    lines: Vec<u8>,
}

/// Bytes after which the service forgets; a real one forgets by age.
const ENOUGH: usize = 64 << 20;

async fn judge(logs: &BTreeMap<String, Vec<u8>>) -> Result<Analysis, JoinError> {
    let now = logs.clone();
    spawn_blocking(move || analyze(now, Options::default())).await
}

async fn collect(mut batches: mpsc::Receiver<Batch>, every: usize) -> Result<Analysis, JoinError> {
    let mut logs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut count = 0;
    while let Some(batch) = batches.recv().await {
        logs.entry(batch.path).or_default().extend(batch.lines);
        count += 1;
        if count % every == 0 {
            println!("after {count} batches: {} failures", judge(&logs).await?.totals.failures);
        }
        if logs.values().map(Vec::len).sum::<usize>() > ENOUGH {
            logs.clear();
        }
    }
    judge(&logs).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (sender, batches) = mpsc::channel(16);
    let service = tokio::spawn(collect(batches, 10));
    for path in std::env::args().skip(1) {
        let bytes = std::fs::read(&path)?;
        for lines in bytes.split_inclusive(|b| *b == b'\n').collect::<Vec<_>>().chunks(100) {
            sender.send(Batch { path: path.clone(), lines: lines.concat() }).await?;
        }
    }
    drop(sender);
    for incident in service.await??.incidents {
        println!("{}: {}", incident.id, incident.summary);
    }
    Ok(())
}
