//! Which sources are of one program on one host: by folders, by products, by the words of file names.

use std::collections::BTreeSet;

use logjoin_parse::{Kind, Product};

use super::{Head, InstancePlan, Part, SourcePlan, is_proxy, product_name};

/// The folder that holds all of them.
pub(super) fn common_folder(folders: &[&str]) -> String {
    let Some(first) = folders.first() else { return String::new() };
    let mut common: Vec<&str> = first.split('/').collect();
    for f in folders {
        let n = common.iter().zip(f.split('/')).take_while(|(a, b)| **a == *b).count();
        common.truncate(n);
    }
    common.join("/")
}

/// One instance per folder; where a folder holds the logs of several programs, one per program; where all files lie in
/// one folder, one per name without the words that say which log it is. Programs that are told apart in one file are instances
/// by their names there.
pub(super) fn group_instances(
    sources: &mut [SourcePlan],
    heads: &[Head],
    folders: &[&str],
    common: &str,
) -> Vec<InstancePlan> {
    let mut instances: Vec<InstancePlan> = Vec::new();
    let flat = sources.iter().all(|s| folders[s.files[0]] == common);
    for n in 0..sources.len() {
        let (before, rest) = sources.split_at_mut(n);
        let s = &mut rest[0];
        let head = &heads[s.files[0]];
        let part = head.part.as_ref().filter(|p| p.name().is_some());
        // A proxy that logs under several names is one.
        let is_same = |other: &&SourcePlan| {
            let o = &heads[other.files[0]];
            let hosts = [head, o].map(|h| h.part.as_ref()?.name()?.rsplit_once('/').map(|(host, _)| host));
            o.part.as_ref().is_some_and(|p| p.name().is_some() && !p.of_containers)
                && (o.path == head.path && other.writer.product == s.writer.product && hosts[0] == hosts[1])
        };
        let same =
            if is_proxy(s.writer.product) && part.is_some() { before.iter().find(is_same) } else { None };
        if let Some(same) = same {
            s.instance = same.instance;
            continue;
        }
        let dir = folders[s.files[0]];
        let inside = dir.strip_prefix(common).unwrap_or(dir).trim_start_matches('/');
        let last = dir.rsplit('/').next().filter(|d| !d.is_empty() && *d != ".");
        let by_file = || {
            name_of_file(&s.id)
                .or_else(|| last.map(str::to_string))
                .unwrap_or_else(|| product_name(s.writer.product).into())
        };
        let name = match part.and_then(Part::name) {
            Some(part) if flat || inside.is_empty() => part.to_string(),
            Some(part) => format!("{inside}/{part}"),
            None if flat || inside.is_empty() => by_file(),
            None => inside.to_string(),
        };
        let mut product = s.writer.product;
        if product == Product::System {
            product = Product::Backend;
        }
        let found = instances.iter().position(|i| {
            i.folder == dir
                && i.name.split('@').next() == Some(&name)
                && (i.product == product || !(is_proxy(i.product) && is_proxy(product)))
        });
        s.instance = match found {
            Some(i) => {
                if is_proxy(product) {
                    instances[i].product = product;
                }
                instances[i].is_proxy |= s.writer.is_proxy;
                i
            }
            None => {
                let taken = instances.iter().any(|i| i.name == name);
                let name = if taken { format!("{name}@{}", product_name(product)) } else { name };
                instances.push(InstancePlan {
                    name,
                    product,
                    is_proxy: s.writer.is_proxy,
                    folder: dir.to_string(),
                });
                instances.len() - 1
            }
        };
    }
    instances
}

/// `nginx-access.log` and `nginx-error.log` are both `nginx`'s; `access.log` alone says nothing.
fn name_of_file(id: &str) -> Option<String> {
    let base = id.rsplit('/').next().unwrap_or(id);
    let stem = base.split(".log").next().unwrap_or(base);
    let words: Vec<&str> = stem
        .split(['-', '_', '.'])
        .filter(|w| {
            !matches!(*w, "access" | "error" | "errors" | "log" | "logs" | "txt" | "out" | "json" | "")
        })
        .collect();
    (!words.is_empty()).then(|| words.join("-"))
}

/// Puts the error log of a proxy that stands alone to the access log that stands alone: a collection may hold them in
/// folders of their kind (`access/edge.log`, `error/edge.log`). They must be the only ones of their product.
pub(super) fn join_lone_error_logs(
    sources: &mut [SourcePlan],
    mut instances: Vec<InstancePlan>,
    heads: &[Head],
) -> Vec<InstancePlan> {
    for product in [Product::Nginx, Product::Apache] {
        let with = |kind: Kind| -> BTreeSet<usize> {
            let is_part = |s: &SourcePlan| heads[s.files[0]].part.is_some();
            let of_kind =
                |s: &&SourcePlan| s.writer.product == product && s.kind == Some(kind) && !is_part(s);
            sources.iter().filter(of_kind).map(|s| s.instance).collect()
        };
        let (access, errors) = (with(Kind::Access), with(Kind::Error));
        let (Some(&to), Some(&from)) = (access.first(), errors.first()) else { continue };
        let whole = sources.iter().filter(|s| s.instance == from).all(|s| s.kind == Some(Kind::Error));
        if access.len() != 1
            || errors.len() != 1
            || from == to
            || !whole
            || instances[from].product != product
        {
            continue;
        }
        instances.remove(from);
        let after = |n: usize| if n > from { n - 1 } else { n };
        for s in sources.iter_mut() {
            s.instance = after(if s.instance == from { to } else { s.instance });
        }
    }
    instances
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files() {
        assert_eq!(name_of_file("logs/nginx-access.log").as_deref(), Some("nginx"));
        assert_eq!(name_of_file("logs/nginx-error.log").as_deref(), Some("nginx"));
        assert_eq!(name_of_file("logs/app1.log").as_deref(), Some("app1"));
        assert_eq!(name_of_file("access.log"), None);
    }

    #[test]
    fn common_folders() {
        assert_eq!(common_folder(&["logs/a", "logs/b/c"]), "logs");
        assert_eq!(common_folder(&["logs", "logs"]), "logs");
        assert_eq!(common_folder(&["a", "b"]), "");
    }
}
