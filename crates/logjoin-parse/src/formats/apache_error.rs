//! Apache httpd's error log, version 2.4, and the reader that its older style shares.
//!
//! Responsible for the bracketed prefix and for the pieces that may stand between it and the message, in the order of
//! any version: source file, error number, client. The message keeps what stands next to it (the log id, and an error
//! number with no client after it), as logged; both are also fields of their own.

use memchr::memmem;

use super::{FormatDef, ParseError, apache_text};
use crate::bytes::{Cursor, int, is_ip, port_number, present, split_port, uint};
use crate::{Anchor, Body, ErrorLine, Kind, Product, Record, Stamp, Text};

pub(super) static FORMAT: FormatDef = FormatDef {
    id: "apache-error",
    title: "Apache httpd error log",
    product: Product::Apache,
    kind: Kind::Error,
    anchor: Anchor::Event,
    source: "Apache httpd server/log.c (do_errorlog_default)",
    samples: &[
        "[Sat Nov 21 01:59:48.882323 2026] [proxy:error] [pid 27659:tid 27812] (111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:8080 (127.0.0.1:8080) failed",
        "[Sat Nov 21 01:59:48.882323 2026] [proxy_http:error] [pid 3748:tid 140421187458752] (70007)The timeout specified has expired: [client 192.0.2.90:55299] AH01102: error reading status line from remote server 10.0.0.1:8080, referer: https://shop.example/",
        "[Sat Nov 21 01:59:48.882323 2026] [core:notice] [pid 1] AH00094: Command line: '/usr/sbin/httpd'",
        "[Sat Nov 21 01:59:48.882323 2026] [:error] [pid 1:tid 2] [client ::1:51548] PHP Fatal error:  x in /srv/a.php on line 3",
        "[Sat Nov 21 01:59:48.882323 2026] [proxy:debug] [pid 1:tid 2] proxy_util.c(3440): (EAI 2)Name or service not known: [remote 10.0.0.1:443] AH00898: DNS lookup failure for: app",
        "[proxy:error] [pid 27659:tid 27812] [client 192.0.2.7:4711] AH00898: Error reading from remote server returned by /cart",
        "[21/Nov/2026:12:00:19 +0000] [proxy:error] [pid 23964] (113)No route to host: AH00957: HTTP: attempt to connect to 10.1.0.244:9000 (app.example) failed",
    ],
    parse,
};

fn parse(line: &[u8]) -> Result<Record<'_>, ParseError> {
    read(line, true, FORMAT.id)
}

/// Reads a line of the style of 2.4 (`[module:level]`) or of 2.2 (`[level]`).
pub(super) fn read<'a>(
    line: &'a [u8],
    has_module: bool,
    format: &'static str,
) -> Result<Record<'a>, ParseError> {
    let (stamp, rest) = match time(line, has_module) {
        Some((stamp, rest)) => (Some(stamp), rest),
        None => (None, line),
    };
    let at = line.len() - rest.len();
    // The syslog form has no time of its own: there the prefix must show by more than a level whose it is.
    let is_sure = stamp.is_some();
    let error = prefixed(rest, has_module, is_sure).ok_or(ParseError::new(at, "[module:level] [pid N]"))?;
    Ok(Record {
        format,
        product: Product::Apache,
        stamp,
        anchor: Anchor::Event,
        envelope: None,
        body: Body::Error(error),
    })
}

/// `[time] ` in C's layout; before `[module:level]`, which is Apache's alone, also in the access log's or in ISO.
/// A bare level after an ISO time is anybody's.
fn time(line: &[u8], has_module: bool) -> Option<(Stamp, &[u8])> {
    let inside = line.strip_prefix(b"[")?;
    let other = || if has_module { Stamp::clf(inside).or_else(|| Stamp::iso(inside)) } else { None };
    let (stamp, rest) = Stamp::ctime(inside).or_else(other)?;
    Some((stamp, rest.strip_prefix(b"] ")?))
}

