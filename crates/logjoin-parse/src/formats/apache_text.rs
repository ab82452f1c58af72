//! What mod_proxy's messages name: the backend's address and the target of the request.
//!
//! Responsible for the few sentences in which `modules/proxy/*.c` print them. Addresses are kept as printed (`IP:PORT`, a
//! name, or the path of a socket). The trick: the words before them are the same in every version.

use memchr::memmem;

/// The backend's address and the request's target, as far as a message names them.
pub(super) fn named(message: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    (address(message), target(message))
}

/// AH00957, AH02454, AH01114 and siblings, AH01102, AH01084, AH01097.
fn address(message: &[u8]) -> Option<&[u8]> {
    const BEFORE: [&[u8]; 6] = [
        b"attempt to connect to Unix domain socket ",
        b"attempt to connect to ",
        b"failed to make connection to backend: ",
        b"error reading status line from remote server ",
        b"pass request body failed to ",
        b"disabling worker for (",
    ];
    let rest = BEFORE.iter().find_map(|b| memmem::find(message, b).map(|i| &message[i + b.len()..]))?;
    let end = rest.iter().position(|b| matches!(b, b' ' | b',' | b')')).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// AH00898 and what else goes through `ap_proxyerror`: `… returned by /target`.
fn target(message: &[u8]) -> Option<&[u8]> {
    const BY: &[u8] = b" returned by ";
    let rest = &message[memmem::find(message, BY)? + BY.len()..];
    rest.starts_with(b"/").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_targets() {
        let name = |m: &'static str| {
            let s = |b: Option<&'static [u8]>| b.map(|b| std::str::from_utf8(b).expect("text"));
            let (a, t) = named(m.as_bytes());
            (s(a), s(t))
        };
        assert_eq!(
            name(
                "(111)Connection refused: AH00957: http: attempt to connect to 10.0.0.1:8080 (app:8080) failed"
            ),
            (Some("10.0.0.1:8080"), None)
        );
        assert_eq!(
            name(
                "AH02454: http: attempt to connect to Unix domain socket /run/app.sock (localhost:80) failed"
            ),
            (Some("/run/app.sock"), None)
        );
        assert_eq!(name("AH01114: HTTP: failed to make connection to backend: app"), (Some("app"), None));
        assert_eq!(
            name("AH01102: error reading status line from remote server 10.0.0.1:8080"),
            (Some("10.0.0.1:8080"), None)
        );
        assert_eq!(
            name("AH00898: Error reading from remote server returned by /cart?id=7"),
            (None, Some("/cart?id=7"))
        );
        assert_eq!(name("AH01106: bad HTTP/1.1 header returned by app (/x)"), (None, None));
        assert_eq!(
            name("AH00959: ap_proxy_connect_backend disabling worker for (app:80) for 60s"),
            (Some("app:80"), None)
        );
    }
}
