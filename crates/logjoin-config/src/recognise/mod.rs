//! Whose configuration a text is, if it is one.
//!
//! The text is read by each grammar and judged by the share of directives that the proxy knows, so that log lines,
//! YAML, INI files, units, style sheets and programs do not pass; and some directive must be there that only a proxy has.

// Tables read better in lines than in columns.
#[rustfmt::skip]
mod words;

use logjoin_parse::Product;

use crate::{
    Loader, ProxyConfig, haproxy, httpd, nginx,
    tree::{Node, text_of},
};

use words::{
    HAPROXY, HAPROXY_STARTS, HTTPD, HTTPD_SECTIONS, HTTPD_STARTS, NGINX, NGINX_BLOCKS, NGINX_STARTS,
};

/// Bytes looked at. A configuration shows what it is long before.
const HEAD: usize = 64 * 1024;

/// Reads a configuration if `text` is one, and says whose.
///
/// `None` for anything else: logs, other programs' files, empty files. `name` appears in the places and is not judged.
/// `loader` gives the included files.
pub fn read(name: &str, text: &[u8], loader: &mut Loader<'_>) -> Option<ProxyConfig> {
    match recognise(text)? {
        Product::Nginx => Some(nginx::read(name, text, loader)),
        Product::Apache => Some(httpd::read(name, text, loader)),
        Product::Haproxy => Some(haproxy::read(name, text)),
        _ => None,
    }
}

/// Whose configuration `text` is, by its content alone.
pub fn recognise(text: &[u8]) -> Option<Product> {
    // A text of this very length may have been cut by the caller.
    let whole = text.len() < HEAD;
    let head = &text[..text.len().min(HEAD)];
    if head.contains(&0) {
        return None;
    }
    let head = text_of(head);
    // A cut line says nothing.
    let head = if whole { &*head } else { head.rsplit_once('\n')?.0 };
    // `nginx -T 2>&1` begins with what the test said.
    let head = if head.starts_with("nginx: ") {
        head.find("\n# configuration file ").map_or(head, |at| &head[at..])
    } else {
        head
    };
    let first = head.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    if first.starts_with(['[', '{']) {
        return None;
    }
    if is_haproxy(head, first) {
        return Some(Product::Haproxy);
    }
    if first.starts_with("---") || first.starts_with("#!") {
        return None;
    }
    if is_nginx(head, whole) {
        return Some(Product::Nginx);
    }
    is_httpd(head).then_some(Product::Apache)
}

/// At least `percent` of a hundred.
fn share(part: usize, all: usize, percent: usize) -> bool {
    all > 0 && part * 100 >= all * percent
}

fn is_haproxy(text: &str, first: &str) -> bool {
    let word = first.split_ascii_whitespace().next().unwrap_or("");
    if !haproxy::SECTIONS.contains(&word) && !first.starts_with('.') {
        return false;
    }
    let sections = haproxy::parse_only(text, &mut Vec::new());
    let mut lines = 0;
    let mut known = 0;
    let mut sure = false;
    for section in &sections {
        let proxy =
            matches!(section.kind.as_str(), "global" | "defaults" | "frontend" | "backend" | "listen");
        for line in &section.lines {
            let word = line.word(0);
            lines += 1;
            let is_known =
                HAPROXY.contains(&word) || HAPROXY_STARTS.iter().any(|start| word.starts_with(start));
            // In `resolvers`, `peers` and the like any word may stand.
            known += usize::from(is_known || !proxy);
            sure |= match section.kind.as_str() {
                "global" => {
                    matches!(word, "maxconn" | "log" | "daemon" | "chroot" | "stats" | "nbthread" | "nbproc")
                        || word.starts_with("tune.")
                }
                "defaults" => matches!(word, "mode" | "timeout" | "option" | "log" | "retries" | "balance"),
                "frontend" | "listen" | "backend" => match word {
                    "server" => line.word(2).contains([':', '.', '/', '@', '$']),
                    "bind" => line.word(1).contains([':', '/', '@', '$']),
                    "mode" => matches!(line.word(1), "http" | "tcp"),
                    "balance" | "default_backend" => line.words.len() == 2,
                    "use_backend" => line.words.len() > 2,
                    _ => word == "server-template",
                },
                "resolvers" => word == "nameserver",
                "peers" => word == "peer",
                _ => false,
            };
        }
    }
    sure && share(known, lines, 70)
}

