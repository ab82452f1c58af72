//! What httpd does to its files before it understands them: includes, `Define`, `${VAR}`, conditions, macros.
//!
//! All of it happens in one pass from front to back, because a `Define` or `LoadModule` counts only after it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Problem,
    include::Sources,
    tree::{Node, problem, text_of},
};

use super::grammar;

/// Macro uses within macro uses.
const MAX_USES: usize = 8;
/// Directives that macros may make in all.
const MAX_MADE: usize = 100_000;

/// Modules that distributions build in, so that no `LoadModule` names them.
const BUILT_IN: &[&str] = &["core", "http", "so", "unixd", "log_config", "logio", "version", "watchdog"];

/// What the lines so far have set.
pub(super) struct Expander<'s, 'l, 'f, 'p> {
    sources: &'s mut Sources<'l, 'f>,
    problems: &'p mut Vec<Problem>,
    defines: BTreeMap<String, String>,
    /// Loaded modules by bare name: `proxy_http`, `mpm_event`.
    modules: BTreeSet<String>,
    macros: BTreeMap<String, Node>,
    uses: usize,
    made: usize,
}

impl<'s, 'l, 'f, 'p> Expander<'s, 'l, 'f, 'p> {
    pub(super) fn new(sources: &'s mut Sources<'l, 'f>, problems: &'p mut Vec<Problem>) -> Self {
        Expander {
            sources,
            problems,
            defines: BTreeMap::new(),
            modules: BTreeSet::new(),
            macros: BTreeMap::new(),
            uses: 0,
            made: 0,
        }
    }

    /// The directives of a file with everything in place.
    pub(super) fn file(&mut self, name: &str, text: &[u8]) -> Vec<Node> {
        let nodes = grammar::parse(name, &text_of(text), self.problems);
        let mut out = Vec::with_capacity(nodes.len());
        self.run(nodes, &mut out);
        out
    }

    fn run(&mut self, nodes: Vec<Node>, out: &mut Vec<Node>) {
        for mut node in nodes {
            for arg in &mut node.args {
                if arg.contains("${") {
                    *arg = substitute(arg, &self.defines);
                }
            }
            match (node.key.as_str(), node.block.is_some()) {
                ("macro", true) => {
                    self.macros.insert(node.arg(0).to_ascii_lowercase(), node);
                }
                ("ifmodule" | "ifdefine" | "ifversion" | "iffile" | "ifdirective" | "ifsection", true) => {
                    if self.holds(&node) {
                        self.run(node.block.unwrap_or_default(), out);
                    }
                }
                (_, true) => {
                    let inner = node.block.take().unwrap_or_default();
                    let mut block = Vec::with_capacity(inner.len());
                    self.run(inner, &mut block);
                    node.block = Some(block);
                    out.push(node);
                }
                ("define", _) => {
                    self.defines.insert(node.arg(0).to_owned(), node.arg(1).to_owned());
                    out.push(node);
                }
                ("undefine", _) => {
                    self.defines.remove(node.arg(0));
                    out.push(node);
                }
                ("loadmodule", _) => {
                    self.modules.insert(bare(node.arg(0)));
                    self.modules.insert(bare(node.arg(1)));
                    out.push(node);
                }
                (key @ ("include" | "includeoptional"), _) => {
                    let optional = key == "includeoptional";
                    let (pattern, place) = (node.value(), node.place.clone());
                    out.push(node);
                    for (name, text) in self.sources.open(&pattern, optional, &place, self.problems) {
                        self.include(&name, &text, out);
                    }
                }
                ("use", _) => self.apply(&node, out),
                _ => out.push(node),
            }
        }
    }

    fn include(&mut self, name: &str, text: &[u8], out: &mut Vec<Node>) {
        let nodes = grammar::parse(name, &text_of(text), self.problems);
        self.sources.enter(name);
        self.run(nodes, out);
        self.sources.leave();
    }

    /// Whether a condition holds. Of modules we know something only once a `LoadModule` was seen.
    fn holds(&self, node: &Node) -> bool {
        let (negated, name) = match node.arg(0).strip_prefix('!') {
            Some(name) => (true, name),
            None => (false, node.arg(0)),
        };
        let holds = match node.key.as_str() {
            "ifmodule" => {
                let name = bare(name);
                self.modules.is_empty()
                    || self.modules.contains(&name)
                    // Workers are `event.c` in a condition and mod_mpm_event.so on disk.
                    || self.modules.contains(&format!("mpm_{name}"))
                    || BUILT_IN.contains(&name.as_str())
            }
            "ifdefine" => self.defines.contains_key(name),
            _ => return true,
        };
        holds != negated
    }

    /// `Use NAME ARG...`: the macro's lines with its parameters replaced.
    fn apply(&mut self, node: &Node, out: &mut Vec<Node>) {
        let Some(made) = self.macros.get(&node.arg(0).to_ascii_lowercase()).cloned() else {
            self.problems.push(problem(
                &node.place,
                format!("no macro is named `{}`", node.arg(0)),
                "<Macro NAME> before its use",
            ));
            return;
        };
        if self.uses >= MAX_USES || self.made > MAX_MADE {
            self.problems.push(problem(&node.place, "macros use each other without end", "macros that end"));
            return;
        }
        let mut pairs: Vec<(&str, &str)> = made
            .args
            .iter()
            .skip(1)
            .map(String::as_str)
            .zip(node.args.iter().skip(1).map(String::as_str))
            .collect();
        // `$hostname` before `$host`.
        pairs.sort_by_key(|(parameter, _)| std::cmp::Reverse(parameter.len()));
        let mut body = made.block.clone().unwrap_or_default();
        self.made += replace(&mut body, &pairs);
        self.uses += 1;
        self.run(body, out);
        self.uses -= 1;
    }
}

/// Replaces parameters in all words; counts the directives.
fn replace(nodes: &mut [Node], pairs: &[(&str, &str)]) -> usize {
    let mut count = nodes.len();
    for node in nodes {
        for arg in &mut node.args {
            for (parameter, value) in pairs {
                if !parameter.is_empty() && arg.contains(parameter) {
                    *arg = arg.replace(parameter, value);
                    arg.truncate(floor(arg, 8_192));
                }
            }
        }
        if let Some(block) = &mut node.block {
            count += replace(block, pairs);
        }
    }
    count
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// `mod_proxy.c`, `proxy_module`, `/usr/lib/modules/mod_proxy.so` -> `proxy`.
fn bare(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let name = name.trim_start_matches("mod_");
    let name = name.strip_suffix(".c").or_else(|| name.strip_suffix(".so")).unwrap_or(name);
    name.strip_suffix("_module").unwrap_or(name).to_ascii_lowercase()
}

/// Replaces `${NAME}` where it is defined; others, as those of the environment, stay.
fn substitute(text: &str, defines: &BTreeMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}') else { break };
        out.push_str(&rest[..at]);
        let written = &rest[at..=at + end];
        out.push_str(defines.get(&written[2..written.len() - 1]).map_or(written, String::as_str));
        rest = &rest[at + end + 1..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn module_names() {
        for name in
            ["mod_proxy.c", "proxy_module", "/usr/lib/apache2/modules/mod_proxy.so", "modules/mod_proxy.so"]
        {
            assert_eq!(bare(name), "proxy");
        }
        assert_eq!(bare("mpm_event_module"), "mpm_event");
    }

    #[test]
    fn variables() {
        let defines = BTreeMap::from([("A".to_owned(), "x".to_owned())]);
        assert_eq!(substitute("${A}/${B}/${A", &defines), "x/${B}/${A");
    }
}
