//! Requests as they happened, before anybody writes a line about them.

use super::random::{Random, Zipf};
use super::scenario::{Point, Scenario};

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Answered in time.
    Served,
    /// The connection was refused.
    Refused,
    /// Answered after the proxy had stopped waiting.
    Late,
    /// Logged as a 500 and closed without an answer.
    Closed,
    /// Closed, and not logged.
    Silent,
    /// Answered with a 503.
    Answered,
    /// Not answered in time, because no handler ever saw it.
    Lost,
    /// Served, and never seen by the proxy: it came another way.
    Direct,
}

impl Fate {
    /// Whether the client got a 502, 503 or 504.
    pub fn is_failure(self) -> bool {
        !matches!(self, Fate::Served | Fate::Direct)
    }

    /// Whether the proxy writes a line.
    pub fn is_proxied(self) -> bool {
        self != Fate::Direct
    }

    /// Whether a handler ran.
    pub fn is_handled(self) -> bool {
        !matches!(self, Fate::Refused | Fate::Lost)
    }

    /// Whether the backend writes a line.
    pub fn is_logged(self) -> bool {
        !matches!(self, Fate::Refused | Fate::Silent | Fate::Lost)
    }
}

/// A request. Times are seconds after the start of the traffic, on the true clock.
#[derive(Debug, Clone)]
pub struct Request {
    /// Number, from 0, in the order of arrival.
    pub number: usize,
    /// When the proxy has it.
    pub start: f64,
    /// When the proxy is done with it.
    pub end: f64,
    /// When the backend is done with it; that may be later.
    pub backend_end: f64,
    /// How long the backend worked on it.
    pub duration: f64,
    /// The backend.
    pub server: usize,
    /// Method.
    pub method: &'static str,
    /// Target.
    pub target: String,
    /// User agent.
    pub agent: String,
    /// Client address and port.
    pub client: (String, u16),
    /// Id.
    pub id: String,
    /// Body bytes of the backend's answer.
    pub bytes: u64,
    /// Status that the backend logs.
    pub status: u16,
    /// When its handler writes a message, if it does.
    pub message: Option<f64>,
    /// What becomes of it.
    pub fate: Fate,
}

/// Draws all requests of a scenario, in the order of arrival.
pub fn draw(s: &Scenario) -> Vec<Request> {
    let mut random = Random::new(s.seed);
    let (urls, agents) = (Zipf::new(s.urls.max(1), 1.0), Zipf::new(s.agents.max(1), 1.0));
    let mut now = 0.0;
    (0..s.requests)
        .map(|number| {
            now += random.exponential(1.0 / s.rate);
            request(s, number, now, &mut random, &urls, &agents)
        })
        .collect()
}

fn request(
    s: &Scenario,
    number: usize,
    start: f64,
    random: &mut Random,
    urls: &Zipf,
    agents: &Zipf,
) -> Request {
    let is_direct = s.direct > 0.0 && random.unit() < s.direct / (1.0 + s.direct);
    let fate = match is_direct {
        true => Fate::Direct,
        false if random.unit() < s.failing => fail(s, random),
        false => Fate::Served,
    };
    let url = urls.draw(random);
    // One URL in five takes only POST; one in seven carries a query.
    let method = if url % 5 == 3 { "POST" } else { "GET" };
    let query = if url % 7 == 2 { format!("?page={}", random.below(20)) } else { String::new() };
    let agent = agents.draw(random);
    // On the way to the backend, and back.
    let (there, back) = (random.between(0.0001, 0.0008), random.between(0.0001, 0.0008));
    let drawn = random.lognormal(s.duration.0, s.duration.1).min(s.timeout_s * 0.95);
    let late = s.timeout_s + random.exponential(2.0) + 0.01;
    let duration = match fate {
        Fate::Refused => 0.0,
        Fate::Late | Fate::Lost => late,
        _ => drawn,
    };
    let backend_end = start + there + duration;
    let end = match fate {
        Fate::Refused => start + there + back,
        Fate::Late | Fate::Lost => start + there + s.timeout_s,
        _ => backend_end + back,
    };
    let is_missing = random.unit() < 0.02;
    let message = s.messages.filter(|_| fate.is_handled()).and_then(|m| {
        let share = if fate.is_failure() { m.failed } else { m.served };
        let (is_said, place, soon) = (random.unit() < share, random.unit(), random.between(0.0002, 0.004));
        let moment = match m.at {
            Point::Start => (start + there + soon).min(backend_end),
            Point::Within => start + there + duration * place,
            Point::End => (backend_end - soon).max(start + there),
        };
        is_said.then_some(moment)
    });
    Request {
        number,
        start,
        end,
        backend_end,
        duration,
        server: random.below(s.clocks.len()),
        method,
        target: format!("/api/v1/items/{url}{query}"),
        agent: format!("agent/{}.{} (build {})", 1 + agent % 9, agent, agent * 37 % 1000),
        client: (
            format!("198.51.100.{}", 1 + random.below(s.clients.clamp(1, 250))),
            1024 + random.below(60_000) as u16,
        ),
        id: format!("{:016x}{:016x}", random.bits(), random.bits()),
        bytes: random.lognormal(700.0, 0.7) as u64,
        status: match fate {
            Fate::Closed => 500,
            Fate::Answered => 503,
            _ if is_missing => 404,
            _ => 200,
        },
        message,
        fate,
    }
}

fn fail(s: &Scenario, random: &mut Random) -> Fate {
    let m = &s.mix;
    let weighted = [
        (m.refused, Fate::Refused),
        (m.late, Fate::Late),
        (m.closed, Fate::Closed),
        (m.silent, Fate::Silent),
        (m.answered, Fate::Answered),
        (m.lost, Fate::Lost),
    ];
    let mut at = random.unit() * weighted.iter().map(|(w, _)| w).sum::<f64>();
    for (weight, fate) in weighted {
        if at < weight {
            return fate;
        }
        at -= weight;
    }
    Fate::Refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_failures_are_as_asked() {
        let s = Scenario { failing: 0.1, ..Scenario::default() };
        let all = draw(&s);
        let rate = all.len() as f64 / all[all.len() - 1].start;
        assert!((rate / s.rate - 1.0).abs() < 0.05, "{rate}");
        let count = |f: Fate| all.iter().filter(|r| r.fate == f).count() as f64;
        assert!((count(Fate::Served) / 10_000.0 - 0.9).abs() < 0.02);
        assert!((count(Fate::Late) / count(Fate::Closed) - 1.5).abs() < 0.3);
    }

    #[test]
    fn late_answers_end_after_the_proxy_gave_up() {
        let s = Scenario { failing: 0.5, requests: 500, ..Scenario::default() };
        for r in draw(&s) {
            match r.fate {
                Fate::Late | Fate::Lost => {
                    assert!(r.backend_end > r.end && (r.end - r.start - s.timeout_s).abs() < 0.01)
                }
                _ => assert!(r.backend_end < r.end || r.fate == Fate::Refused),
            }
            assert!(r.end > r.start);
        }
    }
}
