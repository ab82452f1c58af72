//! The access logs of the backends, on their own clocks.

use super::front::Lines;
use super::scenario::{Scenario, Stamps};
use super::traffic::Request;
use super::when;

/// Folder of a backend's logs: not the name that the proxy knows, which must be found out.
pub fn path(server: usize) -> String {
    format!("logs/node-{}/access.log", ["a", "b", "c", "d", "e", "f", "g", "h"][server % 8])
}

/// One log for each backend.
pub fn logs(s: &Scenario, requests: &[Request]) -> Vec<Lines> {
    (0..s.clocks.len())
        .map(|server| {
            let own = requests.iter().filter(|r| r.server == server && r.fate.is_logged());
            let lines = own.map(|r| (r.backend_end, Some(r.number), line(s, r))).collect();
            Lines { path: path(server), lines }
        })
        .collect()
}

fn line(s: &Scenario, r: &Request) -> String {
    let shown = r.backend_end + s.clocks[r.server].at(r.backend_end);
    match s.stamps {
        Stamps::Seconds => {
            let id = if s.ids { format!(" \"{}\"", r.id) } else { String::new() };
            let bytes = if s.bytes { r.bytes.to_string() } else { "-".into() };
            format!(
                "10.0.0.5 - - [{}] \"{} {} HTTP/1.0\" {} {bytes} \"-\" \"{}\"{id}",
                when::local(s.start, shown),
                r.method,
                r.target,
                r.status,
                r.agent,
            )
        }
        Stamps::Millis => {
            let id = if s.ids { format!(",\"request_id\":\"{}\"", r.id) } else { String::new() };
            let bytes = if s.bytes { format!(",\"bytes\":{}", r.bytes) } else { String::new() };
            format!(
                "{{\"time\":\"{}\",\"level\":\"info\",\"msg\":\"request completed\",\"method\":\"{}\",\"path\":\"{}\",\"status\":{}{bytes},\"duration_ms\":{:.1}{id}}}",
                when::iso(s.start, shown),
                r.method,
                r.target,
                r.status,
                r.duration * 1e3,
            )
        }
    }
}
