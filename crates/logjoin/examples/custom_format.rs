//! A log format of one's own, compiled from the string in the proxy's configuration: `custom_format FORMAT FILE`.
#![allow(clippy::print_stdout)]

use std::sync::Arc;

use logjoin::parse::Format;
use logjoin::parse::compile::{Escape, nginx};
use logjoin::{Options, Pattern, analyze};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, format, path] = &args[..] else { return Err("usage: custom_format FORMAT FILE".into()) };
    let compiled = Format::Compiled(Arc::new(nginx(format, Escape::Default)?));
    let options = Options { formats: vec![(Pattern::new("*"), compiled)], ..Options::default() };
    let analysis = analyze([(path, std::fs::read(path)?)], options);
    println!("{} of {} lines read", analysis.ledger.events, analysis.ledger.lines);
    for failure in &analysis.failures {
        let server = failure.attempts.last().and_then(|a| a.address.as_deref()).unwrap_or("nobody");
        println!(
            "line {}: {} from {server}: {}",
            failure.line,
            failure.status.unwrap_or(0),
            failure.mechanism
        );
    }
    Ok(())
}
