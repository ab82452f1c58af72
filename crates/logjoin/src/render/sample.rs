//! A result made by hand for the tests of the renderers: two incidents, a chain of proxies, a wrong zone, a file that
//! could not be read, and strangers' strings wherever a log can bring them. All sums hold.

use std::collections::BTreeMap;

use crate::analysis::*;
use crate::vocabulary::{CauseId, ClockState, InputKind, Mechanism, NoteLevel, Origin, SourceRole};

use super::escape::HOSTILE;

/// 2026-11-21 01:50:00 UTC.
const BASE: i64 = 1_795_225_800_000_000_000;

fn at(ms: i64) -> Time {
    Time(BASE + ms * 1_000_000)
}

fn line(file: &str, line: u64) -> LineRef {
    LineRef { file: file.into(), line }
}

fn map(pairs: &[(&str, u64)]) -> BTreeMap<String, u64> {
    pairs.iter().map(|(k, n)| ((*k).to_owned(), *n)).collect()
}

fn evidence(claim: &str, ms: Option<i64>, lines: Vec<LineRef>, text: Option<&str>, count: u64) -> Evidence {
    Evidence {
        id: String::new(),
        claim: claim.into(),
        time: ms.map(at),
        lines,
        text: text.map(Into::into),
        count,
    }
}

fn failure(n: usize, ms: i64, cause: CauseId, mechanism: Mechanism, episode: Option<&str>) -> Failure {
    let abort = cause == CauseId::ClientAbort;
    let timeout = mechanism == Mechanism::ReadTimeout;
    Failure {
        id: format!("F{n}"),
        time: at(ms),
        start: timeout.then(|| at(ms - 30_000)),
        file: "logs/edge-1/access.log".into(),
        line: 100 + n as u64,
        proxy: "edge-1".into(),
        method: Some("GET".into()),
        target: Some(HOSTILE[n % HOSTILE.len()].into()),
        status: Some(if abort {
            499
        } else if timeout {
            504
        } else {
            502
        }),
        client: Some(format!("192.0.2.{}", n % 5)),
        request_id: n.is_multiple_of(4).then(|| format!("req-{n:04}")),
        attempts: vec![Attempt {
            address: Some("10.20.1.12:8080".into()),
            instance: Some("api-2".into()),
            mechanism,
            status: Some(if timeout { 504 } else { 502 }),
            connect_s: (mechanism != Mechanism::Refused).then_some(0.001),
            header_s: None,
            response_s: Some(if timeout { 30.001 } else { 0.002 }),
        }],
        origin: if abort { Origin::Client } else { Origin::Proxy },
        mechanism,
        cause,
        detail: (cause == CauseId::OomKill).then(|| "backend-out-of-memory".into()),
        confidence: if cause == CauseId::Unknown { 0.0 } else { 0.93 },
        gateway: !abort,
        stands_for: 1,
        episode: episode.map(Into::into),
        error_lines: vec![line("logs/edge-1/error.log", 10 + n as u64)],
        chain: if n.is_multiple_of(3) {
            vec![ChainLink {
                side: ChainSide::Outer,
                at: line("logs/lb/haproxy.log", n as u64),
                confidence: 0.98,
            }]
        } else {
            Vec::new()
        },
        backend: if mechanism == Mechanism::Refused {
            Vec::new()
        } else {
            vec![BackendJoin {
                at: line("logs/api-2/app.log", 40 + n as u64),
                how: JoinedBy::Request,
                confidence: 0.91,
            }]
        },
        join: if mechanism == Mechanism::Refused { JoinState::NoBackendEvent } else { JoinState::Joined },
        cause_lines: vec![line("logs/host/kern.log", 14)],
        alternatives: vec![Alternative { cause: CauseId::BackendCrash, confidence: 0.05 }],
    }
}

