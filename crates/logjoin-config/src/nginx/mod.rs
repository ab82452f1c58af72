//! nginx.conf: `upstream`, `server`, `location` and the directives that hand requests on.
//!
//! Values in force are found by looking outwards from the `location`, as nginx merges them; so a
//! route's limits are right wherever in the file they were set.

mod dump;
mod grammar;
mod pass;
mod upstream;

use logjoin_parse::Product;

use crate::{
    Listen, Loader, LogKind, LogTarget, NamedFormat, Problem, ProxyConfig, address,
    include::Sources,
    tree::{Node, Scope, settings, text_of},
};

/// The format that nginx knows without being told (`src/http/modules/ngx_http_log_module.c`).
pub(crate) const COMBINED: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \
                                   \"$http_referer\" \"$http_user_agent\"";

/// Files of parameters that come with nginx and hold nothing for us.
const PARAMETER_FILES: &[&str] = &[
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "uwsgi_params",
    "scgi_params",
    "proxy_params",
    "koi-utf",
    "koi-win",
    "win-utf",
];

pub(crate) fn parse_only(text: &str, problems: &mut Vec<Problem>) -> Vec<Node> {
    grammar::parse("", text, problems)
}

/// Reads `text` as nginx configuration, whatever it is. `name` stands in the places.
///
/// The output of `nginx -T` is understood too; its own files are then asked before `loader`, and the places name them.
pub fn read(name: &str, text: &[u8], loader: &mut Loader<'_>) -> ProxyConfig {
    if let Some(parts) = dump::parts(&text_of(text))
        && let Some((main, body)) = parts.first()
    {
        return read_file(main, body.as_bytes(), &mut |pattern| match dump::matching(&parts, pattern) {
            found if found.is_empty() => loader(pattern),
            found => found,
        });
    }
    read_file(name, text, loader)
}

fn read_file(name: &str, text: &[u8], loader: &mut Loader<'_>) -> ProxyConfig {
    let mut config = ProxyConfig::new(Product::Nginx);
    let mut sources = Sources::new(name, loader);
    let nodes = load(name, text, &mut sources, &mut config.problems);
    config.files = sources.files;
    settings(&nodes, &mut Vec::new(), &mut config.settings);
    // Groups and formats may be used before they are defined.
    collect_formats(&nodes, &mut config);
    upstream::collect(&nodes, false, &mut config);
    let root = Scope::root(&nodes);
    walk(&root, &Context::default(), &mut config);
    config
}

fn load(name: &str, text: &[u8], sources: &mut Sources<'_, '_>, problems: &mut Vec<Problem>) -> Vec<Node> {
    let nodes = grammar::parse(name, &text_of(text), problems);
    expand(nodes, sources, problems)
}

/// Puts the contents of included files where the `include` stands.
fn expand(nodes: Vec<Node>, sources: &mut Sources<'_, '_>, problems: &mut Vec<Problem>) -> Vec<Node> {
    let mut out = Vec::with_capacity(nodes.len());
    for mut node in nodes {
        if let Some(children) = node.block.take() {
            node.block = Some(expand(children, sources, problems));
        }
        let include =
            (node.name == "include" && node.block.is_none()).then(|| (node.value(), node.place.clone()));
        out.push(node);
        if let Some((pattern, place)) = include {
            let optional = PARAMETER_FILES.iter().any(|file| pattern.ends_with(file));
            for (name, text) in sources.open(&pattern, optional, &place, problems) {
                sources.enter(&name);
                out.extend(load(&name, &text, sources, problems));
                sources.leave();
            }
        }
    }
    out
}

/// What the blocks around say of the server at hand.
#[derive(Default, Clone)]
struct Context {
    stream: bool,
    server_names: Vec<String>,
}

