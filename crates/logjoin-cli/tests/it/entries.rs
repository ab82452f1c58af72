//! Entries of transports that run over several lines: read whole, as what is inside, with their own numbers of lines.

use serde_json::Value;

use super::{err, logjoin, out};

const EXPORT: &[u8] = b"__CURSOR=s=a;i=1
__REALTIME_TIMESTAMP=1795225857123456
_HOSTNAME=lb1
SYSLOG_IDENTIFIER=haproxy
_PID=7
MESSAGE=192.0.2.7:54254 [21/Nov/2026:02:09:07.209] fe be/s1 0/0/1/2/501 502 217 - - SH-- 1/1/0/0/0 0/0 \"GET /x HTTP/1.1\"

__CURSOR=s=a;i=2
__REALTIME_TIMESTAMP=1795225858123456
_HOSTNAME=web1
SYSLOG_IDENTIFIER=app
MESSAGE
\x13\0\0\0\0\0\0\0ERROR gone\n  at x:1
PRIORITY=3
";

const LIST: &str = r#"{
    "events": [
        {
            "timestamp": 1795225857123,
            "message": "2026/11/21 02:47:17 [error] 7#7: *1 no live upstreams while connecting to upstream, client: 192.0.2.7, server: x, request: \"GET /x HTTP/1.1\", upstream: \"http://app/x\"",
            "ingestionTime": 1795225858000
        },
        {
            "timestamp": 1795225858123,
            "message": "second"
        }
    ]
}
"#;

fn rows(text: &[u8]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("a.log"), text).unwrap();
    let o = logjoin(dir.path(), &["parse", "a.log"]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    out(&o).lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn the_journals_export() {
    let rows = rows(EXPORT);
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!((&rows[0]["format"], &rows[0]["status"]), (&"haproxy-http".into(), &502.into()));
    assert_eq!((&rows[0]["line"], &rows[0]["line_end"]), (&1.into(), &6.into()));
    assert_eq!((&rows[1]["line"], &rows[1]["program"]), (&8.into(), &"app".into()));
    assert_eq!(rows[1]["message"], "ERROR gone\n  at x:1");
    assert_eq!(rows[1]["time"], "2026-11-21T01:50:58.123456Z");
}

#[test]
fn a_list_of_cloudwatch() {
    let rows = rows(LIST.as_bytes());
    let events: Vec<&Value> = rows.iter().filter(|r| r["kind"] != "unparsed").collect();
    assert_eq!(events.len(), 2, "{rows:?}");
    assert_eq!((&events[0]["format"], &events[0]["line"]), (&"nginx-error".into(), &3.into()));
    assert_eq!((&events[1]["message"], &events[1]["line"]), (&"second".into(), &8.into()));
    assert_eq!(events[1]["time"], "2026-11-21T01:50:58.123Z");
}
