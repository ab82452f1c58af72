//! `upstream` blocks and their servers (`ngx_http_upstream_module`, `ngx_stream_upstream_module`).

use crate::{
    Check, Pool, Problem, ProxyConfig, Server, Timeouts, address,
    tree::{Node, problem},
    units::nginx_ms,
};

/// Reads all groups below `nodes`.
pub(super) fn collect(nodes: &[Node], stream: bool, config: &mut ProxyConfig) {
    for node in nodes.iter().filter(|node| node.block.is_some()) {
        if node.name == "upstream" {
            let pool = pool(node, stream, &mut config.problems);
            config.pools.push(pool);
        } else {
            collect(node.children(), stream || node.name == "stream", config);
        }
    }
}

fn pool(block: &Node, stream: bool, problems: &mut Vec<Problem>) -> Pool {
    let mut pool = Pool {
        name: block.arg(0).to_owned(),
        tcp_mode: stream,
        place: block.place.clone(),
        ..Pool::default()
    };
    let mut check = None;
    for node in block.children() {
        match node.name.as_str() {
            "server" => pool.servers.push(server(node, problems)),
            "keepalive" => pool.keepalive = node.arg(0).parse().ok(),
            "keepalive_timeout" => pool.keepalive_timeout_ms = nginx_ms(node.arg(0)),
            "least_conn" | "ip_hash" | "random" | "hash" | "least_time" => {
                pool.balance = Some(node.heading())
            }
            "queue" => pool.timeouts = queue(node),
            "check" => check = Some(active_check(node)),
            "check_http_send" => pool.check_path = node.arg(0).split(' ').nth(1).map(str::to_owned),
            _ => {}
        }
    }
    if check.is_some() {
        for server in &mut pool.servers {
            server.check = check.clone().map(|check| Check { path: pool.check_path.clone(), ..check });
        }
    }
    if pool.servers.is_empty() {
        problems.push(problem(
            &block.place,
            format!("group `{}` has no servers", pool.name),
            "server ADDRESS;",
        ));
    }
    pool
}

/// `queue NUMBER [timeout=TIME]`, 60 s if not said.
fn queue(node: &Node) -> Timeouts {
    let said = node.args.iter().find_map(|arg| arg.strip_prefix("timeout=")).and_then(nginx_ms);
    Timeouts { queue_ms: said.or(Some(60_000)), ..Timeouts::default() }
}

/// `check interval=3000 rise=2 fall=5 timeout=1000 type=http` of nginx_upstream_check_module and Tengine: times in
/// milliseconds, defaults 30 s, 2, 5, 1 s, tcp.
fn active_check(node: &Node) -> Check {
    let value = |key: &str| node.args.iter().find_map(|arg| arg.strip_prefix(key)?.strip_prefix('='));
    Check {
        interval_ms: value("interval").and_then(|v| v.parse().ok()).unwrap_or(30_000),
        rise: value("rise").and_then(|v| v.parse().ok()).unwrap_or(2),
        fall: value("fall").and_then(|v| v.parse().ok()).unwrap_or(5),
        fast_interval_ms: None,
        down_interval_ms: None,
        timeout_ms: value("timeout").and_then(|v| v.parse().ok()).or(Some(1_000)),
        port: value("port").and_then(|v| v.parse().ok()),
        kind: value("type").unwrap_or("tcp").to_owned(),
        path: None,
    }
}

fn server(node: &Node, problems: &mut Vec<Problem>) -> Server {
    let mut server = at(node.arg(0), Some(80), node);
    server.params = node.args.get(1..).unwrap_or_default().to_vec();
    for word in node.args.iter().skip(1) {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let mut number = || {
            let number = value.parse().ok();
            if number.is_none() {
                problems.push(problem(
                    &node.place,
                    format!("`{word}` is not a number"),
                    format!("{key}=NUMBER"),
                ));
            }
            number
        };
        match key {
            "weight" => server.weight = number().unwrap_or(1),
            "max_fails" => server.max_fails = number(),
            "max_conns" => server.max_conns = number(),
            "fail_timeout" => {
                server.fail_timeout_ms = nginx_ms(value);
                if server.fail_timeout_ms.is_none() {
                    problems.push(problem(
                        &node.place,
                        format!("`{word}` is not a time"),
                        "fail_timeout=TIME, as in 10s",
                    ));
                }
            }
            "backup" => server.backup = true,
            "down" => server.disabled = true,
            "resolve" => server.resolvers = Some("resolve".to_owned()),
            _ => {}
        }
    }
    server
}

/// A server at an address as nginx writes it.
pub(super) fn at(text: &str, default_port: Option<u16>, node: &Node) -> Server {
    let address =
        if text.starts_with("unix:") { text.to_owned() } else { address::with_port(text, default_port) };
    Server {
        is_name: address::is_name(&address),
        address,
        weight: 1,
        place: node.place.clone(),
        ..Server::default()
    }
}