fn episode(id: &str, cause: CauseId, from: i64, to: i64, failures: u64, requests: u64) -> Episode {
    Episode {
        id: id.into(),
        start: at(from),
        end: at(to),
        cause,
        detail: None,
        confidence: 0.93,
        targets: vec!["api-2".into()],
        proxies: vec!["edge-1".into()],
        failures,
        requests,
        by_status: map(&[("502", failures)]),
        by_mechanism: map(&[("closed-before-headers", failures)]),
        endpoints: vec![
            Count { value: "/cart".into(), count: failures - 1 },
            Count { value: "/<script>alert(1)</script>|\u{202e}`x`".into(), count: 1 },
        ],
        clients: failures.min(4),
        evidence: Vec::new(),
        against: Vec::new(),
        alternatives: vec![
            Alternative { cause: CauseId::BackendCrash, confidence: 0.05 },
            Alternative { cause: CauseId::DeployRestart, confidence: 0.01 },
        ],
        ruled_out: vec![RuledOut {
            cause: CauseId::DeployRestart,
            why: "api-2 logged no orderly stop, and its log covers that moment".into(),
        }],
        advice: vec![
            "raise the memory limit of api-2, or find what grew: its resident size doubled in ten minutes"
                .into(),
            "keep a second server in the group: proxy_next_upstream had nowhere to go".into(),
        ],
        precursors: Vec::new(),
        recovery: None,
        refuted_by: "a stop of api-2 that was asked for, before 01:50:41".into(),
    }
}

fn ledger(events: u64, continuations: u64, blank: u64, filtered: u64, unparsed: u64) -> Ledger {
    Ledger {
        lines: events + continuations + blank + filtered + unparsed,
        events,
        continuations,
        blank,
        filtered,
        unparsed,
    }
}

fn source(id: &str, role: SourceRole, product: &str, instance: &str, format: &str, l: Ledger) -> Source {
    Source {
        id: id.into(),
        files: vec![format!("{id}.1"), id.into()],
        formats: vec![FormatCount { format: format.into(), events: l.events }],
        role,
        product: product.into(),
        instance: instance.into(),
        role_reason: "its lines have upstream fields".into(),
        zone: "+00:00".into(),
        zone_reason: "written in each stamp".into(),
        precision: "s".into(),
        start: Some(at(0)),
        end: Some(at(3_600_000)),
        longest_gap_s: 12.5,
        gaps: vec![Silence { start: at(60_000), end: at(72_500), s: 12.5 }],
        assumptions: Vec::new(),
        ledger: l,
        unparsed_examples: if l.unparsed > 0 {
            vec![Example { at: line(id, 77), text: "\u{1b}[31m<b>|`=1+1`\u{202e} what is this".into() }]
        } else {
            Vec::new()
        },
        addresses: vec![AddressClaim {
            address: "10.20.1.12:8080".into(),
            reason: "joins".into(),
            votes: 1_204,
        }],
    }
}

/// The texts of lines that belong to the failures, strangers' strings among them.
fn excerpts() -> Vec<Excerpt> {
    let excerpt = |file: &str, n: u64, instance: &str, ms: i64, within_s: f64, text: &str| Excerpt {
        at: line(file, n),
        instance: instance.into(),
        time: at(ms),
        within_s,
        text: text.into(),
    };
    let mut out: Vec<Excerpt> = (1..=20)
        .map(|n| {
            let text =
                format!("upstream prematurely closed connection, request: {}", HOSTILE[n % HOSTILE.len()]);
            excerpt("logs/edge-1/error.log", 10 + n as u64, "edge-1", 40_120 + 150 * n as i64, 1.0, &text)
        })
        .collect();
    out.push(excerpt(
        "logs/host/kern.log",
        14,
        "host",
        41_040,
        0.0,
        "Out of memory: Killed process 991 (node)",
    ));
    out.push(excerpt("logs/lb/haproxy.log", 3, "lb", 41_431, 0.001, "GET /cart → 502 in 12 ms, 107 bytes"));
    out.sort_by(|a, b| a.at.cmp(&b.at));
    out
}

