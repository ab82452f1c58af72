//! Follows growing files and tells each incident when it is over: `follow SECONDS ROUNDS FILE...`.
//!
//! What the files hold at the start tells what they are. Everything read so far counts as complete five seconds later.
#![allow(clippy::print_stdout)]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use logjoin::{Follow, Head, Options, plan};

/// A log that grows: its file, how far that has been read, and the number of the next line.
struct Growing {
    path: String,
    file: File,
    offset: u64,
    next_line: u64,
}

impl Growing {
    /// The whole lines that have been added. A log that was rotated goes on in its new file, its lines are counted on.
    fn read(&mut self) -> std::io::Result<Vec<u8>> {
        let mut bytes = self.added()?;
        if std::fs::metadata(&self.path)?.len() < self.offset {
            (self.file, self.offset) = (File::open(&self.path)?, 0);
            bytes.extend(self.added()?);
        }
        Ok(bytes)
    }

    fn added(&mut self) -> std::io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        bytes.truncate(bytes.iter().rposition(|b| *b == b'\n').map_or(0, |end| end + 1));
        self.offset += bytes.len() as u64;
        Ok(bytes)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut number =
        || args.next().and_then(|a| a.parse::<f64>().ok()).ok_or("usage: follow SECONDS ROUNDS FILE...");
    let (seconds, rounds) = (number()?, number()?);
    let open = |path: String| -> std::io::Result<Growing> {
        Ok(Growing { file: File::open(&path)?, path, offset: 0, next_line: 1 })
    };
    let mut files = args.map(open).collect::<std::io::Result<Vec<Growing>>>()?;
    files.sort_by(|a, b| a.path.cmp(&b.path)); // as the plan numbers them
    let head = |f: &Growing| -> std::io::Result<Head> {
        Ok(Head { path: f.path.clone(), bytes: std::fs::read(&f.path)?, ..Head::default() })
    };
    let heads = files.iter().map(head).collect::<std::io::Result<Vec<Head>>>()?;
    let plan = plan(heads, Vec::new(), Options { window_s: 30.0, ..Options::default() });
    let mut follow = Follow::new(&plan);
    for _ in 0..rounds as u64 {
        for (number, file) in files.iter_mut().enumerate() {
            let lines = file.read()?;
            follow.push(number, file.next_line, &lines);
            file.next_line += lines.iter().filter(|b| **b == b'\n').count() as u64;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as i64;
        for incident in follow.settle(now - 5_000_000_000) {
            println!("{} .. {}: {}", incident.start, incident.end, incident.summary);
        }
        follow.forget(now - 3600 * 1_000_000_000);
        std::thread::sleep(Duration::from_secs_f64(seconds));
    }
    Ok(())
}
