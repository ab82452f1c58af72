//! What each cause means, what it is mistaken for, what to check and what to change.
//!
//! One page for each [`CauseId`], in one file per group. They serve `logjoin explain`, the advice of reports and
//! `docs/causes.md`, which is generated from them. The fixes name directives of nginx (its module references at
//! nginx.org), Apache httpd (mod_proxy, mod_proxy_balancer, mod_proxy_hcheck and core of 2.4) and HAProxy
//! (`doc/configuration.txt`).
//!
//! To add a cause: add it to [`CauseId`], then its page to the file of its group; the tests name what is missing.

mod capacity;
mod config;
mod network;
mod process;
mod proxy;
mod response;
mod slow;

use crate::CauseId;

/// One cause, explained.
#[derive(Debug)]
#[non_exhaustive]
pub struct CausePage {
    /// Which.
    pub id: CauseId,
    /// A few words.
    pub title: &'static str,
    /// One sentence: what happened.
    pub meaning: &'static str,
    /// What it looks like in the logs.
    pub seen_as: &'static str,
    /// Causes that look alike, and what separates them.
    pub look_alikes: &'static [(CauseId, &'static str)],
    /// What to look at, in order.
    pub checks: &'static [&'static str],
    /// What to change.
    pub fixes: &'static [Fix],
}

/// What to change, in one product.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Fix {
    /// `nginx`, `httpd`, `HAProxy`, `backend` or `host`.
    pub place: &'static str,
    /// The change, with the directive's name.
    pub change: &'static str,
}

const fn nginx(change: &'static str) -> Fix {
    Fix { place: "nginx", change }
}

const fn httpd(change: &'static str) -> Fix {
    Fix { place: "httpd", change }
}

const fn haproxy(change: &'static str) -> Fix {
    Fix { place: "HAProxy", change }
}

const fn backend(change: &'static str) -> Fix {
    Fix { place: "backend", change }
}

const fn host(change: &'static str) -> Fix {
    Fix { place: "host", change }
}

/// A group of causes.
#[derive(Debug)]
#[non_exhaustive]
pub struct CauseGroup {
    /// Stable id.
    pub id: &'static str,
    /// A few words.
    pub title: &'static str,
    /// Its causes.
    pub pages: &'static [CausePage],
}

/// All groups, in the order of the checklist.
pub static GROUPS: &[CauseGroup] = &[
    CauseGroup { id: "process", title: "The backend's process", pages: process::PAGES },
    CauseGroup { id: "capacity", title: "Capacity", pages: capacity::PAGES },
    CauseGroup { id: "slow", title: "Too slow", pages: slow::PAGES },
    CauseGroup { id: "config", title: "Configuration and names", pages: config::PAGES },
    CauseGroup { id: "response", title: "The response and the application", pages: response::PAGES },
    CauseGroup { id: "network", title: "The network", pages: network::PAGES },
    CauseGroup { id: "proxy", title: "The proxy itself, and the client", pages: proxy::PAGES },
];

/// The page of a cause.
pub fn page(id: CauseId) -> &'static CausePage {
    let found = GROUPS.iter().flat_map(|g| g.pages).find(|p| p.id == id);
    // A test asserts that every cause has a page; the page of the unknown stands in for one that has not.
    found.unwrap_or(&proxy::UNKNOWN)
}

/// `docs/causes.md`.
#[doc(hidden)]
pub fn reference_page() -> String {
    let mut out = String::from(
        "# Causes\n\nGenerated from `crates/logjoin/src/causes/`; do not edit.\n\
         `logjoin explain CAUSE` shows one of them in the terminal.\n",
    );
    for g in GROUPS {
        out.push_str(&format!("\n## {}\n", g.title));
        for p in g.pages {
            out.push_str(&format!("\n### `{}`: {}\n\n{}\n\n", p.id, p.title, p.meaning));
            out.push_str(&format!("*Seen as:* {}\n", p.seen_as));
            if !p.look_alikes.is_empty() {
                out.push_str("\n| looks like | but |\n| --- | --- |\n");
                for (id, why) in p.look_alikes {
                    out.push_str(&format!(
                        "| [`{id}`](#{}) | {} |\n",
                        anchor(page(*id)),
                        why.replace('|', "\\|")
                    ));
                }
            }
            out.push_str("\nCheck:\n\n");
            for (i, c) in p.checks.iter().enumerate() {
                out.push_str(&format!("{}. {c}\n", i + 1));
            }
            out.push_str("\nChange:\n\n");
            for f in p.fixes {
                out.push_str(&format!("- **{}**: {}\n", f.place, f.change));
            }
        }
    }
    out
}

/// The anchor that Markdown readers give to the heading of a page.
fn anchor(p: &CausePage) -> String {
    format!("{}: {}", p.id, p.title)
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_one_page() {
        for &id in CauseId::ALL {
            let n = GROUPS.iter().flat_map(|g| g.pages).filter(|p| p.id == id).count();
            assert_eq!(n, 1, "{id}: write its page in src/causes/, in the file of its group");
        }
    }

    #[test]
    fn every_page_is_complete() {
        for p in GROUPS.iter().flat_map(|g| g.pages) {
            let id = p.id;
            assert!(p.meaning.ends_with('.') && p.seen_as.ends_with('.'), "{id}: whole sentences");
            assert!(!p.title.ends_with('.') && p.title.len() < 60, "{id}: a short title");
            assert!(!p.checks.is_empty(), "{id}: say what to check");
            assert!(!p.fixes.is_empty(), "{id}: say what to change");
            for (other, why) in p.look_alikes {
                assert_ne!(*other, id, "{id} does not look like itself");
                assert!(why.len() > 10, "{id} and {other}: say what separates them");
            }
            if !matches!(id, CauseId::Unknown | CauseId::ClientAbort | CauseId::Custom) {
                assert!(!p.look_alikes.is_empty(), "{id}: what is it mistaken for?");
            }
            for f in p.fixes {
                assert!(["nginx", "httpd", "HAProxy", "backend", "host"].contains(&f.place), "{id}");
            }
            for proxy in ["nginx", "httpd", "HAProxy"] {
                assert!(p.fixes.iter().any(|f| f.place == proxy), "{id}: what to change in {proxy}?");
            }
        }
    }

    #[test]
    fn the_documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/causes.md");
        let wanted = reference_page();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs")).unwrap();
            std::fs::write(path, &wanted).unwrap();
        }
        let have = std::fs::read_to_string(path).unwrap_or_default();
        assert!(have == wanted, "docs/causes.md is out of date: run the tests with UPDATE_EXPECT=1");
    }
}
