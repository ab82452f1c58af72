//! Prints what each event of a log file is: its first line, format, kind and time. `rows FILE`.
//!
//! It shows the three pieces that a reader of files needs: a reader made from the first lines, a folder that says which
//! lines continue an event, and the record. `logjoin parse` prints every field.
#![allow(clippy::print_stdout)]

use logjoin_parse::detect;
use logjoin_parse::fold::{Folder, Step};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: rows FILE")?;
    let data = std::fs::read(path)?;
    let lines = || data.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let reader = detect(lines().take(500)).reader();
    let mut folder = Folder::new();
    for (i, line) in lines().enumerate() {
        let record = if folder.claims(line) { None } else { reader.parse(line).ok() };
        match (folder.step(line, record.as_ref()), &record) {
            (Step::Start, Some(r)) => {
                let time = r.best_stamp().map_or("-".into(), |s| s.to_iso());
                println!("{} {} {} {time}", i + 1, r.format, r.kind().as_str());
            }
            (Step::Orphan, _) => println!("{} unparsed", i + 1),
            _ => {}
        }
    }
    Ok(())
}
