//! haproxy.cfg: sections, what they inherit from `defaults`, and what follows for pools and routes.
//!
//! Each proxy section is looked at through the chain of its own lines and its `defaults` sections'; the
//! nearest line that says something counts.

mod grammar;
mod logs;
mod server;

use logjoin_parse::Product;

use crate::{
    Check, Listen, Matching, Pool, Problem, ProxyConfig, Route, Setting, Timeouts, address,
    tree::{problem, text_of},
    units::{bytes, haproxy_ms},
};

pub(crate) use grammar::{Line, SECTIONS, Section};

pub(crate) fn parse_only(text: &str, problems: &mut Vec<Problem>) -> Vec<Section> {
    grammar::parse("", text, problems)
}

/// Reads `text` as HAProxy configuration, whatever it is. HAProxy has no includes; a folder of files is read file by
/// file.
pub fn read(name: &str, text: &[u8]) -> ProxyConfig {
    let mut config = ProxyConfig::new(Product::Haproxy);
    let sections = grammar::parse(name, &text_of(text), &mut config.problems);
    config.files = vec![name.to_owned()];
    config.settings = settings(&sections);
    let views = views(&sections, &mut config.problems);
    for view in views.iter().filter(|view| view.serves()) {
        let pool = pool(view, &mut config.problems);
        config.pools.push(pool);
    }
    let buffers = header_room(&sections);
    for view in views.iter().filter(|view| view.accepts()) {
        listens(view, &mut config);
        routes(view, &views, buffers, &mut config);
    }
    logs::collect(&sections, &views, &mut config);
    config
}

fn settings(sections: &[Section]) -> Vec<Setting> {
    let setting = |section: &Section, line: &Line| Setting {
        name: line.word(0).to_owned(),
        value: line.from(1),
        args: line.words[1..].to_vec(),
        scope: vec![section.heading()],
        place: line.place.clone(),
    };
    sections.iter().flat_map(|section| section.lines.iter().map(move |line| setting(section, line))).collect()
}

/// A proxy section and the `defaults` sections that it inherits from, nearest first.
struct View<'a> {
    section: &'a Section,
    defaults: Vec<&'a Section>,
}

impl<'a> View<'a> {
    fn accepts(&self) -> bool {
        matches!(self.section.kind.as_str(), "frontend" | "listen")
    }

    fn serves(&self) -> bool {
        matches!(self.section.kind.as_str(), "backend" | "listen")
    }

    /// The section, then what it inherits from.
    fn chain(&self) -> impl Iterator<Item = &'a Section> + use<'a, '_> {
        std::iter::once(self.section).chain(self.defaults.iter().copied())
    }

    /// The line in force among those that begin with these words; a `no ...` line takes it back.
    fn find(&self, words: &[&str]) -> Option<&'a Line> {
        for section in self.chain() {
            for line in section.lines.iter().rev() {
                let negated = line.word(0) == "no";
                let own = &line.words[usize::from(negated)..];
                if own.len() >= words.len() && own.iter().zip(words).all(|(have, want)| have == want) {
                    return (!negated).then_some(line);
                }
            }
        }
        None
    }

    fn value(&self, word: &str) -> Option<String> {
        self.find(&[word]).map(|line| line.from(1)).filter(|value| !value.is_empty())
    }

    /// `timeout NAME`; 0 means no limit, as if it were not set.
    fn timeout(&self, name: &str) -> Option<u64> {
        haproxy_ms(self.find(&["timeout", name])?.word(2)).filter(|&ms| ms > 0)
    }

    /// Mode is tcp unless said (configuration manual, `mode`).
    fn is_http(&self) -> bool {
        self.value("mode").as_deref() == Some("http")
    }

    /// Limits of the server side.
    fn back_timeouts(&self) -> Timeouts {
        Timeouts {
            connect_ms: self.timeout("connect"),
            read_ms: self.timeout("server"),
            send_ms: self.timeout("server"),
            queue_ms: self.timeout("queue"),
            tunnel_ms: self.timeout("tunnel"),
            client_ms: None,
            keepalive_ms: None,
        }
    }

    /// Limits of the client side. Idle clients: `http-keep-alive`, else `http-request`.
    fn front_timeouts(&self) -> Timeouts {
        Timeouts {
            client_ms: self.timeout("client"),
            keepalive_ms: self.timeout("http-keep-alive").or_else(|| self.timeout("http-request")),
            ..Timeouts::default()
        }
    }
}

