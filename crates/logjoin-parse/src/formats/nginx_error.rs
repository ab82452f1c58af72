//! nginx's error log, of its http, stream and mail modules and of its processes.
//!
//! Responsible for the prefix and for what the message itself shows: the action and the error number. The context
//! that nginx appends (`, client: …`) is read by [`super::nginx_context`].

use memchr::memmem;

use super::{FormatDef, ParseError, nginx_context};
use crate::bytes::{Cursor, uint};
use crate::{Anchor, Body, ErrorLine, Kind, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "nginx-error",
    title: "nginx error log",
    product: Product::Nginx,
    kind: Kind::Error,
    anchor: Anchor::Event,
    source: "nginx src/core/ngx_log.c, src/http/ngx_http_request.c, src/stream/ngx_stream_handler.c",
    samples: &[
        r#"2026/11/21 01:51:05 [error] 11212#11212: *55 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: shop.example, request: "GET /cart?q=1 HTTP/1.1", upstream: "http://127.0.0.1:8080/cart?q=1", host: "shop.example""#,
        r#"2026/11/21 01:51:05 [crit] 7#7: *55 connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream, client: unix:, server: _, request: "GET / HTTP/2.0", subrequest: "/auth", upstream: "http://unix:/run/app.sock:/auth", host: "shop.example", referrer: "https://shop.example/""#,
        r#"2026/11/21 01:51:05 [error] 7#7: *9 upstream timed out (110: Operation timed out) while proxying connection, udp client: 192.0.2.7, server: 0.0.0.0:53, upstream: "10.0.0.1:53", bytes from/to client:31/0, bytes from/to upstream:0/31"#,
        r#"2026/11/21 01:51:05 [notice] 1#1: signal 15 (SIGTERM) received from 1, exiting"#,
        r#"2026/11/21 01:51:05 [error] 7#7: send() failed (111: Connection refused) while resolving, resolver: 127.0.0.53:53"#,
        r#"nginx: [emerg] host not found in upstream "app" in /etc/nginx/nginx.conf:12"#,
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    let (stamp, error) = if let Some(rest) = line.strip_prefix(b"nginx: [") {
        (None, console(rest).ok_or(ParseError::new(8, "a level"))?)
    } else {
        let (stamp, rest) = start(line).ok_or(ParseError::new(0, "YYYY/MM/DD HH:MM:SS"))?;
        let at = line.len() - rest.len();
        let error = dated(rest).ok_or(ParseError::new(at, "[level] pid#tid:"))?;
        (Some(stamp), error)
    };
    Ok(Record {
        format: FORMAT.id,
        product: Product::Nginx,
        stamp,
        anchor: Anchor::Event,
        envelope: None,
        body: Body::Error(error),
    })
}

/// The time. Relays may leave `host nginx[12]: ` in front, even twice.
fn start(line: &[u8]) -> Option<(Stamp, &[u8])> {
    let mut line = line;
    for _ in 0..3 {
        if let Some(read) = Stamp::slashed(line) {
            return Some(read);
        }
        let colon = memmem::find(&line[..line.len().min(120)], b": ")?;
        let tag = line[..colon].rsplit(|b| *b == b' ').next()?;
        if !tag.starts_with(b"nginx") {
            return None;
        }
        line = &line[colon + 2..];
    }
    None
}

/// What follows `nginx: [`: messages of the program that starts or tests a configuration.
fn console(rest: &[u8]) -> Option<ErrorLine<'_>> {
    let mut c = Cursor::new(rest);
    let level = c.until(b']').filter(|l| is_level(l))?;
    c.eat(b" ")?;
    Some(body(level, c.rest()))
}

/// What follows the time.
fn dated(rest: &[u8]) -> Option<ErrorLine<'_>> {
    let mut c = Cursor::new(rest);
    c.eat(b" [")?;
    let level = c.until(b']').filter(|l| is_level(l))?;
    c.eat(b" ")?;
    let pid = c.until(b'#').and_then(uint)?;
    let tid = c.until(b':').and_then(uint)?;
    c.eat(b" ");
    let mut connection_id = None;
    let mut numbered = c;
    if numbered.eat(b"*").is_some()
        && let Some(n) = numbered.int().and_then(|n| u64::try_from(n).ok())
        && numbered.eat(b" ").is_some()
    {
        connection_id = Some(n);
        c = numbered;
    }
    let mut error = body(level, c.rest());
    error.pid = u32::try_from(pid).ok();
    error.tid = Some(tid);
    error.connection_id = connection_id;
    Some(error)
}

