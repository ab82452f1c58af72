//! Files that hold the lines of several programs: the causes and the ledger of the same lines in files of their own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::ControlFlow;

use logjoin::{Analysis, FileScanner, Fold, Head, Options, Partial, Plan, finish, parts, plan};

use crate::world::{json, pieces};

const PATH: &str = "logs/stack.log";

/// HAProxy before a container that is told to stop, is away for ten seconds, and a worker that serves meanwhile.
fn compose() -> String {
    let mut out = String::new();
    let started = "INFO:     Uvicorn running on http://10.0.0.2:8000 (Press CTRL+C to quit)";
    let _ = writeln!(out, "shop-web-1    | 2026-11-21T02:46:59.100000001Z {started}");
    for s in 0..60 {
        let at = format!("2026-11-21T02:47:{s:02}");
        let mut proxy = |ms: u32, path: &str, server: &str, timers: &str, status: u32, flags: &str| {
            let _ = writeln!(
                out,
                "shop-proxy-1  | {at}.{ms}000001Z 192.0.2.{s}:4{s:03} [21/Nov/2026:02:47:{s:02}.{ms}] shop {server} {timers} {status} 99 - - {flags} 1/1/0/0/0 0/0 \"GET {path} HTTP/1.1\""
            );
        };
        let away = (20..30).contains(&s);
        let path = format!("/a/{s}");
        match away {
            true => proxy(200, &path, "web/web", "0/0/-1/-1/3", 503, "SC--"),
            false => proxy(200, &path, "web/web", "0/0/0/9/9", 200, "----"),
        }
        proxy(500, &format!("/jobs/{s}"), "jobs/jobs", "0/0/0/8/8", 200, "----");
        let _ = writeln!(
            out,
            "shop-jobs-1   | {at}.500000001Z INFO:     10.0.0.1:5{s:03} - \"GET /jobs/{s} HTTP/1.1\" 200 OK"
        );
        let web = match s {
            19 => "INFO:     Shutting down".to_owned(),
            30 => started.to_owned(),
            _ if away => continue,
            _ => format!("INFO:     10.0.0.1:4{s:03} - \"GET /a/{s} HTTP/1.1\" 200 OK"),
        };
        let _ = writeln!(out, "shop-web-1    | {at}.300000001Z {web}");
    }
    out
}

/// The journal of a host: seconds and microseconds, program, message.
fn entries() -> Vec<(u32, u32, &'static str, String)> {
    let mut all = Vec::new();
    let mut say = |s, us, who, text: String| all.push((s, us, who, text));
    let gunicorn = |s: u32, text: &str| format!("[2026-11-21 02:47:{s:02} +0000] [11] [INFO] {text}");
    for (s, us) in [(0, 10), (34, 500_000)] {
        say(s, us, "systemd", "Started api.service - the shop's API.".into());
        say(s, us + 10, "gunicorn", gunicorn(s, "Starting gunicorn 23.0.0"));
        say(s, us + 20, "gunicorn", gunicorn(s, "Listening at: http://127.0.0.1:8000 (11)"));
    }
    say(0, 50, "puma", "Puma starting in single mode...".into());
    say(0, 60, "puma", "* Listening on http://127.0.0.1:9292".into());
    say(5, 0, "sshd", "Accepted publickey for root from 192.0.2.9 port 5000 ssh2".into());
    say(30, 100, "systemd", "api.service: Main process exited, code=killed, status=9/KILL".into());
    say(30, 110, "systemd", "api.service: Failed with result 'signal'.".into());
    for s in 1..60 {
        let time = format!("21/Nov/2026:02:47:{s:02} +0000");
        let mut nginx = |us: u32, path: &str, status: u32| {
            say(
                s,
                us,
                "nginx",
                format!("192.0.2.{s} - - [{time}] \"GET {path} HTTP/1.1\" {status} 209 \"-\" \"curl\""),
            );
        };
        let away = (31..34).contains(&s);
        nginx(200_000, &format!("/api/{s}"), if away { 502 } else { 200 });
        nginx(300_000, &format!("/img/{s}"), 200);
        let served = |path: &str, end: &str| {
            format!("127.0.0.1 - - [{time}] \"GET /{path}/{s} HTTP/1.0\" 200 209{end}")
        };
        say(s, 290_000, "puma", served("img", " 0.0306"));
        if away {
            say(
                s,
                190_000,
                "nginx",
                format!(
                    "2026/11/21 02:47:{s:02} [error] 7#7: *{s} connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.{s}, server: x, request: \"GET /api/{s} HTTP/1.1\", upstream: \"http://127.0.0.1:8000/api/{s}\", host: \"x\""
                ),
            );
        } else {
            say(s, 190_000, "gunicorn", served("api", " \"-\" \"curl\""));
        }
    }
    all.sort_by_key(|(s, us, ..)| (*s, *us));
    all
}

