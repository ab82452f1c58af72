//! Replaces what names people by keyed pseudonyms, so that a result may be shown to strangers and still be followed: the
//! same value has the same pseudonym everywhere, in fields and inside the texts of lines.
//!
//! | what | where it is found | becomes |
//! | --- | --- | --- |
//! | IPv4 addresses | anywhere | an address in 240.0.0.0/4, which nobody has |
//! | IPv6 addresses | anywhere | an address in 2001:db8::/32, which is for documentation |
//! | host names made of an address | `ip-10-0-0-1` | `~` and 12 hexadecimal digits |
//! | values of queries | after `?` in a target, each after its `=` | the same |
//! | e-mail addresses | anywhere | the same |
//! | user ids | the part of a path after `/users/`, `/accounts/`, `/customers/` ...; `user=`, `login:` ... | the same |
//! | tokens | JSON web tokens; after `Bearer`, `Basic`; `password=`, `token:`, `api_key=` ...; `user:password@` | the same |
//! | cookies | the values in `Cookie:` and `Set-Cookie:`; `sid=`, `JSESSIONID=` ... | the same |
//!
//! Loopback and unspecified addresses stay: they name nobody. Ports stay. Request ids stay: they are what joins are made
//! of. Names of hosts, files and paths stay, but for what the table says.
//!
//! The trick: one expression finds all of it in one pass, so nothing is replaced twice; and a pseudonym is an HMAC of the
//! value alone, whatever its place, so that `?user=bob` and `login: bob` become the same. Who has the key can test a guess;
//! who has not can neither test nor undo. Of 2²⁸ IPv4 pseudonyms two may meet by chance: one pair in a thousand among
//! 700 addresses.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use regex::{Captures, Regex};
use serde_json::Value;
use sha2::Sha256;

use crate::Analysis;
use crate::rows::RecordRow;

/// Names whose values are secret or name a person.
const KEYS: &str = "password|passwd|pwd|passphrase|secret|token|api[_-]?key|apikey|authorization|auth|session|sessionid|session[_-]id|sid|jsessionid|phpsessid|csrf|xsrf|user|userid|user[_-]?id|username|user[_-]name|uid|login|email|e-mail|mail|account|account[_-]?id|customer|customer[_-]?id";

/// Parts of a path after `/users/` that name nobody.
const NOBODY: &[&str] = &[
    "me", "self", "login", "logout", "search", "new", "list", "all", "current", "signup", "register", "count",
];

