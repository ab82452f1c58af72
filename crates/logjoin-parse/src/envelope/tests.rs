use super::*;

/// kind, time, host, tag, pid, severity, payload, in one line to compare.
fn show(line: &[u8]) -> String {
    let (envelope, payload) = peel_all(line);
    let Some(e) = envelope else { return format!("none {}", String::from_utf8_lossy(&payload)) };
    let text =
        |t: &Option<Text<'_>>| t.as_deref().map_or("-".into(), |t| String::from_utf8_lossy(t).into_owned());
    format!(
        "{:?} {} {} {} {} {}{}| {}",
        e.kind,
        e.stamp.map_or("-".into(), |s| s.to_iso()),
        text(&e.host),
        text(&e.tag),
        e.pid.map_or("-".into(), |p| p.to_string()),
        e.level().unwrap_or("-"),
        if e.is_partial { " partial" } else { "" },
        String::from_utf8_lossy(&payload)
    )
}

fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(show(line.as_bytes()), *expected, "{line}");
    }
}

#[test]
fn traditional_syslog() {
    check(&[
        (
            "Nov 21 02:08:55 lb1 haproxy[12863]: backend api has no server available!",
            "Syslog 1972-11-21T02:08:55 lb1 haproxy 12863 -| backend api has no server available!",
        ),
        ("Nov  2 10:00:00 web1 app: msg", "Syslog 1972-11-02T10:00:00 web1 app - -| msg"),
        ("Nov 2 10:00:00 web1 app: msg", "Syslog 1972-11-02T10:00:00 web1 app - -| msg"),
        ("Nov 02 2026 10:00:00 web1 app: msg", "Syslog 2026-11-02T10:00:00 web1 app - -| msg"),
        ("Nov 20 10:00:00.123456 web1 app[7]: m", "Syslog 1972-11-20T10:00:00.123456 web1 app 7 -| m"),
        (
            "Nov 21 02:08:55 haproxy[12863]: Loading success.",
            "Syslog 1972-11-21T02:08:55 - haproxy 12863 -| Loading success.",
        ),
        ("<134>Nov 21 02:08:55 haproxy[1]: m", "Syslog 1972-11-21T02:08:55 - haproxy 1 info| m"),
        (
            "<27>Nov  2 10:00:00 web1 app[123]:  two blanks",
            "Syslog 1972-11-02T10:00:00 web1 app 123 err|  two blanks",
        ),
        (
            "Nov  2 10:00:00 10.0.0.1 CRON[9]: (root) CMD",
            "Syslog 1972-11-02T10:00:00 10.0.0.1 CRON 9 -| (root) CMD",
        ),
        ("Nov  2 10:00:00 h (systemd)[9]: m", "Syslog 1972-11-02T10:00:00 h (systemd) 9 -| m"),
        (
            "Nov  2 10:00:00 h last message repeated 3 times",
            "Syslog 1972-11-02T10:00:00 h - - -| last message repeated 3 times",
        ),
        ("Nov  2 10:00:00 h app[9]:", "Syslog 1972-11-02T10:00:00 h app 9 -| "),
        ("haproxy[674]: 127.0.0.1:1 x", "Syslog - - haproxy 674 -| 127.0.0.1:1 x"),
    ]);
}

#[test]
fn the_kernel_keeps_the_name_of_a_program_in_its_message() {
    check(&[
        (
            "Nov 21 02:46:59 web1 kernel: [ 4502.446398] gunicorn[26585]: segfault at 0 ip 0",
            "Syslog 1972-11-21T02:46:59 web1 kernel - -| gunicorn[26585]: segfault at 0 ip 0",
        ),
        (
            "2026-11-21T02:46:59+00:00 web1 kernel: [  601.749973][    C1] TCP: out of memory",
            "SyslogIso 2026-11-21T02:46:59Z web1 kernel - -| TCP: out of memory",
        ),
        ("<3>[12345.678901] Out of memory", "Priority - - kernel - err| Out of memory"),
        ("gunicorn[26585]: segfault at 0", "none gunicorn[26585]: segfault at 0"),
    ]);
}

