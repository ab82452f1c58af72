//! `LogFormat`, `CustomLog`, `TransferLog`, `ErrorLog` (`mod_log_config.c`, `server/core.c`).

use crate::{
    LogKind, LogTarget, NamedFormat, ProxyConfig,
    tree::{Node, Scope},
};

/// What `TransferLog` writes if no format was set (`DEFAULT_LOG_FORMAT`).
pub(crate) const COMMON: &str = "%h %l %u %t \"%r\" %>s %b";

/// Collects the formats with a name; they may be used before they are defined.
pub(super) fn formats(nodes: &[Node], config: &mut ProxyConfig) {
    for node in nodes {
        let name = match node.key.as_str() {
            "logformat" if node.args.len() > 1 => node.arg(1).to_owned(),
            "errorlogformat" => "ErrorLogFormat".to_owned(),
            _ => {
                formats(node.children(), config);
                continue;
            }
        };
        // ErrorLogFormat [connection|request] FORMAT
        let string = if node.key == "errorlogformat" { node.args.last() } else { node.args.first() };
        if node.key == "errorlogformat" && node.args.len() > 1 {
            continue;
        }
        config.formats.push(NamedFormat {
            name,
            string: string.cloned().unwrap_or_default(),
            escape: None,
            place: node.place.clone(),
        });
    }
}

/// Adds the logs of one server.
pub(super) fn targets(scope: &Scope<'_>, names: &[String], config: &mut ProxyConfig) {
    let level = scope.find("loglevel").map(Node::value);
    let mut unnamed = COMMON.to_owned();
    for node in scope.nodes.iter().filter(|node| node.block.is_none()) {
        let mut options = Vec::new();
        let (kind, format) = match node.key.as_str() {
            "logformat" if node.args.len() == 1 => {
                unnamed = known(node.arg(0), config).unwrap_or_else(|| node.arg(0).to_owned());
                continue;
            }
            "customlog" | "globallog" => {
                let mut words = node.args.iter().skip(1).cloned();
                let format = words.next().unwrap_or_else(|| COMMON.to_owned());
                options.extend(words);
                (LogKind::Access, Some(format))
            }
            "transferlog" => (LogKind::Access, Some(unnamed.clone())),
            "errorlog" => (
                LogKind::Error,
                scope
                    .find("errorlogformat")
                    .filter(|n| n.args.len() == 1)
                    .map(|_| "ErrorLogFormat".to_owned()),
            ),
            _ => continue,
        };
        if node.arg(0).is_empty() {
            continue;
        }
        let string = format.as_ref().and_then(|format| {
            known(format, config).or_else(|| format.contains('%').then(|| format.clone()))
        });
        config.logs.push(LogTarget {
            path: node.arg(0).to_owned(),
            kind,
            format,
            string,
            level: (kind == LogKind::Error).then(|| level.clone()).flatten(),
            options: options.join(" "),
            servers: names.to_vec(),
            place: node.place.clone(),
        });
    }
}

/// The string of a named format; `CLF` is built in.
fn known(name: &str, config: &ProxyConfig) -> Option<String> {
    let named = config.formats.iter().rev().find(|format| format.name == name);
    named.map(|format| format.string.clone()).or_else(|| (name == "CLF").then(|| COMMON.to_owned()))
}
