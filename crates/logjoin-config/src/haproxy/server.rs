//! `server`, `server-template` and `default-server` lines (configuration manual, 5.2).
//!
//! A server starts as a copy of what the `default-server` lines before it made; its own words are applied on top.

use crate::{Check, Problem, Server, address, tree::problem, units::haproxy_ms};

use super::grammar::Line;

/// Servers that one `server-template` line may make.
const MAX_TEMPLATE: u32 = 1_000;

/// Keywords with one argument that are not read here; their argument must not be taken for a keyword.
const WITH_ARGUMENT: &[&str] = &[
    "addr",
    "agent-addr",
    "agent-inter",
    "agent-port",
    "agent-send",
    "alpn",
    "ca-file",
    "check-alpn",
    "check-pool-conn-name",
    "check-proto",
    "check-sni",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "cookie",
    "crl-file",
    "crt",
    "curves",
    "ech",
    "error-limit",
    "guid",
    "hash-key",
    "id",
    "idle-ping",
    "init-addr",
    "init-state",
    "log-bufsize",
    "log-proto",
    "max-reuse",
    "maxqueue",
    "minconn",
    "namespace",
    "npn",
    "observe",
    "on-error",
    "on-marked-down",
    "on-marked-up",
    "pool-conn-name",
    "pool-low-conn",
    "pool-max-conn",
    "pool-purge-delay",
    "proto",
    "proxy-v2-options",
    "redir",
    "renegotiate",
    "resolve-net",
    "resolve-opts",
    "resolve-prefer",
    "set-proxy-v2-tlv-fmt",
    "shard",
    "sigalgs",
    "slowstart",
    "sni",
    "socks4",
    "source",
    "ssl-max-ver",
    "ssl-min-ver",
    "tcp-md5sig",
    "tcp-ut",
    "track",
    "usesrc",
    "interface",
    "verify",
    "verifyhost",
    "ws",
];

/// A server in the making: [`Server::check`] is there only once `check` was said.
#[derive(Debug, Clone)]
pub(super) struct Template {
    server: Server,
    check: Check,
    checked: bool,
}

impl Template {
    pub(super) fn new() -> Template {
        Template {
            server: Server { weight: 1, ..Server::default() },
            check: Check {
                interval_ms: 2_000,
                rise: 2,
                fall: 3,
                fast_interval_ms: None,
                down_interval_ms: None,
                timeout_ms: None,
                port: None,
                kind: "tcp".to_owned(),
                path: None,
            },
            checked: false,
        }
    }

    /// Applies the words of a `default-server` line.
    pub(super) fn default_server(&mut self, line: &Line, problems: &mut Vec<Problem>) {
        self.apply(&line.words[1..], line, problems);
    }

    /// The servers of a `server` or `server-template` line; what all checks of the backend share is in `check`.
    pub(super) fn servers(&self, line: &Line, problems: &mut Vec<Problem>) -> Vec<Server> {
        let template = line.word(0) == "server-template";
        let first = if template { 4 } else { 3 };
        if line.words.len() < first {
            problems.push(problem(
                &line.place,
                format!("`{}` line is too short", line.word(0)),
                if template { "server-template PREFIX COUNT ADDRESS" } else { "server NAME ADDRESS" },
            ));
            return Vec::new();
        }
        let mut made = self.clone();
        made.apply(&line.words[first..], line, problems);
        let Template { mut server, check, checked } = made;
        let (address, tls) = plain_address(line.word(first - 1));
        server.is_name = address::is_name(&address);
        server.address = address;
        server.tls |= tls;
        server.params = line.words[first..].to_vec();
        server.place = line.place.clone();
        server.check = checked.then_some(check);
        let name = line.word(1);
        if !template {
            server.name = Some(name.to_owned());
            return vec![server];
        }
        let count = line.word(2);
        let (from, to) = count.split_once('-').unwrap_or(("1", count));
        let (Ok(from), Ok(to)) = (from.parse::<u32>(), to.parse::<u32>()) else {
            problems.push(problem(&line.place, format!("`{count}` is not a count"), "NUMBER or FROM-TO"));
            return Vec::new();
        };
        (from..=to.min(from.saturating_add(MAX_TEMPLATE - 1)))
            .map(|number| Server { name: Some(format!("{name}{number}")), ..server.clone() })
            .collect()
    }

    fn apply(&mut self, words: &[String], line: &Line, problems: &mut Vec<Problem>) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let server = &mut self.server;
            let check = &mut self.check;
            match word.as_str() {
                "check" => self.checked = true,
                "no-check" => self.checked = false,
                "ssl" => server.tls = true,
                "no-ssl" => server.tls = false,
                "backup" => server.backup = true,
                "no-backup" => server.backup = false,
                "disabled" => server.disabled = true,
                "enabled" => server.disabled = false,
                "check-ssl" => check.kind = "ssl".to_owned(),
                word if WITH_ARGUMENT.contains(&word) => {
                    if word == "proto" {
                        server.scheme = words.next().cloned();
                    } else {
                        words.next();
                    }
                }
                "weight" | "maxconn" | "rise" | "fall" | "port" | "inter" | "fastinter" | "downinter"
                | "resolvers" => {
                    let value = words.next().map_or("", String::as_str);
                    if !set(server, check, word, value) && !value.contains('$') {
                        problems.push(problem(
                            &line.place,
                            format!("`{word} {value}` makes no sense"),
                            "a number",
                        ));
                    }
                }
                _ => {}
            }
        }
    }
}

