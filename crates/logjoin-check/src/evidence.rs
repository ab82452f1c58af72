//! Which failures belong to which configuration.
//!
//! A failure names its proxy by the instance that logged it, a configuration by its path. The trick: a folder that both
//! paths share (`logs/edge-1/`, `conf/edge-1/`) pairs them; where none does, all configurations of that product count.
//! Of several versions of one file, the one in force at that moment counts.

use std::collections::BTreeMap;

use logjoin::{Analysis, CauseId};
use logjoin_config::{Place, versioned};
use logjoin_parse::Product;

use crate::Subject;

/// A reload takes a moment to be logged.
const SLACK_NS: i64 = 1_000_000_000;

/// One failed request, as a rule sees it.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) cause: CauseId,
    /// How many requests failed like it, itself included.
    pub(crate) count: u64,
    /// Addresses of the servers that were tried, as the configuration writes them.
    pub(crate) addresses: Vec<String>,
    /// The server tried last, where the log names it and not its address (HAProxy).
    pub(crate) server: Option<Place>,
    /// The way that the request takes: name of the pool, and where it is handed on.
    pub(crate) route: Option<(String, Place)>,
}

/// Failures by configuration.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    by_subject: Vec<Vec<Hit>>,
}

impl Evidence {
    pub(crate) fn new(subjects: &[Subject], analysis: &Analysis) -> Evidence {
        let mut products: BTreeMap<&str, Product> = BTreeMap::new();
        for source in &analysis.sources {
            if let Some(product) = product(&source.product) {
                products.insert(&source.instance, product);
            }
        }
        let groups: Vec<String> = subjects.iter().map(|s| base(&s.path)).collect();
        let mut out = Evidence { by_subject: subjects.iter().map(|_| Vec::new()).collect() };
        for failure in analysis.failures.iter().filter(|failure| failure.gateway) {
            let Some(product) = products.get(failure.proxy.as_str()) else { continue };
            for at in in_force(subjects, &groups, *product, &failure.proxy, failure.time.0) {
                let config = &subjects[at].config;
                let (mut addresses, mut server) = (Vec::new(), None);
                for tried in failure.attempts.iter().filter_map(|attempt| attempt.address.as_deref()) {
                    let named =
                        tried.split_once('/').and_then(|(pool, server)| config.server_by_name(pool, server));
                    addresses.push(named.map_or_else(|| tried.to_owned(), |server| server.address.clone()));
                    server = named.map(|server| server.place.clone());
                }
                let target = failure.target.as_deref().unwrap_or("/");
                let route = config.route_for("", target);
                let route = route.map(|route| (route.target.clone(), route.place.clone()));
                out.by_subject[at].push(Hit {
                    cause: failure.cause,
                    count: failure.stands_for,
                    addresses,
                    server,
                    route,
                });
            }
        }
        out
    }

    pub(crate) fn of(&self, subject: usize) -> &[Hit] {
        self.by_subject.get(subject).map_or(&[], Vec::as_slice)
    }
}

fn product(name: &str) -> Option<Product> {
    match name {
        "nginx" => Some(Product::Nginx),
        "apache" => Some(Product::Apache),
        "haproxy" => Some(Product::Haproxy),
        _ => None,
    }
}

/// The name without its version.
pub(crate) fn base(path: &str) -> String {
    versioned(path).map_or_else(|| path.to_owned(), |(name, _)| name)
}

fn in_force(subjects: &[Subject], groups: &[String], product: Product, proxy: &str, time: i64) -> Vec<usize> {
    let fits = |at: &usize| subjects[*at].config.product == product;
    let named = |at: &usize| groups[*at].split('/').any(|part| part == proxy);
    let all: Vec<usize> = (0..subjects.len()).filter(fits).collect();
    let own: Vec<usize> = all.iter().copied().filter(named).collect();
    let candidates = if own.is_empty() { all } else { own };
    let mut best: BTreeMap<&str, usize> = BTreeMap::new();
    for at in candidates {
        let loaded = subjects[at].loaded_ns;
        if loaded.is_some_and(|loaded| loaded > time + SLACK_NS) {
            continue;
        }
        let slot = best.entry(&groups[at]).or_insert(at);
        if loaded > subjects[*slot].loaded_ns {
            *slot = at;
        }
    }
    best.into_values().collect()
}
