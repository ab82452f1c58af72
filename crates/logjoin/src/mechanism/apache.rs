//! Apache httpd: the log ids of the proxy modules (`modules/proxy/*.c`) with the error number before them.

use super::connect_errno;
use crate::event::ErrorEvent;
use crate::vocabulary::Mechanism;

/// `APR_TIMEUP`: httpd's own timer.
const TIMEUP: i32 = 70007;

/// What an error line says of an attempt, and how much it says: a line of a higher rank explains the request better
/// than one of a lower (`AH01114` only sums up the `AH00957` before it).
pub(crate) fn of_error(e: &ErrorEvent) -> Option<(Mechanism, u8)> {
    let code = e.code.as_deref().unwrap_or("");
    let os = e.os_code.unwrap_or(0);
    let m = e.message.as_str();
    let timed_out = os == TIMEUP && !e.is_eai;
    let connect = || {
        if timed_out {
            Mechanism::ConnectTimeout
        } else {
            connect_errno(os, m.contains("Unix domain socket"))
        }
    };
    let read = || {
        if timed_out {
            Mechanism::ReadTimeout
        } else if os == 22 {
            Mechanism::InvalidResponse
        } else {
            Mechanism::ClosedBeforeHeaders
        }
    };
    Some(match code {
        "AH00957" | "AH02454" | "AH00939" => (connect(), 3),
        "AH02453" | "AH00952" | "AH00956" | "AH00938" | "AH00935" => (Mechanism::ProxyLimit, 3),
        "AH00958" | "AH00950" => (Mechanism::NoRoute, 3),
        "AH01114" | "AH01079" | "AH00896" | "AH10101" | "AH00866" | "AH02452" => {
            (Mechanism::ConnectFailed, 1)
        }
        "AH00940" | "AH01170" | "AH01167" | "AH01171" => (Mechanism::NoServer, 2),
        "AH00941" | "AH00934" => (Mechanism::QueueTimeout, 3),
        "AH00961" | "AH01144" | "AH10292" | "AH00960" => (Mechanism::ConfigError, 3),
        "AH01102" | "AH10404" | "AH01075" => (read(), 3),
        "AH01067" | "AH01073" | "AH01074" | "AH10098" | "AH00858" | "AH00860" | "AH00869" | "AH01029"
        | "AH00868" | "AH00876" => (read(), 3),
        "AH00878" | "AH00893" | "AH00992" | "AH01030" | "AH01032" | "AH00897" => (read(), 3),
        "AH01084" | "AH01097" | "AH10154" => {
            (if timed_out { Mechanism::SendTimeout } else { Mechanism::ClosedBeforeHeaders }, 2)
        }
        "AH10124" => (Mechanism::HeaderTooLarge, 4),
        "AH01106" => (Mechanism::InvalidResponse, 1),
        "AH01068" | "AH01069" | "AH01072" | "AH01070" | "AH01080" | "AH01031" | "AH02429" | "AH02430"
        | "AH02428" => (Mechanism::InvalidResponse, 3),
        "AH01081" => (Mechanism::HeaderTooLarge, 3),
        "AH01110" => (if timed_out { Mechanism::Stalled } else { Mechanism::Truncated }, 3),
        "AH01095" | "AH02608" | "AH01086" | "AH01382" | "AH02822" | "AH10099" => (Mechanism::ClientGone, 3),
        "AH02039" | "AH02040" | "AH02003" | "AH02004" | "AH02005" | "AH02411" | "AH10273" | "AH10274"
        | "AH01997" => (Mechanism::TlsFailed, 4),
        "AH00898" if m.contains("DNS lookup failure") => (Mechanism::Dns, 4),
        "AH00898" if m.contains("SSL Handshake") => (Mechanism::TlsFailed, 4),
        "AH00898" if m.contains("Timeout on 100-Continue") => (Mechanism::ReadTimeout, 3),
        "AH00898" if m.contains("Connect to remote machine blocked") => (Mechanism::Denied, 3),
        "AH00898" if m.contains("Error reading from remote") => (Mechanism::ClosedBeforeHeaders, 1),
        "AH00898" => (Mechanism::InvalidResponse, 2),
        // Messages without a log id: httpd 2.2, and scripts.
        "" if m.contains("attempt to connect to") => (connect(), 3),
        "" if m.contains("error reading status line from remote server") => (read(), 3),
        "" if m.contains("Error reading from remote server") => (Mechanism::ClosedBeforeHeaders, 1),
        "" if m.contains("Script timed out before returning headers") => (Mechanism::ReadTimeout, 3),
        "" if m.contains("remature end of script headers")
            || m.contains("End of script output before headers") =>
        {
            (Mechanism::ClosedBeforeHeaders, 3)
        }
        "" if m.contains("All workers are in error state") => (Mechanism::NoServer, 2),
        "" if m.contains("DNS lookup failure") => (Mechanism::Dns, 4),
        _ => return None,
    })
}