static FINDER: LazyLock<Regex> = LazyLock::new(|| {
    let expression = format!(
        r#"(?x)
        (?P<jwt> eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]* )
        | \b (?P<cookie_name> (?i-u: (?:set-)?cookie2? ) ["']?\s*[:=]\s*["']? ) (?P<cookies> [^"'\r\n]+ )
        | (?P<key> (?i-u: \b (?:[a-z0-9]+[_-])* (?:{KEYS}) ) ["']?\s*[=:]\s*["']? (?i-u: (?:bearer|basic|digest|negotiate)[\ +]+ )? )
          (?P<secret> [^\s"'&;,)\]}}<>]+ )
        | (?P<scheme> (?i-u: \b(?:bearer|basic|negotiate) ) [\ +]+ ) (?P<credentials> [A-Za-z0-9._~+/=-]{{8,}} )
        | :// (?P<userinfo> [^/@\s"']+ ) @
        | \? (?P<query> (?: [^\s"'<>|\\] | \\u0026 | \\x[0-9A-Fa-f]{{2}} )+ )
        | (?P<people> (?i-u: /(?:users?|accounts?|customers?|members?|profiles?|u)/ ) ) (?P<person> [^/\s"'?&;\#]+ )
        | (?P<email> [A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{{2,}} )
        | (?P<host> (?i-u: \bip-[0-9]{{1,3}}-[0-9]{{1,3}}-[0-9]{{1,3}}-[0-9]{{1,3}} ) )
        | (?P<ipv6> [0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]* )
        | (?P<ipv4> \b(?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}}\b )
        "#
    );
    // The expression is a constant: it compiles or the tests fail.
    Regex::new(&expression).unwrap_or_else(|_| Regex::new("$^").expect("an expression that is never found"))
});

/// Replaces what names people, with one key.
#[derive(Clone)]
pub struct Redactor {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for Redactor {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

impl Redactor {
    /// A redactor with a key. The same key gives the same pseudonyms in every run: keep it, and keep it secret, where
    /// several results are to be compared; else take a random one and forget it.
    pub fn new(key: &[u8]) -> Redactor {
        // Keys of any length are fine: longer ones are hashed first (RFC 2104).
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key);
        Redactor { mac: mac.unwrap_or_else(|_| <Hmac<Sha256> as KeyInit>::new(&Default::default())) }
    }

    /// The first bytes of the HMAC of a value.
    fn bytes<const N: usize>(&self, value: &[u8]) -> [u8; N] {
        let mut mac = self.mac.clone();
        mac.update(value);
        let all = mac.finalize().into_bytes();
        std::array::from_fn(|i| all[i])
    }

    /// The pseudonym of an address; loopback and unspecified ones stay as they are.
    pub fn address(&self, ip: IpAddr) -> IpAddr {
        if ip.is_loopback() || ip.is_unspecified() {
            return ip;
        }
        match ip {
            IpAddr::V4(v4) => {
                let b: [u8; 4] = self.bytes(&v4.octets());
                Ipv4Addr::new(240 | (b[0] & 15), b[1], b[2], b[3]).into()
            }
            // An IPv4 address in the clothes of IPv6 is the same address.
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => match self.address(v4.into()) {
                    IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
                    v6 => v6,
                },
                None => {
                    let mut b: [u8; 16] = self.bytes(&v6.octets());
                    b[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
                    Ipv6Addr::from(b).into()
                }
            },
        }
    }

    /// The pseudonym of a whole value: that of an address where it is one.
    pub fn value(&self, text: &str) -> String {
        if matches!(text, "" | "-" | "null" | "None") {
            return text.to_owned();
        }
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return self.address(ip).to_string();
        }
        // Escaped and plain are one value.
        let b: [u8; 6] = self.bytes(&decoded(text));
        b.iter().fold("~".to_owned(), |out, b| format!("{out}{b:02x}"))
    }

    /// A text with everything in it replaced.
    ///
    /// ```
    /// let r = logjoin::redact::Redactor::new(b"key");
    /// let shown = r.text("GET /cart?user=bob&n=2 from 192.0.2.7");
    /// assert!(!shown.contains("bob") && !shown.contains("192.0.2.7") && shown.starts_with("GET /cart?user=~"));
    /// assert_eq!(shown, r.text("GET /cart?user=bob&n=2 from 192.0.2.7"));
    /// ```
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        FINDER.replace_all(text, |c: &Captures<'_>| self.replaced(c))
    }

    fn replaced(&self, c: &Captures<'_>) -> String {
        let part = |name: &str| c.name(name).map_or("", |m| m.as_str());
        let whole = &c[0];
        if let Some(m) = c.name("cookies") {
            return format!("{}{}", part("cookie_name"), self.cookies(m.as_str()));
        }
        if let Some(m) = c.name("secret") {
            return format!("{}{}", part("key"), self.value(m.as_str()));
        }
        if let Some(m) = c.name("credentials") {
            // `basic authentication` is a phrase, not a credential.
            let is_word = m.as_str().bytes().all(|b| b.is_ascii_lowercase());
            let shown = if is_word { m.as_str().to_owned() } else { self.value(m.as_str()) };
            return format!("{}{shown}", part("scheme"));
        }
        if let Some(m) = c.name("userinfo") {
            return format!("://{}@", self.value(m.as_str()));
        }
        if let Some(m) = c.name("query") {
            return format!("?{}", self.query(m.as_str()));
        }
        if let Some(m) = c.name("person") {
            let shown =
                if NOBODY.contains(&m.as_str()) { m.as_str().to_owned() } else { self.value(m.as_str()) };
            return format!("{}{shown}", part("people"));
        }
        if c.name("ipv6").is_some() {
            // A colon or full stop of the sentence may follow.
            let bare = whole.trim_end_matches(['.', ':']);
            let bare = if whole.strip_prefix(bare).is_some_and(|rest| rest.starts_with("::")) {
                whole
            } else {
                bare
            };
            return match bare.parse::<Ipv6Addr>() {
                Ok(ip) if bare.bytes().any(|b| b.is_ascii_digit()) => {
                    format!("{}{}", self.address(ip.into()), &whole[bare.len()..])
                }
                _ => whole.to_owned(),
            };
        }
        if c.name("ipv4").is_some() {
            return whole
                .parse::<Ipv4Addr>()
                .map_or(whole.to_owned(), |ip| self.address(ip.into()).to_string());
        }
        self.value(whole)
    }

    /// `a=1; b=2; Path=/`: the values of cookies; what servers say of them stays.
    fn cookies(&self, text: &str) -> String {
        let attributes = ["path", "domain", "expires", "max-age", "samesite", "secure", "httponly"];
        let shown = text.split(';').map(|part| match part.split_once('=') {
            Some((name, _)) if attributes.contains(&name.trim().to_ascii_lowercase().as_str()) => {
                part.to_owned()
            }
            Some((name, value)) => format!("{name}={}", self.value(value.trim_end())),
            None if attributes.contains(&part.trim().to_ascii_lowercase().as_str()) => part.to_owned(),
            None => part.replace(part.trim(), &self.value(part.trim())),
        });
        shown.collect::<Vec<_>>().join(";")
    }

    /// The values of a query; a question mark of a sentence has none.
    fn query(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        loop {
            let amp = rest.find('&').map(|at| (at, 1));
            let next = [amp, rest.find("\\u0026").map(|at| (at, 6)), rest.find(';').map(|at| (at, 1))];
            let end = next.into_iter().flatten().min();
            let pair = end.map_or(rest, |(at, _)| &rest[..at]);
            match pair.split_once('=') {
                Some((name, value)) => {
                    out.push_str(name);
                    out.push('=');
                    out.push_str(&self.value(value));
                }
                None if pair.bytes().any(|b| b.is_ascii_alphanumeric()) => out.push_str(&self.value(pair)),
                None => out.push_str(pair),
            }
            let Some((at, length)) = end else { return out };
            out.push_str(&rest[at..at + length]);
            rest = &rest[at + length..];
        }
    }

    /// A field by its name: some are people as a whole.
    fn field(&self, name: &str, text: &str) -> Option<String> {
        match name {
            "request_id" => None,
            "client" | "client_ip" | "user" if !text.starts_with("unix:") => Some(self.value(text)),
            _ => match self.text(text) {
                Cow::Borrowed(_) => None,
                Cow::Owned(new) => Some(new),
            },
        }
    }

    /// A result with everything in it replaced. Numbers and joins stay; moments are kept to the millisecond, as the JSON
    /// form has them.
    ///
    /// # Errors
    ///
    /// None for a result of this library; one that was put together otherwise must survive its own JSON form.
    pub fn analysis(&self, a: &Analysis) -> Result<Analysis, serde_json::Error> {
        let mut tree = serde_json::to_value(a)?;
        self.walk("", &mut tree);
        serde_json::from_value(tree)
    }

    fn walk(&self, name: &str, tree: &mut Value) {
        match tree {
            Value::String(text) => {
                if let Some(new) = self.field(name, text) {
                    *text = new;
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|v| self.walk(name, v)),
            Value::Object(all) => all.iter_mut().for_each(|(k, v)| self.walk(k, v)),
            _ => {}
        }
    }

    /// A row of records with everything in it replaced.
    pub fn record(&self, row: &mut RecordRow) {
        row.map_texts(&mut |name, text| self.field(name, text));
    }
}

/// Undoes `%41` where it is well formed.
fn decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(hi), Some(lo)) => {
                out.push((hi * 16 + lo) as u8);
                at += 3;
            }
            (b, ..) => {
                out.push(b);
                at += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    fn r() -> Redactor {
        Redactor::new(b"a key")
    }

    #[test]
    fn what_names_people_is_gone_and_the_rest_stays() {
        for (text, gone, stays) in [
            ("client: 203.0.113.9, server: x", &["203.0.113.9"][..], &["client: 24", ", server: x"][..]),
            ("from [2001:db9::17]:443: closed", &["db9"], &["from [2001:db8:", "]:443: closed"]),
            ("connect to ::ffff:198.51.100.2 failed", &["198.51.100.2"], &["::ffff:2"]),
            (
                "GET /find?q=my%20name&page=2 HTTP/1.1",
                &["my%20name", "page=2"],
                &["/find?q=~", "&page=~", " HTTP/1.1"],
            ),
            (r#"{"uri":"/a?q=one\u0026r=two"}"#, &["one", "two"], &[r"?q=~", r"\u0026r=~", r#""}"#]),
            ("/users/4711/orders?x=1", &["4711"], &["/users/~", "/orders?x=~"]),
            ("mail to Jo.Doe+x@example.org bounced", &["Doe", "example.org"], &["mail to ~", " bounced"]),
            ("Authorization: Bearer abc.DEF-123", &["abc.DEF-123"], &["Authorization: Bearer ~"]),
            ("sent Basic dXNlcjpwYXNz now", &["dXNlcjpwYXNz"], &["sent Basic ~", " now"]),
            ("jwt eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl.", &["eyJ"], &["jwt ~"]),
            ("password=hunter2 db_password: 'p w'", &["hunter2", "'p "], &["password=~", "db_password: '~"]),
            (r#"{"access_token":"s3cr3t","n":1}"#, &["s3cr3t"], &[r#""access_token":"~"#, r#"","n":1}"#]),
            ("Cookie: sid=abc; theme=dark", &["abc", "dark"], &["Cookie: sid=~", "; theme=~"]),
            ("Set-Cookie: sid=abc; Path=/; HttpOnly", &["abc"], &["sid=~", "; Path=/; HttpOnly"]),
            ("/a;jsessionid=A1B2C3 done", &["A1B2C3"], &["/a;jsessionid=~", " done"]),
            ("postgres://bob:secret@db:5432/shop", &["bob", "secret"], &["postgres://~", "@db:5432/shop"]),
            ("remote_user=alice", &["alice"], &["remote_user=~"]),
            ("host ip-10-1-2-3.internal", &["10-1-2-3"], &["host ~", ".internal"]),
        ] {
            let shown = r().text(text).into_owned();
            assert!(gone.iter().all(|g| !shown.contains(g)), "{text} became {shown}");
            assert!(stays.iter().all(|s| shown.contains(s)), "{text} became {shown}");
        }
    }

    #[test]
    fn what_names_nobody_is_left_alone() {
        for text in [
            "2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused)",
            "listening on 127.0.0.1:8080 and [::1]:8080 and 0.0.0.0:80",
            "std::io::Error at src/main.rs:12:5",
            "requires basic authentication",
            "what? nothing",
            "/users/me",
            "Worker (pid:9) was sent SIGKILL!",
            "2026-11-21T01:50:53.120Z",
            "backend-crash",
            "logs/edge-1/access.log:101",
            "request_id=abc123",
            "a/b/c.log.1",
        ] {
            assert_eq!(r().text(text), text);
        }
    }

    #[test]
    fn one_value_has_one_pseudonym_wherever_it_stands() {
        let bob = r().value("bob@example.org");
        for text in
            ["/a?u=bob@example.org", "/a?u=bob%40example.org", "login: bob@example.org", "hi bob@example.org"]
        {
            assert!(r().text(text).contains(&bob), "{text}");
        }
        let ip = r().value("203.0.113.9");
        for text in ["203.0.113.9:80", "/a?ip=203.0.113.9", "[::ffff:203.0.113.9]", "user=203.0.113.9"] {
            assert!(r().text(text).contains(&ip), "{text} lacks {ip}: {}", r().text(text));
        }
        assert!(ip.parse::<Ipv4Addr>().unwrap().octets()[0] >= 240);
        assert_ne!(bob, Redactor::new(b"another").value("bob@example.org"));
    }

    #[test]
    fn a_result_keeps_its_numbers_and_its_joins() {
        let a = sample::rich();
        let b = r().analysis(&a).unwrap();
        assert_eq!((a.totals.clone(), a.ledger), (b.totals.clone(), b.ledger));
        let text = serde_json::to_string(&b).unwrap();
        assert!(!text.contains("192.0.2.") && !text.contains("10.20.1.1"));
        for (x, y) in a.failures.iter().zip(&b.failures) {
            assert_eq!(
                (&x.id, x.cause, &x.request_id, &x.error_lines),
                (&y.id, y.cause, &y.request_id, &y.error_lines)
            );
        }
        let distinct = |a: &Analysis| {
            a.failures
                .iter()
                .filter_map(|f| f.client.clone())
                .collect::<std::collections::BTreeSet<_>>()
                .len()
        };
        assert_eq!(distinct(&a), distinct(&b));
        assert_eq!(b.distribution[0].server.rsplit(':').next(), a.distribution[0].server.rsplit(':').next());
    }
}