/// The result.
pub(crate) fn rich() -> Analysis {
    use Mechanism::{ClientGone, ClosedBeforeHeaders, ReadTimeout, Refused};
    let mut failures = Vec::new();
    let mut add = |count: usize, from: i64, step: i64, cause, mechanism, episode: Option<&str>| {
        for k in 0..count {
            let n = failures.len() + 1;
            failures.push(failure(n, from + step * k as i64, cause, mechanism, episode));
        }
    };
    add(20, 41_120, 150, CauseId::OomKill, ClosedBeforeHeaders, Some("E1"));
    add(12, 44_500, 1_000, CauseId::StartFailure, Refused, Some("E2"));
    add(1, 60_000, 1, CauseId::ClientAbort, ClientGone, None);
    add(8, 2_400_000, 9_000, CauseId::TimeoutTooShort, ReadTimeout, Some("E3"));
    add(2, 3_000_000, 5_000, CauseId::Unknown, Mechanism::Unknown, None);

    let mut e1 = episode("E1", CauseId::OomKill, 41_120, 43_970, 20, 1_612);
    e1.detail = Some("backend-out-of-memory".into());
    e1.confidence = 0.97;
    e1.evidence = vec![
        evidence(
            "the kernel killed the process of api-2 for memory 80 ms before the first failure",
            Some(41_040),
            vec![line("logs/host/kern.log", 14)],
            Some("Out of memory: Killed process 991 (node) total-vm:4194304kB, anon-rss:2097152kB"),
            1,
        ),
        evidence(
            "20 connections to 10.20.1.12:8080 were closed before a response header",
            Some(41_120),
            vec![line("logs/edge-1/error.log", 11), line("logs/edge-1/error.log", 12)],
            Some(
                "upstream prematurely closed connection while reading response header, request: \"GET /\u{1b}[2J<script>|`=1\u{202e}\"",
            ),
            20,
        ),
        evidence("api-1 served the same paths without a failure in that minute", None, Vec::new(), None, 0),
    ];
    e1.against = vec![evidence(
        "one failure came 20 ms before the line of the kernel; the clocks are known to 35 ms",
        Some(41_020),
        vec![line("logs/edge-1/access.log", 101)],
        None,
        1,
    )];
    let mut e2 = episode("E2", CauseId::StartFailure, 44_500, 55_500, 12, 4_107);
    e2.by_mechanism = map(&[("refused", 12)]);
    e2.evidence = vec![evidence(
        "the new process of api-2 ended during its start",
        Some(44_400),
        vec![line("logs/api-2/app.log", 90)],
        Some("Error: listen EADDRINUSE: address already in use :::8080"),
        2,
    )];
    let mut e3 = episode("E3", CauseId::TimeoutTooShort, 2_370_000, 2_463_000, 8, 640);
    e3.by_status = map(&[("504", 8)]);
    e3.by_mechanism = map(&[("read-timeout", 8)]);
    e3.confidence = 0.81;
    e3.targets = vec!["api-1".into(), "api-2".into()];
    e3.evidence = vec![evidence(
        "8 requests were completed with 200 by the backend, 1.2 s to 9.8 s after the proxy gave up at 30.001 s",
        Some(2_401_200),
        vec![line("logs/api-2/app.log", 120)],
        Some("GET /report 200 31204 ms"),
        8,
    )];
    e3.advice = vec!["set proxy_read_timeout 45s for /report: it would have served 8 of 8".into()];
    e3.refuted_by = "a request to /report that the backend never completed".into();

    for e in [&mut e1, &mut e2, &mut e3] {
        e.number_evidence();
    }

    let edge = ledger(1_204_000, 0, 0, 300, 32);
    let app = ledger(900_120, 4_011, 3, 0, 7);
    let kern = ledger(412, 0, 0, 0, 0);
    let mut all = Ledger::default();
    [edge, app, kern].iter().for_each(|l| all.add(l));

    Analysis {
        schema_version: SCHEMA_VERSION,
        tool: Tool { name: "logjoin".into(), version: "0.1.0".into() },
        inputs: vec![
            Input { path: "logs/api-2/app.log".into(), source: Some("logs/api-2/app.log".into()), bytes: 180_224_000, lines: app.lines, kind: InputKind::Log, sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()), problem: None },
            Input { path: "logs/edge-1/access.log".into(), source: Some("logs/edge-1/access.log".into()), bytes: 361_299_600, lines: edge.lines, kind: InputKind::Log, sha256: None, problem: None },
            Input { path: "logs/edge-1/nginx.conf".into(), source: None, bytes: 2_048, lines: 81, kind: InputKind::Config, sha256: None, problem: None },
            Input { path: "logs/edge-1/old.gz".into(), source: None, bytes: 0, lines: 0, kind: InputKind::Log, sha256: None, problem: Some("the archive ends in the middle of a block".into()) },
            Input { path: "logs/host/kern.log".into(), source: Some("logs/host/kern.log".into()), bytes: 48_000, lines: kern.lines, kind: InputKind::Log, sha256: None, problem: None },
        ],
        sources: vec![
            source("logs/api-2/app.log", SourceRole::BackendAccess, "backend", "api-2", "pino", app),
            source("logs/edge-1/access.log", SourceRole::ProxyAccess, "nginx", "edge-1", "custom", edge),
            source("logs/host/kern.log", SourceRole::System, "system", "host", "kernel", kern),
        ],
        clocks: vec![
            Clock { source: "api-2".into(), reference: "edge-1".into(), offset_s: Some(41.182), zone_error_s: 3_600, drift_ppm: 3.2, band_s: Some(0.035), samples: 1_204, steps: vec![ClockStep { at: at(1_200_000), by_s: -1.5 }], state: ClockState::Fitted },
            Clock { source: "edge-1".into(), reference: "edge-1".into(), offset_s: Some(0.0), zone_error_s: 0, drift_ppm: 0.0, band_s: Some(0.0), samples: 0, steps: Vec::new(), state: ClockState::Reference },
            Clock { source: "host".into(), reference: "edge-1".into(), offset_s: None, zone_error_s: 0, drift_ppm: 0.0, band_s: None, samples: 2, steps: Vec::new(), state: ClockState::TooFewSamples },
        ],
        totals: Totals {
            requests: 1_204_332,
            failures: 42,
            not_gateway: 1,
            seen_twice: 4,
            hidden_by_retry: 1_377,
            by_status: map(&[("200", 1_203_900), ("404", 389), ("499", 1), ("502", 34), ("504", 8)]),
            by_origin: map(&[("proxy", 42)]),
            by_mechanism: map(&[("closed-before-headers", 20), ("refused", 12), ("read-timeout", 8), ("unknown", 2)]),
            by_cause: map(&[("oom-kill", 20), ("start-failure", 12), ("timeout-too-short", 8), ("unknown", 2)]),
        },
        incidents: vec![
            Incident {
                id: "I1".into(),
                start: at(41_120),
                end: at(55_500),
                failures: 32,
                cause: CauseId::OomKill,
                summary: "From 01:50:41 to 01:50:55 edge-1 answered 32 requests with 502 because the kernel killed api-2 for memory, and its next start failed.".into(),
                episodes: vec![e1, e2],
            },
            Incident {
                id: "I2".into(),
                start: at(2_370_000),
                end: at(2_463_000),
                failures: 8,
                cause: CauseId::TimeoutTooShort,
                summary: "From 02:29:30 to 02:31:03 edge-1 gave up on 8 requests for /report after 30 s that the backend completed later.".into(),
                episodes: vec![e3],
            },
        ],
        failures,
        distribution: vec![
            ServerShare { proxy: "edge-1".into(), pool: Some("api".into()), server: "10.20.1.11:8080".into(), instance: Some("api-1".into()), requests: 602_100, failures: 0, share: 0.5, expected_share: Some(0.5), finding: None, p_value: None, p50_s: Some(0.021), p99_s: Some(0.84) },
            ServerShare { proxy: "edge-1".into(), pool: Some("api".into()), server: "10.20.1.12:8080".into(), instance: Some("api-2".into()), requests: 602_232, failures: 42, share: 0.5, expected_share: Some(0.5), finding: Some("fails-more".into()), p_value: Some(2e-4), p50_s: Some(0.022), p99_s: None },
        ],
        health: vec![
            HealthEvent { time: at(42_000), proxy: "lb".into(), server: "api/api-2".into(), event: "server-down".into(), reason: Some("Layer4 connection problem <b>|\u{1b}[1m".into()), at: line("logs/lb/haproxy.log", 41) },
            HealthEvent { time: at(57_000), proxy: "lb".into(), server: "api/api-2".into(), event: "server-up".into(), reason: None, at: line("logs/lb/haproxy.log", 58) },
        ],
        lifecycle: vec![InstanceLife {
            instance: "api-2".into(),
            events: vec![
                LifeEvent { time: at(41_040), what: "killed".into(), signal: "kernel-oom-kill".into(), at: line("logs/host/kern.log", 14), text: "Out of memory: Killed process 991 (node)".into() },
                LifeEvent { time: at(56_000), what: "ready".into(), signal: "node-listening".into(), at: line("logs/api-2/app.log", 95), text: "listening on :8080 \u{1b}[0m<i>".into() },
            ],
            spans: vec![
                LifeSpan { state: LifeState::Ready, start: at(0), end: at(41_040) },
                LifeSpan { state: LifeState::Down, start: at(41_040), end: at(44_400) },
                LifeSpan { state: LifeState::Starting, start: at(44_400), end: at(56_000) },
                LifeSpan { state: LifeState::Ready, start: at(56_000), end: at(3_600_000) },
            ],
        }],
        traffic: vec![Traffic {
            source: "edge-1".into(),
            server: None,
            instance: None,
            step_s: 60,
            baseline: None,
            points: (0..60)
                .map(|m| TrafficPoint { start: at(m * 60_000), requests: 20_000 + m as u64, failures: match m { 0 => 32, 39 => 8, 50 => 2, _ => 0 }, p50_s: Some(0.021), p99_s: Some(0.84), busy: Some(14.2), queued: None, syn_resent: 0, unusual: Vec::new() })
                .collect(),
        }],
        timeouts: vec![TimeoutAdvice {
            proxy: "edge-1".into(),
            target: "api-2".into(),
            waited_s: 30.0,
            directive: Some("proxy_read_timeout 30s (conf/nginx.conf:21)".into()),
            given_up: 8,
            completed: 7,
            quantiles_s: [41.0, 52.0, 58.1, 58.1],
            choices: vec![TimeoutChoice { timeout_s: 60.0, served: 0.875, extra_busy: 2.1 }],
            summary: "60 s would have served 7 of the 8".into(),
        }],
        restarts: vec![Restart {
            instance: "api-2".into(),
            kind: RestartKind::Crash,
            stopped: Some(at(41_040)),
            started: Some(at(44_400)),
            ready: Some(at(56_000)),
            failures_during: 40,
            failures_after: 0,
            order_kept: Some(false),
            summary: "edge-1 went on sending requests to api-2 <b>until it was ready".into(),
            lines: vec![line("logs/api-2/app.log", 95)],
        }],
        health_audit: vec![HealthAudit { proxy: "lb".into(), server: "api/api-2".into(), downs: 1, false_downs: 0, detection_lag_s: Some(0.9), lost_in_lag: 3, is_flapping: false, without_server_s: 0.0, summary: "taken out 0.9 s after the first failed request".into() }],
        hidden: vec![HiddenFailures { proxy: "edge-1".into(), server: "10.20.1.12:8080".into(), count: 3, first: at(41_100), last: at(55_000), by_mechanism: vec![Count { value: "refused".into(), count: 3 }], lines: vec![line("logs/edge-1/access.log", 99)] }],
        contrast: vec![Contrast { episode: "E3".into(), dimension: "path".into(), value: "/report".into(), failed: (8, 8), healthy: (3, 632), p_value: Some(1e-9) }],
        excerpts: excerpts(),
        derivations: Vec::new(),
        unknown: vec![UnknownReason { reason: "the proxy logged no upstream address".into(), failures: 2, advice: Some("log_format main '$remote_addr ... $upstream_addr $upstream_status';".into()) }],
        ledger: all,
        notes: vec![
            Note { level: NoteLevel::Warning, about: "logs/edge-1/old.gz".into(), text: "the archive ends in the middle of a block; what came before was read".into() },
            Note { level: NoteLevel::Info, about: "api-2".into(), text: "its log is taken to be in +01:00, although it says nothing".into() },
        ],
    }
}

