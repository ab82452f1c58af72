//! The access logs of the backends, on their own clocks.

use super::front::Lines;
use super::random::Random;
use super::scenario::{Scenario, Stamps};
use super::traffic::Request;
use super::when;

/// Folder of a backend's logs: not the name that the proxy knows, which must be found out.
pub fn path(server: usize) -> String {
    format!("{}/access.log", folder(server))
}

fn folder(server: usize) -> String {
    format!("logs/node-{}", ["a", "b", "c", "d", "e", "f", "g", "h"][server % 8])
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

/// What the applications say, without a word of the request: one log for each backend, if they say anything.
pub fn messages(s: &Scenario, requests: &[Request]) -> Vec<Lines> {
    let Some(said) = s.messages else { return Vec::new() };
    let mut random = Random::new(s.seed ^ 0x6d65_7373);
    let length = requests.last().map_or(0.0, |r| r.end);
    (0..s.clocks.len())
        .map(|server| {
            let here = || requests.iter().filter(|r| r.server == server);
            let text = |t: f64, code: u64| {
                let shown = t + s.clocks[server].at(t);
                let stamp = match s.stamps {
                    Stamps::Seconds => format!("[{} +0000] [812] [WARNING]", when::dashed(s.start, shown)),
                    Stamps::Millis => format!("{} WARNING stock:", when::python(s.start, shown)),
                };
                format!("{stamp} the stock service answered with code {code}, going on without it")
            };
            let own =
                here().filter_map(|r| Some((r.message?, Some(r.number), text(r.message?, r.bytes % 90))));
            let mut lines: Vec<_> = own.collect();
            let failed = here().filter(|r| r.fate.is_failure() && r.fate.is_handled()).count();
            for _ in 0..(failed as f64 * said.nobody).round() as usize {
                let t = random.between(0.0, length);
                lines.push((t, None, text(t, random.bits() % 90)));
            }
            Lines { path: format!("{}/app.log", folder(server)), lines }
        })
        .collect()
}

fn line(s: &Scenario, r: &Request) -> String {
    let shown = r.backend_end + s.clocks[r.server].at(r.backend_end);
    let client = if s.forwarded { r.client.0.as_str() } else { "10.0.0.5" };
    match s.stamps {
        Stamps::Seconds => {
            let id = if s.ids { format!(" \"{}\"", r.id) } else { String::new() };
            let bytes = if s.bytes { r.bytes.to_string() } else { "-".into() };
            format!(
                "{client} - - [{}] \"{} {} HTTP/1.0\" {} {bytes} \"-\" \"{}\"{id}",
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
            let took =
                if s.durations { format!(",\"duration_ms\":{:.1}", r.duration * 1e3) } else { String::new() };
            let client = if s.forwarded { format!(",\"client_ip\":\"{client}\"") } else { String::new() };
            format!(
                "{{\"time\":\"{}\",\"level\":\"info\",\"msg\":\"request completed\",\"method\":\"{}\",\"path\":\"{}\",\"status\":{}{bytes}{took}{client}{id}}}",
                when::iso(s.start, shown),
                r.method,
                r.target,
                r.status,
            )
        }
    }
}
