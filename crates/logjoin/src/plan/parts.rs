//! Files that hold the lines of several programs: what `docker compose logs` and `kubectl logs --prefix` print, the journal or
//! the syslog of a host on which proxy and services run.
//!
//! The trick: such a file is as many sources as there are programs worth telling apart, and one more for all others. Each is
//! read by itself, as if it had a file of its own, and passes over what the envelopes say is not its own.

use std::collections::{BTreeMap, BTreeSet};

use logjoin_parse::envelope::peel;
use logjoin_parse::{Body, Envelope, EnvelopeKind, Product, parse_any};
use serde::{Deserialize, Serialize};

use super::sieve::{ENTRY, whose};
use super::{Head, folder, is_proxy};
use crate::strangers;

/// One of the programs whose lines are in one file, or all those that are not told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub(super) name: Option<String>,
    /// All that are told apart.
    pub(super) among: Vec<String>,
    /// These are containers: of two alike, each is a program of its own.
    pub(super) of_containers: bool,
}

impl Part {
    /// The tag or the container; host (or pod) and tag, with `/` between, where there are several. `None`: all others.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// Most programs that are told apart in one file: each is one more time to read it.
const MOST: usize = 15;
/// Lines of each program that are looked at more closely.
const LOOKED_AT: usize = 60;
/// A file in whose first lines no envelope names a program has none.
const FIRST: usize = 100;
/// Requests that show that a program serves.
const REQUESTS: usize = 3;
/// A program that only has something to say is told apart from this many lines on, and this share of all.
const MESSAGES: usize = 10;
const SHARE: usize = 50;

/// Programs that are proxies, and such that serve behind them, by words of their names.
pub(super) const PROXIES: [&str; 8] =
    ["nginx", "openresty", "ingress", "haproxy", "hapee", "apache", "httpd", "envoy"];
pub(super) const SERVERS: [&str; 17] = [
    "gunicorn",
    "uvicorn",
    "hypercorn",
    "daphne",
    "uwsgi",
    "puma",
    "unicorn",
    "passenger",
    "php",
    "node",
    "java",
    "tomcat",
    "jetty",
    "dotnet",
    "python",
    "ruby",
    "starman",
];
/// Programs of a host that are no services behind a proxy, beside those that [`strangers`] knows, by the beginning of their name.
const OF_THE_HOST: [&str; 38] = [
    "kernel",
    "CRON",
    "crond",
    "sudo",
    "su",
    "login",
    "audit",
    "rsyslog",
    "syslog",
    "kubelet",
    "containerd",
    "dockerd",
    "docker-",
    "runc",
    "supervisord",
    "runit",
    "init",
    "dbus",
    "polkit",
    "ntpd",
    "chronyd",
    "dhclient",
    "dhcpcd",
    "NetworkManager",
    "named",
    "dnsmasq",
    "postfix",
    "exim",
    "dovecot",
    "keepalived",
    "ufw",
    "udisks",
    "unattended",
    "logger",
    "agetty",
    "monit",
    "fail2ban",
    "ModemManager",
];

/// What the lines of one program in the heads show.
#[derive(Default)]
struct Seen {
    lines: usize,
    looked_at: usize,
    requests: usize,
    /// The proxy that wrote some of them, without doubt.
    proxy: Option<Product>,
    clients: BTreeSet<Vec<u8>>,
    is_container: bool,
}

impl Seen {
    fn look(&mut self, entry: &[u8]) {
        self.lines += 1;
        if self.looked_at == LOOKED_AT {
            return;
        }
        self.looked_at += 1;
        let Ok(record) = parse_any(entry) else { return };
        if is_proxy(record.product) {
            self.proxy = Some(record.product);
        }
        match &record.body {
            Body::Access(a) => {
                self.requests += 1;
                self.clients.extend(a.client_ip.as_ref().map(|c| c.to_vec()));
            }
            Body::Log(l) => self.requests += usize::from(l.method.is_some() && l.path.is_some()),
            _ => {}
        }
    }

    fn has_requests(&self) -> bool {
        self.requests >= REQUESTS
    }

    fn is_proxy(&self, name: &str) -> bool {
        let is_server = has_word(name, &SERVERS);
        self.proxy.is_some()
            || self.requests > 0 && has_word(name, &PROXIES)
            || self.has_requests() && self.clients.len() > REQUESTS && !is_server
    }