fn journal() -> String {
    let line = |(s, us, who, text): &(u32, u32, &str, String)| {
        format!("2026-11-21T02:47:{s:02}.{us:06}+0000 vm1 {who}[7]: {text}\n")
    };
    entries().iter().map(line).collect()
}

/// The same as `journalctl -o export` prints it.
fn export() -> String {
    let line = |(n, (s, us, who, text)): (usize, &(u32, u32, &str, String))| {
        let at = 1_795_229_220_000_000 + u64::from(*s) * 1_000_000 + u64::from(*us);
        format!(
            "__CURSOR=s=a;i={n}\n__REALTIME_TIMESTAMP={at}\n_HOSTNAME=vm1\nSYSLOG_IDENTIFIER={who}\n_PID=7\nMESSAGE={text}\n\n"
        )
    };
    entries().iter().enumerate().map(line).collect()
}

fn split(text: &str) -> Plan {
    let head = Head { path: PATH.into(), bytes: text.into(), ..Head::default() };
    plan(parts(vec![head]).into_iter().map(|(_, h)| h).collect(), Vec::new(), Options::default())
}

/// Cause and instance of each failure, in the order of time.
fn told(a: &Analysis) -> Vec<(i64, String, String, i64)> {
    let mut all: Vec<_> = a
        .failures
        .iter()
        .map(|f| (f.time.0, f.cause.to_string(), f.proxy.clone(), (f.confidence * 1000.0) as i64))
        .collect();
    all.sort();
    all
}

/// Each line is counted once, and the file is one input.
fn is_counted_once(a: &Analysis, text: &str) {
    let lines = text.lines().count() as u64;
    assert_eq!(a.ledger.lines, lines);
    assert!(a.ledger.holds(), "{:?}", a.ledger);
    assert_eq!(a.sources.iter().map(|s| s.ledger.lines).sum::<u64>(), lines);
    let inputs: Vec<_> = a.inputs.iter().map(|i| (i.path.as_str(), i.bytes, i.lines)).collect();
    assert_eq!(inputs, [(PATH, text.len() as u64, lines)]);
    let ids: std::collections::BTreeSet<_> = a.sources.iter().map(|s| &s.id).collect();
    assert_eq!(ids.len(), a.sources.len());
}

fn instances(a: &Analysis) -> Vec<(&str, &str)> {
    let mut all: Vec<_> = a.sources.iter().map(|s| (s.instance.as_str(), s.role.as_str())).collect();
    all.sort();
    all
}

#[test]
fn containers_in_one_file_are_judged_as_in_files_of_their_own() {
    let text = compose();
    let one = logjoin::analyze([(PATH, &text)], Options::default());
    is_counted_once(&one, &text);
    let expected = [
        ("shop-jobs-1", "backend-access"),
        ("shop-proxy-1", "proxy-access"),
        ("shop-web-1", "backend-access"),
    ];
    assert_eq!(instances(&one), expected);
    assert_eq!(one.totals.failures, 10);

    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for line in text.lines() {
        let name = format!("logs/{}.log", line.split(' ').next().unwrap_or_default());
        *files.entry(name).or_default() += &format!("{line}\n");
    }
    let own = logjoin::analyze(files, Options::default());
    assert_eq!(told(&one), told(&own));
    assert_eq!(one.totals, own.totals);
    for f in &one.failures {
        let line = text.lines().nth(f.line as usize - 1).unwrap_or_default();
        assert!(f.file == PATH && line.contains(" 503 "), "{line}");
    }
}