/// Sets one value; false if it could not be read.
fn set(server: &mut Server, check: &mut Check, word: &str, value: &str) -> bool {
    let number = value.parse::<u32>().ok();
    let time = haproxy_ms(value);
    match word {
        "weight" => number.map(|n| server.weight = n).is_some(),
        "maxconn" => number.map(|n| server.max_conns = Some(n)).is_some(),
        "rise" => number.map(|n| check.rise = n).is_some(),
        "fall" => number.map(|n| check.fall = n).is_some(),
        "port" => value.parse().map(|n| check.port = Some(n)).is_ok(),
        "inter" => time.map(|t| check.interval_ms = t).is_some(),
        "fastinter" => time.map(|t| check.fast_interval_ms = Some(t)).is_some(),
        "downinter" => time.map(|t| check.down_interval_ms = Some(t)).is_some(),
        _ => {
            server.resolvers = Some(value.to_owned());
            true
        }
    }
}

/// An address without HAProxy's family prefixes (`ipv4@`, `unix@`, `tcp6@`), and whether the prefix asks for TLS.
pub(super) fn plain_address(text: &str) -> (String, bool) {
    let (family, rest) = match text.split_once('@') {
        Some((family, rest)) if !family.contains(['.', ':', '/', '$']) => (family, rest),
        _ => ("", text),
    };
    let tls = family.starts_with("quic");
    let family = family.rsplit('+').next().unwrap_or(family);
    let address = match family {
        "unix" | "uxdg" | "uxst" => format!("unix:{rest}"),
        "abns" | "abnsz" | "fd" | "sockpair" | "rev" | "rhttp" => text.to_owned(),
        _ if rest.starts_with('/') => format!("unix:{rest}"),
        // Without brackets the last colon of an IPv6 address is the port's.
        _ => match rest.rsplit_once(':') {
            Some((host, port)) if host.contains(':') && !host.contains(['[', '$']) => {
                format!("[{host}]:{port}")
            }
            _ => address::with_port(rest, None),
        },
    };
    (address, tls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Place;

    fn line(text: &str) -> Line {
        let words = text.split(' ').map(str::to_owned).collect();
        Line { words, place: Place { file: "h".to_owned(), line: 1 } }
    }

    #[test]
    fn addresses() {
        for (text, plain) in [
            ("10.0.0.1:80", "10.0.0.1:80"),
            ("ipv4@10.0.0.1:80", "10.0.0.1:80"),
            ("unix@/run/a.sock", "unix:/run/a.sock"),
            ("/run/a.sock", "unix:/run/a.sock"),
            ("::1:80", "[::1]:80"),
            ("[::1]:80", "[::1]:80"),
            ("abns@hap", "abns@hap"),
            ("api.local", "api.local"),
            ("stream+ipv4@10.0.0.1:80", "10.0.0.1:80"),
            ("${HOST}:${PORT}", "${HOST}:${PORT}"),
        ] {
            assert_eq!(plain_address(text).0, plain, "{text}");
        }
    }

    #[test]
    fn keywords_and_their_arguments() {
        let mut problems = Vec::new();
        let server = Template::new()
            .servers(
                &line("server s1 10.0.0.1:443 ssl verify none sni str(backup) cookie check weight 7 backup inter 1s"),
                &mut problems,
            )
            .remove(0);
        assert!(server.tls && server.backup && server.check.is_none());
        assert_eq!(server.weight, 7);
        assert!(problems.is_empty());
    }

    #[test]
    fn defaults_and_templates() {
        let mut problems = Vec::new();
        let mut template = Template::new();
        template.default_server(
            &line("default-server check inter 500ms fall 5 maxconn 9 resolvers lan"),
            &mut problems,
        );
        let servers = template.servers(&line("server-template web 2-4 web.svc:8080 no-check"), &mut problems);
        let names: Vec<_> = servers.iter().map(|s| s.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["web2", "web3", "web4"]);
        assert!(servers[0].check.is_none() && servers[0].is_name);
        let server = template.servers(&line("server a 10.0.0.1:1 fall 2"), &mut problems).remove(0);
        let check = server.check.unwrap();
        assert_eq!((check.interval_ms, check.rise, check.fall), (500, 2, 2));
        assert_eq!((server.max_conns, server.resolvers.as_deref()), (Some(9), Some("lan")));
        assert!(template.servers(&line("server a"), &mut problems).is_empty());
        template.servers(&line("server a 10.0.0.1:1 weight heavy"), &mut problems);
        assert_eq!(problems.len(), 2);
        assert_eq!(template.servers(&line("server-template w 4294967295 x:1"), &mut problems).len(), 1000);
    }
}