#[test]
fn names_of_files_before_lines() {
    check(&[
        ("access.log:192.0.2.7 - - [x", "Prefix - - access.log - -| 192.0.2.7 - - [x"),
        (
            "./a/error.log.1:12:2026/11/21 01:51:05 [error] x",
            "Prefix - - ./a/error.log.1 - -| 2026/11/21 01:51:05 [error] x",
        ),
        (
            "nova-api.log.1.2017-05-16_13:53:08 2017-05-16 00:00:00.008 25746 INFO x",
            "Prefix - - nova-api.log.1.2017-05-16_13 - -| 2017-05-16 00:00:00.008 25746 INFO x",
        ),
        ("api.log.example:443 192.0.2.7 - - [x", "none api.log.example:443 192.0.2.7 - - [x"),
        ("access.log: permission denied", "none access.log: permission denied"),
        ("shop.login.example:80 192.0.2.7 - - [x", "none shop.login.example:80 192.0.2.7 - - [x"),
    ]);
}

#[test]
fn shippers() {
    check(&[
        (
            r#"{"date":1795168800.123,"log":"x y","stream":"stderr","kubernetes":{"pod_name":"web-1","container_name":"nginx"}}"#,
            "Shipper 2026-11-20T10:00:00.123Z web-1 nginx - -| x y",
        ),
        (
            r#"{"@timestamp":"2026-11-20T10:00:00.123Z","message":"x y","agent":{"type":"filebeat"},"host":{"name":"web1"},"log":{"file":{"path":"/var/log/a.log"}}}"#,
            "Shipper 2026-11-20T10:00:00.123Z web1 /var/log/a.log - -| x y",
        ),
        (
            r#"{"labels":{"pod":"web-1","app":"shop"},"line":"x y","timestamp":"2026-11-20T10:00:00.123456789Z"}"#,
            "Shipper 2026-11-20T10:00:00.123456789Z web-1 shop - -| x y",
        ),
        (
            r#"{"@timestamp":"2026-11-20T10:00:00.123Z","message":"x","agent":{"type":"apm"}}"#,
            r#"none {"@timestamp":"2026-11-20T10:00:00.123Z","message":"x","agent":{"type":"apm"}}"#,
        ),
        ("Nov 21 01:51:05  nginx: x", "Syslog 1972-11-21T01:51:05 - nginx - -| x"),
    ]);
}

#[test]
fn exports_of_the_cloud() {
    check(&[
        (
            "2026-11-20T10:00:00.123Z 192.0.2.7 - - [x",
            "Prefix 2026-11-20T10:00:00.123Z - - - -| 192.0.2.7 - - [x",
        ),
        (
            "2026-11-20T10:00:00.123Z [20/Nov/2026 10:00:00] x",
            "Prefix 2026-11-20T10:00:00.123Z - - - -| [20/Nov/2026 10:00:00] x",
        ),
        ("2026-11-20T10:00:00.123Z [main] x", "none 2026-11-20T10:00:00.123Z [main] x"),
        ("2026-11-20T10:00:00.123Z ERROR x", "none 2026-11-20T10:00:00.123Z ERROR x"),
        (
            r#"[{"timestamp":1795168800123,"message":"m","ingestionTime":1},"#,
            "CloudWatch 2026-11-20T10:00:00.123Z - - - -| m",
        ),
        (
            r#"{"timestamp":1795168800123,"message":"m","ingestionTime":1}]"#,
            "CloudWatch 2026-11-20T10:00:00.123Z - - - -| m",
        ),
    ]);
}