#[test]
fn the_journal_of_a_host_tells_its_programs_apart() {
    let text = journal();
    let a = logjoin::analyze([(PATH, &text)], Options::default());
    is_counted_once(&a, &text);
    let expected = [
        ("gunicorn", "backend-access"),
        ("nginx", "proxy-access"),
        ("puma", "backend-access"),
        ("stack", "system"),
    ];
    assert_eq!(instances(&a), expected);
    assert_eq!(a.totals.requests, 118, "those of the proxy alone");
    assert_eq!(a.totals.by_cause.get("backend-crash"), Some(&3), "{:?}", a.totals.by_cause);
    // What systemd said of a unit of another name is the program's that began anew.
    for f in &a.failures {
        let lines: Vec<&str> =
            f.cause_lines.iter().filter_map(|l| text.lines().nth(l.line as usize - 1)).collect();
        assert!(lines.iter().any(|l| l.contains("systemd[7]: api.service: ")), "{lines:?}");
        assert_eq!(f.proxy, "nginx");
    }

    let text = export();
    let other = logjoin::analyze([(PATH, &text)], Options::default());
    is_counted_once(&other, &text);
    assert_eq!(other.totals, a.totals);
    assert_eq!(instances(&other), expected);
}

#[test]
fn neither_pieces_nor_slices_nor_the_order_matter() {
    for text in [compose(), journal(), export()] {
        let plan = split(&text);
        let count = plan.paths().count();
        assert!(count > 3, "{count}");
        let read = |file: usize, cut: usize| {
            let mut scanner = FileScanner::new(&plan, file);
            let ends = |b: &[u8]| memchr::memchr_iter(b'\n', b).map(|i| i + 1).step_by(cut).collect();
            pieces(text.as_bytes(), &ends).into_iter().for_each(|(line, bytes)| scanner.push(line, bytes));
            scanner.finish()
        };
        let whole = json(&finish(&plan, (0..count).map(|f| read(f, usize::MAX)).collect()));
        assert_eq!(whole, json(&logjoin::analyze([(PATH, &text)], Options::default())));
        assert_eq!(whole, json(&finish(&plan, (0..count).rev().map(|f| read(f, 3)).collect())));

        let ends = |b: &[u8]| memchr::memchr_iter(b'\n', b).map(|i| i + 1).step_by(7).collect();
        let mut all = Partial::new(&plan, []);
        for file in 0..count {
            for (line, bytes) in pieces(text.as_bytes(), &ends).into_iter().rev() {
                let some = Partial::of_lines(&plan, file, line, bytes);
                all.merge(some).expect("lines of one plan");
            }
        }
        assert_eq!(whole, json(&all.finish(&plan).expect("the same plan")));

        let mut fold = Fold::new(&plan);
        let done = fold.read(&mut |lanes| {
            for lane in lanes {
                lane.push(1, text.as_bytes());
                lane.end();
            }
            ControlFlow::Continue(())
        });
        assert!(done.is_continue());
        assert_eq!(whole, json(&fold.finish()));
    }
}

#[test]
fn a_file_of_one_program_stays_one() {
    let of = |keep: &dyn Fn(&str) -> bool| -> Vec<(usize, Head)> {
        let bytes = journal().lines().filter(|l| keep(l)).map(|l| format!("{l}\n")).collect::<String>();
        parts(vec![Head { path: PATH.into(), bytes: bytes.into(), ..Head::default() }])
    };
    assert_eq!(of(&|_| true).len(), 4);
    for who in ["nginx", "gunicorn"] {
        let all = of(&|l| [who, "sshd", "systemd"].iter().any(|w| l.contains(&format!(" {w}["))));
        assert!(matches!(&all[..], [(0, h)] if h.part.is_none()), "{who}");
    }
}