fn is_nginx(text: &str, whole: bool) -> bool {
    if !text.contains(';') {
        return false;
    }
    let mut problems = Vec::new();
    let nodes = nginx::parse_only(text, &mut problems);
    let mut tally = Tally::default();
    tally.nginx(&nodes);
    // A cut file has blocks without an end.
    let damage = if whole { problems.len() } else { 0 };
    tally.sure && share(tally.known, tally.all, 70) && damage * 5 <= tally.all + 5
}

fn is_httpd(text: &str) -> bool {
    let mut problems = Vec::new();
    let nodes = httpd::parse_only(text, &mut problems);
    let mut tally = Tally::default();
    tally.httpd(&nodes);
    tally.sure && share(tally.known, tally.all, 70)
}

/// Directives seen, those that the proxy knows, and whether one was among them that only it has.
#[derive(Default)]
struct Tally {
    all: usize,
    known: usize,
    sure: bool,
}

impl Tally {
    fn nginx(&mut self, nodes: &[Node]) {
        for node in nodes {
            let name = node.name.as_str();
            self.all += 1;
            if node.block.is_some() {
                self.known += usize::from(NGINX_BLOCKS.contains(&name));
                self.sure |= match name {
                    "http" | "events" | "stream" | "server" | "types" => {
                        node.args.is_empty() && node.children().iter().any(is_nginx_word)
                    }
                    "upstream" => node.args.len() == 1 && node.children().iter().any(|c| c.name == "server"),
                    "location" => matches!(node.args.len(), 1 | 2),
                    "map" => node.args.len() == 2 && node.arg(0).contains('$'),
                    _ => false,
                };
                // Their contents are values.
                if !matches!(name, "map" | "geo" | "types" | "split_clients") {
                    self.nginx(node.children());
                }
            } else {
                self.known += usize::from(is_nginx_word(node));
                self.sure |= node.name.ends_with("_pass") && is_nginx_word(node) || name == "log_format";
            }
        }
    }

    fn httpd(&mut self, nodes: &[Node]) {
        for node in nodes {
            let key = node.key.as_str();
            self.all += 1;
            let known = match node.block {
                Some(_) => HTTPD_SECTIONS.contains(&key),
                None => {
                    HTTPD.contains(&key)
                        || HTTPD_STARTS.iter().any(|start| key.starts_with(start))
                            && node.args.iter().all(|arg| arg != "=" && arg != ":")
                            && !key.contains(['=', ':', '.', '(', ','])
                }
            };
            self.known += usize::from(known);
            self.sure |= match key {
                "virtualhost" | "proxy" | "directory" | "ifmodule" | "location" | "locationmatch"
                | "proxymatch" => {
                    node.block.is_some() && !node.args.is_empty() && !node.children().is_empty()
                }
                "loadmodule" => node.arg(0).ends_with("_module"),
                "proxypass" | "proxypassmatch" => {
                    node.args.iter().any(|arg| arg.contains("://") || arg == "!")
                }
                "logformat" | "customlog" | "errorlogformat" => {
                    node.value().contains('%') || node.args.len() == 2
                }
                "balancermember" => true,
                "listen" => {
                    node.args.len() <= 2 && crate::address::port_of(node.arg(0)).is_some()
                        || node.arg(0).parse::<u16>().is_ok()
                }
                _ => false,
            } && known;
            self.httpd(node.children());
        }
    }
}

fn is_nginx_word(node: &Node) -> bool {
    let name = node.name.as_str();
    NGINX.contains(&name) || NGINX_STARTS.iter().any(|start| name.starts_with(start))
}