#[test]
fn macos() {
    check(&[
        (
            "Dec 13 11:35:28 a-mac GoogleSoftwareUpdateAgent[21412]: 2016-12-13 11:35:28.420 x",
            "Syslog 1972-12-13T11:35:28 a-mac GoogleSoftwareUpdateAgent 21412 -| 2016-12-13 11:35:28.420 x",
        ),
        (
            "Dec 13 11:35:28 a-mac com.apple.xpc.launchd[1] (com.apple.mdworker[5]): exited",
            "Syslog 1972-12-13T11:35:28 a-mac com.apple.xpc.launchd 1 -| exited",
        ),
        (
            "Dec 13 11:35:28 a-mac Google Chrome Helper[7]: m",
            "Syslog 1972-12-13T11:35:28 a-mac Google Chrome Helper 7 -| m",
        ),
        ("Dec 13 11:35:28 a-mac launchd[1] <Notice>: m", "Syslog 1972-12-13T11:35:28 a-mac launchd 1 -| m"),
    ]);
}

#[test]
fn rfc5424() {
    check(&[
        (
            r#"<165>1 2026-11-20T10:00:00.003Z host app 8710 ID47 [ex@32473 k="v\"] w"][b c="d"] msg"#,
            "Syslog5424 2026-11-20T10:00:00.003Z host app 8710 notice| msg",
        ),
        (
            "<134>1 2026-11-21T02:10:06.190028+00:00 - haproxy 99 - - \u{feff}MSG",
            "Syslog5424 2026-11-21T02:10:06.190028Z - haproxy 99 info| MSG",
        ),
        ("<11>1 - - - - - -", "Syslog5424 - - - - err| "),
        (
            r#"2022-08-27T14:22:01.613Z node1.example NSX 3106 - [abc@6876 level="INFO"] hello"#,
            "Syslog5424 2022-08-27T14:22:01.613Z node1.example NSX 3106 -| hello",
        ),
        (
            "48 <165>1 2026-11-20T10:00:00Z host app - - - m",
            "Syslog5424 2026-11-20T10:00:00Z host app - notice| m",
        ),
    ]);
}

#[test]
fn iso_and_journal_layouts() {
    check(&[
        (
            "2026-11-21T02:48:44+00:00 lb1 haproxy[28187]: 192.0.2.51:43535 [x",
            "SyslogIso 2026-11-21T02:48:44Z lb1 haproxy 28187 -| 192.0.2.51:43535 [x",
        ),
        ("2026-11-20T10:00:00+0100 web1 app[1]: m", "SyslogIso 2026-11-20T10:00:00+01:00 web1 app 1 -| m"),
        (
            "2026-11-20T10:00:00.123456+00:00 web1 sudo: m",
            "SyslogIso 2026-11-20T10:00:00.123456Z web1 sudo - -| m",
        ),
        (
            "2019-06-14T10:40:20.912134 localhost sudo: m",
            "SyslogIso 2019-06-14T10:40:20.912134 localhost sudo - -| m",
        ),
        ("Fri 2026-11-20 10:00:00 UTC web1 app[1]: m", "SyslogIso 2026-11-20T10:00:00Z web1 app 1 -| m"),
        ("Fri 2026-11-20 10:00:00 CET web1 app[1]: m", "SyslogIso 2026-11-20T10:00:00+01:00 web1 app 1 -| m"),
        ("Fri 2026-11-20 10:00:00 IST web1 app[1]: m", "SyslogIso 2026-11-20T10:00:00 web1 app 1 -| m"),
        (
            "Apr  4 03:39:57 --- last message repeated 1 time ---",
            "Syslog 1972-04-04T03:39:57 - - - -| --- last message repeated 1 time ---",
        ),
        ("1795168800.123456 web1 app[1]: m", "SyslogIso 2026-11-20T10:00:00.123456Z web1 app 1 -| m"),
        (
            "2026-11-20T10:00:00.123456+00:00 heroku[router]: at=error",
            "SyslogIso 2026-11-20T10:00:00.123456Z - heroku[router] - -| at=error",
        ),
    ]);
}