fn is_level(b: &[u8]) -> bool {
    matches!(b, b"emerg" | b"alert" | b"crit" | b"error" | b"warn" | b"notice" | b"info" | b"debug")
        || b.len() == 6 && b.starts_with(b"trace") && matches!(b[5], b'1'..=b'8')
}

/// What follows the time.
fn prefixed(rest: &[u8], has_module: bool, is_sure: bool) -> Option<ErrorLine<'_>> {
    let mut c = Cursor::new(rest);
    c.eat(b"[")?;
    let head = c.until(b']')?;
    let colon = memchr::memchr(b':', head);
    if colon.is_some() != has_module {
        return None;
    }
    let (module, level) = colon.map_or((&b""[..], head), |i| (&head[..i], &head[i + 1..]));
    let is_module = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if !is_level(level) || !module.iter().all(is_module) {
        return None;
    }
    let mut e = ErrorLine {
        level: Some(Text::Borrowed(level)),
        module: present(module).map(Text::Borrowed),
        ..ErrorLine::default()
    };
    if !c.is_empty() {
        c.eat(b" ")?;
    }
    let has_pid = pid(&mut c, &mut e).is_some();
    if !is_sure && !has_pid && !c.rest().starts_with(b"[client ") {
        return None;
    }
    let message = pieces(&mut c, &mut e, has_module);
    // Apache escapes line ends (`ap_escape_errorlog_item`): what stands below came from a program past its log.
    let message = &message[..memchr::memchr(b'\n', message).unwrap_or(message.len())];
    e.error_code = log_id(&c).map(Text::Borrowed);
    let (message, referer) = referer(message);
    e.message = Text::Borrowed(message);
    let (address, target) = apache_text::named(message);
    e.upstream = address.map(Text::Borrowed);
    e.path = target.map(Text::Borrowed);
    e.referrer = referer.map(Text::Borrowed);
    Some(e)
}

/// `[pid N] ` or `[pid N:tid M] `.
fn pid(c: &mut Cursor<'_>, e: &mut ErrorLine<'_>) -> Option<()> {
    let mut d = *c;
    d.eat(b"[pid ")?;
    let inside = d.until(b']')?;
    let (pid, tid) = match memmem::find(inside, b":tid ") {
        Some(i) => (&inside[..i], Some(&inside[i + 5..])),
        None => (inside, None),
    };
    e.pid = Some(u32::try_from(uint(pid)?).ok()?);
    e.tid = tid.and_then(uint);
    d.eat(b" ");
    *c = d;
    Some(())
}

/// Source file, error number and peer, each at most once and in any order; returns the message. An error number
/// stays with a message that follows it directly.
fn pieces<'a>(c: &mut Cursor<'a>, e: &mut ErrorLine<'a>, has_module: bool) -> &'a [u8] {
    let mut from = c.rest();
    let mut has_peer = false;
    loop {
        if !has_peer && let Some(inside) = bracket(c, &[b"[client ", b"[remote "]) {
            has_peer = true;
            peer(inside, e, has_module);
        } else if let Some(inside) = bracket(c, &[b"[rid ", b"[R:"]) {
            e.request_id = present(inside).map(Text::Borrowed);
        } else if bracket(c, &[b"[cid ", b"[C:"]).is_some() || source_file(c).is_some() {
        } else if e.os_error.is_none() && os_error(c, e).is_some() {
            continue;
        } else {
            return from;
        }
        from = c.rest();
    }
}

/// The inside of a bracket that starts in one of these ways, with the space after it.
fn bracket<'a>(c: &mut Cursor<'a>, starts: &[&[u8]]) -> Option<&'a [u8]> {
    let mut d = *c;
    starts.iter().find_map(|s| d.eat(s))?;
    // An IPv6 address may have brackets of its own.
    let from = d;
    if d.peek() == Some(b'[') {
        d.until(b']')?;
    }
    d.until(b']')?;
    let len = d.offset() - from.offset() - 1;
    let inside = &from.rest()[..len];
    if d.eat(b" ").is_none() && !d.is_empty() {
        return None;
    }
    *c = d;
    Some(inside)
}