/// Whether httpd may answer with this status for this reason (`mod_proxy_http.c`, `mod_proxy_fcgi.c`, `mod_proxy_ajp.c`,
/// `mod_proxy.c`: which error becomes which status).
pub(crate) fn may_answer(m: Mechanism, status: i32) -> bool {
    match m {
        Mechanism::Refused
        | Mechanism::NoRoute
        | Mechanism::ConnectTimeout
        | Mechanism::NoSocket
        | Mechanism::Permission
        | Mechanism::BacklogFull
        | Mechanism::NoServer
        | Mechanism::QueueTimeout => status == 503,
        Mechanism::ConnectFailed => status == 503 || status == 502,
        Mechanism::HeaderTooLarge => (500..=503).contains(&status),
        Mechanism::Truncated | Mechanism::Stalled => status < 500 || status == 502,
        _ => true,
    }
}

/// The backend's address in a message, where it names one: `attempt to connect to 10.0.0.1:80 (app) failed`,
/// `from remote server 10.0.0.1:80`.
pub(crate) fn address(message: &str) -> Option<String> {
    if let Some(i) = message.find("Unix domain socket ") {
        let path = message[i + 19..].split_whitespace().next()?;
        return Some(format!("unix:{path}"));
    }
    for before in [
        "attempt to connect to ",
        "from remote server ",
        "body failed to ",
        "to backend: ",
        "response failed from ",
        "dialog to ",
    ] {
        let Some(i) = message.find(before) else { continue };
        let word = message[i + before.len()..].split([' ', ')', ',']).next()?;
        // `Error reading from remote server returned by /path` names none.
        return (!word.is_empty() && word != "returned").then(|| word.to_string());
    }
    None
}

/// The address and the name of one server, where a message has both: `attempt to connect to 10.0.0.1:80 (app.internal:80)`.
pub(crate) fn named(message: &str) -> Option<(&str, &str)> {
    let (_, rest) = message.split_once("attempt to connect to ")?;
    let (address, rest) = rest.split_once(" (")?;
    let (name, _) = rest.split_once(')')?;
    (address != name && !address.contains(' ') && name.contains(':')).then_some((address, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::test_support::apache_error;

    #[test]
    fn log_ids() {
        let of = |rest: &str| {
            let line =
                format!("[Sat Nov 21 01:59:48.882323 2026] [proxy:error] [pid 27659:tid 27812] {rest}");
            of_error(&apache_error(&line)).map(|m| m.0)
        };
        let refused =
            "(111)Connection refused: AH00957: http: attempt to connect to 10.0.0.1:80 (10.0.0.1:80) failed";
        assert_eq!(of(refused), Some(Mechanism::Refused));
        let timer = "(70007)The timeout specified has expired: [client 192.0.2.1:5] AH01102: error reading status line from remote server 10.0.0.1:80";
        assert_eq!(of(timer), Some(Mechanism::ReadTimeout));
        let closed = "(20014)Internal error (specific information not available): [client 192.0.2.1:5] AH01102: error reading status line from remote server 10.0.0.1:80";
        assert_eq!(of(closed), Some(Mechanism::ClosedBeforeHeaders));
        let big = "(28)No space left on device: [client 192.0.2.1:5] AH10124: header size is over the limit allowed by ResponseFieldSize (8192 bytes). Bad response header: 'X'";
        assert_eq!(of(big), Some(Mechanism::HeaderTooLarge));
        assert_eq!(of("AH00094: Command line: '/usr/sbin/apache2'"), None);
    }

    #[test]
    fn addresses() {
        assert_eq!(
            address("http: attempt to connect to 10.0.0.1:80 (app:80) failed").as_deref(),
            Some("10.0.0.1:80")
        );
        assert_eq!(
            address("error reading status line from remote server 10.0.0.1:80").as_deref(),
            Some("10.0.0.1:80")
        );
        assert_eq!(
            address("FCGI: attempt to connect to Unix domain socket /run/fpm.sock (localhost:8000) failed")
                .as_deref(),
            Some("unix:/run/fpm.sock")
        );
        assert_eq!(address("nothing"), None);
        assert_eq!(address("Error reading from remote server returned by /login"), None);
        let both = "http: attempt to connect to 10.0.0.1:80 (app.internal:80) failed";
        assert_eq!(named(both), Some(("10.0.0.1:80", "app.internal:80")));
        assert_eq!(named("attempt to connect to 10.0.0.1:80 (10.0.0.1:80) failed"), None);
        assert_eq!(
            named("attempt to connect to Unix domain socket /run/a.sock (localhost:8000) failed"),
            None
        );
    }
}