#[test]
fn haproxy_without_a_tag() {
    check(&[
        ("<134>Server a/b is UP.", "Priority - - - - info| Server a/b is UP."),
        (
            "<6>api/a-1: IP changed from '1' to '2'.",
            "Priority - - - - info| api/a-1: IP changed from '1' to '2'.",
        ),
        (
            "<6>2026-11-21T02:08:31.174962+00:00 Proxy www started.",
            "Priority 2026-11-21T02:08:31.174962Z - - - info| Proxy www started.",
        ),
        (
            "2026-11-21T02:08:31.174965+00:00 backend api has no server available!",
            "Priority 2026-11-21T02:08:31.174965Z - - - -| backend api has no server available!",
        ),
        ("<11>gunicorn.app.error: [123] boot\0", "Syslog - - gunicorn.app.error - err| [123] boot"),
        ("[WARNING]  (123) : Exiting", "HaproxyStderr - - - 123 warning| Exiting"),
        (
            "[NOTICE] 324/020831 (123) : New worker",
            "HaproxyStderr 1972-11-21T02:08:31 - - 123 notice| New worker",
        ),
        ("[ALERT]    (7) : m", "HaproxyStderr - - - 7 alert| m"),
    ]);
}

#[test]
fn containers() {
    check(&[
        (
            r#"{"log":"plain\n","stream":"stderr","time":"2026-11-20T10:00:00.123456789Z"}"#,
            "DockerJson 2026-11-20T10:00:00.123456789Z - - - -| plain",
        ),
        (
            r#"{"log":"a \"q\" \u003cb\u003e \ud83d\ude00 C:\\n\r\n","stream":"stderr","attrs":{"tag":"web"},"time":"2026-11-20T10:00:00.1Z"}"#,
            "DockerJson 2026-11-20T10:00:00.100Z - web - -| a \"q\" <b> 😀 C:\\n",
        ),
        (
            r#"{"log":"no end\\n","stream":"stdout","time":"2026-11-20T10:00:00Z"}"#,
            "DockerJson 2026-11-20T10:00:00Z - - - - partial| no end\\n",
        ),
        (
            r#"{"stream":"stdout","log":"shipped","time":"2026-11-20T10:00:00Z"}"#,
            "DockerJson 2026-11-20T10:00:00Z - - - -| shipped",
        ),
        (
            "2026-11-20T10:00:00.123456789Z stdout F   at x",
            "Cri 2026-11-20T10:00:00.123456789Z - - - -|   at x",
        ),
        (
            "2026-11-20T10:00:00.1+01:00 stderr P:x half",
            "Cri 2026-11-20T10:00:00.100+01:00 - - - - partial| half",
        ),
        ("2026-11-20T10:00:00Z stdout F", "Cri 2026-11-20T10:00:00Z - - - -| "),
        (
            "2026-11-20T10:00:00.123456789Z Listening on 80",
            "Prefix 2026-11-20T10:00:00.123456789Z - - - -| Listening on 80",
        ),
        ("web-1  | hello", "Prefix - - web-1 - -| hello"),
        ("\x1b[36mweb-1  |\x1b[0m hello", "Prefix - - web-1 - -| hello"),
        ("web.1.x7k2@node1    | hello", "Prefix - - web.1.x7k2@node1 - -| hello"),
        (
            "proxy  | [NOTICE]   (7) : New worker (8) forked",
            "Prefix - - proxy 7 notice| New worker (8) forked",
        ),
        ("[pod/web-7c9-x2k/app] hello", "Prefix - web-7c9-x2k app - -| hello"),
    ]);
}

