//! Follows growing files and says what is new: `follow SECONDS ROUNDS PATH...`.
//!
//! All is read again whenever something has grown. That is honest, not clever: a new line of a backend may explain an
//! old failure, and a minute of logs is read in a moment. Keep the paths to what is recent. A failure is told with the
//! cause that was known first, and once more when its file is rotated.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use logjoin::Options;
use logjoin_cli::engine::analyze;
use logjoin_input::{DiscoverOptions, discover};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut number =
        || args.next().and_then(|a| a.parse::<f64>().ok()).ok_or("usage: follow SECONDS ROUNDS PATH...");
    let (seconds, rounds) = (number()?, number()?);
    let paths: Vec<PathBuf> = args.map(PathBuf::from).collect();
    let mut size = 0;
    let mut told = BTreeSet::new();
    for _ in 0..rounds as u64 {
        let found = discover(&paths, &DiscoverOptions::default()).files;
        let grown: u64 = found.iter().filter_map(|f| f.size()).sum();
        if grown != size {
            size = grown;
            for f in analyze(&paths, &[], Options::default()).0.failures {
                // Ids number the failures of one analysis; the line stays what it is.
                if told.insert((f.file.clone(), f.line, f.client.clone(), f.target.clone())) {
                    println!("{} {}:{} {} {}", f.time, f.file, f.line, f.status.unwrap_or(0), f.cause);
                }
            }
        }
        std::thread::sleep(Duration::from_secs_f64(seconds));
    }
    Ok(())
}
