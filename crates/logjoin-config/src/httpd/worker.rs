//! Balancers, their members, and the parameters of workers (`modules/proxy/mod_proxy.c`, `set_worker_param`,
//! `set_balancer_param`).

use std::collections::BTreeMap;

use crate::{
    Check, Pool, Problem, ProxyConfig, Server, Timeouts, address,
    tree::{Node, Scope, problem},
    units::httpd_ms,
};

/// Parameters of workers that are set apart from the route, in `<Proxy "http://...">` or `ProxySet URL`, by URL.
pub(super) type Workers = BTreeMap<String, Vec<String>>;

/// A URL of a backend, taken apart.
pub(super) struct Url<'a> {
    pub(super) scheme: &'a str,
    pub(super) address: String,
    pub(super) path: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// `http://host:port/path`, `unix:/path.sock|http://host/path`, `balancer://name/path`.
    pub(super) fn parse(text: &'a str) -> Option<Url<'a>> {
        let (socket, url) = match text.strip_prefix("unix:").and_then(|rest| rest.split_once('|')) {
            Some((socket, url)) => (Some(socket), url),
            None => (None, text),
        };
        let (scheme, rest) = url.split_once(':')?;
        let rest = rest.strip_prefix("//").or_else(|| socket.map(|_| rest))?;
        let (host, path) = match rest.find('/') {
            Some(at) => (&rest[..at], Some(&rest[at..])),
            None => (rest, None),
        };
        let address = match socket {
            Some(socket) => format!("unix:{socket}"),
            None if scheme.eq_ignore_ascii_case("balancer") => {
                format!("balancer://{}", host.to_ascii_lowercase())
            }
            None => address::with_port(host, default_port(scheme)),
        };
        (!scheme.is_empty() && (socket.is_some() || !host.is_empty())).then_some(Url {
            scheme,
            address,
            path,
        })
    }

    pub(super) fn is_balancer(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("balancer")
    }
}

/// Ports of the schemes (`apr_uri_port_of_scheme` and the proxy modules' `canon` functions).
fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme.to_ascii_lowercase().as_str() {
        "http" | "h2c" | "ws" => 80,
        "https" | "h2" | "wss" => 443,
        "ajp" => 8009,
        "fcgi" => 8000,
        "scgi" => 4000,
        "uwsgi" => 3031,
        "ftp" => 21,
        _ => return None,
    })
}

/// Makes the pools of all balancers, and notes parameters of other workers.
pub(super) fn collect(scope: &Scope<'_>, config: &mut ProxyConfig) -> Workers {
    let mut workers = Workers::new();
    gather(scope, None, config, &mut workers);
    workers
}

fn gather(scope: &Scope<'_>, proxy: Option<&str>, config: &mut ProxyConfig, workers: &mut Workers) {
    for node in scope.nodes {
        match (node.key.as_str(), node.block.is_some()) {
            ("proxy", true) => {
                let url = node.arg(0);
                if let Some(Url { address, .. }) = Url::parse(url).filter(Url::is_balancer) {
                    pool(&address, node, scope, config);
                    set_balancer(&address, &node.args[1..], config);
                } else if node.args.len() > 1 {
                    workers.entry(key(url)).or_default().extend_from_slice(&node.args[1..]);
                }
                gather(&scope.enter(node), Some(url), config, workers);
            }
            (_, true) => gather(&scope.enter(node), proxy, config, workers),
            ("balancermember", _) => {
                let named = node.arg(0).to_ascii_lowercase().starts_with("balancer:");
                let (balancer, rest) = match proxy {
                    Some(balancer) if !named => (balancer, node.args.as_slice()),
                    _ => (node.arg(0), node.args.get(1..).unwrap_or_default()),
                };
                member(balancer, rest, node, scope, config);
            }
            ("proxyset", _) => {
                let own = Some(node.arg(0)).filter(|url| !url.contains('=') && url.contains(':'));
                let rest = if own.is_some() { &node.args[1..] } else { node.args.as_slice() };
                let Some(url) = own.or(proxy) else { continue };
                match Url::parse(url).filter(Url::is_balancer) {
                    Some(Url { address, .. }) => {
                        pool(&address, node, scope, config);
                        set_balancer(&address, rest, config);
                    }
                    None => workers.entry(key(url)).or_default().extend_from_slice(rest),
                }
            }
            _ => {}
        }
    }
}

/// What a worker is known by: its URL without a slash at the end.
fn key(url: &str) -> String {
    url.trim_end_matches('/').to_owned()
}

/// The pool of that name, made if need be.
pub(super) fn pool<'c>(
    name: &str,
    node: &Node,
    scope: &Scope<'_>,
    config: &'c mut ProxyConfig,
) -> &'c mut Pool {
    let at = match config.pools.iter().position(|pool| pool.name == name) {
        Some(at) => at,
        None => {
            config.pools.push(Pool {
                name: name.to_owned(),
                timeouts: super::timeouts(scope),
                place: node.place.clone(),
                ..Pool::default()
            });
            config.pools.len() - 1
        }
    };
    &mut config.pools[at]
}

fn member(balancer: &str, words: &[String], node: &Node, scope: &Scope<'_>, config: &mut ProxyConfig) {
    let url = words.first().map_or("", String::as_str);
    let (Some(Url { address: name, .. }), Some(to)) =
        (Url::parse(balancer).filter(Url::is_balancer), Url::parse(url))
    else {
        config.problems.push(problem(
            &node.place,
            format!("`{}` is no member of a balancer", node.heading()),
            "BalancerMember [balancer://NAME] URL",
        ));
        return;
    };
    let server = server(&to, &words[1..], node, &mut config.problems);
    pool(&name, node, scope, config).servers.push(server);
}

