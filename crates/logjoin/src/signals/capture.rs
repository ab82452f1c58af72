//! From the named groups of a pattern to the fields of a [`Signal`].

use regex::bytes::Captures;

use super::SignalDef;

/// A recognised message: its entry and the named parts. All slices borrow from the message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Signal<'a> {
    /// The entry of the table.
    pub def: &'static SignalDef,
    /// The process that the message speaks of: not always the one that wrote it, and inside a container
    /// not the number that the host knows.
    pub pid: Option<u32>,
    /// The worker's number within its server, or the core's for the kernel.
    pub worker: Option<u32>,
    /// Unit, service, program or application instance under a supervisor.
    pub unit: Option<&'a [u8]>,
    /// Signal number as on Linux (9 is SIGKILL), from a number or a name.
    pub signal: Option<u8>,
    /// Exit code, or another code that the message gives.
    pub code: Option<i32>,
    /// Port, also taken from the end of `addr`.
    pub port: Option<u16>,
    /// Address, address and port, socket path or URL, as written.
    pub addr: Option<&'a [u8]>,
    /// Request method.
    pub method: Option<&'a [u8]>,
    /// Request target or script; for a message about files, the file.
    pub path: Option<&'a [u8]>,
    /// A duration, in whole milliseconds.
    pub duration_ms: Option<u64>,
    /// The start of the request that is spoken of, in seconds since 1970 by the writer's clock.
    pub since: Option<i64>,
    /// A configured limit, or the size of what is used up.
    pub limit: Option<u64>,
    /// The writer's own explanation: result, exception, check.
    pub reason: Option<&'a [u8]>,
    /// Name of a process (`comm`), pool, container, pod, host or device.
    pub name: Option<&'a [u8]>,
    /// Name or id of a thread.
    pub thread: Option<&'a [u8]>,
}

impl<'a> Signal<'a> {
    pub(super) fn bare(def: &'static SignalDef) -> Self {
        Signal {
            def,
            pid: None,
            worker: None,
            unit: None,
            signal: None,
            code: None,
            port: None,
            addr: None,
            method: None,
            path: None,
            duration_ms: None,
            since: None,
            limit: None,
            reason: None,
            name: None,
            thread: None,
        }
    }

    pub(super) fn from_captures(def: &'static SignalDef, captures: &Captures<'a>) -> Self {
        let group = |name: &str| captures.name(name).map(|m| m.as_bytes()).filter(|b| !b.is_empty());
        let addr = group("addr");
        Signal {
            def,
            pid: group("pid").and_then(number),
            worker: group("worker").and_then(number),
            unit: group("unit"),
            signal: group("signal").and_then(signal_number),
            code: group("code").and_then(number),
            port: group("port").and_then(number).or_else(|| addr.and_then(port_of)),
            addr,
            method: group("method"),
            path: group("path"),
            duration_ms: group("seconds")
                .and_then(|b| scaled(b, 3))
                .or_else(|| group("ms").and_then(|b| scaled(b, 0)))
                .or_else(|| group("ns").and_then(number::<u64>).map(|ns| ns / 1_000_000)),
            since: group("since").and_then(number),
            limit: group("limit").and_then(number),
            reason: group("reason"),
            name: group("name"),
            thread: group("thread"),
        }
    }
}

/// Decimal digits with an optional sign; group separators (`1,684`) are skipped.
fn number<T: TryFrom<i64>>(bytes: &[u8]) -> Option<T> {
    let (negative, digits) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let mut value: i64 = 0;
    let mut seen = false;
    for &b in digits {
        match b {
            b'0'..=b'9' => value = value.checked_mul(10)?.checked_add(i64::from(b - b'0'))?,
            b',' if seen => continue,
            _ => return None,
        }
        seen = true;
    }
    if !seen {
        return None;
    }
    T::try_from(if negative { -value } else { value }).ok()
}

