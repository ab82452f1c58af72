//! Logs that lack what every join rests on: the path of the request, the client, the time. It is said which, and failures are
//! explained by what happened at the time.

use std::fmt::Write;

use logjoin::options::LineAt;
use logjoin::{Analysis, CauseId, Mechanism, Options, Pattern};

use crate::world::{World, config};

const SERVER: &str = "10.0.1.11:8000";

/// A backend that answers once a second for 300 seconds, is stopped for 20, and is started again. The proxy writes `format`.
fn outage(format: &str, line: &dyn Fn(&Said) -> String, backend: &dyn Fn(&Said) -> String) -> World {
    let (mut access, mut errors, mut served) = (String::new(), String::new(), String::new());
    for n in 0..400u32 {
        let said = Said {
            stamp: format!("21/Nov/2026:02:{:02}:{:02} +0000", n / 60, n % 60),
            client: format!("198.51.100.{}", 1 + n * 7 % 40),
            path: format!("/items/{}", n * 13 % 29),
            status: if (300..320).contains(&n) { 502 } else { 200 },
            bytes: 200 + n * 31 % 500,
        };
        let _ = writeln!(access, "{}", line(&said));
        if said.status == 200 {
            let _ = writeln!(served, "{}", backend(&said));
        } else {
            let _ = writeln!(
                errors,
                "2026/11/21 02:{:02}:{:02} [error] 812#812: *{n} connect() failed (111: Connection refused) while connecting to upstream, client: {}, server: shop.example, request: \"GET {} HTTP/1.1\", upstream: \"http://{SERVER}{}\", host: \"shop.example\"",
                n / 60,
                n % 60,
                said.client,
                said.path,
                said.path
            );
        }
    }
    let life = "[2026-11-21 02:00:00 +0000] [812] [INFO] Starting gunicorn 20.1.0\n\
                [2026-11-21 02:00:00 +0000] [812] [INFO] Listening at: http://10.0.1.11:8000 (812)\n\
                [2026-11-21 02:05:00 +0000] [812] [INFO] Handling signal: term\n\
                [2026-11-21 02:05:00 +0000] [812] [INFO] Shutting down: Master\n\
                [2026-11-21 02:05:20 +0000] [912] [INFO] Starting gunicorn 20.1.0\n\
                [2026-11-21 02:05:20 +0000] [912] [INFO] Listening at: http://10.0.1.11:8000 (912)\n";
    let mut world = World::of(&[
        ("edge/access.log", access.as_bytes()),
        ("edge/error.log", errors.as_bytes()),
        ("app-1/access.log", served.as_bytes()),
        ("app-1/error.log", life.as_bytes()),
    ]);
    let text = format!(
        "events {{ }}\nhttp {{\n  log_format own '{format}';\n  access_log /var/log/nginx/access.log own;\n  upstream api {{ server {SERVER}; }}\n  server {{ listen 80; location / {{ proxy_pass http://api; }} }}\n}}\n"
    );
    world.configs.extend(config("conf/nginx.conf", text.as_bytes()));
    assert_eq!(world.configs.len(), 1);
    world
}

/// What a line may tell of a request.
struct Said {
    stamp: String,
    client: String,
    path: String,
    status: u32,
    bytes: u32,
}

fn combined(s: &Said) -> String {
    format!("10.0.0.5 - - [{}] \"GET {} HTTP/1.0\" {} {} \"-\" \"agent\"", s.stamp, s.path, s.status, s.bytes)
}

/// All twenty failures were refused while the backend was down, in one episode, and none is joined to a line.
fn is_explained_by_the_episode(a: &Analysis) {
    assert_eq!(a.failures.len(), 20);
    for f in &a.failures {
        assert_eq!((f.mechanism, f.cause), (Mechanism::Refused, CauseId::BackendDown), "line {}", f.line);
        assert_eq!(f.error_lines.len(), 1, "line {}", f.line);
        assert!(f.backend.is_empty(), "line {}: {:?}", f.line, f.backend);
        assert!(f.cause_lines.iter().any(|l| l.file == "app-1/error.log"), "line {}", f.line);
    }
    let episodes: Vec<u64> = a.incidents.iter().flat_map(|i| &i.episodes).map(|e| e.failures).collect();
    assert_eq!(episodes, [20]);
}

