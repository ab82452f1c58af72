//! Parses one log file and prints each event: its line, format, time and status. `records FILE`.
#![allow(clippy::print_stdout)]

use logjoin::parse::fold::{Folder, Step};
use logjoin::parse::{Body, detect};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(std::env::args_os().nth(1).ok_or("usage: records FILE")?)?;
    let lines = || bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    // Decided once for the file, from its first lines.
    let reader = detect(lines().take(400)).reader();
    // Lines of a stack trace continue the event before them.
    let mut folder = Folder::new();
    for (number, line) in (1..).zip(lines()) {
        let record = if folder.claims(line) { None } else { reader.parse(line).ok() };
        let (Step::Start, Some(record)) = (folder.step(line, record.as_ref()), record) else { continue };
        let time = record.best_stamp().map_or("-".to_owned(), |s| s.to_iso());
        let status = match &record.body {
            Body::Access(access) => access.status.map_or("-".to_owned(), |s| s.to_string()),
            _ => "-".to_owned(),
        };
        println!("{number} {} {time} {status}", record.format);
    }
    Ok(())
}