/// A decimal fraction times ten to the `places`, cut off: `27.165170` with 3 places is 27165.
fn scaled(bytes: &[u8], places: usize) -> Option<u64> {
    let (whole, fraction) = match bytes.iter().position(|&b| b == b'.') {
        Some(dot) => (&bytes[..dot], &bytes[dot + 1..]),
        None => (bytes, &[][..]),
    };
    let mut value: u64 = number(whole)?;
    for place in 0..places {
        let digit = match fraction.get(place) {
            Some(b @ b'0'..=b'9') => u64::from(b - b'0'),
            Some(_) => return None,
            None => 0,
        };
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    Some(value)
}

/// The port at the end of `10.0.0.1:8080`, `[::1]:8080`, `http://0.0.0.0:8080/`, `*:8080` or `:::8080`.
fn port_of(addr: &[u8]) -> Option<u16> {
    let authority = match addr.windows(3).position(|w| w == b"://") {
        Some(at) => {
            let rest = &addr[at + 3..];
            &rest[..rest.iter().position(|&b| b == b'/').unwrap_or(rest.len())]
        }
        None => addr,
    };
    let colon = authority.iter().rposition(|&b| b == b':')?;
    let (host, port) = (&authority[..colon], &authority[colon + 1..]);
    // `fe80::1` ends in a group of an IPv6 address, not in a port; only the wildcard is written `:::80`.
    let is_bare_v6 = host.contains(&b':') && !host.starts_with(b"[") && host != b"::";
    if is_bare_v6 { None } else { number(port) }
}

/// Signal names by Linux number (x86-64 and arm64), from 1. See `signal(7)`.
const SIGNAL_NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// The name of a signal by its Linux number: `SIGKILL` for 9.
pub fn signal_name(number: u8) -> Option<&'static str> {
    SIGNAL_NAMES.get(usize::from(number).checked_sub(1)?).copied()
}

/// The Linux number of a signal written as `9`, `SIGKILL`, `KILL`, `kill`, `Killed` or `Segmentation fault`.
pub fn signal_number(text: &[u8]) -> Option<u8> {
    if text.first().is_some_and(u8::is_ascii_digit) {
        return number(text);
    }
    let bare = match text.split_at_checked(3) {
        Some((head, tail)) if head.eq_ignore_ascii_case(b"SIG") => tail,
        _ => text,
    };
    // the texts of strsignal(3)
    match bare.to_ascii_lowercase().as_slice() {
        b"killed" => return Some(9),
        b"segmentation fault" => return Some(11),
        b"aborted" => return Some(6),
        b"terminated" => return Some(15),
        b"bus error" => return Some(7),
        b"illegal instruction" => return Some(4),
        b"interrupt" => return Some(2),
        b"quit" => return Some(3),
        b"hangup" => return Some(1),
        b"floating point exception" => return Some(8),
        _ => {}
    }
    let at = SIGNAL_NAMES.iter().position(|name| name.as_bytes()[3..].eq_ignore_ascii_case(bare))?;
    u8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_read_from_numbers_names_and_texts() {
        for (text, want) in [
            ("9", Some(9)),
            ("SIGKILL", Some(9)),
            ("KILL", Some(9)),
            ("term", Some(15)),
            ("Segmentation fault", Some(11)),
            ("Killed", Some(9)),
            ("SIGNOPE", None),
            ("", None),
            ("999", None),
        ] {
            assert_eq!(signal_number(text.as_bytes()), want, "{text}");
        }
        assert_eq!(signal_name(9), Some("SIGKILL"));
        assert_eq!(signal_name(0), None);
        assert_eq!(signal_name(64), None);
    }

    #[test]
    fn durations_keep_milliseconds() {
        assert_eq!(scaled(b"27.165170", 3), Some(27165));
        assert_eq!(scaled(b"0.5", 3), Some(500));
        assert_eq!(scaled(b"30", 3), Some(30_000));
        assert_eq!(scaled(b"9.260", 0), Some(9));
        assert_eq!(scaled(b"1,684", 0), Some(1684));
        assert_eq!(scaled(b"99999999999999999999", 3), None);
        assert_eq!(scaled(b".", 3), None);
    }

    #[test]
    fn ports_end_addresses() {
        assert_eq!(port_of(b"0.0.0.0:8080"), Some(8080));
        assert_eq!(port_of(b"http://10.20.1.13:21101/"), Some(21101));
        assert_eq!(port_of(b"[::]:80"), Some(80));
        assert_eq!(port_of(b":::3000"), Some(3000));
        assert_eq!(port_of(b"fe80::1"), None);
        assert_eq!(port_of(b"unix:/run/app.sock"), None);
        assert_eq!(port_of(b"10.0.0.1:99999"), None);
    }
}
