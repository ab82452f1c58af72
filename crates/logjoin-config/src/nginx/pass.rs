//! `proxy_pass` and its siblings: where a location hands its requests, and within which limits.

use crate::{
    Check, Matching, Pool, ProxyConfig, Route, Timeouts,
    tree::{Node, Scope, problem},
    units::{bytes, nginx_ms},
};

use super::upstream;

/// The modules that hand on: prefix of their directives, scheme, default port (`None`: the port must be written).
const MODULES: &[(&str, &str, Option<u16>)] = &[
    ("proxy", "http", Some(80)),
    ("fastcgi", "fastcgi", None),
    ("uwsgi", "uwsgi", None),
    ("scgi", "scgi", None),
    ("grpc", "grpc", Some(80)),
    ("memcached", "memcached", None),
];

/// Idle limit of a stream session if none is set (`ngx_stream_proxy_module.c`).
const STREAM_IDLE_MS: u64 = 600_000;

/// Adds the routes that stand directly in a block.
pub(super) fn routes(scope: &Scope<'_>, stream: bool, server_names: &[String], config: &mut ProxyConfig) {
    for &(module, scheme, port) in MODULES {
        let Some(node) = scope.own(&format!("{module}_pass")) else { continue };
        let written = resolve(node.arg(0), scope);
        let Some(to) = Target::parse(&written, scheme, port) else {
            config.problems.push(problem(
                &node.place,
                format!("`{}` names no server", node.heading()),
                "an address",
            ));
            continue;
        };
        let target = pool_for(&to, stream, node, config);
        let (path, matching) = location(scope, stream);
        if let Some(check) = scope.own("health_check") {
            health_check(check, &target, config);
        }
        let find = |suffix: &str| scope.find(&format!("{module}_{suffix}"));
        config.routes.push(Route {
            server_names: server_names.to_vec(),
            path,
            matching,
            target,
            scheme: if stream { "tcp".to_owned() } else { to.scheme },
            uri: to.uri,
            timeouts: timeouts(scope, module, stream),
            next_upstream: find("next_upstream").map(Node::value),
            buffers: find("buffer_size").and_then(|node| bytes(node.arg(0))),
            scope: scope.path(),
            place: node.place.clone(),
        });
    }
}

fn timeouts(scope: &Scope<'_>, module: &str, stream: bool) -> Timeouts {
    let time = |name: &str| scope.find(name).and_then(|node| nginx_ms(node.arg(0)));
    if stream {
        let idle = time("proxy_timeout").or(Some(STREAM_IDLE_MS));
        return Timeouts {
            connect_ms: time("proxy_connect_timeout"),
            read_ms: idle,
            send_ms: idle,
            client_ms: idle,
            ..Timeouts::default()
        };
    }
    Timeouts {
        connect_ms: time(&format!("{module}_connect_timeout")),
        read_ms: time(&format!("{module}_read_timeout")),
        send_ms: time(&format!("{module}_send_timeout")),
        client_ms: time("client_body_timeout"),
        keepalive_ms: time("keepalive_timeout"),
        ..Timeouts::default()
    }
}

/// The path of the nearest `location` around, and how it is compared.
fn location(scope: &Scope<'_>, stream: bool) -> (String, Matching) {
    if stream {
        return (String::new(), Matching::Always);
    }
    for heading in scope.path().iter().rev() {
        let Some(rest) = heading.strip_prefix("location ") else { continue };
        let (modifier, path) = rest.split_once(' ').unwrap_or(("", rest));
        return match modifier {
            "=" => (path.to_owned(), Matching::Exact),
            "~" => (path.to_owned(), Matching::Regex),
            "~*" => (path.to_owned(), Matching::RegexIgnoreCase),
            "^~" => (path.to_owned(), Matching::PrefixFirst),
            _ if rest.starts_with('@') => (rest.to_owned(), Matching::Named),
            // nginx also takes the modifier without a space after it.
            _ if rest.starts_with("~*") => (rest[2..].to_owned(), Matching::RegexIgnoreCase),
            _ if rest.starts_with('~') => (rest[1..].to_owned(), Matching::Regex),
            _ if rest.starts_with("^~") => (rest[2..].to_owned(), Matching::PrefixFirst),
            _ if rest.starts_with('=') => (rest[1..].to_owned(), Matching::Exact),
            _ => (rest.to_owned(), Matching::Prefix),
        };
    }
    ("/".to_owned(), Matching::Prefix)
}

/// The argument of a `*_pass`, taken apart.
struct Target {
    scheme: String,
    /// Host, `host:port`, group name, `unix:/path`, perhaps with variables.
    host: String,
    uri: Option<String>,
    default_port: Option<u16>,
}