/// Address and port. 2.4 prints a port after an IPv6 address without brackets, 2.2 prints none.
fn peer<'a>(inside: &'a [u8], e: &mut ErrorLine<'a>, has_port: bool) {
    let (mut ip, mut port) = split_port(inside);
    if port.is_none()
        && let Some(colon) = memchr::memrchr(b':', ip)
        && (has_port || !is_ip(ip))
        && let Some(p) = port_number(&ip[colon + 1..])
        && (is_ip(&ip[..colon]) || memchr::memchr(b':', &ip[..colon]).is_none())
    {
        (ip, port) = (&ip[..colon], Some(p));
    }
    e.client_ip = present(ip).map(Text::Borrowed);
    e.client_port = port;
}

/// `mod_proxy.c(1234): `, printed at debug levels.
fn source_file(c: &mut Cursor<'_>) -> Option<()> {
    let mut d = *c;
    let name = d.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
    if ![&b".c"[..], b".h", b".cpp", b".cc", b".rs"].iter().any(|s| name.ends_with(s)) {
        return None;
    }
    d.eat(b"(")?;
    uint(d.until(b')')?)?;
    d.eat(b": ")?;
    *c = d;
    Some(())
}

/// `(111)Connection refused: `, `(EAI 2)Name or service not known: `, `(OS 10061)…: `.
fn os_error<'a>(c: &mut Cursor<'a>, e: &mut ErrorLine<'a>) -> Option<()> {
    let mut d = *c;
    d.eat(b"(")?;
    let is_eai = d.eat(b"EAI ").is_some();
    if !is_eai && d.eat(b"OS ").is_none() {
        d.eat(b"os ");
    }
    let number = d.until(b')')?;
    let code = match number {
        [b'0', b'x', hex @ ..] => i64::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()?,
        _ => int(number)?,
    };
    let code = i32::try_from(code).ok()?;
    let text = d.until_str(b": ")?;
    // Builds that print the raw number of a getaddrinfo error (APR_OS_START_EAIERR is 670000).
    let (code, is_raw) =
        if (670_001..670_200).contains(&code) { (code - 670_000, true) } else { (code, false) };
    e.os_error_code = Some(code);
    e.is_eai = is_eai || is_raw;
    e.os_error = Some(Text::Borrowed(text));
    *c = d;
    Some(())
}

/// `AH` and five or six digits before a colon.
fn log_id<'a>(c: &Cursor<'a>) -> Option<&'a [u8]> {
    let mut d = *c;
    d.eat(b"AH")?;
    let digits = d.run(|b| b.is_ascii_digit());
    d.eat(b":")?;
    matches!(digits.len(), 5 | 6).then(|| &c.rest()[..2 + digits.len()])
}