/// Pairs each proxy section with the `defaults` in force: the named one, else the last one before it.
fn views<'a>(sections: &'a [Section], problems: &mut Vec<Problem>) -> Vec<View<'a>> {
    let named = |name: &str| sections.iter().rev().find(|s| s.kind == "defaults" && s.name == name);
    let mut last = None;
    let mut out = Vec::new();
    for section in sections {
        if section.kind == "defaults" {
            last = Some(section);
            continue;
        }
        if !matches!(section.kind.as_str(), "frontend" | "backend" | "listen") {
            continue;
        }
        let mut chain: Vec<&Section> = Vec::new();
        let mut next = match &section.from {
            Some(name) => {
                let found = named(name);
                if found.is_none() {
                    problems.push(problem(
                        &section.place,
                        format!("no `defaults` section is named `{name}`"),
                        "the section, in this file",
                    ));
                }
                found
            }
            None => last,
        };
        // `defaults a from b`; a circle ends where it begins.
        while let Some(defaults) = next {
            if chain.iter().any(|seen| std::ptr::eq(*seen, defaults)) {
                break;
            }
            chain.push(defaults);
            next = defaults.from.as_deref().and_then(named);
        }
        out.push(View { section, defaults: chain });
    }
    out
}

fn pool(view: &View<'_>, problems: &mut Vec<Problem>) -> Pool {
    let section = view.section;
    let (kind, path) = check_kind(view);
    let mut pool = Pool {
        name: section.name.clone(),
        balance: view.value("balance"),
        retries: view.find(&["retries"]).and_then(|line| line.word(1).parse().ok()),
        timeouts: view.back_timeouts(),
        tcp_mode: !view.is_http(),
        check_path: path.clone(),
        place: section.place.clone(),
        ..Pool::default()
    };
    // `default-server` lines add up: those of the farthest defaults first, the section's own last.
    let mut template = server::Template::new();
    for defaults in view.defaults.iter().rev() {
        for line in defaults.lines.iter().filter(|line| line.word(0) == "default-server") {
            template.default_server(line, problems);
        }
    }
    for line in &section.lines {
        match line.word(0) {
            "default-server" => template.default_server(line, problems),
            "server" | "server-template" => pool.servers.extend(template.servers(line, problems)),
            "dispatch" => pool.servers.push(crate::Server {
                address: server::plain_address(line.word(1)).0,
                weight: 1,
                place: line.place.clone(),
                ..crate::Server::default()
            }),
            _ => {}
        }
    }
    let limit = view.timeout("check");
    for check in pool.servers.iter_mut().filter_map(|server| server.check.as_mut()) {
        if let Some(kind) = &kind {
            check.kind.clone_from(kind);
        }
        *check = Check { timeout_ms: limit, path: path.clone(), ..check.clone() };
    }
    let delays = section.lines.iter().flat_map(|line| {
        let at = line.words.iter().position(|word| word == "pool-purge-delay");
        at.and_then(|at| line.words.get(at + 1)).and_then(|word| haproxy_ms(word))
    });
    pool.keepalive_timeout_ms = delays.min();
    pool
}

/// What health checks ask: the `option ...-chk` in force, and the path of an HTTP one.
fn check_kind(view: &View<'_>) -> (Option<String>, Option<String>) {
    if let Some(line) = view.find(&["option", "httpchk"]) {
        // option httpchk [METHOD] URI [VERSION]
        let on_option = if line.words.len() == 3 { line.word(2) } else { line.word(3) };
        let sent = view.find(&["http-check", "send"]).and_then(|line| {
            let at = line.words.iter().position(|word| word == "uri" || word == "uri-lf")?;
            line.words.get(at + 1).map(String::as_str)
        });
        let path = sent.or(Some(on_option).filter(|path| !path.is_empty())).unwrap_or("/");
        return (Some("http".to_owned()), Some(path.to_owned()));
    }
    let others = [
        "tcp-check",
        "ssl-hello-chk",
        "mysql-check",
        "pgsql-check",
        "redis-check",
        "ldap-check",
        "smtpchk",
        "external-check",
        "spop-check",
    ];
    let kind = others.iter().find(|kind| view.find(&["option", kind]).is_some());
    (kind.map(|kind| (*kind).to_owned()), None)
}

