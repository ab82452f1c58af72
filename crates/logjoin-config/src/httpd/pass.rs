//! What is handed on: `ProxyPass`, `ProxyPassMatch`, `SetHandler "proxy:..."`, `RewriteRule ... [P]`.

use crate::{
    Matching, Pool, ProxyConfig, Route,
    tree::{Node, Scope, problem},
    units::bytes,
};

use super::worker::{self, Url, Workers};

/// Adds the routes of a server: those of its own lines, then those of the sections inside.
pub(super) fn routes(scope: &Scope<'_>, names: &[String], workers: &Workers, config: &mut ProxyConfig) {
    for node in scope.nodes {
        if node.block.is_some() {
            if node.key != "virtualhost" {
                routes(&scope.enter(node), names, workers, config);
            }
            continue;
        }
        let section = section(scope);
        let found = match (node.key.as_str(), section) {
            ("proxypass", Some((path, matching))) if Url::parse(node.arg(0)).is_some() => {
                Some((path, matching, node.arg(0).to_owned(), &node.args[1..]))
            }
            ("proxypass", _) => {
                Some((node.arg(0).to_owned(), Matching::Prefix, node.arg(1).to_owned(), rest(node)))
            }
            ("proxypassmatch", Some((path, matching))) if Url::parse(node.arg(0)).is_some() => {
                Some((path, matching, node.arg(0).to_owned(), &node.args[1..]))
            }
            ("proxypassmatch", _) => {
                Some((node.arg(0).to_owned(), Matching::Regex, node.arg(1).to_owned(), rest(node)))
            }
            ("sethandler", section) => node.arg(0).strip_prefix("proxy:").map(|url| {
                let (path, matching) = section.unwrap_or(("/".to_owned(), Matching::Prefix));
                (path, matching, url.to_owned(), [].as_slice())
            }),
            ("rewriterule", _) if hands_on(node.arg(2)) => {
                Some((node.arg(0).to_owned(), Matching::Regex, node.arg(1).to_owned(), [].as_slice()))
            }
            _ => None,
        };
        let Some((path, matching, url, params)) = found else { continue };
        // An exclusion; it stays in the settings.
        if url == "!" {
            continue;
        }
        let Some(to) = Url::parse(&url) else {
            config.problems.push(problem(
                &node.place,
                format!("`{}` names no backend", node.heading()),
                "ProxyPass PATH URL [KEY=VALUE ...]",
            ));
            continue;
        };
        add(scope, names, workers, config, node, Way { path, matching, to, url: &url, params });
    }
}

/// A route before its pool is known.
struct Way<'a> {
    path: String,
    matching: Matching,
    to: Url<'a>,
    url: &'a str,
    params: &'a [String],
}

fn rest(node: &Node) -> &[String] {
    node.args.get(2..).unwrap_or_default()
}

fn add(
    scope: &Scope<'_>,
    names: &[String],
    workers: &Workers,
    config: &mut ProxyConfig,
    node: &Node,
    way: Way<'_>,
) {
    let target = way.to.address.clone();
    // A back-reference or variable in the host: which server it is, only the request tells.
    let symbolic = target.contains(['$', '%']) && !target.starts_with("unix:");
    if way.to.is_balancer() {
        if !symbolic {
            worker::pool(&target, node, scope, config);
            worker::set_balancer(&target, way.params, config);
        }
    } else if !symbolic {
        let mut params = named(way.url, workers);
        params.extend_from_slice(way.params);
        match config.pools.iter_mut().find(|pool| pool.name == target) {
            // The first definition of a worker counts; later ones may add to it.
            Some(pool) => {
                let missing: Vec<String> = match pool.servers.first() {
                    Some(server) => {
                        params.into_iter().filter(|word| !has_key(&server.params, word)).collect()
                    }
                    None => Vec::new(),
                };
                if let Some(server) = pool.servers.first_mut() {
                    worker::set_worker(server, &missing, node, &mut config.problems);
                }
            }
            None => {
                let server = worker::server(&way.to, &params, node, &mut config.problems);
                config.pools.push(Pool {
                    name: target.clone(),
                    anonymous: true,
                    servers: vec![server],
                    timeouts: super::timeouts(scope),
                    place: node.place.clone(),
                    ..Pool::default()
                });
            }
        }
    }
    let pool = config.pools.iter().find(|pool| pool.name == target);
    let servers = pool.map(|pool| pool.servers.as_slice()).unwrap_or_default();
    let scheme = match (way.to.is_balancer(), servers.first().and_then(|server| server.scheme.clone())) {
        (true, Some(scheme)) => scheme,
        _ => way.to.scheme.to_ascii_lowercase(),
    };
    // The virtual server's own limits, where neither the worker nor the balancer sets one.
    let timeouts = pool.map(worker::together).unwrap_or_default().or(super::timeouts(scope));
    let field_size = |params: &[String]| {
        params
            .iter()
            .rev()
            .find_map(|word| bytes(word.to_ascii_lowercase().strip_prefix("responsefieldsize=")?))
    };
    config.routes.push(Route {
        server_names: names.to_vec(),
        path: way.path,
        matching: way.matching,
        target,
        scheme: if scheme == "fcgi" { "fastcgi".to_owned() } else { scheme },
        uri: way.to.path.map(str::to_owned),
        timeouts,
        next_upstream: None,
        buffers: servers.iter().filter_map(|server| field_size(&server.params)).min(),
        scope: scope.path(),
        place: node.place.clone(),
    });
}

/// Parameters set for this URL, or for the worker whose URL is a prefix of it.
fn named(url: &str, workers: &Workers) -> Vec<String> {
    let url = url.trim_end_matches('/');
    let covers =
        |worker: &str| url.strip_prefix(worker).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let best = workers.iter().filter(|(worker, _)| covers(worker)).max_by_key(|(worker, _)| worker.len());
    best.map(|(_, params)| params.clone()).unwrap_or_default()
}

fn has_key(params: &[String], word: &str) -> bool {
    let key = |word: &str| word.split('=').next().unwrap_or("").to_ascii_lowercase();
    params.iter().any(|have| key(have) == key(word))
}

/// The path of the nearest section around that is about paths or files.
fn section(scope: &Scope<'_>) -> Option<(String, Matching)> {
    let path = scope.path();
    path.iter().rev().find_map(|heading| {
        let (name, value) = heading.split_once(' ').unwrap_or((heading, ""));
        match (name.to_ascii_lowercase().as_str(), value.strip_prefix("~ ")) {
            ("locationmatch" | "filesmatch", _) => Some((value.to_owned(), Matching::Regex)),
            ("location" | "files", Some(pattern)) => Some((pattern.to_owned(), Matching::Regex)),
            ("location", None) => Some((value.to_owned(), Matching::Prefix)),
            _ => None,
        }
    })
}

/// `[P]` or `[P,L]` among the flags of a `RewriteRule`.
fn hands_on(flags: &str) -> bool {
    let flags = flags.trim_start_matches('[').trim_end_matches(']');
    flags.split(',').any(|flag| matches!(flag.trim().to_ascii_lowercase().as_str(), "p" | "proxy"))
}