fn note<'a>(a: &'a Analysis, about: &str, text: &str) -> &'a str {
    let fits = |n: &&logjoin::analysis::Note| n.about == about && n.text.contains(text);
    &a.notes.iter().find(fits).unwrap_or_else(|| panic!("no note {text:?} in {:#?}", a.notes)).text
}

#[test]
fn without_paths_failures_are_joined_by_episode() {
    let format =
        "$remote_addr [$time_local] $status $body_bytes_sent ua=\"$upstream_addr\" us=\"$upstream_status\"";
    let line = |s: &Said| {
        format!("{} [{}] {} {} ua=\"{SERVER}\" us=\"{}\"", s.client, s.stamp, s.status, s.bytes, s.status)
    };
    let a = outage(format, &line, &combined).analyze();
    is_explained_by_the_episode(&a);
    let text = note(&a, "edge", "400 of 400 lines about requests do not name the path that was asked for");
    assert!(text.contains("its 20 failures are explained by what happened at the time"), "{text}");
    assert!(text.contains("$request"), "it says what would tell: {text}");
}

#[test]
fn without_clients_the_path_the_server_and_the_second_tell_the_error_line() {
    let format =
        "[$time_local] \"$request\" $status $body_bytes_sent ua=\"$upstream_addr\" us=\"$upstream_status\"";
    let line = |s: &Said| {
        let (stamp, path, status) = (&s.stamp, &s.path, s.status);
        format!("[{stamp}] \"GET {path} HTTP/1.1\" {status} {} ua=\"{SERVER}\" us=\"{status}\"", s.bytes)
    };
    is_explained_by_the_episode(&outage(format, &line, &combined).analyze());
}

#[test]
fn a_backend_that_logs_no_path_is_named() {
    let mute =
        |s: &Said| format!("10.0.0.5 - - [{}] \"-\" {} {} \"-\" \"agent\"", s.stamp, s.status, s.bytes);
    let a = outage(FULL, &full, &mute).analyze();
    is_explained_by_the_episode(&a);
    note(&a, "app-1", "do not name the path that was asked for");
}

#[test]
fn without_stamps_a_backends_lines_are_not_joined_by_time() {
    let timeless = |s: &Said| {
        format!(
            "{{\"level\":\"info\",\"msg\":\"done\",\"method\":\"GET\",\"path\":\"{}\",\"status\":{}}}",
            s.path, s.status
        )
    };
    let a = outage(FULL, &full, &timeless).analyze();
    is_explained_by_the_episode(&a);
    note(&a, "app-1/access.log", "no line says when it was written: nothing in it is joined by time");
}

#[test]
fn a_proxy_without_stamps_is_said_to_have_none() {
    let format =
        "$remote_addr \"$request\" $status $body_bytes_sent ua=\"$upstream_addr\" us=\"$upstream_status\"";
    let line = |s: &Said| {
        format!(
            "{} \"GET {} HTTP/1.1\" {} {} ua=\"{SERVER}\" us=\"{}\"",
            s.client, s.path, s.status, s.bytes, s.status
        )
    };
    let a = outage(format, &line, &combined).analyze();
    assert!(a.failures.is_empty());
    note(&a, "edge/access.log", "no line says when it was written");
    note(
        &a,
        "inputs",
        "no line of a proxy's access log says when it was written: no failed request can be placed in time",
    );
}

/// The whole line about each request, which names all.
fn full(s: &Said) -> String {
    let (client, stamp, path, status) = (&s.client, &s.stamp, &s.path, s.status);
    format!("{client} [{stamp}] \"GET {path} HTTP/1.1\" {status} {} ua=\"{SERVER}\" us=\"{status}\"", s.bytes)
}

const FULL: &str = "$remote_addr [$time_local] \"$request\" $status $body_bytes_sent ua=\"$upstream_addr\" us=\"$upstream_status\"";

