//! httpd.conf: virtual hosts, balancers, `ProxyPass`, and the logs.
//!
//! The file is first put together (includes, conditions, macros), then read twice: once for balancers and
//! workers, which may be set up anywhere, and once for what uses them.

mod expand;
mod grammar;
mod logs;
mod pass;
mod worker;

use logjoin_parse::Product;

use crate::{
    Listen, Loader, Problem, ProxyConfig, Timeouts, address,
    include::Sources,
    tree::{Node, Scope, settings},
    units::httpd_ms,
};

pub(crate) fn parse_only(text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    grammar::parse("", text, problems)
}

/// Reads `text` as httpd configuration, whatever it is. `name` stands in the places.
pub fn read(name: &str, text: &[u8], loader: &mut Loader<'_>) -> ProxyConfig {
    let mut config = ProxyConfig::new(Product::Apache);
    let mut sources = Sources::new(name, loader);
    let nodes = expand::Expander::new(&mut sources, &mut config.problems).file(name, text);
    config.files = sources.files;
    settings(&nodes, &mut Vec::new(), &mut config.settings);
    let root = Scope::root(&nodes);
    let workers = worker::collect(&root, &mut config);
    logs::formats(&nodes, &mut config);
    logs::targets(&root, &[], &mut config);
    listens(&nodes, &mut config);
    let mut names = server_names(&nodes);
    pass::routes(&root, &names, &workers, &mut config);
    for node in nodes.iter().filter(|node| node.key == "virtualhost" && node.block.is_some()) {
        names = server_names(node.children());
        let scope = root.enter(node);
        logs::targets(&scope, &names, &mut config);
        pass::routes(&scope, &names, &workers, &mut config);
    }
    worker::finish(&mut config);
    config
}

/// `ServerName` and `ServerAlias`, without scheme and port.
fn server_names(nodes: &[Node]) -> Vec<String> {
    let mut out = Vec::new();
    for node in nodes.iter().filter(|node| node.block.is_none()) {
        match node.key.as_str() {
            "servername" => {
                let name = node.arg(0);
                let name = name.split_once("://").map_or(name, |(_, name)| name);
                out.insert(0, address::split_port(name).0.to_owned());
            }
            "serveralias" => out.extend(node.args.iter().cloned()),
            _ => {}
        }
    }
    out
}

fn listens(nodes: &[Node], config: &mut ProxyConfig) {
    let hosts = || nodes.iter().filter(|node| node.key == "virtualhost");
    for node in nodes.iter().filter(|node| node.key == "listen" && node.block.is_none()) {
        let first = node.arg(0);
        let address = if first.parse::<u16>().is_ok() { format!("*:{first}") } else { first.to_owned() };
        let port = address::port_of(&address);
        let tls_host = hosts().any(|host| {
            let on = host
                .children()
                .iter()
                .any(|node| node.key == "sslengine" && node.arg(0).eq_ignore_ascii_case("on"));
            on && host.args.iter().any(|at| address::port_of(at) == port)
        });
        config.listens.push(Listen {
            port,
            address,
            // https is the protocol of port 443 unless said (`Listen` in the manual).
            tls: tls_host
                || node.arg(1).eq_ignore_ascii_case("https")
                || (port == Some(443) && node.arg(1).is_empty()),
            default_server: false,
            proxy_protocol: false,
            name: None,
            server_names: Vec::new(),
            place: node.place.clone(),
        });
    }
}

/// Limits of a server: `ProxyTimeout` else `Timeout` for reading, `Timeout` and `KeepAliveTimeout` for clients.
fn timeouts(scope: &Scope<'_>) -> Timeouts {
    let time = |key: &str| scope.find(key).and_then(|node| httpd_ms(node.arg(0), 1_000));
    Timeouts {
        read_ms: time("proxytimeout").or_else(|| time("timeout")),
        client_ms: time("timeout"),
        keepalive_ms: time("keepalivetimeout"),
        ..Timeouts::default()
    }
}