    /// Whether it is worth a part of its own, in a file of so many lines.
    fn is_service(&self, name: &str, all: usize) -> bool {
        let says_much = self.lines >= MESSAGES && self.lines * SHARE >= all;
        let program = name.rsplit('/').next().unwrap_or(name);
        self.is_container
            || !is_of_the_host(program)
                && (self.is_proxy(name) || self.has_requests() || has_word(name, &SERVERS) || says_much)
    }
}

pub(super) fn has_word(name: &str, words: &[&str]) -> bool {
    let low = name.to_ascii_lowercase();
    words.iter().any(|w| low.contains(w))
}

fn is_of_the_host(program: &str) -> bool {
    // Short names are the beginnings of too many others.
    let is_it = |p: &&str| {
        let rest = program.strip_prefix(*p);
        rest.is_some_and(|r| p.len() > 4 || !r.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    OF_THE_HOST.iter().chain(strangers::PROGRAMS).any(is_it)
}

/// The proxy that a program of this name is.
pub(super) fn proxy_of(name: &str) -> Option<Product> {
    let products = [Product::Nginx, Product::Haproxy, Product::Apache];
    let words: [&[&str]; 3] =
        [&["nginx", "openresty", "ingress"], &["haproxy", "hapee"], &["apache", "httpd"]];
    products.into_iter().zip(words).find(|(_, words)| has_word(name, words)).map(|(p, _)| p)
}

/// Tells the programs apart whose lines are in one file, where that shows more than the file as a whole: one head for each, and
/// one for all others; a file of one program stays as it is. In the order in which [`plan`](super::plan) numbers them, each with
/// the place of its file in `heads`: whoever reads the files reads each once for each of its heads, and the scanner passes over
/// what is not its own.
///
/// ```
/// use logjoin::Head;
///
/// let log = "web-1    | listening on :8080
/// proxy-1  | 192.0.2.7:4711 [21/Nov/2026:02:47:17.000] www api/web 0/0/0/9/9 200 99 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"
/// ";
/// let head = |path: &str, text: &str| Head { path: path.into(), bytes: text.into(), ..Head::default() };
/// let all = logjoin::parts(vec![head("stack.log", log), head("app.log", "up\n")]);
/// let named: Vec<_> = all.iter().map(|(file, h)| (*file, h.part.as_ref().and_then(|p| p.name()))).collect();
/// assert_eq!(named, [(1, None), (0, None), (0, Some("proxy-1")), (0, Some("web-1"))]);
/// ```
pub fn parts(heads: Vec<Head>) -> Vec<(usize, Head)> {
    // All files of a rotated set have the same parts.
    let mut sets: BTreeMap<(&str, &str), Vec<&Head>> = BTreeMap::new();
    let key = |h: &Head| -> (String, String) {
        let name = h.source.as_deref().unwrap_or(&h.path);
        (folder(name).to_owned(), name.to_owned())
    };
    for h in heads.iter().filter(|h| h.part.is_none()) {
        let name = h.source.as_deref().unwrap_or(&h.path);
        sets.entry((folder(name), name)).or_default().push(h);
    }
    let among: BTreeMap<(String, String), Part> = sets
        .into_iter()
        .filter_map(|((dir, name), set)| Some(((dir.to_owned(), name.to_owned()), programs(&set)?)))
        .collect();
    let mut all = Vec::with_capacity(heads.len());
    for (number, head) in heads.into_iter().enumerate() {
        match among.get(&key(&head)).filter(|_| head.part.is_none()) {
            Some(rest) => all.extend(split(head, rest).into_iter().map(|h| (number, h))),
            None => all.push((number, head)),
        }
    }
    all.sort_by(|(_, a), (_, b)| order(a).cmp(&order(b)));
    all
}

/// What the numbers of files go by.
pub(super) fn order(head: &Head) -> (&str, Option<&str>) {
    (&head.path, head.part.as_ref().and_then(Part::name))
}

/// The programs that are told apart in a set of files, as the part of all others; `None` where it is not worth it.
fn programs(set: &[&Head]) -> Option<Part> {
    let names_any = |h: &&&Head| entries(&h.bytes).take(FIRST).any(|e| tagged(e).is_some());
    let mut seen: BTreeMap<(String, String), Seen> = BTreeMap::new();
    let mut all = 0;
    for head in set.iter().filter(names_any) {
        for entry in entries(&head.bytes) {
            all += 1;
            let Some((host, tag, is_container)) = tagged(entry) else { continue };
            let of = seen.entry((tag, host)).or_default();
            of.is_container = is_container;
            of.look(entry);
        }
    }
    // Of one host, its name says nothing.
    let hosts: BTreeSet<&str> = seen.keys().map(|(_, host)| host.as_str()).collect();
    let has_hosts = hosts.len() > 1;
    let mut found: Vec<(String, &Seen)> = Vec::new();
    for ((tag, host), s) in &seen {
        let name = if has_hosts && !host.is_empty() { format!("{host}/{tag}") } else { tag.clone() };
        if s.is_service(&name, all) {
            found.push((name, s));
        }
    }
    // A proxy may log under several names.
    let one = |(name, s): &(String, &Seen)| {
        let host = name.rsplit_once('/').map_or("", |(host, _)| host).to_owned();
        let proxy = s.proxy.or(proxy_of(name)).filter(|_| !s.is_container && s.is_proxy(name));
        (host, proxy, if proxy.is_some() { String::new() } else { name.clone() })
    };
    let services: BTreeSet<_> = found.iter().map(one).collect();
    let has_proxy = found.iter().any(|(name, s)| s.is_proxy(name));
    let serving = found.iter().filter(|(_, s)| s.has_requests()).count();
    if services.len() < 2 || (!has_proxy && serving < 2) {
        return None;
    }
    let of_containers = found.iter().any(|(_, s)| s.is_container);
    found.sort_by_key(|(name, s)| (!s.is_proxy(name), !s.has_requests(), std::cmp::Reverse(s.lines)));
    let mut among: Vec<String> = found.into_iter().take(MOST).map(|(name, _)| name).collect();
    among.sort();
    Some(Part { name: None, among, of_containers })
}

/// One head for each program and one for the others, which is the first.
fn split(head: Head, rest: &Part) -> Vec<Head> {
    let names = std::iter::once(None).chain(rest.among.iter().cloned().map(Some));
    let with = |name| Head {
        path: head.path.clone(),
        source: head.source.clone(),
        bytes: Vec::new(),
        part: Some(Part { name, ..rest.clone() }),
        ..head
    };
    let mut heads: Vec<Head> = names.map(with).collect();
    let mut last = None;
    for entry in entries(&head.bytes) {
        last = whose(entry, &rest.among).unwrap_or(last);
        let bytes = &mut heads[last.map_or(0, |n: usize| n + 1)].bytes;
        bytes.extend_from_slice(entry);
        bytes.push(b'\n');
    }
    heads
}

/// The lines, those of an entry of the journal's export together.
fn entries(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        if rest.starts_with(ENTRY) {
            let next = memchr::memmem::find(&rest[1..], b"\n__CURSOR=");
            end = next.map_or(rest.len() - usize::from(rest.ends_with(b"\n")), |n| n + 1);
        }
        let entry = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        Some(entry)
    })
}

/// Host and tag that a transport gives a line, and whether that is a container's.
fn tagged(line: &[u8]) -> Option<(String, String, bool)> {
    let envelope = peel(line.strip_suffix(b"\r").unwrap_or(line)).0?;
    let tag = std::str::from_utf8(envelope.tag.as_deref()?).ok()?;
    // The names of files that lines were collected from tell logs apart, not programs.
    if tag.is_empty() || tag.contains(".log") {
        return None;
    }
    let host = envelope.host.as_deref().map_or("", |h| std::str::from_utf8(h).unwrap_or(""));
    Some((host.to_owned(), tag.to_owned(), is_container(&envelope)))
}

fn is_container(e: &Envelope<'_>) -> bool {
    use EnvelopeKind::{CloudWatch, DockerJson, Prefix, Shipper};
    matches!(e.kind, Prefix | Shipper | DockerJson | CloudWatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str, source: &str, text: &str) -> Head {
        Head { path: path.into(), source: Some(source.into()), bytes: text.into(), ..Head::default() }
    }

    fn names(heads: Vec<Head>) -> Vec<(usize, Option<String>, usize)> {
        let name = |h: &Head| h.part.as_ref().and_then(|p| p.name.clone());
        parts(heads).iter().map(|(i, h)| (*i, name(h), lines_of(h))).collect()
    }

    fn lines_of(h: &Head) -> usize {
        memchr::memchr_iter(b'\n', &h.bytes).count()
    }

    fn named(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    const REQUEST: &str = "192.0.2.7:4711 [21/Nov/2026:02:47:17.000] www api/web 0/0/0/9/9 200 99 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"";

    #[test]
    fn all_files_of_a_set_have_the_same_parts() {
        let new = format!(
            "[pod/edge-7c9/haproxy] {REQUEST}\n[pod/shop-1/app] up\n  and running\n[pod/shop-2/app] up\n"
        );
        let heads =
            vec![head("a.log", "a.log", &new), head("a.log.1", "a.log", "stray\n[pod/shop-2/app] up\n")];
        let (edge, one, two) = (named("edge-7c9/haproxy"), named("shop-1/app"), named("shop-2/app"));
        let expected = [
            (0, None, 0),
            (0, edge.clone(), 1),
            (0, one.clone(), 1),
            (0, two.clone(), 1),
            (1, None, 1),
            (1, edge, 0),
            (1, one, 0),
            (1, two, 1),
        ];
        let found = names(heads);
        assert_eq!(found.iter().map(|f| f.2).sum::<usize>(), 6);
        // The line without a prefix is of the program before it.
        let mut expected = expected.to_vec();
        expected[2].2 = 2;
        assert_eq!(found, expected);
    }

    #[test]
    fn one_proxy_that_logs_under_two_names_is_no_two_programs() {
        let access = "Nov 21 02:47:17 lb nginx_access: 192.0.2.7 - - [21/Nov/2026:02:47:17 +0000] \"GET / HTTP/1.1\" 200 9 \"-\" \"-\"\n";
        let error = "Nov 21 02:47:17 lb nginx_error: 2026/11/21 02:47:17 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.7, server: x, request: \"GET / HTTP/1.1\", upstream: \"http://10.0.0.2:80/\", host: \"x\"\n";
        let text = format!("{}{error}", access.repeat(9));
        assert_eq!(names(vec![head("a.log", "a.log", &text)]), [(0, None, 10)]);
        // Beside another program they are told apart from that, and are one instance.
        let text = format!(
            "{text}{}",
            "Nov 21 02:47:17 lb gunicorn[7]: [2026-11-21 02:47:17 +0000] [7] [INFO] Booting worker with pid: 9\n"
        );
        let heads = parts(vec![head("a.log", "a.log", &text)]).into_iter().map(|(_, h)| h).collect();
        let plan = crate::plan(heads, Vec::new(), crate::Options::default());
        let found: Vec<&str> = plan.instances.iter().map(|i| i.name.as_str()).collect();
        assert_eq!((plan.files.len(), found), (4, vec!["a", "gunicorn", "nginx_access"]));
    }

    #[test]
    fn hosts_in_one_file_keep_their_programs() {
        let line = |host: &str, tag: &str, text: &str| format!("Nov 21 02:47:17 {host} {tag}[7]: {text}\n");
        let text = [
            line("lb", "haproxy", REQUEST),
            line("app-1", "gunicorn", "[2026-11-21 02:47:17 +0000] [7] [INFO] Booting worker with pid: 9"),
            line("app-2", "gunicorn", "[2026-11-21 02:47:17 +0000] [7] [INFO] Booting worker with pid: 9"),
            line("app-2", "CRON", "(root) CMD (true)"),
        ];
        let found = names(vec![head("a.log", "a.log", &text.concat())]);
        let expected =
            [None, named("app-1/gunicorn"), named("app-2/gunicorn"), named("lb/haproxy")].map(|n| (0, n, 1));
        assert_eq!(found, expected);
    }

    #[test]
    fn names_of_programs_of_the_host() {
        assert!(
            ["kernel", "sshd", "CRON", "systemd", "su", "postfix/smtpd", "systemd-logind"]
                .iter()
                .all(|p| is_of_the_host(p))
        );
        assert!(
            !["gunicorn", "nginx", "tiles", "subscriptions", "target", "api"]
                .iter()
                .any(|p| is_of_the_host(p))
        );
    }
}