/// `, referer: URL` at the end; formats that follow the manual's example write it without the colon.
fn referer(message: &[u8]) -> (&[u8], Option<&[u8]>) {
    if let Some(i) = memmem::rfind(message, b", referer: ") {
        return (&message[..i], present(&message[i + 11..]));
    }
    match memmem::rfind(message, b", referer ") {
        Some(i) if memchr::memchr(b' ', &message[i + 10..]).is_none() => {
            (&message[..i], present(&message[i + 10..]))
        }
        _ => (message, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> ErrorLine<'_> {
        match crate::parse_any(line.as_bytes()).map(|r| r.body) {
            Ok(Body::Error(e)) => e,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn s<'a>(t: &'a Option<Text<'_>>) -> Option<&'a str> {
        t.as_deref().map(|b| std::str::from_utf8(b).expect("text"))
    }

    #[test]
    fn error_number_before_the_client() {
        let e = read(FORMAT.samples[1]);
        assert_eq!((e.pid, e.tid), (Some(3748), Some(140_421_187_458_752)));
        assert_eq!((s(&e.module), s(&e.level)), (Some("proxy_http"), Some("error")));
        assert_eq!(
            (e.os_error_code, s(&e.os_error)),
            (Some(70007), Some("The timeout specified has expired"))
        );
        assert_eq!((s(&e.client_ip), e.client_port), (Some("192.0.2.90"), Some(55299)));
        assert_eq!(s(&e.error_code), Some("AH01102"));
        assert_eq!(
            e.message.as_ref(),
            b"AH01102: error reading status line from remote server 10.0.0.1:8080"
        );
        assert_eq!(s(&e.referrer), Some("https://shop.example/"));
    }

    #[test]
    fn error_number_without_a_client_stays_in_the_message() {
        let e = read(FORMAT.samples[0]);
        assert_eq!((e.os_error_code, s(&e.error_code), s(&e.client_ip)), (Some(111), Some("AH00957"), None));
        assert_eq!(s(&e.upstream), Some("127.0.0.1:8080"));
        assert!(e.message.starts_with(b"(111)Connection refused: AH00957: http: attempt"));
    }

    #[test]
    fn source_file_lookup_errors_and_the_remote_side() {
        let e = read(FORMAT.samples[4]);
        assert_eq!((e.os_error_code, e.is_eai), (Some(2), true));
        assert_eq!((s(&e.client_ip), e.client_port), (Some("10.0.0.1"), Some(443)));
        assert_eq!(e.message.as_ref(), b"AH00898: DNS lookup failure for: app");
        let raw = read(
            "[Sat Nov 21 01:59:48 2026] [proxy:error] [pid 1] (670002)Name or service not known: [client 192.0.2.7:1] AH00898: x",
        );
        assert_eq!((raw.os_error_code, raw.is_eai), (Some(2), true));
    }

    #[test]
    fn addresses_with_and_without_port() {
        let client = |c: &str, module: &str| {
            let line = format!("[Sat Nov 21 01:59:48 2026] [{module}] [client {c}] x");
            let e = read(&line);
            (s(&e.client_ip).map(str::to_owned), e.client_port)
        };
        let some = |ip: &str, port| (Some(ip.to_owned()), port);
        assert_eq!(client("::1:40402", "core:error"), some("::1", Some(40402)));
        assert_eq!(client("2001:db8:1:2:3:4:5:6:443", "core:error"), some("2001:db8:1:2:3:4:5:6", Some(443)));
        assert_eq!(client("[2001:db8::1]:443", "core:error"), some("2001:db8::1", Some(443)));
        assert_eq!(client("2001:db8::1234", "error"), some("2001:db8::1234", None));
        assert_eq!(client("192.0.2.7", "error"), some("192.0.2.7", None));
        assert_eq!(client("app.example:80", "core:error"), some("app.example", Some(80)));
    }

    #[test]
    fn a_bracket_in_the_message_is_not_the_client() {
        let e = read(
            "[Sat Nov 21 01:59:48 2026] [error] [client 192.0.2.7] File does not exist: /srv/[client 10.0.0.1] x",
        );
        assert_eq!(s(&e.client_ip), Some("192.0.2.7"));
        assert_eq!(e.message.as_ref(), b"File does not exist: /srv/[client 10.0.0.1] x");
    }

    #[test]
    fn log_ids_of_any_length() {
        let id = |m: &str| {
            let line = format!("[Sat Nov 21 01:59:48 2026] [mpm_event:error] [pid 1:tid 2] {m}");
            s(&read(&line).error_code).map(str::to_owned)
        };
        assert_eq!(id("AH03490:scoreboard is full"), Some("AH03490".to_owned()));
        assert_eq!(id("AH010117: x"), Some("AH010117".to_owned()));
        assert_eq!(id("AH12: x"), None);
    }

    #[test]
    fn what_others_write_is_refused() {
        for line in [
            "[2026-11-21 02:46:44 +0000] [1] [INFO] Booting worker",
            "[2026-11-21 02:46:44] [ERROR] broken",
            "[2026-11-21 02:46:44.123] [error] broken",
            "[2026-11-21T02:46:44Z] [warn] slow",
            "[error] broken",
            "[21-Nov-2026 02:46:44] NOTICE: ready",
        ] {
            assert!(parse(line.as_bytes()).is_err(), "{line}");
            assert!((super::super::apache_error_22::FORMAT.parse)(line.as_bytes()).is_err(), "{line}");
        }
    }
}