#[test]
fn journal_and_cloud_objects() {
    check(&[
        (
            r#"{"__REALTIME_TIMESTAMP":"1795168800123456","_SYSTEMD_UNIT":"app.service","_PID":"9","PRIORITY":"3","_HOSTNAME":"h","MESSAGE":"m"}"#,
            "JournalJson 2026-11-20T10:00:00.123456Z h app.service 9 err| m",
        ),
        (
            r#"{"MESSAGE":[27,91,51,49,109,120],"SYSLOG_IDENTIFIER":"app"}"#,
            "JournalJson - - app - -| \x1b[31mx",
        ),
        (
            r#"{"logStreamName":"s","timestamp":1795168800123,"message":"m\n","ingestionTime":1795168801000}"#,
            "CloudWatch 2026-11-20T10:00:00.123Z - s - -| m",
        ),
    ]);
}

#[test]
fn envelopes_within_envelopes() {
    check(&[
        // Docker's time is complete, the syslog date is not; the rest is the inner one's.
        (
            r#"{"log":"\u003c134\u003eNov 21 02:08:55 haproxy[8]: Proxy a started.\n","stream":"stdout","time":"2026-11-21T02:08:55.5Z"}"#,
            "DockerJson 2026-11-21T02:08:55.500Z - haproxy 8 info| Proxy a started.",
        ),
        (
            "web-1  | 2026-11-20T10:00:00.123456789Z hello",
            "Prefix 2026-11-20T10:00:00.123456789Z - web-1 - -| hello",
        ),
        (
            "Nov 21 02:08:55 lb1 haproxy[9]: [WARNING] 324/020831 (10) : Reloading HAProxy",
            "Syslog 1972-11-21T02:08:55 lb1 haproxy 10 warning| Reloading HAProxy",
        ),
        (
            "[pod/lb-0/haproxy] 2026-11-20T10:00:00.1Z stdout F <6>2026-11-21T02:08:31+00:00 Proxy a started.",
            "Prefix 2026-11-21T02:08:31Z lb-0 haproxy - info| Proxy a started.",
        ),
    ]);
}

#[test]
fn lines_of_applications_are_left_alone() {
    for line in [
        "2026-11-21 02:46:45,018 INFO [shop.web] GET /",
        "2026-11-21T02:24:56.950Z  INFO 3489 --- [main] o.s.b.Boot : x",
        "2026-11-21T02:24:56.950Z INFO main: started",
        "2026-11-20T10:00:00.123456Z ERROR crate: msg",
        "2026-11-20T10:00:00.123456789Z ERROR crate: msg",
        "2026-11-20T10:00:00,123 main Foo: x",
        "2026-11-20T10:00:00.123456Z 8 [ERROR] [MY-012345] [Server] x",
        "2026-11-20T10:00:00.123+0000: 12.345: [GC pause]",
        "2026-11-20T10:00:00.123+00:00 error: x",
        "2026-11-20 10:00:00.123 UTC [123] LOG:  x",
        "2026/11/21 01:51:05 [error] 7#7: *1 connect() failed",
        "Fri Nov 20 10:00:00 2026 - x",
        "Nov 21, 2026 1:59:21 AM org.x.Y z",
        "Nov 20 10:00:00 ERROR: something",
        "[2026-11-20 10:00:00 +0000] [7] [INFO] Booting worker",
        "[error] (7) : not a level of HAProxy's",
        "Server started: listening",
        r#"{"level":"info","msg":"x","time":"2026-11-20T10:00:00Z"}"#,
        r#"{"message":"x","timestamp":"2026-11-20T10:00:00Z"}"#,
        "192.0.2.7 - - [21/Nov/2026:01:50:53 +0000] \"GET / HTTP/1.1\" 502 157",
        "id | name",
        "GET /a|b",
        "<html>",
        "<999>x",
        "",
    ] {
        assert_eq!(show(line.as_bytes()), format!("none {line}"));
    }
}

#[test]
fn a_plain_docker_line_is_not_copied() {
    let line = br#"{"log":"plain\n","stream":"stderr","time":"2026-11-20T10:00:00.123456789Z"}"#;
    assert!(matches!(peel(line).1, Text::Borrowed(b"plain")));
}