fn collect_formats(nodes: &[Node], config: &mut ProxyConfig) {
    for node in nodes {
        if node.name == "log_format" && node.block.is_none() {
            let mut parts = node.args.iter().skip(1).peekable();
            let escape = parts
                .next_if(|part| part.starts_with("escape="))
                .map(|part| part["escape=".len()..].to_owned());
            config.formats.push(NamedFormat {
                name: node.arg(0).to_owned(),
                string: parts.map(String::as_str).collect(),
                escape,
                place: node.place.clone(),
            });
        }
        collect_formats(node.children(), config);
    }
}

fn walk(scope: &Scope<'_>, context: &Context, config: &mut ProxyConfig) {
    logs(scope, context, config);
    pass::routes(scope, context.stream, &context.server_names, config);
    for node in scope.nodes.iter().filter(|node| node.block.is_some()) {
        let mut context = context.clone();
        match node.name.as_str() {
            // Their contents are tables or server lists, not directives.
            "upstream" | "map" | "geo" | "types" | "split_clients" | "match" => continue,
            "stream" => context.stream = true,
            "server" => {
                let all = node
                    .children()
                    .iter()
                    .filter(|child| child.name == "server_name" && child.block.is_none());
                context.server_names = all.flat_map(|child| child.args.clone()).collect();
                listens(node, &context.server_names, config);
            }
            _ => {}
        }
        walk(&scope.enter(node), &context, config);
    }
}

fn listens(server: &Node, server_names: &[String], config: &mut ProxyConfig) {
    for node in server.children().iter().filter(|node| node.name == "listen" && node.block.is_none()) {
        let first = node.arg(0);
        let address = if first.starts_with("unix:") {
            first.to_owned()
        } else if first.parse::<u16>().is_ok() {
            format!("*:{first}")
        } else {
            address::with_port(first, Some(80))
        };
        let has = |word: &str| node.args.iter().skip(1).any(|arg| arg == word);
        config.listens.push(Listen {
            port: address::port_of(&address),
            address,
            tls: has("ssl") || has("quic"),
            default_server: has("default_server") || has("default"),
            proxy_protocol: has("proxy_protocol"),
            name: None,
            server_names: server_names.to_vec(),
            place: node.place.clone(),
        });
    }
}

fn logs(scope: &Scope<'_>, context: &Context, config: &mut ProxyConfig) {
    for node in scope.nodes.iter().filter(|node| node.block.is_none()) {
        let path = node.arg(0);
        match node.name.as_str() {
            "access_log" if path != "off" && !path.is_empty() => {
                // A word with `=` can only be an option: `if=$loggable` may come without a format.
                let (format, options) = match node.args.get(1) {
                    Some(word) if !is_option(word) => (Some(word.clone()), &node.args[2..]),
                    _ => (None, node.args.get(1..).unwrap_or_default()),
                };
                let format = format.or_else(|| (!context.stream).then(|| "combined".to_owned()));
                let string = format.as_ref().and_then(|name| {
                    let named = config.formats.iter().find(|known| known.name == *name);
                    named
                        .map(|known| known.string.clone())
                        .or_else(|| (name == "combined").then(|| COMBINED.to_owned()))
                });
                config.logs.push(LogTarget {
                    path: path.to_owned(),
                    kind: LogKind::Access,
                    format,
                    string,
                    level: None,
                    options: options.join(" "),
                    servers: context.server_names.clone(),
                    place: node.place.clone(),
                });
            }
            "error_log" if !path.is_empty() => config.logs.push(LogTarget {
                path: path.to_owned(),
                kind: LogKind::Error,
                format: None,
                string: None,
                level: node.args.get(1).cloned(),
                options: node.args.get(2..).unwrap_or_default().join(" "),
                servers: context.server_names.clone(),
                place: node.place.clone(),
            }),
            _ => {}
        }
    }
}

fn is_option(word: &str) -> bool {
    word == "gzip" || ["buffer=", "flush=", "gzip=", "if="].iter().any(|start| word.starts_with(start))
}
