//! Directives and the blocks they stand in: the common shape of nginx's and httpd's files.

use std::{borrow::Cow, collections::HashMap};

use crate::{Place, Problem, Setting};

/// Blocks within blocks that one file may have; deeper ones are read as if they stood here, so that
/// no input can exhaust the stack.
pub(crate) const MAX_DEPTH: usize = 24;

/// A directive, perhaps with a block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The first word, as written.
    pub(crate) name: String,
    /// What it is looked up by: the name, in lower case where case does not count.
    pub(crate) key: String,
    /// The other words.
    pub(crate) args: Vec<String>,
    /// What is inside, if it is a block.
    pub(crate) block: Option<Vec<Node>>,
    /// Where.
    pub(crate) place: Place,
}

impl Node {
    /// The word at `index`, or the empty one.
    pub(crate) fn arg(&self, index: usize) -> &str {
        self.args.get(index).map_or("", String::as_str)
    }

    /// All words but the name.
    pub(crate) fn value(&self) -> String {
        self.args.join(" ")
    }

    /// The block's name in a scope: `location ~ \.php$`.
    pub(crate) fn heading(&self) -> String {
        if self.args.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.value()) }
    }

    /// What is inside; nothing for a plain directive.
    pub(crate) fn children(&self) -> &[Node] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// Text of a file: UTF-8 with other bytes replaced, without a byte order mark.
pub(crate) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// A problem at a place.
pub(crate) fn problem(place: &Place, message: impl Into<String>, expected: impl Into<String>) -> Problem {
    Problem { place: place.clone(), message: message.into(), expected: expected.into() }
}

/// Writes every plain directive below `nodes` to `out`.
pub(crate) fn settings(nodes: &[Node], scope: &mut Vec<String>, out: &mut Vec<Setting>) {
    for node in nodes {
        match &node.block {
            Some(children) => {
                scope.push(node.heading());
                settings(children, scope, out);
                scope.pop();
            }
            None => out.push(Setting {
                name: node.name.clone(),
                value: node.value(),
                args: node.args.clone(),
                scope: scope.clone(),
                place: node.place.clone(),
            }),
        }
    }
}

/// A block with the blocks around it; finds the directive in force by looking outwards.
pub(crate) struct Scope<'a> {
    /// The block's directives.
    pub(crate) nodes: &'a [Node],
    index: HashMap<&'a str, &'a Node>,
    parent: Option<&'a Scope<'a>>,
    heading: Option<String>,
}

impl<'a> Scope<'a> {
    /// The outermost scope: a file.
    pub(crate) fn root(nodes: &'a [Node]) -> Scope<'a> {
        Scope { nodes, index: index(nodes), parent: None, heading: None }
    }

    /// The scope of a block that stands in this one.
    pub(crate) fn enter<'b>(&'b self, block: &'b Node) -> Scope<'b> {
        Scope {
            nodes: block.children(),
            index: index(block.children()),
            parent: Some(self),
            heading: Some(block.heading()),
        }
    }

    /// The last directive of that key in this block itself.
    pub(crate) fn own(&self, key: &str) -> Option<&'a Node> {
        self.index.get(key).copied()
    }

    /// The directive in force: the block's own, else that of the nearest block around it.
    pub(crate) fn find(&self, key: &str) -> Option<&Node> {
        let mut scope = Some(self);
        while let Some(here) = scope {
            if let Some(node) = here.own(key) {
                return Some(node);
            }
            scope = here.parent;
        }
        None
    }

    /// This scope and those around it, innermost first.
    pub(crate) fn outwards(&self) -> impl Iterator<Item = &Scope<'a>> {
        std::iter::successors(Some(self), |scope| scope.parent)
    }

    /// The headings of the blocks, outermost first.
    pub(crate) fn path(&self) -> Vec<String> {
        let mut path: Vec<String> = self.outwards().filter_map(|scope| scope.heading.clone()).collect();
        path.reverse();
        path
    }
}

fn index(nodes: &[Node]) -> HashMap<&str, &Node> {
    nodes.iter().filter(|node| node.block.is_none()).map(|node| (node.key.as_str(), node)).collect()
}

/// Puts blocks together while a file is read from front to back.
pub(crate) struct Builder {
    /// Open blocks, outermost first.
    open: Vec<Node>,
    /// Blocks opened beyond the depth limit.
    beyond: usize,
    done: Vec<Node>,
}

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder { open: Vec::new(), beyond: 0, done: Vec::new() }
    }

    /// Adds a plain directive, or a finished block.
    pub(crate) fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            Some(parent) => parent.block.get_or_insert_default().push(node),
            None => self.done.push(node),
        }
    }

    /// Begins a block.
    pub(crate) fn begin(&mut self, mut node: Node, problems: &mut Vec<Problem>) {
        if self.open.len() == MAX_DEPTH {
            if self.beyond == 0 {
                problems.push(problem(
                    &node.place,
                    "blocks nested too deep",
                    format!("at most {MAX_DEPTH} blocks around each other"),
                ));
            }
            self.beyond += 1;
            return;
        }
        node.block = Some(Vec::new());
        self.open.push(node);
    }

    /// Ends the innermost block. False if none is open.
    pub(crate) fn end(&mut self) -> bool {
        if self.beyond > 0 {
            self.beyond -= 1;
            return true;
        }
        let Some(node) = self.open.pop() else { return false };
        self.add(node);
        true
    }

    /// How many blocks further out the nearest open one with that key is.
    pub(crate) fn distance(&self, key: &str) -> Option<usize> {
        self.open.iter().rev().position(|node| node.key == key).map(|steps| steps + self.beyond)
    }

    /// Closes what is open and gives the directives.
    pub(crate) fn finish(mut self, problems: &mut Vec<Problem>) -> Vec<Node> {
        self.beyond = 0;
        for node in &self.open {
            problems.push(problem(
                &node.place,
                format!("block `{}` is not closed", node.heading()),
                "its end before the end of the file",
            ));
        }
        while self.end() {}
        self.done
    }
}