impl Target {
    fn parse(text: &str, scheme: &str, port: Option<u16>) -> Option<Target> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['$', '/', ':']) => (scheme.to_ascii_lowercase(), rest),
            _ => (scheme.to_owned(), text),
        };
        let default_port = match scheme.as_str() {
            "https" | "grpcs" => Some(443),
            _ => port,
        };
        let (host, uri) = match rest.strip_prefix("unix:") {
            // http://unix:/run/app.sock:/uri
            Some(path) => match path.split_once(':') {
                Some((path, uri)) => (format!("unix:{path}"), Some(uri)),
                None => (rest.to_owned(), None),
            },
            None => match rest.find('/') {
                Some(at) => (rest[..at].to_owned(), Some(&rest[at..])),
                None => (rest.to_owned(), None),
            },
        };
        let uri = uri.filter(|uri| !uri.is_empty()).map(str::to_owned);
        (!host.is_empty()).then_some(Target { scheme, host, uri, default_port })
    }
}

/// Name of the pool that a target means; makes an anonymous one where it names a server directly.
fn pool_for(to: &Target, stream: bool, node: &Node, config: &mut ProxyConfig) -> String {
    if config.pools.iter().any(|pool| !pool.anonymous && pool.name == to.host) || to.host.contains('$') {
        return to.host.clone();
    }
    let server = upstream::at(&to.host, to.default_port, node);
    let name = server.address.clone();
    if !config.pools.iter().any(|pool| pool.name == name) {
        config.pools.push(Pool {
            name: name.clone(),
            anonymous: true,
            servers: vec![server],
            tcp_mode: stream,
            place: node.place.clone(),
            ..Pool::default()
        });
    }
    name
}

/// nginx Plus `health_check [interval=5s] [fails=1] [passes=1] [uri=/] [port=N]`.
fn health_check(node: &Node, target: &str, config: &mut ProxyConfig) {
    let value = |key: &str| node.args.iter().find_map(|arg| arg.strip_prefix(key)?.strip_prefix('='));
    let Some(pool) = config.pools.iter_mut().find(|pool| pool.name == target) else { return };
    let path = (!pool.tcp_mode).then(|| value("uri").unwrap_or("/").to_owned());
    let check = Check {
        interval_ms: value("interval").and_then(nginx_ms).unwrap_or(5_000),
        rise: value("passes").and_then(|v| v.parse().ok()).unwrap_or(1),
        fall: value("fails").and_then(|v| v.parse().ok()).unwrap_or(1),
        fast_interval_ms: None,
        down_interval_ms: None,
        timeout_ms: None,
        port: value("port").and_then(|v| v.parse().ok()),
        kind: if pool.tcp_mode { "tcp" } else { "http" }.to_owned(),
        path: path.clone(),
    };
    pool.check_path = path;
    for server in &mut pool.servers {
        server.check = Some(check.clone());
    }
}

/// Replaces variables that a `set` in force gives one plain value; others stay as they are.
fn resolve(text: &str, scope: &Scope<'_>) -> String {
    let mut text = text.to_owned();
    // A value may itself hold variables; a circle of them ends here.
    for _ in 0..4 {
        let Some(next) = resolve_once(&text, scope) else { break };
        text = next;
    }
    text
}

fn resolve_once(text: &str, scope: &Scope<'_>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut changed = false;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let (name, after) = variable(&rest[at + 1..]);
        match value_of(name, scope) {
            Some(value) => {
                out.push_str(value);
                changed = true;
            }
            None => out.push_str(&rest[at..rest.len() - after.len()]),
        }
        rest = after;
    }
    out.push_str(rest);
    changed.then_some(out)
}

/// The name after a `$`, and what follows it.
fn variable(text: &str) -> (&str, &str) {
    if let Some((name, after)) = text.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
        return (name, after);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at(end)
}

/// The value that `set $name VALUE` gives in the nearest block that sets it; `None` if an `if` may set another.
fn value_of<'a>(name: &str, scope: &'a Scope<'_>) -> Option<&'a str> {
    let sets = |node: &Node| node.name == "set" && node.arg(0).strip_prefix('$') == Some(name);
    if name.is_empty() {
        return None;
    }
    for here in scope.outwards() {
        let perhaps = here.nodes.iter().any(|node| node.name == "if" && node.children().iter().any(sets));
        let last = here.nodes.iter().rev().find(|node| sets(node));
        if perhaps {
            return None;
        }
        if let Some(node) = last {
            return Some(node.arg(1)).filter(|value| !value.is_empty());
        }
    }
    None
}
