//! The table of rules: what in a configuration costs availability, and what to write instead.
//!
//! A rule is a pure function of a [`Case`]. To add one:
//!
//! 1. write `rules/<id>.rs` with a `pub(super) static RULE: CheckRule`;
//! 2. add `mod` and the entry in [`RULES`] below;
//! 3. give it files under `fixtures/check/<id>/`: for each proxy that it knows one in which it fires (`fire-nginx.conf`) and
//!    one that looks alike and is right (`near-nginx.conf`); what the logs would say stands beside, in `*.failures`.

mod duplicate_server;
mod fixed_address;
mod fragile_resolver;
mod header_too_large;
mod keepalive_outlives_backend;
mod missing_resolver;
mod name_not_resolved;
mod no_servers;
mod own_listener;
mod socket_permission;
mod timeout_too_short;
mod unreachable_address;
mod wrong_port;
mod wrong_protocol;

use logjoin_config::Place;
use logjoin_parse::Product;

use crate::{Case, Severity};

/// nginx, httpd and HAProxy.
const ALL: &[Product] = &[Product::Nginx, Product::Apache, Product::Haproxy];

/// One rule.
pub struct CheckRule {
    /// Id, kebab-case.
    pub id: &'static str,
    /// How severe its findings are unless one says otherwise.
    pub severity: Severity,
    /// What it finds, a few words.
    pub title: &'static str,
    /// The proxies that it knows.
    pub products: &'static [Product],
    /// Whether only logs can prove it.
    pub needs_logs: bool,
    /// Why it matters, one or two sentences.
    pub why: &'static str,
    /// Manual sections and source files of the proxies that it rests on.
    pub sources: &'static [&'static str],
    /// The rule.
    pub find: fn(&Case<'_>, &mut Vec<Found>),
}

/// What a rule says of one place.
#[derive(Debug, Clone)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// What stands there.
    pub message: String,
    /// What to write.
    pub fix: String,
    /// Another severity than the rule's.
    pub severity: Option<Severity>,
    /// Failed requests that it touched.
    pub failures: Option<u64>,
}

impl Found {
    /// A finding of the rule's severity that touched nothing known.
    pub fn new(place: &Place, message: impl Into<String>, fix: impl Into<String>) -> Found {
        Found {
            place: place.clone(),
            message: message.into(),
            fix: fix.into(),
            severity: None,
            failures: None,
        }
    }

    /// With another severity.
    pub fn severity(mut self, severity: Severity) -> Found {
        self.severity = Some(severity);
        self
    }

    /// With the number of failed requests that it touched.
    pub fn touched(mut self, failures: u64) -> Found {
        self.failures = Some(failures);
        self
    }
}

/// All rules; of findings at one place the order is this.
pub static RULES: &[&CheckRule] = &[
    &no_servers::RULE,
    &duplicate_server::RULE,
    &own_listener::RULE,
    &unreachable_address::RULE,
    &wrong_port::RULE,
    &wrong_protocol::RULE,
    &socket_permission::RULE,
    &missing_resolver::RULE,
    &fixed_address::RULE,
    &fragile_resolver::RULE,
    &name_not_resolved::RULE,
    &timeout_too_short::RULE,
    &keepalive_outlives_backend::RULE,
    &header_too_large::RULE,
];

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static CheckRule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}
