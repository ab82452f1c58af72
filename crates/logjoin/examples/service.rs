//! In an async service: batches of lines arrive from several hosts, and incidents are told when they are over.
//! `service FILE...` plays the files as if they were hosts.
//!
//! The engine never waits, so it belongs on a thread for work (`spawn_blocking`), not on those that wait for sockets.
#![allow(clippy::print_stdout)]

use logjoin::{Analysis, Follow, Head, Options, Plan, plan};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

/// Whole lines of one log: its number in the plan, the number of the first line.
struct Batch {
    file: usize,
    first_line: u64,
    lines: Vec<u8>,
}

/// Judges as batches come. A real service settles by its clock, some seconds late, and forgets what is old; these logs lie in
/// the past, so each batch settles all.
fn collect(plan: &Plan, mut batches: mpsc::Receiver<Batch>) -> Analysis {
    let mut follow = Follow::new(plan);
    let mut count = 0;
    while let Some(batch) = batches.blocking_recv() {
        follow.push(batch.file, batch.first_line, &batch.lines);
        count += 1;
    }
    for incident in follow.settle(i64::MAX / 2) {
        println!("after {count} batches: {}", incident.summary);
    }
    follow.finish()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    paths.sort(); // as the plan numbers them
    let head =
        |path: &String| Ok(Head { path: path.clone(), bytes: std::fs::read(path)?, ..Head::default() });
    let heads = paths.iter().map(head).collect::<std::io::Result<Vec<Head>>>()?;
    let plan = plan(heads.clone(), Vec::new(), Options::default());
    let (sender, batches) = mpsc::channel(16);
    let service = spawn_blocking(move || collect(&plan, batches));
    for (file, head) in heads.iter().enumerate() {
        let lines: Vec<&[u8]> = head.bytes.split_inclusive(|b| *b == b'\n').collect();
        for (n, batch) in lines.chunks(100).enumerate() {
            sender.send(Batch { file, first_line: n as u64 * 100 + 1, lines: batch.concat() }).await?;
        }
    }
    drop(sender);
    println!("{} failures in all", service.await?.totals.failures);
    Ok(())
}