#[test]
fn what_is_told_and_fits_no_log_is_named() {
    let world = outage(FULL, &full, &combined);
    let line = |file: &str, line| LineAt { file: Pattern::new(file), line };
    let mut options = Options::default();
    options.skews.push((Pattern::new("api-7/"), 41.0));
    options.zones.push((Pattern::new("api-8/"), "Europe/Berlin".parse().unwrap()));
    options.peers.push((Pattern::new("api-9/"), SERVER.into()));
    options.peers.push((Pattern::new("app-1/"), "198.51.100.9:8080".into()));
    options.peers.push((Pattern::new("app-1/"), SERVER.into()));
    options.anchors.push((line("edge/access.log", 9_999), line("nowhere.log", 1)));
    let a = world.analyze_with(options);
    note(&a, "inputs", "the skew given for api-7/*: no log fits this pattern, so it is not used");
    note(&a, "inputs", "the zone given for api-8/*: no log fits");
    note(&a, "inputs", "the peer given for api-9/*: no log fits");
    note(
        &a,
        "inputs",
        "the peer given for app-1/*: no log or configuration of a proxy names 198.51.100.9:8080, so nothing is joined by it",
    );
    assert_eq!(a.notes.iter().filter(|n| n.text.starts_with("the peer given")).count(), 2);
    note(&a, "inputs", "the anchor at edge/access.log:9999: the log has 400 lines");
    note(&a, "inputs", "the anchor at nowhere.log:1: no log fits this name");
}

#[test]
fn an_offset_that_the_requests_contradict_is_used_and_named() {
    let world = outage(FULL, &full, &combined);
    let plain = world.analyze();
    let fitted = plain.clocks.iter().find(|c| c.source == "app-1").expect("a clock");
    assert_eq!((fitted.state.as_str(), fitted.zone_error_s), ("fitted", 0));
    let told = |skew| {
        let mut options = Options::default();
        options.skews.push((Pattern::new("app-1/"), skew));
        world.analyze_with(options)
    };
    let wrong = told(-41.2);
    assert_eq!(wrong.clocks.iter().find(|c| c.source == "app-1").unwrap().offset_s, Some(-41.2));
    let text = note(&wrong, "app-1", "the offset given for its clock");
    assert!(text.contains("contradicted by") && text.contains("the given offset was used"), "{text}");
    let right = told(0.0);
    assert!(!right.notes.iter().any(|n| n.text.contains("contradicted by")), "{:?}", right.notes);
}

#[test]
fn of_a_log_that_nginx_and_httpd_write_alike_the_lines_of_both_are_told() {
    let mut access = String::new();
    for n in 0..60u32 {
        let status = if n % 20 == 7 { 502 } else { 200 };
        let _ = writeln!(
            access,
            "198.51.100.{} - - [21/Nov/2026:02:00:{n:02} +0000] \"GET /items HTTP/1.1\" {status} 150 \"-\" \"agent\"",
            1 + n * 7 % 50
        );
    }
    let a = World::of(&[("web/access.log", access.as_bytes())]).analyze();
    assert_eq!(a.unknown.len(), 1, "{:?}", a.unknown);
    let advice = a.unknown[0].advice.as_deref().unwrap();
    let (nginx, httpd) = advice.split_once('\n').unwrap();
    assert!(nginx.starts_with("nginx: log_format upstream '"), "{nginx}");
    assert!(httpd.starts_with("Apache httpd: LogFormat \""), "{httpd}");
}

#[test]
fn an_end_that_a_log_of_stops_does_not_tell_of_may_have_been_a_crash() {
    let story = |stops: bool| {
        let mut world = outage(FULL, &full, &combined);
        if !stops {
            let life =
                world.logs.iter_mut().find(|l| l.path == "app-1/error.log").expect("gunicorn's own log");
            let text = String::from_utf8(std::mem::take(&mut life.bytes)).expect("text");
            let kept = text.lines().filter(|l| !l.contains("Handling") && !l.contains("Shutting"));
            life.bytes = kept.flat_map(|l| [l, "\n"]).collect::<String>().into_bytes();
        }
        let a = world.analyze();
        let episode = &a.incidents[0].episodes[0];
        assert_eq!((episode.cause, episode.failures), (CauseId::BackendDown, 20));
        let may_be_a_crash = episode.alternatives.iter().any(|a| a.cause == CauseId::BackendCrash);
        (may_be_a_crash, episode.evidence.iter().any(|e| e.claim.contains("it was killed, or died")))
    };
    assert_eq!(story(true), (false, false));
    assert_eq!(story(false), (true, true));
}

