//! What is asked of the generator.

/// The proxy in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// nginx, with the upstream variables in its log format. A line is stamped when the request ends.
    Nginx,
    /// HAProxy, `option httplog`. A line is stamped, to the millisecond, when the request begins.
    Haproxy,
    /// Apache httpd, with `%D %X` after the combined fields; the worker is not logged. A line is stamped when the request begins.
    Apache,
}

/// How precise the stamps are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamps {
    /// Whole seconds: nginx's `$time_local`; backends log *combined* lines, without a duration, when they have answered.
    Seconds,
    /// Fractions: nginx logs JSON with `$msec`, httpd `%{usec_frac}t`; backends log JSON lines with a duration, when they
    /// have answered.
    Millis,
}

/// The clock of a backend, against the proxy's, which is right.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrueClock {
    /// The backend's clock minus the proxy's at the start, seconds.
    pub offset_s: f64,
    /// How much faster it runs, millionths.
    pub drift_ppm: f64,
    /// Steps: seconds after the start, and by how much it jumps, seconds.
    pub steps: Vec<(f64, f64)>,
}

impl TrueClock {
    /// The backend's clock minus the proxy's `t` seconds after the start.
    pub fn at(&self, t: f64) -> f64 {
        let steps: f64 = self.steps.iter().filter(|(at, _)| *at <= t).map(|(_, by)| by).sum();
        self.offset_s + self.drift_ppm * 1e-6 * t + steps
    }
}

/// How failed requests fail: weights, of any sum.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// The connection is refused: the request never arrives.
    pub refused: f64,
    /// The proxy stops waiting; the backend answers, and logs, later.
    pub late: f64,
    /// The backend logs a 500 and closes the connection without an answer.
    pub closed: f64,
    /// The backend closes the connection and logs nothing.
    pub silent: f64,
    /// The backend answers 503 itself.
    pub answered: f64,
    /// The proxy stops waiting for what no handler ever saw: the backend logs nothing.
    pub lost: f64,
}

/// At which point of a request its handler writes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// As it begins.
    Start,
    /// Anywhere.
    Within,
    /// As it ends.
    End,
}

/// Messages of the backends' applications that name no request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Messages {
    /// When in a request they are written.
    pub at: Point,
    /// Share of the failed requests that reached a handler which write one.
    pub failed: f64,
    /// Share of the served requests that do.
    pub served: f64,
    /// Messages that belong to no request, for each failed one that could have written one.
    pub nobody: f64,
}

/// A scenario. The same scenario gives the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Seed of everything random.
    pub seed: u64,
    /// Requests.
    pub requests: usize,
    /// Requests per second: a Poisson process.
    pub rate: f64,
    /// The proxy.
    pub front: Front,
    /// How precise the stamps are.
    pub stamps: Stamps,
    /// Whether nginx writes a format that only its configuration explains.
    pub own_format: bool,
    /// One backend for each clock.
    pub clocks: Vec<TrueClock>,
    /// Whether the proxy and the backends log a request id.
    pub ids: bool,
    /// Whether the backends log the length of their answers.
    pub bytes: bool,
    /// Whether the proxy (nginx) and the backends log how long a request took.
    pub durations: bool,
    /// Whether the backends log the address of the real client.
    pub forwarded: bool,
    /// Backends behind each address that the proxy knows.
    pub per_address: usize,
    /// Requests that reach the backends without the proxy, for each one through it.
    pub direct: f64,
    /// What the applications of the backends say.
    pub messages: Option<Messages>,
    /// Distinct clients, at most 250.
    pub clients: usize,
    /// Distinct URLs; their popularity falls as 1/k.
    pub urls: usize,
    /// Distinct user agents.
    pub agents: usize,
    /// Median of the backends' durations, seconds, and deviation of their logarithm.
    pub duration: (f64, f64),
    /// How long the proxy waits for an answer, seconds.
    pub timeout_s: f64,
    /// Share of the requests that fail.
    pub failing: f64,
    /// How they fail.
    pub mix: Mix,
    /// When it begins, seconds since the epoch.
    pub start: i64,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            seed: 1,
            requests: 10_000,
            rate: 50.0,
            front: Front::Nginx,
            stamps: Stamps::Seconds,
            own_format: false,
            clocks: vec![TrueClock::default(); 3],
            ids: false,
            bytes: true,
            durations: true,
            forwarded: false,
            per_address: 1,
            direct: 0.0,
            messages: None,
            clients: 250,
            urls: 400,
            agents: 30,
            duration: (0.04, 0.8),
            timeout_s: 3.0,
            failing: 0.02,
            mix: Mix { refused: 3.0, late: 3.0, closed: 2.0, silent: 1.0, answered: 1.0, lost: 0.0 },
            // 2026-11-21 02:00:00 UTC.
            start: 1_795_226_400,
        }
    }
}
