//! Teaches the rules a message that only this company's programs write.
//!
//! The built-in rules take it as they take their own: what `nanny` says of memory makes the cause `oom-kill`. Where a
//! message is not enough there are rules of one's own: `custom_rule`.
#![allow(clippy::print_stdout)]

use logjoin::signals::{Meaning, Scope, SignalDef};
use logjoin::{Options, Pattern, analyze};

static NANNY: SignalDef = SignalDef::new(
    "nanny-memory",
    Meaning::OomKill,
    Scope::Process,
    "our supervisor ended the process for its memory",
)
.any(&["nanny: over budget"])
.re(r"nanny: over budget, killed (?P<pid>\d+)")
.hits(&[("nanny: over budget, killed 4711", &[("pid", "4711")])])
.misses(&["nanny: over budget, would kill 4711"]);

const FILES: [(&str, &str); 3] = [
    (
        "web/access.log",
        "192.0.2.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" 502 150 \"-\" \"curl\"\n",
    ),
    (
        "web/error.log",
        "2026/11/21 02:47:17 [error] 7#7: *1 upstream prematurely closed connection while reading response header from \
         upstream, client: 192.0.2.1, server: x, request: \"GET /cart HTTP/1.1\", upstream: \
         \"http://10.0.0.1:80/cart\", host: \"x\"\n",
    ),
    ("app/app.log", "2026-11-21T02:47:17Z WARN nanny: over budget, killed 4711\n"),
];

fn main() -> Result<(), logjoin::signals::SignalError> {
    NANNY.check()?;
    // Which log belongs to the address in the error line; in real traffic the joins tell.
    let peers = vec![(Pattern::new("app/"), "10.0.0.1:80".to_owned())];
    for signals in [vec![], vec![&NANNY]] {
        let known = signals.len();
        let analysis = analyze(FILES, Options { signals, peers: peers.clone(), ..Options::default() });
        println!("with {known} signals of our own: {}", analysis.failures[0].cause);
    }
    Ok(())
}
