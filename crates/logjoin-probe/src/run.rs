//! The order of the steps: first every URL is reached, all at once; then the same request goes to each in turn, slowly; then
//! connections are kept. A URL that does not answer is not asked again.

use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use logjoin::Mechanism;

use crate::connect::connect;
use crate::http::{self, Shape};
use crate::keepalive;
use crate::options::{Options, OptionsError};
use crate::report::{Report, SCHEMA_VERSION, Sent, TargetReport};
use crate::resolve::resolve;
use crate::tls::{Trust, handshake};
use crate::url::Target;
use crate::verdict;

/// A URL on its way through the steps.
struct Course<'a> {
    target: &'a Target,
    /// Addresses that took a connection.
    open: Vec<SocketAddr>,
    /// Whether no more requests are sent.
    over: bool,
    report: TargetReport,
}

/// Carries out a probe. Nothing is sent if the options make no sense.
pub fn run(options: &Options) -> Result<Report, OptionsError> {
    options.check()?;
    let began = Instant::now();
    let started = chrono::Utc::now();
    let id = options.id.clone().unwrap_or_else(random_id);
    let trust = Trust::load(options);
    if let Some(problem) = &trust.problem {
        return Err(OptionsError(problem.clone()));
    }
    let host = options.host.clone().unwrap_or_else(|| options.via.authority());
    let shape = Shape { options, id: &id, host, trust, end: began + options.deadline };

    let names = std::iter::once("via".to_owned()).chain((1..).map(|n| format!("direct-{n}")));
    let targets: Vec<(String, &Target)> =
        names.zip(std::iter::once(&options.via).chain(&options.direct)).collect();
    let mut courses: Vec<Course<'_>> = std::thread::scope(|s| {
        let running: Vec<_> = targets
            .iter()
            .map(|(name, target)| {
                let shape = &shape;
                s.spawn(move || reach(shape, name, target))
            })
            .collect();
        running.into_iter().filter_map(|r| r.join().ok()).collect()
    });
    requests(&shape, &mut courses);
    for c in courses.iter_mut().filter(|c| c.report.name != "via" && !c.over) {
        if let (false, Some(address)) = (options.idle_gaps.is_empty(), c.open.first()) {
            http::rest(&shape);
            c.report.keepalive = keepalive::keep(&shape, c.target, *address, &c.report.name);
        }
    }

    let mut reports = courses.into_iter().map(|c| c.report);
    let via = reports.next().ok_or_else(|| OptionsError("the probe could not be started".to_owned()))?;
    let direct: Vec<TargetReport> = reports.collect();
    let judged = verdict::judge(&via, &direct, options);
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        tool: format!("logjoin {}", env!("CARGO_PKG_VERSION")),
        marker: format!("logjoin-probe-{id}"),
        started: started.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        elapsed_s: began.elapsed().as_secs_f64(),
        sent: Sent {
            method: options.method.clone(),
            host: shape.host.clone(),
            count: options.count,
            timeout_s: options.timeout.as_secs_f64(),
            pause_s: options.pause.as_secs_f64(),
        },
        id,
        via,
        direct,
        verdict: judged.verdict,
        findings: judged.findings,
        notes: judged.notes,
        restart: judged.restart,
        logs: None,
    })
}

/// Name, connections, TLS: all within one timeout, so that what cannot be reached costs no more than that.
fn reach<'a>(shape: &Shape<'_>, name: &str, target: &'a Target) -> Course<'a> {
    let options = shape.options;
    let deadline = shape.deadline();
    let (step, addresses) = resolve(target, options, deadline);
    let to = |ip: IpAddr| SocketAddr::new(ip, target.port);
    let tried: Vec<_> = std::thread::scope(|s| {
        let running: Vec<_> = addresses
            .iter()
            .map(|ip| s.spawn(move || (to(*ip), connect(to(*ip), options.own_sockets, deadline))))
            .collect();
        running.into_iter().filter_map(|r| r.join().ok()).collect()
    });
    let mut course = Course {
        target,
        open: Vec::new(),
        over: false,
        report: TargetReport {
            name: name.to_owned(),
            url: target.to_string(),
            resolve: step,
            connect: Vec::new(),
            tls: None,
            requests: Vec::new(),
            other_protocol: None,
            after_close: None,
            keepalive: None,
        },
    };
    let mut first = None;
    for (address, (step, stream)) in tried {
        course.report.connect.push(step);
        if let Some(stream) = stream {
            course.open.push(address);
            first.get_or_insert(stream);
        }
    }
    if let (true, Some(stream)) = (target.tls, first) {
        let (step, _) = handshake(stream, &shape.tls_name(target), &shape.trust, deadline);
        if step.outcome == "timeout" {
            course.over = true;
        }
        course.report.tls = Some(step);
    }
    let configured = |a: &SocketAddr| course.report.resolve.configured == Some(a.ip().to_string());
    if course.open.iter().any(configured) {
        // The others were tried for comparison only.
        let kept = course.open.iter().copied().filter(configured).collect();
        course.open = kept;
    }
    course.over |= course.open.is_empty();
    if course.over && !course.open.is_empty() {
        // A handshake without an answer: perhaps the port waits for plain HTTP.
        course.report.other_protocol =
            Some(http::try_other(shape, target, course.open[0], &format!("{name}-other")));
    }
    course
}

/// The same request to each URL in turn.
fn requests(shape: &Shape<'_>, courses: &mut [Course<'_>]) {
    for n in 1..=shape.options.count {
        for c in courses.iter_mut() {
            if c.over || Instant::now() >= shape.end {
                continue;
            }
            // Each of several addresses gets its turn.
            let address = c.open[(n as usize - 1) % c.open.len()];
            let done = http::exchange(shape, c.target, address, &format!("{}-{n}", c.report.name));
            let is_new = c.report.other_protocol.is_none();
            if is_new && http::smells_of_other_protocol(c.target, &done) {
                http::rest(shape);
                let name = format!("{}-other", c.report.name);
                let other = http::try_other(shape, c.target, address, &name);
                c.over |= other.works;
                c.report.other_protocol = Some(other);
            }
            if c.report.after_close.is_none() && done.mechanism == Mechanism::ClosedBeforeHeaders {
                http::rest(shape);
                c.report.after_close = Some(connect(address, shape.options.own_sockets, shape.deadline()).0);
            }
            // Whoever kept us waiting to the end would do so again.
            c.over |= matches!(
                done.mechanism,
                Mechanism::ReadTimeout
                    | Mechanism::Stalled
                    | Mechanism::ConnectTimeout
                    | Mechanism::SendTimeout
            );
            c.report.requests.push(done);
            http::rest(shape);
        }
    }
}

/// An id that no other probe has: the seed of the standard library's hash maps is random.
fn random_id() -> String {
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    format!("{:016x}", hasher.finish())
}