fn is_level(b: &[u8]) -> bool {
    matches!(b, b"emerg" | b"alert" | b"crit" | b"error" | b"warn" | b"notice" | b"info" | b"debug")
}

/// Message and context.
fn body<'a>(level: &'a [u8], text: &'a [u8]) -> ErrorLine<'a> {
    let (message, mut error) = nginx_context::split(text);
    error.level = Some(Text::Borrowed(level));
    error.message = Text::Borrowed(message);
    error.action = action(message).map(Text::Borrowed);
    if let Some((code, text)) = errno(message) {
        error.os_error_code = Some(code);
        error.os_error = Some(Text::Borrowed(text));
    }
    error
}

/// ` while ACTION` at the end of the message. Actions are plain words (`log->action` in nginx's sources); a resolver
/// line goes on with `, resolver: ADDRESS`.
fn action(message: &[u8]) -> Option<&[u8]> {
    let at = memmem::rfind(message, b" while ")?;
    let words = &message[at + 7..];
    let words = memmem::find(words, b", resolver: ").map_or(words, |i| &words[..i]);
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'/' | b'-');
    (!words.is_empty() && words.len() <= 64 && words.iter().all(is_plain)).then_some(words)
}

/// `(111: Connection refused)` at the end of the message or before the action or the place in a configuration file.
/// The resolver's own codes look the same and are no error of the operating system.
fn errno(message: &[u8]) -> Option<(i32, &[u8])> {
    let open = memmem::rfind_iter(message, b" (").find(|i| {
        message.get(i + 2).is_some_and(u8::is_ascii_digit)
            && memchr::memchr(b')', &message[*i..]).is_some_and(|close| {
                let after = &message[i + close + 1..];
                after.is_empty() || [&b" while "[..], b" in ", b", "].iter().any(|s| after.starts_with(s))
            })
    })?;
    let mut c = Cursor::new(&message[open + 2..]);
    let code = c.int()?;
    c.eat(b": ")?;
    let text = c.until(b')')?;
    if memmem::find(&message[..open], b"could not be resolved").is_some() {
        return None;
    }
    Some((i32::try_from(code).ok()?, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> ErrorLine<'_> {
        match parse(line.as_bytes()).map(|r| r.body) {
            Ok(Body::Error(e)) => e,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn s<'a>(t: &'a Option<Text<'_>>) -> Option<&'a str> {
        t.as_deref().map(|b| std::str::from_utf8(b).expect("text"))
    }

    #[test]
    fn all_fields() {
        let e = read(FORMAT.samples[1]);
        assert_eq!((e.pid, e.tid, e.connection_id), (Some(7), Some(7), Some(55)));
        assert_eq!(s(&e.level), Some("crit"));
        assert_eq!(s(&e.client_ip), Some("unix:"));
        assert_eq!(s(&e.vserver), Some("_"));
        assert_eq!((s(&e.method), s(&e.path), s(&e.http_version)), (Some("GET"), Some("/"), Some("2.0")));
        assert_eq!(s(&e.subrequest), Some("/auth"));
        assert_eq!(s(&e.upstream), Some("http://unix:/run/app.sock:/auth"));
        assert_eq!(s(&e.host), Some("shop.example"));
        assert_eq!(s(&e.referrer), Some("https://shop.example/"));
        assert_eq!(s(&e.action), Some("connecting to upstream"));
        assert_eq!((e.os_error_code, s(&e.os_error)), (Some(2), Some("No such file or directory")));
    }

    #[test]
    fn stream_context() {
        let e = read(FORMAT.samples[2]);
        assert_eq!(s(&e.client_ip), Some("192.0.2.7"));
        assert_eq!(s(&e.vserver), Some("0.0.0.0:53"));
        assert_eq!(s(&e.upstream), Some("10.0.0.1:53"));
        assert_eq!(s(&e.action), Some("proxying connection"));
        assert_eq!(
            e.message.as_ref(),
            b"upstream timed out (110: Operation timed out) while proxying connection"
        );
    }

    #[test]
    fn resolver_and_console_lines() {
        let e = read(FORMAT.samples[4]);
        assert_eq!((e.os_error_code, s(&e.action)), (Some(111), Some("resolving")));
        let e = read(FORMAT.samples[5]);
        assert_eq!((s(&e.level), e.pid), (Some("emerg"), None));
        assert_eq!(e.message.as_ref(), br#"host not found in upstream "app" in /etc/nginx/nginx.conf:12"#);
    }

    #[test]
    fn parentheses_that_are_no_error_numbers() {
        let with = |m: &str| {
            let line = format!("2026/11/21 01:51:05 [error] 7#7: *9 {m}, client: 192.0.2.7, server: s");
            read(&line).os_error_code
        };
        assert_eq!(with("app.example could not be resolved (3: Host not found)"), None);
        assert_eq!(
            with(
                "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream"
            ),
            None
        );
        assert_eq!(
            with(
                "SSL_do_handshake() failed (SSL: error:1) (104: Connection reset by peer) while SSL handshaking"
            ),
            Some(104)
        );
        assert_eq!(
            with(
                "upstream SSL certificate verify error: (18:self-signed certificate) while SSL handshaking to upstream"
            ),
            None
        );
        assert_eq!(with(r#"open() "/srv/a (5: b)/c" failed (2: No such file or directory)"#), Some(2));
        assert_eq!(
            with(r#"open() "/etc/x" failed (13: Permission denied) in /etc/nginx/nginx.conf:3"#),
            Some(13)
        );
    }

    #[test]
    fn quotes_and_forged_fields_inside_values() {
        let e = read(
            r#"2026/11/21 01:51:05 [error] 7#7: *9 x, client: 192.0.2.7, server: s, request: "GET /refused?x="a",upstream:"b" HTTP/1.1", upstream: "http://10.0.0.1:80/refused?x="a"", host: "a"b", referrer: "x", upstream: "http://6.6.6.6/"""#,
        );
        assert_eq!(s(&e.path), Some(r#"/refused?x="a",upstream:"b""#));
        assert_eq!(s(&e.upstream), Some(r#"http://10.0.0.1:80/refused?x="a""#));
        assert_eq!(s(&e.host), Some(r#"a"b"#));
        assert_eq!(s(&e.referrer), Some(r#"x", upstream: "http://6.6.6.6/""#));
    }

    #[test]
    fn a_forged_context_in_a_user_name_is_part_of_the_message() {
        let e = read(
            r#"2026/11/21 01:51:05 [error] 7#0: *3 user "me": password mismatch, client: 127.0.0.1, server: a, request: "GET / HTTP/1.1", host: "h"": was not found in "/etc/x", client: 192.0.2.2, server: , request: "GET / HTTP/1.1", host: "h:8443""#,
        );
        assert_eq!(s(&e.client_ip), Some("192.0.2.2"));
        assert_eq!((s(&e.vserver), s(&e.host)), (None, Some("h:8443")));
        assert!(e.message.ends_with(br#"was not found in "/etc/x""#));
    }

    #[test]
    fn cut_lines_keep_what_they_have() {
        let full = FORMAT.samples[0];
        for n in 45..full.len() {
            let e = read(&full[..n]);
            assert_eq!(e.connection_id, if n > 47 { Some(55) } else { e.connection_id });
        }
        let cut = &full[..full.find("upstream: \"http").expect("field") + 25];
        let e = read(cut);
        assert_eq!(s(&e.path), Some("/cart?q=1"));
        assert_eq!((s(&e.upstream), s(&e.host)), (Some("http://127.0.0"), None));
    }

    #[test]
    fn one_event_over_several_lines() {
        let line = "2026/11/21 01:51:05 [error] 7#7: *9 FastCGI sent in stderr: \"PHP message: PHP Fatal error:  x in /a.php:3\nStack trace:\n#0 {main}\n  thrown\" while reading response header from upstream, client: 192.0.2.7, server: s, request: \"GET / HTTP/1.1\", upstream: \"fastcgi://unix:/run/php.sock:\", host: \"s\"";
        let e = read(line);
        assert!(e.message.starts_with(b"FastCGI sent in stderr: \"PHP message"));
        assert_eq!(s(&e.action), Some("reading response header from upstream"));
        assert_eq!(s(&e.upstream), Some("fastcgi://unix:/run/php.sock:"));
        let open = read("2026/11/21 01:51:05 [error] 7#7: *9 FastCGI sent in stderr: \"PHP message: a\nb");
        assert_eq!(open.message.as_ref(), b"FastCGI sent in stderr: \"PHP message: a\nb");
    }

    #[test]
    fn relays_in_front() {
        let e = read(
            "host nginx[23141]: host nginx: 2026/11/21 01:51:05 [error] 7#7: *9 x, client: ::1, server: s",
        );
        assert_eq!((s(&e.client_ip), e.connection_id), (Some("::1"), Some(9)));
        assert!(parse(b"app: 2026/11/21 01:51:05 [error] 7#7: x").is_err());
        assert!(parse(b"2026/11/21 01:51:05 http: panic serving 10.0.0.1:80").is_err());
    }
}