/// A server with the parameters of its worker.
pub(super) fn server(to: &Url<'_>, params: &[String], node: &Node, problems: &mut Vec<Problem>) -> Server {
    let scheme = to.scheme.to_ascii_lowercase();
    let mut server = Server {
        is_name: address::is_name(&to.address),
        address: to.address.clone(),
        tls: matches!(scheme.as_str(), "https" | "h2" | "wss"),
        scheme: Some(scheme),
        weight: 1,
        place: node.place.clone(),
        ..Server::default()
    };
    set_worker(&mut server, params, node, problems);
    server
}

pub(super) fn set_worker(server: &mut Server, params: &[String], node: &Node, problems: &mut Vec<Problem>) {
    let mut check = Check {
        interval_ms: 30_000,
        rise: 1,
        fall: 1,
        fast_interval_ms: None,
        down_interval_ms: None,
        timeout_ms: None,
        port: None,
        kind: String::new(),
        path: None,
    };
    for word in params {
        let Some((key, value)) = word.split_once('=') else { continue };
        let seconds = httpd_ms(value, 1_000);
        let number = value.parse::<u32>().ok();
        let known = match key.to_ascii_lowercase().as_str() {
            "timeout" => seconds.map(|ms| server.timeouts.read_ms = Some(ms)).is_some(),
            "connectiontimeout" => seconds.map(|ms| server.timeouts.connect_ms = Some(ms)).is_some(),
            "retry" => seconds.map(|ms| server.fail_timeout_ms = Some(ms)).is_some(),
            // Since 2.4.31 with two digits after the point.
            "loadfactor" => {
                value.parse::<f64>().map(|n| server.weight = n.round().clamp(1.0, 100.0) as u32).is_ok()
            }
            "max" => number.map(|n| server.max_conns = Some(n)).is_some(),
            "acquire" => httpd_ms(value, 1).map(|ms| server.timeouts.queue_ms = Some(ms)).is_some(),
            "ttl" => seconds.map(|ms| server.timeouts.keepalive_ms = Some(ms)).is_some(),
            "status" => {
                status(server, value);
                true
            }
            "route" => {
                server.name = Some(value.to_owned());
                true
            }
            "hcmethod" => {
                check.kind = value.to_owned();
                true
            }
            "hcinterval" => seconds.map(|ms| check.interval_ms = ms).is_some(),
            "hcpasses" => number.map(|n| check.rise = n).is_some(),
            "hcfails" => number.map(|n| check.fall = n).is_some(),
            "hcuri" => {
                check.path = Some(value.to_owned());
                true
            }
            _ => true,
        };
        if !known && !value.contains("${") {
            problems.push(problem(
                &node.place,
                format!("`{word}` makes no sense"),
                format!("a number for `{key}`"),
            ));
        }
    }
    server.params.extend_from_slice(params);
    if !check.kind.is_empty() && !check.kind.eq_ignore_ascii_case("none") {
        server.check = Some(check);
    }
}

/// `status=+H`, `-D`, `+I`: D disabled, S stopped, H hot standby, R hot spare.
fn status(server: &mut Server, flags: &str) {
    let mut on = true;
    for flag in flags.chars() {
        match flag.to_ascii_uppercase() {
            '+' => on = true,
            '-' => on = false,
            'D' | 'S' => server.disabled = on,
            'H' | 'R' => server.backup = on,
            _ => {}
        }
    }
}

/// Parameters of a balancer. Its `timeout` is the wait for a free member, not for an answer.
pub(super) fn set_balancer(name: &str, params: &[String], config: &mut ProxyConfig) {
    let Some(pool) = config.pools.iter_mut().find(|pool| pool.name == name) else { return };
    for (key, value) in params.iter().filter_map(|word| word.split_once('=')) {
        match key.to_ascii_lowercase().as_str() {
            "lbmethod" => pool.balance = Some(value.to_owned()),
            "maxattempts" => pool.retries = value.parse().ok(),
            "timeout" => pool.timeouts.queue_ms = httpd_ms(value, 1_000),
            _ => {}
        }
    }
}

/// Limits of a pool's servers together: the shortest of each; a server without its own has the pool's.
pub(super) fn together(pool: &Pool) -> Timeouts {
    let own = |server: &Server| {
        let mut own = server.timeouts;
        own.keepalive_ms = None;
        // Connecting may take as long as the worker's own timeout unless `connectiontimeout` says otherwise.
        own.connect_ms = own.connect_ms.or(own.read_ms);
        own.send_ms = own.send_ms.or(own.read_ms);
        own.or(pool.timeouts)
    };
    pool.servers.iter().map(own).reduce(Timeouts::shortest).unwrap_or(pool.timeouts)
}

/// What can only be said of a pool once all members are known.
pub(super) fn finish(config: &mut ProxyConfig) {
    for pool in &mut config.pools {
        pool.timeouts = together(pool);
        pool.keepalive_timeout_ms =
            pool.servers.iter().filter_map(|server| server.timeouts.keepalive_ms).min();
        let mut checks = pool.servers.iter().filter_map(|server| server.check.as_ref());
        pool.check_path = checks.find_map(|check| check.path.clone());
        if pool.servers.is_empty() {
            config.problems.push(problem(
                &pool.place,
                format!("`{}` has no members", pool.name),
                "BalancerMember URL",
            ));
        }
    }
}