/// An error log that takes `crit` and worse has no line of a refused connection, and its silence proves nothing.
#[test]
fn a_quiet_error_log_is_no_proof_that_the_backend_answered() {
    let short = |s: &Said| format!("{} [{}] \"GET {} HTTP/1.1\" {}", s.client, s.stamp, s.path, s.status);
    let mechanisms = |level: &str| {
        let mut world = outage("$remote_addr [$time_local] \"$request\" $status", &short, &combined);
        let errors = world.logs.iter_mut().find(|l| l.path == "edge/error.log").expect("an error log");
        errors.bytes =
            b"2026/11/21 02:01:00 [crit] 812#812: *9 SSL_do_handshake() failed, client: 198.51.100.9\n"
                .to_vec();
        let text = format!(
            "error_log /var/log/nginx/error.log {level};\n{}",
            "events { }\nhttp { upstream api { server 10.0.1.11:8000; } server { location / { proxy_pass http://api; } } }\n"
        );
        world.configs.extend(config("conf/edge/nginx.conf", text.as_bytes()));
        let a = world.analyze();
        assert_eq!(a.failures.len(), 20);
        a.totals.by_mechanism.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(mechanisms("error"), ["from-backend"]);
    assert_eq!(mechanisms("crit"), ["unknown"]);
}

/// A backend that logs no requests is known as the only one there is, whatever else keeps a log beside it.
#[test]
fn a_scheduler_is_no_backend() {
    let causes = |others: &[(&str, &str)]| {
        let mut world = outage(FULL, &full, &combined);
        world.logs.retain(|l| l.path != "app-1/access.log");
        let files: Vec<(&str, &[u8])> = others.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        world.logs.extend(World::of(&files).logs);
        let a = world.analyze();
        let instances: Vec<_> = a.failures.iter().map(|f| f.attempts[0].instance.clone()).collect();
        assert_eq!((a.failures.len(), instances[0].as_deref()), (20, Some("app-1")));
        a.totals.by_cause
    };
    let alone = causes(&[]);
    assert_eq!(alone.keys().collect::<Vec<_>>(), ["backend-down"]);
    let cron = "Nov 21 02:05:01 host CRON[911]: (root) CMD (command -v debian-sa1 > /dev/null)\n";
    let database = "2026-11-21 02:05:03.120 UTC [77] LOG:  database system is ready to accept connections\n";
    assert_eq!(causes(&[("cron/cron.log", cron), ("db/postgresql.log", database)]), alone);
}

/// Where a service is reached by its name, that name is the instance's, though another one is left over as well.
#[test]
fn the_name_of_a_host_is_the_name_of_its_instance() {
    let (mut access, mut errors, mut img) = (String::new(), String::new(), String::new());
    for n in 0..60 {
        let (stamp, path) = (format!("21/Nov/2026:02:00:{n:02} +0000"), format!("/img/{n}.png"));
        let _ =
            writeln!(access, "192.0.2.{n} - - [{stamp}] \"GET {path} HTTP/1.1\" 200 {n}57 \"-\" \"agent\"");
        let _ = writeln!(img, "10.0.0.5 - - [{stamp}] \"GET {path} HTTP/1.1\" 200 {n}57 \"-\" \"agent\"");
    }
    let _ = writeln!(
        access,
        "192.0.2.7 - - [21/Nov/2026:02:00:30 +0000] \"GET /api HTTP/1.1\" 502 341 \"-\" \"agent\""
    );
    errors += "[Sat Nov 21 02:00:30.100000 2026] [proxy_http:error] [pid 7:tid 9] [client 192.0.2.7:4711] AH01102: error reading \
               status line from remote server api:8000\n";
    let api = "[2026-11-21 02:00:30 +0000] [811] [ERROR] Worker (pid:4002) was sent SIGSEGV!\n";
    let world = World::of(&[
        ("api/error.log", api.as_bytes()),
        ("img/access.log", img.as_bytes()),
        ("web/access.log", access.as_bytes()),
        ("web/error.log", errors.as_bytes()),
    ]);
    let f = &world.analyze().failures[0];
    assert_eq!((f.attempts[0].instance.as_deref(), f.cause), (Some("api"), CauseId::BackendCrash));
}

/// Waitress says without a time that it serves, between lines of the application that have one: a restart is over when it is, not
/// when the line before was written.
#[test]
fn a_start_line_without_a_time_ends_the_silence_before_it() {
    let mut world = outage(FULL, &full, &combined);
    world.logs.retain(|l| !l.path.starts_with("app-1/"));
    let mut app = "INFO:waitress:Serving on http://10.0.1.11:8000\n".to_owned();
    for n in (0..400).filter(|n| !(300..320).contains(n)) {
        if n == 320 {
            app += "INFO:waitress:Serving on http://10.0.1.11:8000\n";
        }
        let _ = writeln!(
            app,
            "2026-11-21 02:{:02}:{:02},120 INFO  [desk:{n}][waitress-1] GET /items/{} 200 14.5ms",
            n / 60,
            n % 60,
            n * 13 % 29
        );
    }
    world.logs.extend(World::of(&[("app-1/app.log", app.as_bytes())]).logs);
    let lines = |b: &[u8]| b.iter().enumerate().filter(|(_, c)| **c == b'\n').map(|(i, _)| i + 1).collect();
    for a in [world.analyze(), world.fold(Options::default(), lines)] {
        assert_eq!(a.failures.len(), 20);
        let life = a.lifecycle.iter().find(|l| l.instance == "app-1").expect("a life");
        let ready: Vec<i64> = life.events.iter().filter(|e| e.what == "ready").map(|e| e.time.0).collect();
        let failed: Vec<i64> = a.failures.iter().map(|f| f.time.0).collect();
        let (first, last) = (failed[0], failed[failed.len() - 1]);
        // The first one stands before any line with a time, and takes that of the next one.
        assert!(matches!(ready[..], [a, b] if a < first && b > last), "{ready:?} {failed:?}");
    }
}

/// A server says where it listens before any line of its log has a time. Its address is known by that, so that the one of another
/// server, whose log has no time at all, is not taken to be its own because it is left over.
#[test]
fn where_a_server_listens_is_known_by_a_line_before_any_time() {
    let (mut access, mut errors) = (String::new(), String::new());
    let mut hooks =
        " * Serving Flask app 'hooks'\n * Debug mode: off\n * Running on http://10.0.1.12:5000\n".to_owned();
    for n in 0..60 {
        let second = format!("02:00:{n:02}");
        let (path, status) = if n % 3 == 0 { ("pay", 502) } else { ("hooks", 200) };
        let _ = writeln!(
            access,
            "192.0.2.{n} - - [21/Nov/2026:{second} +0000] \"GET /{path}/{n} HTTP/1.1\" {status} {n}57 \"-\" \"agent\""
        );
        if status == 200 {
            let _ = writeln!(hooks, "10.0.0.5 - - [21/Nov/2026 {second}] \"GET /{path}/{n} HTTP/1.0\" 200 -");
        } else {
            let _ = writeln!(
                errors,
                "2026/11/21 {second} [error] 12#12: *{n} connect() failed (111: Connection refused) while connecting to upstream, \
                 client: 192.0.2.{n}, server: a, request: \"GET /{path}/{n} HTTP/1.1\", upstream: \"http://10.0.1.13:9292/{path}/{n}\""
            );
        }
    }
    let puma = "Puma starting in single mode...\n* Listening on http://10.0.1.13:9292\nUse Ctrl-C to stop\n";
    let world = World::of(&[
        ("edge/access.log", access.as_bytes()),
        ("edge/error.log", errors.as_bytes()),
        ("hooks/hooks.log", hooks.as_bytes()),
        ("rb/puma.log", puma.as_bytes()),
    ]);
    let lines = |b: &[u8]| b.iter().enumerate().filter(|(_, c)| **c == b'\n').map(|(i, _)| i + 1).collect();
    for a in [world.analyze(), world.fold(Options::default(), lines)] {
        assert_eq!(a.failures.len(), 20);
        for f in &a.failures {
            assert_ne!(f.attempts[0].instance.as_deref(), Some("hooks"), "{f:?}");
        }
        let source = |id: &str| a.sources.iter().find(|s| s.id == id).expect("a source");
        let claims: Vec<_> =
            source("hooks/hooks.log").addresses.iter().map(|c| (&*c.address, &*c.reason)).collect();
        assert_eq!(claims, [("10.0.1.12:5000", "listening-line")]);
        // It has the time of the first line that has one; the server whose log has none has no place in time.
        let life = |name: &str| a.lifecycle.iter().find(|l| l.instance == name).map_or(0, |l| l.events.len());
        assert_eq!((life("hooks"), life("rb")), (1, 0), "{:?}", a.lifecycle);
    }
}
