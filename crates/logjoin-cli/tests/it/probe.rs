//! `logjoin probe`: what it says, how it exits, and how it finds its own requests in the logs of a proxy.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use serde_json::Value;

use super::{err, logjoin, out};

/// A proxy on the loopback that answers with a status and writes logs as nginx does.
fn proxy(status: u16, logs: PathBuf) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut seen = Vec::new();
            let mut byte = [0];
            while !seen.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
                seen.push(byte[0]);
            }
            let text = String::from_utf8_lossy(&seen).into_owned();
            let Some(agent) = text.lines().find_map(|l| l.strip_prefix("User-Agent: ")) else { continue };
            let append = |file: &str, line: String| {
                let path = logs.join(file);
                let mut f = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
                f.write_all(line.as_bytes()).unwrap();
            };
            if status == 502 {
                append(
                    "error.log",
                    "2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to \
                     upstream, client: 127.0.0.1, server: x, request: \"GET /cart HTTP/1.1\", upstream: \
                     \"http://10.0.0.1:80/cart\", host: \"x\"\n"
                        .to_owned(),
                );
            }
            append(
                "access.log",
                format!(
                    "127.0.0.1 - - [21/Nov/2026:02:47:17 +0000] \"GET /cart HTTP/1.1\" {status} 2 \"-\" \"{agent}\"\n"
                ),
            );
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\nServer: nginx\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi"
            );
        }
    });
    address
}

#[test]
fn the_logs_name_what_the_probe_can_only_guess() {
    let dir = tempfile::tempdir().unwrap();
    let (edge, app) = (dir.path().join("edge"), tempfile::tempdir().unwrap());
    std::fs::create_dir(&edge).unwrap();
    let via = format!("http://{}/cart", proxy(502, edge));
    let direct = format!("http://{}/cart", proxy(200, app.path().to_owned()));
    let args = ["probe", "--via", &via, "--direct", &direct, "--count", "1", "--idle-gaps", "none"];
    let o = logjoin(dir.path(), &[&args[..], &["--id", "marked-7", "-F", "json", "--logs", "edge"]].concat());
    assert_eq!(o.status.code(), Some(1), "{}", err(&o));
    let v: Value = serde_json::from_str(&out(&o)).unwrap();
    let logs = &v["logs"];
    assert_eq!(logs["marked"][0]["file"], "edge/access.log", "{logs:#}");
    assert!(logs["marked"][0]["text"].as_str().unwrap().contains("logjoin-probe-marked-7/via-1"));
    let failed = &logs["failures"][0];
    assert_eq!((&failed["mechanism"], &failed["access"]["line"]), (&"refused".into(), &1.into()), "{logs:#}");
    assert!(failed["errors"][0]["text"].as_str().unwrap().contains("Connection refused"), "{logs:#}");
    // What the analysis found more surely than the guess stands in the verdict.
    if failed["confidence"].as_f64() > Some(0.4) {
        assert_eq!((&v["verdict"]["rule"], &v["verdict"]["cause"]), (&"logs".into(), &failed["cause"]));
    }

    let text = out(&logjoin(dir.path(), &[&args[..], &["--id", "marked-8", "--logs", "edge"]].concat()));
    assert!(text.contains("Connection refused") && text.contains("1 lines carry the marker"), "{text}");
}

#[test]
fn exit_codes() {
    let logs = tempfile::tempdir().unwrap();
    let good = format!("http://{}/", proxy(200, logs.path().to_owned()));
    let run = |args: &[&str]| logjoin(logs.path(), &[&["probe"][..], args].concat());
    let o = run(&["--via", &good, "--direct", &good, "--count", "1", "--idle-gaps", "none"]);
    assert_eq!(o.status.code(), Some(0), "{}{}", out(&o), err(&o));
    assert!(out(&o).starts_with("Healthy"));
    for args in [
        &["--via", &good][..],
        &["--via", "ftp://x/", "--direct", &good],
        &["--via", &good, "--direct", &good, "--count", "1000"],
        &["--via", &good, "--direct", &good, "--timeout", "soon"],
        &["--via", &good, "--direct", &good, "-F", "csv"],
    ] {
        assert_eq!(run(args).status.code(), Some(2), "{args:?}");
    }
    let help = out(&run(&["--help"]));
    for words in
        ["What is sent, and nothing else", "GET unless told", "X-Request-ID", "Exit codes: 0 healthy"]
    {
        assert!(help.contains(words), "{help}");
    }
}