/// Room for a response header: `tune.bufsize` less `tune.maxrewrite`, if one of them is set.
fn header_room(sections: &[Section]) -> Option<u64> {
    let tune = |name: &str| {
        let lines = sections.iter().filter(|s| s.kind == "global").flat_map(|s| &s.lines);
        lines.rev().find(|line| line.word(0) == name).and_then(|line| bytes(line.word(1)))
    };
    let (size, rewrite) = (tune("tune.bufsize"), tune("tune.maxrewrite"));
    if size.is_none() && rewrite.is_none() {
        return None;
    }
    Some(size.unwrap_or(16_384).saturating_sub(rewrite.unwrap_or(1_024)))
}

fn listens(view: &View<'_>, config: &mut ProxyConfig) {
    let section = view.section;
    for line in section.lines.iter().filter(|line| line.word(0) == "bind") {
        let has = |word: &str| line.words.iter().skip(2).any(|have| have == word);
        for part in line.word(1).split(',').filter(|part| !part.is_empty()) {
            let (plain, quic) = server::plain_address(part);
            let address = if plain.starts_with(':') { format!("*{plain}") } else { plain };
            config.listens.push(Listen {
                port: address::port_of(&address),
                address,
                tls: quic || has("ssl"),
                default_server: false,
                proxy_protocol: has("accept-proxy"),
                name: Some(section.name.clone()),
                server_names: Vec::new(),
                place: line.place.clone(),
            });
        }
    }
}

fn routes(view: &View<'_>, views: &[View<'_>], buffers: Option<u64>, config: &mut ProxyConfig) {
    let section = view.section;
    let mut add = |line: &Line, path: String, matching: Matching, target: &str| {
        let back = views.iter().find(|other| other.serves() && other.section.name == target);
        let back_timeouts = back.map(View::back_timeouts).unwrap_or_default();
        if back.is_none() && !target.contains(['%', '$']) {
            config.problems.push(problem(
                &line.place,
                format!("no backend is named `{target}`"),
                "the backend, in this file",
            ));
        }
        let pool = config.pools.iter().find(|pool| pool.name == target);
        config.routes.push(Route {
            server_names: Vec::new(),
            path,
            matching,
            target: target.to_owned(),
            scheme: scheme(back.unwrap_or(view), pool),
            uri: None,
            timeouts: back_timeouts.or(view.front_timeouts()),
            next_upstream: back.and_then(|back| back.value("retry-on")),
            buffers,
            scope: vec![section.heading()],
            place: line.place.clone(),
        });
    };
    for line in section.lines.iter().filter(|line| line.word(0) == "use_backend") {
        let condition = line.from(2);
        let matching = if condition.is_empty() { Matching::Always } else { Matching::Condition };
        add(line, condition, matching, line.word(1));
    }
    // Its own servers are what a `listen` section falls back on, unless it names a default.
    let own = section.kind == "listen"
        && config.pools.iter().any(|pool| pool.name == section.name && !pool.servers.is_empty());
    let default = view.find(&["default_backend"]);
    if let Some(line) = default {
        add(line, String::new(), Matching::Always, line.word(1));
    } else if own {
        let line = Line { words: Vec::new(), place: section.place.clone() };
        add(&line, String::new(), Matching::Always, &section.name);
    }
}

fn scheme(back: &View<'_>, pool: Option<&Pool>) -> String {
    let servers = pool.map(|pool| pool.servers.as_slice()).unwrap_or_default();
    let proto = servers.first().and_then(|server| server.scheme.as_deref());
    let name = match proto {
        _ if !back.is_http() => "tcp",
        Some("fcgi") => "fastcgi",
        Some("h2") => "h2",
        _ if back.find(&["use-fcgi-app"]).is_some() => "fastcgi",
        _ if servers.first().is_some_and(|server| server.tls) => "https",
        _ => "http",
    };
    name.to_owned()
}