/// The result with the failures of its first episode again and again, each with its own line, target and client: a crowd.
pub(crate) fn many(n: usize) -> Analysis {
    let mut a = rich();
    let first: Vec<Failure> =
        a.failures.iter().filter(|f| f.episode.as_deref() == Some("E1")).cloned().collect();
    a.failures = (0..n)
        .map(|i| {
            let mut f = first[i % first.len()].clone();
            f.id = format!("F{}", i + 1);
            f.time = at(41_120 + (i as i64 * 3_000_000) / n as i64);
            f.line = 100 + i as u64;
            f.target = Some(format!("/api/v1/orders/{i}?page={}", i % 7));
            f.client = Some(format!("203.0.113.{}", i % 250));
            f.error_lines = vec![line("logs/edge-1/error.log", 10 + i as u64)];
            f
        })
        .collect();
    a
}

/// A result of logs without a failure.
pub(crate) fn quiet() -> Analysis {
    let mut a = rich();
    a.totals = Totals { requests: 4_120, by_status: map(&[("200", 4_120)]), ..Totals::default() };
    a.incidents.clear();
    a.failures.clear();
    a.traffic.iter_mut().flat_map(|t| &mut t.points).for_each(|p| p.failures = 0);
    a.unknown.clear();
    a.contrast.clear();
    a.excerpts.clear();
    a.timeouts.clear();
    a.restarts.clear();
    a.health_audit.clear();
    a.hidden.clear();
    a.health.clear();
    a.lifecycle.clear();
    a
}

/// A result of nothing at all.
pub(crate) fn empty() -> Analysis {
    Analysis {
        inputs: Vec::new(),
        sources: Vec::new(),
        clocks: Vec::new(),
        totals: Totals::default(),
        distribution: Vec::new(),
        traffic: Vec::new(),
        ledger: Ledger::default(),
        notes: Vec::new(),
        ..quiet()
    }
}
