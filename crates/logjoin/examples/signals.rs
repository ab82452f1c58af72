//! Prints what the signal table says of each line on standard input: `cargo run -p logjoin --example signals < app.log`.
#![allow(clippy::print_stdout)]

use std::io::BufRead;

use logjoin::signals::Matcher;

fn main() -> std::io::Result<()> {
    let matcher = Matcher::new();
    for line in std::io::stdin().lock().split(b'\n') {
        let line = line?;
        if let Some(s) = matcher.find(&line, None) {
            let text = String::from_utf8_lossy(&line);
            println!("{:?} {} {:?} {text}", s.def.meaning, s.def.id, s);
        }
    }
    Ok(())
}
